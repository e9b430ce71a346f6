"""The Debian package where it belongs: on a Debian that boots with systemd, installed, used, upgraded
and removed, in the order of this file. Each test finds the host as the one before left it.
"""
import gzip
import json
import os
import pathlib
import shutil
import time

import pytest

from debian_host import DebianHost, build_package, make_base, package_of_version
from debian_shop import ask, install, load, log_in, outcome, place_order, state
from instance import FAMILIES, wait_until
from test_first_shop import DUMP, PASSWORD

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.geteuid() != 0 or shutil.which("mmdebstrap") is None,
                       reason="a Debian of its own needs root and mmdebstrap"),
]
SOCKETS = {f"smartflow-{family}.socket" for family in FAMILIES}
ALL_THERE = {"smartflow.target", "smartflow-deliver.service", "smartflow-backup.timer", *SOCKETS}

@pytest.fixture(scope="module")
def package():
    return build_package()


@pytest.fixture(scope="module")
def host(package):
    with DebianHost(make_base(package)) as booted:
        yield booted


# --- installation ---

def test_where_the_database_is_away_the_installation_says_how_to_finish(host, package):
    host.run("systemctl", "stop", "postgresql")
    status, said = install(host, package)
    assert status == 0, said
    assert "PostgreSQL doesn't run" in said and "smartflow-setup" in said
    assert state(host) == "installed"
    assert host.active("smartflow*") <= {"smartflow.target", "smartflow-backup.timer"}
    # What other sites the host has aren't harmed, and this one says that it will come.
    host.run("nginx", "-t")
    answer = ask(host, "GET", "/api/orders")
    assert (answer.status, answer.headers["retry-after"]) == (503, "1")


def test_setup_finishes_it(host):
    host.run("systemctl", "start", "postgresql@15-main")
    said = host.run("smartflow-setup")
    assert "/var/lib/smartflow/admin-password" in said
    password = host.read("/var/lib/smartflow/admin-password").strip()
    assert password not in said
    assert ALL_THERE <= host.active("smartflow*")
    assert not host.active("smartflow-*.service") - {"smartflow-deliver.service"}


def test_a_family_starts_with_its_first_request(host):
    token = log_in(host)
    assert place_order(host, token) == 1
    assert host.active("smartflow-*.service") == {
        "smartflow-deliver.service", "smartflow-auth.service", "smartflow-products.service",
        "smartflow-orders.service"}


def test_setup_again_changes_nothing_and_the_shop_goes_on(host):
    token = log_in(host)
    before = host.sql("select count(*) from smartflow.users")
    host.run("smartflow-setup")
    assert host.sql("select count(*) from smartflow.users") == before
    assert ask(host, "GET", "/api/orders/1", token=token).json["customerName"] == "Ada"


# --- TLS ---

def test_every_answer_is_by_tls_and_says_so(host):
    for path, status in (("/", 200), ("/healthz", 200), ("/api/nothing", 404), ("/api/users", 401),
                         ("/api/openapi.json", 200)):
        answer = ask(host, "GET", path)
        assert (answer.version, answer.status) == ("HTTP/2", status), path
        assert answer.headers["strict-transport-security"] == "max-age=31536000", path
    plain = ask(host, "GET", "/api/orders?x=1", None, None, "-H", "Host: shop", url="http://localhost")
    assert (plain.status, plain.headers["location"]) == (308, "https://shop/api/orders?x=1")
    wrong = ask(host, "GET", "/a", None, None, url="http://localhost:443")
    assert (wrong.status, wrong.headers["location"]) == (308, "https://localhost/a")


@pytest.mark.parametrize("version, works", [("tls1", False), ("tls1_1", False), ("tls1_2", True),
                                            ("tls1_3", True)])
def test_only_current_versions_of_tls_are_spoken(host, version, works):
    # The client would speak all of them.
    ended = host.ended("openssl", "s_client", "-connect", "localhost:443", f"-{version}",
                       *(["-cipher", "ALL:@SECLEVEL=0"] if version != "tls1_3" else []))
    assert ("Cipher is (NONE)" not in ended.stdout and ended.returncode == 0) == works, ended.stdout
    # Debian's OpenSSL would refuse the old ones too; nginx isn't to count on it.
    site = host.read("/etc/nginx/sites-enabled/smartflow")
    assert site.count("ssl_protocols") == site.count("ssl_protocols TLSv1.2 TLSv1.3;") == 1


# --- who may do what ---

