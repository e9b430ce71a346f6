"""`smartflow doctor`: what is broken on purpose has its line and its exit code, and the rest goes on."""
import http.server
import json
import os
import pathlib
import signal
import subprocess
import threading

import pytest

from http_client import make_client
from instance import ROOT, environment_with, free_port, wait_until

PROGRAM = str((ROOT / os.environ.get("BUILD", "build")).resolve() / "bin/smartflow")


def doctor(shop, *words, **settings):
    """Its exit code and its findings by name."""
    environment = environment_with(VAR=str(shop.var), PORT=str(shop.port), **settings)
    ended = subprocess.run([PROGRAM, "doctor", "--json", *words], env=environment, text=True,
                           capture_output=True, timeout=100, check=False)
    assert not ended.stderr, ended.stderr
    answer = json.loads(ended.stdout)
    assert answer["ok"] == (ended.returncode == 0)
    for check in answer["checks"]:
        assert bool(check["advice"]) == (check["status"] != "ok"), check
    return ended.returncode, {check["name"]: check for check in answer["checks"]}


def failing(shop, *words, **settings):
    """The names of what fails, and the findings. Each test mends what it broke, or the next one fails."""
    code, checks = doctor(shop, *words, **settings)
    names = {name for name, check in checks.items() if check["status"] == "fail"}
    assert code == (1 if names else 0)
    return names, checks


def test_a_healthy_shop_has_nothing_to_fear(own_shop):
    names, checks = failing(own_shop)
    assert not names, checks
    worse = {name for name, check in checks.items() if check["status"] == "warn"}
    assert worse <= {"free space"}, checks
    assert {"settings", "logins", "rights", "deliver", "programs", "authorization"} <= set(checks)


def test_a_person_gets_a_line_for_each_and_no_colours(own_shop):
    environment = environment_with(VAR=str(own_shop.var), PORT=str(own_shop.port))
    ended = subprocess.run([PROGRAM, "doctor"], env=environment, text=True, capture_output=True,
                           timeout=100, check=False)
    assert ended.returncode == 0
    assert "ok    database " in ended.stdout and "\x1b" not in ended.stdout


def test_wrong_settings_are_named_and_the_rest_is_looked_at(own_shop):
    names, checks = failing(own_shop, THREADS="many")
    assert "settings" in names and "THREADS" in checks["settings"]["found"]
    assert "clock" in checks


@pytest.mark.parametrize("name, file, mode", [
    ("secrets", "admin-password", 0o644), ("backup folder", "backups", 0o755),
    ("state and logs", ".", 0o777)])
def test_files_that_others_can_read_or_write_fail(own_shop, name, file, mode):
    path = own_shop.var / file
    if file == "backups":
        path.mkdir(mode=0o700, exist_ok=True)
    kept = path.stat().st_mode & 0o777
    path.chmod(mode)
    names, checks = failing(own_shop)
    path.chmod(kept)
    assert names == {name} and "chmod" in checks[name]["advice"]


def test_a_settings_file_that_everybody_can_read_fails(own_shop, tmp_path):
    file = tmp_path / "smartflow.conf"
    file.write_text("SHOP_NAME = Tea\n", encoding="ascii")
    file.chmod(0o644)
    assert failing(own_shop, SMARTFLOW_CONF=str(file))[0] == {"settings file"}
    file.chmod(0o640)
    assert failing(own_shop, SMARTFLOW_CONF=str(file))[0] == set()


@pytest.mark.parametrize("url", [
    "postgresql://nobody:hunter2@127.0.0.1:1/shop", "postgresql:/nobody:hunter2@127.0.0.1/shop",
    "postgresql://nobody:hun@ter2@no.such.host.invalid/shop", "user=x password=hunter2 port=hunter2"])
def test_without_a_database_the_rest_is_looked_at_and_no_password_is_shown(own_shop, url):
    names, checks = failing(own_shop, DATABASE_URL=url, DATABASE_ADMIN_URL=url)
    assert names == {"database"}
    assert "schema" not in checks and checks["programs"]["status"] == "ok"
    assert "ter2" not in json.dumps(checks)


