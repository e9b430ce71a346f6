"""An upgrade from the first shops of all. first_shop.sql.gz is a dump of one that the first commit with
migrations made, filled through its own API: five orders, of which one is completed and one deleted.
"""
import gzip
import json

import pytest

from installations import Installation
from instance import ROOT
from services import Service

DUMP = ROOT / "tests/wire/first_shop.sql.gz"
PASSWORD = "the-first-shop-of-all"


@pytest.fixture
def first(shop):
    """A database as the first program left it."""
    with Installation(shop, dump=gzip.decompress(DUMP.read_bytes())) as installation:
        yield installation


def test_the_first_shop_comes_up_to_date_with_all_it_had(first):
    def kept():
        return first.query("""
            select (select json_agg(o order by id) from (select id, customer_name, customer_email,
                        status, total, notes, created_at, completed_at from smartflow.orders) as o)::text,
                   (select json_agg(p order by id) from smartflow.products as p)::text,
                   (select json_agg(m order by id) from (select id, product_id, delta, balance, reason,
                        order_id from smartflow.movements) as m)::text,
                   (select count(*) from smartflow.audit_log)""")

    before = kept()
    assert len(json.loads(before[0][0])) == 4 and before[0][3] > 10
    said = first.run("migrate")
    assert "0001" not in said and "0002_workflows.sql applied" in said, said
    assert kept() == before
    assert first.wrong_books() == []
    assert first.query("select confdeltype from pg_constraint"
                       " where conname = 'inventory_product_id_fkey'") == [("a",)]
    assert len(first.query("""select indexname from pg_indexes where indexdef like '%COLLATE "default"%'
                               and indexname in ('products_search', 'orders_search')""")) == 2
    assert "as before" in first.run("migrate")


def test_an_upgrade_leaves_the_same_tables_as_a_new_shop(first, new):
    first.run("migrate")

    def structure(installation):
        return installation.query("""
            select conrelid::regclass::text, conname, pg_get_constraintdef(oid) from pg_constraint
             where connamespace = 'smartflow'::regnamespace
            union all
            select tablename, indexname, indexdef from pg_indexes where schemaname = 'smartflow'
            union all
            select table_name, column_name, data_type || coalesce(column_default, '') || is_nullable
              from information_schema.columns where table_schema = 'smartflow'
             order by 1, 2, 3""")

    with new() as installation:
        assert structure(first) == structure(installation)
        # Migration 0010's rule also holds for indexes that came after it.
        assert installation.query("""
            select indexname from pg_indexes where schemaname = 'smartflow' and indexdef like '% USING btree %'
               and indexdef ~ ', (id|product_id|order_id)\\)' and indexdef !~ '^CREATE UNIQUE|deduplicate_items=off'""") == []
        assert installation.query("select count(*) > 25 from pg_indexes where indexdef ~ 'deduplicate_items=off'") == [(True,)]


def test_the_upgraded_shop_takes_an_order(first):
    first.run("migrate")
    with Service("auth", first.url) as auth, Service("orders", first.url) as orders:
        auth.start()
        orders.start()
        login = auth.ask("POST", "/api/auth/login", json.dumps(
            {"username": "admin", "password": PASSWORD, "token": True}).encode())
        assert login.status == 200, login
        token = login.json["token"]
        body = json.dumps({"customerName": "Ada", "items": [{"productId": 3, "quantity": 0.125}]})
        made = orders.ask("POST", "/api/orders", body.encode(), token)
        assert (made.status, made.json["id"]) == (201, 6), made
        # What was asked before the upgrade is still known as the same.
        again = orders.ask("GET", "/api/orders/2", b"", token)
        assert (again.json["status"], again.json["total"]) == ("Completed", 42.45)
    assert first.query("select available from smartflow.inventory where product_id = 3")[0][0] == 3
    assert first.wrong_books() == []


def test_a_changed_migration_that_nobody_knows_is_refused(first):
    first.query("update smartflow.migrations set checksum = repeat('0', 64)")
    assert "0001_shop was changed" in first.run("migrate", fails=True)
    assert first.query("select count(*) from smartflow.migrations")[0][0] == 1
