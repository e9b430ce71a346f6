"""The archive for shared hosts (`make dist`): what is in it, and that its programs run where there is
nothing but a shell.
"""
import hashlib
import http.server
import json
import os
import pathlib
import re
import shutil
import socket
import ssl
import stat
import subprocess
import tarfile
import threading

import pytest

from instance import FAMILIES, ROOT, environment_with
from tls_server import NAME, TlsServer

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.geteuid() != 0, reason="only root may chroot"),
]

SHOP = "/the shop"
NOBODY = 65534
BASE = {
    "GATEWAY_INTERFACE": "CGI/1.1",
    "SERVER_PROTOCOL": "HTTP/1.1",
    "REMOTE_ADDR": "192.0.2.1",
    "REQUEST_METHOD": "GET",
}


def make_archive(root, **environment):
    """`make dist` in a folder; the archive's path."""
    done = subprocess.run([root / "nginx/dist/archive"], env=environment_with(**environment),
                          stdin=subprocess.DEVNULL, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    path, facts = done.stdout.strip().splitlines()[-2:]
    data = pathlib.Path(path).read_bytes()
    assert facts == f"{len(data)} bytes, sha256 {hashlib.sha256(data).hexdigest()}"
    return pathlib.Path(path)


@pytest.fixture(scope="module")
def archive():
    return make_archive(ROOT)


@pytest.fixture(scope="module")
def members(archive):
    """What is in it, by the path below its top folder."""
    with tarfile.open(archive) as tar:
        found = {entry.name: entry for entry in tar.getmembers()}
    top = archive.name.removesuffix("-linux-x86_64.tar.gz")
    assert all(name.split("/")[0] == top for name in found)
    return {name.partition("/")[2]: entry for name, entry in found.items() if "/" in name}


class Root:
    """A folder to be the root of a host that has nothing but a shell, and the archive's content."""

    def __init__(self, folder, archive):
        self.folder, self.settings = folder, {}
        (folder / "bin").mkdir()
        shutil.copy("/bin/busybox", folder / "bin/sh")
        with tarfile.open(archive) as tar:
            tar.extractall(folder)
        next(folder.glob("smartflow-*")).rename(self.path(SHOP))
        folder.chmod(0o755)

    def path(self, inside):
        return self.folder / inside.lstrip("/")

    def write(self, inside, content):
        path = self.path(inside)
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, str):
            content = content.encode()
        path.write_bytes(content)

    def run(self, *command, body=b"", watch=None, **environment):
        """A command in there, as a user without any rights; `watch` names a file for its system
        calls."""
        strace = ["/usr/bin/strace", "-f", "-qq", "-e", "trace=open,openat,execve", "-o", watch]
        return subprocess.run(
            [
                *(strace if watch else []),
                "/usr/sbin/chroot", f"--userspec={NOBODY}:{NOBODY}", "--groups=", str(self.folder), *command,
            ],
            env={**self.settings, **environment},
            input=body,
            capture_output=True,
            timeout=120,
        )  # fmt: skip

    def smartflow(self, *arguments, fails=False, **options):
        """The command line; what it said."""
        done = self.run(f"{SHOP}/smartflow", *arguments, **options)
        said = done.stdout.decode() + done.stderr.decode()
        assert (done.returncode != 0) == fails, said
        return said

    def ask(self, family, path, method="GET", body=None, **options):
        """A request to a family, as CGI; its status, and the object that it answers."""
        data = b"" if body is None else json.dumps(body).encode()
        if body is not None:
            options.update(CONTENT_TYPE="application/json", CONTENT_LENGTH=str(len(data)))
        done = self.run(f"{SHOP}/programs/{family}.fcgi", body=data,
                        **{**BASE, "REQUEST_METHOD": method, "REQUEST_URI": path, **options})
        head, _, content = done.stdout.partition(b"\r\n\r\n")
        assert head.startswith(b"Status: "), done
        return int(head[8:11]), json.loads(content or b"null"), done.stderr.decode()


@pytest.fixture
def root(tmp_path, archive):
    return Root(tmp_path, archive)


@pytest.fixture(scope="module")
def server():
    server = TlsServer()
    yield server
    server.stop()


