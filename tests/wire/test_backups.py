"""Exports that restore, byte for byte; files that don't, and say why; restores that happen whole or
not at all.
"""
import gzip
import http.client
import json
import pathlib
import random
import secrets
import signal
import socket
import threading
import time

import pytest

from data import naughty_strings
from faults import place
from http_client import Client, at_once, make_client
from installations import SECTIONS, Installation, edited, rows, sections
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


@pytest.fixture(scope="module")
def demo(shop):
    """The demo shop in a database of its own, and an export of it."""
    with Installation(shop) as installation:
        installation.run("demo")
        yield installation, installation.export("--secrets")


def same(before, after, but=()):
    """The sections of two exports are the same bytes."""
    one, other = sections(before), sections(after)
    for name in SECTIONS:
        if name not in but:
            assert one[name] == other[name], name


def problems(admin, data):
    answer = admin.post(VERIFY, data)
    assert answer.status == 200 and answer.json["ok"] == (not answer.json["problems"]), answer
    return answer.json["problems"]


# --- export, restore, export ---


def test_the_demo_shop_comes_back_byte_for_byte(shop, demo):
    _, data = demo
    with Installation(shop) as other:
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


def test_hostile_strings_in_every_field_come_back_byte_for_byte(shop):
    with Installation(shop) as one, Installation(shop) as other:
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


def test_an_export_by_http_is_the_same_and_proven_by_verify(shop, admin):
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
    with Installation(shop) as other:
        other.restore(answer.body)
        same(answer.body, other.export(), but=("users", "auditLogs"))


def test_secrets_come_only_when_asked_for_and_let_users_log_in(shop, demo):
    _, data = demo
    hashes = {user["username"]: user["passwordHash"] for user in rows(data, "users")}
    assert all(value.startswith("$argon2id$") for value in hashes.values())
    with Installation(shop) as other:
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


@pytest.fixture(scope="module")
def small(shop, admin):
    """An export with a row of each kind."""
    with Installation(shop) as installation:
        installation.run("demo")
        installation.query(
            """
            set session_replication_role = replica; set search_path = smartflow;
            delete from orders where id > 3; delete from order_lines where order_id > 3;
            delete from notifications where id > 3; delete from workflow_runs where id > 3;
            delete from products where id not in (select product_id from order_lines);
            delete from inventory where product_id not in (select product_id from order_lines);
            delete from movements where order_id > 3 or product_id not in (select product_id from order_lines);
            update workflows set config = '{"userId": 2}' where action = 'Assign Staff';
            update inventory i set on_hand = (select sum(delta) from movements m where m.product_id = i.product_id);
            update movements m set balance = (select sum(delta) from movements e
                                               where e.product_id = m.product_id and e.id <= m.id);
            """
        )
        data = installation.export()
        assert problems(admin, data) == []
        assert problems(admin, edited(data)) == []
        yield data


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
    "a movement that was changed": lambda d: d["movements"][0].update(delta=5000),
    "an audit row that was changed": lambda d: d["auditLogs"][3].update(action="delete"),
    "an audit row that was removed": lambda d: d["auditLogs"].pop(3),
    "a trail without a head": lambda d: d.update(auditHead=None),
}


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


