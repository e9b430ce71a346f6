"""A connection that the web server keeps serves one request after the other, whatever came before."""
import json

from fastcgi import Connection, body, head


def test_no_size_of_a_body_spoils_the_next_request_on_its_connection(shop, admin):
    """libfcgi reads 8192 bytes at a time: the record that ends a body may stay behind."""
    path = f"{shop.sockets()}/products.sock"
    for size in range(7800, 8300, 4):
        content = json.dumps({"unknown": "z" * size}).encode()
        with Connection(path) as connection:
            assert connection.ask("POST", "/api/products", content, admin.token).status == 400
            assert connection.ask("GET", "/api/nothing").status == 404, f"after {size} bytes"


def test_a_body_that_ends_late_spoils_nothing(shop, admin):
    path = f"{shop.sockets()}/products.sock"
    content = json.dumps({"unknown": 1}).encode()
    with Connection(path) as connection:
        whole = body(content)
        connection.send(head("POST", "/api/products", len(content), admin.token, True) + whole[:-8])
        connection.send(whole[-8:])
        assert connection.read().status == 400
        assert connection.ask("GET", "/api/nothing").status == 404
