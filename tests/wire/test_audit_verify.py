"""`smartflow audit verify`: lists and exports of the trail, checked without the database."""
import gzip
import hashlib
import json
import re
import subprocess

import pytest

from http_client import Client
from instance import environment_with, wait_until
from outbox import PROGRAM

# What could be written in more ways than one, or be taken for the end of a row.
HOSTILE = ['"quoted" and \\backslashed\\', '"},{"id":7,"origin":3}', ',"origin":12}', "]}],[{",
           "x \u2028 \u2029 \ufeff x", "\U0001f34b é e\u0301 \u200d",
           "</script> & '\u2019", "a/b \\u0041 \\n %00 %s"]


def smartflow(*words, **settings):
    done = subprocess.run([PROGRAM, *words], capture_output=True, text=True, timeout=120,
                          env=environment_with(**settings), stdin=subprocess.DEVNULL)
    return done.returncode, done.stdout + done.stderr


@pytest.fixture(scope="module")
def files(shop, admin, tmp_path_factory):
    """A list and an export of a trail with hostile texts, and the head between two of its rows."""
    def write(text):
        product = admin.product(name=text[:200], description=text + "\n\tand\nmore", stock=5)
        admin.post("/api/orders", {"customerName": text, "notes": text, "items": [
            {"productId": product["id"], "quantity": 1}]})
        login = {"username": text, "password": "certainly wrong"}
        assert Client(shop).post("/api/auth/login", login).status == 401

    for text in HOSTILE:
        write(text)
    written = shop.value("select max(id) from smartflow.audit_log")
    wait_until(  # what the shop's own follower does once all that was under way has ended
        lambda: shop.value("select through >= %s from smartflow.audit_chain", (written,)),
        20, "the trail is sealed",
    )  # fmt: skip
    code, head = smartflow("audit", "head", "--json", DATABASE_URL=shop.database_url())
    assert code == 0, head
    write("after the head")
    folder = tmp_path_factory.mktemp("audit")
    (folder / "list").write_bytes(admin.get("/api/admin/database?action=audit-logs").body)
    (folder / "export").write_bytes(admin.get("/api/admin/backup?action=export-json").body)
    return folder, json.loads(head)["hash"]


def verify(files, name, data=None, head=None):
    """The exit code and what was said."""
    folder, kept = files
    if data is not None:
        (folder / "changed").write_bytes(data)
    path = folder / (name if data is None else "changed")
    options = () if head == "" else ("--head", head or kept)
    return smartflow("audit", "verify", str(path), *options)


def resealed(export):
    """An export as somebody who knows its digest would leave it."""
    before, key, _ = export.rpartition(b'"sha256":"')
    return before + key + hashlib.sha256(before).hexdigest().encode() + b'"}\n'


def rows_of(data, name):
    """Where the trail stands in the file, and its rows' bytes."""
    start = data.index(b'"auditLogs":[') + 13 if name == "export" else 1
    end = data.index(b'],\n"counts"') if name == "export" else data.rindex(b"]")
    return start, end, re.split(rb'(?<=,"origin":null\}),\n?(?=\{"id":)', data[start:end])


def rewritten(files, name, change):
    """The file with its rows changed, and everything else that would tell brought in line."""
    data = (files[0] / name).read_bytes()
    start, end, rows = rows_of(data, name)
    assert len(rows) == len(json.loads(b"[" + data[start:end] + b"]"))
    count = len(rows)
    change(rows)
    data = data[:start] + (b",\n" if name == "export" else b",").join(rows) + data[end:]
    if name == "export":
        data = data.replace(b'"auditLogs":%d' % count, b'"auditLogs":%d' % len(rows))
        data = resealed(data)
    return data


def place(rows):
    """Where a row of the orders is that stands before the head."""
    return next(at for at, row in enumerate(rows) if b'"entity":"order"' in row
                and b"after the head" not in row)


def alter(rows):
    at = place(rows)
    rows[at] = rows[at].replace(b"Pending", b"pending")


def remove(rows):
    del rows[place(rows)]


def double(rows):
    rows.insert(place(rows), rows[place(rows)])


def insert(rows):
    at = place(rows)
    fresh = re.sub(rb'^\{"id":\d+', b'{"id":0', rows[at])
    assert fresh != rows[at]
    rows[at] = fresh


def reorder(rows):
    at = place(rows)
    rows[at], rows[at + 1] = rows[at + 1], rows[at]


@pytest.mark.parametrize("name", ["list", "export"])
def test_a_trail_that_nobody_touched_holds(files, name):
    code, said = verify(files, name)
    assert code == 0 and "nothing is wrong" in said, said
    sealed, unsealed = map(int, re.search(r"(\d+) rows sealed, (\d+) not yet", said).groups())
    assert sealed > 3 * len(HOSTILE)
    assert sealed + unsealed == len(rows_of((files[0] / name).read_bytes(), name)[2])
    assert rewritten(files, name, lambda rows: None) == (files[0] / name).read_bytes()


def test_a_compressed_file_is_read_as_well(files):
    assert verify(files, "export", gzip.compress((files[0] / "export").read_bytes()))[0] == 0
    assert verify(files, "list", gzip.compress((files[0] / "list").read_bytes()))[0] == 0


@pytest.mark.parametrize("change", [alter, remove, double, insert, reorder])
def test_an_export_whose_rows_were_changed_doesnt_hold(files, change):
    code, said = verify(files, "export", rewritten(files, "export", change))
    assert code == 1 and "nothing is wrong" not in said, said


@pytest.mark.parametrize("change", [alter, remove, double, insert])
def test_a_list_whose_rows_were_changed_doesnt_hold(files, change):
    code, said = verify(files, "list", rewritten(files, "list", change))
    assert code == 1 and "nothing is wrong" not in said, said


def test_a_list_may_come_in_any_order(files):
    assert verify(files, "list", rewritten(files, "list", reorder))[0] == 0


def test_an_export_carries_a_head_of_its_own_and_a_list_none(files):
    assert verify(files, "export", head="")[0] == 0
    code, said = verify(files, "list", head="")
    assert code == 2 and "--head" in said


@pytest.mark.parametrize("name", ["list", "export"])
def test_a_head_that_the_trail_never_had_is_told(files, name):
    code, said = verify(files, name, head="ab" * 32)
    assert code == 1 and "never had the head that was kept" in said


def test_a_file_that_was_cut_off_or_is_none_is_refused(files):
    for name in ("list", "export"):
        data = (files[0] / name).read_bytes()
        for part in (b"", data[:len(data) // 2], data[:-2], b"{}", b"[", b"x"):
            assert verify(files, name, part)[0] == 1, part[:20]
    assert smartflow("audit", "verify", "/nowhere", "--head", files[1])[0] == 1
