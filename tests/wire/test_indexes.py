"""At any number of rows a page costs what it shows: every list, each of its sorts, each of its filters in
id order, has an index that leads to the rows. EXPLAIN ANALYZE counts what is touched on the way.
"""
import datetime
import json
import re
import subprocess

import pytest

from installations import Installation
from instance import ROOT

pytestmark = pytest.mark.slow

LIMIT = 50
LARGE = 15_000  # rows from which a table is large: nothing may read one of them whole
TOUCHED = 12 * LIMIT  # rows read at most, in all tables together, for a page of LIMIT and one more


@pytest.fixture(scope="module")
def shop_of_many(shop):
    """90 000 products, 21 000 orders, with their lines, ledger, runs and trail."""
    with Installation(shop) as installation:
        for orders, products in ((20_000, 1000), (1_000, 89_000)):
            subprocess.run(
                [
                    "psql", "-qX", "-v", "ON_ERROR_STOP=1", "-v", f"orders={orders}", "-v",
                    f"products={products}", "-v", "days=90", "-f", ROOT / "tests/bench/generate.sql",
                    shop.database_url(installation.name),
                ],
                check=True, stdout=subprocess.DEVNULL,
            )  # fmt: skip
        installation.query(
            "update smartflow.products set category = 'Rare' where id % 5000 = 0;"
            "update smartflow.products set name = name || ' Xylophone' where id % 2000 = 0;"
            "update smartflow.products set archived = true where id % 3000 = 1;"
            "update smartflow.orders set customer_name = 'Zoë Quartz' where id % 3000 = 0;"
            "update smartflow.orders set assigned_to = 1 where id % 2500 = 0;"
            "analyze"
        )
        yield installation


def plan_of(installation, name, given, argument=""):
    """How PostgreSQL answers a page of a list, having done it."""
    [[query]] = installation.query(
        "set search_path = smartflow_api, smartflow;"
        f" select page_query(q, select_{name}(q, row(1, 'admin', 'admin', 'admin', 1, 'token')::actor), '*')"
        " from (select (jsonb_populate_record(null::request, %s)).*) as q",
        (json.dumps({"time_zone": "UTC", "id": argument or None, "input": {"limit": LIMIT, **given}}),),
    )
    [[plan]] = installation.query(
        "set search_path = smartflow_api, smartflow;"
        "explain (analyze, format json) " + query.replace("%", "%%")
    )
    return plan[0]["Plan"]


def nodes(plan):
    yield plan
    for below in plan.get("Plans", []):
        yield from nodes(below)


def rows_read(node):
    """What a scan fetched from its table, shown or not."""
    if "Scan" not in node["Node Type"] or node["Node Type"] == "Bitmap Index Scan":
        return 0
    removed = sum(value for key, value in node.items() if key.startswith("Rows Removed by"))
    return (node["Actual Rows"] + removed) * node["Actual Loops"]


YESTERDAY = (datetime.date.today() - datetime.timedelta(days=1)).isoformat()
LONG_AGO = (datetime.date.today() - datetime.timedelta(days=85)).isoformat()

PAGES = [
    *[("products", {"sort": sort}) for sort in (
        "id", "-id", "name", "-name", "price", "-price", "stock", "-stock", "available", "-available",
        "updatedAt", "-updatedAt")],
    *[("products", filters) for filters in (
        {"category": "Rare"}, {"category": "Bench"}, {"search": "xylophone"}, {"archived": True},
        {"lowStock": True})],
    *[("orders", {"sort": sort}) for sort in (
        "id", "-id", "createdAt", "-createdAt", "total", "-total", "customerName", "-customerName")],
    *[("orders", filters) for filters in (
        {"status": "Pending"}, {"status": "Completed"}, {"assignedTo": 1}, {"productId": 1500},
        {"search": "quartz"})],
    *[("orders", {"sort": sort, "from": "2026-01-01"}) for sort in ("createdAt", "-createdAt")],
    *[("workflows_runs", filters) for filters in (
        {}, {"ruleId": 1}, {"trigger": "New Order"}, {"outcome": "done"}, {"orderId": 7}, {"productId": 7},
        {"sort": "-id"}, {"ruleId": 1, "sort": "-id"}, {"outcome": "done", "sort": "-id"},
        {"from": YESTERDAY, "sort": "-id"}, {"to": LONG_AGO})],
]  # fmt: skip


