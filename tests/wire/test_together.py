"""Orders that come while others are under way are placed together, by one call (database_gathering.hpp,
orders_create_many): for everybody it must be as if they had come one after the other.
"""
import contextlib
import re
import secrets
import threading

import psycopg2
import pytest

from faults import order_call, place
from http_client import Client, at_once, make_client
from instance import wait_until


@pytest.fixture(scope="module")
def shop(own_shop):
    return own_shop


@pytest.fixture(scope="module")
def admin(shop):
    return make_client(shop)


LARGEST_GROUP = 8


class Rush:
    """As many orders as there may be groups are under way and wait for products that somebody else holds:
    whatever is ordered meanwhile comes together, once one of them is released."""

    def __init__(self, shop, admin):
        self.shop = shop
        product = admin.product(stock=100)["id"]
        for _ in range(LARGEST_GROUP):  # after groups the second of the two would wait to be nearly as large
            assert place(admin, product).status == 201
        self.holders = [hold(shop, admin.product(stock=1000)["id"]) for _ in range(2)]
        self.threads = [threading.Thread(target=place, args=(Client(shop, admin.token), holder.product)) for holder in self.holders]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        wait_until(lambda: waiting_for_locks(self.shop) == 2, 5, "all groups are under way")
        return self

    def ask(self, asks):
        """One after the other, so that their order is known; gives their answers once they are there."""
        answers = [None] * len(asks)

        def ask(turn):
            answers[turn] = asks[turn]()

        threads = [threading.Thread(target=ask, args=(turn,)) for turn in range(len(asks))]
        for thread in threads:
            thread.start()
            thread.join(0.05)  # all together for less than anybody waits for company
        self.holders[0].rollback()
        yield
        for thread in threads:
            thread.join()
        yield answers

    def __exit__(self, *_):
        for holder in self.holders:
            holder.close()
        for thread in self.threads:
            thread.join()


class Holder(psycopg2.extensions.connection):
    product = None


def hold(shop, product):
    """A session that holds a product's goods until it is rolled back."""
    holder = psycopg2.connect(shop.superuser_url(), connection_factory=Holder)
    holder.product = product
    holder.cursor().execute("select from smartflow.inventory where product_id = %s for update", (product,))
    return holder


def waiting_for_locks(shop):
    return shop.value("select count(*) from pg_stat_activity where wait_event_type = 'Lock' and usename = 'smartflow_orders'")


def together(shop, admin, asks):
    """The answers to all of these, that came while others were under way."""
    with Rush(shop, admin) as rush:
        released, answers = rush.ask(asks)
        return answers


def transactions(shop, orders):
    """How many transactions have written these orders."""
    return shop.value("select count(distinct xmin::text) from smartflow.orders where id = any (%s)", (orders,))


def order(client, lines, key=None, **fields):
    headers = {} if key is None else {"Idempotency-Key": key}
    items = [{"productId": product, "quantity": quantity} for product, quantity in lines]
    return client.post("/api/orders", {"customerName": "A", "items": items, **fields}, headers=headers)


def test_each_is_on_record_with_who_asked_and_what_was_left(shop, admin):
    clients = [make_client(shop, "staff") for _ in range(4)]
    product, other = admin.product(stock=100)["id"], admin.product(stock=50)["id"]
    answers = together(shop, admin, [
        lambda client=client, n=n: order(client, [(product, n), (other, 1), (product, 1)])
        for n, client in enumerate(clients, 1)
    ])  # fmt: skip
    assert [answer.status for answer in answers] == [201] * 4
    ids = [answer.json["id"] for answer in answers]
    assert transactions(shop, ids) == 1
    for answer, client in zip(answers, clients):
        assert shop.query(
            "select user_id, request_id, action, changes -> 'items' -> 'to' ->> 0 is not null from smartflow.audit_log"
            " where entity = 'order' and entity_id = %s", (answer.json["id"],)
        ) == [(client.user_id, answer.headers["X-Request-Id"], "create", True)]  # fmt: skip
        assert client.get(answer.headers["Location"]).json == answer.json
    ledger = "select order_id, user_id, delta, balance from smartflow.movements where product_id = %s and order_id is not null order by id"
    left = 100
    for row, of, client, n in zip(shop.query(ledger, (product,)), ids, clients, range(1, 5)):
        left -= n + 1
        assert row == (of, client.user_id, -(n + 1), left)
    assert [row[3] for row in shop.query(ledger, (other,))] == [49, 48, 47, 46]
    assert shop.query("select distinct reason from smartflow.movements where order_id = %s", (ids[1],)) == [
        (f"Order {ids[1]}: Reduce stock when an order comes in",)
    ]
    assert shop.wrong_books() == []


