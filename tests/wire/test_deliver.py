"""What `smartflow deliver` sends and what it makes of the answers, with real receivers."""
import json
import socket
import subprocess
import time

import pytest
from aiosmtpd.smtp import AuthResult

from outbox import delivering_shop, http_sink, mail_sink, migrated, outbox  # noqa: F401
from sinks import SECRET, HttpSink, MailSink, signature

# --- webhooks ---

def test_delivers_a_webhook_signed_by_the_standard(outbox, http_sink):
    body = '{"type": "order.created", "data": {"message": "Tee für 3 € 🍵"}}'
    event = outbox.post(http_sink.url + "/ok", body)
    before = time.time()
    line, = outbox.deliver()
    (_, headers, received), = http_sink.requests
    assert received == body.encode()
    assert headers["content-type"] == "application/json"
    assert headers["webhook-id"] == event
    assert before - 1 <= int(headers["webhook-timestamp"]) <= time.time()
    assert headers["webhook-signature"] == signature(headers, received)
    assert headers["user-agent"].startswith("SmartFlow/")
    assert not {"expect", "cookie", "authorization"} & set(headers)
    assert outbox.outcome(event) == ("delivered", 200, None)
    assert line["level"] == "info" and line["event"] == event and line["status"] == 200
    assert line["channel"] == "webhook" and line["host"] == "127.0.0.1" and line["ms"] >= 0


def test_logs_neither_address_nor_secret(outbox, http_sink):
    outbox.post(http_sink.url + "/status/500?token=hidden")
    outbox.mail("private.person@shop.example")
    text = json.dumps(outbox.deliver())
    assert "hidden" not in text and "private.person" not in text and SECRET not in text
    assert "shop.example" in text


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 410, 422, 451])
def test_does_not_repeat_what_was_refused_for_good(outbox, http_sink, status):
    event = outbox.post(f"{http_sink.url}/status/{status}")
    outbox.deliver()
    assert outbox.outcome(event) == ("failed", status, f"The answer was {status}.")


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
def test_tries_again_what_may_yet_be_taken(outbox, http_sink, status):
    event = outbox.post(f"{http_sink.url}/status/{status}")
    outbox.deliver()
    assert outbox.outcome(event) == ("pending", status, f"The answer was {status}.")
    assert outbox.deliver() == []  # not before its time
    outbox.make_due()
    outbox.deliver()
    assert len(outbox.attempts(event)) == 2
    assert http_sink.events() == [event, event]


def test_waits_longer_from_attempt_to_attempt_and_gives_up_after_a_day(outbox, http_sink):
    event = outbox.post(http_sink.url + "/status/500")
    waits = []
    for _ in range(4):
        outbox.deliver()
        waits += outbox.query("select extract(epoch from next_attempt_at - clock_timestamp())"
                              " from smartflow.deliveries")[0]
        outbox.make_due()
    for wait, longest in zip(waits, (5, 15, 45, 135)):
        assert longest / 2 - 2 < wait <= longest
    outbox.query("update smartflow.deliveries set give_up_at = now()")
    outbox.deliver()
    assert outbox.state(event) == "failed"


@pytest.mark.parametrize("status", [300, 301, 302, 303, 307, 308])
def test_follows_no_redirect(outbox, http_sink, status):
    event = outbox.post(f"{http_sink.url}/redirect/{status}")
    outbox.deliver()
    assert outbox.outcome(event)[:2] == ("failed", status)
    assert "redirect" in outbox.attempts(event)[0][1]
    assert [path for path, _, _ in http_sink.requests] == [f"/redirect/{status}"]


@pytest.mark.parametrize("status, state", [(200, "delivered"), (404, "failed"), (500, "pending")])
def test_stops_reading_an_endless_answer_and_takes_its_status(outbox, http_sink, status, state):
    event = outbox.post(f"{http_sink.url}/endless/{status}")
    began = time.monotonic()
    outbox.deliver()
    assert time.monotonic() - began < 5
    assert outbox.outcome(event)[:2] == (state, status)
    assert http_sink.poured < 16 << 20  # what fits the sockets' buffers, on top of 64 KiB


def test_stops_reading_an_endless_header(outbox, http_sink):
    event = outbox.post(http_sink.url + "/headers")
    began = time.monotonic()
    outbox.deliver()
    assert time.monotonic() - began < 5
    assert outbox.outcome(event)[:2] == ("pending", None)


@pytest.mark.parametrize("path", ["/hangup", "/garbage"])
def test_tries_again_where_there_was_no_answer(outbox, http_sink, path):
    event = outbox.post(http_sink.url + path)
    outbox.deliver()
    state, status, error = outbox.outcome(event)
    assert (state, status) == ("pending", None) and error


def test_takes_no_interim_answer_for_the_final_one(outbox, http_sink):
    event = outbox.post(http_sink.url + "/interim")
    outbox.deliver()
    assert outbox.outcome(event)[:2] == ("pending", None)


