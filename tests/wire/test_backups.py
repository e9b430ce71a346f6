"""Exports that restore, byte for byte; files that don't, and say why; restores that happen whole or
not at all.
"""
import gzip
import http.client
import json
import pathlib
import random
import socket
import threading
import time

import pytest

from data import naughty_strings
from faults import place
from http_client import Client, at_once, make_client
from installations import edited, problems, rows, same
from instance import wait_until

EXPORT = "/api/admin/backup?action=export-json"
VERIFY = "/api/admin/backup?action=verify"
RESTORE = "/api/admin/backup?action=restore"


@pytest.fixture(scope="module")
def shop(own_shop):
    """These tests count what is in it."""
    return own_shop


@pytest.fixture(scope="module")
def admin(shop):
    return make_client(shop)


# --- export, restore, export ---


def test_the_demo_shop_comes_back_byte_for_byte(new, demo):
    _, data = demo
    with new() as other:
        other.restore(data)
        again = other.export("--secrets")
        same(data, again, but=("users", "auditLogs"))
        assert [
            user for user in rows(data, "users") if user["username"] != "admin"
        ] == [user for user in rows(again, "users") if user["username"] != "admin"]
        # Its trail stands beside the local one, with the ids it had.
        brought = [{**row, "origin": None} for row in rows(again, "auditLogs") if row["origin"]]
        assert brought == rows(data, "auditLogs")
        # The books balance, and what comes next gets new ids.
        assert other.wrong_books() == []


def hostile_texts():
    """Strings that a name may be made of: any but control characters and empty ones."""
    kept = [
        text.strip()[:100]
        for text in naughty_strings()
        if text.strip() and all(ord(c) > 31 and not 127 <= ord(c) <= 159 for c in text)
    ]
    return kept + ["\\N", "\\.", "a\\tb", '"', "'", "{}", "\u2028", "\ufeffx", "\U0001f600", "null"]


def test_hostile_strings_in_every_field_come_back_byte_for_byte(new):
    with new() as one, new() as other:
        one.query(
            """
            set search_path = smartflow;
            with texts as (select t, n from unnest(%s::text[]) with ordinality as x (t, n)),
                 made as (insert into products (name, sku, category, description)
                          select t, 'x' || n || left(t, 80), t, t || E'\\n\\t' || t from texts returning id)
            insert into inventory (product_id, on_hand, min_stock) select id, 10.5, 3 from made;
            """.replace("description)", "description, price)").replace(
                "t || E'\\n\\t' || t from", "t || E'\\n\\t' || t, 1.50 from"
            ),
            (hostile_texts(),),
        )
        one.query(
            """
            set search_path = smartflow_api, smartflow;
            insert into users (username, name, email, role, password_hash)
            select n || left(t, 90), t, left(t, 90) || '@x', 'staff', t from unnest(%s::text[]) with ordinality as x (t, n);
            select set_config('smartflow.actor', json_build_object('id', 1, 'username', t, 'role', 'admin',
                              'request', t)::text, false) from unnest(%s::text[]) as t;
            insert into orders (customer_name, customer_email, notes, items, status, total, assigned_to)
            select p.name, left(p.name, 90) || '@x', p.description,
                   format('[{"productId":%%s,"productName":%%s,"quantity":1.5,"price":1.50,"lineTotal":2.25}]',
                          p.id, to_json(p.name))::json, 'Pending', 2.25, 1
              from products p;
            update inventory set reserved = 1.5, ordered = true;
            select set_config('smartflow.reason', p.name, false) from products p order by id desc limit 1;
            update inventory set on_hand = on_hand + 1;
            insert into workflows (name, trigger, action, config)
            select name, 'Low Stock', 'Send Notification', jsonb_build_object('message', 'x' || name) from products;
            insert into workflow_runs (rule_id, rule_name, trigger, action, product_id, outcome, reason)
            select id, name, 'Low Stock', 'Assign Staff', id, 'failed', description from products;
            insert into notifications (user_id, message, product_id) select 1, description, id from products;
            """,
            (hostile_texts(), hostile_texts()),
        )
        data = one.export("--secrets")
        assert len(rows(data, "orders")) > 400
        other.restore(data)
        again = other.export("--secrets")
        same(data, again, but=("users", "auditLogs"))
        assert rows(data, "users")[1:] == rows(again, "users")[1:]
        assert [{**row, "origin": None} for row in rows(again, "auditLogs") if row["origin"]] == rows(
            data, "auditLogs"
        )


