"""The database ends a connection, or dies. Every test ends by proving that all is well again
(conftest.py).
"""
import os
import random
import secrets
import signal
import subprocess
import time

import psycopg2
import pytest

from conftest import started
from faults import another_runs, backends, crash, fill, insist, place, sell_while, terminate
from http_client import at_once, make_client
from instance import ROOT, environment_with, wait_until

PROGRAMS = ROOT / os.environ.get("BUILD", "build") / "bin"
pytestmark = pytest.mark.usefixtures("all_is_well_again")


@pytest.fixture(scope="module")
def shop(own_shop):
    """These tests break theirs."""
    return own_shop


@pytest.fixture(scope="module")
def admin(shop):
    return make_client(shop)


def test_an_idle_connection_that_was_ended_is_never_noticed(shop, admin):
    for _ in range(3):
        admin.get("/api/products?limit=1")
        terminate(shop, "state = 'idle'")
        product = admin.product()  # neither by a read nor by a write
        terminate(shop, "state = 'idle'")
        assert admin.get(f"/api/products/{product['id']}").status == 200


def test_a_write_whose_connection_ends_is_in_doubt_and_done_once(shop, admin):
    product = admin.product(stock=10)["id"]
    blocker = shop.connect()
    blocker.autocommit = False
    with blocker.cursor() as cursor:
        cursor.execute(
            "select from smartflow.inventory where product_id = %s for update", (product,)
        )

    def end():
        wait_until(lambda: backends(shop, "wait_event_type = 'Lock'"), 5, "the order waits")
        terminate(shop, "wait_event_type = 'Lock'")
        blocker.rollback()

    key = secrets.token_hex(8)
    answer, _ = at_once([lambda: place(admin, product, key=key), end])
    blocker.close()
    assert (answer.status, answer.code) == (503, "DATABASE_ERROR")
    assert insist(lambda: place(admin, product, key=key)).status == 201
    assert admin.get(f"/api/products/{product}").json["available"] == 9


def test_a_read_whose_connection_ends_is_done_again(shop, admin):
    product = admin.product(stock=10)["id"]
    blocker = shop.connect()
    blocker.autocommit = False
    with blocker.cursor() as cursor:
        cursor.execute("lock table smartflow.inventory in access exclusive mode")

    def end():
        wait_until(lambda: backends(shop, "wait_event_type = 'Lock'"), 5, "the read waits")
        terminate(shop, "wait_event_type = 'Lock'")
        blocker.rollback()

    answer, _ = at_once([lambda: admin.get(f"/api/products/{product}"), end])
    blocker.close()
    assert answer.status == 200


def test_without_a_database_the_answer_is_503_and_then_everything_is_there(shop, admin):
    product = admin.product(stock=100)["id"]
    sold = [place(admin, product).json["id"] for _ in range(10)]
    crash(shop)
    codes = set()

    def is_back():
        answers = [
            admin.get(f"/api/products/{product}", may_fail=True),
            admin.get("/api/orders", may_fail=True),
            place(admin, product, key="crash"),
        ]
        codes.update(
            answer.code for answer in answers if answer.status >= 500
        )  # Retry-After is checked
        return all(answer.status < 500 for answer in answers)

    wait_until(is_back, 60, "the database is back")
    assert codes == {"DATABASE_ERROR"}
    assert admin.get("/healthz").status == 200
    for order in sold:
        assert admin.get(f"/api/orders/{order}").status == 200
    assert admin.get(f"/api/products/{product}").json["available"] == 89


def test_a_database_killed_under_load_keeps_every_acknowledged_order(shop, admin):
    crashed = []

    def crash_once():
        if crashed:
            insist(lambda: admin.get("/api/orders?limit=1", may_fail=True), 60)
            time.sleep(0.5)
        else:
            time.sleep(0.7)
            crash(shop)
            crashed.append(True)

    sell_while(shop, admin, crash_once, 8, 3)


@pytest.mark.slow
def test_a_database_killed_again_and_again_keeps_every_acknowledged_order(shop, admin):
    def crash_now_and_then():
        time.sleep(random.uniform(0.2, 2))
        killed = crash(shop)
        wait_until(lambda: another_runs(shop, killed), 90, "another server runs")
        insist(lambda: admin.get("/api/orders?limit=1", may_fail=True), 90)

    sell_while(shop, admin, crash_now_and_then, 12, times=50)


def test_an_update_under_load_loses_no_order(shop, admin):
    """Every migrate makes all functions anew, under those who are just calling them."""

    def migrate():
        time.sleep(0.5)
        url = f"postgresql://smartflow_owner@/smartflow?host={shop.sockets()}/postgres"
        environment = environment_with(DATABASE_URL=url, DATABASE_ADMIN_URL=url)
        subprocess.run([PROGRAMS / "smartflow", "migrate"], env=environment, check=True, capture_output=True)

    sell_while(shop, admin, migrate, 12, times=2)


def test_migrators_at_once_make_one_schema(shop):
    shop.query("create database migrated_twice")
    url = shop.database_url("migrated_twice")
    environment = environment_with(DATABASE_URL=url, DATABASE_ADMIN_URL=url)
    started = [
        subprocess.Popen(
            [PROGRAMS / "smartflow", "migrate"],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        for _ in range(4)
    ]
    for process in started:
        output, _ = process.communicate(timeout=60)
        assert process.returncode == 0, output
    connection = psycopg2.connect(url)
    with connection.cursor() as cursor:
        cursor.execute("select version, status from smartflow.migrations order by 1")
        history = cursor.fetchall()
        cursor.execute("select count(*) from smartflow.workflows")
        assert cursor.fetchone() == (1,)
    connection.close()
    files = sorted((ROOT / "sql/migrations").glob("*.sql"))
    assert [int(version) for version, _ in history] == [
        int(file.name[:4]) for file in files
    ], history
    shop.query("drop database migrated_twice with (force)")


@pytest.mark.slow
def test_a_full_disk_loses_and_doubles_nothing(small_disk):
    """Nothing can be written for a while, PostgreSQL's log neither; then there is room again."""
    def fill_and_empty():
        time.sleep(1)
        filler = fill(small_disk)
        refused = wait_until(lambda: place(admin, product).status == 503, 60, "an order is refused")
        assert refused
        time.sleep(2)
        filler.unlink()
        insist(lambda: place(admin, product), 90)

    for own in started(folder=str(small_disk)):
        admin = make_client(own)
        product = admin.product(stock=1_000_000)["id"]
        sell_while(own, admin, fill_and_empty, 8, times=3)
        assert own.wrong_books() == []
