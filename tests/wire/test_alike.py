"""Who asks exactly what others are asking shares one answer with them (database_gathering.hpp), that was looked up after
all of them had asked; who reads another product or order shares their call. Each must be answered as if alone.
"""
import collections
import contextlib
import re
import threading
import time

import psycopg2
import pytest

from http_client import Client, at_once, make_client
from instance import wait_until

PAGE = "/api/products?limit=3"
TIMESTAMP = re.compile(rb'(?<="timestamp":")[^"]+(?="})')


@pytest.fixture(scope="module")
def shop(own_shop):
    return own_shop


@pytest.fixture(scope="module")
def admin(shop):
    admin = make_client(shop)
    for name in "ABCDE":
        admin.product(name=name)
    return admin


def looking(shop):
    """How many wait for the table that is held."""
    return shop.value(
        "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and usename in ('smartflow_products', 'smartflow_orders')"
    )


LARGEST_GROUP = 24


class Held:
    """As many as may look for the same page do, and wait for a table that somebody holds."""

    def __init__(self, shop, admin, path=PAGE, table="inventory"):
        self.shop, self.token, self.path, self.table = shop, admin.token, path, table
        self.holder = psycopg2.connect(shop.superuser_url())
        self.answers, self.threads = [], []
        for _ in range(LARGEST_GROUP):  # after groups the second of the two would wait to be nearly as large
            admin.get(path)

    def __enter__(self):
        self.holder.cursor().execute(f"lock table smartflow.{self.table} in access exclusive mode")
        self.ask(2)
        wait_until(lambda: looking(self.shop) == 2, 5, "as many look as may")
        return self

    def ask(self, times, method="GET", path=None, token=None):
        """Asks without waiting for the answers."""
        client = Client(self.shop, token or self.token)
        for _ in range(times):
            thread = threading.Thread(target=lambda: self.answers.append((method, client.ask(method, path or self.path))))
            thread.start()
            self.threads.append(thread)

    def __exit__(self, *_):
        with contextlib.closing(self.holder):
            self.holder.rollback()
        for thread in self.threads:
            thread.join()


def told(answer):
    """What it says, but for when."""
    body = TIMESTAMP.sub(b"now", answer.body)
    return answer.status, body, answer.headers["Link"], answer.headers["X-Total-Count"], answer.headers["Content-Length"]


@pytest.mark.parametrize(
    "path", [PAGE, f"{PAGE}&count=true", f"{PAGE}&sort=-name", "/api/products?limit=3&search=nothing", "/api/products/1", "/api/products/9"]
)
def test_who_asks_the_same_meanwhile_shares_the_next_look(shop, admin, path):
    alone, head = admin.get(path), admin.ask("HEAD", path)
    with Held(shop, admin, path) as held:
        held.ask(3)
        held.ask(2, method="HEAD")
        time.sleep(0.3)
        assert looking(shop) == 2
        held.ask(1, path="/api/products?limit=4")
        wait_until(lambda: looking(shop) == 3, 5, "another page doesn't wait for this one")
    got = [(method, told(answer)) for method, answer in held.answers]
    assert got.count(("GET", told(alone))) == 5, (alone, got)
    assert got.count(("HEAD", told(head))) == 2, (head, got)


@pytest.fixture
def calls(shop):
    """How often a function has been called since, and refused nothing."""
    shop.query("alter system set track_functions = 'all'")
    shop.query("select pg_reload_conf()")
    time.sleep(0.2)
    shop.query("select pg_stat_reset()")
    yield lambda name: shop.value("select coalesce(sum(calls), 0) from pg_stat_user_functions where funcname = %s", (name,))
    shop.query("alter system reset track_functions")
    shop.query("select pg_reload_conf()")


@pytest.mark.parametrize("family", ["products", "orders"])
def test_who_reads_something_else_meanwhile_shares_the_next_call(shop, admin, calls, family):
    there = [admin.product()["id"] for _ in range(12)]
    if family == "orders":
        items = [[{"productId": product, "quantity": 1}] for product in there]
        there = [admin.post("/api/orders", {"customerName": "A", "items": one}).json["id"] for one in items]
    asked = [(f"/api/{family}/{number}", None) for number in there]
    asked += [(f"/api/{family}/{there[0]}", make_client(shop, "staff").token), (f"/api/{family}/{there[1]}", "0" * 64)]
    asked += [(f"/api/{family}/{there[2]}", make_client(shop, read_only=True).token), (f"/api/{family}/999999999", None)]
    if family == "products":
        archived = there[3]
        sale = {"customerName": "A", "status": "Completed", "items": [{"productId": archived, "quantity": 1}]}
        assert admin.post("/api/orders", sale).status == 201
        assert admin.delete(f"/api/products/{archived}").status == 204
        asked += [(f"/api/products/{archived}?archived=true", None), ("/api/products/999999999?archived=true", None)]
    alone = [Client(shop, token or admin.token).get(path) for path, token in asked]
    refused = sum(answer.status != 200 for answer in alone)
    assert refused == (4 if family == "products" else 2)
    first = admin.get(f"/api/{family}/1")
    with Held(shop, admin, f"/api/{family}/1", "orders" if family == "orders" else "inventory") as held:
        for path, token in asked:
            held.ask(1, path=path, token=token)
        time.sleep(0.3)
        assert looking(shop) == 2
    got = collections.Counter(told(answer) for _, answer in held.answers)
    assert got == collections.Counter(map(told, [*alone, first, first]))
    of_those_alone = len(asked) - refused + 1 + LARGEST_GROUP + 2 + 1  # and of Held; one may lead a group of his own
    # PostgreSQL's sessions tell of their calls within ten seconds.
    wait_until(lambda: calls(f"{family}_read_many") > 0, 10, "they were called together")
    assert calls(f"{family}_read_many") <= 6
    assert calls(f"{family}_read") <= of_those_alone, "alone went who isn't refused"


def test_whoever_has_no_login_gets_no_answer_of_others(shop, admin):
    with Held(shop, admin) as held:
        held.ask(2)  # who lead the next two groups
        time.sleep(0.1)
        held.ask(2, token="0" * 64)
        time.sleep(0.1)
    assert sorted(answer.status for _, answer in held.answers) == [200] * 4 + [401] * 2


def test_a_connection_that_breaks_under_many_is_nobodys_failure(shop, admin):
    with Held(shop, admin) as held:
        held.ask(4)
        time.sleep(0.3)
        ended = shop.query("select pid, pg_terminate_backend(pid) from pg_stat_activity where wait_event_type = 'Lock'")
        wait_until(lambda: looking(shop) == 2, 5, "they look again")
    assert len(ended) == 2
    assert [answer.status for _, answer in held.answers] == [200] * 6


def test_whoever_has_changed_something_sees_it_in_the_page_that_all_ask_for(shop, admin):
    """Twelve clients, each with a product of its own, and the same page for all."""
    products = [admin.product()["id"] for _ in range(12)]

    def work(product):
        client = Client(shop, admin.token)
        for turn in range(25):
            name = f"{product}, turn {turn}"
            assert client.patch(f"/api/products/{product}", {"name": name}).status == 200
            seen = {listed["id"]: listed["name"] for listed in client.get("/api/products?limit=50&sort=-id").json}
            assert seen[product] == name
        return True

    assert at_once([lambda product=product: work(product) for product in products]) == [True] * 12
