"""Clients behind a proxy: what it says of them is believed where configured, and only there."""
import json
import shutil

import pytest

from http_client import at_once, check_answer, make_client, parse_answers, send_raw
from instance import Instance


@pytest.fixture(scope="module")
def behind():
    """An instance that takes this host for its proxy."""
    instance = Instance.start(TRUSTED_PROXIES="127.0.0.1 2001:db8:ffff::/48")
    try:
        yield instance
    finally:
        instance.stop()
        shutil.rmtree(instance.var, ignore_errors=True)


def ask_as(shop, address, path="/healthz", method="GET", body=b"", **headers):
    """Asks through the proxy for a client with this address."""
    lines = [
        f"{method} {path} HTTP/1.1",
        "Host: a",
        "Connection: close",
        f"X-Forwarded-For: {address}",
        f"Content-Length: {len(body)}",
        *[f"{name}: {value}" for name, value in headers.items()],
    ]
    (answer,) = parse_answers(send_raw(shop, "\r\n".join(lines).encode() + b"\r\n\r\n" + body))
    return check_answer(answer)


def test_a_proxy_that_is_configured_is_believed(behind):
    admin = make_client(behind)
    body = b'{"name":"A","stock":1,"minStock":0,"price":1}'
    for address, meant in (
        ("203.0.113.9", "203.0.113.9"),
        ("198.51.100.1, 203.0.113.8", "203.0.113.8"),
        ("2001:db8::5", "2001:db8::5"),
        ("nonsense", "127.0.0.1"),
        ("203.0.113.6, 2001:db8:ffff::1", "203.0.113.6"),
    ):
        made = ask_as(
            behind,
            address,
            "/api/products",
            "POST",
            body,
            Authorization=f"Bearer {admin.token}",
            **{"Content-Type": "application/json"},
        )
        assert (
            behind.value(
                "select host(address) from smartflow.audit_log where entity = 'product' and"
                " entity_id = %s",
                (made.json["id"],),
            )
            == meant
        )


def test_tls_at_the_proxy_makes_a_secure_cookie(behind):
    admin = make_client(behind)
    account = {"username": "shopper", "password": "correct horse battery 7"}
    made = admin.post("/api/users", {**account, "name": "A", "role": "staff"})
    assert made.status == 201, made
    for scheme, prefix in (("https", "__Host-smartflow"), ("http", "smartflow")):
        answer = ask_as(
            behind,
            "203.0.113.71",
            "/api/auth/login",
            "POST",
            json.dumps(account).encode(),
            **{"Content-Type": "application/json", "X-Forwarded-Proto": scheme},
        )
        cookie = answer.headers["Set-Cookie"]
        assert cookie.startswith(prefix) and ("; Secure" in cookie) == (scheme == "https"), cookie
        assert "HttpOnly" in cookie and "SameSite=Strict" in cookie


def test_without_a_proxy_the_address_and_the_scheme_of_a_header_are_nothing(shop):
    answers = at_once(
        [
            lambda n=n: ask_as(shop, f"203.0.113.{n}", **{"X-Forwarded-Proto": "https"})
            for n in range(1, 30)
        ]
    )
    assert {answer.status for answer in answers} == {200}
    log = (shop.var / "log/access.log").read_text("utf-8", "replace")
    assert '"address":"203.0.113.' not in log
