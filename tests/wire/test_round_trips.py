"""Every valid request that isn't a stream is one round trip to the database; login and what sets a
password are two. Counted on the wire, between a family and PostgreSQL.
"""
import hashlib
import json
import os
import pathlib
import re
import secrets
import subprocess
import tempfile

import pytest

from fastcgi import Connection
from instance import FAMILIES, ROOT, environment_with, wait_until
from message_counter import MessageCounter


def connected(path):
    """A connection, or none while nobody listens: the socket is there a moment before."""
    try:
        return Connection(path)
    except OSError:
        return None


class Families:
    """Every family once, as spawn-fcgi starts it, with a counter in front of the database."""

    def __init__(self, shop):
        self.counter = MessageCounter(f"{shop.sockets()}/postgres/.s.PGSQL.5432")
        self.folder = tempfile.mkdtemp(prefix="smartflow-fcgi-", dir="/tmp")
        self.started, self.kept = [], {}
        programs = (ROOT / os.environ.get("BUILD", "build")) / "bin"
        environment = environment_with(
            DATABASE_URL=self.counter.url(), THREADS="2", DATABASE_CONNECTIONS="1"
        )
        for name in FAMILIES:
            path = f"{self.folder}/{name}.sock"
            self.started.append(
                subprocess.Popen(
                    [
                        "setpriv",
                        "--pdeathsig",
                        "TERM",
                        "spawn-fcgi",
                        "-s",
                        path,
                        "-n",
                        "--",
                        programs / name,
                    ],
                    cwd=self.folder,
                    env=environment,
                )
            )
            self.kept[name] = wait_until(lambda p=path: connected(p), 10, f"{name} listens")

    def ask(self, method, path, content=None, token=None, **more):
        """The answer and how many round trips it took."""
        words = re.split("[/?]", path)[2:]
        name = words[0] if words[0] in FAMILIES else "_".join(words[:2])
        self.counter.take()
        body = b"" if content is None else json.dumps(content).encode()
        answer = self.kept[name].ask(method, path, body, token, **more)
        return answer, self.counter.take()

    def close(self):
        for connection in self.kept.values():
            connection.close()
        for process in self.started:
            process.terminate()
        for process in self.started:
            process.wait(10)
        self.counter.close()
        for name in FAMILIES:
            os.unlink(f"{self.folder}/{name}.sock")
        os.rmdir(self.folder)


@pytest.fixture(scope="module")
def families(shop, admin):
    made = Families(shop)
    try:
        for name in FAMILIES:  # connects and prepares
            first = {
                "auth": "/me",
                "admin_backup": "?action=statistics",
                "admin_database": "?action=summary",
            }
            path = f"/api/{name.replace('_', '/')}" + first.get(name, "?limit=1")
            assert made.ask("GET", path, token=admin.token)[0].status == 200
        yield made
    finally:
        made.close()


def declared_routes():
    """Method and path of every route in the families' tables."""
    text = "".join(pathlib.Path(path).read_text("utf-8") for path in ROOT.glob("handlers/*.cpp"))
    return set(re.findall(r'\{"([A-Z]+)", "(/[^"]*)", "', text))


