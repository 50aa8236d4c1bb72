"""One large body through the gate, to a reader that is much slower than the writer: an answer of the vendor, and an upload to
it. The gate has to hold the writer back instead of keeping what the reader has not taken."""

import socket
import threading
import time

import measure
from programs import TARGET, Problem
from raw_http import Closed, Reader, request_bytes

BLOCK = b"0123456789abcdef" * 4096  # 64 KiB
RECEIVE_BUFFER = 262144             # of the slow reader; a larger one would only hide the first megabytes


class Pace:
    """Reads from a socket no faster than `rate` octets a second."""

    def __init__(self, connection, rate):
        self.connection, self.rate = connection, rate

    def read(self, wanted):
        """Reads that many octets and throws them away. Returns the number that came."""
        started, received = time.monotonic(), 0
        while received < wanted:
            data = self.connection.recv(min(len(BLOCK), wanted - received))
            if not data:
                break
            received += len(data)
            pause = started + received / self.rate - time.monotonic()
            if pause > 0:
                time.sleep(pause)
        return received


def send_body(connection, size):
    while size > 0:
        connection.sendall(BLOCK[:size])
        size -= len(BLOCK)


class LargeVendor:
    """Answers a GET with `size` octets as fast as they are taken, and reads the body of a PUT at `rate`."""

    def __init__(self, size, rate):
        self.size, self.rate, self.received = size, rate, 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        with connection:
            reader = Reader(connection)
            try:
                while True:
                    request = reader.head()
                    if request.method == "GET":
                        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % self.size)
                        send_body(connection, self.size)
                        continue
                    early = len(reader.buffer)
                    reader.buffer.clear()
                    length = int(request.header("content-length"))
                    self.received = early + Pace(connection, self.rate).read(length - early)
                    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            except (Closed, OSError):
                pass

    def stop(self):
        self.listener.close()


def connect(address):
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
    connection.settimeout(60)
    connection.connect(address)
    return connection


def download(site, gate, vendor):
    with connect(gate.address) as connection:
        connection.sendall(request_bytes("GET", TARGET, [("x-api-key", site.token)]))
        reader = Reader(connection)
        head = reader.head()
        if head.status != 200:
            raise Problem(f"the gate answers {head}")
        early = len(reader.buffer)
        return early + Pace(connection, vendor.rate).read(vendor.size - early)


def upload(site, gate, vendor):
    head = request_bytes("PUT", "/push/v1/uploads/bench", [
        ("x-api-key", site.token), ("Content-Type", "application/octet-stream"), ("Content-Length", str(vendor.size))])
    with connect(gate.address) as connection:
        connection.sendall(head)
        try:
            send_body(connection, vendor.size)
        except OSError:
            pass  # the gate's answer says why
        answer = Reader(connection).response("PUT")
        if answer.status != 200:
            raise Problem(f"the gate answers {answer}")
    return vendor.received


def run(site, size, rate):
    """Both directions, each through a gate that has done nothing else."""
    results = []
    for name, direction in (("answer", download), ("upload", upload)):
        vendor = LargeVendor(size, rate)
        gate = site.start("gate", vendor_port=vendor.port)
        before, started = measure.memory([gate.pid]), time.monotonic()
        try:
            passed = direction(site, gate, vendor)
            if passed != size:
                raise Problem(f"{name}: {passed} octets of {size} arrived")
        finally:
            vendor.stop()
        results.append({"direction": name, "octets": size, "seconds": time.monotonic() - started, "memory_before": before,
                        "memory_peak": measure.memory([gate.pid], "VmHWM")})
        site.stop(gate)
    return results