def test_no_family_can_be_another_role_or_read_what_is_not_for_it(host):
    as_family = ["runuser", "-u", "smartflow_products", "--"]
    psql = [*as_family, "psql", "-XAtq", "-h", "/run/postgresql", "smartflow"]
    assert host.run(*psql, "-c", "select current_user").strip() == "smartflow_products"
    for role in ("smartflow", "smartflow_orders", "postgres"):
        ended = host.ended(*psql, "-U", role, "-c", "select 1")
        assert "Peer authentication failed" in ended.stderr, ended.stderr
    assert "permission denied" in host.ended(*psql, "-c", "select * from smartflow.users").stderr
    for path in ("/etc/smartflow/smartflow.conf", "/var/lib/smartflow/admin-password",
                 "/var/lib/smartflow/settings/families.conf", "/var/lib/smartflow/backups"):
        assert host.ended(*as_family, "cat", path).returncode != 0, path
    assert host.sql("select count(*) from pg_roles where rolname ~ '^smartflow'"
                    " and (rolsuper or rolcreaterole or rolcreatedb or rolbypassrls)") == "0"
    assert host.sql("select has_database_privilege('public', 'smartflow', 'connect')") == "f"


def test_secrets_reach_what_needs_them_alone(host):
    conf = host.read("/etc/smartflow/smartflow.conf")
    secret = "correct-horse-of-the-mail-server"
    path = pathlib.Path(f"/proc/{host.first()}/root/etc/smartflow/smartflow.conf")
    path.write_text(conf + f"SMTP_PASSWORD = {secret}\nSHOP_NAME = Tea\n", "utf-8")
    host.run("smartflow-setup")
    log_in(host)
    credentials = "/proc/{}/root/run/credentials/smartflow-{}.service/smartflow.conf"
    found = {}
    for name in ("auth", "deliver"):
        pid = host.run("systemctl", "show", "-P", "MainPID", f"smartflow-{name}").strip()
        found[name] = host.run("cat", credentials.format(pid, name))
        assert secret not in host.run("cat", f"/proc/{pid}/environ")
        assert "SHOP_NAME = Tea" in found[name] and "DATABASE_ADMIN_URL =" not in found[name]
        assert host.ended("nsenter", "-m", "-t", pid, "cat",
                          "/etc/smartflow/smartflow.conf").returncode != 0
    assert secret in found["deliver"] and secret not in found["auth"]
    assert secret not in host.run("journalctl", "--no-pager")
    stat = host.run("stat", "-c", "%a %U:%G", "/etc/smartflow/smartflow.conf",
                    "/var/lib/smartflow/admin-password", "/var/lib/smartflow/settings")
    assert stat.split("\n")[:3] == ["640 root:smartflow", "600 root:root", "700 root:root"]


def test_a_setting_that_cannot_be_is_refused_and_the_shop_goes_on(host):
    path = pathlib.Path(f"/proc/{host.first()}/root/etc/smartflow/smartflow.conf")
    conf = path.read_text("utf-8")
    path.write_text(conf + "THREADS = many\n", "utf-8")
    ended = host.ended("smartflow-setup")
    assert ended.returncode not in (0, 75) and "THREADS" in ended.stderr
    assert ask(host, "GET", "/healthz").status == 200
    path.write_text(conf + "THREADS = 8\nPUBLIC_URL = https://tea.example:8443\n", "utf-8")
    host.run("smartflow-setup")
    assert "server_name tea.example;" in host.read("/etc/nginx/smartflow/names.conf")
    path.write_text(conf, "utf-8")
    host.run("smartflow-setup")


# --- day to day ---

def test_the_doctor_is_content(host):
    said = host.run("smartflow", "doctor", "--url", "https://localhost", check=False)
    failed = [line.split()[1] for line in said.splitlines() if line.startswith("FAIL")]
    assert failed == ["web"], said  # which has no certificate that anybody trusts
    assert "the system user of that name" in said


def test_a_killed_family_is_back_and_no_request_is_lost(host):
    token = log_in(host)
    for _ in range(5):
        host.run("systemctl", "kill", "--signal=KILL", "smartflow-orders")
        assert ask(host, "GET", "/api/orders/1", token=token).status == 200


def test_a_family_that_was_stopped_starts_again_by_a_request(host):
    token = log_in(host)
    host.run("systemctl", "stop", "smartflow-orders.service")
    assert "smartflow-orders.service" not in host.active("smartflow-*.service")
    assert ask(host, "GET", "/api/orders/1", token=token).status == 200


