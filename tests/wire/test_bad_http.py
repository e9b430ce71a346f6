"""What a stranger sends: bodies, headers and connections that are wrong, odd or meant to deceive.
Never a 5xx, never a half-done change, and every error in the contract's shape.
"""
import re
import secrets
import socket
import time

import pytest

from http_client import check_answer, parse_answers, send_raw
from raw_requests import ask_raw, body_of, head, post


@pytest.fixture
def name(shop):
    """A name for what must not come into being."""
    made = secrets.token_hex(12)
    yield made
    assert shop.value("select count(*) from smartflow.products where name = %s", (made,)) == 0


# --- length and encoding of the body ---


def test_takes_a_chunked_body(shop, admin):
    name, text = secrets.token_hex(8), b""
    body = body_of(name)
    for at in range(0, len(body), 7):
        part = body[at : at + 7]
        text += b"%x\r\n%s\r\n" % (len(part), part)
    (answer,) = ask_raw(shop, post(admin, "Transfer-Encoding: chunked") + text + b"0\r\n\r\n")
    assert (answer.status, answer.json["name"]) == (201, name)


@pytest.mark.parametrize(
    "chunks",
    [b"zz\r\n{}\r\n0\r\n\r\n", b"-1\r\n{}\r\n0\r\n\r\n", b"fffffffffffffffff\r\n{}", b"\r\n\r\n"],
)
def test_refuses_chunks_that_are_none(shop, admin, chunks):
    (answer,) = ask_raw(shop, post(admin, "Transfer-Encoding: chunked") + chunks)
    assert (answer.status, answer.code) == (400, "BAD_REQUEST")


def test_a_chunked_body_that_never_ends_changes_nothing(shop, admin, name):
    body = body_of(name)
    data = post(admin, "Transfer-Encoding: chunked") + b"%x\r\n%s\r\n" % (len(body), body)
    for answer in ask_raw(shop, data, seconds=1):
        assert answer.status in (400, 408)


@pytest.mark.parametrize(
    "length", ["-1", "abc", "1e3", "0x10", "+5", "99999999999999999999", "5 5", "5, 5", "\x00"]
)
def test_refuses_a_content_length_that_is_none(shop, admin, name, length):
    (answer,) = ask_raw(shop, post(admin, f"Content-Length: {length}") + body_of(name))
    assert answer.status in (400, 413), answer


def test_refuses_two_content_lengths(shop, admin, name):
    body = body_of(name)
    (answer,) = ask_raw(
        shop, post(admin, f"Content-Length: {len(body)}", "Content-Length: 5") + body
    )
    assert (answer.status, answer.code) == (400, "BAD_REQUEST")


def test_refuses_a_length_beside_chunks(shop, admin, name):
    """Two who read such a request differently can be made to smuggle one."""
    body = body_of(name)
    chunks = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
    (answer,) = ask_raw(
        shop, post(admin, "Content-Length: 3", "Transfer-Encoding: chunked") + chunks
    )
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
    (answer,) = ask_raw(shop, post(admin, "Transfer-Encoding: gzip, chunked") + body_of(name))
    assert answer.status == 400, answer


def test_refuses_a_body_above_its_limit(admin):
    answer = admin.post("/api/products", b'{"name":"' + b"x" * (1 << 20) + b'"}')
    assert (answer.status, answer.code) == (413, "PAYLOAD_TOO_LARGE")
    admin.close()


@pytest.mark.parametrize(
    "kind",
    [
        "text/plain",
        "application/jsonp",
        "multipart/form-data",
        "application/x-www-form-urlencoded",
        "",
    ],
)
def test_refuses_a_body_of_another_type(admin, name, kind):
    answer = admin.post("/api/products", body_of(name), headers={"Content-Type": kind})
    assert (answer.status, answer.code) == (415, "UNSUPPORTED_MEDIA_TYPE")


# --- headers ---


def test_refuses_ten_megabytes_of_headers(shop, admin):
    data = head(
        admin, "GET", "/api/products", *[f"X-Filler-{n}: " + "a" * 1000 for n in range(10000)]
    )
    received = send_raw(shop, data)
    answers = parse_answers(received) if received else []
    assert all(check_answer(answer).status in (400, 431) for answer in answers)
    assert admin.get("/api/products?limit=1").status == 200


def test_says_what_is_wrong_with_a_header_that_is_too_large(shop, admin):
    (answer,) = ask_raw(shop, head(admin, "GET", "/api/products", "X-Filler: " + "a" * 20000))
    assert (answer.status, answer.code) == (431, "BAD_REQUEST")


