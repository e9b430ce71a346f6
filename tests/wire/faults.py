"""What the tests of faults share: clients that insist, sales, long lists, sessions of the database."""
import contextlib
import hashlib
import json
import os
import secrets
import signal
import threading
import time

from http_client import Client, at_once
from instance import wait_until


def place(client, product, quantity=1, key=None, customer="A"):
    """One try to order."""
    headers = {} if key is None else {"Idempotency-Key": f"key-{key}"}
    return client.post(
        "/api/orders",
        {"customerName": customer, "items": [{"productId": product, "quantity": quantity}]},
        headers=headers,
        may_fail=True,
    )


def order_call(client, lines, key=None, **fields):
    """An order as the family asks the database for it, as SQL: an argument of orders_create."""
    items = [{"productId": product, "quantity": quantity} for product, quantity in lines]
    given = json.dumps({"customerName": "A", "items": items, **fields})
    digest = hashlib.sha256(client.token.encode()).hexdigest()
    kept = f"sha256('{key}'), sha256('{given}')" if key else "null, null"
    return (f"row(decode('{digest}', 'hex'), 'staff', true, false, 'request-{secrets.token_hex(4)}', '127.0.0.1', null, {kept},"
            f" null, null, null, 'UTC', '{given}')::smartflow_api.request")  # fmt: skip


def insist(ask, seconds=30):
    """Asks again while the answer is 503 or there is none, as a client that got Retry-After."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            answer = ask()
            if answer.status != 503:
                assert answer.status < 500, answer
                return answer
        except (OSError, ConnectionError) as error:
            answer = error
        assert time.monotonic() < deadline, answer
        time.sleep(0.02)


def sell_while(shop, admin, disturb, clients, seconds=0, times=0):
    """Clients order one product as fast as they can, each noting what was acknowledged, while something is
    disturbed again and again, for so long and so often at least. Every few orders one is sent again, whose
    answer must be that of the first. Then everything acknowledged is there, and nothing twice."""
    product, mark = admin.product(stock=1_000_000)["id"], secrets.token_hex(8)
    stop, journal, tries = threading.Event(), {}, []

    def sell():
        client = Client(shop, admin.token)
        while not stop.is_set():
            key = secrets.token_hex(12)
            tries.append(key)
            answer = insist(lambda: place(client, product, 2, key, mark), 60)
            assert answer.status == 201, answer
            journal[key] = answer.json["id"]
            if len(tries) % 5 == 0:
                again = insist(lambda: place(client, product, 2, key, mark), 60)
                assert (again.status, again.body) == (201, answer.body), (answer, again)
        client.close()

    def disturb_all_along():
        deadline, done = time.monotonic() + seconds, 0
        try:
            while time.monotonic() < deadline or done < times:
                disturb()
                done += 1
        finally:
            stop.set()

    at_once([sell] * clients + [disturb_all_along])
    assert sorted(journal) == sorted(tries) and len(journal) > 10
    stored = {
        row
        for row, in shop.query("select id from smartflow.orders where customer_name = %s", (mark,))
    }
    assert stored == set(journal.values()), "acknowledged and stored differ"
    assert len(stored) == len(journal), "two keys made one order"
    left = insist(lambda: admin.get(f"/api/products/{product}", may_fail=True)).json
    assert left["available"] == 1_000_000 - 2 * len(journal)


@contextlib.contextmanager
def listed(shop):
    """The path of 2000 products that come to several megabytes, more than all buffers on the way hold."""
    mark = secrets.token_hex(4)
    shop.query(
        """
        with made as (insert into smartflow.products (name, category, description, price)
                      select 'filler', %s, repeat('x', 10000), 1
                        from generate_series(1, 2000) returning id)
        insert into smartflow.inventory (product_id, on_hand, min_stock)
        select id, 0, 0 from made""",
        (mark,),
    )
    yield f"/api/products?category={mark}"
    shop.query(
        """
        delete from smartflow.inventory i using smartflow.products p
         where p.id = i.product_id and category = %s""",
        (mark,),
    )
    shop.query("delete from smartflow.products where category = %s", (mark,))


def backends(shop, condition):
    return shop.query(
        "select pid from pg_stat_activity where application_name like 'smartflow %%'"
        f" and {condition}"
    )


def crash(shop):
    """kill -9 of the database server's first process, whose id it gives."""
    killed = shop.postmaster()
    os.kill(killed, signal.SIGKILL)
    return killed


def another_runs(shop, than):
    """Whether a new server has taken the place of that one, whose sessions may outlive it for a moment."""
    try:
        return shop.postmaster() != than
    except FileNotFoundError:
        return False


def fill(folder, but=0):
    """Fills the disk that the folder is on, but for so many bytes; gives the file that does."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file:
        with contextlib.suppress(OSError):
            while True:
                file.write(bytes(1 << 16))
        file.truncate(max(file.tell() - but, 0))
    return filler


def terminate(shop, condition):
    """Ends backends of the families and waits until they are gone."""
    ended = {
        pid
        for pid, in shop.query(
            "select pid from pg_stat_activity where application_name like"
            f" 'smartflow %%' and {condition} and pg_terminate_backend(pid)"
        )
    }
    assert ended
    wait_until(lambda: not ended & {pid for pid, in backends(shop, "true")}, 5, "they are gone")