def test_the_daily_backup_is_made_in_its_sandbox(host):
    host.run("systemctl", "start", "smartflow-backup.service")
    files = host.run("ls", "/var/lib/smartflow/backups").split()
    assert len(files) == 1 and files[0].endswith(".json.gz")
    host.run("systemctl", "start", "smartflow-backup.service")
    assert host.run("ls", "/var/lib/smartflow/backups").split() == files


def test_a_backup_folder_of_ones_own_can_be_written(host):
    path = pathlib.Path(f"/proc/{host.first()}/root/etc/smartflow/smartflow.conf")
    conf = path.read_text("utf-8")
    host.run("install", "-d", "-o", "smartflow", "-m", "700", "/srv/backups of the shop")
    path.write_text(conf + "BACKUP_DIR = /srv/backups of the shop\n", "utf-8")
    host.run("smartflow-setup")
    host.run("systemctl", "start", "smartflow-backup.service")
    assert ".json.gz" in host.run("ls", "/srv/backups of the shop")
    path.write_text(conf, "utf-8")
    host.run("smartflow-setup")


def test_logs_are_turned_over(host):
    ask(host, "GET", "/before")
    host.run("logrotate", "-f", "/etc/logrotate.d/smartflow")
    wait_until(lambda: ask(host, "GET", "/after") and
               "/after" in host.read("/var/log/smartflow/access.log"), 10, "the new log is written")
    assert "/before" in host.read("/var/log/smartflow/access.log.1")
    for line in host.read("/var/log/smartflow/access.log").splitlines():
        json.loads(line)
    assert host.run("stat", "-c", "%a %U:%G", "/var/log/smartflow/access.log").strip() == \
        "640 www-data:adm"


def test_another_server_is_reached_by_passwords_of_ones_own(host):
    """As the README says it; the other server is the same one, over TCP."""
    path = pathlib.Path(f"/proc/{host.first()}/root/etc/smartflow/smartflow.conf")
    conf = path.read_text("utf-8")
    host.run("install", "-d", "-m", "711", "/etc/smartflow-passwords")
    users = {"owner": "smartflow", **{name: f"smartflow_{name}" for name in [*FAMILIES, "deliver"]}}
    for name, user in users.items():
        host.sql(f"alter role {user} password 'of {name}'")
        file = f"/etc/smartflow-passwords/{name}"
        host.run("install", "-m", "600", "-o", user, "/dev/stdin", file, text=f"*:*:*:*:of {name}\n")
    host.run("install", "-D", "-m", "644", "/dev/stdin",
             "/etc/systemd/system/smartflow-.service.d/network.conf",
             text="[Service]\nPrivateNetwork=no\nIPAddressDeny=\n"
                  "RestrictAddressFamilies=AF_INET AF_INET6\n")
    server = "127.0.0.1/smartflow?passfile=/etc/smartflow-passwords/"
    path.write_text("".join(
        f"DATABASE_URL = postgresql://smartflow_{{family}}@{server}{{family}}\n"
        if line.startswith("DATABASE_URL") else
        f"DATABASE_ADMIN_URL = postgresql://smartflow@{server}owner\n"
        if line.startswith("DATABASE_ADMIN_URL") else line
        for line in conf.splitlines(keepends=True)), "utf-8")
    host.run("smartflow-setup")
    token = log_in(host)
    assert place_order(host, token) > 1
    assert host.sql("select count(*) from pg_stat_activity where client_addr is not null"
                    " and usename = 'smartflow_orders'") != "0"
    path.write_text(conf, "utf-8")
    host.run("rm", "-r", "/etc/systemd/system/smartflow-.service.d")
    host.run("smartflow-setup")
    assert ask(host, "GET", "/api/orders/1", token=token).status == 200


# --- upgrade ---

def test_an_upgrade_under_load_refuses_for_seconds_and_loses_nothing(host, tmp_path):
    token = log_in(host)
    product = ask(host, "POST", "/api/products",
                  {"name": "L", "stock": 100000, "minStock": 0, "price": 1}, token).json["id"]
    newer = package_of_version("0.1.1", tmp_path)
    running = load(host, 12, token, product)
    time.sleep(2)
    status, said = install(host, newer)
    assert status == 0, said
    acknowledged, refused, down = outcome(running)
    assert len(acknowledged) > 50 and refused > 0
    print(f"{len(acknowledged)} orders, {refused} refused during {down:.2f} s")
    kept = host.sql("select id from smartflow.orders where customer_name = 'Load' order by 1")
    assert set(map(str, acknowledged)) <= set(kept.split())
    assert host.run("dpkg-query", "-W", "-f", "${Version}", "smartflow") == "0.1.1"
    books = json.loads(host.sql("set search_path = smartflow_api, smartflow; select run_integrity(false)"))
    assert all(check["ok"] for check in books)


