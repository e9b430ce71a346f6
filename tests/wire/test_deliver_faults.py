"""`smartflow deliver` when it ends in the middle, several of it at once, and in a whole shop."""
import json
import os
import signal
import time

import psycopg2
import pytest

from http_client import make_client
from instance import wait_until
from outbox import delivering_shop, http_sink, mail_sink, migrated, outbox  # noqa: F401
from sinks import signature

# --- programs that end in the middle, several at once ---

def test_is_woken_by_what_comes_in(outbox, http_sink):
    outbox.follow()
    for number in range(3):
        time.sleep(2)  # nobody is on their way to look by themselves any more
        event = outbox.post(http_sink.url + "/ok")
        wait_until(lambda: event in http_sink.events(), 0.9, f"webhook {number} arrives")
        wait_until(lambda: outbox.state(event) == "delivered", 2, "it is marked")


def test_comes_back_by_itself_when_an_attempt_is_due(outbox, http_sink):
    outbox.follow()
    event = outbox.post(http_sink.url + "/status/503")
    wait_until(lambda: len(http_sink.events()) == 2, 10, "the second attempt")
    assert set(http_sink.events()) == {event}


def test_sends_the_same_event_again_when_killed_while_it_is_sent(outbox, http_sink):
    follower = outbox.follow()
    event = outbox.post(http_sink.url + "/hold")
    wait_until(lambda: http_sink.events() == [event], 5, "it is sent")
    follower.kill()
    follower.wait()
    http_sink.let_go.set()
    assert outbox.state(event) == "pending"
    wait_until(lambda: outbox.deliver() or None, 10, "the row is free")
    assert http_sink.events() == [event, event]
    assert outbox.outcome(event) == ("delivered", 204, None)


def test_loses_nothing_when_killed_between_send_and_mark(outbox, http_sink):
    follower = outbox.follow()
    blocker = psycopg2.connect(outbox.shop.database_url(outbox.name))
    blocker.cursor().execute("lock table smartflow.delivery_attempts in exclusive mode")
    event = outbox.post(http_sink.url + "/ok")
    wait_until(lambda: outbox.query("select 1 from pg_locks where not granted"), 5, "it marks")
    assert http_sink.events() == [event]
    follower.kill()
    follower.wait()
    blocker.rollback()
    blocker.close()
    wait_until(lambda: outbox.deliver() or outbox.state(event) == "delivered", 10, "it is done")
    assert http_sink.events("/ok")[:2] in ([event], [event, event])
    assert outbox.state(event) == "delivered"


def test_sends_again_when_its_connection_is_lost_meanwhile(outbox, http_sink):
    outbox.follow()
    event = outbox.post(http_sink.url + "/hold")
    wait_until(lambda: http_sink.events() == [event], 5, "it is sent")
    outbox.query("select pg_terminate_backend(pid) from pg_stat_activity"
                 " where datname = current_database() and application_name = 'smartflow'")
    http_sink.let_go.set()
    wait_until(lambda: outbox.state(event) == "delivered", 10, "it is sent again")
    assert http_sink.events() == [event, event]


def test_two_at_once_send_each_event_once(outbox, http_sink):
    events = {outbox.post(f"{http_sink.url}/ok/{number % 20}") for number in range(200)}
    followers = [outbox.follow(), outbox.follow()]
    wait_until(lambda: len(http_sink.events()) >= 200, 30, "all arrive")
    events |= {outbox.post(f"{http_sink.url}/ok/{number % 20}") for number in range(50)}
    wait_until(lambda: outbox.query("select 1 from smartflow.deliveries where state <> 'delivered'")
               == [], 30, "all are marked")
    assert sorted(http_sink.events()) == sorted(events)
    assert all(follower.poll() is None for follower in followers)


def test_a_silent_receiver_does_not_hold_up_the_rest(outbox, http_sink):
    outbox.follow()
    held = [outbox.post(http_sink.url + "/hold") for _ in range(6)]
    wait_until(lambda: http_sink.events("/hold"), 5, "one is held")
    time.sleep(1.5)
    assert len(http_sink.events("/hold")) == 2  # of a target, whoever sends
    good = outbox.post(http_sink.url + "/ok")
    wait_until(lambda: good in http_sink.events(), 3, "the rest is sent")
    http_sink.let_go.set()
    wait_until(lambda: sorted(http_sink.events("/hold")) == sorted(held), 10, "all are sent")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_ends_at_once_when_asked_while_it_waits(outbox, number):
    follower = outbox.follow()
    began = time.monotonic()
    follower.send_signal(number)
    assert follower.wait(5) == 0
    assert time.monotonic() - began < 1


def test_ends_after_what_is_under_way(outbox, http_sink):
    follower = outbox.follow()
    event = outbox.post(http_sink.url + "/hold")
    wait_until(lambda: http_sink.events() == [event], 5, "it is sent")
    follower.terminate()
    time.sleep(0.5)
    assert follower.poll() is None
    http_sink.let_go.set()
    assert follower.wait(5) == 0
    assert outbox.outcome(event) == ("delivered", 204, None)


