#!/usr/bin/python3
"""Builds everything and runs every suite of tests against an instance of its own; started by
tests/run. The last line is `N passed, N failed`; ends with 1 when anything failed, or ran nothing.

BUILD, BUILD_ASAN and BUILD_FUZZ name the build folders (build, build-asan, build-fuzz).
"""
import argparse
import glob
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.dont_write_bytecode = True
sys.path.insert(0, str(ROOT / "tests/wire"))

from instance import Instance  # noqa: E402  (its folder is only now on the path)

BUILDS = {name: (ROOT / os.environ.get(name, folder)).resolve() for name, folder in
          [("BUILD", "build"), ("BUILD_ASAN", "build-asan"), ("BUILD_FUZZ", "build-fuzz")]}
FAMILIES = re.search(r"^set\(HANDLERS (.*)\)$", (ROOT / "CMakeLists.txt").read_text("utf-8"),
                     re.MULTILINE)[1].split()
FUZZ_SECONDS = {False: 5, True: 120}
LIMIT_SECONDS = {False: 420, True: 3600}  # of one suite: one that hangs is ended and has failed


class Failure(Exception):
    """Nothing can go on; what went wrong has been said."""


class Run:
    """One run of the tests: its folder, its children, its counts."""

    def __init__(self, everything, only):
        self.everything, self.only = everything, only
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="smartflow-tests-"))
        self.passed = self.failed = 0
        self.child = None
        self.instances = []
        self.started = time.monotonic()

    def wants(self, suite):
        return not self.only or any(suite.startswith(name) for name in self.only)

    def count(self, suite, passed, failed, note=""):
        """Adds a suite's outcome and says it."""
        self.passed += passed
        self.failed += failed
        print(f"  {suite:<34}{passed:>6} passed, {failed} failed{note}", flush=True)

    def execute(self, command, log, environment=None, limit=None):
        """Runs a command to its end; its output goes to a file. Gives its exit status."""
        with open(log, "ab") as output:
            # A child gets a signal when this process dies without a word, and so do its own.
            self.child = subprocess.Popen(
                ["setpriv", "--pdeathsig", "TERM", *map(str, command)], cwd=ROOT,
                env={**os.environ, **(environment or {})}, stdin=subprocess.DEVNULL, stdout=output,
                stderr=subprocess.STDOUT, start_new_session=True)
        try:
            return self.child.wait(limit)
        except subprocess.TimeoutExpired:
            return f"ended after {limit} s"
        finally:
            self.end_child()

    def end_child(self):
        """Ends what the running command has started, and the command."""
        if self.child is None:
            return
        for number, seconds in ((signal.SIGTERM, 20), (signal.SIGKILL, 5)):
            try:
                os.killpg(self.child.pid, number)
            except ProcessLookupError:
                break
            try:
                self.child.wait(seconds)
            except subprocess.TimeoutExpired:
                continue
            break
        self.child = None

    def build(self, name, targets, *options):
        """Configures where needed, and builds."""
        began, folder = time.monotonic(), BUILDS[name]
        log = self.folder / f"{name}.log"
        jobs = os.cpu_count() or 2
        commands = [["cmake", "--build", folder, "-j", jobs, "--target", *targets]]
        if not (folder / "Makefile").exists() and not (folder / "build.ninja").exists():
            commands.insert(0, ["cmake", "-S", ROOT, "-B", folder, *options])
        for command in commands:
            if self.execute(command, log) != 0:
                print(tail(log, 60))
                raise Failure(f"{folder} could not be built")
        print(f"  {folder.name} built in {time.monotonic() - began:.0f} s", flush=True)

    def start_instance(self, **settings):
        """A private instance, started as a user would."""
        folder = tempfile.mkdtemp(prefix="instance-", dir=self.folder)
        instance = Instance.start(folder, **settings)
        self.instances.append(instance)
        return instance

    def stop_instance(self, instance):
        self.instances.remove(instance)
        instance.stop()

    def finish(self):
        """Leaves neither process nor folder behind; the logs of a failure stay."""
        self.end_child()
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


