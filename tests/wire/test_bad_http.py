"""What a stranger sends: HTTP that is wrong, odd or meant to deceive. Never a 5xx, never a half-done
change, and every error in the contract's shape.
"""
import json
import secrets
import socket
import time

import pytest

from http_client import check_answer, parse_answers, send_raw


def body_of(name):
    """A valid product, by a name that can be looked for."""
    return json.dumps({"name": name, "stock": 1, "minStock": 0, "price": 1}).encode()


@pytest.fixture
def name(shop):
    """A name for what must not come into being."""
    made = secrets.token_hex(12)
    yield made
    assert shop.value("select count(*) from smartflow.products where name = %s", (made,)) == 0


def ask_raw(shop, data, methods=(), seconds=5):
    """The checked answers to some bytes. What isn't HTTP/1.x may be answered by nothing."""
    return [check_answer(answer) for answer in parse_answers(send_raw(shop, data, seconds), methods)]


def head(admin, method, path, *headers):
    """A request's head, with a login, on a connection that ends with it."""
    lines = [f"{method} {path} HTTP/1.1", "Host: test", "Connection: close",
             f"Authorization: Bearer {admin.token}", *headers]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def post(admin, *headers):
    return head(admin, "POST", "/api/products", "Content-Type: application/json", *headers)


# --- length and encoding of the body ---

def test_takes_a_chunked_body(shop, admin):
    name, text = secrets.token_hex(8), b""
    body = body_of(name)
    for at in range(0, len(body), 7):
        part = body[at:at + 7]
        text += b"%x\r\n%s\r\n" % (len(part), part)
    answer, = ask_raw(shop, post(admin, "Transfer-Encoding: chunked") + text + b"0\r\n\r\n")
    assert (answer.status, answer.json["name"]) == (201, name)


@pytest.mark.parametrize("chunks", [b"zz\r\n{}\r\n0\r\n\r\n", b"-1\r\n{}\r\n0\r\n\r\n",
                                    b"fffffffffffffffff\r\n{}", b"\r\n\r\n"])
def test_refuses_chunks_that_are_none(shop, admin, chunks):
    answer, = ask_raw(shop, post(admin, "Transfer-Encoding: chunked") + chunks)
    assert (answer.status, answer.code) == (400, "BAD_REQUEST")


def test_a_chunked_body_that_never_ends_changes_nothing(shop, admin, name):
    body = body_of(name)
    data = post(admin, "Transfer-Encoding: chunked") + b"%x\r\n%s\r\n" % (len(body), body)
    for answer in ask_raw(shop, data, seconds=1):
        assert answer.status in (400, 408)


@pytest.mark.parametrize("length", ["-1", "abc", "1e3", "0x10", "+5", "99999999999999999999", "5 5",
                                    "5, 5", "\x00"])
def test_refuses_a_content_length_that_is_none(shop, admin, name, length):
    answer, = ask_raw(shop, post(admin, f"Content-Length: {length}") + body_of(name))
    assert answer.status in (400, 413), answer


def test_refuses_two_content_lengths(shop, admin, name):
    body = body_of(name)
    answer, = ask_raw(shop, post(admin, f"Content-Length: {len(body)}", "Content-Length: 5") + body)
    assert (answer.status, answer.code) == (400, "BAD_REQUEST")


def test_refuses_a_length_beside_chunks(shop, admin, name):
    """Two who read such a request differently can be made to smuggle one."""
    body = body_of(name)
    chunks = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
    answer, = ask_raw(shop, post(admin, "Content-Length: 3", "Transfer-Encoding: chunked") + chunks)
    assert (answer.status, answer.code) == (400, "BAD_REQUEST")


def test_a_missing_length_means_no_body(shop, admin, name):
    answer = ask_raw(shop, post(admin) + body_of(name))[0]
    assert answer.status == 400, answer


