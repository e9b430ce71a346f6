"""Bodies cut short, families that die, clients that go away. Every test ends by proving that all is
well again (conftest.py).
"""
import json
import os
import random
import secrets
import signal
import socket
import subprocess
import time

import pytest

from fastcgi import STDIN, Connection, body, head, record
from faults import backends, insist, listed, place, sell_while, terminate
from http_client import Client, at_once, make_client
from instance import ROOT, environment_with, process_state, wait_until

PROGRAMS = ROOT / os.environ.get("BUILD", "build") / "bin"
pytestmark = pytest.mark.usefixtures("all_is_well_again")


@pytest.fixture(scope="module")
def shop(own_shop):
    """These tests break theirs."""
    return own_shop


@pytest.fixture(scope="module")
def admin(shop):
    return make_client(shop)


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
    start, content = head("POST", "/api/products", len(whole(name)), admin.token), record(
        STDIN, whole(name)
    )
    sent = {
        "in a record": start + content[:-5],
        "between records": start + content,
        "in the head": start[:-20],
    }[ending]
    if ending == "between records":  # the length is there: all of the body has come
        sent = start + record(STDIN, whole(name)[:-5])
    with Connection(f"{shop.sockets()}/products.sock") as connection:
        connection.send(sent)
    time.sleep(0.2)
    assert count(shop, "products", name) == 0


def test_an_order_cut_short_by_cgi_writes_nothing(shop, admin):
    product = admin.product()["id"]
    name = secrets.token_hex(8)
    content = json.dumps(
        {"customerName": name, "items": [{"productId": product, "quantity": 1}]}
    ).encode()
    variables = {
        "REQUEST_METHOD": "POST",
        "REQUEST_URI": "/api/orders",
        "REMOTE_ADDR": "127.0.0.1",
        "CONTENT_TYPE": "application/json",
        "HTTP_AUTHORIZATION": f"Bearer {admin.token}",
        "GATEWAY_INTERFACE": "CGI/1.1",
        "DATABASE_URL": shop.database_url(),
    }
    for length, status in ((len(content) + 1, 400), (len(content), 201)):
        done = subprocess.run(
            [PROGRAMS / "orders"],
            input=content,
            capture_output=True,
            timeout=20,
            check=True,
            env=environment_with(CONTENT_LENGTH=str(length), **variables),
        )
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

    product = step(
        "POST",
        "/api/products",
        {"name": "A", "stock": 10, "minStock": 0, "price": 2},
        secrets.token_hex(8),
    ).json["id"]
    lines = [{"productId": product, "quantity": 3}]
    order = step(
        "POST", "/api/orders", {"customerName": "A", "items": lines}, secrets.token_hex(8)
    ).json["id"]
    assert step("GET", f"/api/products/{product}").json["available"] == 7
    assert step("PATCH", f"/api/orders/{order}", {"items": lines * 2}).status == 200
    assert step("PATCH", f"/api/orders/{order}", {"status": "Completed"}).status == 200
    assert (
        step(
            "POST",
            f"/api/products/{product}/adjustments",
            {"delta": 1, "reason": "A"},
            secrets.token_hex(8),
        ).status
        == 201
    )
    left = step("GET", f"/api/products/{product}").json
    assert (left["stock"], left["reserved"]) == (5, 0)
    assert [line["quantity"] for line in step("GET", f"/api/orders/{order}").json["items"]] == [
        3,
        3,
    ]


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
        cursor.execute(
            "select from smartflow.inventory where product_id = %s for update", (product,)
        )

    def end():
        wait_until(
            lambda: shop.value(
                "select count(*) from pg_stat_activity where wait_event_type = 'Lock'"
            ),
            5,
            "the order waits",
        )
        os.kill(before, signal.SIGTERM)
        time.sleep(0.3)
        blocker.rollback()

    answer, _ = at_once([lambda: place(admin, product), end])
    blocker.close()
    assert answer.status == 201, answer
    wait_until(lambda: process_state(before) is None, 5, "it ends")


# --- clients that go away ---


@pytest.fixture
def long_list(shop):
    with listed(shop) as path:
        yield path


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
            connection.sendall(
                f"GET {long_list} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer "
                f"{admin.token}\r\n\r\n".encode()
            )
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