def test_what_a_client_writes_arrives_letter_by_letter(shop, admin):
    """Requests are quoted twice on their way into the same call."""
    product = admin.product(stock=100)["id"]
    names = ['"', "\\", "\\\\", '\\"', "'", ",", "()", "{}", "NULL", "a,b)", '{"(x,\\"y\\")"}', "Zoë 木"]
    answers = together(shop, admin, [
        lambda name=name: order(admin, [(product, 1)], key=secrets.token_hex(8), customerName=name, notes=f"{name}\n{name}")
        for name in names[:LARGEST_GROUP]
    ])  # fmt: skip
    assert [answer.status for answer in answers] == [201] * LARGEST_GROUP
    assert transactions(shop, [answer.json["id"] for answer in answers]) == 1
    answers += [order(admin, [(product, 1)], customerName=name, notes=f"{name}\n{name}") for name in names[LARGEST_GROUP:]]
    assert [(answer.status, answer.json["customerName"], answer.json["notes"]) for answer in answers] == [
        (201, name, f"{name}\n{name}") for name in names
    ]  # fmt: skip


def test_what_is_wrong_with_one_is_its_own(shop, admin):
    product, rare = admin.product(stock=100)["id"], admin.product(stock=1)["id"]
    reader, key = make_client(shop, read_only=True), secrets.token_hex(8)
    kept = order(admin, [(product, 3)], key=key)
    new = secrets.token_hex(8)
    answers = together(shop, admin, [
        lambda: order(admin, [(product, 1)]),
        lambda: order(admin, [(rare, 2)], key=f"short-{new}"),
        lambda: order(admin, [(999_999_999, 1)], key=f"missing-{new}"),
        lambda: order(reader, [(product, 1)]),
        lambda: order(Client(shop, "sf_" + "0" * 43), [(product, 1)]),
        lambda: order(admin, [(product, 3)], key=key),
        lambda: order(admin, [(product, 1)], status="Completed", key=f"done-{new}"),
        lambda: order(admin, [(product, 4)], key=key),
    ])  # fmt: skip
    assert [answer.status for answer in answers] == [201, 409, 400, 403, 401, 201, 201, 422]
    assert answers[1].json["details"] == {"items[0].quantity": "asked 2, available 1"}
    assert answers[2].json["details"] == {"items[0].productId": "does not exist"}
    assert answers[5].body == kept.body and answers[5].headers["Idempotent-Replayed"] == "true"
    assert answers[6].json["status"] == "Completed"
    assert transactions(shop, [answers[0].json["id"], answers[6].json["id"]]) == 1
    # What they were answered is kept, too.
    again = order(admin, [(rare, 2)], key=f"short-{new}")
    assert (again.status, again.body, again.headers["Idempotent-Replayed"]) == (409, answers[1].body, "true")
    again = order(admin, [(product, 1)], status="Completed", key=f"done-{new}")
    assert (again.status, again.body) == (201, answers[6].body)
    assert admin.get(f"/api/products/{product}").json["available"] == 100 - 3 - 1 - 1


def test_who_is_left_alone_is_on_record_himself(shop, admin):
    """Of those that come together one is placed, and it isn't the one that was looked at last."""
    product, other = admin.product(stock=100)["id"], make_client(shop, "staff")
    answers = together(shop, admin, [lambda: order(admin, [(product, 1)]), lambda: order(other, [(product, 101)])])
    assert [answer.status for answer in answers] == [201, 409]
    placed = answers[0].json["id"]
    assert shop.query("select user_id, request_id from smartflow.audit_log where entity = 'order' and entity_id = %s", (placed,)) == [
        (admin.user_id, answers[0].headers["X-Request-Id"])
    ]
    assert shop.query("select user_id from smartflow.movements where order_id = %s", (placed,)) == [(admin.user_id,)]


def test_what_breaks_a_group_is_in_the_log_and_stops_nobody(shop, admin):
    product = admin.product(stock=100)["id"]
    working = shop.value("select pg_get_functiondef('smartflow_api.orders_create_many'::regproc)")
    shop.query(re.sub(r"\$function\$.*\$function\$", "$$ begin raise exception 'broken on purpose'; end $$", working, flags=re.DOTALL))
    try:
        answers = together(shop, admin, [lambda: order(admin, [(product, 1)])] * 3)
    finally:
        shop.query(working)
    assert [answer.status for answer in answers] == [201] * 3
    assert "orders_create_many: P0001 broken on purpose" in (shop.var / "log/postgres.log").read_text(encoding="utf-8")


