"""What the database itself holds, whatever program connects: rights of the families' roles, the
append-only trail and ledger, and a row in both for every change.
"""
import hashlib

import psycopg2.errors
import pytest

from instance import FAMILIES

APPEND_ONLY = ["audit_log", "movements"]


@pytest.fixture
def role(shop):
    """Runs a statement as a role and undoes it: the rows, or PostgreSQL's error."""
    connection = shop.connect()
    connection.autocommit = False

    def run(name, statement):
        with connection.cursor() as cursor:
            cursor.execute(f"set session authorization {name}")
            try:
                cursor.execute(statement)
                return cursor.fetchall() if cursor.description else []
            finally:
                connection.rollback()

    yield run
    connection.close()


@pytest.fixture
def tables(shop):
    """The names of all tables."""
    found = shop.query("select tablename from pg_tables where schemaname = 'smartflow'")
    assert len(found) > 12
    return [name for name, in found]


def test_a_family_owns_nothing_and_may_do_nothing_else(shop):
    for family in FAMILIES:
        assert (
            shop.query(
                """
            select rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls
              from pg_roles where rolname = %s""",
                (f"smartflow_{family}",),
            )
            == [(False,) * 5]
        )
        assert (
            shop.value(
                "select count(*) from pg_class where relowner = %s::regrole",
                (f"smartflow_{family}",),
            )
            == 0
        )
        assert (
            shop.value(
                "select count(*) from pg_auth_members where member = %s::regrole",
                (f"smartflow_{family}",),
            )
            == 0
        )


def with_names(shop, statement, table):
    """The statement with its table, and with that table's last column."""
    column = shop.value(
        "select attname from pg_attribute where attrelid = %s::regclass and attnum > 0"
        " and not attisdropped order by attnum desc limit 1",
        (f"smartflow.{table}",),
    )
    return statement.format(table=f"smartflow.{table}", column=column)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize(
    "statement",
    [
        "select * from {table}",
        "insert into {table} default values",
        "delete from {table}",
        "update {table} set {column} = default",
        "truncate {table}",
        "drop table {table}",
        "alter table {table} disable trigger all",
        "lock table {table} in access share mode",
        "select {column} from {table} limit 0",
    ],
)
def test_a_family_can_reach_no_table(shop, role, tables, family, statement):
    for table in tables:
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            role(f"smartflow_{family}", with_names(shop, statement, table))


def family_of(function):
    """Whose function it is: the family with the longest name that its own begins with."""
    mine = [family for family in FAMILIES if function.startswith(family + "_")]
    return max(mine, key=len, default=None)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_can_execute_its_own_functions_alone(shop, family):
    every = shop.query(
        """
        select p.proname, has_function_privilege(%s, p.oid, 'execute')
          from pg_proc p where p.pronamespace = 'smartflow_api'::regnamespace""",
        (f"smartflow_{family}",),
    )
    allowed = {name for name, may in every if may}
    assert allowed == {
        name for name, _ in every if name.startswith("any_") or family_of(name) == family
    }
    assert len(allowed) > 3


@pytest.mark.parametrize("family", FAMILIES)
def test_an_idempotency_key_opens_no_other_familys_functions(shop, admin, role, family):
    """any_idempotent runs with its owner's rights: it must hold who called it."""
    other = "products_create" if family != "products" else "orders_create"
    statement = f"""
        select * from smartflow_api.any_idempotent((
            (select digest from (values (sha256('{admin.token}'))) as v (digest)), 'staff', true,
            false,
            'test-request', null, null, 'key', 'print', null, null, null, 'UTC',
            '{{}}')::smartflow_api.request, '{other}')"""
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        role(f"smartflow_{family}", statement)
    assert shop.value("select count(*) from smartflow.idempotency_keys where key = 'key'") == 0


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize(
    "statement",
    [
        "create table public.mine (a int)",
        "create temporary table mine (a int)",
        "create schema mine",
        "create role mine",
        "create function smartflow_api.mine() returns int language sql as 'select 1'",
        "set role smartflow_owner",
        "set role postgres",
        "select pg_read_file('/etc/passwd')",
        "copy (select 1) to program 'true'",
    ],
)
def test_a_family_can_make_nothing_of_its_own(role, family, statement):
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        role(f"smartflow_{family}", statement)