@pytest.fixture(scope="module")
def requests(shop, admin):
    """A valid request of every route: path pattern, path, body, status, round trips."""
    product = admin.product(stock=1000)["id"]
    spare = admin.product()["id"]
    item = [{"productId": product, "quantity": 1}]
    orders = [
        admin.post("/api/orders", {"customerName": "A", "items": item}).json["id"] for _ in range(2)
    ]
    password, name = secrets.token_hex(12), secrets.token_hex(8)
    account = {"username": name, "name": "A", "role": "staff", "password": password}
    user = admin.post("/api/users", account).json["id"]
    admin_account = {**account, "username": name + "2", "role": "admin"}
    assert admin.post("/api/users", admin_account).status == 201
    token = admin.post("/api/auth/tokens", {"name": "A"}).json["id"]
    login = {"username": name + "2", "password": password, "token": True}
    mine = [admin.post("/api/auth/login", login).json["token"] for _ in range(3)]
    sessions = [
        shop.value(
            "select id from smartflow.credentials where digest = %s",
            (hashlib.sha256(one.encode()).digest(),),
        )
        for one in mine
    ]
    new_product = {"name": "A", "stock": 1, "minStock": 0, "price": 1}
    p, o, u, a = "/api/products", "/api/orders", "/api/users", "/api/auth"
    w, n = "/api/workflows", "/api/notifications"
    b, d = "/api/admin/backup", "/api/admin/database"
    rule = {"trigger": "Low Stock", "action": "Send Notification", "enabled": False}
    rules = [admin.post("/api/workflows", rule).json["id"] for _ in range(2)]
    note = shop.value(
        "insert into smartflow.notifications (user_id, message) values (%s, 'A') returning id",
        (admin.user_id,),
    )
    sent = shop.value(  # one that was given up, so that nobody is sending it at the moment
        """insert into smartflow.deliveries (event, run_id, channel, target, content, state, next_attempt_at)
           values (gen_random_uuid(), 1, 'email', 'a@example.test', 'A', 'failed', null) returning id"""
    )
    return [
        # method, route, path, body, status, round trips, whose token (None: the admin's)
        ("GET", p, f"{p}?limit=5&sort=-price&count=true&search=e", None, 200, 1, None),
        ("POST", p, p, new_product, 201, 1, None),
        ("GET", p + "/{id}", f"{p}/{product}", None, 200, 1, None),
        ("PATCH", p + "/{id}", f"{p}/{product}", {"name": "B", "stock": 990}, 200, 1, None),
        ("PATCH", p + "/{id}", f"{p}/{product}", {"name": "B"}, 200, 1, None),
        ("DELETE", p + "/{id}", f"{p}/{spare}", None, 204, 1, None),
        ("GET", p + "/{id}/movements", f"{p}/{product}/movements?limit=5", None, 200, 1, None),
        (
            "POST",
            p + "/{id}/adjustments",
            f"{p}/{product}/adjustments",
            {"delta": 1, "reason": "A"},
            201,
            1,
            None,
        ),
        ("GET", o, f"{o}?limit=5&status=Pending&productId={product}", None, 200, 1, None),
        ("POST", o, o, {"customerName": "A", "items": item}, 201, 1, None),
        ("POST", o, o, {"customerName": "A", "items": item, "status": "Completed"}, 201, 1, None),
        ("GET", o + "/{id}", f"{o}/{orders[0]}", None, 200, 1, None),
        ("PATCH", o + "/{id}", f"{o}/{orders[0]}", {"items": item * 2}, 200, 1, None),
        ("PATCH", o + "/{id}", f"{o}/{orders[0]}", {"status": "Completed"}, 200, 1, None),
        ("DELETE", o + "/{id}", f"{o}/{orders[1]}", None, 204, 1, None),
        ("GET", u, f"{u}?limit=5", None, 200, 1, None),
        ("POST", u, u, {**account, "username": name + "3"}, 201, 2, None),
        ("GET", u + "/{id}", f"{u}/{user}", None, 200, 1, None),
        ("PATCH", u + "/{id}", f"{u}/{user}", {"name": "C"}, 200, 1, None),
        ("PATCH", u + "/{id}", f"{u}/{user}", {"password": secrets.token_hex(12)}, 200, 2, None),
        ("DELETE", u + "/{id}", f"{u}/{user}", None, 204, 1, None),
        ("GET", w, f"{w}?limit=5", None, 200, 1, None),
        ("POST", w, w, rule, 201, 1, None),
        ("GET", w + "/{id}", f"{w}/{rules[0]}", None, 200, 1, None),
        ("PATCH", w + "/{id}", f"{w}/{rules[0]}", {"name": "B"}, 200, 1, None),
        ("DELETE", w + "/{id}", f"{w}/{rules[1]}", None, 204, 1, None),
        ("GET", w + "/runs", f"{w}/runs?limit=5", None, 200, 1, None),
        ("POST", w + "/preview", f"{w}/preview?days=3", rule, 200, 1, None),
        ("GET", w + "/deliveries", f"{w}/deliveries?limit=5", None, 200, 1, None),
        ("POST", w + "/deliveries/{id}/retry", f"{w}/deliveries/{sent}/retry", None, 202, 1, None),
        ("GET", n, f"{n}?limit=5", None, 200, 1, None),
        ("GET", n + "/{id}", f"{n}/{note}", None, 200, 1, None),
        ("PATCH", n + "/{id}", f"{n}/{note}", {"read": True}, 200, 1, None),
        ("GET", b, f"{b}?action=statistics", None, 200, 1, None),
        ("GET", b, f"{b}?action=migration-history", None, 200, 1, None),
        ("GET", d, f"{d}?action=summary", None, 200, 1, None),
        ("GET", d, f"{d}?action=health", None, 200, 1, None),
        ("GET", d, f"{d}?action=audit-logs&limit=5&count=true", None, 200, 1, None),
        ("GET", a + "/me", a + "/me", None, 200, 1, None),
        ("GET", a + "/sessions", a + "/sessions?limit=5", None, 200, 1, mine[0]),
        ("GET", a + "/sessions/{id}", f"{a}/sessions/{sessions[0]}", None, 200, 1, mine[0]),
        ("DELETE", a + "/sessions/{id}", f"{a}/sessions/{sessions[1]}", None, 204, 1, mine[0]),
        ("GET", a + "/tokens", a + "/tokens?limit=5", None, 200, 1, None),
        ("POST", a + "/tokens", a + "/tokens", {"name": "A"}, 201, 1, None),
        ("GET", a + "/tokens/{id}", f"{a}/tokens/{token}", None, 200, 1, None),
        ("DELETE", a + "/tokens/{id}", f"{a}/tokens/{token}", None, 204, 1, None),
        ("POST", a + "/login", a + "/login", login, 200, 2, ""),
        ("POST", a + "/logout", a + "/logout", None, 204, 1, mine[2]),
        (
            "POST",
            a + "/password",
            a + "/password",
            {"currentPassword": password, "newPassword": secrets.token_hex(12)},
            204,
            2,
            mine[0],
        ),
    ]