def test_a_file_cut_anywhere_is_never_json_and_never_restores(shop, admin, small):
    places = [1, 40, 200, *random.sample(range(300, len(small)), 12), len(small) - 3]
    for place_ in places:
        cut = small[:place_]
        with pytest.raises(ValueError):
            json.loads(cut)
        assert problems(admin, cut)
    with Installation(shop) as other:
        before = other.query("select count(*), max(id) from smartflow.users")
        assert "ends too early" in other.restore(small[: len(small) // 2], fails=True)
        assert other.query("select count(*), max(id) from smartflow.users") == before
        assert other.query("select count(*) from smartflow.products") == [(0,)]


# --- restore ---


def test_a_restore_over_http_needs_an_empty_shop_or_replace(shop, admin, small):
    before = admin.get(EXPORT).body
    refused = admin.post(RESTORE, small)
    assert (refused.status, refused.code) == (409, "INVALID_OPERATION")
    bad = admin.post(RESTORE + "&replace=true", edited(small, FAULTS["a total that isn't"]))
    assert (bad.status, bad.code) == (400, "VALIDATION_ERROR") and bad.json["details"]
    same(before, admin.get(EXPORT).body, but=("users", "auditLogs"))
    key = {"Idempotency-Key": secrets.token_hex(8)}
    done = admin.post(RESTORE + "&replace=true", small, headers=key)
    assert done.status == 200 and done.json["restored"]["orders"] == 3, done
    again = admin.post(RESTORE + "&replace=true", small, headers=key)
    assert again.headers["Idempotent-Replayed"] == "true" and again.json == done.json
    assert admin.post(RESTORE, before, headers=key).status == 422
    assert shop.value("select count(*) from smartflow.audit_log where action = 'restore'") == 1
    after = admin.get(EXPORT).body
    same(small, after, but=("users", "movements", "auditLogs"))
    # The ledger keeps what it had, and explains the stock of now.
    ledger = {row["id"]: row for row in rows(after, "movements")}
    assert all(ledger[row["id"]] == row for row in rows(before, "movements"))
    assert problems(admin, after) == []
    # What comes next gets numbers that nobody had, and the shop goes on.
    product = admin.product(stock=5)
    assert product["id"] > max(row["id"] for row in rows(small, "products"))
    assert place(admin, product["id"], 2).status == 201
    integrity = admin.get("/api/admin/database?action=integrity").json
    assert integrity["ok"], [check for check in integrity["checks"] if not check["ok"]]


def test_an_own_backup_restored_keeps_ids_and_doubles_nothing(shop, admin):
    product = admin.product(stock=100, name="Kept")
    data = admin.get(EXPORT).body
    etag = admin.get(f"/api/products/{product['id']}").headers["ETag"]
    assert place(admin, product["id"], 40).status == 201
    assert admin.post(RESTORE + "&replace=true", data).status == 200
    now = admin.get(f"/api/products/{product['id']}")
    assert now.json["stock"] == 100 and now.headers["ETag"] != etag
    movements = admin.get(f"/api/products/{product['id']}/movements").json
    assert [row["delta"] for row in movements] == [100, -40, 40]
    assert movements[-1]["balance"] == 100 and "Restored" in movements[-1]["reason"]
    # Its own trail is here already: no second copy of it.
    assert not [row for row in rows(admin.get(EXPORT).body, "auditLogs") if row["origin"] and row["requestId"] is None and row["id"] == 1][1:]


def test_audit_rows_of_a_file_are_never_taken_for_local_ones(shop, small):
    with Installation(shop) as other:
        other.query("update smartflow.users set name = 'Here'")
        local = other.query("select id, changes::text from smartflow.audit_log where origin is null")
        other.restore(small)
        kept = other.query(
            "select id, changes::text from smartflow.audit_log where origin is null order by id"
        )
        assert kept[: len(local)] == local and len(kept) == len(local) + 1  # the restore's own
        assert other.query("select rows from smartflow.audit_segments") == [
            (len(rows(small, "auditLogs")),)
        ]
        assert other.wrong_books() == []


def test_taken_ids_are_exchanged_and_references_follow(shop, small):
    assert {"userId": 2} in [rule["config"] for rule in rows(small, "workflows")]
    data = edited(small, lambda document: document["orders"][0].update(assignedTo=2))
    with Installation(shop) as other:
        other.query(
            "insert into smartflow.users (username, name, role) values ('ann', 'Ann', 'staff'), ('tom', 'T', 'staff');"
            "insert into smartflow.workflows (name, trigger, action) values ('mine', 'New Order', 'Assign Staff')"
        )
        other.restore(data)
        users = dict(other.query("select username, id from smartflow.users"))
        assert (users["admin"], users["ann"], users["tom"]) == (1, 2, 3) and users["maria"] > 3
        assert other.query("select assigned_to from smartflow.orders order by id limit 1") == [(users["maria"],)]
        rules = other.query("select name, config from smartflow.workflows order by id")
        names = [name for name, _ in rules]
        assert "mine" in names and len(names) == 1 + len(rows(data, "workflows"))
        assert {"userId": users["maria"]} in [config for _, config in rules]


def test_the_last_administrator_is_kept_and_sessions_of_the_dismissed_end(shop, small):
    def dismiss(document):
        document["users"][0]["role"] = "staff"

    with Installation(shop) as other:
        said = other.restore(edited(small, dismiss), fails=True)
        assert "no administrator" in said
        assert other.query("select role from smartflow.users") == [("admin",)]


def test_by_cookie_a_restore_needs_a_fresh_login(shop, small):
    user, token = make_client(shop).user_id, secrets.token_hex(16)
    shop.query(
        "insert into smartflow.credentials (user_id, kind, digest, last_used_at, expires_at, created_at)"
        " values (%s, 'session', sha256(%s::bytea), now(), now() + interval '1 day', now() - interval '16 minutes')",
        (user, token),
    )
    cookie = {"Cookie": f"{cookie_name(shop)}={token}", "Sec-Fetch-Site": "same-origin"}
    client = Client(shop)
    refused = client.post(RESTORE + "&replace=true", small, headers=cookie)
    assert (refused.status, refused.code) == (403, "FORBIDDEN") and "log in again" in refused.json["error"]
    assert client.post(VERIFY, small, headers=cookie).status == 200
    shop.query("update smartflow.credentials set created_at = now() where user_id = %s", (user,))
    assert client.post(RESTORE + "&replace=true", small, headers=cookie).status == 200


def cookie_name(shop):
    """As a login sets it."""
    password = (shop.var / "admin-password").read_text().strip()
    answer = Client(shop).post("/api/auth/login", {"username": "admin", "password": password})
    return answer.headers["Set-Cookie"].split("=")[0]


def kill_while_restoring(other, data, seconds):
    """Restores and is killed after some time; whether it had come to its end before."""
    file = f"{other.folder}/killed.json"
    with open(file, "wb") as out:
        out.write(data)
    process = other.command("restore", file, "--replace")
    time.sleep(seconds)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    return process.returncode == 0


@pytest.mark.parametrize(
    "times", [4, pytest.param(20, marks=pytest.mark.slow)], ids=["few", "many"]
)
def test_a_restore_killed_at_any_moment_leaves_all_or_nothing(shop, demo, small, times):
    _, large = demo
    with Installation(shop) as other:
        other.restore(small)
        whole = sections(other.export())
        began = time.monotonic()
        other.restore(large, "--replace")
        duration = time.monotonic() - began
        other.restore(small, "--replace")
        for _ in range(times):
            kill_while_restoring(other, large, random.uniform(0.1, 1.0) * duration)
            wait_until(
                lambda: not other.query(
                    "select from pg_stat_activity where datname = current_database()"
                    " and pid <> pg_backend_pid() and state <> 'idle'"
                ),
                30,
                "the killed one's session is over",
            )
            left = other.query("select count(*) from smartflow.orders")[0][0]
            assert left in (3, len(rows(large, "orders")))
            assert other.wrong_books() == []
            if left == 3:
                now = sections(other.export())
                assert all(now[name] == whole[name] for name in SECTIONS[1:5])
        other.restore(large, "--replace")  # it recovers by itself


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


def test_backups_rotate_and_an_unproven_one_removes_nothing(shop, demo):
    with Installation(shop) as other:
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