@pytest.mark.parametrize("who", ["smartflow_owner", "postgres"])
@pytest.mark.parametrize("table", APPEND_ONLY)
@pytest.mark.parametrize(
    "statement",
    [
        "update {table} set {column} = {column}",
        "update {table} set {column} = null where false",
        "delete from {table}",
        "truncate {table}",
    ],
)
def test_trail_and_ledger_only_grow_even_for_their_owner(shop, admin, role, who, table, statement):
    admin.product()
    before = shop.value(f"select count(*) from smartflow.{table}")
    with pytest.raises(psycopg2.errors.InsufficientPrivilege) as error:
        role(who, with_names(shop, statement, table))
    assert "append-only" in str(error.value)
    assert shop.value(f"select count(*) from smartflow.{table}") >= before > 0


def trail(shop, entity, entity_id):
    """Action and changed fields of each audit row, oldest first."""
    return shop.query(
        """
        select action, user_id,
               (select array_agg(key order by key) from json_object_keys(changes) as key)
          from smartflow.audit_log where entity = %s and entity_id = %s order by id""",
        (entity, entity_id),
    )


def test_a_change_by_hand_of_a_product_is_on_record(shop, admin):
    product = admin.product()["id"]
    shop.query("update smartflow.products set price = 99 where id = %s", (product,))
    assert trail(shop, "product", product)[1:] == [("update", None, ["price"])]


def test_a_change_by_hand_of_the_stock_is_on_record_twice(shop, admin):
    product = admin.product(stock=10)["id"]
    shop.query("update smartflow.inventory set on_hand = 4 where product_id = %s", (product,))
    assert trail(shop, "product", product)[1:] == [("update", None, ["stock"])]
    assert shop.query(
        "select delta, balance, user_id, reason from smartflow.movements"
        " where product_id = %s order by id",
        (product,),
    )[1:] == [(-6, 4, None, "Changed in the database")]


def test_a_change_by_hand_of_an_order_is_on_record(shop, admin):
    product = admin.product(stock=10)["id"]
    order = admin.post(
        "/api/orders", {"customerName": "A", "items": [{"productId": product, "quantity": 1}]}
    ).json["id"]
    shop.query("update smartflow.orders set customer_name = 'B' where id = %s", (order,))
    shop.query("delete from smartflow.orders where id = %s", (order,))
    rows = trail(shop, "order", order)
    assert rows[1] == ("update", None, ["customerName"]) and rows[2][:2] == ("delete", None), rows


def test_a_user_made_by_hand_is_on_record_without_secrets(shop):
    user = shop.value(
        "insert into smartflow.users (username, name, role, password_hash)"
        " values (gen_random_uuid(), 'A', 'staff', 'hash') returning id"
    )
    shop.query("update smartflow.users set password_hash = 'other hash' where id = %s", (user,))
    assert [row[0] for row in trail(shop, "user", user)] == ["create", "update"]
    assert (
        shop.value(
            "select count(*) from smartflow.audit_log where entity = 'user' and entity_id = %s"
            " and changes::text ~ 'hash'",
            (user,),
        )
        == 0
    )


@pytest.mark.parametrize(
    "statement, constraint",
    [
        (
            "update smartflow.inventory set reserved = on_hand + 1 where product_id = %s",
            "inventory_reserved",
        ),
        (
            "update smartflow.inventory set reserved = -1 where product_id = %s",
            "inventory_reserved",
        ),
        (
            "update smartflow.inventory set on_hand = -1, reserved = -1 where product_id = %s",
            "inventory",
        ),
        ("update smartflow.products set price = -1 where id = %s", "products_price_check"),
        ("update smartflow.products set name = '' where id = %s", "products_name_check"),
    ],
)
def test_constraints_are_the_last_word(shop, admin, statement, constraint):
    product = admin.product()["id"]
    with pytest.raises(psycopg2.errors.CheckViolation) as error:
        shop.query(statement, (product,))
    assert error.value.diag.constraint_name.startswith(constraint)


def test_every_change_of_an_order_is_on_record_with_who_did_it(shop, admin, staff):
    product = admin.product(stock=10)["id"]
    order = staff.post(
        "/api/orders", {"customerName": "A", "items": [{"productId": product, "quantity": 2}]}
    ).json["id"]
    admin.patch(f"/api/orders/{order}", {"notes": "B"})
    staff.patch(f"/api/orders/{order}", {"notes": "B"})  # changes nothing
    staff.delete(f"/api/orders/{order}")
    assert [row[:2] for row in trail(shop, "order", order)] == [
        ("create", staff.user_id),
        ("update", admin.user_id),
        ("delete", staff.user_id),
    ]
    assert shop.query(
        "select delta, order_id, user_id from smartflow.movements where product_id = %s"
        " order by id",
        (product,),
    ) == [(10, None, admin.user_id), (-2, order, staff.user_id), (2, order, staff.user_id)]
    assert [row[0] for row in trail(shop, "product", product)] == ["create"]