@pytest.mark.parametrize(("name", "given"), PAGES, ids=lambda value: json.dumps(value))
def test_a_page_reads_what_it_shows(shop_of_many, name, given):
    check(shop_of_many, plan_of(shop_of_many, name, given))


@pytest.mark.parametrize("name", ["products", "orders", "workflows", "workflows_runs", "workflows_deliveries"])
def test_a_page_whose_plan_is_kept_reads_what_it_shows(shop_of_many, name):
    """Every statement of that kind, as it stands in the list's function."""
    [[source]] = shop_of_many.query("select prosrc from pg_proc where proname = %s", (f"{name}_list",))
    kept = re.findall(r"return query (select .* limit page_limit\(\));", source)
    assert kept
    for query in kept:
        [[plan]] = shop_of_many.query(
            f"set search_path = smartflow_api, smartflow; set smartflow.page = '{LIMIT + 1}';"
            "explain (analyze, format json) " + query
        )
        check(shop_of_many, plan[0]["Plan"])


@pytest.mark.parametrize("sort", ["name", "-price", "stock", "-available", "updatedAt"])
def test_a_page_far_in_reads_no_more(shop_of_many, sort):
    """The cursor's row is in the middle of the list."""
    key = sort.lstrip("-")
    column = {"name": "name", "price": "price", "stock": "stock", "available": "available",
              "updatedAt": '"updatedAt"'}[key]  # fmt: skip
    [[after]] = shop_of_many.query(
        f"set search_path = smartflow_api, smartflow; select {column}::text from product_wire where id = 45000"
    )
    check(shop_of_many, plan_of(shop_of_many, "products", {"sort": sort, "after": after, "afterId": 45000}))


def test_the_ledger_of_one_product(shop_of_many):
    for product in (2, 30_000):
        check(shop_of_many, plan_of(shop_of_many, "products_movements", {}, product))


@pytest.mark.parametrize(
    "given",
    [{}, {"entity": "order"}, {"entity": "product", "entityId": 4}, {"user": 1}, {"actionType": "create"},
     {"from": "2026-01-01", "to": "2026-01-02"}],
    ids=json.dumps,
)  # fmt: skip
def test_a_page_of_the_trail(shop_of_many, given):
    check(shop_of_many, plan_of(shop_of_many, "admin_database_audit", given))


@pytest.mark.parametrize("function", ["admin_backup_statistics", "admin_database_summary", "admin_database_health"])
def test_figures_of_the_shop_read_no_large_table_whole(shop_of_many, function):
    request = json.dumps({"credential": "\\x07", "role": "admin", "time_zone": "UTC", "input": {}})
    shop_of_many.query(
        "insert into smartflow.credentials (user_id, kind, digest, name)"
        " select id, 'token', '\\x07', 'figures' from smartflow.users where role = 'admin' limit 1 on conflict do nothing")
    read = shop_of_many.query(
        f"create temporary table answer on commit drop as select status from smartflow_api.{function}("
        f" jsonb_populate_record(null::smartflow_api.request, '{request}'));"
        "select relname::text, seq_tup_read, idx_tup_fetch, (select status from answer) from pg_stat_xact_user_tables"
        " where schemaname = 'smartflow'")  # fmt: skip
    of_large = [row for row in read if row[0] in large_tables(shop_of_many)]
    assert [row[3] for row in read] == [200] * len(read)
    assert sum(row[1] for row in of_large) == 0, of_large
    assert 0 < sum(row[2] for row in of_large) <= TOUCHED, of_large


def large_tables(installation):
    large = dict(installation.query(
        "select relname::text, reltuples::bigint from pg_class where relkind = 'r'"
        f" and relnamespace = 'smartflow'::regnamespace and reltuples > {LARGE}"))  # fmt: skip
    assert {"products", "inventory", "orders", "order_lines", "movements", "audit_log"} <= set(large)
    return large


def check(installation, plan):
    large = large_tables(installation)
    whole = [node["Relation Name"] for node in nodes(plan)
             if node["Node Type"] == "Seq Scan" and node["Relation Name"] in large]  # fmt: skip
    assert whole == [], json.dumps(plan, indent=1)
    touched = sum(map(rows_read, nodes(plan)))
    assert touched <= TOUCHED, (touched, json.dumps(plan, indent=1))