def test_while_all_groups_wait_others_go_alone(shop, admin):
    """Two products are held, for whatever reason: who wants a third one isn't refused, and waits a second at most."""
    product = admin.product(stock=100)["id"]
    with Rush(shop, admin):
        answers = at_once([lambda: order(admin, [(product, 1)])] * 5)
        assert [answer.status for answer in answers] == [201] * 5
        assert waiting_for_locks(shop) == 2


def test_one_key_twice_in_a_rush_is_one_order(shop, admin):
    product, key = admin.product(stock=100)["id"], secrets.token_hex(8)
    answers = together(shop, admin, [lambda: order(admin, [(product, 1)], key=key)] * 3 + [lambda: order(admin, [(product, 1)])])
    assert [answer.status for answer in answers] == [201] * 4
    assert len({answer.body for answer in answers[:3]}) == 1
    assert sorted("Idempotent-Replayed" in answer.headers for answer in answers[:3]) == [False, True, True]
    assert admin.get(f"/api/products/{product}").json["available"] == 98


def test_a_rush_for_the_last_pieces_sells_exactly_those(shop, admin):
    product = admin.product(stock=5)["id"]
    answers = together(shop, admin, [lambda: order(admin, [(product, 1)])] * 8)
    assert sorted(answer.status for answer in answers) == [201] * 5 + [409] * 3
    assert {answer.code for answer in answers if answer.status == 409} == {"INSUFFICIENT_STOCK"}
    assert admin.get(f"/api/products/{product}").json["available"] == 0
    assert shop.wrong_books() == []


def test_a_product_archived_in_between_is_refused_to_each(shop, admin):
    product, other = admin.product(stock=100)["id"], admin.product(stock=100)["id"]
    asked = [product, other, product]
    # Their goods are held, so that one product is archived after they looked at it.
    with contextlib.closing(hold(shop, product)) as holder, Rush(shop, admin) as rush:
        steps = rush.ask([lambda line=line: order(admin, [(line, 1)]) for line in asked])
        next(steps)
        wait_until(lambda: waiting_for_locks(shop) >= 2, 5, "the group waits for the goods")
        holder.cursor().execute("update smartflow.products set archived = true where id = %s", (product,))
        holder.commit()
        answers = list(zip(asked, next(steps)))
    assert sorted((line == other, answer.status) for line, answer in answers) == [(False, 400), (False, 400), (True, 201)]
    assert {answer.json["details"]["items[0].productId"] for line, answer in answers if line == product} == {"does not exist"}


def test_one_that_waits_for_a_lock_keeps_nobody_back(shop, admin):
    """An import holds a product: who orders another one doesn't wait for the import with its buyer."""
    product, other = admin.product(stock=100)["id"], admin.product(stock=100)["id"]
    answered = []
    with Rush(shop, admin) as rush, contextlib.closing(hold(shop, product)) as holder:
        steps = rush.ask([lambda line=line: answered.append((line, order(admin, [(line, 1)]).status)) for line in (product, other, other)])
        next(steps)
        wait_until(lambda: answered == [(other, 201)] * 2, 5, "the others have their orders")
        holder.rollback()
        next(steps)
    assert answered == [(other, 201)] * 2 + [(product, 201)]


def test_rules_run_for_each_of_them(shop, admin, all_actions):
    product = admin.product(stock=10, minStock=6, price=2)["id"]
    answers = together(shop, admin, [lambda: order(admin, [(product, 1)])] * 5 + [lambda: order(admin, [(product, 3)])])
    assert [answer.status for answer in answers] == [201] * 6
    ids = [answer.json["id"] for answer in answers]
    assert transactions(shop, ids) == 1
    # Everybody in turn, as if one had come after the other.
    assigned = [answer.json["assignedTo"] for answer in answers]
    assert sorted(assigned) == sorted(all_actions * 2) and len(set(assigned[:3])) == 3
    for of in ids:
        runs = shop.query("select action, outcome from smartflow.workflow_runs where order_id = %s order by id", (of,))
        assert runs == [("Reduce Stock", "done"), ("Assign Staff", "done"),
                        ("Send Notification", "done" if of == ids[5] else "skipped")]  # fmt: skip
    assert shop.value("select count(*) from smartflow.workflow_runs where product_id = %s", (product,)) == 1
    told = "select count(*) from smartflow.notifications where message = %s"
    assert shop.value(told, (f"low {product}",)) == shop.value(told, (str(ids[5]),)) > 3
    assert shop.wrong_books() == []