def test_the_server_listens_on_a_socket_alone(shop):
    assert shop.value("show listen_addresses") == ""
    assert [
        shop.value(f"show {name}") for name in ("fsync", "full_page_writes", "synchronous_commit")
    ] == ["on"] * 3


CALL = """select status from smartflow_api.{function}(row(decode('{digest}', 'hex'), 'staff', {write}, false,
    'test-request', '127.0.0.1', null, null, null, null, null, {id}, 'UTC', '{given}')::smartflow_api.request)"""


@pytest.fixture
def forge(shop, admin):
    """Calls a function as its family's role would, after settings of its own; keeps what it did."""
    digest = hashlib.sha256(admin.token.encode()).hexdigest()

    def run(settings, function, given, product="null", write="true"):
        connection = shop.connect()
        try:
            with connection.cursor() as cursor:
                cursor.execute("set session authorization smartflow_products")
                for name, value in settings.items():
                    cursor.execute("select set_config(%s, %s, false)", (name, value))
                cursor.execute(
                    CALL.format(
                        function=function, digest=digest, given=given, id=product, write=write
                    )
                )
                return cursor.fetchone()[0]
        finally:
            connection.close()

    return run


def newest_audit(shop):
    return shop.query(
        "select user_id, action, changes::text from smartflow.audit_log order by id desc limit 1"
    )[0]


def test_a_family_can_forge_neither_who_nor_what_changed(shop, admin, forge):
    product = admin.product(stock=10)["id"]
    me = admin.get("/api/auth/me").json["user"]["id"]
    settings = {
        "smartflow.actor": '{"id": 4711, "username": "somebody"}',
        "smartflow.changes": '{"stock": {"from": 1, "to": 999}}',
        "smartflow.reason": "forged",
        "smartflow.clock": "2001-01-01",
    }
    assert forge(settings, "products_update", '{"name": "Other"}', product, "false") == 200
    user, action, changes = newest_audit(shop)
    assert (user, action) == (me, "update")
    assert "999" not in changes
    assert forge(settings, "products_adjust", '{"delta": 1, "reason": "True"}', product) == 201
    assert shop.query(
        """select user_id, reason, created_at > now() - interval '1 day'
             from smartflow.movements order by id desc limit 1"""
    ) == [(me, "True", True)]


def test_a_family_cannot_keep_a_change_out_of_the_trail(shop, admin, forge):
    product = admin.product(stock=10)["id"]
    settings = {"smartflow.hold": str(product), "smartflow.order": "1"}
    assert forge(settings, "products_adjust", '{"delta": 5, "reason": "Quiet"}', product) == 201
    assert '"stock"' in newest_audit(shop)[2]


def test_a_token_that_may_only_read_writes_nothing_whatever_the_program_says(shop, admin):
    secret = admin.post("/api/auth/tokens", {"name": "reader", "readOnly": True}).json["token"]
    digest = hashlib.sha256(secret.encode()).hexdigest()
    connection = shop.connect()
    try:
        with connection.cursor() as cursor:
            cursor.execute("set session authorization smartflow_products")
            given = '{"name": "No", "stock": 1, "minStock": 0, "price": 1}'
            with pytest.raises(psycopg2.Error, match="only read"):
                cursor.execute(
                    CALL.format(
                        function="products_create", digest=digest, given=given, id="null", write="false"
                    )
                )
    finally:
        connection.close()


def test_listing_everything_counts_as_use_of_a_session(shop, admin):
    digest = hashlib.sha256(admin.token.encode()).hexdigest()
    shop.query(
        """update smartflow.credentials set last_used_at = now() - interval '11 hours 50 minutes'
            where digest = decode(%s, 'hex')""",
        (digest,),
    )
    assert admin.get("/api/products").status == 200
    assert shop.value(
        "select last_used_at > now() - interval '1 minute' from smartflow.credentials "
        "where digest = decode(%s, 'hex')",
        (digest,),
    )
