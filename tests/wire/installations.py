"""Installations without a web server, beside a running one: a database of their own on its server,
and the command line.
"""
import decimal
import gzip
import hashlib
import json
import os
import pathlib
import secrets
import subprocess
import tempfile

from instance import ROOT, ShopDatabase, environment_with

SMARTFLOW = ROOT / os.environ.get("BUILD", "build") / "bin/smartflow"
SECTIONS = [
    "users", "products", "orders", "workflows", "runs", "notifications", "movements", "auditLogs",
]  # fmt: skip


class Installation(ShopDatabase):
    """A new one, migrated; with an administrator, where one is wanted."""

    def __init__(self, shop, admin=True, template=None, dump=None):
        """With a template it is a copy of that one instead, with a dump just what that holds."""
        self.shop, self.name = shop, f"test_{secrets.token_hex(8)}"
        copied = f" template {template.name}" if template else ""
        shop.query(f"create database {self.name} owner smartflow_owner{copied}")
        self.url = f"postgresql://smartflow_owner@/{self.name}?host={shop.sockets()}/postgres"
        self.folder = tempfile.mkdtemp(prefix="smartflow-test-")
        if dump:
            subprocess.run(["psql", "-Xq", "-v", "ON_ERROR_STOP=1", self.url], input=dump, check=True,
                           capture_output=True)
        elif not template:
            self.run("migrate")
            if admin:
                self.run("user", "create-admin")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.shop.query(f"drop database {self.name} with (force)")

    def command(self, *arguments, **options):
        """A started command of the program."""
        return subprocess.Popen(
            [str(SMARTFLOW), *map(str, arguments)],
            env=environment_with(DATABASE_ADMIN_URL=self.url, DATABASE_URL=self.url),
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            **options,
        )

    def run(self, *arguments, fails=False):
        """A command to its end; what it said."""
        process = self.command(*arguments)
        out, err = process.communicate(timeout=300)
        assert (process.returncode != 0) == fails, out + err
        return out + err

    def superuser_url(self):
        return self.shop.database_url(self.name)

    def export(self, *options):
        """Everything, as `smartflow backup` writes it; the backup itself goes."""
        said = self.run("backup", f"{self.folder}/backups", *options)
        path = pathlib.Path(next(line for line in said.splitlines() if line.endswith(".json.gz")))
        data = gzip.decompress(path.read_bytes())
        path.unlink()
        return data

    def restore(self, data, *options, fails=False):
        """Restores an export; what the command said."""
        file = pathlib.Path(self.folder) / "restored.json"
        file.write_bytes(data)
        return self.run("restore", file, *options, fails=fails)


def sections(data):
    """The sections of an export, each as the very bytes in the file."""
    text, found = data.decode(), {}
    for name, after in zip(SECTIONS, SECTIONS[1:] + ["counts"]):
        start = text.index(f'"{name}":[') + len(name) + 4
        end = text.index(f'],{"" if after != "counts" else chr(10)}"{after}":', start)
        found[name] = text[start:end]
    return found


def rows(data, section):
    return json.loads(data)[section]


class Row(dict):
    """A row of an export; written as it stood unless it was changed."""

    def __init__(self, text):
        super().__init__(json.loads(text, parse_float=decimal.Decimal))
        self.text, self.before = text, json.loads(text, parse_float=decimal.Decimal)


def dumped(value):
    """Compact JSON; decimals keep their places."""
    if isinstance(value, Row) and value == value.before:
        return value.text
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(k)}:{dumped(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(dumped, value)) + "]"
    return str(value) if isinstance(value, decimal.Decimal) else json.dumps(value, ensure_ascii=False)


def edited(data, change=lambda document: None):
    """An export after a change, with the counts and the digest that it should have then."""
    document = json.loads(data)
    for name, text in sections(data).items():
        document[name] = [Row(line.removesuffix(",")) for line in text.split("\n") if line]
    change(document)
    del document["sha256"]
    document["counts"] = {name: len(document[name]) for name in SECTIONS}
    last = {name: document.pop(name) for name in ("counts", "auditHead")}
    text = dumped({**document, **last})[:-1] + ","
    digest = hashlib.sha256(text.encode()).hexdigest()
    return f'{text}"sha256":"{digest}"}}\n'.encode()


def same(before, after, but=()):
    """The sections of two exports are the same bytes."""
    one, other = sections(before), sections(after)
    for name in SECTIONS:
        if name not in but:
            assert one[name] == other[name], name


def problems(admin, data):
    answer = admin.post("/api/admin/backup?action=verify", data)
    assert answer.status == 200 and answer.json["ok"] == (not answer.json["problems"]), answer
    return answer.json["problems"]
