"""Slowloris: many connections that send a head an octet at a time and never finish it.

As a program (`slow_clients.py HOST PORT COUNT`) it opens the connections, prints "ready", gives each an octet a second until its
stdin closes, and prints how many of them were still open as JSON. It is a process of its own so that it does not slow the client
that is measured."""

import json
import os
import select
import socket
import subprocess
import sys
import time

START = b"GET /push/v1/employees HTTP/1.1\r\nHost: gate\r\nX-Slow: "
STEPS = 50  # the connections are served in as many groups, spread over the second


def octet(position):
    return START[position:position + 1] or b"a"


class Crowd:
    def __init__(self, address, count):
        self.connections, self.position, self.sent = [], 0, 0
        for _ in range(count):
            connection = socket.create_connection(address, timeout=20)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.setblocking(False)
            self.connections.append(connection)

    def step(self, number):
        """Sends the next octet on every STEPS-th connection."""
        data = octet(self.position)
        for connection in self.connections[number::STEPS]:
            try:
                self.sent += connection.send(data)
            except OSError:
                pass  # counted at the end

    def open_connections(self):
        alive = 0
        for connection in self.connections:
            try:
                connection.recv(1)
            except BlockingIOError:
                alive += 1
            except OSError:
                pass
        return alive


def main(host, port, count):
    crowd = Crowd((host, int(port)), int(count))
    print("ready", flush=True)
    started, step = time.monotonic(), 0
    while True:
        pause = started + step / STEPS - time.monotonic()
        if select.select([sys.stdin], [], [], max(0.0, pause))[0]:
            break
        crowd.position = step // STEPS
        crowd.step(step % STEPS)
        step += 1
    print(json.dumps({"connections": len(crowd.connections), "open": crowd.open_connections(), "octets": crowd.sent,
                      "seconds": time.monotonic() - started}), flush=True)


def run(site, count, seconds):
    """A client alone, then the same beside the slow ones."""
    import load
    import measure
    gate = site.start("gate")
    load.wrk(site, gate, 1, 1)
    alone = load.wrk(site, gate, 1, seconds)
    before = measure.memory([gate.pid])
    command = [sys.executable, os.path.abspath(__file__), *map(str, gate.address), str(count)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as crowd:
        try:
            if crowd.stdout.readline() != "ready\n":
                raise load.Problem("the slow clients could not connect")
            beside = load.wrk(site, gate, 1, seconds)
            after = measure.memory([gate.pid])
            crowd.stdin.close()
            told = json.loads(crowd.stdout.readline())
        finally:
            crowd.kill()
    site.stop(gate)
    return {"alone": alone, "beside": beside, "slow": told, "memory_before": before, "memory_beside": after}


if __name__ == "__main__":
    main(*sys.argv[1:])