def test_a_length_shorter_than_the_body_changes_nothing(shop, admin, name):
    answer = ask_raw(shop, post(admin, "Content-Length: 20") + body_of(name))[0]
    assert (answer.status, answer.code) == (400, "VALIDATION_ERROR")


def test_a_body_cut_short_changes_nothing(shop, admin, name):
    body = body_of(name)
    data = post(admin, f"Content-Length: {len(body) + 1}") + body
    assert ask_raw(shop, data, seconds=1) == []


def test_refuses_a_transfer_coding_it_does_not_know(shop, admin, name):
    answer, = ask_raw(shop, post(admin, "Transfer-Encoding: gzip, chunked") + body_of(name))
    assert answer.status == 400, answer


def test_refuses_a_body_above_its_limit(admin):
    answer = admin.post("/api/products", b'{"name":"' + b"x" * (1 << 20) + b'"}')
    assert (answer.status, answer.code) == (413, "PAYLOAD_TOO_LARGE")
    admin.close()


@pytest.mark.parametrize("kind", ["text/plain", "application/jsonp", "multipart/form-data",
                                  "application/x-www-form-urlencoded", ""])
def test_refuses_a_body_of_another_type(admin, name, kind):
    answer = admin.post("/api/products", body_of(name), headers={"Content-Type": kind})
    assert (answer.status, answer.code) == (415, "UNSUPPORTED_MEDIA_TYPE")


# --- methods, targets, versions ---

@pytest.mark.parametrize("path, allow", [
    ("/api/products", "GET, HEAD, POST, OPTIONS"), ("/api/auth/login", "POST, OPTIONS"),
    ("/api/orders/1", "GET, HEAD, PATCH, DELETE, OPTIONS"), ("/", "GET, HEAD, OPTIONS")])
def test_trace_is_not_allowed(shop, path, allow):
    answer, = ask_raw(shop, f"TRACE {path} HTTP/1.1\r\nHost: a\r\nX-Secret: b\r\nConnection: close"
                            "\r\n\r\n".encode())
    assert (answer.status, answer.code) == (405, "METHOD_NOT_ALLOWED")
    assert set(answer.headers["Allow"].split(", ")) == set(allow.split(", "))
    assert b"X-Secret" not in answer.body


@pytest.mark.parametrize("method", ["PUT", "PROPFIND", "MOVE", "get", "G", "BREW", "A" * 64])
def test_refuses_methods_of_others(shop, admin, method):
    answer, = ask_raw(shop, head(admin, method, "/api/products"))
    assert answer.status in (400, 405), answer


def test_connect_gets_nowhere(shop):
    for target in ("example.test:443", "/api/products"):
        for answer in ask_raw(shop, f"CONNECT {target} HTTP/1.1\r\nHost: a\r\n"
                                    "Connection: close\r\n\r\n".encode()):
            assert answer.status in (400, 405), answer


@pytest.mark.parametrize("path", [
    "/api/products/", "//api/products", "/api//products", "/api/./products", "/api/x/../products",
    "/api/x/%2e%2e/products", "/api/products%2F1", "/api/products/%2e%2e/%2e%2e/etc/passwd",
    "/api/products/..", "/%2e%2e/%2e%2e/etc/passwd", "/..%2f..%2fetc/passwd", "/api/products/1/",
    "/api/products;a=b", "/api/products/1.0", "/api/products/+1", "/api/products/-1",
    "/api/products/0", "/api/products/01", "/api/products/9223372036854775808",
    "/api/products/99999999999999999999999", "/api/products/1e3", "/api/products/%F0%9D%9F%8F",
    "/api/products/1/movements/", "/api/Products", "/API/products", "/api", "/api/", "/api/nothing",
    "/api/auth", "/api/auth/", "/nginx.conf", "/api/openapi.json/", "/.error/503", "/healthz/",
    "/healthz/x"])
