"""Restores: whole or not at all, ids and references, users, ledger and trail; killed at any moment."""
import random
import secrets
import signal
import time

import pytest

from faults import place
from http_client import Client, make_client
from installations import SECTIONS, edited, problems, rows, same, sections
from instance import wait_until

EXPORT = "/api/admin/backup?action=export-json"
VERIFY = "/api/admin/backup?action=verify"
RESTORE = "/api/admin/backup?action=restore"


@pytest.fixture(scope="module")
def shop(own_shop):
    """These tests replace what is in it."""
    return own_shop


@pytest.fixture(scope="module")
def admin(shop):
    return make_client(shop)


def wrong_total(document):
    document["orders"][0]["total"] += 1


def test_a_restore_over_http_needs_an_empty_shop_or_replace(shop, admin, small):
    assert place(admin, admin.product(stock=9)["id"], 4).status == 201
    before = admin.get(EXPORT).body
    refused = admin.post(RESTORE, small)
    assert (refused.status, refused.code) == (409, "INVALID_OPERATION")
    bad = admin.post(RESTORE + "&replace=true", edited(small, wrong_total))
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
    # The users of the file got other ids here.
    same(small, after, but=("users", "orders", "workflows", "notifications", "movements", "auditLogs"))
    for section, reference in ("orders", "assignedTo"), ("notifications", "userId"):
        wanted, found = rows(small, section), rows(after, section)
        assert [{**row, reference: 0} for row in found] == [{**row, reference: 0} for row in wanted]
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


def test_audit_rows_of_a_file_are_never_taken_for_local_ones(new, small):
    with new() as other:
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


def test_taken_ids_are_exchanged_and_references_follow(new, small):
    assert {"userId": 2} in [rule["config"] for rule in rows(small, "workflows")]
    data = edited(small, lambda document: document["orders"][0].update(assignedTo=2))
    with new() as other:
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


def test_the_last_administrator_is_kept_and_sessions_of_the_dismissed_end(new, small):
    def dismiss(document):
        document["users"][0]["role"] = "staff"

    with new() as other:
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
def test_a_restore_killed_at_any_moment_leaves_all_or_nothing(new, demo, small, times):
    _, large = demo
    with new() as other:
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
                assert {name: now[name] for name in SECTIONS[1:5]} == {name: whole[name] for name in SECTIONS[1:5]}
        other.restore(large, "--replace")  # it recovers by itself
