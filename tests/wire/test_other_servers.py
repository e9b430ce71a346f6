"""The archive's examples for web servers other than Apache: lighttpd, and nginx with fcgiwrap."""
import contextlib
import json
import os
import re
import signal

import pytest

from http_client import Client, at_once, make_client, parse_answers, send_raw
from instance import ROOT, descendants, process_state, program_of, wait_until
from web_hosts import LAST_CHUNK, Fcgiwrap, Lighttpd, Login, product_in_a_chunk

# What holds under Apache, and takes no words of its own here.
# pylint: disable=unused-import
from test_apache import (
    PASSWORD,
    test_a_body_cut_short_commits_nothing,
    test_addresses_lead_back_into_the_folder,
    test_many_at_once_sell_what_there_is,
    test_no_header_passes_for_what_apache_says,
    test_nothing_else_is_served,
)

pytestmark = pytest.mark.slow

SERVERS = {
    "lighttpd": Lighttpd,
    "lighttpd in a folder": lambda login: Lighttpd(login, "shops/one"),
    "fcgiwrap": Fcgiwrap,
}
MEBIBYTE = 1 << 20


@pytest.fixture(scope="module", params=SERVERS)
def host(request, shop):
    login = Login(shop)
    host = SERVERS[request.param](login)
    try:
        done = host.smartflow("setup", "--password-stdin", input=PASSWORD + "\n")
        assert done.returncode == 0, done.stderr
        yield host.start()
    finally:
        host.stop()
        login.drop()


@pytest.fixture
def admin(host):
    client = make_client(host.login)
    yield Client(host, client.token, client.user_id)


@contextlib.contextmanager
def stopped(host, program):
    """A program that does nothing any more; gives what lets it go on."""
    assert Client(host).get(f"/api/{program.partition('.')[0]}").status == 401
    [pid] = [pid for pid in descendants(host.process.pid) if program_of(pid) == program]
    os.kill(pid, signal.SIGSTOP)
    wait_until(lambda: process_state(pid)[0] == "T", 5, "it stands still")
    try:
        yield lambda: os.kill(pid, signal.SIGCONT)
    finally:
        os.kill(pid, signal.SIGCONT)


def page(host, path, method="GET", *headers):
    """An answer that need not have what programs give: lighttpd can't make a request id."""
    lines = [f"{method} {host.base}{path} HTTP/1.1", "Host: x", "Connection: close", *headers, "", ""]
    [answer] = parse_answers(send_raw(host, "\r\n".join(lines).encode()), [method])
    return answer


def test_a_static_page_has_its_headers(host):
    answer = page(host, "/")
    assert answer.status == 200 and b'<div id="root">' in answer.body
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert answer.headers["Cache-Control"] == "no-cache"
    assert page(host, "/", "HEAD").status == 200
    assert page(host, "/", "GET", "Range: bytes=0-1").status == 200
    assert page(host, "/", "GET", f"If-None-Match: {answer.headers['ETag']}").status == 304
    assert page(host, "/style.css").headers["Content-Type"] == "text/css; charset=utf-8"
    part = page(host, "/" + re.search(r"assets/index-[\w-]+\.js", answer.body.decode())[0])
    assert part.headers.get_all("Cache-Control") == ["public, max-age=31536000, immutable"]
    assert part.headers["Content-Security-Policy"] == page(host, "/style.css").headers["Content-Security-Policy"]
    assert "immutable" not in page(host, "/assets/index-00000000.js").headers["Cache-Control"]
    documentation = page(host, "/docs?more")
    assert re.search(rb"assets/docs-[\w-]+\.js", documentation.body)
    assert documentation.headers["Content-Type"] == "text/html; charset=utf-8"
    assert page(host, "/docs/").status == 404
    description = page(host, "/api/openapi.json?more")
    assert description.json["openapi"].startswith("3.1")
    assert description.headers["Content-Type"].startswith("application/json")


def test_the_policy_is_nginx_s(host):
    """The headers of nginx/headers.conf and nginx/maps.conf.in, whichever server gives them."""
    nginx = "".join((ROOT / "nginx" / name).read_text("utf-8") for name in ("headers.conf", "maps.conf.in"))
    for path in ("/", "/docs", "/style.css", "/api/openapi.json", "/healthz", "/nothing"):
        headers = page(host, path).headers
        for name in (
            "X-Content-Type-Options", "X-Frame-Options", "Referrer-Policy", "Cross-Origin-Resource-Policy"
        ):  # fmt: skip
            assert headers.get_all(name) == [headers[name]]
            assert f'add_header {name} "{headers[name]}" always;' in nginx
        assert f'"{headers["Content-Security-Policy"]}"' in nginx
        assert ("script-src 'self'" in headers["Content-Security-Policy"]) == (path in ("/", "/docs"))