def test_a_path_spelled_otherwise_is_unknown(shop, admin, path):
    answer, = ask_raw(shop, head(admin, "GET", path))
    above = "/.." in path or "/%2e%2e" in path  # nginx refuses what would lead above its root
    assert (answer.status, answer.code) == (404, "NOT_FOUND") or (
        above and (answer.status, answer.code) == (400, "BAD_REQUEST")), answer
    assert b"root:" not in answer.body


@pytest.mark.parametrize("path", ["/api/products/%00", "/api/products%00", "/%00",
                                  "/api/products/%", "/api/products/%zz", "/api/products/%1",
                                  "/../../etc/passwd", "/api/products/../../../etc/passwd",
                                  "/api/products/\x00", "/api/\x7fproducts", "nonsense", "*"])
def test_a_path_that_is_none_is_refused(shop, admin, path):
    answer, = ask_raw(shop, head(admin, "GET", path))
    assert answer.status in (400, 404), answer


def test_an_escaped_letter_is_the_letter(shop, admin):
    answer, = ask_raw(shop, head(admin, "GET", "/api/product%73?limit=1"))
    assert answer.status == 200, answer


@pytest.mark.parametrize("query", ["limit=%", "limit=%zz", "search=%FF", "search=%00", "limit=1&limit=1",
                                   "&&&=&=", "=1", "limit", "limit=1%00", "search=%ED%A0%80",
                                   "%6cimit=0", "cursor=%2e%2e", "sort=id;drop"])
def test_a_query_that_is_wrong_is_refused(shop, admin, query):
    answer, = ask_raw(shop, head(admin, "GET", f"/api/products?{query}"))
    assert (answer.status, answer.code) == (400, "VALIDATION_ERROR"), answer


def test_takes_a_target_in_absolute_form(shop, admin):
    answer, = ask_raw(shop, head(admin, "GET", f"http://test:{shop.port}/api/products?limit=1"))
    assert answer.status == 200, answer
    answer, = ask_raw(shop, head(admin, "GET", "http://other.test/api/nothing"))
    assert answer.status == 404, answer


def test_an_id_is_never_read_by_half(shop, admin):
    product = admin.product()["id"]
    for path in (f"{product}%20", f"{product}abc", f"{product}%2C1", f"{product}%0A", f"0{product}"):
        answer, = ask_raw(shop, head(admin, "DELETE", f"/api/products/{path}"))
        assert answer.status == 404, answer
    assert admin.get(f"/api/products/{product}").status == 200


def test_http_0_9_is_answered_without_harm(shop):
    received = send_raw(shop, b"GET /api/products\r\n\r\n")
    assert b" 500 " not in received and b" 502 " not in received and b" 503 " not in received
    assert received == b"" or b"UNAUTHORIZED" in received or b"BAD_REQUEST" in received


@pytest.mark.parametrize("line", ["GET /healthz HTTP/1.1.1", "GET /healthz HTTP/9.9", "GET  HTTP/1.1",
                                  "GET /healthz HTTX/1.1", "\x16\x03\x01\x02\x00\x01\x00", "{}", "GET",
                                  "GET /healthz", "\x80\x81 / HTTP/1.1", "GET /a b HTTP/1.1"])
def test_a_request_line_that_is_none_is_refused(shop, line):
    received = send_raw(shop, line.encode("latin-1") + b"\r\nHost: a\r\n\r\n", seconds=1)
    if received.startswith(b"HTTP/"):
        for answer in parse_answers(received):
            assert check_answer(answer).status == 400, answer
    else:
        assert b'"code":"' in received or received == b"" or b'"status":"ok"' in received


def test_http_1_0_is_served(shop, admin):
    answer, = ask_raw(shop, b"GET /healthz HTTP/1.0\r\n\r\n")
    assert (answer.status, answer.json) == (200, {"status": "ok"})


# --- headers ---

