"""TLS of the listeners, as real clients see it: which certificate is presented, sessions that are resumed, clients that must show
a certificate, handshakes that never end."""

import ssl
import subprocess
import time

from certificates import Authority, fingerprint
from harness import GateTest, PATIENCE, main, wait_until
from raw_http import request_bytes


class Tls(GateTest):
    def setUp(self):
        super().setUp()
        self.authority = Authority(self.folder)

    def tls_gate(self, certificate, by_name=(), **options):
        tls = {"certificate": certificate[0], "private_key": certificate[1]}
        if by_name:
            tls["by_name"] = [{"certificate": file, "private_key": key} for file, key in by_name]
        tls.update(options.pop("tls", {}))
        return self.push_gate(listen=[{"address": "127.0.0.1:0", "tls": tls}], **options)

    def context(self, authority=None, certificate=None, version=None):
        context = ssl.create_default_context(cafile=str((authority or self.authority).certificate))
        if certificate:
            context.load_cert_chain(*certificate)
        if version:
            context.minimum_version = context.maximum_version = version
        return context

    def presented(self, gate, server_name):
        """The fingerprint of the certificate that a client gets; without a name, of one that sends no SNI."""
        name = ["-servername", server_name] if server_name else ["-noservername"]
        done = self.s_client(gate, *name)
        return fingerprint(self.write("presented.pem", done[done.index("-----BEGIN"):]))

    def s_client(self, gate, *arguments, text="", fails=False):
        done = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{gate.address[1]}", "-CAfile", str(self.authority.certificate),
                               *arguments], input=text, capture_output=True, text=True, timeout=60 * PATIENCE)
        if not fails:
            self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout


class CertificatesByName(Tls):
    def setUp(self):
        super().setUp()
        self.first = self.authority.issue("first", "DNS:localhost", "IP:127.0.0.1")
        self.wild = self.authority.issue("wild", "DNS:*.gate.test", "DNS:other.test")
        self.exact = self.authority.issue("exact", "DNS:a.gate.test")

    def test_the_certificate_that_fits_the_name_is_presented_and_else_the_first(self):
        gate = self.tls_gate(self.first, [self.wild, self.exact])
        for name, expected in (("a.gate.test", self.exact), ("A.Gate.Test", self.exact), ("b.gate.test", self.wild),
                               ("other.test", self.wild), ("localhost", self.first), ("gate.test", self.first),
                               ("x.y.gate.test", self.first), ("elsewhere.test", self.first), (None, self.first)):
            with self.subTest(name=name):
                self.assertEqual(self.presented(gate, name), fingerprint(expected[0]))

    def test_requests_are_served_under_every_name(self):
        gate = self.tls_gate(self.first, [self.wild, self.exact])
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            for name in ("a.gate.test", "b.gate.test", "localhost"):
                with self.subTest(version=version, name=name):
                    self.assert_vendors(gate.ask("GET", "/push/v1/employees", [self.key()], tls=self.context(version=version), server_name=name))

    def test_whatever_the_name_a_client_without_its_certificate_is_refused(self):
        gate = self.tls_gate(self.first, [self.wild], tls={"client_ca": str(self.authority.certificate)})
        machine = self.authority.issue("machine", "DNS:machine.test")
        for name in ("localhost", "b.gate.test"):
            with self.subTest(name=name):
                self.assert_vendors(gate.ask("GET", "/push/v1/employees", [self.key()], tls=self.context(certificate=machine), server_name=name))
                with self.assertRaises((ssl.SSLError, ConnectionError)):
                    with gate.connect(tls=self.context(), server_name=name) as connection:
                        connection.send(request_bytes("GET", "/push/v1/employees", [self.key()]))
                        connection.socket.recv(1)

    def test_alpn_holds_under_every_name(self):
        gate = self.tls_gate(self.first, [self.wild])
        for name in ("localhost", "b.gate.test"):
            with self.subTest(name=name):
                self.assertIn("ALPN protocol: http/1.1", self.s_client(gate, "-servername", name, "-alpn", "http/1.1"))
                self.assertNotIn("BEGIN CERTIFICATE", self.s_client(gate, "-servername", name, "-alpn", "h2", fails=True))

    def test_a_pair_that_does_not_fit_stops_the_start(self):
        tls = {"certificate": self.first[0], "private_key": self.first[1], "by_name": [{"certificate": self.wild[0], "private_key": self.exact[1]}]}
        path = self.configuration({"push": self.push("http://127.0.0.1:1")}, listen=[{"address": "127.0.0.1:0", "tls": tls}])
        _, _, errors = self.run_sluice("serve", "--config", path, status=2, environment=self.secrets)
        self.assertIn(f"the private key {self.exact[1]} does not fit the certificate {self.wild[0]}", errors)


