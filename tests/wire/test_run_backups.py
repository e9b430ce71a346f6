"""The daily backups of `make run`. Each of these waits for the first one, a minute after the start."""
import os
import pathlib
import shutil
import subprocess
import tempfile

import psycopg2
import pytest

from http_client import make_client
from instance import ROOT, Instance, wait_until

pytestmark = pytest.mark.slow
SECONDS = 120  # the first backup comes within these
PROGRAM = str((ROOT / os.environ.get("BUILD", "build")).resolve() / "bin/smartflow")


@pytest.fixture
def folder():
    """A folder for an instance; its path has a space and, as root, can't be reached by others."""
    made = tempfile.mkdtemp(prefix="smartflow with a space ")
    yield pathlib.Path(made)
    shutil.rmtree(made, ignore_errors=True)


def smartflow(instance, *words):
    """The administrator's command line beside a running instance."""
    return subprocess.run([PROGRAM, *words], env={**os.environ, "VAR": str(instance.var)},
                          capture_output=True, text=True, timeout=100, check=False)


def test_the_first_backup_is_made_by_itself_and_restores(folder):
    instance = Instance.start(str(folder), BACKUP_KEEP="14")
    try:
        make_client(instance).product(name="Kept")
        backups = instance.var / "backups"
        made = wait_until(lambda: list(backups.glob("*.json.gz")), SECONDS, "there is a backup")
        assert backups.stat().st_mode & 0o777 == 0o700
        assert made[0].stat().st_mode & 0o777 == 0o600
        assert instance.value("select count(*) from smartflow.backups where proven_at is not null") == 1
        assert "can be restored" in smartflow(instance, "verify", str(made[0])).stderr
    finally:
        instance.stop()


def test_a_backup_that_fails_is_said_once_and_logged(folder):
    (folder / "no folder").write_text("", encoding="ascii")
    instance = Instance.start(str(folder), BACKUP_KEEP="14",
                              BACKUP_DIR=str(folder / "no folder"))
    try:
        wait_until(lambda: "the backup failed" in instance.output(), SECONDS, "it says so")
        assert "no folder" in (instance.var / "log/backup.log").read_text("utf-8")
    finally:
        assert instance.stop() == 0


def test_an_end_in_the_middle_of_a_backup_is_quick_and_leaves_nothing_for_long(folder):
    instance = Instance.start(str(folder), BACKUP_KEEP="14")
    blocker = None
    try:
        blocker = psycopg2.connect(instance.database_url(),
                                   options="-c idle_in_transaction_session_timeout=0")
        blocker.cursor().execute("lock table smartflow.orders in access exclusive mode")
        waits = "select count(*) from pg_locks where not granted"
        wait_until(lambda: instance.value(waits), SECONDS, "one began")
        running = instance.processes("smartflow")
        assert instance.stop() == 0
        assert "is killed" not in instance.output()
        assert not any(os.path.exists(f"/proc/{pid}") for pid in running)
        part = instance.var / "backups/smartflow-2025-01-01T000000Z.json.gz.part"
        part.write_bytes(b"what a killed one left")
        instance = Instance.start(str(folder), BACKUP_KEEP="0")
        done = smartflow(instance, "backup", str(instance.var / "backups"))
        assert done.returncode == 0, done.stderr
        assert not part.exists()
        assert [file.name for file in instance.var.glob("backups/*.gz*")] == [
            os.path.basename(done.stdout.strip())]
    finally:
        if blocker:
            blocker.close()
        instance.stop()