def test_an_export_by_http_is_the_same_and_proven_by_verify(new, shop, admin):
    product = admin.product(stock=7.125)
    assert place(admin, product["id"], 2.5).status == 201
    answer = admin.get(EXPORT)
    assert answer.headers.get_filename().startswith("smartflow-20")
    assert "password" not in answer.body.decode()
    assert problems(admin, answer.body) == []
    statistics = admin.get("/api/admin/backup?action=statistics").json
    assert statistics["lastProvenBackup"]["at"] == answer.json["exportedAt"]
    assert statistics["lastProvenBackup"]["bytes"] == len(answer.body)
    trail = shop.query(
        "select action, username from smartflow.audit_log where entity = 'backup' order by id"
    )
    assert [action for action, _ in trail][-2:] == ["export", "verify"]
    with new() as other:
        other.restore(answer.body)
        same(answer.body, other.export(), but=("users", "auditLogs"))


def test_secrets_come_only_when_asked_for_and_let_users_log_in(new, demo):
    _, data = demo
    hashes = {user["username"]: user["passwordHash"] for user in rows(data, "users")}
    assert all(value.startswith("$argon2id$") for value in hashes.values())
    with new() as other:
        own = other.query("select password_hash from smartflow.users")
        other.restore(data)
        kept = dict(other.query("select username, password_hash from smartflow.users"))
        assert kept["admin"] == own[0][0] != hashes["admin"]
        assert kept["maria"] == hashes["maria"]
        assert other.query("select count(*) from smartflow.credentials") == [(0,)]


def test_an_export_is_compressed_when_asked(shop, admin):
    connection = http.client.HTTPConnection(shop.host, shop.port, timeout=60)
    headers = {"Authorization": f"Bearer {admin.token}", "Accept-Encoding": "gzip"}
    connection.request("GET", EXPORT, headers=headers)
    answer = connection.getresponse()
    assert answer.headers["Content-Encoding"] == "gzip"
    assert json.loads(gzip.decompress(answer.read()))["format"] == "smartflow"
    connection.close()


def test_an_export_under_concurrent_writes_adds_up(shop, admin):
    products = [admin.product(stock=1_000_000)["id"] for _ in range(3)]
    stop = threading.Event()

    def sell():
        client, made = Client(shop, admin.token), 0
        while not stop.is_set():
            assert place(client, random.choice(products), 3).status == 201
            made += 1
        client.close()
        return made

    def export():
        taken = []
        for _ in range(3):
            taken.append(Client(shop, admin.token).get(EXPORT).body)
            time.sleep(0.2)
        stop.set()
        return taken

    made, _, taken = at_once([sell, sell, export])
    assert made > 0
    for data in taken:
        # Verifying holds ledger, reservations and totals against each other.
        assert problems(admin, data) == []


# --- what is refused ---


