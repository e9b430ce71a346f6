"""Many clients at the same moment."""
import itertools
import random
import secrets
import time

import pytest

from http_client import Client, at_once, make_client


@pytest.fixture(params=[True, False], ids=["reducing at once", "reserving"])
def rule(shop, request):
    """With and without the rule that takes an order's goods off the shelf at once."""
    shop.query("update smartflow.workflows set enabled = %s where id = 1", (request.param,))
    yield request.param
    shop.query("update smartflow.workflows set enabled = true where id = 1")


def order(admin, items, **fields):
    """Asks for an order: items are (product, quantity) pairs."""
    return admin.post(
        "/api/orders",
        {
            "customerName": "A",
            **fields,
            "items": [{"productId": product, "quantity": quantity} for product, quantity in items],
        },
    )


def books_balance(shop, *products):
    """Whether the ledger is the stock of these products, and their reservations open orders."""
    return [] == shop.query(
        """
        select * from smartflow.inventory i where product_id = any (%s)
           and (on_hand <> (select sum(delta) from smartflow.movements m
                             where m.product_id = i.product_id)
                or reserved <> (select coalesce(sum(quantity), 0)
                                  from smartflow.order_lines l
                                  join smartflow.orders o on o.id = l.order_id
                                 where l.product_id = i.product_id and not o.stock_reduced))""",
        (list(products),),
    )


def test_two_hundred_orders_for_a_hundred_pieces_sell_exactly_a_hundred(shop, admin, rule):
    product = admin.product(stock=100)["id"]
    answers = at_once([lambda: order(admin, [(product, 1)])] * 200)
    statuses = [answer.status for answer in answers]
    assert (statuses.count(201), statuses.count(409)) == (100, 100), statuses
    assert {answer.code for answer in answers if answer.status == 409} == {"INSUFFICIENT_STOCK"}
    left = admin.get(f"/api/products/{product}").json
    assert left["available"] == 0
    assert (left["stock"], left["reserved"]) == ((0, 0) if rule else (100, 100))
    assert books_balance(shop, product)


def test_orders_in_crossed_order_meet_no_deadlock(shop, admin, rule):
    before = shop.value("select deadlocks from pg_stat_database where datname = current_database()")
    products = [admin.product(stock=1000)["id"] for _ in range(4)]

    def run(turn):
        mine = list(itertools.islice(itertools.cycle(products), turn % 4, turn % 4 + 4))
        mine = mine if turn % 2 else mine[::-1]
        made = order(admin, [(product, 1) for product in mine])
        assert made.status == 201, made
        path = f"/api/orders/{made.json['id']}"
        changed = admin.patch(
            path, {"items": [{"productId": product, "quantity": 2} for product in mine[::-1]]}
        )
        assert changed.status == 200, changed
        if turn % 3:
            assert admin.patch(path, {"status": "Completed"}).status == 200
        else:
            assert admin.delete(path).status == 204

    at_once([lambda turn=turn: [run(turn + step) for step in range(5)] for turn in range(24)])
    assert (
        shop.value("select deadlocks from pg_stat_database where datname = current_database()")
        == before
    )
    sold = 2 * sum(1 for turn in range(24) for step in range(5) if (turn + step) % 3)
    for product in products:
        left = admin.get(f"/api/products/{product}").json
        assert (left["stock"], left["reserved"]) == (1000 - sold, 0)
    assert books_balance(shop, *products)


def outcomes_in_turn(operations, present):
    """What a sequence of edit, complete and delete of one order of 2 out of 10 answers and leaves:
    the statuses by name, whether the order is there, its status, quantity, and the stock."""
    statuses, status, quantity = {}, "Pending", 2
    for name in operations:
        if not present:
            statuses[name] = 404
        elif status == "Completed":
            statuses[name] = 200 if name == "complete" else 409
        elif name == "edit":
            statuses[name], quantity = 200, 5
        elif name == "complete":
            statuses[name], status = 200, "Completed"
        else:
            statuses[name], present, quantity = 204, False, 0
    return statuses, present and (status, quantity), 10 - quantity


