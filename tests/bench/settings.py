#!/usr/bin/python3
"""What PostgreSQL's, nginx's and the program's own settings are worth on this machine: `make bench-settings`.

Starts two instances that are alike but for one setting, the second with another value than the one that
nginx/postgres.sh, nginx/*.in and shared/settings.cpp give, and measures operations on both in turns, at 16
clients. Prints, of the other value to the one that is given, the ratio of requests per second and of CPU
per request (nginx, family and PostgreSQL together), each the median of the pairs.

    settings.py [--products N] [--pairs N] [--seconds N] [--operations A,B] [NAME=VALUE…]

`synchronous_commit=off` isn't durable, and only shows what durability costs. No figure here is a test.
"""
import argparse
import contextlib
import os
import pathlib
import re
import signal
import statistics
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests/wire"), str(ROOT / "tests/bench")]
from instance import FAMILIES, Instance, process_state, program_of, wait_until  # noqa: E402
from load import Web  # noqa: E402
from operations import OPERATIONS, requests  # noqa: E402
from shop import fill, log_in, product_etag  # noqa: E402

CLIENTS = 16
POSTGRES = (
    "shared_buffers=32MB", "shared_buffers=512MB", "max_wal_size=64MB", "wal_compression=off", "wal_compression=pglz",
    "wal_buffers=64kB", "commit_delay=200", "full_page_writes=off", "synchronous_commit=off",
)  # fmt: skip
OWN = (
    "DATABASE_CONNECTIONS=2", "DATABASE_CONNECTIONS=8",
    # all that shared/database.cpp gives but one
    "PGOPTIONS=-c jit=off -c max_parallel_workers_per_gather=0 -c random_page_cost=4",
)  # fmt: skip
# Lines of nginx's files and what stands there instead.
NGINX = {
    "worker_processes=2": ("nginx.conf", r"worker_processes 1;", "worker_processes 2;"),
    "pcre_jit=off": ("nginx.conf", r"pcre_jit on;", "pcre_jit off;"),
    "fastcgi_keep_conn=off": ("smartflow/fastcgi.conf", r"fastcgi_keep_conn on;", "fastcgi_keep_conn off;"),
    "access_log=unbuffered": ("nginx.conf", r" buffer=32k flush=1s;", ";"),
    "access_log=off": ("nginx.conf", r"access_log .*;", "access_log off;"),
}


def start(folder, **settings):
    os.makedirs(folder, exist_ok=True)
    os.chmod(folder, 0o755)
    instance = Instance.start(folder, LOG_LEVEL="error", **settings)
    instance.families = set(FAMILIES)
    return instance


def change_nginx(instance, change):
    """Replaces a line of the rendered files and has nginx read them anew."""
    file, given, other = NGINX[change]
    path = instance.var / "nginx" / file
    text, count = re.subn(given, other, path.read_text("utf-8"))
    if count != 1:
        sys.exit(f"{file} has {given!r} {count} times")
    path.write_text(text, "utf-8")
    [master] = [pid for pid in instance.processes("nginx") if program_of(process_state(pid)[1]) != "nginx"]
    before = set(instance.processes("nginx")) - {master}
    os.kill(master, signal.SIGHUP)
    wait_until(lambda: not before & set(instance.processes("nginx")), 15, "the old workers are gone")


def other_instance(folder, change):
    """An instance with one setting changed."""
    name, value = change.split("=", 1)
    if change in OWN:
        return start(folder, **{name: value})
    instance = start(folder)
    if change in NGINX:
        change_nginx(instance, change)
        return instance
    instance.query(f"alter system set {name} = '{value}'")
    instance.stop()  # the file "output" is written anew with the next start
    instance = start(folder)
    if not instance.value("select sourcefile like '%%auto.conf' from pg_settings where name = %s", (name,)):
        sys.exit(f"{name} isn't {value}")
    return instance


class Shop:
    """An instance with what its requests need."""

    def __init__(self, instance, folder, products):
        self.web = Web(instance.url, folder, instance)
        self.data = log_in(instance, products=products)
        fill(instance, products, 1000)
        self.data["first_order"] = instance.value("select max(id) - 399 from smartflow.orders")
        self.data["etag"] = product_etag(instance, self.data["token"])

    def run(self, operation, seconds):
        headers = {"Authorization": f"Bearer {self.data['token']}"}
        return self.web.run(operation.method, requests(operation, self.data), headers, CLIENTS, seconds)


def compare(change, shops, given):
    """Prints the ratios of one change."""
    text = f"{change[-26:]:26}"
    for name in given.operations:
        ratios = []
        for turn in range(given.pairs):
            first, second = shops if turn % 2 == 0 else shops[::-1]
            runs = {first: first.run(OPERATIONS[name], given.seconds)}
            runs[second] = second.run(OPERATIONS[name], given.seconds)
            as_given, other = (runs[shop] for shop in shops)
            if as_given.refused or other.refused:
                sys.exit(f"{change}: {as_given.refused} and {other.refused} requests of {name} were refused")
            ratios.append((other.rate / as_given.rate, sum(other.cpu.values()) / sum(as_given.cpu.values())))
        rate, cpu = (statistics.median(values) for values in zip(*ratios))
        text += f"{rate:14.2f}{cpu:8.2f}"
    print(text, flush=True)


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--products", type=int, default=1000)
    options.add_argument("--pairs", type=int, default=5)
    options.add_argument("--seconds", type=int, default=3)
    options.add_argument("--operations", default="product by id,page of 50 products,order of two lines")
    options.add_argument("changes", nargs="*", metavar="NAME=VALUE")
    given = options.parse_args()
    given.operations = given.operations.split(",")
    changes = given.changes or [*POSTGRES, *NGINX, *OWN]
    print(f"{'':26}" + "".join(f"{name:>22}" for name in given.operations))
    print(f"{'':26}" + f"{'req/s':>14}{'CPU':>8}" * len(given.operations))
    with tempfile.TemporaryDirectory(prefix="smartflow-bench-") as folder:
        os.chmod(folder, 0o755)
        for number, change in enumerate(changes):
            with contextlib.ExitStack() as running:  # both new: a shop that has sold for a while is slower
                shops = []
                for kind in ("given", "other"):
                    place = f"{folder}/{kind}{number}"
                    instance = start(place) if kind == "given" else other_instance(place, change)
                    running.callback(instance.stop)
                    shops.append(Shop(instance, folder, given.products))
                compare(change, shops, given)


if __name__ == "__main__":
    main()