def test_a_family_can_forge_no_orders_of_others(shop, admin):
    """What a program sets beforehand is forgotten: who placed them, and which took what."""
    product = admin.product(stock=10)["id"]
    connection = shop.connect()
    with contextlib.closing(connection), connection.cursor() as cursor:
        cursor.execute("set session authorization smartflow_orders")
        cursor.execute("select set_config('smartflow.authors', '{\"(,4711,somebody,,,)\"}', false),"
                       " set_config('smartflow.parts', %s, false)",
                       (f'{{"({product},1,5,0,,,)"}}',))  # fmt: skip
        cursor.execute(f"select (smartflow_api.orders_create({order_call(admin, [(product, 1)])})).location")
        number = int(cursor.fetchone()[0].rsplit("/", 1)[1])
    assert shop.query("select user_id, delta, order_id from smartflow.movements where product_id = %s order by id desc limit 1",
                      (product,)) == [(admin.user_id, -1, number)]  # fmt: skip
    assert shop.value("select user_id from smartflow.audit_log where entity = 'order' and entity_id = %s", (number,)) == admin.user_id


def test_an_order_made_by_hand_is_on_record_as_the_systems(shop):
    shop.query("insert into smartflow.orders (customer_name, items, status, total) values ('By hand', '[]', 'Pending', 0), ('By hand', '[]', 'Pending', 0)")
    assert shop.query("select user_id, username, request_id, count(*) from smartflow.audit_log where entity = 'order' and entity_id in"
                      " (select id from smartflow.orders where customer_name = 'By hand') group by 1, 2, 3") == [(None, None, None, 2)]  # fmt: skip


def test_no_order_escapes_the_trail_by_who_is_said_to_have_placed_others(shop):
    connection = shop.connect()
    with contextlib.closing(connection), connection.cursor() as cursor:
        cursor.execute("set smartflow.authors = '{\"(0,4711,,,,)\"}'")
        cursor.execute("insert into smartflow.orders (customer_name, items, status, total) values ('Unsaid', '[]', 'Pending', 0) returning id")
        [number] = cursor.fetchone()
    assert shop.query("select user_id, action from smartflow.audit_log where entity = 'order' and entity_id = %s", (number,)) == [(None, "create")]


def test_many_in_a_rush_are_served_in_few_calls(shop, admin):
    """Sixty at once: no error, and far fewer transactions than orders."""
    product = admin.product(stock=1000)["id"]
    answers = at_once([lambda: order(admin, [(product, 1)])] * 60)
    assert [answer.status for answer in answers] == [201] * 60
    assert transactions(shop, [answer.json["id"] for answer in answers]) < 30


def test_what_orders_look_up_is_found_by_its_key(shop, admin):
    """Also while products are so few that a plan is tempted to read all of them for a group."""
    shop.query("insert into smartflow.products (name, sku, price) select 'Few ' || n, 'FEW-' || n, 1 from generate_series(1, 1000) as n;"
               "insert into smartflow.inventory (product_id, on_hand, min_stock) select id, 9, 0 from smartflow.products where sku like 'FEW-%'")  # fmt: skip
    shop.query("vacuum analyze smartflow.products, smartflow.inventory")
    few = [product for [product] in shop.query("select id from smartflow.products where sku like 'FEW-%' order by id")]
    calls = ", ".join(order_call(admin, [(few[n], 1), (few[-n - 1], 1)]) for n in range(LARGEST_GROUP))
    read = shop.query(
        f"create temporary table answer on commit drop as select status from unnest(smartflow_api.orders_create_many(array[{calls}]));"
        "select relname::text, seq_tup_read, idx_tup_fetch, (select min(status) from answer) from pg_stat_xact_user_tables"
        " where schemaname = 'smartflow' and relname in ('products', 'inventory')")  # fmt: skip
    assert [(row[0], row[1], row[3]) for row in sorted(read)] == [("inventory", 0, 201), ("products", 0, 201)], read
    assert all(0 < row[2] <= 10 * 2 * LARGEST_GROUP for row in read), read
