"""What breaks while the shop is open. Every test ends by proving that all is well again."""
import json
import os
import random
import secrets
import signal
import socket
import subprocess
import threading
import time

import psycopg2
import pytest

from fastcgi import Connection, body, head, record, STDIN
from http_client import Client, at_once, make_client
from instance import ROOT, environment_with, process_state, wait_until

PROGRAMS = ROOT / os.environ.get("BUILD", "build") / "bin"


@pytest.fixture(scope="module")
def shop(own_shop):
    """These tests break theirs."""
    return own_shop


@pytest.fixture(scope="module")
def admin(shop):
    return make_client(shop)


@pytest.fixture(autouse=True)
def all_is_well_again(shop, admin):
    """After each test a sale works, and the books balance."""
    yield
    product = insist(lambda: admin.post("/api/products", {"name": "A", "stock": 5, "minStock": 0,
                                                          "price": 1}, may_fail=True)).json["id"]
    order = insist(lambda: place(admin, product, key=product)).json["id"]
    assert insist(lambda: admin.delete(f"/api/orders/{order}", may_fail=True)).status in (204, 404)
    assert insist(lambda: admin.get(f"/api/products/{product}", may_fail=True)).json["available"] == 5
    assert shop.query("""
        select * from smartflow.inventory i
         where on_hand <> (select sum(delta) from smartflow.movements m where m.product_id = i.product_id)
            or reserved <> (select coalesce(sum(quantity), 0) from smartflow.order_lines l
                              join smartflow.orders o on o.id = l.order_id
                             where l.product_id = i.product_id and not o.stock_reduced)""") == []


def place(client, product, quantity=1, key=None, customer="A"):
    """One try to order."""
    headers = {} if key is None else {"Idempotency-Key": f"key-{key}"}
    return client.post("/api/orders", {"customerName": customer, "items": [
        {"productId": product, "quantity": quantity}]}, headers=headers, may_fail=True)


