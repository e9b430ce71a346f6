"""A Debian of its own for the package: a root made by mmdebstrap, booted with systemd as its first
process in namespaces of its own (mounts, processes, network, control groups), so that maintainer
scripts, units and their sandboxes do here what they do on a server. Needs root.
"""
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile

from instance import ROOT, wait_until

BUILD = (ROOT / os.environ.get("BUILD", "build")).resolve()
# Beside what the package depends on: a system to boot, and what the tests call in it.
MORE = ["systemd-sysv", "dbus", "curl", "openssl", "logrotate", "ca-certificates", "systemd"]
PATH = "/usr/sbin:/usr/bin:/sbin:/bin"

# The folder of the boot is $1. Its root becomes an overlay, so that the base stays as it is.
BOOT = r"""
set -eu
mount --make-rprivate /
cd "$1"
mount -t overlay -o "lowerdir=$2,upperdir=$1/changes,workdir=$1/work" overlay root
cd root
mount -t proc proc proc
# What the kernel's own settings are stays this machine's.
mount --bind proc/sys proc/sys
mount -o remount,bind,ro proc/sys
mount -t sysfs -o ro sysfs sys
mount -t cgroup2 cgroup sys/fs/cgroup
mount -t tmpfs -o mode=755 tmpfs dev
for node in null zero full random urandom tty; do
    : > dev/$node
    mount --bind /dev/$node dev/$node
done
mkdir dev/pts dev/shm
mount -t devpts -o newinstance,ptmxmode=0666 devpts dev/pts
mount -t tmpfs -o mode=1777 tmpfs dev/shm
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
mount -t tmpfs -o mode=755 tmpfs run
mount -t tmpfs -o mode=1777 tmpfs tmp
ip link set lo up
hostname shop
echo shop > etc/hostname
pivot_root . mnt
umount -l /mnt
# A container's mounts are shared by whoever makes it; systemd hands out credentials that way.
mount --make-rshared /
exec env -i container=other PATH=/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd
"""


def build_package():
    """The package, as `make deb` makes it."""
    made = subprocess.run([str(ROOT / "nginx/debian/build")], capture_output=True, text=True,
                          env={**os.environ, "BUILD": str(BUILD)}, timeout=1800, check=False)
    assert made.returncode == 0, made.stderr
    return pathlib.Path(made.stdout.strip().splitlines()[-1])


def package_of_version(version, folder):
    """The same programs as another version."""
    subprocess.run(["cpack", "--config", str(BUILD / "CPackConfig.cmake"), "-B", str(folder), "-D",
                    f"CPACK_PACKAGE_VERSION={version}"], check=True, capture_output=True, timeout=300)
    return next(pathlib.Path(folder).glob(f"smartflow_{version}_*.deb"))


def field(package, name):
    return subprocess.run(["dpkg-deb", "-f", str(package), name], check=True, capture_output=True,
                          text=True).stdout.strip()


def make_base(package):
    """A Debian in which everything is installed that the package depends on. Kept beside the build."""
    wanted = sorted({re.sub(r"[ (|].*", "", one.strip())
                     for one in field(package, "Depends").split(",")} | set(MORE))
    base, note = BUILD / "debian-host", BUILD / "debian-host.packages"
    if note.exists() and note.read_text("utf-8") == json.dumps(wanted):
        return base
    shutil.rmtree(base, ignore_errors=True)
    subprocess.run(
        ["mmdebstrap", "--mode=root", "--variant=minbase", f"--include={','.join(wanted)}",
         "--customize-hook=: > \"$1/etc/machine-id\"", "bookworm", str(base),
         *map(str, sorted(pathlib.Path("/etc/apt/sources.list.d").glob("debian.sources")))],
        check=True, stdin=subprocess.DEVNULL, capture_output=True, timeout=1200)
    note.write_text(json.dumps(wanted), "utf-8")
    return base


class DebianHost:
    """A booted one; a context manager that leaves nothing behind."""

    def __init__(self, base):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="smartflow-host-"))
        for name in ("root", "changes", "work", "cgroup"):
            (self.folder / name).mkdir()
        # The machine's own hierarchy of control groups may be of the old kind: this one is beside it.
        subprocess.run(["mount", "-t", "cgroup2", "cgroup", str(self.folder / "cgroup")], check=True)
        self.group = self.folder / "cgroup" / self.folder.name
        self.group.mkdir()
        self.process = subprocess.Popen(
            ["unshare", "--mount", "--uts", "--ipc", "--pid", "--cgroup", "--net", "--fork",
             "--kill-child", "bash", "-c", BOOT, "boot", str(self.folder), str(base)],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            preexec_fn=lambda: (self.group / "cgroup.procs").write_text("0"),
            start_new_session=True)
        try:
            wait_until(lambda: self.first() and self.run("systemctl", "is-system-running",
                                                         check=False).strip() in
                       ("running", "degraded"), 60, "the host starts")
        except BaseException:
            self.stop()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def first(self):
        """The number, out here, of its first process."""
        pid = self.process.pid
        children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split()
        return children[0] if children else None

    def command(self, *words, net_only=False):
        """How to run something in there; with net_only it is ours, and only its network the host's."""
        spaces = ["-n"] if net_only else ["-m", "-u", "-i", "-p", "-n", "-C", "-r", "-w"]
        clean = [] if net_only else ["env", "-i", f"PATH={PATH}", "HOME=/root", "LC_ALL=C.UTF-8",
                                     "DEBIAN_FRONTEND=noninteractive"]
        return ["nsenter", "-t", self.first(), *spaces, *clean, *map(str, words)]

    def run(self, *words, check=True, text=None):
        """Runs a command in there; what it said."""
        ended = self.ended(*words, text=text)
        assert not check or ended.returncode == 0, f"{words}: {ended.stdout}{ended.stderr}"
        return ended.stdout + ended.stderr

    def ended(self, *words, text=None):
        """The same with its exit status."""
        return subprocess.run(self.command(*words), input=text or "", capture_output=True, text=True,
                              timeout=300, check=False)

    def put(self, source, target):
        """Copies a file into it. \"target\" is a path in there."""
        place = pathlib.Path(f"/proc/{self.first()}/root{target}")
        shutil.copyfile(source, place)

    def read(self, path):
        return pathlib.Path(f"/proc/{self.first()}/root{path}").read_text("utf-8")

    def sql(self, statement, database="smartflow"):
        """A superuser's statement."""
        return self.run("runuser", "-u", "postgres", "--", "psql", "-XAtq", "-v", "ON_ERROR_STOP=1",
                        database, text=statement).strip()

    def active(self, pattern):
        """The names of the units that are active."""
        lines = self.run("systemctl", "list-units", "--state=active", "--plain", "--no-legend",
                         pattern).splitlines()
        return {line.split()[0] for line in lines}

    def stop(self):
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(20)
        wait_until(lambda: not (self.group / "cgroup.procs").read_text("ascii").strip() and
                   "populated 0" in (self.group / "cgroup.events").read_text("ascii"), 30,
                   "the host's processes end")
        for group in sorted(self.group.rglob("*"), key=lambda path: -len(path.parts)):
            if group.is_dir():
                group.rmdir()
        self.group.rmdir()
        subprocess.run(["umount", str(self.folder / "cgroup")], check=True)
        shutil.rmtree(self.folder)