def test_keeps_no_cookie_and_answers_no_question_for_a_login(outbox, http_sink):
    for path in ("/cookie", "/login"):
        for _ in range(3):  # two of a target in one batch, the third in the next
            outbox.post(http_sink.url + path)
    outbox.deliver()
    assert len(http_sink.requests) == 6
    unwanted = {"cookie", "authorization"}
    assert all(not unwanted & set(headers) for _, headers, _ in http_sink.requests)


def test_gives_up_on_a_receiver_that_says_nothing_while_others_get_theirs(outbox, http_sink):
    silent = outbox.post(http_sink.url + "/silent")
    trickle = outbox.post(http_sink.url + "/trickle")
    good = outbox.post(http_sink.url + "/ok")
    began = time.monotonic()
    outbox.deliver()
    assert 15 < time.monotonic() - began < 25
    assert outbox.outcome(silent)[:2] == ("pending", None)
    assert "timed out" in outbox.attempts(silent)[0][1]
    # It said yes: were that a failure, it would get the same again and again.
    assert outbox.outcome(trickle)[:2] == ("delivered", 200)
    assert outbox.outcome(good)[:2] == ("delivered", 200)


def test_ignores_proxies_of_the_environment(outbox, http_sink):
    event = outbox.post(http_sink.url + "/ok")
    nowhere = "http://127.0.0.1:1"
    outbox.deliver(http_proxy=nowhere, HTTP_PROXY=nowhere, ALL_PROXY=nowhere, all_proxy=nowhere)
    assert outbox.outcome(event)[:2] == ("delivered", 200)


def test_sends_no_webhook_without_a_secret(outbox, http_sink):
    event = outbox.post(http_sink.url + "/ok")
    outbox.deliver(WEBHOOK_SECRET="")
    assert outbox.outcome(event) == ("failed", None, "WEBHOOK_SECRET is not set.")
    assert http_sink.requests == []


@pytest.mark.parametrize("host", [
    "127.0.0.1", "127.1", "2130706433", "0x7f.1", "0177.0.0.1", "0", "0.0.0.0", "localhost",
    "LOCALHOST", "[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::127.0.0.1]",
    "[64:ff9b::127.0.0.1]", "[2002:7f00:1::]", "10.0.0.1", "172.16.0.1", "192.168.0.1",
    "100.64.0.1", "169.254.169.254", "[fe80::1]", "[fd00::1]", "224.0.0.1", "255.255.255.255",
    "192.0.2.1", "[ff02::1]", "[2001:db8::1]", socket.gethostname()])
def test_reaches_no_address_that_is_not_public(outbox, http_sink, host):
    try:
        socket.getaddrinfo(host.strip("[]"), None)
    except OSError:
        pytest.skip("this host's own name leads nowhere") if host == socket.gethostname() else None
    event = outbox.post(f"http://{host}:{http_sink.port}/ok")
    outbox.deliver(WEBHOOK_ALLOW_PRIVATE="no")
    assert outbox.outcome(event) == ("failed", None, "The address is not public.")
    assert http_sink.requests == []


@pytest.mark.parametrize("url", [
    "ftp://127.0.0.1/", "file:///etc/passwd", "127.0.0.1/ok", "http://", "http://a b/",
    "http://user:word@127.0.0.1/", "gopher://127.0.0.1/"])
def test_uses_no_address_but_of_http(outbox, url):
    event = outbox.post(url)
    outbox.deliver()
    state, status, error = outbox.outcome(event)
    assert status is None and error
    assert state == "failed"


def make_certificate(folder):
    """One that nobody has reason to believe, with its key."""
    path = folder / "certificate.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
                    "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1",
                    "-keyout", path, "-out", folder / "only"], check=True, capture_output=True)
    path.write_bytes(path.read_bytes() + (folder / "only").read_bytes())
    return path


def test_trusts_no_certificate_that_nobody_vouches_for(outbox, tmp_path):
    sink = HttpSink(make_certificate(tmp_path))
    try:
        event = outbox.post(sink.url + "/ok")
        outbox.deliver()
    finally:
        sink.stop()
    state, status, error = outbox.outcome(event)
    assert (state, status) == ("pending", None) and "certificate" in error.lower()
    assert sink.requests == []


# --- mails ---

def test_delivers_a_mail(outbox, mail_sink):
    event = outbox.mail("ada@customer.example", "Bestellung für Jürgen 🍵", "Grüße\n.\nvon uns\n")
    line, = outbox.deliver(SMTP_URL=mail_sink.url)
    sender, recipients, message = mail_sink.mails[-1]
    assert sender == "shop@shop.example" and recipients == ["ada@customer.example"]
    assert message["Subject"] == "Bestellung für Jürgen 🍵"
    assert message["From"] == "The Shop <shop@shop.example>"
    assert message["To"] == "ada@customer.example"
    assert message["Message-ID"] == f"<{event}@shop.example>"
    assert message["Date"].datetime.timestamp() == pytest.approx(time.time(), abs=30)
    assert message.get_content_type() == "text/plain"
    assert message.get_content().replace("\r\n", "\n") == "Grüße\n.\nvon uns\n"
    assert outbox.outcome(event) == ("delivered", 250, None)
    assert line["channel"] == "email" and line["host"] == "customer.example"


