"""What tests ask of a shop on a Debian host (debian_host.py)."""
import json
import subprocess
import sys

# Places order after order for some seconds, each over a connection of its own; says what became of
# them. Runs in the host's network, with this machine's Python.
LOAD = r"""
import http.client, json, ssl, sys, time
trusting = ssl.create_default_context()
trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
until, token, product, found = time.time() + float(sys.argv[1]), sys.argv[2], int(sys.argv[3]), []
while time.time() < until:
    connection = http.client.HTTPSConnection("127.0.0.1", 443, context=trusting, timeout=40)
    try:
        connection.request("POST", "/api/orders", json.dumps(
            {"customerName": "Load", "items": [{"productId": product, "quantity": 1}]}),
            {"Authorization": "Bearer " + token, "Content-Type": "application/json"})
        answer = connection.getresponse()
        body = answer.read()
        found.append([answer.status, answer.headers.get("Retry-After"), time.time(),
                      json.loads(body)["id"] if answer.status == 201 else None])
    except OSError as error:
        found.append([0, str(error), time.time(), None])
    connection.close()
    time.sleep(0.02)
print(json.dumps(found))
"""


class Answer:
    """What curl got."""

    def __init__(self, text):
        head, _, self.body = text.replace("\r", "").partition("\n\n")
        lines = head.splitlines()
        self.version, self.status = lines[0].split()[0], int(lines[0].split()[1])
        self.headers = {name.lower(): value.strip()
                        for name, _, value in (line.partition(":") for line in lines[1:])}

    @property
    def json(self):
        return json.loads(self.body)


def ask(host, method, path, content=None, token=None, *options, url="https://localhost"):
    """A request from the host itself, to a certificate that nobody signed."""
    words = ["curl", "-gskS", "-i", "-X", method, url + path, *options]
    if token:
        words += ["-H", f"Authorization: Bearer {token}"]
    if content is not None:
        words += ["-H", "Content-Type: application/json", "-d", json.dumps(content)]
    return Answer(host.run(*words))


def log_in(host, password=None):
    password = password or host.read("/var/lib/smartflow/admin-password").strip()
    answer = ask(host, "POST", "/api/auth/login",
                 {"username": "admin", "password": password, "token": True})
    assert answer.status == 200, answer.body
    return answer.json["token"]


def place_order(host, token, stock=5):
    """A product and an order of it; the order's id."""
    product = ask(host, "POST", "/api/products",
                  {"name": "A", "stock": stock, "minStock": 0, "price": 1}, token)
    assert product.status == 201, product.body
    order = ask(host, "POST", "/api/orders", {"customerName": "Ada", "items": [
        {"productId": product.json["id"], "quantity": 1}]}, token)
    assert order.status == 201, order.body
    return order.json["id"]


def install(host, package):
    """dpkg's exit status, and what it said."""
    host.put(package, "/root/smartflow.deb")
    ended = host.ended("dpkg", "-i", "--force-confold", "/root/smartflow.deb")
    return ended.returncode, ended.stdout + ended.stderr


def state(host):
    return host.run("dpkg-query", "-W", "-f", "${db:Status-Status}", "smartflow", check=False)


def load(host, seconds, token, product):
    return subprocess.Popen(
        host.command(sys.executable, "-c", LOAD, seconds, token, product, net_only=True),
        stdout=subprocess.PIPE, text=True)


def outcome(process):
    """What became of the load: the acknowledged orders, and for how long others were refused."""
    found = json.loads(process.communicate(timeout=120)[0])
    statuses = {entry[0] for entry in found}
    assert statuses <= {201, 503}, [entry for entry in found if entry[0] not in (201, 503)][:3]
    refused = [entry for entry in found if entry[0] == 503]
    assert all(entry[1] for entry in refused), "Retry-After"
    down = refused[-1][2] - refused[0][2] if refused else 0
    assert found[-1][0] == 201
    return [entry[3] for entry in found if entry[0] == 201], len(refused), down
