"""Traditional shared hosts: a folder with what the archive for them holds, one database login, and a
web server that runs as a user who has nothing else.
"""
import contextlib
import json
import os
import pathlib
import secrets
import shutil
import signal
import subprocess
import tempfile
import urllib.parse

from http_client import Client
from instance import FAMILIES, ROOT, ShopDatabase, environment_with, free_port, wait_until

NOBODY = 65534
MODULES = "/usr/lib/apache2/modules"
BUILD = ROOT / os.environ.get("BUILD", "build")


def lay_out(folder):
    """The archive's content, with the programs of the build at hand."""
    (folder / "programs").mkdir(parents=True)
    shutil.copytree(BUILD / "www", folder / "pages")
    for name in [*FAMILIES, "setup"]:
        shutil.copy(BUILD / "bin" / name, folder / f"programs/{name}.fcgi")
    shutil.copy(BUILD / "bin/smartflow", folder)
    for server in ("apache", "examples"):
        subprocess.run([ROOT / "nginx" / server / "render", folder], check=True)


def unpack(archive):
    """A function that lays out an archive's content instead."""

    def into(folder):
        folder.mkdir(parents=True)
        subprocess.run(["tar", "-xzf", archive, "-C", folder, "--strip-components=1"], check=True)

    return into


class Login(ShopDatabase):
    """A database and its owner, who has a password and no other right, on a shop's server."""

    def __init__(self, shop):
        self.shop, self.name = shop, f"host_{secrets.token_hex(6)}"
        password = secrets.token_hex(12)
        shop.query(f"create role {self.name} login password '{password}'")
        shop.query(f"create database {self.name} owner {self.name}")
        rules = shop.var / "postgres/pg_hba.conf"
        text = rules.read_text("utf-8")
        rules.write_text(f"local {self.name} {self.name} scram-sha-256\n{text}", "utf-8")
        shop.query("select pg_reload_conf()")
        self.url = f"postgresql://{self.name}:{password}@/{self.name}?host={shop.sockets()}/postgres"

    def superuser_url(self):
        return self.shop.database_url(self.name)

    def drop(self):
        self.shop.query(f"drop database {self.name} with (force)")
        self.shop.query(f"drop role {self.name}")


LAST_CHUNK = b"0\r\n\r\n"


def product_in_a_chunk(host, client):
    """A request for a product named Chunk whose body has no length, all of it but the last chunk."""
    body = json.dumps({"name": "Chunk", "stock": 1, "minStock": 0, "price": 1})
    return (
        f"POST {host.base}/api/products HTTP/1.1\r\nHost: x\r\n"
        f"Authorization: Bearer {client.token}\r\nContent-Type: application/json\r\n"
        f"Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n{len(body):x}\r\n{body}\r\n"
    ).encode()