def test_a_static_page_takes_get_and_head(host):
    for path in ("/", "/docs", "/style.css", "/api/openapi.json"):
        allowed = page(host, path, "OPTIONS")
        assert (allowed.status, allowed.body) == (204, b"")
        assert allowed.headers["Allow"] == "GET, HEAD, OPTIONS"
        assert "Location" not in allowed.headers
        refused = Client(host).post(path, {})
        assert (refused.status, refused.code) == (405, "METHOD_NOT_ALLOWED")
        assert refused.headers["Allow"] == "GET, HEAD, OPTIONS"


@pytest.mark.parametrize(
    "path",
    [
        "/examples/lighttpd.conf", "/examples/nginx-fcgiwrap/site.conf", "/pages/style.css",
        "/pages/../INSTALL.txt", "/../smartflow.conf", "/%2e%2e/smartflow.conf", "/..%2fsmartflow.conf",
        "/.hidden.txt", "/deep/.hidden.txt", "/style.css/", "/style.css/more.css", "/deep", "/deep/",
        "/programs/auth.fcgi/style.css",
    ],
)  # fmt: skip
def test_no_other_file_is_served(host, path):
    (host.folder / "pages/deep").mkdir(exist_ok=True)
    for name in (".hidden.txt", "deep/.hidden.txt"):
        (host.folder / "pages" / name).write_text("secret", "utf-8")
    answer = page(host, path)
    assert answer.status in (400, 404), answer
    assert answer.code in ("BAD_REQUEST", "NOT_FOUND")


def test_what_lies_beside_the_folder_is_not_served(host):
    if host.base:
        for path in ("/", "/style.css", "/healthz", "/shops", "/shops/", "/shops/one"):
            [answer] = parse_answers(send_raw(host, f"GET {path} HTTP/1.0\r\n\r\n".encode()))
            assert (answer.status, answer.code) == (404, "NOT_FOUND"), path


def test_a_large_body_is_refused_and_the_largest_taken(host, admin):
    text = json.dumps({"name": "Large", "stock": 1, "minStock": 0, "price": 1}).encode()
    assert admin.ask("POST", "/api/products", text.ljust(MEBIBYTE)).status == 201
    refused = admin.ask("POST", "/api/products", text.ljust(MEBIBYTE + 1))
    assert (refused.status, refused.code) == (413, "PAYLOAD_TOO_LARGE")


def test_a_body_without_a_length_is_taken_whole(host, admin):
    request = product_in_a_chunk(host, admin)
    [made] = parse_answers(send_raw(host, request + LAST_CHUNK))
    assert made.status == 201, made
    before = len(admin.get("/api/products?search=Chunk").json)
    parse_answers(send_raw(host, request, seconds=1))
    assert len(admin.get("/api/products?search=Chunk").json) == before


def test_an_export_and_its_proof_come_through(host, admin):
    for _ in range(110):
        admin.product(description="ä" * 10_000)
    export = admin.get("/api/admin/backup?action=export-json")
    assert export.status == 200 and export.json["format"] == "smartflow"
    assert len(export.body) > MEBIBYTE
    proof = admin.ask("POST", "/api/admin/backup?action=verify", export.body)
    assert proof.status == 200 and proof.json["ok"], proof
    refused = Client(host).ask("POST", "/api/admin/backup?action=verify", export.body)
    assert (refused.status, refused.code) == (401, "UNAUTHORIZED")


def test_a_program_that_fails_is_told_in_the_api_s_form_and_comes_back(host):
    program = host.folder / "programs/notifications.fcgi"
    assert Client(host).get("/api/notifications").status == 401
    program.rename(program.with_suffix(".kept"))
    program.write_text("#!/bin/sh\nexit 3\n", "utf-8")
    program.chmod(0o755)
    for pid in descendants(host.process.pid):
        if program_of(pid) == "notifications.kept":
            os.kill(pid, signal.SIGKILL)
    try:
        answer = Client(host).get("/api/notifications", may_fail=True)
        assert (answer.status, answer.code) == (503, "SERVICE_UNAVAILABLE"), answer
    finally:
        program.with_suffix(".kept").rename(program)
    wait_until(
        lambda: Client(host).get("/api/notifications", may_fail=True).status == 401, 20, "it is back"
    )