@pytest.fixture
def shop(root, server):
    """A root whose settings lead to an empty database, by its address."""
    root.address = server.new_database() + "?sslmode=verify-full&sslrootcert=/authority.pem"
    root.write("/authority.pem", server.authority.certificate.read_bytes())
    root.write("/etc/hosts", f"127.0.0.1 {NAME} localhost\n")
    root.settings = {"DATABASE_URL": root.address.format(host=NAME)}
    return root


# --- what is in it ---

def test_holds_what_a_host_needs_and_nothing_else(members):
    assert {"INSTALL.txt", "LICENSE", "smartflow", "smartflow.conf.example"} <= set(members)
    assert {"examples/lighttpd.conf", "examples/nginx-fcgiwrap/site.conf"} <= set(members)
    programs = {f"programs/{family}.fcgi" for family in [*FAMILIES, "setup"]}
    served = {name for name in members if name.startswith("programs/")}
    assert served == programs | {"programs/too_large.shtml"}
    sql = {path.name for path in (ROOT / "sql/migrations").iterdir()}
    assert sql <= {name.removeprefix("migrations/") for name in members}
    pages = {name for name in members if name.startswith("pages/")}
    assert {"pages/index.html", "pages/docs.html", "pages/setup.html", "pages/style.css"} <= pages
    assert "pages/api/openapi.json" in pages
    assert any(re.fullmatch(r"pages/assets/index-[\w-]{8}\.js", name) for name in pages)
    assert "pages/licenses.txt" in pages
    for name, entry in members.items():
        assert entry.isdir() or entry.isfile(), name
        executable = entry.isdir() or name == "smartflow" or name in programs
        assert entry.mode == (0o755 if executable else 0o644), name
        assert (entry.uid, entry.gid, entry.uname, entry.gname) == (0, 0, "", ""), name
    assert len({entry.mtime for entry in members.values()}) == 1
    assert not any(name.endswith((".so", ".a", ".o", ".cpp")) for name in members)


def test_brings_the_licences_of_all_that_is_linked(archive):
    with tarfile.open(archive) as tar:
        texts = {
            pathlib.PurePath(entry.name).name: tar.extractfile(entry).read().decode()
            for entry in tar.getmembers()
            if "/licenses/" in entry.name and entry.isfile()
        }
    for package in ("libc6-dev", "libcurl4-openssl-dev", "libfcgi-dev", "libidn2-dev", "libpq-dev",
                    "libpqxx-dev", "libsodium-dev", "libspdlog-dev", "libssl-dev",
                    "libstdc++-12-dev", "libzxcvbn-dev", "rapidjson-dev", "zlib1g-dev"):
        assert "copyright" in texts[f"{package}.txt"].lower(), package
    for license in set(re.findall(r"/usr/share/common-licenses/([\w.-]*\w)", "".join(texts.values()))):
        assert license in texts


def test_says_what_its_programs_say(root):
    assert root.path(f"{SHOP}/smartflow.conf.example").read_text("utf-8") == root.smartflow("settings")
    assert root.path(f"{SHOP}/pages/api/openapi.json").read_text("utf-8") == root.smartflow("openapi")


def test_programs_name_no_loader_no_library_and_no_folder_of_their_building(root, archive):
    programs = [path for path in root.path(f"{SHOP}/programs").iterdir() if os.access(path, os.X_OK)]
    assert len(programs) >= len(FAMILIES)
    for path in [root.path(f"{SHOP}/smartflow"), *programs]:
        headers = subprocess.run(["readelf", "-lW", path], check=True, capture_output=True, text=True)
        assert "LOAD" in headers.stdout and "GNU_EH_FRAME" in headers.stdout
        assert "INTERP" not in headers.stdout and "DYNAMIC" not in headers.stdout, path
        data = path.read_bytes()
        assert str(ROOT).encode() not in data and str(archive.parent).encode() not in data, path


# --- where there is nothing but a shell ---

def test_answers_without_anything_beside_it(root):
    assert sorted(os.listdir(root.folder)) == ["bin", SHOP[1:]]
    status, body, log = root.ask("auth", "/healthz")
    assert (status, body) == (200, {"status": "ok"})
    assert json.loads(log)["status"] == 200
    assert "Commands:" in root.smartflow("help")


def test_is_called_by_links_and_from_anywhere(root):
    root.path("/link").symlink_to(f"{SHOP}/smartflow")
    version = root.smartflow("--version")
    for command in ("/link --version", f"cd '{SHOP}' && ./smartflow --version",
                    f"cd '{SHOP}/programs' && ../smartflow --version",
                    f"PATH='{SHOP}' smartflow --version"):
        done = root.run("/bin/sh", "-c", command)
        assert done.stdout.decode() == version, done


