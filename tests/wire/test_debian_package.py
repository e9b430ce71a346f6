"""The Debian package: what is in it, and what it does on a Debian that boots with systemd."""
import io
import os
import pathlib
import re
import shutil
import subprocess
import tarfile

import pytest

from debian_host import build_package, field
from instance import FAMILIES, ROOT

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("dpkg-deb") is None, reason="only a Debian makes packages"),
]
SERVICES = [f"smartflow-{name}.service" for name in [*FAMILIES, "deliver", "backup"]]


@pytest.fixture(scope="module")
def package():
    return build_package()


@pytest.fixture(scope="module")
def unpacked(package, tmp_path_factory):
    folder = tmp_path_factory.mktemp("package")
    subprocess.run(["dpkg-deb", "-R", str(package), str(folder)], check=True)
    return folder


def members(package):
    """The files as they would be installed."""
    archive = subprocess.run(["dpkg-deb", "--fsys-tarfile", str(package)], check=True,
                             capture_output=True).stdout
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        return tar.getmembers()


def test_files_belong_to_root_and_only_root_may_write_them(package):
    found = members(package)
    assert len(found) > 50
    for member in found:
        assert (member.uid, member.gid) == (0, 0), member.name
        programs = ("./usr/bin/", "./usr/sbin/", "./usr/lib/smartflow/")
        wanted = 0o755 if member.isdir() or member.name.startswith(programs) else 0o644
        assert member.mode == wanted, (member.name, oct(member.mode))


def test_it_holds_every_family_and_nothing_of_a_builder(package):
    names = {member.name for member in members(package)}
    for family in FAMILIES:
        assert {f"./usr/lib/smartflow/{family}", f"./lib/systemd/system/smartflow-{family}.service",
                f"./lib/systemd/system/smartflow-{family}.socket"} <= names
    pages = "./usr/share/smartflow/pages/"
    assert {pages + name for name in ("api/openapi.json", "index.html", "docs.html", "licenses.txt")} <= names
    assert not [name for name in names if "test" in name or name.endswith((".a", ".hpp", ".cpp"))]


def test_what_an_administrator_edits_survives_an_upgrade(unpacked):
    assert (unpacked / "DEBIAN/conffiles").read_text("utf-8").split() == [
        "/etc/logrotate.d/smartflow", "/etc/nginx/sites-available/smartflow"]


def test_the_sums_hold(unpacked):
    sums = unpacked / "DEBIAN/md5sums"
    assert len(sums.read_text("utf-8").splitlines()) > 40
    subprocess.run(["md5sum", "--quiet", "-c", str(sums)], cwd=unpacked, check=True)


def test_it_depends_on_what_its_programs_load_and_its_scripts_call(package):
    depends = field(package, "Depends")
    for name in ("adduser", "nginx", "postgresql", "ssl-cert", "libpq5", "libfcgi0ldbl",
                 "libpqxx-6.4", "libsodium23"):
        assert re.search(rf"(^|, ){re.escape(name)}( |,|$)", depends), (name, depends)


@pytest.mark.skipif(shutil.which("lintian") is None, reason="lintian isn't installed")
def test_lintian_finds_nothing(package):
    ended = subprocess.run(["lintian", "--fail-on", "error,warning", str(package)],
                           capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr


@pytest.mark.skipif(shutil.which("shellcheck") is None, reason="shellcheck isn't installed")
def test_the_scripts_as_they_are_installed_are_sound(unpacked):
    scripts = [*(unpacked / "DEBIAN").glob("p*"), unpacked / "usr/sbin/smartflow-setup",
               unpacked / "usr/bin/smartflow", unpacked / "usr/lib/smartflow/daily-backup"]
    assert len(scripts) == 6
    subprocess.run(["shellcheck", "-x", *map(str, scripts)], cwd=ROOT, check=True)


@pytest.fixture(scope="module")
def units(unpacked):
    """The units, with programs where they say."""
    folder = unpacked / "lib/systemd/system"
    for file in folder.iterdir():
        text = file.read_text("utf-8")
        file.write_text(text.replace("=/usr/lib/smartflow", f"={unpacked}/usr/lib/smartflow"), "utf-8")
    return folder


def test_systemd_understands_every_unit(units):
    names = sorted(os.listdir(units))
    assert len(names) == 2 * len(FAMILIES) + 4
    ended = subprocess.run(["systemd-analyze", "verify", "--man=no",
                            *(f"./{name}" for name in names)],
                           cwd=units, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_is_exposed_to_little(units, service):
    ended = subprocess.run(["systemd-analyze", "security", "--offline=yes", "--threshold=20",
                            f"./{service}"], cwd=units, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout[-300:]
    assert "Overall exposure" in ended.stdout


def test_no_family_may_reach_a_network(units):
    for family in FAMILIES:
        text = (pathlib.Path(units) / f"smartflow-{family}.service").read_text("utf-8")
        for line in ("PrivateNetwork=yes", "RestrictAddressFamilies=AF_UNIX", "Restart=always",
                     "Type=notify", f"User=smartflow_{family}"):
            assert f"\n{line}\n" in text, (family, line)
