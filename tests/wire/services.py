"""A family as a service manager starts it."""
import socket
import subprocess
import tempfile

from fastcgi import Connection
from installations import SMARTFLOW
from instance import environment_with


class Service:
    """A family as systemd starts it: its standard input listens, NOTIFY_SOCKET hears how it is."""

    def __init__(self, name, url, **settings):
        self.folder = tempfile.mkdtemp(prefix="smartflow-test-")
        self.path = f"{self.folder}/{name}.sock"
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.path)
        self.listener.listen(16)
        self.told = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.told.bind(f"{self.folder}/notify")
        self.told.settimeout(10)
        self.name, self.process = name, None
        self.settings = {"DATABASE_URL": url, **settings}

    def start(self):
        self.process = subprocess.Popen(
            [str(SMARTFLOW.parent / self.name)], stdin=self.listener, cwd=self.folder,
            env=environment_with(NOTIFY_SOCKET=f"{self.folder}/notify", **self.settings),
            stderr=subprocess.DEVNULL)

    def ask(self, *arguments, **more):
        with Connection(self.path) as connection:
            return connection.ask(*arguments, keep=False, **more)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process and self.process.poll() is None:
            self.process.kill()
        if self.process:
            self.process.wait()
        self.listener.close()
        self.told.close()