def test_serves_a_shop_from_a_database_over_tls(shop):
    assert "is at version" in shop.smartflow("migrate")
    password = shop.run(f"{SHOP}/smartflow", "user", "create-admin").stdout.decode().strip()
    body = {"username": "admin", "password": password, "token": True}
    status, session, _ = shop.ask("auth", "/api/auth/login", "POST", body)
    assert status == 200, session
    login = {"HTTP_AUTHORIZATION": f"Bearer {session['token']}"}
    new = {"name": "Tee ☕", "stock": 5, "minStock": 1, "price": 3.5}
    status, product, _ = shop.ask("products", "/api/products", "POST", new, **login)
    assert status == 201 and product["name"] == "Tee ☕", product
    order = {"customerName": "Ada", "items": [{"productId": product["id"], "quantity": 2}]}
    status, _, _ = shop.ask("orders", "/api/orders", "POST", order, **login)
    assert status == 201
    for family, path in {
        "products": f"/api/products/{product['id']}",
        "orders": "/api/orders",
        "workflows": "/api/workflows",
        "notifications": "/api/notifications",
        "auth": "/api/auth/me",
        "users": "/api/users",
        "admin_backup": "/api/admin/backup?action=statistics",
        "admin_database": "/api/admin/database?action=health",
    }.items():
        status, answer, _ = shop.ask(family, path, **login)
        assert status == 200, answer
        status, answer, _ = shop.ask(family, path, HTTP_AUTHORIZATION="Bearer sf_wrong")
        assert status == 401, answer
    assert shop.smartflow("deliver") == ""
    folder = shop.path("/backups")
    folder.mkdir()
    os.chown(folder, NOBODY, NOBODY)
    shop.smartflow("backup", "/backups")
    backup, = folder.glob("*.json.gz")
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    assert "nothing is wrong" in shop.smartflow("audit", "verify", f"/backups/{backup.name}")


def test_takes_its_settings_from_the_file_beside_it(shop):
    shop.write("/smartflow.conf", f"DATABASE_URL = {shop.settings.pop('DATABASE_URL')}\n")
    done = shop.run("/bin/sh", "-c", f"cd / && '{SHOP}/smartflow' migrate")
    assert b"is at version" in done.stderr
    shop.write("/smartflow.conf", "DATABASE_ULR = x\n")
    assert "did you mean DATABASE_URL" in shop.smartflow("migrate", fails=True)


# --- what refuses it ---

def test_believes_no_other_host_and_no_other_authority(shop, server):
    shop.settings["DATABASE_URL"] = shop.address.format(host="localhost")
    assert "does not match host name" in shop.smartflow("migrate", fails=True)
    shop.settings["DATABASE_URL"] = shop.address.format(host=NAME)
    shop.write("/authority.pem", (server.data / "server.crt").read_bytes())
    assert "certificate verify failed" in shop.smartflow("migrate", fails=True)
    shop.write("/authority.pem", server.authority.certificate.read_bytes())
    assert "is at version" in shop.smartflow("migrate")


def test_says_why_it_gets_no_database(shop):
    url = shop.settings["DATABASE_URL"]
    for wrong, reason in ((url.replace("pass%20word", "password"), "password authentication failed"),
                          (url.replace("verify-full", "disable"), "no encryption"),
                          (url.replace(NAME, "unknown.test"), "could not translate host name"),
                          (url + "&gssencmode=require", "GSSAPI encryption required but was impossible")):
        shop.settings["DATABASE_URL"] = wrong
        assert reason in shop.smartflow("migrate", fails=True)
        status, body, log = shop.ask("products", "/api/products", HTTP_AUTHORIZATION="Bearer sf_x")
        assert (status, body["code"]) == (503, "DATABASE_ERROR") and reason in log


def test_says_that_it_has_no_kerberos(root):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        def want_kerberos():
            peer, _ = listener.accept()
            with peer:
                peer.recv(1000)
                peer.sendall(b"R\0\0\0\x08\0\0\0\x07")  # AuthenticationGSS
                peer.recv(1000)
        threading.Thread(target=want_kerberos, daemon=True).start()
        port = listener.getsockname()[1]
        root.settings["DATABASE_URL"] = f"postgresql://a@127.0.0.1:{port}/a?sslmode=disable"
        assert "built without Kerberos" in root.smartflow("migrate", fails=True)