FAULTS = {
    "a newer form": lambda d: d.update(version=2),
    "a newer database": lambda d: d.update(schemaVersion=999),
    "another format": lambda d: d.update(format="other"),
    "sessions": lambda d: d.update(sessions=[{"id": 1, "digest": "00"}]),
    "an unknown member": lambda d: d["orders"][0].update(extra=1),
    "a missing member": lambda d: d["orders"][0].pop("notes"),
    "a text as a number": lambda d: d["products"][0].update(name=7),
    "a number as a text": lambda d: d["products"][0].update(price="1.00"),
    "a rounded price": lambda d: d["products"][0].update(price=1.005),
    "an empty name": lambda d: d["products"][0].update(name=""),
    "a negative stock": lambda d: d["products"][0].update(stock=-1),
    "a moment of words": lambda d: d["products"][0].update(createdAt="now"),
    "an endless moment": lambda d: d["products"][0].update(createdAt="infinity"),
    "an id twice": lambda d: d["products"].insert(1, d["products"][0]),
    "ids out of order": lambda d: d["products"].reverse(),
    "a stock that the ledger doesn't explain": lambda d: d["products"][0].update(
        stock=d["products"][0]["stock"] + 1, available=d["products"][0]["available"] + 1
    ),
    "a reservation nobody has": lambda d: d["products"][0].update(
        reserved=1, available=d["products"][0]["stock"] - 1
    ),
    "a total that isn't": lambda d: d["orders"][0].update(total=d["orders"][0]["total"] + 1),
    "an order of a product that isn't there": lambda d: d["products"].pop(0),
    "a status that isn't": lambda d: d["orders"][0].update(status="Lost"),
    "items of another form": lambda d: d["orders"][0].update(items={"a": 1}),
    "items with something more": lambda d: d["orders"][0]["items"][0].update(more=1),
    "a rule that could not work": lambda d: d["workflows"][0].update(conditions=[{"field": "x"}]),
    "a rule for nobody": lambda d: d["users"].pop(1),
    "a notification for nobody": lambda d: d["notifications"][0].update(userId=99),
    "an outcome that isn't": lambda d: d["runs"][0].update(outcome="lost"),
    "a movement of nothing": lambda d: d["movements"][0].update(delta=0),
    "a negative balance": lambda d: d["movements"][0].update(balance=-1),
    "a line of nothing": lambda d: d["orders"][0]["items"][0].update(quantity=0),
    "a movement that was changed": lambda d: d["movements"][0].update(delta=5000),
    "an audit row that was changed": lambda d: d["auditLogs"][3].update(action="delete"),
    "an action that isn't": lambda d: d["auditLogs"][-1].update(action="lose"),
    "an entity that isn't": lambda d: d["auditLogs"][-1].update(entity="ghost"),
    "an audit row that was removed": lambda d: d["auditLogs"].pop(3),
    "a trail without a head": lambda d: d.update(auditHead=None),
}


def test_an_export_that_was_written_anew_unchanged_is_proven(admin, small):
    assert problems(admin, small) == [] == problems(admin, edited(small))


@pytest.mark.parametrize("fault", FAULTS)
def test_a_changed_file_is_refused_even_with_the_right_digest(shop, admin, small, fault):
    data = edited(small, FAULTS[fault])
    found = problems(admin, data)
    assert found and all(len(problem) > 10 for problem in found)
    assert not any("ERROR" in problem or "pg_temp" in problem for problem in found), found


def texts_that_are_no_export(data):
    yield "nothing", b"", 400
    yield "no JSON", b"<html></html>", 400
    yield "a list", b"[]", 400
    yield "a byte-order mark", b"\xef\xbb\xbf" + data, 400
    yield "an empty object", b"{}", 200
    yield "something after it", data + b"{}", 200
    yield "a NUL", data.replace(b"demo", b"de\0o", 1), 200
    yield "an altered byte", data.replace(b"Alpine", b"Alpina", 1), 200
    yield "a key twice", data.replace(b'"sku":', b'"id":1,"sku":', 1), 200
    yield "invalid UTF-8", data.replace(b"Alpine", b"\xff\xfe\xfd\xfc\xfb\xfa", 1), 200
    yield "a deep row", data.replace(b'"items":[', b'"items":' + b"[" * 5000, 1), 200
    yield "a lone surrogate", data.replace(b"Alpine", b"\\ud800", 1), 200


def test_what_is_no_export_is_said_to_be_none(admin, small):
    for what, data, status in texts_that_are_no_export(small):
        answer = admin.post(VERIFY, data)
        assert answer.status == status, (what, answer)
        assert status != 200 or not answer.json["ok"], what