@pytest.fixture
def lighttpd(shop):
    """Starts one whose example was filled in so."""
    login, hosts = Login(shop), []

    def start(example, own, **settings):
        host = Lighttpd(login, **settings)
        hosts.append(host)
        host.filled_in = {example: own}
        assert host.smartflow("setup", "--password-stdin", input=PASSWORD + "\n").returncode == 0
        return host.start()

    yield start
    for host in hosts:
        host.stop()
    login.drop()


def test_what_a_program_has_no_room_for_is_refused_at_once(lighttpd):
    host = lighttpd("var.most_waiting = 512", "var.most_waiting = 20")
    with stopped(host, "workflows.fcgi") as go_on:
        answers = []

        def ask():
            answer = Client(host).get("/api/workflows", may_fail=True)
            answers.append((answer.status, answer.code))

        def release():
            wait_until(lambda: len(answers) == 5, 20, "what is too much is refused")
            go_on()

        at_once([ask] * 26 + [release])  # the system's queue takes one more
    assert answers == [(503, "SERVICE_UNAVAILABLE")] * 5 + [(401, "UNAUTHORIZED")] * 21


def test_a_program_that_gives_no_answer_is_given_up(lighttpd):
    host = lighttpd("var.patience = 45", "var.patience = 2")
    with stopped(host, "workflows.fcgi"):
        answer = Client(host).get("/api/workflows", may_fail=True)
        assert (answer.status, answer.code) == (503, "SERVICE_UNAVAILABLE")
        assert Client(host).get("/api/products").status == 401
    assert Client(host).get("/api/workflows").status == 401


def test_a_proxy_that_is_named_says_who_asks_and_nobody_else_does(lighttpd):
    host = lighttpd("extforward.forwarder = ()", 'extforward.forwarder = ("127.0.0.1" => "trust")',
                    TRUSTED_PROXIES="127.0.0.0/8")  # fmt: skip

    def log_in(*headers):
        body = json.dumps({"username": "admin", "password": PASSWORD})
        lines = ["POST /api/auth/login HTTP/1.1", "Host: x", "Connection: close",
                 "Content-Type: application/json", f"Content-Length: {len(body)}", *headers, "", body]  # fmt: skip
        [answer] = parse_answers(send_raw(host, "\r\n".join(lines).encode()))
        assert answer.status == 200, answer
        return answer.headers["Set-Cookie"]

    def address_of(*headers):
        log_in(*headers)
        return host.login.value("select host(address) from smartflow.audit_log order by id desc limit 1")

    proxy_s, stranger_s = "X-Forwarded-For: 203.0.113.9", "X_Forwarded_For: 198.51.100.7"
    assert address_of(proxy_s) == "203.0.113.9"
    assert address_of("X-Forwarded-For: 198.51.100.7, 203.0.113.9") == "203.0.113.9"
    assert address_of(stranger_s, proxy_s) == "203.0.113.9"
    assert address_of("X.Forwarded-For: 198.51.100.7", proxy_s) == "203.0.113.9"
    assert address_of(stranger_s) == "127.0.0.1"
    assert "Secure" in log_in(proxy_s, "X-Forwarded-Proto: https")
    assert "Secure" not in log_in(proxy_s, "X_Forwarded_Proto: https")


def test_a_request_that_is_none_is_told_in_the_api_s_form(host):
    for head in ("GET / HTTP/1.1\nHost: a b", "GET /healthz HTTP/1.1", "G@T / HTTP/1.1\nHost: x"):
        data = f"{head}\n\n".replace("\n", "\r\n").encode()
        [answer] = parse_answers(send_raw(host, data))
        assert (answer.status, answer.code) == (400, "BAD_REQUEST"), (head, answer)


def test_a_cookie_opens_the_shop(host):
    nobody = Client(host)
    answer = nobody.post("/api/auth/login", {"username": "admin", "password": PASSWORD})
    cookie = answer.headers["Set-Cookie"].partition(";")[0]
    assert nobody.get("/api/auth/me", headers={"Cookie": cookie}).json["user"]["username"] == "admin"


def test_the_cases_pass(host):
    """The last test: they begin by emptying the shop."""
    # In a folder, cookies have other names than these cases expect.
    left_out = ["--run_test=!auth", "--run_test=!cross_site"] if host.base else []
    status, said = host.run_cases(*left_out)
    assert status == 0, said
    assert "has passed" in said
    assert host.login.wrong_books() == []