def test_every_valid_request_takes_as_many_round_trips_as_promised(families, requests, admin):
    wrong = []
    for turn, (method, _, path, content, status, promised, token) in enumerate(requests):
        answer, took = families.ask(method, path, content, admin.token if token is None else token)
        if (answer.status, took) != (status, promised):
            wrong.append(f"{turn}: {method} {path}: {took} round trips, {answer}")
    assert not wrong, "\n".join(wrong)


def test_the_list_of_requests_has_every_route(requests):
    tried = {(method, route) for method, route, *_ in requests}
    # A file that comes in is long work on a connection of its own, and the set-up is no family.
    left_out = {("GET", "/healthz"), ("POST", "/api/admin/backup"),
                ("GET", "/api/setup"), ("POST", "/api/setup")}  # fmt: skip
    assert tried == declared_routes() - left_out


def test_an_idempotency_key_costs_no_round_trip_of_its_own(families, admin):
    key, product = secrets.token_hex(8), admin.product(stock=100)["id"]
    content = {"customerName": "A", "items": [{"productId": product, "quantity": 1}]}
    for replayed in (None, "true"):
        answer, took = families.ask(
            "POST", "/api/orders", content, admin.token, HTTP_IDEMPOTENCY_KEY=key
        )
        assert (answer.status, took) == (201, 1), answer
        assert answer.headers["Idempotent-Replayed"] == replayed


@pytest.mark.parametrize(
    "method, path, content, status",
    [
        ("POST", "/api/products", {"name": ""}, 400),
        ("GET", "/api/products?limit=0", None, 400),
        ("GET", "/api/products/9223372036854775807", None, 404),
        ("PATCH", "/api/orders/9223372036854775807", {"notes": "A"}, 404),
        ("POST", "/api/orders", {"customerName": "A", "items": []}, 400),
    ],
)
def test_an_invalid_request_takes_one_round_trip_at_most(
    families, admin, method, path, content, status
):
    answer, took = families.ask(method, path, content, admin.token)
    assert answer.status == status and took <= 1, (answer, took)


@pytest.mark.parametrize(
    "method, path, status",
    [
        ("GET", "/api/products/x", 404),
        ("PUT", "/api/products", 405),
        ("GET", "/api/orders", 401),
        ("OPTIONS", "/api/users", 204),
    ],
)
def test_what_needs_no_database_asks_none(families, method, path, status):
    answer, took = families.ask(method, path)
    assert (answer.status, took) == (status, 0), answer