def test_edit_complete_and_delete_at_once_end_as_one_of_their_orders_would(shop, admin, rule):
    names = ["edit", "complete", "delete"]
    possible = [outcomes_in_turn(turn, True) for turn in itertools.permutations(names)]
    seen = set()
    for _ in range(30):
        product = admin.product(stock=10)["id"]
        path = f"/api/orders/{order(admin, [(product, 2)]).json['id']}"
        tasks = {
            "edit": lambda: admin.patch(path, {"items": [{"productId": product, "quantity": 5}]}),
            "complete": lambda: admin.patch(path, {"status": "Completed"}),
            "delete": lambda: admin.delete(path),
        }
        mixed = random.sample(names, 3)
        answers = dict(zip(mixed, at_once([tasks[name] for name in mixed])))
        after = admin.get(path)
        left = admin.get(f"/api/products/{product}").json
        there = after.status == 200 and (after.json["status"], after.json["items"][0]["quantity"])
        outcome = (
            {name: answer.status for name, answer in answers.items()},
            there,
            left["available"],
        )
        assert outcome in possible, outcome
        seen.add(str(sorted(outcome[0].items())))
        assert books_balance(shop, product)
    assert len(seen) > 1, "they never met"


@pytest.mark.parametrize("times", [2, 20])
def test_an_idempotency_key_makes_one_order_however_often_it_comes_at_once(shop, admin, times):
    product = admin.product(stock=100)["id"]
    for _ in range(5):
        key = {"Idempotency-Key": secrets.token_hex(8)}
        body = {"customerName": "A", "items": [{"productId": product, "quantity": 1}]}
        answers = at_once([lambda: admin.post("/api/orders", body, headers=key)] * times)
        assert {answer.status for answer in answers} == {201}
        assert len({answer.body for answer in answers}) == 1
        replayed = [answer.headers.get("Idempotent-Replayed") for answer in answers]
        assert replayed.count("true") == times - 1, replayed
    assert admin.get(f"/api/products/{product}").json["available"] == 95


def test_a_refused_order_is_refused_once_for_an_idempotency_key(admin):
    product = admin.product(stock=0)["id"]
    key = {"Idempotency-Key": secrets.token_hex(8)}
    body = {"customerName": "A", "items": [{"productId": product, "quantity": 1}]}
    answers = at_once([lambda: admin.post("/api/orders", body, headers=key)] * 10)
    assert {answer.status for answer in answers} == {409}
    assert len({answer.body for answer in answers}) == 1
    admin.post(f"/api/products/{product}/adjustments", {"delta": 5, "reason": "came in"})
    assert admin.post("/api/orders", body, headers=key).status == 409


def test_two_admins_who_demote_each_other_leave_one(own_shop):
    for _ in range(10):
        first, second = make_client(own_shop), make_client(own_shop)
        own_shop.query(
            "update smartflow.users set role = 'staff' where id <> all (%s)",
            ([first.user_id, second.user_id],),
        )
        answers = at_once(
            [
                lambda: first.patch(f"/api/users/{second.user_id}", {"role": "staff"}),
                lambda: second.patch(f"/api/users/{first.user_id}", {"role": "staff"}),
            ]
        )
        statuses = sorted(answer.status for answer in answers)
        # The slower one is refused: as the last one's demotion, or no longer an admin itself.
        assert statuses in ([200, 403], [200, 409]), answers
        assert (
            own_shop.value(
                "select count(*) from smartflow.users where role = 'admin'"
                " and active and not deleted"
            )
            == 1
        )


@pytest.fixture
def account(admin):
    """A user with a password."""
    name, password = secrets.token_hex(8), secrets.token_hex(12)
    made = admin.post(
        "/api/users", {"username": name, "name": "A", "role": "staff", "password": password}
    )
    assert made.status == 201, made
    return {"username": name, "password": password}


@pytest.fixture
def fresh_address(shop):
    """No failed login counts."""
    yield shop.query("delete from smartflow.login_attempts")
    shop.query("delete from smartflow.login_attempts")


def test_of_ten_wrong_logins_at_once_five_are_compared(fresh_address, nobody, account):
    wrong = {**account, "password": "this is not it at all"}
    answers = at_once([lambda: nobody.post("/api/auth/login", wrong)] * 10)
    statuses = sorted(answer.status for answer in answers)
    assert statuses == [401] * 5 + [429] * 5
    assert nobody.post("/api/auth/login", account).status == 429
    refused = [answer for answer in answers if answer.status == 429]
    assert all(0 < int(answer.headers["Retry-After"]) <= 900 for answer in refused)


def test_of_many_wrong_logins_from_one_address_fifty_are_compared(fresh_address, nobody):
    """Whatever the account; nobody has these."""
    names = [secrets.token_hex(8) for _ in range(16)]
    tries = [{"username": name, "password": "this is not it at all"} for name in names * 4]

    def log_in(body):
        """Until there is room: a slow machine refuses what would wait too long to be compared."""
        while True:
            answer = nobody.post("/api/auth/login", body, may_fail=True)
            if answer.status != 503:
                return answer
            time.sleep(float(answer.headers["Retry-After"]))

    answers = at_once([lambda body=body: log_in(body) for body in tries])
    statuses = [answer.status for answer in answers]
    assert (statuses.count(401), statuses.count(429)) == (50, 14)


