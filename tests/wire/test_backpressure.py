"""What comes faster than it can be done is refused at once, and what doesn't answer is given up:
nobody waits for ever, and the others go on.
"""
import contextlib
import json
import os
import secrets
import select
import signal
import subprocess
import time

import pytest

from fastcgi import Connection, body, head
from faults import insist, listed
from http_client import at_once, make_client
from installations import SMARTFLOW
from instance import environment_with, wait_until
from services import Service


@pytest.fixture(scope="module")
def copy(new):
    with new() as installation:
        yield installation


@pytest.fixture(scope="module")
def token(copy):
    return make_client(copy).token


@contextlib.contextmanager
def products(copy, **settings):
    """The family of products, with settings of its own."""
    with Service("products", copy.url, **settings) as family:
        family.start()
        yield family


@contextlib.contextmanager
def asked(family, token, paths):
    """A connection for each path, on which it has been asked for and nothing has been read."""
    with contextlib.ExitStack() as open_ones:
        connections = []
        for path in paths:
            connections.append(open_ones.enter_context(Connection(family.path)))
            connections[-1].send(head("GET", path, 0, token) + body(b""))
        yield connections


def readable(connections, seconds):
    return select.select([one.socket for one in connections], [], [], seconds)[0]


def outcome(answer):
    """Status and code; what is unavailable says when to come back."""
    if answer.status == 503:
        assert int(answer.headers["Retry-After"]) > 0
    return answer.status, answer.code


BUSY = (503, "SERVICE_UNAVAILABLE")
GIVEN_UP = (503, "DATABASE_ERROR")
LIST = "/api/products?limit=1"


@contextlib.contextmanager
def locked(copy, table):
    """Nobody else can even read the table."""
    blocker = copy.connect()
    blocker.autocommit = False
    try:
        with blocker.cursor() as cursor:
            cursor.execute(f"lock table smartflow.{table} in access exclusive mode")
        yield blocker
    finally:
        blocker.close()


@contextlib.contextmanager
def stopped(copy, state="idle", family="products"):
    """The family's backends in that state hang: they are there and say nothing."""
    pids = [pid for pid, in copy.query(
        "select pid from pg_stat_activity where datname = current_database()"
        " and application_name = %s and state = %s", (f"smartflow {family}", state))]  # fmt: skip
    assert pids
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


# --- the queue ---


def test_what_the_queue_has_no_room_for_is_refused_at_once(copy, token):
    """One at work, four wait, the sixth is refused; those that waited too long are as well."""
    with products(copy, THREADS="8", DATABASE_CONNECTIONS="1") as family:
        with locked(copy, "products") as blocker, asked(family, token, [LIST] * 6) as connections:
            first = readable(connections, 4)
            assert len(first) == 1
            assert readable(connections, 0) == first, "nobody else has been answered"
            wait_until(lambda: len(readable(connections, 0)) == 5, 10, "those that wait give up")
            waiting = [one for one in connections if one.socket not in readable(connections, 0)]
            refused = [one.read() for one in connections if one not in waiting]
            assert {outcome(answer) for answer in refused} == {BUSY}
            blocker.rollback()
            assert waiting[0].read().status == 200, "what is at work is done"


def test_those_who_wait_have_their_turn(copy, token):
    with products(copy, THREADS="8", DATABASE_CONNECTIONS="1") as family:
        with locked(copy, "products") as blocker, asked(family, token, [LIST] * 5) as connections:
            assert readable(connections, 0.3) == []
            blocker.rollback()
            assert [one.read().status for one in connections] == [200] * 5


# --- streams ---


@pytest.mark.slow
def test_slow_readers_of_long_lists_leave_threads_to_others(copy, token):
    """A quarter of the threads at most has to do with streams."""
    with listed(copy) as path, products(copy, THREADS="8") as family:
        with asked(family, token, [path] * 2) as slow:
            assert all(one.stream.peek(1) for one in slow), "both are under way"
            for _ in range(8):
                assert outcome(family.ask("GET", path, token=token)) == BUSY
                assert family.ask("GET", LIST, token=token).status == 200
        wait_until(lambda: family.ask("GET", path, token=token).status == 200, 5, "there is room again")


@pytest.mark.slow
def test_a_stream_lasts_as_long_as_its_reader_takes(copy, token):
    with listed(copy) as path, products(copy, STATEMENT_TIMEOUT="1") as family:
        with asked(family, token, [path]) as (slow,):
            assert slow.stream.peek(1)
            time.sleep(5)  # longer than the server may be silent
            answer = slow.read()
            assert answer.status == 200 and len(answer.json) == 2000


