"""Load for measuring: wrk on the API, pgbench on the database, and how much CPU each part took."""
import dataclasses
import json
import os
import pathlib
import re
import subprocess
import sys
import time

from instance import program_of

TICK = os.sysconf("SC_CLK_TCK")
LOGGED = 0.25  # of pgbench's calls: enough for a 99th percentile


@dataclasses.dataclass
class Figures:
    """Of one run: requests per second, ms, and CPU µs per request by part."""

    rate: float
    p50: float
    p99: float
    worst: float
    cpu: dict
    refused: int = 0


def milliseconds(text):
    """wrk's `1.23ms`, `850.00us`, `1.02s`."""
    number, unit = re.fullmatch(r"([\d.]+)(us|ms|s|m)", text).groups()
    return float(number) * {"us": 0.001, "ms": 1, "s": 1000, "m": 60_000}[unit]


def cpu_seconds(instance):
    """CPU of nginx, the families and PostgreSQL since they started, with their ended children."""
    spent = {"nginx": 0.0, "family": 0.0, "postgres": 0.0}
    if instance is None:
        return spent
    for pid in instance.processes():
        name = program_of(pid)
        part = name if name in spent else "family" if name in instance.families else None
        if part is None:
            continue
        try:
            stat = pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        fields = stat.rsplit(")", 1)[1].split()
        # utime, stime, and of waited-for children cutime, cstime (proc(5)): a backend that ended
        spent[part] += sum(map(int, fields[11:15])) / TICK
    return spent


def cpu_between(before, after, requests):
    return {part: (after[part] - before[part]) * 1e6 / max(requests, 1) for part in before}


LUA = """
local requests = {}
init = function(args)
    for line in io.lines(%(file)s) do
        local path, body = line:match("^([^\\t]*)\\t(.*)$")
        if body == "" then body = nil end
        requests[#requests + 1] = wrk.format(%(method)s, path, nil, body)
    end
end
wrk.headers["Content-Type"] = "application/json"
%(headers)s
local at = 0
request = function()
    at = at %% #requests + 1
    return requests[at]
end
"""


class Web:
    """wrk on a server: one of ours, whose CPU is counted, or any other."""

    def __init__(self, url, folder, instance=None):
        self.url, self.folder, self.instance = url.rstrip("/"), pathlib.Path(folder), instance

    def run(self, method, requests, headers, clients, seconds):
        """Sends the requests in a circle; whatever isn't answered with success is counted."""
        (self.folder / "requests").write_text("".join(f"{path}\t{body}\n" for path, body in requests))
        told = "".join(f"wrk.headers[{json.dumps(k)}] = {json.dumps(v)}\n" for k, v in headers.items())
        script = self.folder / "request.lua"
        script.write_text(LUA % {
            "file": json.dumps(str(self.folder / "requests")), "method": json.dumps(method), "headers": told})  # fmt: skip
        before = cpu_seconds(self.instance)
        said = subprocess.run(
            ["wrk", "-t1", f"-c{clients}", f"-d{seconds}s", "--timeout", "30s", "--latency", "-s",
             str(script), self.url],
            capture_output=True, text=True, check=True).stdout  # fmt: skip
        after = cpu_seconds(self.instance)
        count = int(re.search(r"(\d+) requests in", said)[1])
        if count == 0:
            sys.exit("not one request was answered:\n" + said)
        lost = re.search(r"Non-2xx or 3xx responses: (\d+)", said)
        errors = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", said)
        refused = int(lost[1]) if lost else 0
        refused += sum(map(int, errors.groups())) if errors else 0
        part = {name: milliseconds(re.search(rf"^ +{name}% +(\S+) *$", said, re.MULTILINE)[1]) for name in ("50", "99")}
        worst = milliseconds(re.search(r"Latency\s+\S+\s+\S+\s+(\S+)", said)[1])
        return Figures(float(re.search(r"Requests/sec:\s+([\d.]+)", said)[1]), part["50"], part["99"], worst,
                       cpu_between(before, after, count), refused)  # fmt: skip


class Ceiling:
    """pgbench on the same database, through the same socket."""

    def __init__(self, instance, folder, variables):
        self.instance, self.folder = instance, pathlib.Path(folder)
        self.variables = [f"-D{name}={value}" for name, value in variables.items()]

    def run(self, script, clients, seconds):
        file = self.folder / "call.sql"
        file.write_text(script)
        before = cpu_seconds(self.instance)
        said = subprocess.run(
            ["pgbench", "-n", "-M", "prepared", f"-c{clients}", f"-j{min(clients, 2)}", f"-T{seconds}", "-l",
             f"--log-prefix={self.folder}/calls", f"--sampling-rate={LOGGED}", *self.variables, "-f", str(file),
             self.instance.database_url()],
            capture_output=True, text=True, check=False, cwd=self.folder)  # fmt: skip
        after = cpu_seconds(self.instance)
        if said.returncode != 0:
            sys.exit("pgbench failed:\n" + said.stderr)
        times = []
        for log in self.folder.glob("calls.*"):
            times += [int(line.split()[2]) / 1000 for line in log.read_text().splitlines()]
            log.unlink()
        times.sort()
        count = int(re.search(r"actually processed: (\d+)", said.stdout)[1])
        return Figures(float(re.search(r"tps = ([\d.]+)", said.stdout)[1]), times[len(times) // 2],
                       times[len(times) * 99 // 100], times[-1], cpu_between(before, after, count))  # fmt: skip


def megabytes(instance):
    """PSS of each family in MB."""
    sizes = {}
    for pid in instance.processes():
        if program_of(pid) in instance.families:
            rollup = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
            sizes[program_of(pid)] = int(rollup.split("\nPss:")[1].split()[0]) / 1024
    return sizes


def median_ms(work, times):
    """Of one call after another."""
    took = []
    for _ in range(times):
        began = time.monotonic()
        work()
        took.append((time.monotonic() - began) * 1000)
    return sorted(took)[len(took) // 2]
