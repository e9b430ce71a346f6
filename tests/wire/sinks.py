"""Servers that take what the program delivers: a webhook's receiver and a mail server, each with
good and bad habits, on this host alone.
"""
import base64
import email
import email.policy
import hashlib
import hmac
import http.server
import socket
import ssl
import threading
import time

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP

SECRET_KEY = bytes(range(32))
SECRET = "whsec_" + base64.b64encode(SECRET_KEY).decode()


class Receiver(http.server.BaseHTTPRequestHandler):
    """Does what the path says, after noting what came."""

    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.sink.take(self.path, dict(self.headers.items()), body)
        kind, _, argument = self.path.strip("/").partition("/")
        getattr(self, "answer_" + kind)(argument)

    def answer(self, status, headers=(), body=b""):
        self.send_response(status)
        for name, value in (*headers, ("Content-Length", str(len(body)))):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def answer_ok(self, _):
        time.sleep(0.01)
        self.answer(200, body=b"thanks")

    def answer_status(self, status):
        self.answer(int(status), body=b"\0\xff no \r\n" * 50)

    def answer_redirect(self, status):
        self.answer(int(status), [("Location", "/ok/redirected")])

    def answer_hold(self, _):
        self.server.sink.let_go.wait(60)
        self.answer(204)

    def answer_silent(self, _):
        self.server.sink.let_go.wait(60)
        self.close_connection = True

    def answer_hangup(self, _):
        self.close_connection = True

    def answer_garbage(self, _):
        self.wfile.write(b"\0\1\2 no HTTP \xff\r\n\r\n")
        self.close_connection = True

    def answer_interim(self, _):
        self.wfile.write(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n")
        self.close_connection = True

    def answer_cookie(self, _):
        self.answer(200, [("Set-Cookie", "track=1; Path=/")])

    def answer_login(self, _):
        self.answer(401, [("WWW-Authenticate", "Basic realm=x")])

    def pour(self, chunk, pause):
        """Sends without end; counts what the other side let it send."""
        self.close_connection = True
        try:
            while not self.server.sink.let_go.wait(pause):
                self.wfile.write(chunk)
                self.server.sink.poured += len(chunk)
        except OSError:
            pass

    def answer_endless(self, status):
        self.wfile.write(f"HTTP/1.1 {status} X\r\n\r\n".encode())
        self.pour(b"x" * 8192, 0)

    def answer_headers(self, _):
        self.wfile.write(b"HTTP/1.1 200 OK\r\n")
        self.pour(b"X-More: " + b"x" * 1000 + b"\r\n", 0)

    def answer_trickle(self, _):
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        self.pour(b"x", 0.5)

    def log_message(self, *_):
        pass


class HttpSink:
    """The receiver of webhooks; `requests` has what came: (path, headers, body)."""

    def __init__(self, certificate=None):
        self.requests, self.poured = [], 0
        self.lock, self.let_go = threading.Lock(), threading.Event()
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
        self.server.daemon_threads = True
        self.server.handle_error = lambda *_: None  # clients that go away are part of the tests
        self.server.sink = self
        scheme = "http"
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
            scheme = "https"
        self.port = self.server.server_address[1]
        self.url = f"{scheme}://127.0.0.1:{self.port}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True)
        self.thread.start()

    def take(self, path, headers, body):
        with self.lock:
            self.requests.append((path, {name.lower(): value for name, value in headers.items()},
                                  body))

    def events(self, path=""):
        """The ids of what came to paths that begin so, in order."""
        with self.lock:
            return [headers["webhook-id"] for there, headers, _ in self.requests
                    if there.startswith(path)]

    def stop(self):
        self.let_go.set()
        self.server.shutdown()
        self.server.server_close()


def signature(headers, body):
    """What the signature must be, by the standard's own words."""
    text = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(SECRET_KEY, text, hashlib.sha256).digest()).decode()


class Postman:
    """What the mail server does with each recipient: the local part says it."""

    def __init__(self):
        self.mails, self.let_go, self.lines = [], threading.Event(), []

    async def handle_RCPT(self, server, session, envelope, address, options):
        name = address.partition("@")[0]
        if name.isdigit():
            return f"{name} no, thanks"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        if envelope.rcpt_tos[0].startswith("late-"):
            return envelope.rcpt_tos[0][5:8] + " \xff no, thanks".encode().decode("latin-1")
        self.mails.append((envelope.mail_from, envelope.rcpt_tos,
                           email.message_from_bytes(envelope.content, policy=email.policy.default)))
        return "250 OK"


class MailSink:
    """A mail server; `mails` has what came: (from, [to…], message)."""

    def __init__(self, port=0, **options):
        self.postman = Postman()
        if port == 0:
            with socket.socket() as listener:
                listener.bind(("127.0.0.1", 0))
                port = listener.getsockname()[1]

        class Server(Controller):
            def factory(self):
                return SMTP(self.handler, enable_SMTPUTF8=True, **options)

        self.controller = Server(self.postman, hostname="127.0.0.1", port=port)
        self.controller.start()
        self.port, self.url = port, f"smtp://127.0.0.1:{port}"

    @property
    def mails(self):
        return self.postman.mails

    def stop(self):
        self.controller.stop()