@pytest.mark.parametrize("subject", ["x\r\nBcc: eve@evil.example", "x\nBcc: eve@evil.example",
                                     "x\rBcc: eve@evil.example", "ä\r\n\r\nbody",
                                     "=?utf-8?q?x=0D=0ABcc:_eve@evil.example?="])
def test_lets_no_name_slip_in_a_header(outbox, mail_sink, subject):
    outbox.mail("ada@customer.example", subject, "\r\n.\r\nMAIL FROM:<eve@evil.example>\r\n")
    outbox.deliver(SMTP_URL=mail_sink.url)
    sender, recipients, message = mail_sink.mails[-1]
    assert recipients == ["ada@customer.example"] and sender == "shop@shop.example"
    assert message["Bcc"] is None
    assert sorted(message.keys()) == sorted([
        "From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version",
        "Content-Type", "Content-Transfer-Encoding", *(["X-Peer"] if "X-Peer" in message else [])])
    assert "MAIL FROM" in message.get_content()


@pytest.mark.parametrize("address", [
    "ada@b\r\nDATA", "ada@b>\r\nRCPT TO:<eve@evil.example", "a b@c", "ada", "<ada@b>",
    "ada@b,eve@b"])
def test_mails_to_no_address_that_is_none(outbox, mail_sink, address):
    before = len(mail_sink.mails)
    event = outbox.mail(address)
    outbox.deliver(SMTP_URL=mail_sink.url)
    assert outbox.outcome(event) == ("failed", None, "The address can't be used.")
    assert len(mail_sink.mails) == before


@pytest.mark.parametrize("name, state", [
    ("550", "failed"), ("553", "failed"), ("late-554", "failed"), ("450", "pending"),
    ("451", "pending"), ("late-452", "pending")])
def test_repeats_a_mail_by_what_the_server_said(outbox, mail_sink, name, state):
    event = outbox.mail(f"{name}@customer.example")
    outbox.deliver(SMTP_URL=mail_sink.url)
    assert outbox.outcome(event)[:2] == (state, int(name[-3:]))


def test_sends_no_mail_without_a_server_and_a_sender(outbox, mail_sink):
    event = outbox.mail("ada@customer.example")
    outbox.deliver()
    assert outbox.outcome(event) == ("failed", None, "SMTP_URL is not set.")
    event = outbox.mail("ada@customer.example")
    outbox.deliver(SMTP_URL=mail_sink.url, MAIL_FROM="")
    assert outbox.outcome(event) == ("failed", None, "MAIL_FROM is not set.")


def test_sends_nothing_in_the_clear_unless_told_to(outbox, mail_sink):
    before = len(mail_sink.mails)
    event = outbox.mail("ada@customer.example")
    outbox.deliver(SMTP_URL=mail_sink.url, SMTP_TLS="required")
    assert outbox.outcome(event)[0] == "pending"
    event = outbox.mail("bob@customer.example")
    outbox.deliver(SMTP_URL=mail_sink.url, SMTP_TLS="if-offered", SMTP_USER="me",
                   SMTP_PASSWORD="secret")
    assert outbox.outcome(event)[0] == "pending"
    assert len(mail_sink.mails) == before
    event = outbox.mail("eve@customer.example")
    outbox.deliver(SMTP_URL=mail_sink.url, SMTP_TLS="if-offered")
    assert outbox.outcome(event)[0] == "delivered"


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
def test_logs_in_by_password_where_kerberos_is_offered_too(outbox):
    async def refuse(*_):
        return AuthResult(success=False)

    def know(server, session, envelope, mechanism, given):
        return AuthResult(success=(given.login, given.password) == (b"me@shop.example", b"pass"))

    sink = MailSink(authenticator=know, auth_require_tls=False, auth_required=True)
    sink.postman.auth_GSSAPI = refuse
    try:
        event = outbox.mail("you@shop.example")
        outbox.deliver(SMTP_URL=sink.url, SMTP_USER="me@shop.example", SMTP_PASSWORD="pass")
        assert outbox.outcome(event) == ("delivered", 250, None)
        assert len(sink.mails) == 1
    finally:
        sink.stop()


def test_waits_for_a_mail_server_that_is_down(outbox, mail_sink):
    event = outbox.mail("ada@customer.example")
    outbox.deliver(SMTP_URL="smtp://127.0.0.1:1")
    assert outbox.outcome(event)[:2] == ("pending", None)
    outbox.make_due()
    outbox.deliver(SMTP_URL=mail_sink.url)
    assert outbox.state(event) == "delivered"
    assert mail_sink.mails[-1][2]["Message-ID"] == f"<{event}@shop.example>"


def test_delivers_many_mails_at_once(outbox, mail_sink):
    before = len(mail_sink.mails)
    for number in range(40):
        outbox.mail(f"ada{number}@customer.example")
    outbox.deliver(SMTP_URL=mail_sink.url)
    got = sorted(to for _, to, _ in mail_sink.mails[before:])
    assert got == sorted([f"ada{number}@customer.example"] for number in range(40))
