"""Connections that are kept or do nothing never make somebody else wait."""
import contextlib
import re
import socket
import subprocess
import threading
import time

import pytest

from fastcgi import Connection
from http_client import Client, at_once, check_answer, parse_answers
from installations import SMARTFLOW
from instance import environment_with

PROMPT_SECONDS = 1.0  # what "promptly" is, on a machine that is busy with tests too


def kept_connections(shop):
    """How many connections nginx keeps open to a family."""
    return int(
        re.search(r"keepalive (\d+);", (shop.var / "nginx/smartflow/upstreams.conf").read_text("utf-8"))[1]
    )


def timed(function):
    began = time.monotonic()
    return function(), time.monotonic() - began


def fill_kept_connections(shop, client, path):
    """As many requests at the same time as make nginx keep all the connections it may."""
    at_once([lambda: [client.get(path) for _ in range(5)]] * (2 * kept_connections(shop)))


@pytest.mark.parametrize(
    "path", ["/api/products?limit=1", "/api/orders?limit=1", "/api/users?limit=1", "/api/auth/me"]
)
def test_a_new_client_is_served_promptly_beside_every_kept_connection(shop, admin, path):
    fill_kept_connections(shop, admin, path)
    for _ in range(20):
        answer, seconds = timed(lambda: Client(shop, admin.token).get(path))
        assert answer.status == 200 and seconds < PROMPT_SECONDS, seconds


def test_a_family_serves_beside_as_many_silent_connections_as_nginx_keeps(shop, admin):
    """Connections that are open and silent hold a thread each; what nginx keeps leaves some."""
    silent = [Connection(f"{shop.sockets()}/products.sock") for _ in range(kept_connections(shop))]
    try:
        for connection in silent:
            assert connection.ask("GET", "/api/products?limit=1", token=admin.token).status == 200
        for _ in range(20):
            answer, seconds = timed(lambda: Client(shop, admin.token).get("/api/products?limit=1"))
            assert answer.status == 200 and seconds < PROMPT_SECONDS, seconds
    finally:
        for connection in silent:
            connection.close()


def test_the_threads_outnumber_what_nginx_opens(shop):
    """What it keeps, and what it asks at once."""
    text = (shop.var / "nginx/smartflow/upstreams.conf").read_text("utf-8")
    at_once_at_most = int(re.search(r"max_conns=(\d+);", text)[1])
    threads = int(subprocess.check_output([SMARTFLOW, "setting", "THREADS"], env=environment_with()))
    assert 100 < at_once_at_most <= threads - kept_connections(shop)


def test_a_family_starts_threads_as_they_are_needed(shop, admin):
    path = f"{shop.sockets()}/workflows.sock"

    def threads():
        status = open(f"/proc/{shop.family('workflows')}/status", encoding="utf-8").read()
        return int(re.search(r"Threads:\s+(\d+)", status)[1])

    before = threads()
    assert before < 100
    with contextlib.ExitStack() as open_ones:
        for _ in range(100):
            connection = open_ones.enter_context(Connection(path))
            assert connection.ask("GET", "/api/workflows?limit=1", token=admin.token).status == 200
        assert threads() > 100


def test_idle_clients_make_nobody_wait(shop, admin):
    idle = []
    try:
        for turn in range(300):
            idle.append(socket.create_connection((shop.host, shop.port)))
            if turn % 3 == 1:
                idle[-1].sendall(b"GET /api/products HTTP/1.1\r\nHo")
            elif turn % 3 == 2:
                idle[-1].sendall(
                    b"POST /api/products HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n{"
                )
        for _ in range(20):
            answer, seconds = timed(lambda: Client(shop, admin.token).get("/api/products?limit=1"))
            assert answer.status == 200 and seconds < PROMPT_SECONDS, seconds
    finally:
        for connection in idle:
            connection.close()


def test_a_hundred_clients_at_once_are_all_served(shop, admin):
    def run():
        client = Client(shop, admin.token)
        answers = [
            client.get(path)
            for path in ["/api/products?limit=20", "/api/orders?limit=20", "/api/auth/me"] * 3
        ]
        client.close()
        return {answer.status for answer in answers}

    outcomes, seconds = timed(lambda: at_once([run] * 100))
    assert outcomes == [{200}] * 100
    assert seconds < 20


def test_slow_readers_of_whole_lists_make_nobody_wait(shop, admin):
    """nginx takes what fits its buffers; a family's streams have connections of their own."""
    filler = "x" * 9000
    made = [admin.product(description=filler)["id"] for _ in range(150)]
    request = (
        f"GET /api/products HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {admin.token}\r\n\r\n"
    )
    slow = []
    try:
        for _ in range(12):
            connection = socket.socket()
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.connect((shop.host, shop.port))
            connection.sendall(request.encode())
            slow.append(connection)
        time.sleep(0.3)
        for _ in range(10):
            answer, seconds = timed(lambda: Client(shop, admin.token).get("/api/products?limit=1"))
            assert answer.status == 200 and seconds < PROMPT_SECONDS, seconds
    finally:
        for connection in slow:
            connection.close()
        for product in made:
            admin.delete(f"/api/products/{product}")


def test_a_kept_connection_serves_many_requests_in_turn(shop, admin):
    with Connection(f"{shop.sockets()}/products.sock") as connection:
        for _ in range(50):
            assert connection.ask("GET", "/api/products?limit=1", token=admin.token).status == 200


def test_answers_on_one_client_connection_stay_apart(shop, admin):
    """Many threads of one client, each on its connection: nobody gets another's answer."""
    products = [admin.product(name=f"mine {n}") for n in range(20)]
    wrong, stop = [], threading.Event()

    def read(product):
        client = Client(shop, admin.token)
        while not stop.is_set():
            if client.get(f"/api/products/{product['id']}").json["name"] != product["name"]:
                wrong.append(product)

    threads = [threading.Thread(target=read, args=(product,)) for product in products]
    for thread in threads:
        thread.start()
    time.sleep(2)
    stop.set()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_a_connection_is_kept_between_requests(shop):
    with socket.create_connection((shop.host, shop.port), timeout=10) as connection:
        for _ in range(3):
            connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
            received = b""
            while not received.endswith(b'{"status":"ok"}'):
                received += connection.recv(65536)
            (answer,) = parse_answers(received)
            assert check_answer(answer).headers.get("Connection") == "keep-alive"
