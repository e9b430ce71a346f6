"""PostgreSQL dies, disks are full, or another one comes in between: after a restore the shop is as it was,
or wholly what the file holds, and whoever asked is told.
"""
import random
import time

import psycopg2
import pytest

from conftest import started
from faults import another_runs, crash, fill, insist
from http_client import at_once, make_client
from installations import SECTIONS, problems, sections
from instance import wait_until
from services import Service

pytestmark = pytest.mark.slow

EXPORT = "/api/admin/backup?action=export-json"
RESTORE = "/api/admin/backup?action=restore"


@pytest.fixture(scope="module")
def shop(own_shop):
    """Its server is killed."""
    return own_shop


def shop_of(export):
    """What a restore replaces: products, orders, rules and their runs."""
    return {name: text for name, text in sections(export).items() if name in SECTIONS[1:5]}


class Victim:
    """An installation that holds one of two files."""

    def __init__(self, installation, files):
        self.installation, self.files, self.held = installation, files, {}
        for name, data in files.items():
            path = f"{installation.folder}/{name}.json"
            with open(path, "wb") as file:
                file.write(data)
            installation.run("restore", path, "--replace")
            self.held[name] = shop_of(installation.export())

    def restore_by_command(self, name, *options):
        """Restores one; whether that was done, and what was said."""
        process = self.installation.command("restore", f"{self.installation.folder}/{name}.json", *options)
        out, err = process.communicate(timeout=120)
        return process.returncode == 0, out + err

    def restore_by_request(self, name, *_):
        """The same through the family, which answers in any case."""
        with Service("admin_backup", self.installation.url) as family:
            family.start()
            answer = family.ask("POST", RESTORE + "&replace=true", self.files[name], self.token())
        if answer.status == 200:
            return True, ""
        assert (answer.status, answer.code) == (503, "DATABASE_ERROR"), answer
        return False, answer.json["error"]

    def token(self):
        return make_client(self.installation).token

    def holds(self):
        """Which of the files is in it: one of them, whole, and its books balance."""
        assert self.installation.wrong_books() == []
        now = shop_of(self.installation.export())
        [name] = [name for name, held in self.held.items() if held == now]
        return name

    def goes_on(self, than):
        """Waits for the server that comes after that one."""

        def is_left_alone():
            try:
                return another_runs(self.installation.shop, than) and not self.installation.query(
                    "select from pg_stat_activity where datname = current_database()"
                    " and pid <> pg_backend_pid() and backend_type = 'client backend'"
                )
            except psycopg2.OperationalError:
                return False

        wait_until(is_left_alone, 90, "another server runs, and nobody else is connected")


@pytest.fixture(scope="module")
def victim(new, demo, small):
    with new() as installation:
        yield Victim(installation, {"large": demo[1], "small": small})


@pytest.mark.parametrize("way", ["command", "request"])
def test_a_restore_whose_database_is_killed_is_whole_or_has_never_been(shop, victim, way):
    restore = getattr(victim, f"restore_by_{way}")
    began = time.monotonic()
    assert restore("large", "--replace")[0]
    duration = time.monotonic() - began

    def kill():
        time.sleep(random.uniform(0.1, 1.0) * duration)
        return crash(shop)

    for _ in range(8):
        assert victim.restore_by_command("small", "--replace")[0]
        (done, said), killed = at_once([lambda: restore("large", "--replace"), kill])
        victim.goes_on(killed)
        left = victim.holds()
        assert left == "large" if done else left in ("small", "large")
        assert done or "onnection" in said or "not available" in said, said
    assert restore("large", "--replace")[0] and victim.holds() == "large"


def test_of_two_restores_into_an_empty_shop_one_is_refused(new, victim):
    with new() as empty:
        files = {}
        for name, data in victim.files.items():
            files[name] = f"{empty.folder}/{name}.json"
            with open(files[name], "wb") as file:
                file.write(data)
        processes = {name: empty.command("restore", path) for name, path in files.items()}
        said = {name: process.communicate(timeout=120)[1] for name, process in processes.items()}
        [done] = [name for name, process in processes.items() if process.returncode == 0]
        [refused] = set(files) - {done}
        assert "There are products or orders already" in said[refused]
        assert shop_of(empty.export()) == victim.held[done]
        assert empty.wrong_books() == []


@pytest.mark.parametrize("way", ["command", "request"])
def test_of_two_restores_that_replace_the_later_counts(victim, way):
    restore = getattr(victim, f"restore_by_{way}")
    outcomes = at_once([lambda: restore("large", "--replace"), lambda: restore("small", "--replace")])
    assert [done for done, _ in outcomes] == [True, True], outcomes
    assert victim.holds() in ("large", "small")


def test_a_disk_that_fills_up_undoes_a_restore_and_spoils_no_export(small_disk, demo, small):
    def full(but, ask):
        """An answer while there is no room but for so many bytes; then there is room again."""
        filler = fill(small_disk, but)
        try:
            return ask()
        finally:
            filler.unlink()
            insist(lambda: admin.get("/api/orders?limit=1", may_fail=True), 90)

    for own in started(folder=str(small_disk)):
        admin = make_client(own)
        assert admin.post(RESTORE, small).status == 200
        before, refused = admin.get(EXPORT).body, 0
        for but in (0, 1 << 19, 1 << 20, 1 << 21):
            answer = full(but, lambda: admin.post(RESTORE + "&replace=true", demo[1], may_fail=True))
            now = admin.get(EXPORT).body
            if answer.status == 200:
                assert admin.post(RESTORE + "&replace=true", before).status == 200
            else:
                assert (answer.status, answer.code) == (503, "DATABASE_ERROR"), answer
                assert shop_of(now) == shop_of(before)
                refused += 1
            assert own.wrong_books() == []
        assert refused
        export = full(0, lambda: admin.get(EXPORT, may_fail=True))
        if export.status == 200:
            assert problems(admin, export.body) == []
        else:
            assert (export.status, export.code) == (503, "DATABASE_ERROR"), export
        assert admin.post(RESTORE + "&replace=true", demo[1]).status == 200
        assert own.wrong_books() == []


def test_a_backup_for_which_there_is_no_room_leaves_those_that_are_there(small_disk, demo):
    installation, folder = demo[0], small_disk / "backups"
    installation.run("backup", folder)
    kept = sorted(path.name for path in folder.iterdir())
    filler = fill(small_disk, 1 << 16)
    assert "No space left on device" in installation.run("backup", folder, "--keep", "1", fails=True)
    assert sorted(path.name for path in folder.iterdir()) == kept
    filler.unlink()
    time.sleep(1.1)  # a backup is named by its second
    installation.run("backup", folder, "--keep", "1")
    now = sorted(path.name for path in folder.iterdir())
    assert len(now) == len(kept) and now != kept
