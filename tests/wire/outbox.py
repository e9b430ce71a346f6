"""An outbox to be emptied by `smartflow deliver`, and the fixtures around it."""
import json
import os
import subprocess

import psycopg2
import pytest

from conftest import started
from instance import ROOT, environment_with, wait_until
from sinks import SECRET, HttpSink, MailSink

WORKERS = 5  # connections of one program
PROGRAM = (ROOT / os.environ.get("BUILD", "build")).resolve() / "bin/smartflow"


class Outbox:
    """A database of its own on a shop's server, and programs that empty it."""

    def __init__(self, shop, name):
        self.shop, self.name, self.programs = shop, name, []
        self.settings = {"WEBHOOK_SECRET": SECRET, "WEBHOOK_ALLOW_PRIVATE": "yes",
                         "MAIL_FROM": "The Shop <shop@shop.example>", "SMTP_TLS": "no"}
        self.connection = None

    def query(self, statement, *arguments):
        """Rows of a superuser's statement; the server may have been started anew since the last."""
        for last in (False, True):
            try:
                if self.connection is None or self.connection.closed:
                    self.connection = psycopg2.connect(self.shop.database_url(self.name))
                    self.connection.autocommit = True
                with self.connection.cursor() as cursor:
                    cursor.execute(statement, arguments)
                    return cursor.fetchall() if cursor.description else []
            except psycopg2.OperationalError:
                self.connection = None
                if last:
                    raise

    def post(self, target, content='{"type":"order.created"}', channel="webhook", subject=None):
        """Puts something into the outbox, as a rule does; gives its event."""
        self.query("set search_path = smartflow_api, smartflow;"
                   "select post(0, %s, %s, %s, %s)", channel, target, subject, content)
        return self.query("select event from smartflow.deliveries order by id desc limit 1")[0][0]

    def mail(self, target, subject="New order", content="Hello"):
        return self.post(target, content, "email", subject)

    def environment(self, **settings):
        role = "-c%20role%3Dsmartflow_{family}"  # only what its role may do
        url = f"{self.shop.database_url(self.name)}&options={role}"
        return environment_with(**{"DATABASE_URL": url, **self.settings, **settings})

    def deliver(self, **settings):
        """Sends what is due, once; gives the lines of its log."""
        done = subprocess.run([PROGRAM, "deliver"], env=self.environment(**settings), timeout=120,
                              capture_output=True, text=True, stdin=subprocess.DEVNULL)
        assert done.returncode == 0, done.stderr
        assert done.stdout == ""
        return [json.loads(line) for line in done.stderr.splitlines()]

    def follow(self, waiting=True, **settings):
        """A program that keeps delivering; waits until it listens."""
        before = self.listeners()
        program = subprocess.Popen([PROGRAM, "deliver", "--follow"], stdin=subprocess.DEVNULL,
                                   env=self.environment(**settings), stderr=subprocess.DEVNULL)
        self.programs.append(program)
        if waiting:
            # not by their number: those of a program that has just ended may be there for a moment yet
            wait_until(lambda: len(self.listeners() - before) >= WORKERS, 10, "the program waits for work")
        return program

    def listeners(self):
        return {pid for [pid] in self.query(
            "select pid from pg_stat_activity where datname = current_database()"
            " and application_name = 'smartflow' and state = 'idle'")}  # fmt: skip

    def state(self, event):
        return self.query("select state from smartflow.deliveries where event = %s", event)[0][0]

    def attempts(self, event):
        """(status, error) of each attempt."""
        return self.query("select a.status, a.error from smartflow.delivery_attempts a"
                          " join smartflow.deliveries d on d.id = a.delivery_id"
                          " where d.event = %s order by a.id", event)

    def outcome(self, event):
        """(state, status, error) after the one attempt there was."""
        attempt, = self.attempts(event)
        return (self.state(event), *attempt)

    def make_due(self):
        self.query("update smartflow.deliveries set next_attempt_at = now()"
                   " where state = 'pending'")

    def empty(self):
        """Ends its programs, whatever they were doing, and takes everything out."""
        for program in self.programs:
            program.kill()
            program.wait()
        self.programs.clear()
        others = ("from pg_stat_activity where datname = current_database()"
                  " and pid <> pg_backend_pid()")
        self.query("select pg_terminate_backend(pid) " + others)
        wait_until(lambda: not self.query("select " + others), 10, "their sessions are gone")
        self.query("delete from smartflow.deliveries")

    def close(self):
        """Ends all of it, the database too."""
        self.empty()
        self.connection.close()
        self.shop_query(f"drop database {self.name} with (force)")

    def shop_query(self, statement):
        connection = psycopg2.connect(self.shop.database_url("postgres"))
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement)
        connection.close()


@pytest.fixture(scope="module")
def http_sink():
    sink = HttpSink()
    yield sink
    sink.stop()


@pytest.fixture(scope="module")
def mail_sink():
    sink = MailSink()
    yield sink
    sink.stop()


@pytest.fixture(scope="module")
def delivering_shop(http_sink, mail_sink):
    """A shop whose own follower reaches the sinks."""
    yield from started(WEBHOOK_SECRET=SECRET, WEBHOOK_ALLOW_PRIVATE="yes", SMTP_URL=mail_sink.url,
                       SMTP_TLS="no", MAIL_FROM="shop@shop.example")


@pytest.fixture(scope="module")
def migrated(delivering_shop):
    """A database beside the shop's."""
    outbox = Outbox(delivering_shop, "deliver_test")
    outbox.shop_query("create database deliver_test")
    environment = environment_with(
        DATABASE_URL=delivering_shop.database_url("deliver_test"))
    subprocess.run([PROGRAM, "migrate"], check=True, capture_output=True, env=environment)
    return outbox


@pytest.fixture
def outbox(migrated, http_sink):
    http_sink.requests.clear()
    http_sink.let_go.clear()
    http_sink.poured = 0
    yield migrated
    http_sink.let_go.set()
    migrated.empty()
