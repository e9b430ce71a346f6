"""nginx's own part: whatever a stranger sends gets an answer in the API's shape, limits hold, and
the families get what they read and no more.
"""
import contextlib
import datetime
import functools
import gzip
import json
import os
import re
import signal
import socket
import time

import pytest

from http_client import Client, at_once, check_answer, make_client, parse_answers, send_raw
from instance import ROOT, process_state, wait_until

HEAD = "Host: shop\r\nConnection: close\r\n"


def get(path, *headers, method="GET"):
    """A request without body, as bytes."""
    lines = "".join(f"{header}\r\n" for header in headers)
    return f"{method} {path} HTTP/1.1\r\n{HEAD}{lines}\r\n".encode("latin-1")


def post(body, *headers, path="/api/auth/login"):
    return get(path, "Content-Type: application/json", *headers, method="POST") + body


def answer_to(instance, data, method="GET"):
    """The one answer to bytes."""
    answers = parse_answers(send_raw(instance, data), (method,))
    assert answers, "no answer"
    return check_answer(answers[-1], may_fail=True)


STRANGE = {
    "an unknown path": (get("/api/nope"), 404, "NOT_FOUND"),
    "an unknown page": (get("/nope"), 404, "NOT_FOUND"),
    "a name that begins like a family's": (get("/api/productsX"), 404, "NOT_FOUND"),
    "a trailing slash": (get("/api/products/"), 404, "NOT_FOUND"),
    "doubled slashes": (get("//api//products"), 404, "NOT_FOUND"),
    "a way through another family": (get("/api/products/../orders"), 404, "NOT_FOUND"),
    "an escaped slash": (get("/api/products%2F1"), 404, "NOT_FOUND"),
    "an escaped line end": (get("/api/products/%0d%0aX:1"), 404, "NOT_FOUND"),
    "the page of an error": (get("/.error/503"), 404, "NOT_FOUND"),
    "a way out of the pages": (get("/..%2fnginx.conf"), 400, "BAD_REQUEST"),
    "a broken escape": (get("/api/products/%zz"), 400, "BAD_REQUEST"),
    "an escaped NUL": (get("/api/products/%00"), 400, "BAD_REQUEST"),
    "a NUL in the path": (get("/api/prod\0ucts"), 400, "BAD_REQUEST"),
    "a NUL in a header": (get("/api/products", "X: a\0b"), 400, "BAD_REQUEST"),
    "a folded header": (get("/api/products", "X: a\r\n b"), 400, "BAD_REQUEST"),
    "a space before the colon": (get("/api/products", "Host : b"), 400, "BAD_REQUEST"),
    "TLS on a plain port": (b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", 400, "BAD_REQUEST"),
    "no host": (b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n", 400, "BAD_REQUEST"),
    "two hosts": (get("/", "Host: other"), 400, "BAD_REQUEST"),
    "a version to come": (b"GET / HTTP/9.9\r\n\r\n", 400, "BAD_REQUEST"),
    "HTTP/2 in clear text": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400, "BAD_REQUEST"),
    "a method in small letters": (b"get / HTTP/1.1\r\n\r\n", 400, "BAD_REQUEST"),
    "a long path": (get("/api/products?search=" + "a" * 70_000), 414, "BAD_REQUEST"),
    "a header of 10 MB": (get("/api/products", "X: " + "a" * 10_000_000), 431, "BAD_REQUEST"),
    "many headers": (get("/", *(f"X-{i}: {'a' * 1000}" for i in range(200))), 431, "BAD_REQUEST"),
    "no number of bytes": (post(b"", "Content-Length: ten"), 400, "BAD_REQUEST"),
    "fewer bytes than none": (post(b"", "Content-Length: -5"), 400, "BAD_REQUEST"),
    "bytes beyond counting": (post(b"", "Content-Length: " + "9" * 30), 400, "BAD_REQUEST"),
    "two lengths": (post(b"{}", "Content-Length: 2", "Content-Length: 3"), 400, "BAD_REQUEST"),
    "a length and chunks": (post(b"0\r\n\r\n", "Content-Length: 2", "Transfer-Encoding: chunked"),
                            400, "BAD_REQUEST"),
    "an unknown encoding": (post(b"", "Transfer-Encoding: gzip, chunked"), 400, "BAD_REQUEST"),
    "a chunk without a length": (post(b"zz\r\n", "Transfer-Encoding: chunked"), 400,
                                 "BAD_REQUEST"),
    "1 GiB announced": (post(b"x", "Content-Length: 1073741824"), 413, "PAYLOAD_TOO_LARGE"),
    "a byte more than 1 MiB": (post(b"x" * 1048577, "Content-Length: 1048577"), 413,
                               "PAYLOAD_TOO_LARGE"),
    "more than 1 MiB in chunks": (post((b"80000\r\n" + b"x" * 0x80000 + b"\r\n") * 3 + b"0\r\n\r\n",
                                       "Transfer-Encoding: chunked"), 413, "PAYLOAD_TOO_LARGE"),
    "1 MiB of nothing": (post(b" " * 1048576, "Content-Length: 1048576"), 400, "VALIDATION_ERROR"),
    "a page that has changed": (get("/", 'If-Match: "other"'), 412, "PRECONDITION_FAILED"),
}


@pytest.mark.parametrize("name", STRANGE)
def test_answers_in_the_shape_of_errors_to(shop, name):
    data, status, code = STRANGE[name]
    answer = answer_to(shop, data)
    assert (answer.status, answer.code) == (status, code), answer


@pytest.mark.parametrize("path, status, allow", [
    ("/api/products", 405, "GET, HEAD, POST, OPTIONS"),
    ("/api/products/1", 405, "GET, HEAD, PATCH, DELETE, OPTIONS"),
    ("/healthz", 405, "GET, HEAD, OPTIONS"),
    ("/", 405, "GET, HEAD, OPTIONS"),
    ("/docs", 405, "GET, HEAD, OPTIONS"),
    ("/api/openapi.json", 405, "GET, HEAD, OPTIONS"),
    ("/api/products/x", 404, None),
    ("/api/nope", 404, None),
])
def test_trace_is_refused_where_the_path_is_known(shop, path, status, allow):
    answer = answer_to(shop, get(path, "X-Secret: abc", method="TRACE"))
    assert (answer.status, answer.headers["Allow"]) == (status, allow), answer
    assert b"abc" not in answer.body


@pytest.mark.parametrize("path", ["/", "/docs", "/api/openapi.json"])
def test_a_page_knows_its_methods(nobody, path):
    page = nobody.get(path)
    head = nobody.ask("HEAD", path)
    assert (head.status, head.body) == (200, b"")
    assert head.headers["Content-Length"] == page.headers["Content-Length"]
    assert nobody.get(path, headers={"If-None-Match": page.headers["ETag"]}).status == 304
    options = nobody.ask("OPTIONS", path)
    assert (options.status, options.headers["Allow"]) == (204, "GET, HEAD, OPTIONS")
    assert nobody.post(path, {}).status == 405


@pytest.mark.parametrize("path", ["/", "/docs"])
def test_a_page_that_has_not_changed_keeps_its_policy(nobody, path):
    """What a 304 says of a page counts from then on."""
    page = nobody.get(path)
    again = nobody.get(path, headers={"If-None-Match": page.headers["ETag"]})
    assert again.status == 304
    policy = again.headers["Content-Security-Policy"]
    assert policy == page.headers["Content-Security-Policy"] and "script-src 'self'" in policy


def test_the_api_s_documentation_is_a_page(nobody):
    page = nobody.get("/docs")
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert page.headers["Cache-Control"] == "no-cache"
    part = re.search(r"assets/docs-[\w-]+\.js", page.body.decode())[0]
    assert nobody.get(f"/{part}").status == 200
    assert nobody.get("/docs/").status == 404


def test_what_is_named_by_its_digest_is_kept_for_good(nobody):
    part = re.search(r"assets/index-[\w-]+\.js", nobody.get("/").body.decode())[0]
    answer = nobody.get(f"/{part}")
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
    assert nobody.get("/assets/index-00000000.js").status == 404


def test_a_chunked_body_arrives_whole(admin):
    made = json.dumps({"name": "Tea in chunks", "stock": 1, "minStock": 0, "price": 1}).encode()
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(made[i:i + 7]), made[i:i + 7])
                      for i in range(0, len(made), 7)) + b"0\r\n\r\n"
    answer = answer_to(admin.instance, post(chunks, "Transfer-Encoding: chunked",
                                            f"Authorization: Bearer {admin.token}",
                                            path="/api/products"))
    assert (answer.status, answer.json["name"]) == (201, "Tea in chunks"), answer


