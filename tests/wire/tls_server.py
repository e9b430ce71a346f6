"""A PostgreSQL server as a host of databases has it: reached by TCP alone, with TLS and passwords,
its certificate made out to a name, signed by an authority of its own.
"""
import os
import pathlib
import shutil
import subprocess
import tempfile

import psycopg2

from instance import environment_with, free_port

NAME = "db.test"  # what the certificate is made out to
PROGRAMS = max(pathlib.Path("/usr/lib/postgresql").glob("*/bin"), key=lambda p: int(p.parent.name))


class Authority:
    """Signs certificates."""

    def __init__(self, folder):
        self.folder = folder
        self.certificate, self.key = folder / "authority.pem", folder / "authority.key"
        openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=Tests",
                "-keyout", self.key, "-out", self.certificate)

    def sign(self, name):
        """A certificate for a host's name, and its key: the paths of two files."""
        key, request, signed, extension = (
            self.folder / f"{name}{kind}" for kind in (".key", ".csr", ".pem", ".ext")
        )
        openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}", "-keyout", key,
                "-out", request)
        extension.write_text(f"subjectAltName=DNS:{name}", encoding="ascii")
        openssl("x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey", self.key,
                "-CAcreateserial", "-days", "2", "-extfile", extension, "-out", signed)
        return signed, key


def openssl(*arguments):
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)


class TlsServer:
    """The server; as root it runs as `postgres`."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="smartflow-test-"))
        self.folder.chmod(0o755)
        self.authority, self.port, self.databases = Authority(self.folder), free_port(), 0
        self.data = self.folder / "data"
        self.data.mkdir(mode=0o700)
        (self.folder / "password").write_text("secret", encoding="ascii")
        if os.geteuid() == 0:
            shutil.chown(self.data, "postgres", "postgres")
        self.run("initdb", "-U", "postgres", "-A", "scram-sha-256", "--pwfile",
                 f"{self.folder}/password", "--encoding=UTF8", "--locale=C.UTF-8")
        for source, target in zip(self.authority.sign(NAME), ("server.crt", "server.key")):
            shutil.copy(source, self.data / target)
            (self.data / target).chmod(0o600)
            if os.geteuid() == 0:
                shutil.chown(self.data / target, "postgres", "postgres")
        (self.data / "pg_hba.conf").write_text(
            "hostssl all all 127.0.0.1/32 scram-sha-256\n", encoding="ascii")
        options = f"-p {self.port} -c ssl=on -c listen_addresses=127.0.0.1 " \
                  "-c unix_socket_directories= -c fsync=off"
        self.run("pg_ctl", "start", "-w", "-t", "120", "-l", self.data / "log", "-o", options)

    def run(self, program, *arguments):
        """One of PostgreSQL's programs."""
        user = ["setpriv", "--reuid", "postgres", "--regid", "postgres", "--init-groups"]
        command = [*(user if os.geteuid() == 0 else []), PROGRAMS / program, "-D", self.data]
        subprocess.run([*command, *map(str, arguments)], check=True, cwd="/",
                       env=environment_with(), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)

    def stop(self):
        self.run("pg_ctl", "stop", "-m", "immediate")
        shutil.rmtree(self.folder, ignore_errors=True)

    def new_database(self):
        """An empty one with one login, which owns it: the settings that a host would give."""
        self.databases += 1
        name = f"shop{self.databases}"
        connection = psycopg2.connect(host="127.0.0.1", port=self.port, user="postgres",
                                      password="secret", dbname="postgres", sslmode="require")
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(f"create role {name} login password 'pass word'")
            cursor.execute(f"create database {name} owner {name}")
        connection.close()
        return f"postgresql://{name}:pass%20word@{{host}}:{self.port}/{name}"
