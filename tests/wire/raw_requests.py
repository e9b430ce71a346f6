"""Requests as bytes, for what no well-behaved client would send."""
import json

from http_client import check_answer, parse_answers, send_raw


def body_of(name):
    """A valid product, by a name that can be looked for."""
    return json.dumps({"name": name, "stock": 1, "minStock": 0, "price": 1}).encode()


def ask_raw(shop, data, methods=(), seconds=5):
    """The checked answers to some bytes. What isn't HTTP/1.x may be answered by nothing."""
    return [
        check_answer(answer) for answer in parse_answers(send_raw(shop, data, seconds), methods)
    ]


def head(admin, method, path, *headers):
    """A request's head, with a login, on a connection that ends with it."""
    lines = [
        f"{method} {path} HTTP/1.1",
        "Host: test",
        "Connection: close",
        f"Authorization: Bearer {admin.token}",
        *headers,
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def post(admin, *headers):
    return head(admin, "POST", "/api/products", "Content-Type: application/json", *headers)
