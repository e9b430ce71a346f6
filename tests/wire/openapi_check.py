#!/usr/bin/python3
"""Holds the OpenAPI document against itself, and recorded answers against the document.

    openapi_check.py DOCUMENT [TRANSCRIPT]

DOCUMENT is what `smartflow openapi` prints, or what the server gives at /api/openapi.json.
TRANSCRIPT (else $TEST_TRANSCRIPT) is one JSON object a line: method, path (as it was sent), status,
headers, body. Every answer must be one that the document declares, and every operation must have
succeeded at least once. Ends with `N passed, N failed`.
"""

import collections
import json
import os
import re
import sys
import urllib.parse
from decimal import Decimal

from openapi_rules import problems_of
from jsonschema import Draft202012Validator, RefResolver, validators
from jsonschema.exceptions import ValidationError

# What the document must declare where an answer has it; other headers belong to HTTP itself.
DECLARED_HEADERS = {"etag", "location", "link", "x-total-count", "idempotent-replayed",
                    "retry-after", "www-authenticate", "set-cookie", "x-request-id"}
# What a web server may say before anybody knows what is asked for.
UNREAD = {400, 408, 413, 414, 429, 431, 500, 503}
# Pages that are no operations.
STATIC = {"/", "/docs", "/api/openapi.json"}


def read_json(text):
    """Numbers stay exact: a price of 9999999999.99 isn't compared in binary."""
    return json.loads(text, parse_float=Decimal)


def decimal_places(_, places, instance, __):
    if isinstance(instance, Decimal) and -instance.as_tuple().exponent > places:
        yield ValidationError(f"{instance} has more than {places} decimal places")


Validator = validators.extend(Draft202012Validator, {"x-decimal-places": decimal_places})


class Document:
    """The document, with what is needed to look answers up in it."""

    def __init__(self, text):
        self.root = read_json(text)
        self.resolver = RefResolver("", self.root)
        self.operations = {}
        self.patterns = []
        for path, item in self.root.get("paths", {}).items():
            pattern = re.sub(r"\\\{id\\\}", "[1-9][0-9]*", re.escape(path))
            self.patterns.append((re.compile(pattern + r"\Z"), path))
            for method, operation in item.items():
                self.operations[method.upper(), path] = operation

    def resolved(self, value):
        while "$ref" in value:
            value = self.resolver.resolve(value["$ref"])[1]
        return value

    def errors(self, schema, instance):
        """Why the instance doesn't fit, in one line; empty when it does."""
        found = Validator(schema, resolver=self.resolver).iter_errors(instance)
        return "; ".join(sorted(f"{error.json_path}: {error.message[:200]}" for error in found))

    def path_of(self, target):
        """The path as the document has it; None for one that it doesn't have."""
        sent = re.sub(r"^[A-Za-z][A-Za-z0-9+.-]*://[^/]*", "", target).split("?")[0]
        if re.search(r"%(?![0-9A-Fa-f]{2})", sent):
            return None
        # An escaped slash is none; what decodes to nothing readable fits no path.
        parts = [urllib.parse.unquote(part, errors="replace").replace("/", "\0")
                 for part in sent.split("/")]
        for pattern, path in self.patterns:
            match = pattern.match("/".join(parts))
            ids = re.findall(r"/([1-9][0-9]*)(?=/|\Z)", match[0]) if match else []
            if match and all(int(number) < 2**63 for number in ids):
                return path
        return None


class Report:
    """Counts checks; says what is wrong once, however often it happens."""

    def __init__(self):
        self.passed = 0
        self.failures = collections.Counter()

    def check(self, about, problem):
        if problem:
            self.failures[f"{about}: {problem}"] += 1
        else:
            self.passed += 1

    def end(self):
        for failure, times in self.failures.items():
            print(f"FAILED {failure}" + (f" ({times} times)" if times > 1 else ""))
        failed = sum(self.failures.values())
        print(f"{self.passed} passed, {failed} failed")
        return 1 if failed or not self.passed else 0


def check_examples(document, report):
    for name, schema in document.root["components"]["schemas"].items():
        for example in schema.get("examples", []):
            report.check(f"example of {name}", document.errors(schema, example))
    for (method, path), operation in document.operations.items():
        content = operation.get("requestBody", {}).get("content", {})
        for media in content.values():
            fault = (document.errors(media["schema"], media["example"])
                     if "example" in media else "there is none")
            report.check(f"example of the body of {method} {path}", fault)