class Sessions(Tls):
    def resumed(self, gate, context, session, server_name="localhost"):
        """Asks once; returns whether the session was resumed, and the new one."""
        with gate.connect(tls=None) as connection:
            plain = connection.socket
            secure = context.wrap_socket(plain, server_hostname=server_name, session=session)
            connection.socket = connection.reader.connection = secure
            connection.send(request_bytes("GET", "/push/v1/employees", [self.key()]))
            self.assert_vendors(connection.response())
            return secure.session_reused, secure.session

    def test_a_session_is_resumed_with_both_versions(self):
        gate = self.tls_gate(self.authority.issue("gate", "DNS:localhost"), workers=2)
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            with self.subTest(version=version):
                context = self.context(version=version)
                reused, session = self.resumed(gate, context, None)
                self.assertFalse(reused)
                for _ in range(6):  # any worker may take it
                    reused, session = self.resumed(gate, context, session)
                    self.assertTrue(reused)

    def test_openssls_own_client_resumes(self):
        gate = self.tls_gate(self.authority.issue("gate", "DNS:localhost"))
        request = f"GET /push/v1/employees HTTP/1.1\r\nHost: x\r\nConnection: close\r\nx-api-key: {self.secrets['ADMIN_TOKEN']}\r\n\r\n"
        for version in ("-tls1_2", "-tls1_3"):
            with self.subTest(version=version):
                kept = str(self.folder / f"session{version}")
                first = self.s_client(gate, version, "-sess_out", kept, "-ign_eof", text=request)
                self.assertIn("HTTP/1.1 200", first)
                self.assertIn("New, TLSv1", first)
                self.assertIn("Reused, TLSv1", self.s_client(gate, version, "-sess_in", kept, "-ign_eof", text=request))

    def test_a_resumed_session_still_says_who_the_client_is(self):
        machine = self.authority.issue("machine", "DNS:machine.test")
        gate = self.tls_gate(self.authority.issue("gate", "DNS:localhost"), tls={"client_ca": str(self.authority.certificate)},
                             clients={"machine": {"certificate": {"san": "machine.test"}}},
                             policy={"version": 1, "rules": [{"id": "all", "effect": "allow", "when": {"client": "machine", "operation": "*.*"}}]})
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            context, session = self.context(certificate=machine, version=version), None
            for expected in (False, True, True):
                with self.subTest(version=version, resumed=expected), gate.connect(tls=None) as connection:
                    secure = context.wrap_socket(connection.socket, server_hostname="localhost", session=session)
                    connection.socket = connection.reader.connection = secure
                    connection.send(request_bytes("GET", "/push/v1/employees"))
                    self.assert_vendors(connection.response())
                    self.assertEqual(secure.session_reused, expected)
                    session = secure.session

    def test_a_session_is_not_resumed_at_another_listener_nor_under_other_authorities_of_clients(self):
        machine = self.authority.issue("machine", "DNS:machine.test")
        other = Authority(self.folder, "other")
        certificate, key = self.authority.issue("gate", "DNS:localhost")
        authorities = self.write("clients.crt", self.authority.certificate.read_text())
        tls = {"certificate": certificate, "private_key": key, "client_ca": str(authorities)}
        gate = self.push_gate(listen=[{"address": "127.0.0.1:0", "tls": tls}, {"address": "127.0.0.1:0", "tls": tls}])
        context = self.context(certificate=machine)
        _, session = self.resumed(gate, context, None)
        self.assertTrue(self.resumed(gate, context, session)[0])
        gate.address = gate.addresses[1]
        self.assertFalse(self.resumed(gate, context, session)[0])
        gate.address = gate.addresses[0]
        authorities.write_text(authorities.read_text() + other.certificate.read_text())
        wait_until("the authorities to be taken up", lambda: len(gate.said("certificate reloaded")) == 2)
        self.assertFalse(self.resumed(gate, context, session)[0])


class Handshakes(Tls):
    def test_one_that_does_not_end_is_closed(self):
        gate = self.tls_gate(self.authority.issue("gate", "DNS:localhost"), limits={"tls_time": "300ms", "head_time": "1h", "keep_alive": "1h"})
        for octets in (b"", b"\x16\x03\x01"):
            with self.subTest(octets=octets), gate.connect() as connection:
                connection.send(octets)
                self.assertTrue(connection.ends(10))

    def test_after_it_a_connection_may_be_idle_for_as_long_as_any_other(self):
        gate = self.tls_gate(self.authority.issue("gate", "DNS:localhost"), limits={"tls_time": "300ms", "head_time": "300ms", "keep_alive": "1h"})
        with gate.connect(tls=self.context()) as connection:
            time.sleep(1)
            connection.send(request_bytes("GET", "/push/v1/employees", [self.key()]))
            self.assert_vendors(connection.response())

    def test_garbage_is_closed_and_disturbs_nobody(self):
        gate = self.tls_gate(self.authority.issue("gate", "DNS:localhost"))
        for octets in (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"\x16\x03\x01\xff\xff" + b"x" * 70000, b"\x00" * 1000):
            with self.subTest(octets=octets[:10]), gate.connect() as connection:
                try:
                    connection.send(octets)
                    while connection.socket.recv(65536):
                        pass
                except ConnectionError:
                    pass
        self.assert_vendors(gate.ask("GET", "/push/v1/employees", [self.key()], tls=self.context()))

    def test_many_at_once_and_many_broken_off_are_served_and_drained(self):
        gate = self.tls_gate(self.authority.issue("gate", "DNS:localhost"))
        left = []
        for number in range(60):  # a hello, and gone at some moment of the answer
            connection = gate.connect()
            incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
            client = self.context().wrap_bio(incoming, outgoing, server_hostname="localhost")
            try:
                client.do_handshake()
            except ssl.SSLWantReadError:
                pass
            connection.send(outgoing.read())
            if number % 2:
                connection.close()
            else:
                left.append(connection)
        self.assert_vendors(gate.ask("GET", "/push/v1/employees", [self.key()], tls=self.context()))
        for connection in left:
            connection.close()
        self.assertEqual(gate.stop(), 0)


if __name__ == "__main__":
    main()
