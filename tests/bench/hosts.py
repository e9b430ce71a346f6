#!/usr/bin/python3
"""`make bench-hosts`: the same shop as plain CGI and under mod_fcgid, both by Apache with the archive's
static programs, and behind nginx as `make run` has it, side by side: from the upload to the first order,
a cold start, and warm latency. Rounds are interleaved; what counts are the ratios.
"""
import argparse
import os
import pathlib
import secrets
import signal
import statistics
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/wire"))

from http_client import Client, make_client  # noqa: E402  (its folder is only now on the path)
from instance import Instance  # noqa: E402
from web_hosts import Apache, Login, unpack  # noqa: E402

PASSWORD = "tall-green-lamp-93"


def milliseconds(task):
    began = time.perf_counter()
    task()
    return (time.perf_counter() - began) * 1000


def upload_to_order(archive, shop, ways):
    """Seconds from the archive to the first order, and the requests that it takes."""
    began = time.monotonic()
    login = Login(shop)
    token = secrets.token_urlsafe(24)
    host = Apache(login, "", ways, fill=unpack(archive), SETUP_TOKEN=token)
    host.start()
    nobody = Client(host)
    nobody.get("/setup.html")
    assert nobody.post("/api/setup", {"password": PASSWORD},
                       headers={"Authorization": f"Bearer {token}"}).status == 200
    answer = nobody.post("/api/auth/login", {"username": "admin", "password": PASSWORD, "token": True})
    client = Client(host, answer.json["token"])
    product = client.product(stock=1_000_000)["id"]
    assert order(client, product).status == 201
    return time.monotonic() - began, host, client, product


def order(client, product):
    return client.post(
        "/api/orders", {"customerName": "A", "items": [{"productId": product, "quantity": 1}]}
    )


def end_programs(host):
    """Ends every program of a host, as idleness would: its web server begins anew."""
    host.process.send_signal(signal.SIGUSR1)
    time.sleep(1)


def measure(places, rounds):
    """Medians in ms by place and request."""
    figures = {place: {} for place in places}
    for place, (client, product) in places.items():
        client.get("/healthz")
        for _ in range(3):
            client.get(f"/api/products/{product}")
            order(client, product)
    for _ in range(rounds):
        for place, (client, product) in places.items():
            for name, task in {
                "GET /healthz": lambda: client.get("/healthz"),
                "GET /api/products/1": lambda: client.get(f"/api/products/{product}"),
                "POST /api/orders": lambda: order(client, product),
            }.items():
                figures[place].setdefault(name, []).append(milliseconds(task))
    return {
        place: {name: statistics.median(values) for name, values in by_name.items()}
        for place, by_name in figures.items()
    }


def cold(places, hosts, nginx, rounds):
    """Medians in ms of a product by id from a family that isn't running yet, by place."""
    figures = {place: [] for place in places}
    for _ in range(rounds):
        for place, (client, product) in places.items():
            if place == "nginx":
                os.kill(nginx.family("products"), 15)
                time.sleep(0.5)  # its supervisor starts it again: what is cold is its connection
            elif place == "mod_fcgid":
                end_programs(hosts[place])
                client.close()
            client.get("/healthz")  # another program: the connection to the web server is there
            figures[place].append(milliseconds(lambda: client.get(f"/api/products/{product}", may_fail=True)))
    return {place: statistics.median(values) for place, values in figures.items()}


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rounds", type=int, default=200)
    options.add_argument("--cold-rounds", type=int, default=9)
    given = options.parse_args()
    made = subprocess.run([ROOT / "nginx/dist/archive"], check=True, capture_output=True, text=True)
    archive = made.stdout.strip().splitlines()[-2]
    shop = Instance.start()
    hosts = {}
    try:
        client = make_client(shop)
        places = {"nginx": (client, client.product(stock=1_000_000)["id"])}
        for place, ways in {"mod_fcgid": ("fcgid", "cgid"), "CGI": ("cgid",)}.items():
            seconds, host, client, product = upload_to_order(archive, shop, ways)
            hosts[place] = host
            places[place] = (client, product)
            print(f"{place}: from the unpacked archive to the first order in {seconds:.1f} s, 5 requests")
        warm = measure(places, given.rounds)
        print(f"\n{'ms, median of ' + str(given.rounds):<26}" + "".join(f"{place:>12}" for place in places))
        for name in warm["nginx"]:
            print(f"{name:<26}" + "".join(f"{warm[place][name]:>12.2f}" for place in places))
        starts = cold(places, hosts, shop, given.cold_rounds)
        print(f"{'cold: GET /api/products/1':<26}" + "".join(f"{starts[place]:>12.2f}" for place in places))
    finally:
        for host in hosts.values():
            host.stop()
            host.login.drop()
        shop.stop()


if __name__ == "__main__":
    main()
