"""Random walks over products and orders, held step by step against a model of sections 3 and 4."""
from decimal import ROUND_HALF_UP, Decimal
import json
import os

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)
import pytest

CENT = Decimal("0.01")
# All so short that a float is written as they are.
QUANTITIES = st.sampled_from(["1", "2", "2.5", "0.001", "7", "3.333"]).map(Decimal)
STOCKS = st.sampled_from(["10", "12.5", "40", "3", "0"]).map(Decimal)
PRICES = st.sampled_from(["0", "0.01", "19.90", "3.33"]).map(Decimal)
STATUSES = st.sampled_from(["Pending", "Processing", "Completed"])


class Product:
    """What the model knows of a product."""

    def __init__(self, stock, price):
        self.stock, self.reserved, self.price = stock, Decimal(0), price
        self.archived = self.named = False

    @property
    def available(self):
        return self.stock - self.reserved


class Order:
    """What the model knows of an order: lines of (product, quantity, price)."""

    def __init__(self, lines, status, reduced):
        self.lines, self.status, self.reduced = lines, status, reduced

    def held(self):
        """What it holds or took of each product."""
        goods = {}
        for product, quantity, _ in self.lines:
            goods[product] = goods.get(product, 0) + quantity
        return goods

    def total(self):
        return sum(
            ((quantity * price).quantize(CENT, ROUND_HALF_UP) for _, quantity, price in self.lines),
            Decimal(0),
        )