def test_ten_right_logins_at_once_all_succeed(fresh_address, nobody, account):
    answers = at_once([lambda: nobody.post("/api/auth/login", account)] * 10)
    assert [answer.status for answer in answers] == [200] * 10
    assert len({answer.headers["Set-Cookie"] for answer in answers}) == 10


def test_one_of_many_who_take_a_sku_at_once_gets_it(shop, admin):
    for _ in range(5):
        sku = secrets.token_hex(8)
        body = {"name": "A", "stock": 1, "minStock": 0, "price": 1, "sku": sku}
        answers = at_once([lambda: admin.post("/api/products", body)] * 12)
        assert sorted(answer.status for answer in answers) == [201] + [400] * 11
        assert all("sku" in answer.json["details"] for answer in answers if answer.status == 400)
        assert shop.value("select count(*) from smartflow.products where sku = %s", (sku,)) == 1


def test_a_product_is_archived_or_ordered_never_both(shop, admin, rule):
    seen = set()
    for turn in range(30):
        product = admin.product(stock=10)["id"]
        if turn % 2:  # named before: archived and not deleted
            first = order(admin, [(product, 1)]).json["id"]
            assert admin.patch(f"/api/orders/{first}", {"status": "Completed"}).status == 200
        tasks = [
            lambda: order(admin, [(product, 1)]),
            lambda: admin.delete(f"/api/products/{product}"),
        ]
        made, deleted = at_once(tasks if turn % 4 < 2 else tasks[::-1])[
            :: 1 if turn % 4 < 2 else -1
        ]
        assert (made.status, deleted.status) in ((201, 409), (400, 204)), (made, deleted)
        seen.add(made.status)
        if made.status == 400:
            assert made.json["details"].keys() == {"items[0].productId"}
    assert seen == {201, 400}, "they never met"


def test_adjustments_at_once_all_count(shop, admin):
    product = admin.product(stock=50)["id"]
    path = f"/api/products/{product}/adjustments"
    answers = at_once(
        [
            lambda delta=delta: admin.post(path, {"delta": delta, "reason": "count"})
            for delta in [1.5, -1] * 25
        ]
    )
    assert {answer.status for answer in answers} == {201}
    assert admin.get(f"/api/products/{product}").json["stock"] == 62.5
    movements = admin.get(f"/api/products/{product}/movements").json
    balance = 0
    for movement in movements:
        balance += movement["delta"]
        assert movement["balance"] == balance, movement


def test_one_of_two_editors_who_saw_the_same_version_wins(admin):
    for _ in range(10):
        path = f"/api/products/{admin.product()['id']}"
        seen = {"If-Match": admin.get(path).headers["ETag"]}
        answers = at_once(
            [lambda name=name: admin.patch(path, {"name": name}, headers=seen) for name in "abcd"]
        )
        assert sorted(answer.status for answer in answers) == [200, 412, 412, 412]


def test_one_client_is_one_user_on_every_thread(shop, admin):
    """The tests' own footing: a shared client keeps its name on all its connections."""
    clients = [make_client(shop, "staff") for _ in range(5)] + [Client(shop)]
    answers = at_once([lambda client=client: client.get("/api/auth/me") for client in clients])
    assert [answer.status for answer in answers] == [200] * 5 + [401]


def test_completing_with_other_items_meets_no_deadlock(shop, admin):
    """The edit moves the second product alone, completing takes both: the first is locked before."""
    shop.query("update smartflow.workflows set enabled = false where id = 1")
    before = shop.value("select deadlocks from pg_stat_database where datname = current_database()")
    first, second = (admin.product(stock=100000)["id"] for _ in range(2))

    def run(turn):
        for _ in range(10):
            made = order(admin, [(first, 1), (second, 1)])
            assert made.status == 201, made
            if turn % 2:
                changed = admin.patch(
                    f"/api/orders/{made.json['id']}",
                    {
                        "status": "Completed",
                        "items": [
                            {"productId": first, "quantity": 1},
                            {"productId": second, "quantity": 2},
                        ],
                    },
                )
                assert changed.status == 200, changed

    try:
        at_once([lambda turn=turn: run(turn) for turn in range(8)])
        assert before == shop.value(
            "select deadlocks from pg_stat_database where datname = current_database()"
        )
        assert books_balance(shop, first, second)
    finally:
        shop.query("update smartflow.workflows set enabled = true where id = 1")
