"""Orders whose webhook's receiver answers, next to the same with one that hangs."""
import json
import socket
import statistics
import threading
import urllib.request

from operations import OPERATIONS, requests


class Receiver(threading.Thread):
    """Takes webhooks; while it hangs it accepts them and says nothing."""

    def __init__(self):
        super().__init__(daemon=True)
        self.hangs, self.held = False, []
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}/"

    def run(self):
        while True:
            connection, _ = self.listener.accept()
            if self.hangs:
                self.held.append(connection)
                continue
            connection.settimeout(1)
            try:
                connection.recv(65536)
                connection.sendall(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
            except OSError:
                pass
            connection.close()


def measure(web, data, given):
    """Medians of orders per second; what it leaves in the outbox keeps the follower busy, so it comes last."""
    receiver = Receiver()
    receiver.start()
    rule = {"trigger": "New Order", "action": "Send Notification",
            "config": {"channels": ["webhook"], "url": receiver.url}}  # fmt: skip
    headers = {"Authorization": f"Bearer {data['token']}"}
    asked = urllib.request.Request(
        web.url + "/api/workflows", json.dumps(rule).encode(), {"Content-Type": "application/json", **headers})  # fmt: skip
    urllib.request.urlopen(asked).close()
    operation = OPERATIONS["order of two lines"]
    rounds = []
    for _ in range(given.pairs):
        turn = []
        for receiver.hangs in (False, True):
            turn.append(web.run("POST", requests(operation, data), headers, 16, given.seconds).rate)
        rounds.append(turn)
    answers, hangs = (statistics.median(values) for values in zip(*rounds))
    ratio = statistics.median(its / ours for ours, its in rounds)
    print(f"\norder with a webhook: {answers:.0f} a second while the receiver answers, {hangs:.0f} while it hangs; ratio {ratio:.2f}")
