"""Certificates that change in their files: taken up for new connections, without losing one; what cannot be loaded changes
nothing and is said once."""

import hashlib
import http.client
import os
import shutil
import ssl
import threading
import time

from certificates import Authority, fingerprint
from harness import GateTest, main, wait_until
from raw_http import Closed, request_bytes


class CertificateReload(GateTest):
    def setUp(self):
        super().setUp()
        self.authority = Authority(self.folder)

    def serve_from(self, folder, **tls):
        return self.push_gate(listen=[{"address": "127.0.0.1:0",
                                       "tls": {"certificate": f"{folder}/tls.crt", "private_key": f"{folder}/tls.key", **tls}}])

    def put(self, folder, certificate, key, swap=False):
        """Puts a pair into a folder; with `swap` each file is renamed over the old one."""
        (self.folder / folder).mkdir(exist_ok=True)
        for source, name in ((certificate, "tls.crt"), (key, "tls.key")):
            target = self.folder / folder / name
            if swap:
                shutil.copy(source, f"{target}.new")
                os.rename(f"{target}.new", target)
            else:
                shutil.copy(source, target)

    def link(self, version, certificate, key):
        """As Kubernetes mounts a secret: files are links into ..data, a link to the folder of the version."""
        root = self.folder / "secret"
        self.put(f"secret/..{version}", certificate, key)
        os.symlink(f"..{version}", root / "..data_tmp")
        os.rename(root / "..data_tmp", root / "..data")
        for name in ("tls.crt", "tls.key"):
            if not (root / name).is_symlink():
                os.symlink(f"..data/{name}", root / name)

    def context(self):
        return ssl.create_default_context(cafile=str(self.authority.certificate))

    def presented(self, gate):
        with gate.connect(tls=self.context()) as connection:
            return hashlib.sha256(connection.socket.getpeercert(binary_form=True)).hexdigest()

    def wait_for(self, gate, certificate):
        wait_until("the new certificate", lambda: self.presented(gate) == fingerprint(certificate), 10)

    def ask_until(self, stop, gate, keep_alive, outcomes):
        """Requests without pause, on one connection or each on its own. Anything but a 200 is an outcome to explain."""
        connection = None
        while not stop.is_set():
            try:
                if connection is None:
                    connection = http.client.HTTPSConnection("localhost", gate.address[1], timeout=30, context=self.context())
                connection.request("GET", "/push/v1/employees", headers=dict([self.key()]))
                answer = connection.getresponse()
                answer.read()
                outcomes.append(answer.status)
            except (OSError, http.client.HTTPException) as error:
                outcomes.append(repr(error))
                connection = None
            if not keep_alive and connection is not None:
                connection.close()
                connection = None
        if connection is not None:
            connection.close()

    def under_load(self, gate, swaps):
        """Runs `swaps`, each with its certificate, while clients ask. Nobody may notice."""
        stop, outcomes = threading.Event(), []
        threads = [threading.Thread(target=self.ask_until, args=(stop, gate, number % 2 == 0, outcomes)) for number in range(4)]
        for thread in threads:
            thread.start()
        try:
            for change, certificate in swaps:
                change()
                self.wait_for(gate, certificate)
                already = len(outcomes)
                wait_until("requests after the swap", lambda: len(outcomes) > already + 40)
        finally:
            stop.set()
            for thread in threads:
                thread.join()
        self.assertEqual(set(outcomes), {200})

    def test_files_renamed_over_the_old_ones_are_taken_up_and_no_request_is_lost(self):
        pairs = [self.authority.issue(f"gate{number}", "DNS:localhost") for number in range(3)]
        self.put("tls", *pairs[0])
        gate = self.serve_from("tls")
        self.assertEqual(self.presented(gate), fingerprint(pairs[0][0]))
        self.under_load(gate, [(lambda pair=pair: self.put("tls", *pair, swap=True), pair[0]) for pair in pairs[1:]])
        lines = gate.said("certificate reloaded")
        self.assertEqual([line["sha256"] for line in lines], [fingerprint(pair[0]) for pair in pairs[1:]])
        for line in lines:
            self.assertEqual(line["file"], str(self.folder / "tls/tls.crt"))
            self.assertRegex(line["not_after"], r"^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
            self.assertEqual(line["for"], f"listener 127.0.0.1:{gate.address[1]}")

    def test_a_link_that_is_turned_to_another_folder_is_followed_and_no_request_is_lost(self):
        pairs = [self.authority.issue(f"gate{number}", "DNS:localhost") for number in range(2)]
        (self.folder / "secret").mkdir()
        self.link(0, *pairs[0])
        gate = self.serve_from("secret")
        self.under_load(gate, [(lambda: self.link(1, *pairs[1]), pairs[1][0])])

    def test_a_connection_keeps_its_certificate_and_goes_on(self):
        pairs = [self.authority.issue(f"gate{number}", "DNS:localhost") for number in range(2)]
        self.put("tls", *pairs[0])
        gate = self.serve_from("tls")
        with gate.connect(tls=self.context()) as connection:
            for number in range(2):
                connection.send(request_bytes("GET", "/push/v1/employees", [self.key()]))
                self.assert_vendors(connection.response())
                if number == 0:
                    self.put("tls", *pairs[1])
                    self.wait_for(gate, pairs[1][0])

    def test_what_cannot_be_loaded_keeps_the_old_one_and_is_said_once_with_the_file(self):
        pairs = [self.authority.issue(f"gate{number}", "DNS:localhost") for number in range(2)]
        self.put("tls", *pairs[0])
        gate = self.serve_from("tls")
        certificate, key = self.folder / "tls/tls.crt", self.folder / "tls/tls.key"
        whole = certificate.read_bytes()

        def complaints():
            return [line["reason"] for line in gate.said("reload rejected: what was in force stays", level="error")]

        def expect(count, words):
            wait_until(f"a complaint of {words}", lambda: len(complaints()) >= count, 10)
            self.assertIn(words, complaints()[-1])
            self.assertEqual(self.presented(gate), fingerprint(pairs[0][0]))
        shutil.copy(pairs[1][1], key)
        expect(1, f"the private key {key} does not fit the certificate {certificate}")
        certificate.write_bytes(whole[:len(whole) // 2])
        expect(2, f"cannot read the certificate {certificate}")
        certificate.unlink()
        expect(3, f"cannot read the certificate {certificate}")
        certificate.write_bytes(whole)
        key.write_bytes(b"")
        expect(4, f"cannot read the private key {key}")
        time.sleep(3)  # for it to be looked at again
        self.assertEqual(len(complaints()), 4)
        self.put("tls", *pairs[1])
        self.wait_for(gate, pairs[1][0])
        self.assertEqual(len(complaints()), 4)

    def test_a_certificate_that_ends_soon_or_has_ended_is_warned_of_at_start_and_when_it_is_taken_up(self):
        soon, fine = self.authority.issue("soon", "DNS:localhost", days=13), self.authority.issue("fine", "DNS:localhost", days=15)
        ended = self.authority.issue("ended", "DNS:localhost", days=-1)
        self.put("tls", *soon)
        gate = self.serve_from("tls")
        self.assertEqual(len(gate.said("certificate expires soon", level="warning", sha256=fingerprint(soon[0]))), 1)
        self.put("tls", *fine)
        self.wait_for(gate, fine[0])
        self.put("tls", *ended)
        wait_until("the warning", lambda: gate.said("certificate has expired", level="warning", sha256=fingerprint(ended[0])), 10)
        self.assertEqual(len(gate.said("certificate expires soon")), 1)

    def test_the_authorities_of_clients_are_taken_up(self):
        other = Authority(self.folder, "other")
        self.put("tls", *self.authority.issue("gate", "DNS:localhost"))
        authorities = self.write("clients.crt", self.authority.certificate.read_text())
        gate = self.serve_from("tls", client_ca=str(authorities))
        context = self.context()
        context.load_cert_chain(*other.issue("machine", "DNS:machine.test"))

        def served():
            try:
                return gate.ask("GET", "/push/v1/employees", [self.key()], tls=context).status == 200
            except (OSError, Closed):
                return False
        self.assertFalse(served())
        authorities.write_text(other.certificate.read_text())
        wait_until("the new authority to be taken up", served, 10)

    def test_a_connection_whose_authority_is_trusted_no_more_ends_and_others_go_on(self):
        other = Authority(self.folder, "other")
        self.put("tls", *self.authority.issue("gate", "DNS:localhost"))
        both = self.authority.certificate.read_text() + other.certificate.read_text()
        authorities = self.write("clients.crt", both)
        gate = self.serve_from("tls", client_ca=str(authorities))

        def connect(authority):
            context = self.context()
            context.load_cert_chain(*authority.issue("machine", "DNS:machine.test"))
            connection = gate.connect(tls=context)
            self.addCleanup(connection.close)
            return connection

        def ask(connection):
            connection.send(request_bytes("GET", "/push/v1/employees", [self.key()]))
            return connection.response().status
        stays, goes = connect(self.authority), connect(other)
        self.assertEqual((ask(stays), ask(goes)), (200, 200))
        authorities.write_text(self.authority.certificate.read_text())
        gate.reload()
        self.assertEqual(ask(stays), 200)
        with self.assertRaises((OSError, Closed)):
            ask(goes)

    def test_the_authority_of_an_upstream_is_taken_up(self):
        other = Authority(self.folder, "other")
        authority = self.write("vendor-ca.crt", other.certificate.read_text())
        vendor = self.upstream(tls=self.authority.issue("vendor", "DNS:localhost"))
        gate = self.push_gate(vendor, api={"upstream_tls": {"ca": str(authority)}})
        self.assert_problem(gate.ask("GET", "/push/v1/employees", [self.key()]), 502, "upstream-unreachable")
        authority.write_text(self.authority.certificate.read_text())
        wait_until("the new authority", lambda: gate.said("authorities reloaded", **{"for": "api push"}), 10)
        self.assert_vendors(gate.ask("GET", "/push/v1/employees", [self.key()]))


if __name__ == "__main__":
    main()
