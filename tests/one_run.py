"""One run of the tests: builds, private instances, commands with their limits, counts."""
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests/wire"))

from instance import Instance  # noqa: E402  (its folder is only now on the path)

BUILDS = {
    name: (ROOT / os.environ.get(name, folder)).resolve()
    for name, folder in [
        ("BUILD", "build"),
        ("BUILD_ASAN", "build-asan"),
        ("BUILD_FUZZ", "build-fuzz"),
    ]
}


class Failure(Exception):
    """Nothing can go on; what went wrong has been said."""


class Run:
    """One run of the tests: its folder, its children, its counts."""

    def __init__(self, everything, only):
        self.everything, self.only = everything, only
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="smartflow-tests-"))
        self.passed = self.failed = 0
        self.children = set()
        self.ended = False
        self.instances = []
        self.counting = threading.Lock()
        self.started = time.monotonic()

    def wants(self, suite):
        return not self.only or any(suite.startswith(name) for name in self.only)

    def count(self, suite, passed, failed, note=""):
        """Adds a suite's outcome and says it."""
        with self.counting:
            self.passed += passed
            self.failed += failed
            print(f"  {suite:<34}{passed:>6} passed, {failed} failed{note}", flush=True)

    def execute(self, command, log, environment=None, limit=None):
        """Runs a command to its end; its output goes to a file. Gives its exit status."""
        if self.ended:
            return "not begun"
        with open(log, "ab") as output:
            # A child gets a signal when this process dies without a word, and so do its own.
            child = subprocess.Popen(
                ["setpriv", "--pdeathsig", "TERM", *map(str, command)],
                cwd=ROOT,
                env={**os.environ, **(environment or {})},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.children.add(child)
        try:
            return child.wait(limit)
        except subprocess.TimeoutExpired:
            return f"ended after {limit} s"
        finally:
            self.end_child(child)

    def end_child(self, child):
        """Ends a command with all that it has started."""
        for number, seconds in ((signal.SIGTERM, 20), (signal.SIGKILL, 5)):
            try:
                os.killpg(child.pid, number)
            except ProcessLookupError:
                break
            try:
                child.wait(seconds)
            except subprocess.TimeoutExpired:
                continue
            break
        self.children.discard(child)

    def build(self, name, targets, *options):
        """Configures where needed, and builds."""
        began, folder = time.monotonic(), BUILDS[name]
        log = self.folder / f"{name}.log"
        jobs = os.cpu_count() or 2
        made = (folder / "Makefile").exists() or (folder / "build.ninja").exists()
        commands = [
            # A built tree is configured again too: a family may have come since.
            ["cmake", folder] if made else ["cmake", "-S", ROOT, "-B", folder, *options],
            ["cmake", "--build", folder, "-j", jobs, "--target", *targets],
        ]
        for command in commands:
            if self.execute(command, log) != 0:
                print(tail(log, 60))
                raise Failure(f"{folder} could not be built")
        print(f"  {folder.name} built in {time.monotonic() - began:.0f} s", flush=True)

    def start_instance(self, **settings):
        """A private instance, started as a user would, but for what is built already."""
        folder = tempfile.mkdtemp(prefix="instance-", dir=self.folder)
        instance = Instance.start(folder, BUILT="yes", **settings)
        self.instances.append(instance)
        return instance

    def stop_instance(self, instance):
        self.instances.remove(instance)
        instance.stop()

    def finish(self):
        """Leaves neither process nor folder behind; the logs of a failure stay."""
        self.ended = True
        for child in list(self.children):
            self.end_child(child)
        while self.instances:
            self.stop_instance(self.instances[-1])
        if self.failed:
            print(f"The logs are in {self.folder}.")
        else:
            shutil.rmtree(self.folder, ignore_errors=True)


def tail(path, lines):
    """The end of a file."""
    text = pathlib.Path(path).read_text(encoding="utf-8", errors="replace")
    return "\n".join(text.splitlines()[-lines:])


def took(began):
    return f"   ({time.monotonic() - began:.1f} s)"