def test_says_that_it_looks_nothing_up_in_a_directory(root):
    root.write("/services", "[shop]\nldap://127.0.0.1/dc=x?dbname?one?(cn=x)\n")
    root.settings.update(DATABASE_URL="postgresql:///?service=shop", PGSERVICEFILE="/services")
    assert "could not create LDAP structure" in root.smartflow("migrate", fails=True)


# --- a host whose configuration is for other programs ---

def opened(trace):
    """What a program itself opened, once it ran; attempts too."""
    lines = pathlib.Path(trace).read_text("utf-8").splitlines()
    begun = max(i for i, line in enumerate(lines) if "execve(" in line)
    return re.findall(r'open(?:at)?\([^"]*"([^"]*)"', "\n".join(lines[begun:]))


def test_loads_nothing_that_the_host_has(shop, tmp_path_factory):
    modules = ("resolve", "mymachines", "sss", "ldap", "compat", "files", "dns")
    databases = ("passwd", "group", "hosts", "services", "networks", "protocols")
    shop.write("/etc/nsswitch.conf", "".join(f"{name}: {' '.join(modules)}\n" for name in databases))
    for name in modules:
        for folder in ("/lib/x86_64-linux-gnu", "/usr/lib64"):
            shop.write(f"{folder}/libnss_{name}.so.2", b"\x7fELF no library")
    configuration = "openssl_conf = i\nconfig_diagnostics = 1\n[i]\nproviders = p\n[p]\nbad = b\n" \
                    "[b]\nmodule = /usr/lib/bad.so\nactivate = 1\n"
    shop.write("/usr/lib/ssl/openssl.cnf", configuration)
    shop.write("/other.cnf", configuration)
    trace = str(tmp_path_factory.mktemp("trace") / "calls")
    for conf in ({}, {"OPENSSL_CONF": "/other.cnf"}):
        assert "is at version" in shop.smartflow("migrate", watch=trace, **conf)
        names = opened(trace)
        assert "/etc/hosts" in names  # it did look a name up
        assert not [n for n in names if ".so" in n or n.endswith(".cnf") or "gconv" in n or "locale/" in n]
        shop.run(f"{SHOP}/programs/products.fcgi", watch=trace, **BASE, **conf, LANG="de_DE.UTF-8",
                 REQUEST_URI="/api/products", HTTP_AUTHORIZATION="Bearer sf_x")
        names = opened(trace)
        assert "/authority.pem" in names
        assert not [n for n in names if ".so" in n or n.endswith(".cnf") or "gconv" in n or "locale/" in n]


@pytest.mark.parametrize("place", [
    "/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", "/etc/ssl/cert.pem", "/named.pem",
])
def test_finds_the_authorities_that_the_host_trusts(shop, server, place):
    class Healthy(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b'{"status":"ok"}')

    web = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Healthy)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(server.data / "server.crt", server.data / "server.key")
    web.socket = context.wrap_socket(web.socket, server_side=True)
    threading.Thread(target=web.serve_forever, daemon=True).start()
    named = {"SSL_CERT_FILE": place} if place == "/named.pem" else {}
    command = ["doctor", "--url", f"https://{NAME}:{web.server_port}"]
    try:
        assert "/healthz gave no answer" in shop.smartflow(*command, fails=True, **named)
        shop.write(place, server.authority.certificate.read_bytes())
        assert "/healthz gave no answer" not in shop.smartflow(*command, fails=True, **named)
    finally:
        web.shutdown()
        web.server_close()


# --- the same bytes ---

def test_is_the_same_from_another_folder(archive, members, tmp_path):
    def unwanted(folder, names):  # build folders are at the top; a script may be called build
        top = {name for name in names if name.startswith("build") or name in ("var", ".git")}
        return (top if folder == str(ROOT) else set()) | ({"node_modules", "__pycache__"} & set(names))

    shutil.copytree(ROOT, tmp_path / "elsewhere", ignore=unwanted)
    again = make_archive(tmp_path / "elsewhere", BUILD_DIST=str(tmp_path / "b"), CCACHE_DISABLE="1",
                         SOURCE_DATE_EPOCH=str(members["LICENSE"].mtime))
    assert again.name == archive.name
    assert again.read_bytes() == archive.read_bytes()