def boost(run, suite, program, environment):
    """A program of Boost.Test: counted from the report it writes."""
    if not run.wants(suite):
        return
    began, log = time.monotonic(), run.folder / f"{suite.replace('/', '-')}.log"
    report = log.with_suffix(".xml")
    status = run.execute([program, "--report_level=short", "--report_format=XML",
                          f"--report_sink={report}", "--log_level=error"], log, environment,
                         LIMIT_SECONDS[run.everything])
    try:
        found = xml.etree.ElementTree.parse(report).getroot().find("TestSuite").attrib
        passed = sum(int(found[name]) for name in ("test_cases_passed",
                                                   "test_cases_passed_with_warnings"))
        failed = sum(int(found[name]) for name in ("test_cases_failed", "test_cases_aborted",
                                                   "test_cases_skipped"))
    except (OSError, AttributeError, KeyError, xml.etree.ElementTree.ParseError):
        passed = failed = 0
    if (status != 0 or passed == 0) and failed == 0:
        failed, note = 1, f"   (it ended with {status})"
    else:
        note = took(began)
    if failed:
        print(tail(log, 60))
    run.count(suite, passed, failed, note)


def pytest(run, instance):
    """The suites over the wire, a line for each file."""
    left_out = run.folder / "left-out"
    environment = {"TEST_URL": instance.url, "TEST_VAR": str(instance.var),
                   "TEST_LEFT_OUT": str(left_out), "BUILD": str(BUILDS["BUILD"]),
                   "PYTHONDONTWRITEBYTECODE": "1"}
    for path in sorted(glob.glob(str(ROOT / "tests/wire/test_*.py"))):
        suite = "wire/" + pathlib.Path(path).stem.removeprefix("test_")
        if not run.wants(suite):
            continue
        began, log = time.monotonic(), run.folder / f"{suite.replace('/', '-')}.log"
        report = log.with_suffix(".xml")
        status = run.execute(["/usr/bin/python3", "-m", "pytest", "-q", "-p", "no:cacheprovider",
                              "--tb=short", f"--junitxml={report}", "--durations=10",
                              *([] if run.everything else ["-m", "not slow"]), path],
                             log, environment, LIMIT_SECONDS[run.everything])
        try:
            found = xml.etree.ElementTree.parse(report).getroot().find("testsuite").attrib
            failed = sum(int(found[name]) for name in ("failures", "errors", "skipped"))
            passed = int(found["tests"]) - failed
        except (OSError, AttributeError, KeyError, xml.etree.ElementTree.ParseError):
            passed = failed = 0
        note = took(began)
        # 5: every test of the file is left to --all, which is said below.
        if failed == 0 and status not in (0, 5):
            failed, note = 1, f"   (it ended with {status})"
        if failed:
            print(tail(log, 80))
        run.count(suite, passed, failed, note)
    return left_out.read_text(encoding="utf-8").splitlines() if left_out.exists() else []


def fuzz(run):
    """Every fuzz target for some seconds."""
    for source in sorted(glob.glob(str(ROOT / "tests/fuzz/*_fuzz.cpp"))):
        target = pathlib.Path(source).stem.removesuffix("_fuzz")
        suite = f"fuzz/{target}"
        if run.wants(suite):
            seconds = FUZZ_SECONDS[run.everything]
            log = run.folder / f"fuzz-{target}.log"
            good = run.execute(["/usr/bin/python3", "tests/fuzz/run.py", BUILDS["BUILD_FUZZ"],
                                seconds, target], log, limit=seconds + 120) == 0
            if not good:
                print(tail(log, 60))
            run.count(suite, int(good), int(not good), f"   ({seconds} s)")


def counting(run, suite, command):
    """A program that ends with `N passed, N failed` itself."""
    if not run.wants(suite):
        return
    began, log = time.monotonic(), run.folder / f"{suite}.log"
    status = run.execute(command, log, None, LIMIT_SECONDS[run.everything])
    counts = re.search(r"(\d+) passed, (\d+) failed\s*\Z", tail(log, 5))
    passed, failed = map(int, counts.groups()) if counts else (0, 0)
    if failed == 0 and (status != 0 or passed == 0):
        failed = 1
    if failed:
        print(tail(log, 60))
    run.count(suite, passed, failed, took(began))


