"""The rule engine under many clients, and Low Stock against a model of its edge."""
import random
from decimal import Decimal

import pytest

from http_client import at_once, make_client


@pytest.fixture
def rules(shop, admin):
    """Makes rules and takes them away again; the default one stays."""
    made = []

    def make(trigger, action, **more):
        answer = admin.post("/api/workflows", {"trigger": trigger, "action": action, **more})
        assert answer.status == 201, answer
        made.append(answer.json["id"])
        return made[-1]

    yield make
    for rule in made:
        assert admin.delete(f"/api/workflows/{rule}").status == 204


def order(admin, product, quantity=1, **fields):
    return admin.post(
        "/api/orders",
        {
            "customerName": "Ann",
            "items": [{"productId": product, "quantity": quantity}],
            **fields,
        },
    )


def low_stock_runs(shop, rule, product):
    return shop.value(
        "select count(*) from smartflow.workflow_runs where rule_id = %s and product_id = %s",
        (rule, product),
    )


@pytest.mark.parametrize("seed", range(4))
def test_low_stock_fires_exactly_when_the_minimum_is_crossed_downwards(shop, admin, rules, seed):
    """A walk over every way that stock and minimum change; the model is one comparison a step."""
    dice = random.Random(seed)
    rule = rules("Low Stock", "Assign Staff" if seed % 2 else "Send Notification")
    stock, minimum = Decimal(dice.randint(0, 12)), Decimal(6)
    product = admin.product(stock=float(stock), minStock=float(minimum))["id"]
    crossings = 0
    for step in range(60):
        was_low = stock < minimum
        kind = dice.choice(["adjust", "stocktake", "minimum", "order", "completed order", "both"])
        if kind == "adjust":
            delta = dice.choice([-3, -1, 1, 3, Decimal("-0.5"), Decimal("0.5")])
            path, body = "adjustments", {"delta": float(delta), "reason": "walk"}
            answer = admin.post(f"/api/products/{product}/{path}", body)
            stock += Decimal(delta) if answer.status == 201 else 0
        elif kind in ("stocktake", "minimum", "both"):
            changes = {}
            if kind != "minimum":
                changes["stock"] = dice.randint(0, 12)
            if kind != "stocktake":
                changes["minStock"] = dice.randint(0, 9)
            answer = admin.patch(f"/api/products/{product}", changes)
            assert answer.status == 200, answer
            stock = Decimal(changes.get("stock", stock))
            minimum = Decimal(changes.get("minStock", minimum))
        else:
            more = {"status": "Completed"} if kind == "completed order" else {}
            quantity = dice.randint(1, 4)
            answer = order(admin, product, quantity, **more)
            stock -= quantity if answer.status == 201 else 0
        assert answer.status in (200, 201, 409), answer
        crossings += stock < minimum and not was_low
        assert low_stock_runs(shop, rule, product) == crossings, (step, kind)
    assert crossings > 2, "the walk crossed too seldom to show anything"


def test_fifty_clients_never_reduce_an_order_twice(shop, admin, rules):
    """Three rules that reduce, orders that come in, are completed and edited at the same moment."""
    rules("New Order", "Reduce Stock")
    rules("Order Completed", "Reduce Stock")
    rules("Order Completed", "Send Notification")
    product = admin.product(stock=1000)["id"]

    def run():
        made = order(admin, product, 2)
        assert made.status == 201, made
        path = f"/api/orders/{made.json['id']}"
        answers = [
            admin.patch(path, {"status": "Completed"}),
            admin.patch(path, {"status": "Completed"}),
        ]
        assert [answer.status for answer in answers] == [200, 200]
        return made.json["id"]

    ids = at_once([run] * 50)
    taken = shop.query(
        """select order_id, sum(delta), count(*) from smartflow.movements
            where order_id = any (%s) group by order_id""",
        (ids,),
    )
    assert sorted(taken) == sorted((number, Decimal(-2), 1) for number in ids)
    assert admin.get(f"/api/products/{product}").json["stock"] == 900
    done = shop.value(
        """select count(*) from smartflow.workflow_runs
            where order_id = any (%s) and action = 'Reduce Stock' and outcome = 'done'""",
        (ids,),
    )
    assert done == 50


def test_assignments_differ_by_no_more_than_the_requests_at_the_same_moment(shop, admin, rules):
    staff = [make_client(shop, "staff").user_id for _ in range(4)]
    others = shop.query(
        "update smartflow.users set active = false where role = 'staff' and active"
        " and id <> all (%s) returning id",
        (staff,),
    )
    rules("New Order", "Assign Staff")
    product = admin.product(stock=1000)["id"]
    clients = 8
    try:
        def run():
            for _ in range(10):
                assert order(admin, product).status == 201

        at_once([run] * clients)
        shares = shop.query(
            """select assigned_to, count(*) from smartflow.order_lines l
                 join smartflow.orders o on o.id = l.order_id
                where l.product_id = %s group by assigned_to""",
            (product,),
        )
        counts = [count for _, count in shares]
        assert sorted(user for user, _ in shares) == sorted(staff)
        assert sum(counts) == 80 and max(counts) - min(counts) <= clients, shares
        kept = shop.query(
            "select user_id, sum(orders) from smartflow.open_order_counts"
            " where user_id = any (%s) group by user_id",
            (staff,),
        )
        assert sorted((user, int(count)) for user, count in kept) == sorted(shares)
    finally:
        shop.query(
            "update smartflow.users set active = true where id = any (%s)",
            ([user for user, in others],),
        )


def test_a_rule_that_breaks_leaves_a_failed_run_and_the_order_whole(shop, admin, rules):
    """Even one whose stored configuration no longer makes sense."""
    rule = rules("New Order", "Assign Staff")
    shop.query(
        """update smartflow.workflows set config = '{"userId": "nonsense"}' where id = %s""", (rule,)
    )
    product = admin.product(stock=5)["id"]
    made = order(admin, product, 2)
    assert made.status == 201, made
    assert made.json["stockReduced"]
    outcome, reason = shop.query(
        "select outcome, reason from smartflow.workflow_runs where rule_id = %s", (rule,)
    )[0]
    assert outcome == "failed" and reason
    assert admin.get(f"/api/products/{product}").json["stock"] == 3


def test_the_description_has_the_fields_and_operators_that_a_rule_is_checked_by(admin):
    """Nothing but the refusals tells what the database knows; pages are made by the description."""
    schemas = admin.get("/api/openapi.json").json["components"]["schemas"]
    kinds = [schemas[name]["properties"] for name in ("TextCondition", "NumberCondition")]
    described = {field: kind["operator"]["enum"] for kind in kinds for field in kind["field"]["enum"]}

    def known(trigger, name, condition):
        body = {"trigger": trigger, "action": "Assign Staff", "conditions": [condition]}
        refusal = admin.post("/api/workflows/preview", body)
        assert refusal.status == 400, refusal
        said = refusal.json["details"][f"conditions[0].{name}"]
        assert said.startswith("must be one of: ")
        return said.removeprefix("must be one of: ").split(", ")

    checked = {}
    for trigger in schemas["Workflow"]["properties"]["trigger"]["enum"]:
        for field in known(trigger, "field", {"field": "?", "operator": "=", "value": 1}):
            condition = {"field": field, "operator": "?", "value": 1}
            checked[field] = known(trigger, "operator", condition)
    assert checked == described