def insist(ask, seconds=30):
    """Asks again while the answer is 503 or there is none, as a client does that got Retry-After."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            answer = ask()
            if answer.status != 503:
                assert answer.status < 500, answer
                return answer
        except (OSError, ConnectionError) as error:
            answer = error
        assert time.monotonic() < deadline, answer
        time.sleep(0.02)


def count(shop, table, name):
    column = "name" if table == "products" else "customer_name"
    return shop.value(f"select count(*) from smartflow.{table} where {column} = %s", (name,))


def whole(name):
    return json.dumps({"name": name, "stock": 1, "minStock": 0, "price": 1}).encode()


# --- bodies cut short ---

@pytest.mark.parametrize("missing", [1, 10, 60])
def test_a_body_cut_short_writes_nothing(shop, admin, missing):
    """What is left may be a whole document: the announced length decides."""
    name = secrets.token_hex(8)
    with Connection(f"{shop.sockets()}/products.sock") as connection:
        connection.send(head("POST", "/api/products", len(whole(name)) + missing, admin.token))
        connection.send(body(whole(name)))
        answer = connection.read()
    assert (answer.status, answer.code) == (400, "BAD_REQUEST")
    assert count(shop, "products", name) == 0


@pytest.mark.parametrize("ending", ["in a record", "between records", "in the head"])
def test_a_request_that_breaks_off_writes_nothing(shop, admin, ending):
    name = secrets.token_hex(8)
    start, content = head("POST", "/api/products", len(whole(name)), admin.token), record(STDIN, whole(name))
    sent = {"in a record": start + content[:-5], "between records": start + content,
            "in the head": start[:-20]}[ending]
    if ending == "between records":  # the length is there: all of the body has come
        sent = start + record(STDIN, whole(name)[:-5])
    with Connection(f"{shop.sockets()}/products.sock") as connection:
        connection.send(sent)
    time.sleep(0.2)
    assert count(shop, "products", name) == 0


def test_an_order_cut_short_by_cgi_writes_nothing(shop, admin):
    product = admin.product()["id"]
    name = secrets.token_hex(8)
    content = json.dumps({"customerName": name, "items": [{"productId": product, "quantity": 1}]}).encode()
    variables = {"REQUEST_METHOD": "POST", "REQUEST_URI": "/api/orders", "REMOTE_ADDR": "127.0.0.1",
                 "CONTENT_TYPE": "application/json", "HTTP_AUTHORIZATION": f"Bearer {admin.token}",
                 "GATEWAY_INTERFACE": "CGI/1.1", "DATABASE_URL": shop.database_url()}
    for length, status in ((len(content) + 1, 400), (len(content), 201)):
        done = subprocess.run([PROGRAMS / "orders"], input=content, capture_output=True, timeout=20, check=True,
                              env=environment_with(CONTENT_LENGTH=str(length), **variables))
        assert done.stdout.startswith(b"Status: %d " % status), done
        assert count(shop, "orders", name) == (1 if status == 201 else 0)


# --- families that die ---

def test_a_family_killed_between_any_two_requests_loses_nothing(shop, admin):
    client = Client(shop, admin.token)

    def kill_all():
        for family in ("products", "orders"):
            os.kill(shop.family(family), signal.SIGKILL)

    def step(method, path, content=None, key=None):
        kill_all()
        headers = {} if key is None else {"Idempotency-Key": key}
        return insist(lambda: client.ask(method, path, content, headers, may_fail=True))

    product = step("POST", "/api/products", {"name": "A", "stock": 10, "minStock": 0, "price": 2},
                   secrets.token_hex(8)).json["id"]
    lines = [{"productId": product, "quantity": 3}]
    order = step("POST", "/api/orders", {"customerName": "A", "items": lines}, secrets.token_hex(8)).json["id"]
    assert step("GET", f"/api/products/{product}").json["available"] == 7
    assert step("PATCH", f"/api/orders/{order}", {"items": lines * 2}).status == 200
    assert step("PATCH", f"/api/orders/{order}", {"status": "Completed"}).status == 200
    assert step("POST", f"/api/products/{product}/adjustments", {"delta": 1, "reason": "A"},
                secrets.token_hex(8)).status == 201
    left = step("GET", f"/api/products/{product}").json
    assert (left["stock"], left["reserved"]) == (5, 0)
    assert [line["quantity"] for line in step("GET", f"/api/orders/{order}").json["items"]] == [3, 3]


def sell_while(shop, admin, disturb, clients, seconds):
    """Clients order as fast as they can, each noting what was acknowledged, while something is
    disturbed again and again. Then everything acknowledged is there, and nothing twice."""
    product, mark = admin.product(stock=1_000_000)["id"], secrets.token_hex(8)
    stop, journal, tries = threading.Event(), {}, []

    def sell():
        client = Client(shop, admin.token)
        while not stop.is_set():
            key = secrets.token_hex(12)
            tries.append(key)
            answer = insist(lambda: place(client, product, 2, key, mark), 60)
            assert answer.status == 201, answer
            journal[key] = answer.json["id"]
        client.close()

    def disturb_all_along():
        deadline = time.monotonic() + seconds
        try:
            while time.monotonic() < deadline:
                disturb()
        finally:
            stop.set()

    at_once([sell] * clients + [disturb_all_along])
    assert sorted(journal) == sorted(tries) and len(journal) > 10
    stored = {row for row, in shop.query("select id from smartflow.orders where customer_name = %s", (mark,))}
    assert stored == set(journal.values()), "acknowledged and stored differ"
    assert len(stored) == len(journal), "two keys made one order"
    left = insist(lambda: admin.get(f"/api/products/{product}", may_fail=True)).json
    assert left["available"] == 1_000_000 - 2 * len(journal)


def kill_orders(shop):
    time.sleep(random.uniform(0.02, 0.3))
    for pid in shop.processes("orders"):
        os.kill(pid, signal.SIGKILL)


def test_a_family_killed_under_load_loses_and_doubles_nothing(shop, admin):
    sell_while(shop, admin, lambda: kill_orders(shop), 12, 4)


@pytest.mark.slow
def test_a_family_killed_again_and_again_loses_and_doubles_nothing(shop, admin):
    sell_while(shop, admin, lambda: kill_orders(shop), 24, 60)


def test_answers_under_way_are_given_when_a_family_is_asked_to_end(shop, admin):
    product = admin.product()["id"]
    before = shop.family("orders")
    blocker = shop.connect()
    blocker.autocommit = False
    with blocker.cursor() as cursor:
        cursor.execute("select from smartflow.inventory where product_id = %s for update", (product,))

    def end():
        wait_until(lambda: shop.value("select count(*) from pg_stat_activity where wait_event_type = 'Lock'"),
                   5, "the order waits")
        os.kill(before, signal.SIGTERM)
        time.sleep(0.3)
        blocker.rollback()

    answer, _ = at_once([lambda: place(admin, product), end])
    blocker.close()
    assert answer.status == 201, answer
    wait_until(lambda: process_state(before) is None, 5, "it ends")


# --- the database ---

def backends(shop, condition):
    return shop.query("select pid from pg_stat_activity where application_name like 'smartflow %%'"
                      f" and {condition}")


def terminate(shop, condition):
    """Ends backends of the families and waits until they are gone."""
    ended = {pid for pid, in shop.query("select pid from pg_stat_activity where application_name like"
                                        f" 'smartflow %%' and {condition} and pg_terminate_backend(pid)")}
    assert ended
    wait_until(lambda: not ended & {pid for pid, in backends(shop, "true")}, 5, "they are gone")


def test_an_idle_connection_that_was_ended_is_never_noticed(shop, admin):
    for _ in range(3):
        admin.get("/api/products?limit=1")
        terminate(shop, "state = 'idle'")
        product = admin.product()  # neither by a read nor by a write
        terminate(shop, "state = 'idle'")
        assert admin.get(f"/api/products/{product['id']}").status == 200


def test_a_write_whose_connection_ends_is_in_doubt_and_done_once(shop, admin):
    product = admin.product(stock=10)["id"]
    blocker = shop.connect()
    blocker.autocommit = False
    with blocker.cursor() as cursor:
        cursor.execute("select from smartflow.inventory where product_id = %s for update", (product,))

    def end():
        wait_until(lambda: backends(shop, "wait_event_type = 'Lock'"), 5, "the order waits")
        terminate(shop, "wait_event_type = 'Lock'")
        blocker.rollback()

    key = secrets.token_hex(8)
    answer, _ = at_once([lambda: place(admin, product, key=key), end])
    blocker.close()
    assert (answer.status, answer.code) == (503, "DATABASE_ERROR")
    assert insist(lambda: place(admin, product, key=key)).status == 201
    assert admin.get(f"/api/products/{product}").json["available"] == 9


def test_a_read_whose_connection_ends_is_done_again(shop, admin):
    product = admin.product(stock=10)["id"]
    blocker = shop.connect()
    blocker.autocommit = False
    with blocker.cursor() as cursor:
        cursor.execute("lock table smartflow.inventory in access exclusive mode")

    def end():
        wait_until(lambda: backends(shop, "wait_event_type = 'Lock'"), 5, "the read waits")
        terminate(shop, "wait_event_type = 'Lock'")
        blocker.rollback()

    answer, _ = at_once([lambda: admin.get(f"/api/products/{product}"), end])
    blocker.close()
    assert answer.status == 200


def crash(shop):
    """kill -9 of the database server's first process."""
    os.kill(shop.postmaster(), signal.SIGKILL)


