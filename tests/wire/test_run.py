"""`make run`: what is killed comes back, what is started ends, and wrong starts say why."""
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time

import pytest

from http_client import Client, make_client
from instance import ROOT, Instance, descendants, program_of, process_state, wait_until


def refusal(**settings):
    """What a start that can't be says."""
    from instance import environment_with as environment  # its name is no test's
    ended = subprocess.run([str(ROOT / "nginx/run")], env=environment(**settings), timeout=300,
                           stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    assert ended.returncode != 0
    return ended.stderr


def answers(instance, path="/healthz"):
    """Whether the shop serves just now."""
    try:
        return Client(instance).ask("GET", path, may_fail=True).status == 200
    except OSError:
        return False


def kill_database(instance):
    """Kills the server; for a moment its sessions go on without it, and still answer."""
    postmaster = instance.postmaster()
    processes = [postmaster, *descendants(postmaster)]
    os.kill(postmaster, signal.SIGKILL)
    wait_until(lambda: not any(process_state(pid) for pid in processes), 10, "its sessions end")


def test_says_which_setting_is_wrong(tmp_path):
    assert "RATE_LIMIT" in refusal(VAR=str(tmp_path), RATE_LIMIT="many")


def test_says_that_the_port_is_taken_and_by_whom(tmp_path):
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = str(listener.getsockname()[1])
        said = refusal(VAR=str(tmp_path), PORT=port)
    assert f"port {port}" in said and "taken" in said and str(os.getpid()) in said


def test_refuses_a_second_start_in_the_same_folder(own_shop):
    said = refusal(VAR=str(own_shop.var), PORT="1")
    assert "in use" in said and str(own_shop.script()) in said


@pytest.mark.parametrize("name", ["products", "orders", "auth", "users"])
def test_a_killed_family_is_back_within_a_second(own_shop, name):
    client = make_client(own_shop)
    path = "/api/auth/me" if name == "auth" else f"/api/{name}"
    assert client.get(path).status == 200
    killed = own_shop.family(name)
    os.kill(killed, signal.SIGKILL)
    wait_until(lambda: client.ask("GET", path, may_fail=True).status == 200, 1, f"{name} is back")
    assert own_shop.family(name) != killed


@pytest.mark.parametrize("name", ["nginx", "multiwatch"])
def test_a_killed_supervisor_is_back_within_a_second(own_shop, name):
    script = own_shop.script()
    # The first of them only: what it leaves behind mustn't stand in the way of the next.
    killed = [pid for pid in own_shop.processes(name) if int(process_state(pid)[1]) == script]
    count = len(own_shop.processes(name))
    for pid in killed:
        os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not set(killed) & set(own_shop.processes(name)), 1, "they are gone")
    wait_until(lambda: len(own_shop.processes(name)) == count, 2, f"{name} is back")
    wait_until(lambda: answers(own_shop), 1, "the shop answers")
    assert len(own_shop.processes("auth")) == 1


def test_a_killed_database_comes_back_with_everything(own_shop):
    client = make_client(own_shop)
    made = client.product(name="Kept through a crash")
    kill_database(own_shop)
    path = f"/api/products/{made['id']}"
    wait_until(lambda: client.ask("GET", path, may_fail=True).status == 200, 30, "it is back")
    assert client.get(path).json == made


def test_a_family_that_always_dies_is_tried_for_ever_without_haste(own_shop):
    """Its program is made to die at the start by a settings file it can't accept."""
    conf = pathlib.Path(own_shop.sockets()) / "smartflow.conf"
    kept = conf.read_text(encoding="utf-8")
    log = own_shop.var / "log/users.log"
    conf.write_text("NO_SUCH_SETTING = 1\n", encoding="utf-8")
    before = log.stat().st_size
    os.kill(own_shop.family("users"), signal.SIGKILL)
    time.sleep(3)
    tries = log.read_text(encoding="utf-8")[before:].count("NO_SUCH_SETTING")
    conf.write_text(kept, encoding="utf-8")
    assert 4 <= tries <= 40, tries
    client = make_client(own_shop)
    wait_until(lambda: client.ask("GET", "/api/users", may_fail=True).status == 200, 3, "it works")


@pytest.mark.parametrize("number", [
    signal.SIGTERM, signal.SIGKILL, pytest.param(signal.SIGINT, marks=pytest.mark.slow),
    pytest.param(signal.SIGHUP, marks=pytest.mark.slow)])
def test_nothing_is_left_when_it_ends(number):
    instance = Instance.start()
    try:
        client = make_client(instance)
        made = client.product()
        script = instance.script()
        below = [pid for pid in descendants(script) if program_of(pid)]
        sockets = instance.sockets()
        assert len(below) > 10
        if number == signal.SIGKILL:
            os.kill(script, number)
            instance.process.wait(10)
        else:
            assert instance.stop(number) == 0
            assert not os.path.exists(sockets)
        wait_until(lambda: not any(process_state(pid) for pid in below), 10, "all have ended")
        again = Instance.start(str(instance.var))
        try:
            client.instance = again
            client.close()
            assert client.get(f"/api/products/{made['id']}").json == made
            assert not os.path.exists(sockets)
        finally:
            again.stop()
    finally:
        instance.stop()
        shutil.rmtree(instance.var, ignore_errors=True)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs a folder that others can't reach")
def test_runs_as_root_from_a_deep_folder_that_nobody_else_can_reach():
    top = tempfile.mkdtemp(prefix="smartflow out of reach ")
    assert os.stat(top).st_mode & 0o777 == 0o700
    folder = os.path.join(top, "d" * 100, "e" * 100)
    os.makedirs(folder)
    instance = Instance.start(folder)
    try:
        client = make_client(instance)
        assert client.get("/").status == 200
        made = client.product()
        kill_database(instance)
        path = f"/api/products/{made['id']}"
        wait_until(lambda: client.ask("GET", path, may_fail=True).status == 200, 30, "it is back")
    finally:
        instance.stop()
        shutil.rmtree(top, ignore_errors=True)
