"""Fixtures of the tests over the wire. TEST_URL and TEST_VAR name a running instance (tests/run
gives one); without them one is started, with BUILD's programs.
"""
import os
import shutil
import subprocess

import pytest

from faults import insist, place
from http_client import Client, make_client
from installations import Installation
from instance import Instance


def pytest_configure(config):
    config.addinivalue_line("markers", "slow: left to `make test-all`")


def pytest_deselected(items):
    """tests/run names what it left out."""
    if "TEST_LEFT_OUT" in os.environ:
        with open(os.environ["TEST_LEFT_OUT"], "a", encoding="utf-8") as names:
            names.writelines(f"{item.nodeid.rsplit('/', 1)[-1]}\n" for item in items)


def started(**settings):
    """An instance for as long as a fixture lives."""
    instance = Instance.start(**settings)
    try:
        yield instance
    finally:
        instance.stop()
        shutil.rmtree(instance.var, ignore_errors=True)


@pytest.fixture(scope="session")
def shop():
    """The instance that most tests share: they make what they need and count on nothing else."""
    if "TEST_URL" in os.environ:
        yield Instance(os.environ["TEST_VAR"], os.environ["TEST_URL"])
    else:
        yield from started()


@pytest.fixture(scope="module")
def own_shop():
    """An instance for one file of tests, which may break it."""
    yield from started()


@pytest.fixture(scope="session")
def admin(shop):
    return make_client(shop)


@pytest.fixture(scope="session")
def staff(shop):
    return make_client(shop, "staff")


@pytest.fixture(scope="session")
def nobody(shop):
    return Client(shop)


@pytest.fixture
def all_is_well_again(shop, admin):
    """After each test a sale works, and the books balance."""
    yield
    product = insist(
        lambda: admin.post(
            "/api/products", {"name": "A", "stock": 5, "minStock": 0, "price": 1}, may_fail=True
        )
    ).json["id"]
    order = insist(lambda: place(admin, product, key=product)).json["id"]
    assert insist(lambda: admin.delete(f"/api/orders/{order}", may_fail=True)).status in (204, 404)
    assert (
        insist(lambda: admin.get(f"/api/products/{product}", may_fail=True)).json["available"] == 5
    )
    assert shop.wrong_books() == []


@pytest.fixture
def small_disk(tmp_path_factory):
    """A folder on a disk of its own."""
    folder = tmp_path_factory.mktemp("disk")
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=400m,mode=755", "tmpfs", folder], capture_output=True
    )
    if mounted.returncode != 0:
        pytest.skip("needs the right to mount a small disk")
    for above in (folder, *list(folder.parents)[:-2]):
        above.chmod(0o755)
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


@pytest.fixture(scope="module")
def new(shop):
    """Makes installations: copies of a new one, with an administrator."""
    with Installation(shop) as template:
        yield lambda: Installation(shop, template=template)


@pytest.fixture(scope="module")
def demo(shop):
    """The demo shop in a database of its own, and an export of it."""
    with Installation(shop) as installation:
        installation.run("demo")
        yield installation, installation.export("--secrets")


@pytest.fixture(scope="module")
def small(shop, demo):
    """An export with a row of each kind."""
    with Installation(shop, template=demo[0]) as installation:
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
        yield data


@pytest.fixture
def all_actions(shop):
    """Rules of every action, besides the one that every shop has."""
    staff = [make_client(shop, "staff") for _ in range(3)]
    shop.query("update smartflow.users set active = false where role = 'staff' and id <> all (%s)",
               ([client.user_id for client in staff],))  # fmt: skip
    shop.query(
        """insert into smartflow.workflows (name, trigger, action, config, conditions)
           values ('Together 1', 'New Order', 'Assign Staff', '{}', '[{"field": "order.total", "operator": ">", "value": 1}]'),
                  ('Together 2', 'New Order', 'Send Notification', '{"channels": ["in-app"], "message": "{{order.id}}"}',
                   '[{"field": "order.total", "operator": ">", "value": 5}]'),
                  ('Together 4', 'Order Completed', 'Assign Staff', '{}', '[{"field": "order.total", "operator": ">", "value": 9}]'),
                  ('Together 3', 'Low Stock', 'Send Notification', '{"channels": ["in-app"], "message": "low {{product.id}}"}', '[]')"""
    )
    yield [client.user_id for client in staff]
    shop.query("delete from smartflow.workflows where name like 'Together %'")
