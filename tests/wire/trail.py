"""Databases of their own, on the shop's server, for tests that break the audit trail."""
import hashlib
import subprocess
import time

import psycopg2
import pytest

from instance import environment_with
from outbox import PROGRAM, Outbox


class Trail(Outbox):
    """A shop's database, its audit trail and `smartflow` on it."""

    def audit(self, cursor, action="update", entity="product", entity_id=1, changes="{}"):
        """Writes a row as the triggers do; gives its id."""
        cursor.execute("set search_path = smartflow_api, smartflow")
        cursor.execute("select audit(%s, %s, %s, %s)", (action, entity, entity_id, changes))
        cursor.execute("select currval('audit_log_id_seq')")
        return cursor.fetchone()[0]

    def rows(self, count):
        """So many rows, each in a transaction of its own; gives their ids."""
        with self.connect().cursor() as cursor:
            return [self.audit(cursor, entity_id=number + 1) for number in range(count)]

    def connect(self, autocommit=True):
        """Another connection of a superuser's."""
        connection = psycopg2.connect(self.shop.database_url(self.name))
        connection.autocommit = autocommit
        self.connections.append(connection)
        return connection

    def seal(self, how_many=1000):
        """What other tests' databases do on the server at this moment may take a second look."""
        for _ in range(3):
            sealed = self.query("select smartflow_api.deliver_seal(%s)", how_many)[0][0]
            if sealed:
                break
            time.sleep(0.02)
        return sealed

    def violations(self, tampering=None):
        """(ids, problem) of each; ids of a segment behind its number. `tampering` is what a
        superuser does who means harm; it is undone."""
        connection = self.connect(autocommit=False)
        with connection.cursor() as cursor:
            cursor.execute("set session_replication_role = replica;"
                           "set search_path = smartflow_api, smartflow")
            if tampering:
                cursor.execute(tampering)
            cursor.execute("select ids, problem from audit_chain_violations()")
            found = cursor.fetchall()
        connection.rollback()
        return [(*([named["origin"]] if "origin" in named else []), *named["auditLogs"], problem)
                for named, problem in found]

    def sealed(self):
        """(rows, through, head) of the local chain."""
        return self.query("select rows, through, encode(head, 'hex')"
                          " from smartflow.audit_chain")[0]

    def recomputed(self, through):
        """The head, from the rows' texts alone."""
        head = bytes(32)
        for text, in self.query("set search_path = smartflow_api, smartflow;"
                                "select audit_text(a) from audit_log a"
                                " where origin is null and id <= %s order by id", through):
            head = hashlib.sha256(head + hashlib.sha256(text.encode()).digest()).digest()
        return head.hex()

    def smartflow(self, *words):
        """Runs the owner's command line; gives exit code and output."""
        url = self.shop.database_url(self.name)
        done = subprocess.run([PROGRAM, *words], capture_output=True, text=True, timeout=60,
                              env=environment_with(DATABASE_URL=url), stdin=subprocess.DEVNULL)
        return done.returncode, done.stdout + done.stderr

    def close(self):
        for connection in self.connections:
            connection.close()
        super().close()


@pytest.fixture(scope="session")
def template(shop):
    """A database to copy from."""
    made = Outbox(shop, "trail_template")
    made.shop_query("create database trail_template")
    subprocess.run([PROGRAM, "migrate"], check=True, capture_output=True,
                   env=environment_with(DATABASE_URL=shop.database_url("trail_template")))
    yield made
    made.shop_query("drop database trail_template with (force)")


def copied(template):
    """A copy for as long as a fixture lives."""
    own = Trail(template.shop, f"trail_{time.monotonic_ns()}")
    own.connections = []
    own.shop_query(f"create database {own.name} template trail_template")
    yield own
    own.close()


@pytest.fixture
def trail(template):
    yield from copied(template)


@pytest.fixture(scope="module")
def shared_trail(template):
    yield from copied(template)