def compiled(run, prefix, build, instance, transcript=None):
    """The programs that a build made, against one instance."""
    environment = {"TEST_DATABASE_URL": instance.database_url("postgres"),
                   "TEST_HTTP_DATABASE_URL": instance.database_url(), "TEST_URL": instance.url}
    boost(run, f"{prefix}unit_tests", build / "bin/unit_tests", environment)
    if not prefix:
        boost(run, "database_tests", build / "bin/database_tests", environment)
    if (ROOT / "tests/cases").exists():
        more = {"TEST_TRANSCRIPT": str(transcript)} if transcript else {}
        boost(run, f"{prefix}case_tests", build / "bin/case_tests", {**environment, **more})


def sanitized(run):
    """Units and cases under ASan and UBSan, with families of the same build behind nginx."""
    instance = run.start_instance(BUILD=str(BUILDS["BUILD_ASAN"]))
    compiled(run, "asan/", BUILDS["BUILD_ASAN"], instance)
    run.stop_instance(instance)
    reports = [line for log in glob.glob(f"{instance.var}/log/*.log")
               for line in open(log, encoding="utf-8", errors="replace")
               if re.search(r"(Address|Leak|UndefinedBehavior)Sanitizer|runtime error:", line)]
    print("".join(reports), end="")
    run.count("asan/families", int(not reports), int(bool(reports)))


def released(run):
    """Everything that runs against the programs as users get them."""
    transcript = run.folder / "transcript.ndjson"
    instance = run.start_instance(BUILD=str(BUILDS["BUILD"]))
    compiled(run, "", BUILDS["BUILD"], instance, transcript)
    counting(run, "openapi", ["/usr/bin/python3", "tests/wire/openapi_check.py",
                              instance.var / "nginx/pages/api/openapi.json", transcript])
    left_out = pytest(run, instance)
    run.stop_instance(instance)
    return left_out


def run_all(run):
    """Builds, runs, and says what was left out."""
    print("Building:", flush=True)
    optional = ["case_tests"] if (ROOT / "tests/cases").exists() else []
    run.build("BUILD", ["smartflow", *FAMILIES, "unit_tests", "database_tests", *optional],
              "-DCMAKE_BUILD_TYPE=Release")
    wants_asan = any(map(run.wants, ("asan/unit_tests", "asan/case_tests")))
    if wants_asan:
        run.build("BUILD_ASAN", ["smartflow", *FAMILIES, "unit_tests", *optional],
                  "-DCMAKE_BUILD_TYPE=Debug", "-DSANITIZE=ON")
    wants_fuzz = any(run.wants(f"fuzz/{name}") for name in ("json", "query", "decimal"))
    if wants_fuzz:
        run.build("BUILD_FUZZ", ["fuzzers"], "-DFUZZ=ON", "-DCMAKE_CXX_COMPILER=clang++",
                  "-DCMAKE_C_COMPILER=clang", "-DCMAKE_BUILD_TYPE=Debug")
    print("Testing:", flush=True)
    left_out = released(run)
    if wants_asan:
        sanitized(run)
    if wants_fuzz:
        fuzz(run)
    if not run.everything:
        print("Left to `make test-all`:")
        for name in [*left_out, f"every fuzz target for {FUZZ_SECONDS[True]} s"]:
            print(f"  {name}")


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--all", action="store_true", help="what `make test` leaves out, too")
    options.add_argument("suites", nargs="*", help="only these, such as unit_tests or wire/races")
    given = options.parse_args()

    def interrupted(number, _):
        raise KeyboardInterrupt(number)

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, interrupted)
    os.chdir(ROOT)
    run = Run(given.all, given.suites)
    try:
        run_all(run)
    except (Failure, AssertionError, OSError) as failure:
        print(failure)
        run.failed += 1
    except KeyboardInterrupt:
        print("interrupted")
        run.failed += 1
    finally:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        run.finish()
    print(f"in {time.monotonic() - run.started:.0f} s")
    if run.passed == 0:
        run.failed = max(run.failed, 1)
    print(f"{run.passed} passed, {run.failed} failed")
    sys.exit(1 if run.failed else 0)


if __name__ == "__main__":
    main()