def test_refuses_ten_megabytes_of_headers(shop, admin):
    data = head(admin, "GET", "/api/products", *[f"X-Filler-{n}: " + "a" * 1000 for n in range(10000)])
    received = send_raw(shop, data)
    answers = parse_answers(received) if received else []
    assert all(check_answer(answer).status in (400, 431) for answer in answers)
    assert admin.get("/api/products?limit=1").status == 200


def test_says_what_is_wrong_with_a_header_that_is_too_large(shop, admin):
    answer, = ask_raw(shop, head(admin, "GET", "/api/products", "X-Filler: " + "a" * 20000))
    assert (answer.status, answer.code) == (431, "BAD_REQUEST")


def test_says_what_is_wrong_with_an_address_that_is_too_long(shop, admin):
    answer, = ask_raw(shop, head(admin, "GET", "/api/products?search=" + "a" * 20000))
    assert (answer.status, answer.code) == (414, "BAD_REQUEST")


@pytest.mark.parametrize("header", ["X-A: a\x00b", "\x00: a", "Host: a\x00", ": a", "X A: b", "a"])
def test_a_header_with_what_may_not_be_there_does_no_harm(shop, admin, header):
    for answer in ask_raw(shop, head(admin, "GET", "/api/products?limit=1", header)):
        assert answer.status in (200, 400), answer


@pytest.mark.parametrize("name", ["If-Match", "If-None-Match", "Authorization", "Cookie", "Origin",
                                  "Sec-Fetch-Site", "User-Agent", "X-Request-Id", "Accept-Encoding",
                                  "Content-Type", "X-Forwarded-For", "Idempotency-Key"])
@pytest.mark.parametrize("value", ["\xff\xfe", "'\"\\", "a" * 8000, "%00%00", "\t", "\xc3\x28",
                                   "$(id)", "{{1}}", "smartflow=" + "b" * 4000])
def test_odd_values_of_headers_do_no_harm(shop, admin, name, value):
    path = f"/api/products/{2**62}"
    answer, = ask_raw(shop, head(admin, "PATCH", path, f"{name}: {value}", "Content-Length: 2") + b"{}")
    assert answer.status in (400, 401, 403, 404, 415), answer


def test_refuses_a_request_without_host(shop):
    answer, = ask_raw(shop, b"GET /api/products HTTP/1.1\r\nConnection: close\r\n\r\n")
    assert (answer.status, answer.code) == (400, "BAD_REQUEST")


def test_two_hosts_are_refused(shop):
    answer, = ask_raw(shop, b"GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n")
    assert (answer.status, answer.code) == (400, "BAD_REQUEST")


# --- connections ---

