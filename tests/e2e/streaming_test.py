"""Bodies pass while they arrive, either way, and the gate's memory stays bounded."""

import hashlib
import threading
import time

from harness import GateTest, main
from raw_http import request_bytes
from scripted_upstream import answer

MEBIBYTE = 1 << 20
UNKNOWN_TOO = {"version": 1, "rules": [
    {"id": "all", "effect": "allow", "when": {"client": "admin", "operation": ["*.*", "push.unknown"]}}]}


class Streaming(GateTest):
    def test_64_mebibytes_pass_whole_and_memory_stays_bounded(self):
        block = bytes(range(256)) * 4096
        expected = hashlib.sha256()
        for _ in range(64):
            expected.update(block)

        for framing in ("length", "chunked"):
            with self.subTest(framing=framing):
                def script(request, connection, chunked=framing == "chunked"):
                    field = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {64 * len(block)}"
                    connection.sendall(f"HTTP/1.1 200 OK\r\n{field}\r\n\r\n".encode())
                    for _ in range(64):
                        connection.sendall(b"%x\r\n%b\r\n" % (len(block), block) if chunked else block)
                    return b"0\r\n\r\n" if chunked else b""
                gate = self.push_gate(self.upstream(script), audit={"spool": f"{framing}.db", "durability": "process"})
                before = gate.memory()
                response = self.assert_vendors(gate.ask("GET", "/push/v1/employees", [self.key()]))
                self.assertEqual(hashlib.sha256(response.body).digest(), expected.digest())
                self.assert_grown_less(gate, before, 16 * MEBIBYTE)

    def test_a_caller_that_does_not_read_holds_the_vendor_back(self):
        sent = []

        def script(request, connection):
            connection.settimeout(30)
            connection.sendall(f"HTTP/1.1 200 OK\r\nContent-Length: {256 * MEBIBYTE}\r\n\r\n".encode())
            for _ in range(256):
                connection.sendall(bytes(MEBIBYTE))
                sent.append(MEBIBYTE)
        gate = self.push_gate(self.upstream(script), limits={"body_time": "20s"})
        before = gate.memory()
        with gate.connect() as connection:
            connection.send(request_bytes("GET", "/push/v1/employees", [self.key()]))
            time.sleep(2)
            self.assertLess(sum(sent), 64 * MEBIBYTE, "the gate reads on though nobody takes what it read")
            self.assert_grown_less(gate, before, 24 * MEBIBYTE)

    def test_a_response_arrives_while_it_is_made(self):
        go_on = threading.Event()

        def script(request, connection):
            connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n")
            go_on.wait(20)
            return b"4\r\nlast\r\n0\r\n\r\n"
        gate = self.push_gate(self.upstream(script))
        with gate.connect(timeout=20) as connection:
            connection.send(request_bytes("GET", "/push/v1/employees", [self.key()]))
            while b"first" not in connection.reader.buffer:
                connection.reader.fill()
            go_on.set()
            self.assertEqual(connection.response().body, b"firstlast")

    def test_a_chunked_upload_that_is_looked_into_arrives_byte_for_byte(self):
        gate = self.push_gate()
        body = b'{"group": "a group in pieces"}'
        pieces = b"".join(b"%x;name=value\r\n%b\r\n" % (len(body[at:at + 7]), body[at:at + 7]) for at in range(0, len(body), 7))
        with gate.connect() as connection:
            connection.send(request_bytes("POST", "/push/v1/employees/e1/groups", [
                self.key(), ("Content-Type", "application/json"), ("Transfer-Encoding", "chunked")]))
            for octet in pieces:
                connection.send(bytes([octet]))
            connection.send(b"0\r\nX-Trailer: dropped\r\nx-api-key: in-a-trailer\r\n\r\n")
            self.assert_vendors(connection.response())
        sent = self.vendor.requests[-1]
        self.assertEqual(sent.body, body)
        self.assertEqual(sent.all("x-api-key"), [self.secrets["PUSH_FULL_KEY"]])
        self.assertNotIn(b"in-a-trailer", bytes(self.vendor.octets))

    def test_a_large_upload_that_nobody_looks_into_is_streamed(self):
        gate = self.push_gate(api={"max_body": "64MiB"}, policy=UNKNOWN_TOO)
        body = bytes(range(256)) * 4096 * 32
        before = gate.memory()
        for framing in ([("Content-Length", str(len(body)))], [("Transfer-Encoding", "chunked")]):
            with self.subTest(framing=framing), gate.connect() as connection:
                connection.send(request_bytes("POST", "/push/v1/uploads", [self.key(), *framing]))
                if framing[0][0] == "Content-Length":
                    connection.send(body)
                else:
                    for at in range(0, len(body), MEBIBYTE):
                        connection.send(b"%x\r\n" % MEBIBYTE + body[at:at + MEBIBYTE] + b"\r\n")
                    connection.send(b"0\r\n\r\n")
                self.assert_vendors(connection.response())
                self.assertEqual(hashlib.sha256(self.vendor.requests[-1].body).digest(), hashlib.sha256(body).digest())
        self.assert_grown_less(gate, before, 48 * MEBIBYTE)

    def test_a_chunked_upload_over_the_limit_is_413_and_not_sent_whole(self):
        gate = self.push_gate(api={"max_body": "64KiB"})
        with gate.connect() as connection:
            connection.send(request_bytes("POST", "/push/v1/employees/e1/groups", [
                self.key(), ("Content-Type", "application/json"), ("Transfer-Encoding", "chunked")]))
            try:
                for _ in range(100):
                    connection.send(b"1000\r\n" + b"x" * 4096 + b"\r\n")
            except OSError:
                pass
            response = connection.response()
        self.assert_problem(response, 413, response.json()["type"].removeprefix("urn:sluice:problem:"))
        self.assertEqual(self.vendor.requests, [])

    def test_expect_100_continue_is_answered_before_the_body(self):
        gate = self.push_gate()
        body = b'{"group":"a"}'
        with gate.connect() as connection:
            connection.send(request_bytes("POST", "/push/v1/employees/e1/groups", [
                self.key(), ("Content-Type", "application/json"), ("Expect", "100-continue"), ("Content-Length", str(len(body)))]))
            while b"\r\n\r\n" not in connection.reader.buffer:
                connection.reader.fill()
            self.assertTrue(bytes(connection.reader.buffer).startswith(b"HTTP/1.1 100 "), connection.reader.buffer)
            connection.send(body)
            self.assertEqual(connection.response().status, 200)
        self.assertEqual(self.vendor.requests[-1].body, body)

    def test_a_body_that_stalls_is_given_up(self):
        gate = self.push_gate(limits={"body_time": "500ms"})
        with gate.connect() as connection:
            connection.send(request_bytes("POST", "/push/v1/employees/e1/groups", [
                self.key(), ("Content-Type", "application/json"), ("Content-Length", "100")], None) + b'{"group"')
            started = time.monotonic()
            data = connection.socket.recv(65536)
            self.assertLess(time.monotonic() - started, 5)
            self.assertTrue(data == b"" or data.startswith(b"HTTP/1.1 4"), data)
        self.assertEqual(self.vendor.requests, [])

    def test_many_connections_at_once(self):
        gate = self.push_gate(self.upstream(lambda request, connection: answer(body=request.target.encode())))
        connections = [gate.connect() for _ in range(200)]
        for number, connection in enumerate(connections):
            connection.send(request_bytes("GET", f"/push/v1/employees?n={number}", [self.key()]))
        for number, connection in enumerate(connections):
            self.assertEqual(connection.response().body, f"/v1/employees?n={number}".encode())
            connection.close()


if __name__ == "__main__":
    main()
