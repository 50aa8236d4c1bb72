"""A vendor that is slow, broken, or not who it says: 502, 504, or a response visibly cut short; never a corrupted whole one."""

import os
import socket
import ssl
import time

from certificates import Authority
from harness import GateTest, SECURENVOY, main, wait_until
from raw_http import request_bytes
from scripted_upstream import answer

GARBAGE = [
    b"\x00\x01\x02\x03\r\n\r\n", b"HTTP/1.1 000 None\r\n\r\n", b"HTTP/1.1 20 OK\r\n\r\n", b"HTTP/1.1 999 Odd\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/2.0 200 OK\r\nContent-Length: 2\r\n\r\n{}", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}x",
    b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n{}", b"HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: \r\n\r\n{}",
    b"HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 2\r\n\r\n{}", b"HTTP/1.1 200 OK\r\n: empty\r\nContent-Length: 2\r\n\r\n{}",
    b"HTTP/1.1 200 OK\r\nX: a\rb\r\nContent-Length: 2\r\n\r\n{}", b"HTTP/1.1 200 OK\r\nX: a\x00b\r\nContent-Length: 2\r\n\r\n{}",
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n", b"{}\r\n\r\n",
]


class UpstreamFaults(GateTest):
    def ask(self, gate, **options):
        return gate.ask("GET", "/push/v1/employees", [self.key()], **options)

    def test_garbage_for_a_head_is_502(self):
        reply = []
        gate = self.push_gate(self.upstream(lambda request, connection: connection.sendall(reply[0])))
        for octets in GARBAGE:
            with self.subTest(octets=octets):
                reply[:] = [octets]
                self.assert_problem(self.ask(gate), 502, "upstream-protocol")

    def test_closing_before_or_inside_the_head_is_502(self):
        reply = []
        gate = self.push_gate(self.upstream(lambda request, connection: connection.sendall(reply[0])))
        for octets in (b"", b"HTTP/1.1 200 OK\r\nContent-Le"):
            with self.subTest(octets=octets):
                reply[:] = [octets]
                response = self.ask(gate)
                self.assertEqual((response.status, response.header("sluice-origin")), (502, "gate"))

    def test_breaking_off_inside_a_body_is_visible_to_the_caller(self):
        for head, body in ((b"Content-Length: 1000", b"x" * 400), (b"Transfer-Encoding: chunked", b"64\r\n" + b"x" * 100 + b"\r\n"),
                           (b"Transfer-Encoding: chunked", b"64\r\n" + b"x" * 40)):
            with self.subTest(head=head):
                def script(request, connection, octets=b"HTTP/1.1 200 OK\r\n" + head + b"\r\n\r\n" + body):
                    connection.sendall(octets)
                    time.sleep(0.3)  # so that the part is on its way before the break
                sink = self.sink()
                gate = self.push_gate(self.upstream(script), sink=sink, audit=self.audit(sink))
                response = self.ask(gate)
                self.assertTrue(response.status == 502 or (response.status == 200 and not response.whole), response)
                self.assertLess(len(response.body) if response.status == 200 else 0, 1000)
                wait_until("the failure in the audit", lambda: sink.events("request.failed"))
                self.assertEqual(gate.stop(), 0)

    def audit(self, sink):
        return {"spool": f"audit-{len(self.doubles)}.db", "durability": "process",
                "webhooks": [{"name": "sink", "url": sink.url, "secret": {"env": "WEBHOOK_SECRET"}}]}

    def test_a_reset_inside_a_body_is_visible_to_the_caller(self):
        def script(request, connection):
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + b"x" * 1000)
            time.sleep(0.2)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
        gate = self.push_gate(self.upstream(script))
        response = self.ask(gate)
        self.assertTrue(response.status == 502 or not response.whole, response)

    def test_a_body_without_a_length_ends_with_the_connection(self):
        gate = self.push_gate(self.upstream(lambda request, connection: connection.sendall(b"HTTP/1.1 200 OK\r\n\r\nall of it")))
        self.assertEqual(self.assert_vendors(self.ask(gate)).body, b"all of it")

    def test_silence_inside_a_body_is_cut(self):
        def script(request, connection):
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc")
            time.sleep(5)
        gate = self.push_gate(self.upstream(script), api={"timeouts": {"silence": "500ms"}})
        started = time.monotonic()
        response = self.ask(gate)
        self.assertLess(time.monotonic() - started, 4)
        self.assertFalse(response.whole and response.status == 200, response)

    def test_a_slow_but_living_vendor_is_waited_for(self):
        def script(request, connection):
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n")
            for octet in b"slow but":
                connection.sendall(bytes([octet]))
                time.sleep(0.2)
        gate = self.push_gate(self.upstream(script), api={"timeouts": {"silence": "1s", "response": "1s"}})
        self.assertEqual(self.assert_vendors(self.ask(gate)).body, b"slow but")

    def test_interim_responses_are_not_taken_for_the_answer(self):
        gate = self.push_gate(self.upstream(lambda request, connection:
                                            b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n" + answer()))
        self.assertEqual(self.assert_vendors(self.ask(gate)).body, b"{}")

    def test_octets_after_a_response_never_answer_the_next_request(self):
        forged = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged"
        for pause in (0, 0.1):  # in one piece with the answer, or while the connection is idle
            with self.subTest(pause=pause):
                count = []

                def script(request, connection, count=count, pause=pause):
                    count.append(1)
                    reply = answer(body=f"answer {len(count)}".encode())
                    if len(count) > 1:
                        return reply
                    connection.sendall(reply if pause else reply + forged)
                    time.sleep(pause)
                    return forged if pause else b""
                gate = self.push_gate(self.upstream(script), audit={"spool": f"audit-{pause}.db", "durability": "process"})
                with gate.connect() as connection:
                    for number in (1, 2, 3):
                        connection.send(request_bytes("GET", "/push/v1/employees", [self.key()]))
                        self.assertEqual(connection.response().body, f"answer {number}".encode())
                        time.sleep(pause * 2)

    def test_an_idle_connection_that_the_vendor_closed_costs_a_read_nothing_and_a_write_is_never_sent_twice(self):
        vendor = self.upstream()
        gate = self.push_gate(vendor)
        for _ in range(5):
            self.assert_vendors(self.ask(gate))
            vendor.break_connections()
        self.assertEqual(len(vendor.requests), 5)

        def closing(request, connection):
            return answer() if request.method == "GET" else None
        vendor.script = closing
        self.assert_vendors(self.ask(gate))
        response = gate.ask("POST", "/push/v1/employees/e1/groups", [self.key()], {"group": "a"})
        self.assertEqual((response.status, response.header("sluice-origin")), (502, "gate"))
        self.assertEqual(len([line for line in vendor.targets() if line.startswith("POST")]), 1)

    def test_connections_are_reused(self):
        gate = self.push_gate()
        for _ in range(10):
            self.assert_vendors(self.ask(gate))
        self.assertEqual(self.vendor.connections, 1)

    def test_a_vendor_that_answers_before_the_body_ends_is_heard(self):
        vendor = self.upstream(lambda request, connection: connection.sendall(answer(413, b'{"message":"too big"}')), reads_body=False)
        gate = self.push_gate(vendor, api={"max_body": "64MiB"}, policy={"version": 1, "rules": [
            {"id": "all", "effect": "allow", "when": {"client": "admin", "operation": ["*.*", "push.unknown"]}}]})
        with gate.connect() as connection:
            connection.send(request_bytes("POST", "/push/v1/uploads", [self.key(), ("Content-Length", str(32 << 20))]))
            connection.send(b"x" * 65536)
            response = connection.response()
        self.assertIn(response.status, (413, 502))

    def test_a_caller_that_leaves_does_not_disturb_the_next(self):
        def script(request, connection):
            time.sleep(0.3)
            return answer(body=request.target.encode())
        sink = self.sink()
        gate = self.push_gate(self.upstream(script), sink=sink)
        for number in range(5):
            with gate.connect() as connection:
                connection.send(request_bytes("GET", f"/push/v1/employees?left={number}", [self.key()]))
                time.sleep(0.05)
        self.assertEqual(self.ask(gate).body, b"/v1/employees")
        wait_until("an outcome for each", lambda: len(sink.events("request.forwarded") + sink.events("request.failed")) == 6)


class UpstreamTls(GateTest):
    def setUp(self):
        super().setUp()
        self.authority = Authority(self.folder)

    def through(self, names, **tls):
        vendor = self.upstream(tls=self.authority.issue("vendor", *names))
        gate = self.push_gate(vendor, api={"upstream_tls": tls} if tls else {})
        return vendor, gate.ask("GET", "/push/v1/employees", [self.key()])

    def test_a_certificate_of_the_configured_authority_and_the_right_name_is_trusted(self):
        vendor, response = self.through(["DNS:localhost"], ca=str(self.authority.certificate))
        self.assert_vendors(response)

    def test_another_name_can_be_asked_for(self):
        vendor, response = self.through(["DNS:api.vendor.test"], ca=str(self.authority.certificate), server_name="api.vendor.test")
        self.assert_vendors(response)

    def assert_refused(self, vendor, response, reason):
        """502, nothing sent, and a log line that names the cause."""
        self.assert_problem(response, 502, "upstream-unreachable")
        self.assertEqual(vendor.requests, [])
        lines = wait_until("the log", lambda: self.processes[0].said("upstream unreachable", level="warning", api="push",
                                                                     host=f"localhost:{vendor.port}"))
        self.assertEqual([line["reason"] for line in lines], ["tls handshake failed: " + reason])

    def test_a_certificate_that_the_systems_store_does_not_know_is_502(self):
        vendor, response = self.through(["DNS:localhost"])
        self.assert_refused(vendor, response, "unable to get local issuer certificate")

    def test_a_certificate_of_another_authority_is_502(self):
        other = Authority(self.folder, "other")
        vendor, response = self.through(["DNS:localhost"], ca=str(other.certificate))
        self.assert_refused(vendor, response, "unable to get local issuer certificate")

    def test_a_certificate_that_has_ended_is_502(self):
        vendor = self.upstream(tls=self.authority.issue("vendor", "DNS:localhost", days=-1))
        gate = self.push_gate(vendor, api={"upstream_tls": {"ca": str(self.authority.certificate)}})
        self.assert_refused(vendor, gate.ask("GET", "/push/v1/employees", [self.key()]), "certificate has expired")

    def test_a_certificate_that_signs_itself_is_502(self):
        vendor = self.upstream(tls=self.authority.issue("vendor", "DNS:localhost", self_signed=True))
        gate = self.push_gate(vendor, api={"upstream_tls": {"ca": str(self.authority.certificate)}})
        self.assert_refused(vendor, gate.ask("GET", "/push/v1/employees", [self.key()]), "self-signed certificate")

    def test_a_certificate_for_another_name_is_502(self):
        for names in (["DNS:other.test"], ["DNS:localhost.evil.test"], ["IP:127.0.0.1"]):
            with self.subTest(names=names):
                vendor, response = self.through(names, ca=str(self.authority.certificate))
                self.assert_refused(vendor, response, "hostname mismatch")
                self.assertEqual(self.processes[0].stop(), 0)

    def test_a_plain_vendor_behind_https_is_502(self):
        vendor = self.upstream()
        gate = self.gate({"push": self.push(f"https://localhost:{vendor.port}")})
        response = gate.ask("GET", "/push/v1/employees", [self.key()])
        self.assertEqual((response.status, response.header("sluice-origin")), (502, "gate"))


class UpstreamSessions(GateTest):
    """Connections to a vendor, each for one request: the first shakes hands in full, the next ones resume."""

    def setUp(self):
        super().setUp()
        self.authority = Authority(self.folder)
        self.certificate = self.authority.issue("vendor", "DNS:localhost")

    def ask(self, gate, count):
        for _ in range(count):
            self.assert_vendors(gate.ask("GET", "/push/v1/employees", [self.key()]))

    def vendor_of(self, version=None, certificate=None):
        closing = answer(headers=[("Connection", "close")])
        return self.upstream(lambda request, connection: closing, tls=certificate or self.certificate, tls_version=version)

    def test_the_next_connection_resumes_the_session_of_the_last(self):
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            with self.subTest(version=version):
                vendor = self.vendor_of(version)
                gate = self.push_gate(vendor, api={"upstream_tls": {"ca": str(self.authority.certificate)}},
                                      audit={"spool": f"audit-{version}.db", "durability": "process"})
                self.ask(gate, 6)
                self.assertEqual(vendor.resumed, [False] + [True] * 5)

    def test_no_session_is_resumed_under_another_authority(self):
        authority = self.write("vendor-ca.crt", self.authority.certificate.read_text())
        vendor = self.vendor_of()
        gate = self.push_gate(vendor, api={"upstream_tls": {"ca": str(authority)}})
        self.ask(gate, 2)
        other = Authority(self.folder, "other")
        authority.write_text(other.certificate.read_text())
        wait_until("the other authority", lambda: gate.said("authorities reloaded"), 10)
        self.assert_problem(gate.ask("GET", "/push/v1/employees", [self.key()]), 502, "upstream-unreachable")
        self.assertEqual(vendor.resumed, [False, True])

    def test_no_session_is_resumed_under_another_name(self):
        vendor = self.vendor_of()
        urls = {"push": self.push(vendor.url, upstream_tls={"ca": str(self.authority.certificate)}),
                "securenvoy": self.securenvoy(vendor.url, upstream_tls={"ca": str(self.authority.certificate), "server_name": "other.test"})}
        gate = self.gate(urls)
        self.ask(gate, 2)
        self.assert_problem(gate.ask("GET", SECURENVOY + "/users", [self.key()]), 502, "upstream-unreachable")
        self.assertEqual(vendor.resumed, [False, True])

    def test_a_vendor_that_forgets_its_sessions_is_asked_in_full(self):
        vendor = self.vendor_of()
        gate = self.push_gate(vendor, api={"upstream_tls": {"ca": str(self.authority.certificate)}})
        self.ask(gate, 2)
        vendor.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        vendor.tls.load_cert_chain(*self.certificate)
        self.ask(gate, 2)
        self.assertEqual(vendor.resumed, [False, True, False, True])


class UpstreamClientCertificate(GateTest):
    def setUp(self):
        super().setUp()
        self.authority = Authority(self.folder)
        self.vendor_certificate = self.authority.issue("vendor", "DNS:localhost")

    def vendor_of(self):
        return self.upstream(tls=self.vendor_certificate, client_ca=str(self.authority.certificate))

    def test_a_vendor_that_asks_gets_the_gates_certificate(self):
        vendor = self.vendor_of()
        certificate, key = self.authority.issue("our-gate", "DNS:our-gate.test")
        gate = self.push_gate(vendor, api={"upstream_tls": {"ca": str(self.authority.certificate), "certificate": certificate, "private_key": key}})
        self.assert_vendors(gate.ask("GET", "/push/v1/employees", [self.key()]))
        self.assertEqual(vendor.client_names, ["our-gate"])

    def test_a_new_certificate_is_presented_to_the_next_connection(self):
        vendor = self.vendor_of()
        vendor.script = lambda request, connection: answer(headers=[("Connection", "close")])
        certificate, key = self.authority.issue("our-gate", "DNS:our-gate.test")
        gate = self.push_gate(vendor, api={"upstream_tls": {"ca": str(self.authority.certificate), "certificate": certificate, "private_key": key}})
        self.assert_vendors(gate.ask("GET", "/push/v1/employees", [self.key()]))
        newer, newer_key = self.authority.issue("newer-gate", "DNS:our-gate.test")
        os.rename(newer, certificate)
        os.rename(newer_key, key)
        wait_until("the new certificate", lambda: gate.said("certificate reloaded", **{"for": "api push"}), 10)
        self.assert_vendors(gate.ask("GET", "/push/v1/employees", [self.key()]))
        self.assertEqual((vendor.client_names, vendor.resumed), (["our-gate", "newer-gate"], [False, False]))

    def test_without_one_it_is_502(self):
        vendor = self.vendor_of()
        gate = self.push_gate(vendor, api={"upstream_tls": {"ca": str(self.authority.certificate)}})
        response = gate.ask("GET", "/push/v1/employees", [self.key()])
        self.assertEqual((response.status, response.header("sluice-origin")), (502, "gate"))
        self.assertEqual(vendor.requests, [])


if __name__ == "__main__":
    main()
