"""An instance of SmartFlow for tests: started by nginx/run exactly as a user would, found again by
its folder, and taken apart process by process.
"""
import os
import pathlib
import re
import signal
import socket
import subprocess
import tempfile
import time
import urllib.parse

import psycopg2

ROOT = pathlib.Path(__file__).resolve().parents[2]
FAMILIES = re.search(
    r"^set\(HANDLERS (.*)\)$", (ROOT / "CMakeLists.txt").read_text("utf-8"), re.MULTILINE
)[1].split()
START_SECONDS = 300  # nginx/run builds first, which takes no time on a built tree
PATIENCE = 3  # what takes a second on a machine at rest may take three beside other tests


def wait_until(condition, seconds, what):
    """Asks again and again; gives what the condition gave, or fails once the time is over."""
    deadline = time.monotonic() + PATIENCE * seconds
    while True:
        found = condition()
        if found:
            return found
        if time.monotonic() > deadline:
            raise AssertionError(f"{what}: not within {PATIENCE * seconds} s")
        time.sleep(0.02)


def free_port():
    """A port of this host that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def environment_with(**settings):
    """This process's environment without settings of the product's own, and those given."""
    names = subprocess.run(
        ["sed", "-n", r's/^    {"\([A-Z_]*\)", .*/\1/p', str(ROOT / "shared/settings.cpp")],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split()
    assert len(names) > 20, "the table of settings is not where it was"
    unwanted = {*names, "SMARTFLOW_CONF"}
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in unwanted and not name.startswith("PG")
    }
    return {**kept, "BUILD": os.environ.get("BUILD", "build"), **settings}


def process_state(pid):
    """What /proc/PID/stat says behind the name: state, parent's pid…; nothing when it is gone."""
    try:
        stat = pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    fields = stat.rsplit(")", 1)[1].split()
    return None if fields[0] in "ZX" else fields


def program_of(pid):
    """The file name of the program that a process runs."""
    try:
        return os.path.basename(os.readlink(f"/proc/{pid}/exe")).replace(" (deleted)", "")
    except OSError:
        return ""


def descendants(pid):
    """The living processes below this one."""
    parents = {}
    for entry in os.listdir("/proc"):
        state = process_state(entry) if entry.isdigit() else None
        if state:
            parents.setdefault(int(state[1]), []).append(int(entry))
    found, rest = [], [pid]
    while rest:
        children = parents.get(rest.pop(), [])
        found += children
        rest += children
    return found


class ShopDatabase:
    """A shop's database, as its server's superuser sees it; a subclass says where it is."""

    def superuser_url(self):
        raise NotImplementedError

    def connect(self, **options):
        """A superuser's connection without transactions."""
        connection = psycopg2.connect(self.superuser_url(), **options)
        connection.autocommit = True
        return connection

    def query(self, statement, arguments=None):
        """All rows of a superuser's statement on a connection of its own."""
        connection = self.connect()
        try:
            with connection.cursor() as cursor:
                cursor.execute(statement, arguments)
                return cursor.fetchall() if cursor.description else []
        finally:
            connection.close()

    def value(self, statement, arguments=None):
        """The first value of the first row."""
        return self.query(statement, arguments)[0][0]

    def wrong_books(self):
        """The checks of integrity that fail, with what they found."""
        checks = self.value("set search_path = smartflow_api, smartflow; select run_integrity()")
        assert len(checks) > 10
        return [check for check in checks if not check["ok"]]


class Instance(ShopDatabase):
    """A running shop: its folder (VAR) and its address."""

    base = ""  # the path below which it answers

    def __init__(self, var, url, process=None):
        self.var = pathlib.Path(var)
        self.url = url
        self.process = process
        address = urllib.parse.urlsplit(url)
        self.host, self.port = address.hostname, address.port

    @classmethod
    def start(cls, folder=None, **settings):
        """Runs nginx/run with a folder of its own and waits until it serves."""
        var = folder or tempfile.mkdtemp(prefix="smartflow-test-")
        port = settings.pop("PORT", str(free_port()))
        environment = environment_with(
            **{
                "RATE_LIMIT": "0",
                "LOGIN_RATE_LIMIT": "0",
                "BACKUP_KEEP": "0",  # none comes in between
                **settings,
                "VAR": str(var),
                "PORT": port,
            }
        )
        output = open(f"{var}/output", "wb")
        # When the test dies without a word, the script gets a signal and ends what it started.
        process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "TERM", str(ROOT / "nginx/run")],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
        output.close()
        instance = cls(var, f"http://127.0.0.1:{port}", process)
        try:
            wait_until(instance.is_ready, START_SECONDS, "the instance starts")
        except BaseException:
            instance.stop()
            raise
        return instance

    def is_ready(self):
        assert self.process.poll() is None, "nginx/run ended:\n" + self.output()
        return "Ctrl-C stops it" in self.output()

    def output(self):
        """All that nginx/run has said so far."""
        return (self.var / "output").read_text(encoding="utf-8", errors="replace")

    def stop(self, number=signal.SIGTERM):
        """Ends it as its user would; gives the exit status."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            return self.process.wait(90)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise

    def script(self):
        """The run script's process id."""
        return int((self.var / "lock").read_text(encoding="ascii"))

    def processes(self, name=None):
        """The processes below the run script, by choice those of one program."""
        return [pid for pid in descendants(self.script()) if name in (None, program_of(pid))]

    def family(self, name):
        """The one process of a family, waited for when it is just being started again."""
        return wait_until(lambda: self.processes(name), 5, f"{name} runs")[0]

    def sockets(self):
        """The folder of the sockets, by a path short enough for one."""
        return os.path.realpath(self.var / "run")

    def database_url(self, database="smartflow"):
        """The superuser's."""
        return f"postgresql://postgres@/{database}?host={self.sockets()}/postgres"

    def superuser_url(self):
        return self.database_url()

    def postmaster(self):
        """The database server's process id."""
        note = (self.var / "postgres/postmaster.pid").read_text(encoding="ascii")
        return int(re.match(r"\d+", note)[0])
