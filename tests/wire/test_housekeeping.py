"""What `smartflow deliver` removes beside delivering, and what it leaves alone."""
import pytest

from instance import wait_until
from outbox import http_sink  # noqa: F401
from trail import template, trail  # noqa: F401

USER = "(select min(id) from smartflow.users)"


@pytest.fixture
def kept(trail):
    """A database with a user, who can have keys and sessions."""
    trail.query("insert into smartflow.users (username, name, role) values ('ada', 'Ada', 'staff')")
    return trail


def keys(kept, count, age, prefix=""):
    kept.query("insert into smartflow.idempotency_keys (user_id, key, fingerprint, created_at)"
               f" select {USER}, sha256((%s || n)::bytea), '', now() - %s::interval"
               " from generate_series(1, %s) as n", prefix + age, age, count)


def credential(kept, name, kind, used, expires):
    kept.query("insert into smartflow.credentials (user_id, kind, digest, name, user_agent,"
               f" last_used_at, expires_at) values ({USER}, %s, %s, %s, %s, now() - %s::interval,"
               " now() + %s::interval)", kind, name.encode(), name if kind == "token" else None,
               name, used, expires)


def delivery(kept, name, state, age):
    kept.query("insert into smartflow.deliveries (event, run_id, channel, target, content, state,"
               " created_at, delivered_at, next_attempt_at) values (%s, 0, 'email', 'a@b.example',"
               " '', %s, now() - %s::interval, case %s when 'delivered' then now() - %s::interval"
               " end, case %s when 'pending' then now() + '1 day' end)",
               name, state, age, state, age, state)
    kept.query("insert into smartflow.delivery_attempts (delivery_id, duration_ms)"
               " select id, 1 from smartflow.deliveries where event = %s", name)


def names(kept, column, table):
    return {name for name, in kept.query(f"select {column} from smartflow.{table}")}


def test_removes_what_is_over_and_nothing_else(kept):
    keys(kept, 3, "24 hours 2 minutes")
    keys(kept, 2, "23 hours 59 minutes")
    credential(kept, "expired", "session", "1 minute", "-1 second")
    credential(kept, "idle", "session", "12 hours 1 second", "20 days")
    credential(kept, "in use", "session", "11 hours 59 minutes", "20 days")
    credential(kept, "script", "token", "300 days", "20 days")
    credential(kept, "old script", "token", "300 days", "-20 days")
    for account, age in (("over", "15 minutes 1 second"), ("counts", "14 minutes")):
        kept.query("insert into smartflow.login_attempts (account, network, started_at, failed)"
                   " values (%s, '10.0.0.1', now() - %s::interval, true)", account, age)
    for state in ("delivered", "failed", "pending"):
        delivery(kept, f"old {state}", state, "30 days 1 hour")
        delivery(kept, f"new {state}", state, "29 days")
    trail_before = kept.query("select count(*) from smartflow.audit_log")
    assert kept.deliver() == []
    assert len(kept.query("select 1 from smartflow.idempotency_keys")) == 2
    assert names(kept, "user_agent", "credentials") == {"in use", "script", "old script"}
    assert names(kept, "account", "login_attempts") == {"counts"}
    left = {"new delivered", "old failed", "new failed", "old pending", "new pending"}
    assert names(kept, "event", "deliveries") == left
    assert len(kept.query("select 1 from smartflow.delivery_attempts")) == len(left)
    assert kept.query("select count(*) from smartflow.audit_log") == trail_before


def test_removes_in_small_batches_and_waits_for_nobody(kept):
    keys(kept, 1100, "25 hours")
    holder = kept.connect(autocommit=False)
    holder.cursor().execute("select from smartflow.idempotency_keys limit 1 for update")
    clear = "select smartflow_api.deliver_clear(500)"
    assert [kept.query(clear)[0][0] for _ in range(4)] == [500, 500, 99, 0]
    holder.rollback()
    assert kept.query(clear) == [(1,)]


def test_a_killed_follower_leaves_whole_batches(kept):
    keys(kept, 600, "25 hours")
    kept.query("insert into smartflow.login_attempts (account, network, started_at)"
               " values ('over', '10.0.0.1', now() - interval '1 hour')")
    blocker = kept.connect(autocommit=False)
    blocker.cursor().execute("lock table smartflow.login_attempts in exclusive mode")
    follower = kept.follow(waiting=False)
    wait_until(lambda: kept.query("select 1 from pg_locks where not granted"), 10, "it clears")
    follower.kill()
    follower.wait()
    assert len(kept.query("select 1 from smartflow.idempotency_keys")) == 600
    blocker.rollback()

    def cleared():
        kept.deliver()
        return not kept.query("select 1 from smartflow.idempotency_keys")

    wait_until(cleared, 10, "all are removed")


def test_deliveries_dont_wait_for_it(kept, http_sink):
    keys(kept, 1, "25 hours")
    blocker = kept.connect(autocommit=False)
    blocker.cursor().execute("lock table smartflow.idempotency_keys in exclusive mode")
    kept.follow(waiting=False)
    wait_until(lambda: kept.query("select 1 from pg_locks where not granted"), 10, "it clears")
    event = kept.post(http_sink.url + "/ok")
    wait_until(lambda: kept.state(event) == "delivered", 5, "it is sent")
    blocker.rollback()
    wait_until(lambda: not kept.query("select 1 from smartflow.idempotency_keys"), 5, "it is done")


def test_folds_the_totals_and_seals_the_trail_on_the_way(kept):
    kept.query("set search_path = smartflow_api, smartflow;"
               "insert into products (name, price) values ('Tea', 2), ('Milk', 1), ('Salt', 1);"
               "insert into inventory (product_id, on_hand, min_stock)"
               " select id, 5, 0 from products")
    assert kept.query("select count(*) from smartflow_api.unfolded")[0][0] > 0
    assert kept.deliver() == []
    assert kept.query("select count(*) from smartflow_api.unfolded") == [(0,)]
    assert kept.sealed()[0] == len(kept.query("select 1 from smartflow.audit_log")) > 0