def test_a_stream_whose_server_hangs_is_cut_off(copy, token):
    with listed(copy) as path, products(copy, STATEMENT_TIMEOUT="1") as family:
        with asked(family, token, [path]) as (stream,):
            assert stream.stream.peek(1)
            with stopped(copy, "idle in transaction"):
                assert stream.read() is None


# --- long work ---


@pytest.mark.slow
def test_exports_whose_server_hangs_are_given_up_and_free_their_places(copy, token):
    export = "/api/admin/backup?action=export-json"
    with listed(copy), Service("admin_backup", copy.url, STATEMENT_TIMEOUT="1") as family:
        family.start()
        with asked(family, token, [export] * 4) as streams:
            assert all(one.stream.peek(1) for one in streams), "all are under way"
            with stopped(copy, "active", "admin_backup"):
                assert outcome(family.ask("GET", export, token=token)) == BUSY
                assert at_once([one.read for one in streams]) == [None] * 4
                assert family.ask("GET", export, token=token).status == 200


@pytest.mark.slow
def test_a_restore_whose_server_hangs_is_given_up_and_changes_nothing(copy, token):
    def products():
        return copy.value("select array_agg(p order by p) from smartflow.products p")

    def answer_after(data):
        """None where the connection breaks because not all of it was wanted."""
        try:
            connection.send(data)
            return connection.read()
        except ConnectionError:
            return None

    restore = "/api/admin/backup?action=restore&replace=true"
    copying = "select count(*) from pg_stat_activity where wait_event = 'ClientRead' and query ilike 'copy %'"
    with listed(copy), Service("admin_backup", copy.url, STATEMENT_TIMEOUT="1") as family:
        family.start()
        export = family.ask("GET", "/api/admin/backup?action=export-json", token=token).body
        whole = head("POST", restore, len(export), token) + body(export)
        before = products()
        with Connection(family.path, 60) as connection:
            connection.send(whole[: len(whole) // 2])
            wait_until(lambda: copy.value(copying), 10, "the file is being copied")
            with stopped(copy, "active", "admin_backup"):
                answer = answer_after(whole[len(whole) // 2 :])
                assert answer is None or outcome(answer) == GIVEN_UP
        assert products() == before and copy.wrong_books() == []
        with Connection(family.path, 120) as connection:
            assert connection.ask("POST", restore, export, token, keep=False).status == 200


# --- a server that hangs ---


def test_a_read_whose_server_hangs_is_given_up_and_others_go_on(copy, token):
    with products(copy, STATEMENT_TIMEOUT="1") as family:
        assert family.ask("GET", LIST, token=token).status == 200
        with stopped(copy), asked(family, token, [LIST]) as (hung,):
            time.sleep(0.3)  # until it has taken the connection
            for _ in range(5):
                assert family.ask("GET", LIST, token=token).status == 200
            assert outcome(hung.read()) == GIVEN_UP
            assert family.ask("GET", LIST, token=token).status == 200


def test_a_write_whose_server_hangs_is_in_doubt_and_done_once(copy, token):
    name, key = f"hung {secrets.token_hex(8)}", secrets.token_hex(8)
    content = json.dumps({"name": name, "stock": 1, "minStock": 0, "price": 1}).encode()
    with products(copy, STATEMENT_TIMEOUT="1") as family:

        def make():
            return family.ask("POST", "/api/products", content, token, HTTP_IDEMPOTENCY_KEY=key)

        assert family.ask("GET", LIST, token=token).status == 200
        with stopped(copy):
            assert outcome(make()) == GIVEN_UP
            assert copy.value("select count(*) from smartflow.products where name = %s", (name,)) == 0
        assert insist(make).status == 201
        assert copy.value("select count(*) from smartflow.products where name = %s", (name,)) == 1


def test_plain_cgi_gives_up_a_server_that_hangs(copy, token):
    with locked(copy, "products"):
        program = subprocess.Popen(
            [SMARTFLOW.parent / "products"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            env=environment_with(
                REQUEST_METHOD="GET", REQUEST_URI=LIST, REMOTE_ADDR="127.0.0.1",
                HTTP_AUTHORIZATION=f"Bearer {token}", GATEWAY_INTERFACE="CGI/1.1",
                DATABASE_URL=copy.url, STATEMENT_TIMEOUT="2"))  # fmt: skip
        wait_until(lambda: copy.value("select count(*) from pg_locks where not granted"), 5, "it waits")
        with stopped(copy, "active"):
            output, _ = program.communicate(timeout=15)
    assert output.startswith(b"Status: 503 ") and b"DATABASE_ERROR" in output, output