def test_ends_in_time_beside_a_silent_receiver_and_keeps_what_arrived(outbox, http_sink):
    follower = outbox.follow()
    with outbox.connection.cursor() as cursor:  # one batch
        cursor.execute("set search_path = smartflow_api, smartflow; begin;"
                       "select post(0, 'webhook', %s, null, '{}');"
                       "select post(0, 'webhook', %s, null, '{}'); commit",
                       [http_sink.url + "/silent", http_sink.url + "/ok"])
    wait_until(lambda: len(http_sink.events()) == 2, 5, "both are sent")
    follower.terminate()
    assert follower.wait(5) == 0
    rows = outbox.query("select target, state, attempts from smartflow.deliveries order by id")
    assert [(state, attempts) for _, state, attempts in rows] == [("pending", 0), ("delivered", 1)]


# --- with the shop around it ---

def notify(client, **config):
    """A rule that tells of new orders."""
    made = client.post("/api/workflows", {"name": "Tell", "trigger": "New Order",
                                          "action": "Send Notification", "config": config})
    assert made.status == 201, made
    return made.json["id"]


def order(client):
    product = client.product()["id"]
    made = client.post("/api/orders", {"customerName": "Ada", "items": [
        {"productId": product, "quantity": 1}]})
    assert made.status == 201, made
    return made.json["id"]


def deliveries_of(client, rule, order_id):
    runs = client.get(f"/api/workflows/runs?ruleId={rule}&orderId={order_id}").json
    return client.get(f"/api/workflows/deliveries?runId={runs[0]['id']}").json


def test_a_running_shop_tells_of_an_order(delivering_shop, http_sink, mail_sink):
    http_sink.requests.clear()
    admin = make_client(delivering_shop)
    rule = notify(admin, channels=["webhook", "email"], url=http_sink.url + "/ok/shop",
                  to="ada@customer.example", message="Order {{order.id}} of {{order.customerName}}")
    placed = order(admin)
    wait_until(lambda: http_sink.events("/ok/shop"), 5, "the webhook arrives")
    wait_until(lambda: any(message.get_content().strip() == f"Order {placed} of Ada"
                           for _, _, message in mail_sink.mails), 5, "the mail arrives")
    (_, headers, body), = [taken for taken in http_sink.requests if taken[0] == "/ok/shop"]
    assert headers["webhook-signature"] == signature(headers, body)
    sent = json.loads(body)
    assert sent["type"] == "order.created" and sent["data"]["order"]["id"] == placed
    rows = wait_until(lambda: [row for row in deliveries_of(admin, rule, placed)
                               if row["state"] == "delivered"][1:] and
                      deliveries_of(admin, rule, placed), 5, "both are marked")
    assert sorted(row["channel"] for row in rows) == ["email", "webhook"]
    admin.delete(f"/api/workflows/{rule}")


def test_a_retry_by_hand_sends_the_same_event_again(delivering_shop, http_sink):
    http_sink.requests.clear()
    admin = make_client(delivering_shop)
    rule = notify(admin, channels=["webhook"], url=http_sink.url + "/status/410")
    placed = order(admin)
    row, = wait_until(lambda: [row for row in deliveries_of(admin, rule, placed)
                               if row["state"] == "failed"], 5, "it is refused")
    assert [attempt["status"] for attempt in row["attempts"]] == [410]
    assert admin.post(f"/api/workflows/deliveries/{row['id']}/retry", {}).status == 202
    wait_until(lambda: http_sink.events("/status/410") == [row["event"]] * 2, 5, "it comes again")
    admin.delete(f"/api/workflows/{rule}")


def test_an_order_does_not_wait_for_what_is_told_of_it(delivering_shop, http_sink):
    admin = make_client(delivering_shop)
    http_sink.let_go.clear()
    rule = notify(admin, channels=["webhook", "email"], url=http_sink.url + "/silent/shop",
                  to="451@customer.example")
    for _ in range(3):
        began = time.monotonic()
        placed = order(admin)
        assert time.monotonic() - began < 1
        assert admin.get(f"/api/orders/{placed}").json["status"] == "Pending"
    http_sink.let_go.set()
    row, = [row for row in wait_until(lambda: [row for row in deliveries_of(admin, rule, placed)
                                               if row["attempts"]], 30, "the mail was tried")
            if row["channel"] == "email"]
    assert row["state"] == "pending" and row["attempts"][0]["status"] == 451
    admin.delete(f"/api/workflows/{rule}")


def test_the_program_is_started_again_when_killed(delivering_shop):
    def follower():
        return [pid for pid in delivering_shop.processes("smartflow")]
    first, = wait_until(follower, 5, "it runs")
    os.kill(first, signal.SIGKILL)
    wait_until(lambda: follower() not in ([], [first]), 5, "another one runs")


def test_delivers_again_after_the_database_was_killed(outbox, http_sink):
    follower = outbox.follow()
    event = outbox.post(http_sink.url + "/ok")
    wait_until(lambda: outbox.state(event) == "delivered", 5, "it delivers")
    old = outbox.shop.postmaster()
    os.kill(old, signal.SIGKILL)

    def answers():
        try:
            return outbox.shop.postmaster() != old and outbox.query("select 1")
        except (psycopg2.Error, OSError):
            return None
    wait_until(answers, 60, "the database is back")
    event = outbox.post(http_sink.url + "/ok")
    wait_until(lambda: outbox.state(event) == "delivered", 20, "it delivers again")
    assert follower.poll() is None
