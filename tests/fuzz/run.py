#!/usr/bin/python3
"""Runs every fuzz target for some seconds: run.py BUILD_FOLDER SECONDS [TARGET...]

The seeds are made here, into a folder that is removed again; what makes a target fail is kept in
the build folder and named in its output. Ends with 1 when a target failed.
"""
import pathlib
import subprocess
import sys
import tempfile

NUMBERS = ["0", "-0", "19.90", "1e2", "1E-2", "1.0000", "9999999999.99", "0.001", "-1.5",
           "1e400", "1e-999999999999", "9223372036854775807", "01", "1.5.5", "-"]
TEXTS = ['""', '" a "', '"\\u00e9\\ud83d\\ude00"', '"\\ud800"', '"\\u0000"', '"a\\r\\nb"',
         '"\u2003x"', '"2025-11-28T10:30:00+01:00"', '"2024-02-29"', '"a@b"']
JSONS = [*NUMBERS, *TEXTS, "null", "true", "[]", "{}", "[" * 33 + "]" * 33, '{"a":1,"a":2}',
         "\ufeff{}", '{"a":[1,{"b":null}]}',
         '{"x":[{"n":1,"q":2.5},{"n":2}],"c":"a","b":true,"i":5,"z":"2025-11-28T10:30:00Z"}',
         *('{"t":%s}' % text for text in TEXTS), *('{"m":%s}' % number for number in NUMBERS)]
QUERIES = [*JSONS, "t=a&l=b%0Ac&e=a%40b", "i=5&i=6", "n=1&&b=true", "%74=+x+", "t=%", "t=%FF",
           "t=%00", "=", "q=2.5&p=1&d=-1&m=19.90", "c=b+c&f=2025-11-28&z=2025-11-28T10:30:00Z",
           "unknown=1"]
CSVS = ["id,name\r\n1,a\r\n", "\ufeffid;name\n1;\"a\n\"\"b\"\n", "a\n\n\"\"\n", "a,b\n1\n", "a\n\"x",
        "a\r", "a;b\n'=1;x;\n", "a,b\n\"x;=1\",\"''-1\"\n", "a\n\uff1d1\n\t@b\n"]
SEEDS = {"json": JSONS, "decimal": NUMBERS, "query": QUERIES, "csv": CSVS}


def run(build, seconds, target):
    """Whether the target got through its time without a failure."""
    with tempfile.TemporaryDirectory(prefix="smartflow-fuzz-") as folder:
        for number, seed in enumerate(SEEDS[target]):
            pathlib.Path(folder, f"seed{number}").write_bytes(seed.encode())
        done = subprocess.run(
            [build / "bin" / f"{target}_fuzz", f"-max_total_time={seconds}", "-timeout=5",
             "-max_len=4096", "-rss_limit_mb=1024", "-verbosity=0", "-print_funcs=0",
             "-print_final_stats=1", f"-artifact_prefix={build}/{target}-fuzz-", folder],
            check=False)
    return done.returncode == 0


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    build, seconds = pathlib.Path(sys.argv[1]).resolve(), int(sys.argv[2])
    failed = [target for target in sys.argv[3:] or SEEDS if not run(build, seconds, target)]
    print("fuzzing failed: " + ", ".join(failed) if failed else "fuzzing: nothing found")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