class WebHost:
    """A document root with SmartFlow in a folder of it, and a web server in front. A subclass says
    how that is configured and started.
    """

    server = ""  # by its name in .case files

    def __init__(self, login, inside="", fill=lay_out, **settings):
        self.login = login
        space = " " if " " in inside else "-"
        self.root = pathlib.Path(tempfile.mkdtemp(prefix=f"smartflow{space}host{space}"))
        self.folder = self.root / "www" / inside
        self.base = "/" + urllib.parse.quote(inside) if inside else ""
        self.host, self.port = "127.0.0.1", free_port()
        self.url = f"http://{self.host}:{self.port}{self.base}"
        fill(self.folder)
        (self.root / "state").mkdir()
        self.configure({"DATABASE_URL": login.url, **settings})
        self.process = None

    def configure(self, settings):
        """Writes smartflow.conf, for the user of the web server alone."""
        file = self.folder / "smartflow.conf"
        file.write_text("".join(f"{name} = {value}\n" for name, value in settings.items()), "utf-8")
        file.chmod(0o600)
        if os.geteuid() == 0:
            for path in [self.root, *self.root.rglob("*")]:
                os.chown(path, NOBODY, NOBODY)

    def command(self):
        """What runs the server in the foreground."""
        raise NotImplementedError

    def run(self, command):
        """A started command, as the web server's user."""
        as_nobody = (
            ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
            if os.geteuid() == 0
            else []
        )
        with open(self.root / "output", "ab") as output:
            return subprocess.Popen(
                ["setpriv", "--pdeathsig", "TERM", *as_nobody, *map(str, command)],
                env={"PATH": "/usr/bin:/bin:/usr/sbin:/sbin"},
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def start(self):
        self.process = self.run(self.command())
        wait_until(self.answers, 20, f"{self.server} answers: {self.output()}")
        return self

    def restart(self):
        """Ends it, programs and all, and starts it again."""
        self.end()
        self.start()

    def answers(self):
        assert self.process.poll() is None, self.output()
        try:
            client = Client(self)
            client.connection().connect()
            client.close()
            return True
        except OSError:
            return False

    def output(self):
        """All that the server has said."""
        return "".join(
            path.read_text("utf-8", "replace")
            for path in [self.root / "output", *(self.root / "state").glob("*.log")]
            if path.exists()
        )

    def smartflow(self, *arguments, **options):
        """The command line, as the host's user calls it."""
        return subprocess.run(
            [
                *(["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
                  if os.geteuid() == 0 else []),
                self.folder / "smartflow", *arguments,
            ],
            env={"PATH": "/usr/bin:/bin"}, cwd=self.folder, capture_output=True, text=True, timeout=120,
            **options,
        )  # fmt: skip

    def end(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(30)

    def stop(self):
        self.end()
        shutil.rmtree(self.root, ignore_errors=True)

    def run_cases(self, *arguments):
        """Every .case file against it; the exit status and what was said."""
        done = subprocess.run(
            [BUILD / "bin/case_tests", "--report_level=short", *arguments],
            env=environment_with(
                TEST_WAYS="http",
                TEST_SERVER=self.server,
                TEST_URL=self.url,
                TEST_DATABASE_URL=self.login.shop.database_url("postgres"),
                TEST_HTTP_DATABASE_URL=self.login.shop.database_url(self.login.name),
            ),
            capture_output=True,
            text=True,
            timeout=900,
        )
        return done.returncode, (done.stdout + done.stderr)[-8000:]


class Apache(WebHost):
    """Apache as a host's administrator has configured it: this folder may have an .htaccess, and
    there is mod_fcgid, plain CGI, or both.
    """

    server = "apache"

    def __init__(self, login, inside="", ways=("fcgid", "cgid"), **options):
        self.ways = ways
        super().__init__(login, inside, **options)

    def command(self):
        state = self.root / "state"
        modules = ["mpm_event", "authz_core", "dir", "mime", "env", "setenvif", "rewrite", "headers",
                   "filter", "deflate", "include", *self.ways]  # fmt: skip
        text = "".join(f"LoadModule {name}_module {MODULES}/mod_{name}.so\n" for name in modules)
        text += f"""
            ServerRoot "{state}"
            PidFile "{state}/pid"
            ErrorLog "{state}/error.log"
            Listen {self.host}:{self.port}
            ServerName localhost
            TypesConfig /etc/mime.types
            DocumentRoot "{self.root}/www"
            <Directory />
                AllowOverride None
                Require all denied
            </Directory>
            <Directory "{self.root}/www">
                AllowOverride All
                Require all granted
            </Directory>
            <FilesMatch "^\\.ht">
                Require all denied
            </FilesMatch>
            """
        if "fcgid" in self.ways:
            text += f'FcgidIPCDir "{state}"\nFcgidProcessTableFile "{state}/fcgid_shm"\n'
        if "cgid" in self.ways:
            text += f'ScriptSock "{state}/cgid"\n'
        (state / "httpd.conf").write_text(text, "utf-8")
        return ["/usr/sbin/apache2", "-d", state, "-f", state / "httpd.conf", "-DFOREGROUND"]


def fill_in(file, values):
    """An example as its administrator fills it in: what stands there once, and what is to."""
    text = file.read_text("utf-8")
    for example, own in values.items():
        assert text.count(example) == 1, (file, example)
        text = text.replace(example, own)
    return text


class Lighttpd(WebHost):
    """lighttpd, as the archive's example has it."""

    server = "lighttpd"
    filled_in = {}  # besides

    def command(self):
        state = self.root / "state"
        configuration = fill_in(
            self.folder / "examples/lighttpd.conf",
            {
                'var.folder = "/srv/smartflow"': f'var.folder = "{self.folder}"',
                'var.base = ""': f'var.base = "{self.base}"',
                'var.state = "/run/lighttpd"': f'var.state = "{state}"',
                "server.port = 80": f'server.port = {self.port}\nserver.bind = "{self.host}"',
                "/var/cache/lighttpd/uploads": str(state),
                "/var/log/lighttpd/error.log": f"{state}/error.log",
                "/run/lighttpd.pid": f"{state}/pid",
                **self.filled_in,
            },
        )
        (state / "lighttpd.conf").write_text(configuration, "utf-8")
        return ["/usr/sbin/lighttpd", "-D", "-f", state / "lighttpd.conf"]


class Fcgiwrap(WebHost):
    """nginx with fcgiwrap, as the archive's example has it; but tests come faster than its limits."""

    server = "fcgiwrap"

    def start(self):
        self.wrapper = self.run(
            ["/usr/sbin/fcgiwrap", "-c8", "-s", f"unix:{self.root}/state/fcgiwrap.socket"]
        )
        wait_until((self.root / "state/fcgiwrap.socket").exists, 10, "fcgiwrap listens")
        return super().start()

    def stop(self):
        with contextlib.suppress(AttributeError, ProcessLookupError):  # never started, or gone
            os.killpg(self.wrapper.pid, signal.SIGTERM)
            self.wrapper.wait(10)
        super().stop()

    def command(self):
        state, conf = self.root / "state", self.root / "nginx"
        shutil.copytree(self.folder / "examples/nginx-fcgiwrap", conf)
        for name, values in {
            "site.conf": {
                "listen 80": f"listen {self.host}:{self.port}",
                "root /srv/smartflow/pages": f"root {self.folder}/pages",
            },
            "smartflow/upstreams.conf": {"/run/fcgiwrap.socket": f"{state}/fcgiwrap.socket"},
            "smartflow/http.conf": {"rate=100r/s": "rate=9999r/s", "rate=60r/m": "rate=9999r/m"},
        }.items():
            (conf / name).write_text(fill_in(conf / name, values), "utf-8")
        temp = "".join(
            f"{way}_temp_path {state}/{way};\n"
            for way in ("client_body", "fastcgi", "proxy", "scgi", "uwsgi")
        )
        (conf / "nginx.conf").write_text(
            f"""
            daemon off;
            pid {state}/pid;
            error_log {state}/error.log notice;
            events {{}}
            http {{
                access_log off;
                {temp}
                include site.conf;
            }}
            """,
            "utf-8",
        )
        return ["/usr/sbin/nginx", "-p", state, "-c", conf / "nginx.conf", "-e", f"{state}/error.log"]
