"""Methods, paths, queries and versions that a stranger makes up."""
import pytest

from http_client import check_answer, parse_answers, send_raw
from raw_requests import ask_raw, head


@pytest.mark.parametrize(
    "path, allow",
    [
        ("/api/products", "GET, HEAD, POST, OPTIONS"),
        ("/api/auth/login", "POST, OPTIONS"),
        ("/api/orders/1", "GET, HEAD, PATCH, DELETE, OPTIONS"),
        ("/", "GET, HEAD, OPTIONS"),
    ],
)
def test_trace_is_not_allowed(shop, path, allow):
    (answer,) = ask_raw(
        shop,
        f"TRACE {path} HTTP/1.1\r\nHost: a\r\nX-Secret: b\r\nConnection: close" "\r\n\r\n".encode(),
    )
    assert (answer.status, answer.code) == (405, "METHOD_NOT_ALLOWED")
    assert set(answer.headers["Allow"].split(", ")) == set(allow.split(", "))
    assert b"X-Secret" not in answer.body


@pytest.mark.parametrize("method", ["PUT", "PROPFIND", "MOVE", "get", "G", "BREW", "A" * 64])
def test_refuses_methods_of_others(shop, admin, method):
    (answer,) = ask_raw(shop, head(admin, method, "/api/products"))
    assert answer.status in (400, 405), answer


def test_connect_gets_nowhere(shop):
    for target in ("example.test:443", "/api/products"):
        for answer in ask_raw(
            shop, f"CONNECT {target} HTTP/1.1\r\nHost: a\r\n" "Connection: close\r\n\r\n".encode()
        ):
            assert answer.status in (400, 405), answer


@pytest.mark.parametrize(
    "path",
    [
        "/api/products/",
        "//api/products",
        "/api//products",
        "/api/./products",
        "/api/x/../products",
        "/api/x/%2e%2e/products",
        "/api/products%2F1",
        "/api/products/%2e%2e/%2e%2e/etc/passwd",
        "/api/products/..",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/..%2f..%2fetc/passwd",
        "/api/products/1/",
        "/api/products;a=b",
        "/api/products/1.0",
        "/api/products/+1",
        "/api/products/-1",
        "/api/products/0",
        "/api/products/01",
        "/api/products/9223372036854775808",
        "/api/products/99999999999999999999999",
        "/api/products/1e3",
        "/api/products/%F0%9D%9F%8F",
        "/api/products/1/movements/",
        "/api/Products",
        "/API/products",
        "/api",
        "/api/",
        "/api/nothing",
        "/api/auth",
        "/api/auth/",
        "/nginx.conf",
        "/api/openapi.json/",
        "/.error/503",
        "/healthz/",
        "/healthz/x",
    ],
)
def test_a_path_spelled_otherwise_is_unknown(shop, admin, path):
    (answer,) = ask_raw(shop, head(admin, "GET", path))
    above = "/.." in path or "/%2e%2e" in path  # nginx refuses what would lead above its root
    assert (answer.status, answer.code) == (404, "NOT_FOUND") or (
        above and (answer.status, answer.code) == (400, "BAD_REQUEST")
    ), answer
    assert b"root:" not in answer.body


@pytest.mark.parametrize(
    "path",
    [
        "/api/products/%00",
        "/api/products%00",
        "/%00",
        "/api/products/%",
        "/api/products/%zz",
        "/api/products/%1",
        "/../../etc/passwd",
        "/api/products/../../../etc/passwd",
        "/api/products/\x00",
        "/api/\x7fproducts",
        "nonsense",
        "*",
    ],
)
def test_a_path_that_is_none_is_refused(shop, admin, path):
    (answer,) = ask_raw(shop, head(admin, "GET", path))
    assert answer.status in (400, 404), answer


def test_an_escaped_letter_is_the_letter(shop, admin):
    (answer,) = ask_raw(shop, head(admin, "GET", "/api/product%73?limit=1"))
    assert answer.status == 200, answer


@pytest.mark.parametrize(
    "query",
    [
        "limit=%",
        "limit=%zz",
        "search=%FF",
        "search=%00",
        "limit=1&limit=1",
        "&&&=&=",
        "=1",
        "limit",
        "limit=1%00",
        "search=%ED%A0%80",
        "%6cimit=0",
        "cursor=%2e%2e",
        "sort=id;drop",
    ],
)
def test_a_query_that_is_wrong_is_refused(shop, admin, query):
    (answer,) = ask_raw(shop, head(admin, "GET", f"/api/products?{query}"))
    assert (answer.status, answer.code) == (400, "VALIDATION_ERROR"), answer


def test_takes_a_target_in_absolute_form(shop, admin):
    (answer,) = ask_raw(shop, head(admin, "GET", f"http://test:{shop.port}/api/products?limit=1"))
    assert answer.status == 200, answer
    (answer,) = ask_raw(shop, head(admin, "GET", "http://other.test/api/nothing"))
    assert answer.status == 404, answer


def test_an_id_is_never_read_by_half(shop, admin):
    product = admin.product()["id"]
    for path in (
        f"{product}%20",
        f"{product}abc",
        f"{product}%2C1",
        f"{product}%0A",
        f"0{product}",
    ):
        (answer,) = ask_raw(shop, head(admin, "DELETE", f"/api/products/{path}"))
        assert answer.status == 404, answer
    assert admin.get(f"/api/products/{product}").status == 200


def test_http_0_9_is_answered_without_harm(shop):
    received = send_raw(shop, b"GET /api/products\r\n\r\n")
    assert b" 500 " not in received and b" 502 " not in received and b" 503 " not in received
    assert received == b"" or b"UNAUTHORIZED" in received or b"BAD_REQUEST" in received


@pytest.mark.parametrize(
    "line",
    [
        "GET /healthz HTTP/1.1.1",
        "GET /healthz HTTP/9.9",
        "GET  HTTP/1.1",
        "GET /healthz HTTX/1.1",
        "\x16\x03\x01\x02\x00\x01\x00",
        "{}",
        "GET",
        "GET /healthz",
        "\x80\x81 / HTTP/1.1",
        "GET /a b HTTP/1.1",
    ],
)
def test_a_request_line_that_is_none_is_refused(shop, line):
    received = send_raw(shop, line.encode("latin-1") + b"\r\nHost: a\r\n\r\n", seconds=1)
    if received.startswith(b"HTTP/"):
        for answer in parse_answers(received):
            assert check_answer(answer).status == 400, answer
    else:
        assert b'"code":"' in received or received == b"" or b'"status":"ok"' in received


def test_http_1_0_is_served(shop, admin):
    (answer,) = ask_raw(shop, b"GET /healthz HTTP/1.0\r\n\r\n")
    assert (answer.status, answer.json) == (200, {"status": "ok"})
