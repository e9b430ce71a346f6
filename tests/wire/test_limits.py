"""Rate limits, and clients behind a proxy: instances with settings of their own."""
import json
import shutil

import pytest

from http_client import Client, at_once, check_answer, make_client, parse_answers, send_raw
from instance import Instance


def settled(**settings):
    instance = Instance.start(**settings)
    try:
        yield instance
    finally:
        instance.stop()
        shutil.rmtree(instance.var, ignore_errors=True)


@pytest.fixture(scope="module")
def limited():
    """Five requests a second, three logins a minute; 127.0.0.2 is a proxy of ours."""
    yield from settled(RATE_LIMIT="5", LOGIN_RATE_LIMIT="3", TRUSTED_PROXIES="127.0.0.1")


def ask_as(shop, address, path="/healthz", method="GET", body=b"", **headers):
    """Asks through the proxy for a client with this address."""
    lines = [f"{method} {path} HTTP/1.1", "Host: a", "Connection: close", f"X-Forwarded-For: {address}",
             f"Content-Length: {len(body)}", *[f"{name}: {value}" for name, value in headers.items()]]
    answer, = parse_answers(send_raw(shop, "\r\n".join(lines).encode() + b"\r\n\r\n" + body))
    return check_answer(answer)


def test_too_many_requests_from_one_address_are_refused(limited):
    answers = at_once([lambda: ask_as(limited, "203.0.113.1")] * 40)
    refused = [answer for answer in answers if answer.status == 429]
    assert 20 <= len(refused) < 40
    assert {answer.code for answer in refused} == {"RATE_LIMITED"}
    assert {answer.headers["Retry-After"] for answer in refused} == {"1"}


def test_another_address_is_served_meanwhile(limited):
    answers = at_once([lambda n=n: ask_as(limited, f"203.0.113.{n}") for n in range(100, 140)])
    assert {answer.status for answer in answers} == {200}


def test_an_ipv6_network_of_64_bits_counts_as_one_address(limited):
    answers = at_once([lambda n=n: ask_as(limited, f"2001:db8:0:1::{n:x}") for n in range(1, 41)])
    assert [answer.status for answer in answers].count(429) >= 20
    answers = at_once([lambda n=n: ask_as(limited, f"2001:db8:0:{n:x}::1") for n in range(2, 42)])
    assert {answer.status for answer in answers} == {200}


def test_an_ipv4_address_written_as_ipv6_is_the_same(limited):
    answers = at_once([lambda: ask_as(limited, "::ffff:203.0.113.50"),
                       lambda: ask_as(limited, "203.0.113.50")] * 20)
    assert [answer.status for answer in answers].count(429) >= 20


def test_too_many_logins_from_one_address_are_refused(limited):
    body = json.dumps({"username": "nobody", "password": "nothing at all"}).encode()
    answers = [ask_as(limited, "203.0.113.2", "/api/auth/login", "POST", body,
                      **{"Content-Type": "application/json"}) for _ in range(8)]
    statuses = [answer.status for answer in answers]
    assert statuses[:3] == [401] * 3 and statuses[-3:] == [429] * 3, statuses
    assert int(answers[-1].headers["Retry-After"]) == 20


def test_a_proxy_that_is_configured_is_believed(limited):
    admin = make_client(limited)
    body = b'{"name":"A","stock":1,"minStock":0,"price":1}'
    for address, meant in (("203.0.113.9", "203.0.113.9"), ("198.51.100.1, 203.0.113.8", "203.0.113.8"),
                           ("2001:db8::5", "2001:db8::5"), ("nonsense", "127.0.0.1")):
        made = ask_as(limited, address, "/api/products", "POST", body, Authorization=f"Bearer {admin.token}",
                      **{"Content-Type": "application/json"})
        assert limited.value("select host(address) from smartflow.audit_log where entity = 'product' and"
                             " entity_id = %s", (made.json["id"],)) == meant


def test_tls_at_the_proxy_makes_a_secure_cookie(limited):
    admin = make_client(limited)
    account = {"username": "shopper", "password": "correct horse battery 7"}
    made = Client(limited, admin.token).post(
        "/api/users", {**account, "name": "A", "role": "staff"},
        headers={"X-Forwarded-For": "203.0.113.70"})
    assert made.status == 201, made
    for scheme, prefix in (("https", "__Host-smartflow"), ("http", "smartflow")):
        answer = ask_as(limited, "203.0.113.71", "/api/auth/login", "POST", json.dumps(account).encode(),
                        **{"Content-Type": "application/json", "X-Forwarded-Proto": scheme})
        cookie = answer.headers["Set-Cookie"]
        assert cookie.startswith(prefix) and ("; Secure" in cookie) == (scheme == "https"), cookie
        assert "HttpOnly" in cookie and "SameSite=Strict" in cookie


def test_without_a_proxy_the_address_and_the_scheme_of_a_header_are_nothing(shop):
    answers = at_once([lambda n=n: ask_as(shop, f"203.0.113.{n}", **{"X-Forwarded-Proto": "https"})
                       for n in range(1, 30)])
    assert {answer.status for answer in answers} == {200}
    log = (shop.var / "log/access.log").read_text("utf-8", "replace")
    assert '"address":"203.0.113.' not in log
