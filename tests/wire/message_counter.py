"""Stands between a family and PostgreSQL and counts the round trips: every Sync and every Query
that the family sends ends one (PostgreSQL's protocol 3.0, "Message Flow").
"""
import os
import socket
import struct
import tempfile
import threading

SYNC, QUERY = ord("S"), ord("Q")


class MessageCounter:
    """Listens in a folder as a PostgreSQL server would; passes everything on."""

    def __init__(self, server):
        self.server = server
        self.folder = tempfile.mkdtemp(prefix="smartflow-count-", dir="/tmp")
        self.path = os.path.join(self.folder, ".s.PGSQL.5432")
        self.round_trips = 0
        self.lock = threading.Lock()
        self.sockets = []
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.path)
        self.listener.listen()
        threading.Thread(target=self.accept, daemon=True).start()

    def url(self, user="postgres", database="smartflow"):
        return f"postgresql://{user}@/{database}?host={self.folder}"

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            server = socket.socket(socket.AF_UNIX)
            server.connect(self.server)
            self.sockets += [client, server]
            threading.Thread(target=self.pass_on, args=(client, server, True), daemon=True).start()
            threading.Thread(target=self.pass_on, args=(server, client, False), daemon=True).start()

    def pass_on(self, source, target, counted):
        buffer, started = b"", False
        try:
            while data := source.recv(65536):
                if counted:
                    buffer, started = self.count(buffer + data, started)
                target.sendall(data)
        except OSError:
            pass
        for end in (source, target):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def count(self, buffer, started):
        """Takes whole messages off the buffer; the first one of a connection has no type."""
        while True:
            skip = 1 if started else 0
            if len(buffer) < skip + 4:
                return buffer, started
            length = skip + struct.unpack_from(">I", buffer, skip)[0]
            if len(buffer) < length:
                return buffer, started
            if started and buffer[0] in (SYNC, QUERY):
                with self.lock:
                    self.round_trips += 1
            buffer, started = buffer[length:], True

    def take(self):
        """The count since the last time."""
        with self.lock:
            count, self.round_trips = self.round_trips, 0
        return count

    def close(self):
        self.listener.close()
        for end in self.sockets:
            end.close()
        os.unlink(self.path)
        os.rmdir(self.folder)
