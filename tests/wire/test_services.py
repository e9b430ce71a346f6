"""The programs as a service manager starts them: on a socket, with word when they are ready."""
import os
import signal
import subprocess

import pytest

from fastcgi import Connection, body, head
from installations import SMARTFLOW
from instance import environment_with, wait_until
from services import Service


@pytest.fixture(scope="module")
def copy(new):
    with new() as installation:
        yield installation


def test_a_service_manager_hears_when_a_family_is_ready_and_when_it_ends(copy):
    with Service("auth", copy.url) as auth:
        auth.start()
        assert auth.told.recv(100) == b"READY=1"
        assert auth.ask("GET", "/healthz").status == 200
        auth.process.send_signal(signal.SIGTERM)
        assert auth.told.recv(100) == b"STOPPING=1"
        assert auth.process.wait(10) == 0


def test_a_request_waits_in_the_socket_until_its_family_has_started(copy):
    with Service("auth", copy.url) as auth, Connection(auth.path) as early:
        early.send(head("GET", "/healthz", 0) + body(b""))
        auth.start()
        assert early.read().status == 200
        auth.process.send_signal(signal.SIGTERM)
        auth.process.wait(10)
        with Connection(auth.path) as next_one:
            next_one.send(head("GET", "/healthz", 0) + body(b""))
            auth.start()
            assert next_one.read().status == 200


def test_what_delivers_says_so_too(copy):
    with Service("smartflow", copy.url) as deliver:
        deliver.process = subprocess.Popen(
            [str(SMARTFLOW), "deliver", "--follow"], cwd=deliver.folder, stderr=subprocess.DEVNULL,
            env=environment_with(DATABASE_URL=copy.url, NOTIFY_SOCKET=f"{deliver.folder}/notify"))
        assert deliver.told.recv(100) == b"READY=1"
        deliver.process.send_signal(signal.SIGTERM)
        assert deliver.process.wait(10) == 0


def test_no_word_goes_where_nobody_listens(copy):
    with Service("auth", copy.url) as auth:
        os.unlink(f"{auth.folder}/notify")
        auth.start()
        wait_until(lambda: auth.ask("GET", "/healthz").status == 200, 10, "it serves all the same")
