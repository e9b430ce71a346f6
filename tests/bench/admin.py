#!/usr/bin/python3
"""What the administrator's side costs on this machine: `make bench-admin`.

Starts an instance of its own, fills it by tests/bench/generate.sql with orders of two lines, and
measures
  - summary, statistics, health: at 1 000 orders and at all of them;
  - an export over HTTP: the handler's resident memory, and its throughput next to COPY … TO STDOUT of
    the same rows, in turns;
  - smartflow restore of it into a new database, next to pg_restore of a dump of the same data, and
    smartflow verify;
  - sealing the audit trail, and the check of all books.

    admin.py [--orders N] [--rounds N]

No figure here is a test.
"""
import argparse
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/wire"))
from http_client import make_client  # noqa: E402
from installations import Installation  # noqa: E402
from instance import Instance, program_of  # noqa: E402

CALLS = 40


def generate(instance, orders):
    """So many orders more."""
    subprocess.run(
        ["psql", "-qX", "-v", "ON_ERROR_STOP=1", "-v", f"orders={orders}", "-v", "products=1000",
         "-v", "days=90", "-f", str(ROOT / "tests/bench/generate.sql"), instance.database_url()],
        check=True, stdout=subprocess.DEVNULL)
    instance.query("analyze")


def timed(work):
    began = time.monotonic()
    work()
    return time.monotonic() - began


def figures(instance, client):
    """Medians in ms of what an administrator looks at."""
    for name, path in {"summary": "database?action=summary", "health": "database?action=health",
                       "statistics": "backup?action=statistics"}.items():
        client.get(f"/api/admin/{path}")
        times = [timed(lambda: client.get(f"/api/admin/{path}")) * 1000 for _ in range(CALLS)]
        print(f"{name:16}{statistics.median(times):10.2f} ms median{max(times):10.2f} ms at most",
              flush=True)


def export(instance, client):
    """Seconds and bytes of one export over HTTP."""
    request = urllib.request.Request(instance.url + "/api/admin/backup?action=export-json",
                                     headers={"Authorization": f"Bearer {client.token}"})
    size, began = 0, time.monotonic()
    with urllib.request.urlopen(request) as answer:
        while part := answer.read(1 << 20):
            size += len(part)
    return time.monotonic() - began, size


def copy(instance):
    """Seconds of COPY … TO STDOUT of what the export holds."""
    queries = instance.query("select query from smartflow_api.backup_sections() order by place")
    script = "set search_path = smartflow_api, smartflow;" + "".join(
        f"copy ({query}) to stdout;" for query, in queries)
    return timed(lambda: subprocess.run(["psql", "-qX", "-c", script, instance.database_url()],
                                        check=True, stdout=subprocess.DEVNULL))


def peak_megabytes(instance):
    """The largest resident size that the handler had."""
    pid = instance.family("admin_backup")
    assert program_of(pid) == "admin_backup"
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def exports(instance, client, rounds):
    pairs = []
    for _ in range(rounds):
        ours, size = export(instance, client)
        pairs.append((ours, copy(instance)))
    ours, copied = (statistics.median(times) for times in zip(*pairs))
    print(f"\nexport          {ours:10.1f} s, {size / 1e6:.0f} MB, {size / ours / 1e6:.0f} MB/s;"
          f" COPY {copied:.1f} s, ratio {statistics.median(c / o for o, c in pairs):.2f};"
          f" handler's peak {peak_megabytes(instance):.1f} MB resident", flush=True)


def restores(instance, folder, rounds):
    subprocess.run([ROOT / os.environ.get("BUILD", "build") / "bin/smartflow", "backup", folder],
                   env={**os.environ, "DATABASE_URL": instance.database_url()}, check=True,
                   stdout=subprocess.DEVNULL)
    file = next(pathlib.Path(folder).glob("smartflow-*.json.gz"))
    dump = f"{folder}/dump"
    subprocess.run(["pg_dump", "-Fc", "-Z1", "-n", "smartflow", "-f", dump,
                    instance.database_url()], check=True)
    pairs = []
    for _ in range(rounds):
        with Installation(instance) as ours:
            mine = timed(lambda: ours.run("restore", file))
            proof = timed(lambda: ours.run("verify", file))
        with Installation(instance, admin=False) as theirs:
            theirs.query("drop schema smartflow cascade")
            its = timed(lambda: subprocess.run(
                ["pg_restore", "-d", instance.database_url(theirs.name), "--no-owner", dump],
                check=False, stderr=subprocess.DEVNULL))
        pairs.append((mine, its))
    mine, its = (statistics.median(times) for times in zip(*pairs))
    print(f"restore         {mine:10.1f} s; pg_restore {its:.1f} s, ratio"
          f" {statistics.median(i / m for m, i in pairs):.2f}; verify {proof:.1f} s")


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--orders", type=int, default=500_000)
    options.add_argument("--rounds", type=int, default=3)
    given = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="smartflow-bench-") as folder:
        os.chmod(folder, 0o755)
        instance = Instance.start(folder, LOG_LEVEL="error")
        try:
            client = make_client(instance)
            generate(instance, 1000)
            print("1 000 orders\n")
            figures(instance, client)
            took = timed(lambda: generate(instance, given.orders - 1000))
            lines = instance.value("select count(*) from smartflow.order_lines")
            print(f"\n{given.orders} orders, {lines} lines, made in {took:.0f} s\n")
            figures(instance, client)
            exports(instance, client, given.rounds)
            print(f"integrity       {timed(lambda: client.get('/api/admin/database?action=integrity')):10.1f} s")
            restores(instance, f"{folder}/backups", given.rounds)
        finally:
            instance.stop()


if __name__ == "__main__":
    main()