def test_pipelined_requests_are_answered_in_their_order(shop, admin):
    names = [secrets.token_hex(8) for _ in range(20)]
    data = b""
    for name in names:
        body = body_of(name)
        data += (f"POST /api/products HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {admin.token}\r\n"
                 f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n").encode() + body
    answers = ask_raw(shop, data + head(admin, "GET", "/healthz"))
    assert [answer.status for answer in answers] == [201] * 20 + [200]
    assert [answer.json["name"] for answer in answers[:20]] == names


def test_a_refused_request_does_not_change_what_the_next_one_means(shop, admin, name):
    """A body that looks like a request stays a body."""
    hidden = post(admin, f"Content-Length: {len(body_of(name))}") + body_of(name)
    data = (f"POST /api/nothing HTTP/1.1\r\nHost: a\r\nContent-Length: {len(hidden)}\r\n\r\n").encode()
    answers = ask_raw(shop, data + hidden + head(admin, "GET", "/healthz"))
    assert [answer.status for answer in answers] == [404, 200]


def test_a_client_that_leaves_at_once_does_no_harm(shop, admin, name):
    for _ in range(50):
        with socket.create_connection((shop.host, shop.port)) as connection:
            connection.send(post(admin, "Content-Length: 500") + body_of(name))
    assert admin.get("/api/products?limit=1").status == 200


@pytest.mark.slow
def test_a_header_that_trickles_in_is_given_up(shop):
    began = time.monotonic()
    with socket.create_connection((shop.host, shop.port), timeout=60) as connection:
        try:
            for letter in b"GET /healthz HTTP/1.1\r\nHost: " + b"a" * 100:
                connection.send(bytes([letter]))
                time.sleep(0.25)
        except OSError:
            pass
    assert time.monotonic() - began < 20


@pytest.mark.slow
def test_a_body_that_stops_coming_is_given_up(shop, admin, name):
    answer, = ask_raw(shop, post(admin, "Content-Length: 500") + body_of(name), seconds=30)
    assert (answer.status, answer.code) == (408, "BAD_REQUEST")


# --- what stands on every answer ---

PLACES = [("GET", "/healthz"), ("GET", "/api/products"), ("GET", "/api/nothing"), ("GET", "/"),
          ("GET", "/nothing"), ("TRACE", "/api/orders"), ("PUT", "/api/orders"), ("OPTIONS", "/api/users"),
          ("HEAD", "/api/orders"), ("POST", "/"), ("OPTIONS", "/")]


@pytest.mark.parametrize("method, path", PLACES)
def test_a_request_id_is_kept_where_it_is_a_good_one(nobody, method, path):
    mine = secrets.token_hex(8) + "._-Z"
    answer = nobody.ask(method, path, headers={"X-Request-Id": mine})
    assert answer.headers.get_all("X-Request-Id") == [mine]


@pytest.mark.parametrize("method, path", PLACES)
@pytest.mark.parametrize("given", ["short", "a" * 129, "with spaces in", "quote\"quote", "ümlautümlaut"])
def test_a_request_id_is_made_where_it_is_none(nobody, method, path, given):
    answers = [nobody.ask(method, path, headers={"X-Request-Id": given.encode()}) for _ in range(2)]
    made = [answer.headers["X-Request-Id"] for answer in answers]
    assert given not in made and made[0] != made[1]


@pytest.mark.parametrize("method, path", PLACES)
def test_security_headers_stand_on_everything_once(nobody, method, path):
    answer = nobody.ask(method, path)
    for name in ("X-Content-Type-Options", "X-Frame-Options", "Content-Security-Policy",
                 "Referrer-Policy", "Cross-Origin-Resource-Policy", "Cache-Control"):
        assert len(answer.headers.get_all(name, [])) == 1, (name, answer.headers)
    assert answer.headers["Server"] == "nginx"
    assert "X-Powered-By" not in answer.headers


def test_the_audit_trail_has_the_request_id(shop, admin):
    mine = secrets.token_hex(8)
    product = admin.post("/api/products", body_of(mine), headers={"X-Request-Id": mine}).json["id"]
    assert shop.query("select request_id, user_id from smartflow.audit_log where entity = 'product'"
                      " and entity_id = %s", (product,)) == [(mine, admin.user_id)]


def test_the_proxy_header_reaches_no_program(shop):
    """HTTP_PROXY in a CGI environment would be obeyed by libraries (httpoxy)."""
    configuration = (shop.var / "nginx/fastcgi.conf").read_text("utf-8")
    assert "fastcgi_pass_request_headers off;" in configuration
    assert "HTTP_PROXY" not in configuration and "$http_proxy" not in configuration
    answer = parse_answers(send_raw(shop, b"GET /healthz HTTP/1.1\r\nHost: a\r\nProxy: http://evil.test\r\n"
                                          b"Connection: close\r\n\r\n"))[0]
    assert check_answer(answer).status == 200


def test_a_forwarded_address_is_not_believed(shop, admin):
    mine = secrets.token_hex(8)
    made = admin.post("/api/products", body_of(mine), headers={
        "X-Forwarded-For": "203.0.113.7", "X-Real-IP": "203.0.113.7", "Forwarded": "for=203.0.113.7"})
    assert shop.value("select host(address) from smartflow.audit_log where entity = 'product'"
                      " and entity_id = %s", (made.json["id"],)) == "127.0.0.1"