@pytest.mark.parametrize("sent, kept", [
    ("abc-1.2_", True), ("a" * 128, True), ("a" * 7, False), ("a" * 129, False),
    ("abcdefgh\"", False), ("abc defgh", False),
])
def test_a_request_id_is_kept_where_it_is_one(nobody, sent, kept):
    for path in ("/healthz", "/api/nope", "/"):
        answer = nobody.get(path, headers={"X-Request-Id": sent})
        assert len(answer.headers.get_all("X-Request-Id")) == 1
        assert (answer.headers["X-Request-Id"] == sent) is kept


def test_a_long_answer_is_compressed_when_asked(admin):
    for number in range(20):
        admin.product(name=f"Compressed {number}")
    plain = admin.get("/api/products?search=Compressed")
    packed = admin.get("/api/products?search=Compressed", headers={"Accept-Encoding": "gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in packed.headers["Vary"]
    assert gzip.decompress(packed.body) == plain.body


def test_the_log_has_a_line_of_json_without_the_query(shop, nobody):
    name = f"log-test-{time.time_ns()}"
    nobody.get("/api/nope?secret=abc\"", headers={"X-Request-Id": name})
    line = wait_until(lambda: [line for line in open(shop.var / "log/access.log", encoding="utf-8")
                               if name in line], 5, "the log has the request")[0]
    logged = json.loads(line)
    assert (logged["path"], logged["status"], logged["method"]) == ("/api/nope", 404, "GET")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", logged["time"])
    logged_at = datetime.datetime.fromisoformat(logged["time"].replace("Z", "+00:00"))
    assert abs(logged_at.timestamp() - time.time()) < 60
    assert logged["agent"] == ""  # nobody said one
    assert "secret" not in line


def test_a_forwarded_address_of_a_stranger_is_not_believed(shop, nobody):
    name = f"address-test-{time.time_ns()}"
    nobody.get("/api/nope", headers={"X-Request-Id": name, "X-Forwarded-For": "192.0.2.1"})
    line = wait_until(lambda: [line for line in open(shop.var / "log/access.log", encoding="utf-8")
                               if name in line], 5, "the log has the request")[0]
    assert json.loads(line)["address"] == "127.0.0.1"


@pytest.fixture(scope="module")
def limited():
    """A shop with low limits behind a proxy, which is this test."""
    from conftest import started  # pylint: disable=import-outside-toplevel
    yield from started(RATE_LIMIT="5", LOGIN_RATE_LIMIT="3", THREADS="24",
                       TRUSTED_PROXIES="127.0.0.1, 10.0.0.0/8")


def statuses(instance, address, count, method="GET", path="/healthz"):
    """What so many requests of an address get, one right after the other."""
    client = Client(instance)
    return [client.ask(method, path, headers={"X-Forwarded-For": address}).status
            for _ in range(count)]


def test_an_address_is_limited_and_others_are_not(limited):
    assert statuses(limited, "192.0.2.7", 30).count(429) >= 10
    assert statuses(limited, "192.0.2.8", 5) == [200] * 5
    time.sleep(1)
    assert 200 in statuses(limited, "192.0.2.7", 1)


def test_an_ipv6_network_is_one_address(limited):
    assert statuses(limited, "2001:db8:0:1::1", 30).count(429) >= 10
    assert 429 in statuses(limited, "2001:db8:0:1:ffff::2", 3)
    assert statuses(limited, "2001:db8:0:2::1", 5) == [200] * 5


def test_ipv4_addresses_written_as_ipv6_are_told_apart(limited):
    assert statuses(limited, "::ffff:192.0.2.20", 30).count(429) >= 10
    assert statuses(limited, "::ffff:192.0.2.21", 5) == [200] * 5


def test_logins_are_limited_by_address(limited):
    found = statuses(limited, "192.0.2.30", 6, "POST", "/api/auth/login")
    assert found.count(429) == 2, found
    client = Client(limited)
    refused = client.ask("POST", "/api/auth/login", headers={"X-Forwarded-For": "192.0.2.30"})
    assert (refused.status, refused.headers["Retry-After"]) == (429, "20")
    assert client.get("/healthz", headers={"X-Forwarded-For": "192.0.2.30"}).status == 200


def test_a_new_client_never_waits_for_kept_connections(limited):
    """With few threads a family: what nginx keeps open of many requests at once leaves some free."""
    def ask(number):
        client = Client(limited)
        client.connection().timeout = 30  # half of what a kept connection lasts
        answer = client.get("/healthz", headers={"X-Forwarded-For": f"198.51.100.{number}"})
        assert answer.status == 200

    for turn in range(5):
        at_once([functools.partial(ask, turn * 20 + number) for number in range(20)])


def test_a_family_that_is_away_is_503_and_comes_back(limited):
    client = make_client(limited)
    family, path = limited.family("users"), f"{limited.sockets()}/users.sock"
    os.rename(path, path + ".away")
    try:
        os.kill(family, signal.SIGKILL)
        answer = client.ask("GET", "/api/users", may_fail=True)
        assert (answer.status, answer.code) == (503, "SERVICE_UNAVAILABLE")
    finally:
        os.rename(path + ".away", path)
    wait_until(lambda: client.ask("GET", "/api/users", may_fail=True,
                                  headers={"X-Forwarded-For": "192.0.2.50"}).status == 200,
               3, "the family answers again")


def with_workers(instance, count):
    """Has its nginx go on with so many workers."""
    file = instance.var / "nginx/nginx.conf"
    text, changed = re.subn(r"(?<=\nworker_processes )\d+", str(count), file.read_text("utf-8"))
    assert changed == 1
    file.write_text(text, "utf-8")
    before = instance.processes("nginx")
    master = next(pid for pid in before if int(process_state(pid)[1]) not in before)
    os.kill(master, signal.SIGHUP)

    def have_taken_over():
        now = instance.processes("nginx")
        return set(before) & set(now) == {master} and len(now) == 1 + count

    wait_until(have_taken_over, 20, "other workers have taken over")


@pytest.mark.parametrize("workers", [4, 1])
def test_what_a_family_has_no_thread_for_is_refused_at_once(limited, workers):
    """While it does nothing, so many requests wait for it as nginx may hand to it, however many workers
    that has.
    """
    with_workers(limited, workers)
    most = int(re.search(r"max_conns=(\d+);",
                         (limited.var / "nginx/smartflow/upstreams.conf").read_text("utf-8"))[1])
    assert most == 21

    family, answers = limited.family("workflows"), []

    def ask(number):
        answer = Client(limited).get("/api/workflows", may_fail=True,
                                     headers={"X-Forwarded-For": f"203.0.113.{number}"})
        answers.append((answer.status, answer.code))

    def go_on():
        wait_until(lambda: len(answers) == 5, 10, "what is too much is refused")
        os.kill(family, signal.SIGCONT)

    os.kill(family, signal.SIGSTOP)
    try:
        at_once([functools.partial(ask, number) for number in range(most + 5)] + [go_on])
    finally:
        os.kill(family, signal.SIGCONT)
    assert answers[:5] == [(503, "SERVICE_UNAVAILABLE")] * 5
    assert answers[5:] == [(401, "UNAUTHORIZED")] * most


@pytest.mark.slow
def test_a_header_that_trickles_in_ends_the_connection(shop):
    with socket.create_connection((shop.host, shop.port), timeout=60) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: shop\r\n")
        with contextlib.suppress(ConnectionResetError):  # nor with a farewell
            assert connection.recv(1) == b"", "it has ended without a word"
