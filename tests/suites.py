#!/usr/bin/python3
"""Builds everything and runs every suite of tests against an instance of its own; started by
tests/run. The last line is `N passed, N failed`; ends with 1 when anything failed, or ran nothing.

BUILD, BUILD_ASAN and BUILD_FUZZ name the build folders (build, build-asan, build-fuzz).
"""
import argparse
import contextlib
import glob
import os
import pathlib
import re
import signal
import sys
import threading
import time
import xml.etree.ElementTree

from one_run import BUILDS, ROOT, Failure, Run, tail, took
from instance import FAMILIES  # whose folder one_run has put on the path

FUZZ_SECONDS = {False: 5, True: 120}
LIMIT_SECONDS = {False: 420, True: 3600}  # of one suite: one that hangs is ended and has failed


def boost(run, suite, program, environment):
    """A program of Boost.Test: counted from the report it writes."""
    if not run.wants(suite):
        return
    began, log = time.monotonic(), run.folder / f"{suite.replace('/', '-')}.log"
    report = log.with_suffix(".xml")
    status = run.execute(
        [
            program,
            "--report_level=short",
            "--report_format=XML",
            f"--report_sink={report}",
            "--log_level=error",
        ],
        log,
        environment,
        LIMIT_SECONDS[run.everything],
    )
    try:
        found = xml.etree.ElementTree.parse(report).getroot().find("TestSuite").attrib
        passed = sum(
            int(found[name]) for name in ("test_cases_passed", "test_cases_passed_with_warnings")
        )
        failed = sum(
            int(found[name])
            for name in ("test_cases_failed", "test_cases_aborted", "test_cases_skipped")
        )
    except (OSError, AttributeError, KeyError, xml.etree.ElementTree.ParseError):
        passed = failed = 0
    if (status != 0 or passed == 0) and failed == 0:
        failed, note = 1, f"   (it ended with {status})"
    else:
        note = took(began)
    if failed:
        print(tail(log, 60))
    run.count(suite, passed, failed, note)


def shares_the_shop(path):
    """Whether some test of a file takes the instance that others use too (conftest.py), and not one
    that the file starts in its place.
    """
    text = pathlib.Path(path).read_text("utf-8")
    return not re.search(r"^def shop\(", text, re.MULTILINE) and re.search(
        r"def \w+\((?:[^)]*\W)?(?:shop|admin|staff|nobody)\W", text
    )