class Walk(RuleBasedStateMachine):
    """Each rule does a step in both worlds and compares the answers."""

    shop = client = None  # set by the test
    products, orders = Bundle("products"), Bundle("orders")
    lines = st.lists(st.tuples(products, QUANTITIES, st.none() | PRICES), min_size=1, max_size=3)

    def __init__(self):
        super().__init__()
        self.model, self.books = {}, {}

    def ask(self, method, path, body=None):
        return self.client.ask(method, path, body)

    @initialize(reducing=st.booleans())
    def choose_the_rule(self, reducing):
        """With and without New Order → Reduce Stock."""
        self.reducing = reducing
        self.shop.query("update smartflow.workflows set enabled = %s where id = 1", (reducing,))

    @initialize(target=products, given=st.lists(st.tuples(STOCKS, PRICES), min_size=2, max_size=2))
    def begin_with_some_products(self, given):
        return multiple(*(self.make_product(stock, price) for stock, price in given))

    def make_product(self, stock, price):
        made = self.ask(
            "POST",
            "/api/products",
            {"name": "P", "stock": float(stock), "minStock": 3, "price": float(price)},
        )
        assert made.status == 201, made
        self.model[made.json["id"]] = Product(stock, price)
        return made.json["id"]

    @rule(target=products, stock=STOCKS, price=PRICES)
    def create_a_product(self, stock, price):
        return self.make_product(stock, price)

    @rule(product=products, delta=st.sampled_from(["5", "-1", "-4.5", "0.001"]).map(Decimal))
    def adjust(self, product, delta):
        p = self.model[product]
        answer = self.ask(
            "POST",
            f"/api/products/{product}/adjustments",
            {"delta": float(delta), "reason": "walk"},
        )
        if p.archived:
            assert answer.status == 404, answer
        elif p.stock + delta < p.reserved:
            assert answer.code == "INVALID_OPERATION", answer
        else:
            assert answer.status == 201, answer
            p.stock += delta
            assert Decimal(str(answer.json["balance"])) == p.stock

    @rule(product=products, stock=STOCKS, price=PRICES)
    def take_stock(self, product, stock, price):
        p = self.model[product]
        answer = self.ask(
            "PATCH", f"/api/products/{product}", {"stock": float(stock), "price": float(price)}
        )
        if p.archived:
            assert answer.status == 404, answer
        elif stock < p.reserved:
            assert answer.code == "INVALID_OPERATION", answer
        else:
            assert answer.status == 200, answer
            p.stock, p.price = stock, price

    @rule(product=products)
    def delete_a_product(self, product):
        p = self.model[product]
        answer = self.ask("DELETE", f"/api/products/{product}")
        if p.archived:
            assert answer.status == 404, answer
        elif any(product in o.held() and o.status != "Completed" for o in self.books.values()):
            assert answer.code == "INVALID_OPERATION", answer
        else:
            assert answer.status == 204, answer
            p.archived = True
            if not p.named:  # really gone: nothing brings it back
                self.model[product].gone = True

    @rule(product=products)
    def bring_a_product_back(self, product):
        p = self.model[product]
        answer = self.ask("PATCH", f"/api/products/{product}", {"archived": False})
        if hasattr(p, "gone"):
            assert answer.status == 404, answer
        else:
            assert answer.status == 200 and answer.json["archived"] is False, answer
            p.archived = False

    def wanted(self, lines):
        return [
            {
                "productId": product,
                "quantity": float(quantity),
                **({} if price is None else {"price": float(price)}),
            }
            for product, quantity, price in lines
        ]

    def check_refusal(self, answer, lines, before):
        """What is wrong with these lines; whether they were refused. `before` is what the order
        itself holds, which counts as available to it."""
        unknown = {
            f"items[{n}].productId"
            for n, (product, _, _) in enumerate(lines)
            if self.model[product].archived and product not in before
        }
        asked = {}
        for product, quantity, _ in lines:
            asked[product] = asked.get(product, 0) + quantity
        short = {
            f"items[{n}].quantity"
            for n, (product, _, _) in enumerate(lines)
            if asked[product] > self.model[product].available + before.get(product, 0)
        }
        if unknown:
            assert answer.code == "VALIDATION_ERROR", answer
            assert set(answer.json["details"]) == unknown, answer
        elif short:
            assert answer.code == "INSUFFICIENT_STOCK", answer
            assert set(answer.json["details"]) == short, answer
        return bool(unknown or short)

    def move(self, goods, sign, reduced):
        """Books goods as reserved, or as taken where the stock was reduced."""
        for product, quantity in goods.items():
            if reduced:
                self.model[product].stock -= sign * quantity
            else:
                self.model[product].reserved += sign * quantity

    def complete(self, order):
        if not order.reduced:
            self.move(order.held(), -1, False)
            self.move(order.held(), 1, True)
        order.status, order.reduced = "Completed", True

    @rule(target=orders, lines=lines, status=st.none() | STATUSES)
    def create_an_order(self, lines, status):
        answer = self.ask(
            "POST",
            "/api/orders",
            {
                "customerName": "W",
                "items": self.wanted(lines),
                **({} if status is None else {"status": status}),
            },
        )
        if self.check_refusal(answer, lines, {}):
            return multiple()
        assert answer.status == 201, answer
        made = Order(
            [
                (product, quantity, self.model[product].price if price is None else price)
                for product, quantity, price in lines
            ],
            status or "Pending",
            self.reducing,
        )
        for product in made.held():
            self.model[product].named = True
        self.move(made.held(), 1, made.reduced)
        if status == "Completed":
            self.complete(made)
        self.books[answer.json["id"]] = made
        return answer.json["id"]

    @rule(order=orders, status=STATUSES)
    def set_the_status(self, order, status):
        o = self.books.get(order)
        answer = self.ask("PATCH", f"/api/orders/{order}", {"status": status})
        if o is None:
            assert answer.status == 404, answer
        elif o.status == "Completed" and status != "Completed":
            assert answer.code == "INVALID_OPERATION", answer
        else:
            assert answer.status == 200, answer
            if status == "Completed" and o.status != "Completed":
                self.complete(o)
            o.status = status

    @rule(order=orders, lines=lines)
    def replace_the_items(self, order, lines):
        o = self.books.get(order)
        answer = self.ask("PATCH", f"/api/orders/{order}", {"items": self.wanted(lines)})
        if o is None:
            assert answer.status == 404, answer
            return
        if o.status == "Completed":
            assert answer.status in (200, 400, 409), answer  # 200 only where nothing changes
            return
        before = o.held()
        if self.check_refusal(answer, lines, before):
            return
        assert answer.status == 200, answer
        old, turn, priced = {}, {}, []
        for product, _, price in o.lines:
            old.setdefault(product, []).append(price)
        for product, quantity, price in lines:
            n = turn[product] = turn.get(product, -1) + 1
            if price is None:
                known = old.get(product)
                price = self.model[product].price if not known else known[min(n, len(known) - 1)]
            priced.append((product, quantity, price))
        self.move(before, -1, o.reduced)
        o.lines = priced
        for product in o.held():
            self.model[product].named = True
        self.move(o.held(), 1, o.reduced)

    @rule(order=orders)
    def delete_an_order(self, order):
        o = self.books.get(order)
        answer = self.ask("DELETE", f"/api/orders/{order}")
        if o is None:
            assert answer.status == 404, answer
        elif o.status == "Completed":
            assert answer.code == "INVALID_OPERATION", answer
        else:
            assert answer.status == 204, answer
            self.move(o.held(), -1, o.reduced)
            del self.books[order]

    @invariant()
    def both_worlds_agree(self):
        for product, p in self.model.items():
            answer = self.ask("GET", f"/api/products/{product}?archived=true")
            if hasattr(p, "gone"):
                assert answer.status == 404, answer
                continue
            shown = json.loads(answer.body, parse_float=Decimal, parse_int=Decimal)
            assert (shown["stock"], shown["reserved"], shown["available"]) == (
                p.stock,
                p.reserved,
                p.available,
            ), (shown, p.__dict__)
            assert (shown["archived"], shown["price"]) == (p.archived, p.price), (shown, p.__dict__)
            assert 0 <= p.reserved <= p.stock
        for order, o in self.books.items():
            shown = json.loads(
                self.ask("GET", f"/api/orders/{order}").body, parse_float=Decimal, parse_int=Decimal
            )
            assert [
                (line["productId"], line["quantity"], line["price"]) for line in shown["items"]
            ] == o.lines, (shown, o.__dict__)
            assert (shown["status"], shown["stockReduced"], shown["total"]) == (
                o.status,
                o.reduced,
                o.total(),
            ), (shown, o.__dict__)

    def teardown(self):
        """At the end the books balance in the database too."""
        mine = (list(self.model),)
        assert (
            self.shop.query(
                """
            select product_id, sum(delta) from smartflow.movements m where product_id = any (%s)
             group by 1 having sum(delta) <> coalesce((select on_hand from smartflow.inventory i
                                                        where i.product_id = m.product_id), 0)""",
                mine,
            )
            == []
        )
        assert (
            self.shop.query(
                """
            select * from smartflow.inventory i where product_id = any (%s) and reserved <> (
                select coalesce(sum(quantity), 0) from smartflow.order_lines l
                  join smartflow.orders o on o.id = l.order_id
                 where l.product_id = i.product_id and not o.stock_reduced)""",
                mine,
            )
            == []
        )
        assert (
            self.shop.query(
                """
            select * from smartflow.orders o where id = any (%s) and total <> (
                select sum(line_total) from smartflow.order_lines l where l.order_id = o.id)""",
                (list(self.books),),
            )
            == []
        )
        self.shop.query("update smartflow.workflows set enabled = true where id = 1")


def walk(shop, client, examples, steps, same_each_time):
    Walk.shop, Walk.client = shop, client
    run_state_machine_as_test(
        Walk,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            database=None,
            derandomize=same_each_time,
            print_blob=True,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_short_walks_agree_with_the_model(shop, admin):
    walk(shop, admin, 40, 40, True)


@pytest.mark.slow
def test_long_walks_agree_with_the_model(shop, admin):
    walk(shop, admin, int(os.environ.get("TEST_WALKS", "300")), 60, False)
