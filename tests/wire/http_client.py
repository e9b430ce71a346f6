"""HTTP as the tests speak it: one request, one checked answer; and bytes as they are."""
import hashlib
import http.client
import io
import json
import re
import secrets
import socket
import threading

STATUS_OF_CODE = {
    "VALIDATION_ERROR": {400},
    "UNAUTHORIZED": {401},
    "FORBIDDEN": {403},
    "NOT_FOUND": {404},
    "METHOD_NOT_ALLOWED": {405},
    "INSUFFICIENT_STOCK": {409},
    "INVALID_OPERATION": {409},
    "PRECONDITION_FAILED": {412},
    "PAYLOAD_TOO_LARGE": {413},
    "UNSUPPORTED_MEDIA_TYPE": {415},
    "IDEMPOTENCY_KEY_REUSED": {422},
    "RATE_LIMITED": {429},
    "INTERNAL_ERROR": {500},
    "DATABASE_ERROR": {503},
    "SERVICE_UNAVAILABLE": {503},
    "BAD_REQUEST": {400, 408, 414, 431},
}
TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


class Answer:
    """Status, headers and body of one answer."""

    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self):
        """The body, numbers as Python reads them."""
        return json.loads(self.body)

    @property
    def code(self):
        """The code of an error, none for anything else."""
        return self.json["code"] if self.status >= 400 else None

    def __repr__(self):
        return f"{self.status} {self.body[:500]!r}"


def check_answer(answer, may_fail=False):
    """Holds what every answer must have: the contract's error shape, the security headers, a
    request id. A 5xx is an error unless the test brought it about.
    """
    assert may_fail or answer.status < 500, answer
    assert answer.headers["X-Content-Type-Options"] == "nosniff", answer.headers
    assert re.fullmatch(r"[A-Za-z0-9._-]{8,128}", answer.headers["X-Request-Id"]), answer.headers
    for name in ("X-Frame-Options", "Referrer-Policy", "Content-Security-Policy"):
        assert len(answer.headers.get_all(name, [])) == 1, (name, answer.headers)
    if answer.status >= 400 and answer.body:
        assert answer.headers.get_content_type() == "application/json", answer.headers
        error = answer.json
        assert set(error) == {"error", "code", "details", "timestamp"}, error
        assert answer.status in STATUS_OF_CODE[error["code"]], answer
        assert isinstance(error["error"], str) and error["error"], error
        assert isinstance(error["details"], dict), error
        assert all(isinstance(reason, str) for reason in error["details"].values()), error
        assert TIMESTAMP.fullmatch(error["timestamp"]), error
    if answer.status == 405:
        assert answer.headers["Allow"], answer.headers
    if answer.status == 401:
        assert answer.headers["WWW-Authenticate"].startswith("Bearer"), answer.headers
    if answer.status in (429, 503):
        assert int(answer.headers["Retry-After"]) > 0, answer.headers
    return answer


class Client:
    """Somebody who asks; threads may share one, each has a connection of its own."""

    def __init__(self, instance, token=None, user_id=None):
        self.instance, self.token, self.user_id = instance, token, user_id
        self.local = threading.local()

    def connection(self):
        """This thread's kept connection."""
        if not hasattr(self.local, "connection"):
            self.local.connection = http.client.HTTPConnection(
                self.instance.host, self.instance.port, timeout=60
            )
        return self.local.connection

    def close(self):
        """Drops this thread's connection."""
        if hasattr(self.local, "connection"):
            self.local.connection.close()
            del self.local.connection

    def ask(self, method, path, body=None, headers=None, may_fail=False):
        """Sends a request, a body of bytes as it is and any other as JSON; checks the answer."""
        sent = {} if self.token is None else {"Authorization": f"Bearer {self.token}"}
        if body is not None:
            sent["Content-Type"] = "application/json"
            body = body if isinstance(body, bytes) else json.dumps(body).encode()
        sent.update(headers or {})
        connection = self.connection()
        try:
            connection.request(method, self.instance.base + path, body, sent)
            response = connection.getresponse()
            answer = Answer(response.status, response.headers, response.read())
        except (OSError, http.client.HTTPException):
            self.close()
            raise
        return check_answer(answer, may_fail)

    def get(self, path, **options):
        return self.ask("GET", path, **options)

    def post(self, path, body, **options):
        return self.ask("POST", path, body, **options)

    def patch(self, path, body, **options):
        return self.ask("PATCH", path, body, **options)

    def delete(self, path, **options):
        return self.ask("DELETE", path, **options)

    def product(self, stock=10, price=1, **fields):
        """Makes a product; gives it as the API shows it."""
        made = self.post(
            "/api/products",
            {"name": "Tea", "stock": stock, "minStock": 0, "price": price, **fields},
        )
        assert made.status == 201, made
        return made.json


def make_client(instance, role="admin", read_only=False):
    """A new user with a token, straight in the database: no password has to be hashed for it."""
    name, token = f"{role} {secrets.token_hex(8)}", secrets.token_hex(32)
    user = instance.value(
        "insert into smartflow.users (username, name, role) values (%s, %s, %s)" " returning id",
        (name, name, role),
    )
    instance.query(
        "insert into smartflow.credentials (user_id, kind, digest, name, read_only)"
        " values (%s, 'token', %s, 'test', %s)",
        (user, hashlib.sha256(token.encode()).digest(), read_only),
    )
    return Client(instance, token, user)


class _Bytes:
    """What http.client takes for a socket."""

    def __init__(self, stream):
        self.stream = stream

    def makefile(self, *_):
        return self.stream


def parse_answers(data, methods=()):
    """All answers in what a server sent; methods tell which of them has no body by its method."""
    stream, answers = io.BufferedReader(io.BytesIO(data)), []
    stream.close_really, stream.close = stream.close, lambda: None  # http.client closes at the end
    while stream.peek(1):
        method = methods[len(answers)] if len(answers) < len(methods) else "GET"
        response = http.client.HTTPResponse(_Bytes(stream), method=method)
        response.begin()
        answers.append(Answer(response.status, response.headers, response.read()))
    return answers


def send_raw(instance, data, seconds=5):
    """Sends bytes on a connection of its own; gives what comes back until the server closes it or
    the time is over. Without half-closing: nginx would take that for a client that went away.
    """
    received = b""
    with socket.create_connection((instance.host, instance.port), timeout=seconds) as connection:
        try:
            connection.sendall(data)
            while part := connection.recv(65536):
                received += part
        except (ConnectionResetError, BrokenPipeError, TimeoutError):
            pass
    return received


def at_once(tasks):
    """Runs functions at the same moment, each on a thread; gives their results in order."""
    barrier = threading.Barrier(len(tasks))
    results = [None] * len(tasks)

    def run(index):
        barrier.wait()
        try:
            results[index] = tasks[index]()
        except BaseException as error:  # handed on below
            results[index] = error

    threads = [threading.Thread(target=run, args=(index,)) for index in range(len(tasks))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for result in results:
        if isinstance(result, BaseException):
            raise result
    return results