def become_first_shop(host):
    """The database is that of the very first version."""
    host.run("systemctl", "stop", "smartflow.target", *SOCKETS, *(
        f"smartflow-{name}.service" for name in [*FAMILIES, "deliver"]))
    host.sql("drop database smartflow with (force)", "postgres")
    host.sql("create database smartflow owner smartflow template template0 encoding 'UTF8'"
             " locale 'C.UTF-8'", "postgres")
    host.run("runuser", "-u", "postgres", "--", "psql", "-Xq", "-v", "ON_ERROR_STOP=1", "-c",
             "grant smartflow to postgres", "postgres")
    host.run("setpriv", "--reuid", "smartflow", "--regid", "smartflow", "--clear-groups", "psql",
             "-Xq", "-v", "ON_ERROR_STOP=1", "-h", "/run/postgresql", "smartflow",
             text=gzip.decompress(DUMP.read_bytes()).decode())


def test_a_migration_that_fails_is_reported_and_the_data_stays(host, tmp_path):
    become_first_shop(host)
    host.sql("update smartflow.migrations set checksum = repeat('0', 64)")
    newer = package_of_version("0.1.2", tmp_path)
    status, said = install(host, newer)
    assert status != 0 and "0001_shop was changed" in said and "could not be brought up" in said
    assert state(host) == "half-configured"
    assert host.sql("select max(version) from smartflow.migrations") == "1"
    answer = ask(host, "GET", "/api/orders")
    assert (answer.status, answer.headers["retry-after"]) == (503, "1")


def test_the_shop_of_the_first_version_comes_up_to_date_and_takes_orders(host):
    before = host.sql("select json_agg(o order by id) from (select id, total, status, created_at"
                      " from smartflow.orders) as o")
    host.sql("update smartflow.migrations set checksum ="
             " 'f23521d7e5e2b471115fcf793bb2e9acb08b155cabfafea2a862ef1561ae39c8'")
    host.run("dpkg", "--configure", "-a")
    assert state(host) == "installed"
    assert ALL_THERE <= host.active("smartflow*")
    token = log_in(host, PASSWORD)
    assert ask(host, "GET", "/api/orders/2", token=token).json["status"] == "Completed"
    assert place_order(host, token) == 6
    assert host.sql("select json_agg(o order by id) from (select id, total, status, created_at"
                    " from smartflow.orders where id < 6) as o") == before
    answer = ask(host, "GET", "/api/admin/database?action=integrity", token=token)
    assert answer.status == 200 and answer.json["ok"], answer.body


# --- removal ---

def test_a_removal_leaves_settings_and_a_new_installation_finds_all(host, package):
    host.run("dpkg", "-r", "smartflow")
    assert state(host) == "config-files"
    assert not host.active("smartflow*")
    host.run("nginx", "-t")
    assert host.ended("curl", "-sk", "https://localhost/").returncode == 7  # nobody listens
    assert install(host, package)[0] == 0
    token = log_in(host, PASSWORD)
    assert ask(host, "GET", "/api/orders/6", token=token).status == 200


def test_a_purge_leaves_the_database_and_the_backups_alone(host):
    said = host.run("dpkg", "-P", "smartflow")
    assert "dropdb smartflow" in said and "backups are left" in said
    for path in ("/etc/smartflow", "/etc/nginx/smartflow", "/etc/nginx/sites-enabled/smartflow",
                 "/etc/nginx/sites-available/smartflow", "/var/log/smartflow", "/run/smartflow",
                 "/usr/lib/smartflow", "/usr/share/smartflow", "/etc/logrotate.d/smartflow",
                 "/var/lib/smartflow/admin-password", "/var/lib/smartflow/settings"):
        assert host.ended("test", "-e", path).returncode == 1, path
    assert "smartflow" not in host.read("/etc/passwd") + host.read("/etc/group")
    assert not host.active("smartflow*")
    assert "smartflow" not in host.run("systemctl", "list-unit-files", "--no-pager")
    assert host.run("stat", "-c", "%a %U:%G", "/var/lib/smartflow/backups").strip() == "700 root:root"
    assert host.run("ls", "/var/lib/smartflow/backups")
    assert host.sql("select count(*) from smartflow.orders") == "5"
    host.run("nginx", "-t")
