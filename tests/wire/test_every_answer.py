"""What stands on every answer, whoever gives it."""
import secrets

import pytest

from http_client import check_answer, parse_answers, send_raw
from raw_requests import body_of


PLACES = [
    ("GET", "/healthz"),
    ("GET", "/api/products"),
    ("GET", "/api/nothing"),
    ("GET", "/"),
    ("GET", "/nothing"),
    ("TRACE", "/api/orders"),
    ("PUT", "/api/orders"),
    ("OPTIONS", "/api/users"),
    ("HEAD", "/api/orders"),
    ("POST", "/"),
    ("OPTIONS", "/"),
]


@pytest.mark.parametrize("method, path", PLACES)
def test_a_request_id_is_kept_where_it_is_a_good_one(nobody, method, path):
    mine = secrets.token_hex(8) + "._-Z"
    answer = nobody.ask(method, path, headers={"X-Request-Id": mine})
    assert answer.headers.get_all("X-Request-Id") == [mine]


@pytest.mark.parametrize("method, path", PLACES)
@pytest.mark.parametrize(
    "given", ["short", "a" * 129, "with spaces in", 'quote"quote', "ümlautümlaut"]
)
def test_a_request_id_is_made_where_it_is_none(nobody, method, path, given):
    answers = [nobody.ask(method, path, headers={"X-Request-Id": given.encode()}) for _ in range(2)]
    made = [answer.headers["X-Request-Id"] for answer in answers]
    assert given not in made and made[0] != made[1]


@pytest.mark.parametrize("method, path", PLACES)
def test_security_headers_stand_on_everything_once(nobody, method, path):
    answer = nobody.ask(method, path)
    for name in (
        "X-Content-Type-Options",
        "X-Frame-Options",
        "Content-Security-Policy",
        "Referrer-Policy",
        "Cross-Origin-Resource-Policy",
        "Cache-Control",
    ):
        assert len(answer.headers.get_all(name, [])) == 1, (name, answer.headers)
    assert answer.headers["Server"] == "nginx"
    assert "X-Powered-By" not in answer.headers


def test_the_audit_trail_has_the_request_id(shop, admin):
    mine = secrets.token_hex(8)
    product = admin.post("/api/products", body_of(mine), headers={"X-Request-Id": mine}).json["id"]
    assert shop.query(
        "select request_id, user_id from smartflow.audit_log where entity = 'product'"
        " and entity_id = %s",
        (product,),
    ) == [(mine, admin.user_id)]


def test_the_proxy_header_reaches_no_program(shop):
    """HTTP_PROXY in a CGI environment would be obeyed by libraries (httpoxy)."""
    configuration = (shop.var / "nginx/smartflow/fastcgi.conf").read_text("utf-8")
    assert "fastcgi_pass_request_headers off;" in configuration
    assert "HTTP_PROXY" not in configuration and "$http_proxy" not in configuration
    answer = parse_answers(
        send_raw(
            shop,
            b"GET /healthz HTTP/1.1\r\nHost: a\r\nProxy: http://evil.test\r\n"
            b"Connection: close\r\n\r\n",
        )
    )[0]
    assert check_answer(answer).status == 200


def test_a_forwarded_address_is_not_believed(shop, admin):
    mine = secrets.token_hex(8)
    made = admin.post(
        "/api/products",
        body_of(mine),
        headers={
            "X-Forwarded-For": "203.0.113.7",
            "X-Real-IP": "203.0.113.7",
            "Forwarded": "for=203.0.113.7",
        },
    )
    assert (
        shop.value(
            "select host(address) from smartflow.audit_log where entity = 'product'"
            " and entity_id = %s",
            (made.json["id"],),
        )
        == "127.0.0.1"
    )
