"""A reader of GET /events on a socket of its own, as a browser's EventSource reads (HTML standard 9.2)."""

import json
import socket
import time

from harness import PATIENCE


class EventStream:
    """`status` is the head's; `events` are (event, id, document), in order."""

    def __init__(self, gate, headers=(), receive_buffer=None):
        self.socket = socket.socket()
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.connect(gate.admin)
        lines = ["GET /events HTTP/1.0", "Host: localhost", *(f"{name}: {value}" for name, value in headers), "", ""]
        self.socket.sendall("\r\n".join(lines).encode())
        self.events, self.rest, self.head, self.ended = [], b"", None, False

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def receive(self, seconds):
        """Takes what comes next; False when nothing comes in time or the stream has ended."""
        self.socket.settimeout(max(seconds, 0.01))
        try:
            data = self.socket.recv(65536)
        except TimeoutError:
            return False
        except ConnectionError:
            data = b""
        if not data:
            self.ended = True
            return False
        self.rest += data
        if self.head is None:
            if b"\r\n\r\n" not in self.rest:
                return True
            head, _, self.rest = self.rest.partition(b"\r\n\r\n")
            self.head = head.decode()
        *blocks, self.rest = self.rest.split(b"\n\n")
        for block in blocks:
            fields = dict(line.split(": ", 1) for line in block.decode("utf-8", "strict").split("\n") if line)
            if "data" in fields:
                self.events.append((fields.get("event"), fields.get("id"), json.loads(fields["data"])))
        return True

    def open(self):
        """Waits for the head, and returns its status."""
        self.wait_for("the head of the event stream", lambda: self.head)
        return int(self.head.split()[1])

    def wait_for(self, what, found, seconds=20.0):
        deadline = time.monotonic() + seconds * PATIENCE
        while True:
            value = found()
            if value:
                return value
            left = deadline - time.monotonic()
            if left <= 0 or self.ended:
                raise AssertionError(f"waited {seconds * PATIENCE:g} s for {what}; ended: {self.ended}")
            self.receive(min(left, 1))

    def of(self, kind):
        return [(number, document) for event, number, document in self.events if event == kind]
