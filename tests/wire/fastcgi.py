"""A small FastCGI client (FastCGI specification 1.0): speaks to a family's socket as nginx would,
and as nginx never would.
"""
import socket
import struct

from http_client import Answer
import http.client
import io

BEGIN, ABORT, END, PARAMS, STDIN, STDOUT, STDERR = 1, 2, 3, 4, 5, 6, 7
KEEP_CONNECTION = 1


def record(kind, content=b"", request=1):
    """One record: version, type, request id, length, no padding."""
    return struct.pack(">BBHHBB", 1, kind, request, len(content), 0, 0) + content


def begin(keep=False):
    """The record that begins a request, as a responder."""
    return record(BEGIN, struct.pack(">HB5x", 1, KEEP_CONNECTION if keep else 0))


def pair(name, value):
    """A name and a value with their lengths in four bytes each."""
    name, value = name.encode(), value.encode()
    return struct.pack(">II", len(name) | 1 << 31, len(value) | 1 << 31) + name + value


def head(method, path, length, token=None, keep=False, **more):
    """All of a request but its body, with the variables that nginx/fastcgi.conf sends."""
    variables = {
        "REQUEST_METHOD": method,
        "REQUEST_URI": path,
        "CONTENT_LENGTH": str(length),
        "CONTENT_TYPE": "application/json",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": "test",
        **more,
    }
    if token:
        variables["HTTP_AUTHORIZATION"] = f"Bearer {token}"
    pairs = b"".join(pair(name, value) for name, value in variables.items())
    return begin(keep) + record(PARAMS, pairs) + record(PARAMS)


def body(content):
    """The records of a whole body."""
    parts = [content[at : at + 60000] for at in range(0, len(content), 60000)]
    return b"".join(record(STDIN, part) for part in parts) + record(STDIN)


class Connection:
    """A connection to a family."""

    def __init__(self, path, seconds=20):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(seconds)
        self.socket.connect(path)
        self.stream = self.socket.makefile("rb")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.stream.close()
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def read(self):
        """The answer; nothing when the family ends the connection without one."""
        output = io.BytesIO()
        while True:
            top = self.stream.read(8)
            if len(top) < 8:
                return None
            _, kind, _, length, padding, _ = struct.unpack(">BBHHBB", top)
            content = self.stream.read(length + padding)[:length]
            if kind == STDOUT:
                output.write(content)
            elif kind == END:
                break
        output.seek(0)
        headers = http.client.parse_headers(output)
        return Answer(int(headers["Status"].split()[0]), headers, output.read())

    def ask(self, method, path, content=b"", token=None, keep=True, **more):
        """One whole request and its answer."""
        self.send(head(method, path, len(content), token, keep, **more) + body(content))
        return self.read()