def test_without_a_database_the_answer_is_503_and_then_everything_is_there(shop, admin):
    product = admin.product(stock=100)["id"]
    sold = [place(admin, product).json["id"] for _ in range(10)]
    crash(shop)
    codes = set()

    def is_back():
        answers = [admin.get(f"/api/products/{product}", may_fail=True), admin.get("/api/orders", may_fail=True),
                   place(admin, product, key="crash")]
        codes.update(answer.code for answer in answers if answer.status >= 500)  # Retry-After is checked
        return all(answer.status < 500 for answer in answers)

    wait_until(is_back, 60, "the database is back")
    assert codes == {"DATABASE_ERROR"}
    assert admin.get("/healthz").status == 200
    for order in sold:
        assert admin.get(f"/api/orders/{order}").status == 200
    assert admin.get(f"/api/products/{product}").json["available"] == 89


def test_a_database_killed_under_load_keeps_every_acknowledged_order(shop, admin):
    crashed = []

    def crash_once():
        if crashed:
            insist(lambda: admin.get("/api/orders?limit=1", may_fail=True), 60)
            time.sleep(0.5)
        else:
            time.sleep(0.7)
            crash(shop)
            crashed.append(True)

    sell_while(shop, admin, crash_once, 8, 3)


@pytest.mark.slow
def test_a_database_killed_again_and_again_keeps_every_acknowledged_order(shop, admin):
    def crash_now_and_then():
        time.sleep(random.uniform(0.5, 3))
        crash(shop)
        insist(lambda: admin.get("/api/orders?limit=1", may_fail=True), 90)

    sell_while(shop, admin, crash_now_and_then, 12, 60)


