"""The archive on a traditional shared host, from the upload to the first order: nothing but its folder,
a database login and a browser.
"""
import json
import re
import secrets
import subprocess

import pytest

from http_client import Client, at_once
from test_archive import make_archive
from web_hosts import ROOT, Apache, Login, unpack

pytestmark = pytest.mark.slow

PASSWORD = "tall-green-lamp-93"


@pytest.fixture(scope="module")
def archive():
    return make_archive(ROOT)


@pytest.fixture
def login(shop):
    login = Login(shop)
    yield login
    login.drop()


def token():
    return secrets.token_urlsafe(24)


@pytest.fixture(params=[("cgid",), ("fcgid", "cgid")], ids=["cgi", "fcgid"])
def host(request, login, archive):
    name = "our shop" if request.param == ("cgid",) else "shop"
    host = Apache(login, name, request.param, fill=unpack(archive), SETUP_TOKEN=token())
    try:
        yield host.start()
    finally:
        host.stop()


def setting(host, name, value):
    """Sets one of smartflow.conf, as by the host's file manager; None takes it out."""
    file = host.folder / "smartflow.conf"
    lines = [line for line in file.read_text("utf-8").splitlines() if not line.startswith(name)]
    file.write_text("\n".join(lines + ([f"{name} = {value}"] if value else [])) + "\n", "utf-8")
    for program in (host.folder / "programs").glob("*.fcgi"):
        subprocess.run(["touch", program], check=True)  # as the guide says for mod_fcgid


def value_of(host, name):
    return re.search(rf"^{name} = (.*)$", (host.folder / "smartflow.conf").read_text("utf-8"), re.M)[1]


def set_up(host, given, password=PASSWORD, **fields):
    headers = {"Authorization": f"Bearer {given}"} if given else {}
    return Client(host).post("/api/setup", {"password": password, **fields}, headers=headers, may_fail=True)


def test_from_the_upload_to_the_first_order(host):
    """The page and four requests that change something: set-up, login, product, order."""
    nobody = Client(host)
    page = nobody.get("/setup.html")
    assert page.status == 200 and b'src="setup.js"' in page.body
    assert "script-src 'self'" in page.headers["Content-Security-Policy"]
    assert nobody.get("/api/setup").json == {"open": True}
    done = set_up(host, value_of(host, "SETUP_TOKEN"), username="owner")
    assert done.status == 200, done
    assert done.json["administrator"] == "owner" and done.json["steps"]
    bad = [check for check in done.json["checks"] if check["status"] == "fail"]
    assert bad == []
    answer = nobody.post("/api/auth/login", {"username": "owner", "password": PASSWORD, "token": True})
    owner = Client(host, answer.json["token"])
    product = owner.product(stock=3)["id"]
    order = owner.post(
        "/api/orders", {"customerName": "Ada", "items": [{"productId": product, "quantity": 2}]}
    )
    assert order.status == 201 and order.json["stockReduced"]
    assert host.login.wrong_books() == []
    # What a scheduler calls.
    deliver = host.smartflow("deliver")
    assert deliver.returncode == 0, deliver.stderr
    backup = host.smartflow("backup", str(host.root / "state/backups"))
    assert backup.returncode == 0, backup.stderr
    doctor = host.smartflow("doctor", "--url", host.url, "--json")
    web = {check["name"]: check for check in json.loads(doctor.stdout)["checks"]}
    assert [name for name, check in web.items() if check["status"] == "fail"] == []


def test_the_set_up_closes_for_good(host):
    used = value_of(host, "SETUP_TOKEN")
    assert set_up(host, used).status == 200
    for given in (used, token(), None):
        answer = set_up(host, given)
        assert (answer.status, answer.code) == (404, "NOT_FOUND")
    assert Client(host).get("/api/setup").status == 404
    # Another token opens it once more, for an upgrade: whoever is administrator stays it.
    setting(host, "SETUP_TOKEN", token())
    assert set_up(host, used).status == 401
    again = set_up(host, value_of(host, "SETUP_TOKEN"), password="another-tall-lamp-1", username="other")
    assert again.status == 200 and again.json["administrator"] is None
    assert Client(host).get("/api/setup").status == 404
    answer = Client(host).post("/api/auth/login", {"username": "admin", "password": PASSWORD})
    assert answer.status == 200
    assert host.login.value("select count(*) from smartflow.users") == 1


def test_nobody_without_the_token_gets_in(host):
    for given in (None, "", token(), value_of(host, "SETUP_TOKEN")[:-1]):
        answer = set_up(host, given)
        assert (answer.status, answer.code) == (401, "UNAUTHORIZED"), answer
    assert host.login.value("select to_regclass('smartflow.migrations') is null")
    setting(host, "SETUP_TOKEN", None)
    for given in (None, token()):
        assert set_up(host, given).status == 404
    assert Client(host).get("/api/setup").status == 404


def test_what_is_wrong_is_said_and_can_be_put_right(host):
    given = value_of(host, "SETUP_TOKEN")
    weak = set_up(host, given, password="password1234")
    assert (weak.status, weak.code) == (400, "VALIDATION_ERROR") and "password" in weak.json["details"]
    assert set_up(host, given, password="short").json["details"].keys() == {"password"}
    url = value_of(host, "DATABASE_URL")
    setting(host, "DATABASE_URL", url.replace("host=", "host=/nowhere"))
    refused = set_up(host, given)
    assert (refused.status, refused.code) == (409, "INVALID_OPERATION"), refused
    assert "database" in refused.json["details"]
    assert url.split(":")[2].split("@")[0] not in refused.body.decode(), "the password is in there"
    setting(host, "DATABASE_URL", url)
    assert set_up(host, given).status == 200


def test_two_at_once_make_one_shop(host):
    given = value_of(host, "SETUP_TOKEN")
    answers = at_once([lambda n=n: set_up(host, given, username=f"owner{n}") for n in range(3)])
    made = [answer.json["administrator"] for answer in answers if answer.status == 200]
    assert len([name for name in made if name]) == 1, answers
    assert {answer.status for answer in answers} <= {200, 404}, answers
    assert host.login.value("select count(*) from smartflow.users") == 1