def header_problem(document, declared, given):
    wrong = []
    for name, header in declared.items():
        header = document.resolved(header)
        value = given.get(name.lower())
        if value is None:
            if header.get("required"):
                wrong.append(f"no {name}")
        else:
            fault = document.errors(header.get("schema", {}), value)
            wrong += [f"{name}: {fault}"] if fault else []
    known = {name.lower() for name in declared}
    wrong += [f"{name} isn't declared" for name in given if name in DECLARED_HEADERS - known]
    return "; ".join(wrong)


def body_problem(document, content, answer, headers):
    body = answer.get("body") or ""
    if answer["method"] == "HEAD" or not content:
        return f"a body where there is none: {body[:80]!r}" if body else ""
    kind = headers.get("content-type", "").split(";")[0].strip()
    if kind not in content:
        return f"the type is {kind!r}"
    if not kind.endswith("json"):
        return document.errors(content[kind].get("schema", {}), body)
    try:
        value = read_json(body)
    except ValueError as error:
        return f"no JSON: {error}"
    return document.errors(content[kind].get("schema", {}), value)


def undeclared_problem(document, path, answer, headers):
    """An answer to what is no operation: another method, another path."""
    status = answer["status"]
    if answer["method"] == "OPTIONS" and path and status == 204:
        return "" if "allow" in headers and not answer.get("body") else "no Allow, or a body"
    # TRACE is refused before anybody looks at the path.
    expected = {405} if path else {404, 405} if answer["method"] == "TRACE" else {404}
    if status not in expected | UNREAD:
        return f"{status} where there is no operation"
    if status == 405 and "allow" not in headers:
        return "405 without Allow"
    error = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
    return body_problem(document, error, answer, headers)


def answer_problem(document, answer, seen):
    headers = {name.lower(): value for name, value in dict(answer["headers"]).items()}
    path = document.path_of(answer["path"])
    asked = "GET" if answer["method"] == "HEAD" else answer["method"]
    operation = document.operations.get((asked, path))
    if operation is None:
        return undeclared_problem(document, path, answer, headers)
    status = str(answer["status"])
    if status not in operation["responses"]:
        return f"{status} isn't declared"
    query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(answer["path"]).query))
    action = operation.get("x-actions", {}).get(query.get("action"))
    if status.startswith("2") and answer["method"] != "HEAD":
        seen.add((asked, path, query["action"] if action else None))
    response = document.resolved(operation["responses"][status])
    content = response.get("content")
    if action and status.startswith("2"):  # what this action answers, and no other
        content = {action["media"]: {"schema": action["schema"]}}
        if "orMedia" in action:
            content[action["orMedia"]] = {"schema": {"type": "string"}}
    problem = header_problem(document, response.get("headers", {}), headers)
    return problem or body_problem(document, content, answer, headers)


def check_transcript(document, lines, report):
    seen = set()
    for line in lines:
        answer = json.loads(line)
        bare = answer["path"].split("?")[0]
        if bare in STATIC:
            continue
        path = document.path_of(answer["path"]) or bare[:80]
        report.check(f"{answer['method']} {path} {answer['status']}",
                     answer_problem(document, answer, seen))
    for (method, path), operation in document.operations.items():
        for action in operation.get("x-actions", [None]):
            report.check(f"{method} {path} {action or ''}",
                         "" if (method, path, action) in seen
                         else "no answer of success was recorded")


def main(arguments):
    if not 1 <= len(arguments) <= 2:
        print(__doc__.strip(), file=sys.stderr)
        return 2
    with open(arguments[0], encoding="utf-8") as file:
        document = Document(file.read())
    report = Report()
    for about, problem in problems_of(document.root):
        report.check(about, problem)
    if report.failures:
        print("the document is broken: no example and no answer was held against it")
        return report.end()
    check_examples(document, report)
    transcript = arguments[1] if len(arguments) > 1 else os.environ.get("TEST_TRANSCRIPT")
    if transcript:
        with open(transcript, encoding="utf-8", errors="replace") as lines:
            check_transcript(document, lines, report)
    else:
        print("no transcript: only the document itself was checked")
    return report.end()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