class WireFiles:
    """The files of tests over the wire: those whose tests share the instance, which run one after the
    other, and those with shops of their own, which whoever has time takes.
    """

    def __init__(self, run, instance):
        self.run, self.left_out = run, run.folder / "left-out"
        self.environment = {
            "TEST_URL": instance.url,
            "TEST_VAR": str(instance.var),
            "TEST_LEFT_OUT": str(self.left_out),
            "BUILD": str(BUILDS["BUILD"]),
            "BUILT": "yes",
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        paths = sorted(glob.glob(str(ROOT / "tests/wire/test_*.py")))
        self.sharing = [path for path in paths if shares_the_shop(path)]
        self.alone = [path for path in paths if not shares_the_shop(path)]

    def run_sharing(self):
        for path in self.sharing:
            pytest_file(self.run, path, self.environment)

    def run_alone(self):
        with contextlib.suppress(IndexError):  # of an empty list: others were faster
            while True:
                pytest_file(self.run, self.alone.pop(), self.environment)

    def names_left_out(self):
        return self.left_out.read_text("utf-8").splitlines() if self.left_out.exists() else []


def pytest_file(run, path, environment):
    """One file of tests."""
    suite = "wire/" + pathlib.Path(path).stem.removeprefix("test_")
    if not run.wants(suite):
        return
    began, log = time.monotonic(), run.folder / f"{suite.replace('/', '-')}.log"
    report = log.with_suffix(".xml")
    status = run.execute(
        [
            "/usr/bin/python3",
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            "--tb=short",
            f"--junitxml={report}",
            "--durations=10",
            *([] if run.everything else ["-m", "not slow"]),
            path,
        ],
        log,
        environment,
        LIMIT_SECONDS[run.everything],
    )
    try:
        found = xml.etree.ElementTree.parse(report).getroot().find("testsuite").attrib
        failed = sum(int(found[name]) for name in ("failures", "errors"))
        skipped = int(found["skipped"])
        passed = int(found["tests"]) - failed - skipped
    except (OSError, AttributeError, KeyError, xml.etree.ElementTree.ParseError):
        passed = failed = skipped = 0
    note = took(began) + (f", {skipped} can't run here" if skipped else "")
    # 5: every test of the file is left to --all, which is said at the end.
    if failed == 0 and status not in (0, 5):
        failed, note = 1, f"   (it ended with {status})"
    if failed:
        print(tail(log, 80))
    run.count(suite, passed, failed, note)


def fuzz(run, seconds):
    """Every fuzz target for some seconds."""
    for source in sorted(glob.glob(str(ROOT / "tests/fuzz/*_fuzz.cpp"))):
        target = pathlib.Path(source).stem.removesuffix("_fuzz")
        suite = f"fuzz/{target}"
        if run.wants(suite):
            log = run.folder / f"fuzz-{target}.log"
            good = (
                run.execute(
                    [
                        "/usr/bin/python3",
                        "tests/fuzz/run.py",
                        BUILDS["BUILD_FUZZ"],
                        seconds,
                        target,
                    ],
                    log,
                    limit=seconds + 120,
                )
                == 0
            )
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


def browser(run):
    """The dashboard in Chromium, looking at a shop of its own."""
    if not run.wants("browser"):
        return
    instance = run.start_instance(BUILD=str(BUILDS["BUILD"]))
    command = ["node", "tests/browser/run.mjs", instance.url, instance.var]
    counting(run, "browser", [*command, "--all"] if run.everything else command)
    run.stop_instance(instance)


def against(instance):
    """Where a build's programs find the database and the web server."""
    return {
        "TEST_DATABASE_URL": instance.database_url("postgres"),
        "TEST_HTTP_DATABASE_URL": instance.database_url(),
        "TEST_URL": instance.url,
    }


def cases(run, prefix, build, instance, ways="dispatch cgi http", **more):
    """The .case files, in their ways."""
    boost(
        run,
        f"{prefix}case_tests",
        build / "bin/case_tests",
        {**against(instance), "TEST_WAYS": ways, **more},
    )


def sanitizer_reports(run, instance):
    """What the sanitizers found in the families, which only their logs tell."""
    reports = [
        line
        for log in glob.glob(f"{instance.var}/log/*.log")
        for line in open(log, encoding="utf-8", errors="replace")
        if re.search(r"(Address|Leak|UndefinedBehavior)Sanitizer|runtime error:", line)
    ]
    print("".join(reports), end="")
    run.count("asan/families", int(not reports), int(bool(reports)))


def under_asan(run):
    """The units, and the cases by programs of that build."""
    build = BUILDS["BUILD_ASAN"]
    boost(run, "asan/unit_tests", build / "bin/unit_tests", {})
    own = run.start_instance(BUILD=str(build))
    cases(run, "asan/", build, own)
    run.stop_instance(own)
    sanitizer_reports(run, own)


def side_by_side(run, *lanes):
    """Runs lanes of steps at the same time: most of what the tests do is waiting. A lane that breaks
    has failed.
    """

    def walk(lane):
        try:
            for step, *given in lane:
                step(*given)
        except (Failure, AssertionError, OSError) as failure:
            print(failure)
            run.count("a lane of tests", 0, 1)

    threads = [threading.Thread(target=walk, args=(lane,), daemon=True) for lane in lanes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def compiled(run, instance):
    """The units and the cases, and what the cases say of the document."""
    transcript = run.folder / "transcript.ndjson"
    boost(run, "unit_tests", BUILDS["BUILD"] / "bin/unit_tests", {})
    ways = "dispatch cgi http" if run.everything else "dispatch http"
    cases(run, "", BUILDS["BUILD"], instance, ways, TEST_TRANSCRIPT=str(transcript))
    document = instance.var / "nginx/pages/api/openapi.json"
    check = ["/usr/bin/python3", "tests/wire/openapi_check.py", document, transcript]
    counting(run, "openapi", check)


def build_all(run, wants_asan, wants_fuzz):
    """Release, the same under the sanitizers, and the fuzz targets."""
    print("Building:", flush=True)
    programs = ["smartflow", *FAMILIES, "setup", "dashboard", "unit_tests", "case_tests"]
    run.build(
        "BUILD",
        [*programs, "database_tests"],
        "-DCMAKE_BUILD_TYPE=Release",
        "-DCMAKE_UNITY_BUILD=ON",
    )
    if wants_asan:
        run.build(
            "BUILD_ASAN",
            programs,
            "-DCMAKE_BUILD_TYPE=Debug",
            "-DCMAKE_CXX_FLAGS_DEBUG=-g1",
            "-DSANITIZE=ON",
            "-DCMAKE_UNITY_BUILD=ON",
        )
    if wants_fuzz:
        run.build(
            "BUILD_FUZZ",
            ["fuzzers"],
            "-DFUZZ=ON",
            "-DCMAKE_BUILD_TYPE=Debug",
            "-DCMAKE_CXX_COMPILER=clang++",
            "-DCMAKE_C_COMPILER=clang",
        )


def run_all(run):
    """Builds, runs, and says what was left out."""
    wants_asan = run.everything and any(map(run.wants, ("asan/unit_tests", "asan/case_tests")))
    wants_fuzz = any(run.wants(f"fuzz/{name}") for name in ("json", "query", "decimal"))
    build_all(run, wants_asan, wants_fuzz)
    print("Testing:", flush=True)
    instance = run.start_instance(BUILD=str(BUILDS["BUILD"]))
    files = WireFiles(run, instance)
    database = BUILDS["BUILD"] / "bin/database_tests"
    side_by_side(
        run,
        [(compiled, run, instance), (files.run_sharing,), (files.run_alone,)],
        [(boost, run, "database_tests", database, against(instance)), (files.run_alone,)],
        [(browser, run), (files.run_alone,)],
        [(under_asan, run)] if wants_asan else [],
        [(fuzz, run, FUZZ_SECONDS[run.everything])] if wants_fuzz else [],
    )
    run.stop_instance(instance)
    if not run.everything:
        print("Left to `make test-all`:")
        for name in [
            *files.names_left_out(),
            "cases by plain CGI",
            "units, cases and the families' programs under ASan",
            "browser: 100 000 products, a long trail, every view in the dark, at every width, as it comes",
            f"every fuzz target for {FUZZ_SECONDS[True]} s",
        ]:
            print(f"  {name}")


def fuzz_alone(run, seconds):
    """`make fuzz`: nothing else, for a long time."""
    run.build(
        "BUILD_FUZZ",
        ["fuzzers"],
        "-DFUZZ=ON",
        "-DCMAKE_BUILD_TYPE=Debug",
        "-DCMAKE_CXX_COMPILER=clang++",
        "-DCMAKE_C_COMPILER=clang",
    )
    fuzz(run, seconds)


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--all", action="store_true", help="what `make test` leaves out, too")
    options.add_argument(
        "--fuzz",
        type=int,
        nargs="?",
        const=1200,
        metavar="SECONDS",
        help="only the fuzz targets, each that long",
    )
    options.add_argument("suites", nargs="*", help="only these, such as unit_tests or wire/races")
    given = options.parse_args()

    def interrupted(number, _):
        raise KeyboardInterrupt(number)

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, interrupted)
    os.chdir(ROOT)
    run = Run(given.all, given.suites)
    try:
        if given.fuzz:
            fuzz_alone(run, given.fuzz)
        else:
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