def test_a_program_that_has_no_socket_is_named(own_shop):
    socket = pathlib.Path(own_shop.sockets()) / "users.sock"
    away = socket.with_suffix(".away")
    socket.rename(away)
    os.kill(own_shop.family("users"), signal.SIGKILL)  # and with it the connections that nginx keeps
    names, checks = failing(own_shop)
    away.rename(socket)
    assert names == {"programs"} and "users: /api/users answered 503" in checks["programs"]["found"]


def test_a_stopped_web_server_is_named(own_shop):
    names, checks = failing(own_shop, "--url", f"http://127.0.0.1:{free_port()}/")
    assert names == {"web server"} and "programs" not in checks


class CarelessServer(http.server.BaseHTTPRequestHandler):
    """Serves every file, keeps the header Authorization to itself, and has no error pages."""

    def do_GET(self):
        refused = self.path == "/api/auth/me"
        self.send_response(401 if refused else 200)
        self.end_headers()
        self.wfile.write(b'{"error":"Log in first.","code":"UNAUTHORIZED"}' if refused else b"root:x:0:0")

    def log_message(self, *_):
        pass


def test_a_careless_web_server_is_named(own_shop):
    server = http.server.HTTPServer(("127.0.0.1", 0), CarelessServer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    names, checks = failing(own_shop, "--url", f"http://127.0.0.1:{server.server_port}")
    server.shutdown()
    server.server_close()
    assert names == {"programs", "unknown paths", "private files", "authorization"}
    assert "/smartflow.conf answered 200" in checks["private files"]["found"]
    assert "doesn't arrive" in checks["authorization"]["found"]
    assert checks["security headers"]["status"] == "warn"


@pytest.mark.parametrize("version, advice", [(99, "too old"), (None, "smartflow migrate")])
def test_another_schema_is_named(own_shop, version, advice):
    if version:
        own_shop.query("insert into smartflow.migrations (version, name, checksum, status, started_at,"
                       " duration_ms) values (99, 'later', repeat('0', 64), 'applied', now(), 1)")
    else:
        own_shop.query("create table kept as select * from smartflow.migrations"
                       " where version = (select max(version) from smartflow.migrations);"
                       " delete from smartflow.migrations where id in (select id from kept)")
    names, checks = failing(own_shop)
    if version:
        own_shop.query("delete from smartflow.migrations where version = 99")
    else:
        own_shop.query("insert into smartflow.migrations overriding system value select * from kept;"
                       " drop table kept")
    assert names == {"schema"} and advice in checks["schema"]["advice"]


def test_a_follower_that_stands_still_is_named(own_shop):
    follower = own_shop.processes("smartflow")[0]
    os.kill(follower, signal.SIGSTOP)
    own_shop.query("insert into smartflow.audit_log (at, action, entity)"
                   " values (now() - interval '10 minutes', 'login', 'session')")
    names, checks = failing(own_shop)
    os.kill(follower, signal.SIGCONT)
    wait_until(lambda: not failing(own_shop)[0], 60, "what waited is sealed")
    assert names == {"deliver"} and "1 rows" in checks["deliver"]["found"]


def test_a_right_too_many_is_named(own_shop):
    own_shop.query("grant usage on schema smartflow to smartflow_orders;"
                   " grant select on smartflow.users to smartflow_orders")
    names, checks = failing(own_shop)
    own_shop.query("revoke usage on schema smartflow from smartflow_orders;"
                   " revoke select on smartflow.users from smartflow_orders")
    assert names == {"rights"}
    assert "smartflow_orders: reaches tables: users" in checks["rights"]["found"]


def test_a_single_login_that_may_make_roles_is_named(own_shop):
    url = f"postgresql://smartflow_owner@/smartflow?host={own_shop.sockets()}/postgres"
    names, checks = failing(own_shop, DATABASE_URL=url)
    assert names == {"rights"} and "may make roles" in checks["rights"]["found"]


def test_a_rule_without_what_it_needs_is_named(own_shop):
    client = make_client(own_shop)
    rule = client.post("/api/workflows", {
        "name": "Tell", "trigger": "New Order", "action": "Send Notification",
        "config": {"channels": ["webhook"], "url": "https://shop.example/"}}).json
    names, checks = failing(own_shop)
    assert client.delete(f"/api/workflows/{rule['id']}").status == 204
    assert names == {"rules"} and "WEBHOOK_SECRET" in checks["rules"]["found"]
