"""What somebody has been told is on disk. An order frees the rows it locks before its own commit is
(publish_released in 01_session.sql), so for a moment others see what a crash would undo: whoever tells of
that waits for the disk first.
"""
import contextlib
import secrets
import time

import pytest

from faults import order_call, place
from http_client import make_client
from instance import wait_until
from outbox import delivering_shop, http_sink, mail_sink, migrated, outbox  # noqa: F401


@pytest.fixture(scope="module")
def shop(own_shop):
    """One whose server writes nothing to disk by itself for ten seconds."""
    own_shop.query("alter system set wal_writer_delay = '10s'")
    own_shop.query("select pg_reload_conf()")
    return own_shop


@pytest.fixture(scope="module")
def admin(shop):
    return make_client(shop)


def is_on_disk(shop, position):
    """Whether the log has been flushed up to there."""
    return shop.value("select pg_current_wal_flush_lsn() >= %s::pg_lsn", (position,))


def unflushed(shop, statement, arguments=None):
    """Commits without waiting for the disk; where the log ends then. It is not on disk."""
    connection = shop.connect()
    with connection.cursor() as cursor:
        cursor.execute("set synchronous_commit = off")
        cursor.execute(statement, arguments)
        cursor.execute("select pg_current_wal_insert_lsn()::text")
        [position] = cursor.fetchone()
        cursor.execute("select pg_current_wal_flush_lsn() < %s::pg_lsn", (position,))
        assert cursor.fetchone() == (True,), "the commit was flushed: this shows nothing"
    connection.close()
    return position


def end_of_log(shop):
    return shop.value("select pg_current_wal_insert_lsn()::text")


@pytest.mark.parametrize("keyed", [False, True])
def test_an_order_is_on_disk_when_it_is_answered(shop, admin, keyed):
    """Then the log's end is, but for what a background process may add just then."""
    product = admin.product(stock=100)["id"]
    found = []
    for _ in range(9):
        assert place(admin, product, key=secrets.token_hex(8) if keyed else None).status == 201
        found.append(is_on_disk(shop, end_of_log(shop)))
    assert found.count(True) > 6, found


def statuses(answers):
    return [answer.split("\x1f")[0] for answer in answers.split("\x1e")[:-1]]


def test_orders_placed_together_are_on_disk_when_they_are_answered(shop, admin):
    product = admin.product(stock=100)["id"]
    found = []
    with contextlib.closing(shop.connect()) as connection, connection.cursor() as cursor:
        for _ in range(9):
            asks = ", ".join(order_call(admin, [(product, 1)]) for _ in range(2))
            cursor.execute(f"call smartflow_api.orders_create_gathered(array[{asks}], null)")
            [answers] = cursor.fetchone()
            assert statuses(answers) == ["201", "201"]
            found.append(is_on_disk(shop, end_of_log(shop)))
        assert found.count(True) > 6, found
        # One that is refused tells of what others have taken.
        position = unflushed(
            shop, "update smartflow.inventory set reserved = on_hand where product_id = %s", (product,)
        )
        cursor.execute(f"call smartflow_api.orders_create_gathered(array[{asks}], null)")
        [answers] = cursor.fetchone()
        assert statuses(answers) == ["409", "409"]
        assert is_on_disk(shop, position)
    shop.query("update smartflow.inventory set reserved = 0 where product_id = %s", (product,))


def test_a_repeated_request_is_answered_from_what_is_on_disk(shop, admin):
    product = admin.product(stock=100)["id"]
    key = secrets.token_hex(8)
    place(admin, product, key=key)
    position = unflushed(shop, "update smartflow.idempotency_keys set replays = replays")
    again = place(admin, product, key=key)
    assert again.status == 201 and again.headers["Idempotent-Replayed"] == "true"
    assert is_on_disk(shop, position)


def test_a_refusal_rests_on_what_is_on_disk(shop, admin):
    product = admin.product(stock=5)["id"]
    position = unflushed(
        shop, "update smartflow.inventory set reserved = on_hand where product_id = %s", (product,)
    )
    answer = place(admin, product)
    assert answer.code == "INSUFFICIENT_STOCK"
    assert is_on_disk(shop, position)
    # A stocktake below what is reserved, which another family refuses.
    position = unflushed(
        shop, "update smartflow.inventory set version = version + 1 where product_id = %s", (product,)
    )
    answer = admin.post(f"/api/products/{product}/adjustments", {"delta": -1, "reason": "Broken"})
    assert answer.code == "INVALID_OPERATION"
    assert is_on_disk(shop, position)
    shop.query("update smartflow.inventory set reserved = 0 where product_id = %s", (product,))


def test_reading_waits_for_nothing(shop, admin):
    product = admin.product(stock=5)["id"]
    position = unflushed(
        shop, "update smartflow.inventory set version = version + 1 where product_id = %s", (product,)
    )
    assert admin.get(f"/api/products/{product}").status == 200
    assert not is_on_disk(shop, position)


def test_nothing_is_sent_before_it_is_on_disk(outbox, http_sink):
    """What is to be told of is committed, and not on disk yet, when a deliverer is woken by it."""
    outbox.shop.query("alter system set wal_writer_delay = '10s'")
    outbox.shop.query("select pg_reload_conf()")
    outbox.follow()
    time.sleep(1)  # what it keeps house with is done
    outbox.query("set synchronous_commit = off")
    before = end_of_log(outbox.shop)
    event = outbox.post(http_sink.url + "/hold")
    wait_until(lambda: http_sink.events() == [event], 10, "it is sent")
    assert outbox.shop.value("select pg_current_wal_flush_lsn() > %s::pg_lsn", (before,))
    http_sink.let_go.set()