def test_says_what_is_wrong_with_an_address_that_is_too_long(shop, admin):
    (answer,) = ask_raw(shop, head(admin, "GET", "/api/products?search=" + "a" * 20000))
    assert (answer.status, answer.code) == (414, "BAD_REQUEST")


@pytest.mark.parametrize("header", ["X-A: a\x00b", "\x00: a", "Host: a\x00", ": a", "X A: b", "a"])
def test_a_header_with_what_may_not_be_there_does_no_harm(shop, admin, header):
    for answer in ask_raw(shop, head(admin, "GET", "/api/products?limit=1", header)):
        assert answer.status in (200, 400), answer


@pytest.mark.parametrize(
    "name",
    [
        "If-Match",
        "If-None-Match",
        "Authorization",
        "Cookie",
        "Origin",
        "Sec-Fetch-Site",
        "User-Agent",
        "X-Request-Id",
        "Accept-Encoding",
        "Content-Type",
        "X-Forwarded-For",
        "Idempotency-Key",
    ],
)
@pytest.mark.parametrize(
    "value",
    [
        "\xff\xfe",
        "'\"\\",
        "a" * 8000,
        "%00%00",
        "\t",
        "\xc3\x28",
        "$(id)",
        "{{1}}",
        "smartflow=" + "b" * 4000,
    ],
)
def test_odd_values_of_headers_do_no_harm(shop, admin, name, value):
    path = f"/api/products/{2**62}"
    (answer,) = ask_raw(
        shop, head(admin, "PATCH", path, f"{name}: {value}", "Content-Length: 2") + b"{}"
    )
    assert answer.status in (400, 401, 403, 404, 415), answer


def test_refuses_a_request_without_host(shop):
    (answer,) = ask_raw(shop, b"GET /api/products HTTP/1.1\r\nConnection: close\r\n\r\n")
    assert (answer.status, answer.code) == (400, "BAD_REQUEST")


def test_two_hosts_are_refused(shop):
    (answer,) = ask_raw(
        shop, b"GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n"
    )
    assert (answer.status, answer.code) == (400, "BAD_REQUEST")


# --- connections ---


def test_pipelined_requests_are_answered_in_their_order(shop, admin):
    names = [secrets.token_hex(8) for _ in range(20)]
    data = b""
    for name in names:
        body = body_of(name)
        data += (
            f"POST /api/products HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {admin.token}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        ).encode() + body
    answers = ask_raw(shop, data + head(admin, "GET", "/healthz"))
    assert [answer.status for answer in answers] == [201] * 20 + [200]
    assert [answer.json["name"] for answer in answers[:20]] == names


def test_a_refused_request_does_not_change_what_the_next_one_means(shop, admin, name):
    """A body that looks like a request stays a body."""
    hidden = post(admin, f"Content-Length: {len(body_of(name))}") + body_of(name)
    data = (
        f"POST /api/nothing HTTP/1.1\r\nHost: a\r\nContent-Length: {len(hidden)}\r\n\r\n"
    ).encode()
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
    """nginx closes such a connection without a word."""
    began = time.monotonic()
    assert send_raw(shop, post(admin, "Content-Length: 500") + body_of(name), seconds=30) == b""
    assert time.monotonic() - began < 20


def test_an_if_match_that_is_no_text_matches_nothing(admin):
    product = admin.product()
    answer = admin.patch(
        f"/api/products/{product['id']}", {"name": "Other"}, headers={"If-Match": '"\xff"'}
    )
    assert answer.status == 412, answer
    assert admin.get(f"/api/products/{product['id']}").json == product


def test_a_bearer_token_that_is_no_text_counts_before_a_cookie(shop, admin):
    headers = {
        "Authorization": "Bearer \xff",
        "Cookie": f"smartflow-{shop.port}={admin.token}",
    }
    assert admin.get("/api/products", headers=headers).status == 401
    headers.pop("Authorization")
    nobody = type(admin)(shop)
    assert nobody.get("/api/products?limit=1", headers=headers).status == 200


def test_a_raw_query_cannot_end_the_link_to_the_next_page(admin):
    for _ in range(2):
        admin.product(name='odd >;rel="first" name')
    answer = admin.get('/api/products?limit=1&search=>;rel="first"')
    link = answer.headers["Link"]
    assert re.fullmatch(r'<[^<>"]+>; rel="next"', link), link
    following = admin.get(link[1 : link.index(">")])
    assert following.status == 200 and len(following.json) == 1