def test_migrators_at_once_make_one_schema(shop):
    shop.query("create database migrated_twice")
    url = shop.database_url("migrated_twice")
    environment = environment_with(DATABASE_URL=url, DATABASE_ADMIN_URL=url)
    started = [subprocess.Popen([PROGRAMS / "smartflow", "migrate"], env=environment, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT) for _ in range(4)]
    for process in started:
        output, _ = process.communicate(timeout=60)
        assert process.returncode == 0, output
    connection = psycopg2.connect(url)
    with connection.cursor() as cursor:
        cursor.execute("select version, status from smartflow.migrations order by 1")
        history = cursor.fetchall()
        cursor.execute("select count(*) from smartflow.workflows")
        assert cursor.fetchone() == (1,)
    connection.close()
    files = sorted((ROOT / "sql/migrations").glob("*.sql"))
    assert [int(version) for version, _ in history] == [int(file.name[:4]) for file in files], history
    shop.query("drop database migrated_twice with (force)")


# --- clients that go away ---

@pytest.fixture
def long_list(shop, admin):
    """Products that come to several megabytes, more than all buffers on the way hold."""
    mark = secrets.token_hex(4)
    shop.query("""
        with made as (insert into smartflow.products (name, category, description, price)
                      select 'filler', %s, repeat('x', 10000), 1 from generate_series(1, 2000) returning id)
        insert into smartflow.inventory (product_id, on_hand, min_stock) select id, 0, 0 from made""", (mark,))
    yield f"/api/products?category={mark}"
    shop.query("delete from smartflow.products where category = %s", (mark,))


def nothing_is_open(shop):
    return not backends(shop, "state <> 'idle'")


def test_a_client_that_leaves_a_stream_leaves_nothing_open(shop, admin, long_list):
    for _ in range(3):
        left = [Connection(f"{shop.sockets()}/products.sock") for _ in range(4)]
        for connection in left:
            connection.send(head("GET", long_list, 0, admin.token) + body(b""))
            assert connection.stream.read(10000)
        assert len(backends(shop, "state <> 'idle'")) == 4, "the streams are under way"
        for connection in left:
            connection.close()
        wait_until(lambda: nothing_is_open(shop), 2, "the streams end")
    answer = admin.get(long_list)
    assert len(answer.json) == 2000


def test_a_web_client_that_leaves_a_stream_leaves_nothing_open(shop, admin, long_list):
    for _ in range(5):
        with socket.create_connection((shop.host, shop.port)) as connection:
            connection.sendall(f"GET {long_list} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer "
                               f"{admin.token}\r\n\r\n".encode())
            connection.recv(1000)
    wait_until(lambda: nothing_is_open(shop), 2, "the streams end")


def test_a_stream_that_breaks_is_seen_to_be_broken(shop, admin, long_list):
    """The end of an answer is there only when all of it is."""
    with Connection(f"{shop.sockets()}/products.sock") as connection:
        connection.send(head("GET", long_list, 0, admin.token) + body(b""))
        assert connection.stream.read(1000)
        terminate(shop, "state <> 'idle'")
        assert connection.read() is None, "it ended as if it were whole"
    assert len(admin.get(long_list).json) == 2000