def test_a_file_cut_anywhere_is_never_json_and_never_restores(new, admin, small):
    places = [1, 40, 200, *random.sample(range(300, len(small)), 12), len(small) - 3]
    for place_ in places:
        cut = small[:place_]
        with pytest.raises(ValueError):
            json.loads(cut)
        assert problems(admin, cut)
    with new() as other:
        before = other.query("select count(*), max(id) from smartflow.users")
        assert "ends too early" in other.restore(small[: len(small) // 2], fails=True)
        assert other.query("select count(*), max(id) from smartflow.users") == before
        assert other.query("select count(*) from smartflow.products") == [(0,)]


# --- who, and what becomes of a client that goes away ---


def test_only_administrators_and_writers(shop, small):
    staff, reader = make_client(shop, "staff"), make_client(shop, read_only=True)
    for path in (EXPORT, "/api/admin/backup?action=statistics"):
        assert staff.get(path).status == 403
        assert Client(shop).get(path).status == 401
    assert reader.get(EXPORT).status == 200
    assert reader.post(VERIFY, small).status == 403
    assert staff.post(VERIFY, small).status == 403
    assert Client(shop).post(RESTORE, small).status == 401


def test_a_stranger_who_sends_a_large_file_slowly_holds_no_thread(shop, admin):
    """The answer comes before the file, and the connection ends."""
    head = (
        f"POST {RESTORE} HTTP/1.1\r\nHost: {shop.host}\r\nContent-Type: application/json\r\n"
        "Content-Length: 100000000\r\n\r\n"
    ).encode()
    connections = [socket.create_connection((shop.host, shop.port), timeout=10) for _ in range(40)]
    for connection in connections:
        connection.sendall(head + b'{"format":')
    for connection in connections:
        assert connection.recv(65536).startswith(b"HTTP/1.1 401 ")
    assert admin.get("/api/admin/backup?action=statistics").status == 200
    for connection in connections:
        connection.close()


def fill_with_text(shop, megabytes):
    """Orders with long notes: a large export of few rows."""
    shop.query(
        """
        set session_replication_role = replica; set search_path = smartflow;
        insert into orders (customer_name, items, status, total, notes)
        select 'filler', '[]', 'Pending', 0, repeat('x', 10000) from generate_series(1, %s)
        """,
        (megabytes * 100,),
    )


def test_a_client_gone_in_mid_export_ends_the_query_and_leaves_nothing_open(shop, admin):
    fill_with_text(shop, 60)
    working = (
        "select count(*) from pg_stat_activity where usename = 'smartflow_admin_backup'"
        " and (state <> 'idle' or xact_start is not null)"
    )
    with socket.create_connection((shop.host, shop.port), timeout=20) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.sendall(
            f"GET {EXPORT} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {admin.token}\r\n\r\n".encode()
        )
        assert connection.recv(4096).startswith(b"HTTP/1.1 200")
        wait_until(lambda: shop.value(working) == 1, 5, "it is under way")
    wait_until(lambda: shop.value(working) == 0, 2, "the query has ended")
    last = admin.get("/api/admin/backup?action=statistics").json["lastExport"]
    assert last is None or last["bytes"] < 50_000_000, "what was cut doesn't count"
    shop.query(
        "set session_replication_role = replica; delete from smartflow.orders where customer_name = 'filler'"
    )


# --- backups by the command line ---


def test_backups_rotate_and_an_unproven_one_removes_nothing(new, demo):
    with new() as other:
        other.run("demo")
        folder = f"{other.folder}/kept"
        names = []
        for _ in range(3):
            names.append(other.run("backup", folder, "--keep", "2").splitlines()[-1])
            time.sleep(1.1)
        kept = sorted(path.name for path in pathlib.Path(folder).glob("smartflow-*"))
        assert len(kept) == 2 and all(name.endswith(".json.gz") for name in kept)
        assert other.run("backup", folder, "--daily") == ""
        other.query("set session_replication_role = replica; update smartflow.orders set total = total + 1 where id = 1")
        said = other.run("backup", folder, "--keep", "1", fails=True)
        assert "totals" in said and "order" in said
        left = sorted(path.name for path in pathlib.Path(folder).glob("smartflow-*"))
        assert left[:2] == kept and left[2].endswith(".unproven") and len(left) == 3
        assert other.query("select count(*) filter (where proven_at is not null), count(*) from smartflow.backups") == [(3, 4)]


def test_health_is_degraded_without_a_proven_backup_of_the_last_two_days(shop, admin):
    def backup_check():
        health = admin.get("/api/admin/database?action=health").json
        return next(check for check in health["checks"] if check["name"] == "backup")["status"]

    assert problems(admin, admin.get(EXPORT).body) == []
    assert backup_check() == "ok"
    shop.query("update smartflow.backups set exported_at = now() - interval '49 hours'")
    assert backup_check() == "degraded"
    admin.get(EXPORT)
    assert backup_check() == "degraded", "exported, but not proven"
    assert problems(admin, admin.get(EXPORT).body) == []
    assert backup_check() == "ok"
