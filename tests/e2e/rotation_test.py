"""Everything that can be rotated is, in turn, while both APIs are asked 500 times a second, over TLS and without: no request fails,
what is old is refused afterwards, and each change is in the audit. SLUICE_ROTATION_SECONDS is how long it takes; ctest's is short."""

import base64
import hashlib
import http.client
import json
import os
import secrets
import socket
import ssl
import threading
import time

import harness
from certificates import Authority, fingerprint
from harness import GateTest, main, standard_policy, wait_until
from scripted_upstream import answer

SECONDS = float(os.environ.get("SLUICE_ROTATION_SECONDS", "12"))
RATE = 500 if not harness.SANITIZED else 100
ASKERS = 4
PUSH, SECURENVOY = "/push/v1/employees", harness.SECURENVOY + "/users"


def hash_of(token):
    return hashlib.sha256(token.encode()).hexdigest()


class Load:
    """Asks at a steady rate, each asker on one kept connection to one listener; what is not a 200 is a failure."""

    def __init__(self, token):
        self.token, self.done, self.failures, self.slowest = token, 0, [], 0.0
        self.lock, self.stop = threading.Lock(), threading.Event()
        self.threads = []

    def ask(self, connect, number):
        connection, due = None, time.monotonic()
        while not self.stop.is_set():
            due += ASKERS / RATE
            time.sleep(max(0, due - time.monotonic()))
            begun = time.monotonic()
            try:
                connection = connection or connect()
                connection.request("GET", (PUSH, SECURENVOY)[number % 2], headers={"x-api-key": self.token})
                got = connection.getresponse()
                got.read()
                result = got.status
            except (OSError, http.client.HTTPException) as error:
                result, connection = repr(error), None
            number += 1
            with self.lock:
                self.done += 1
                self.slowest = max(self.slowest, time.monotonic() - begun)
                if result != 200:
                    self.failures.append(result)

    def start(self, connects):
        self.threads = [threading.Thread(target=self.ask, args=(connects[number % len(connects)], number)) for number in range(ASKERS)]
        for thread in self.threads:
            thread.start()

    def end(self):
        self.stop.set()
        for thread in self.threads:
            thread.join()


class Rotation(GateTest):
    def setUp(self):
        super().setUp()
        self.authority = Authority(self.folder)
        self.webhook = self.sink()
        self.table = []

    def vendor_of(self, header):
        """A vendor that takes the keys in `keys` only."""
        keys = set()

        def script(request, connection):
            known = (request.header(header) or "") in keys
            return answer(200 if known else 401, headers=[("Content-Type", "application/json")])
        vendor = self.upstream(script)
        vendor.keys = keys
        return vendor

    def replace(self, name, content):
        self.write(name + ".new", content)
        os.rename(self.folder / (name + ".new"), self.folder / name)

    def mount(self, version, **files):
        root = self.folder / "mount"
        (root / f"..{version}").mkdir(parents=True)
        for name, content in files.items():
            (root / f"..{version}" / name).write_text(content)
        os.symlink(f"..{version}", root / "..data_tmp")
        os.rename(root / "..data_tmp", root / "..data")
        for name in files:
            if not (root / name).is_symlink():
                os.symlink(f"..data/{name}", root / name)

    def prepare(self):
        self.push_vendor, self.other_vendor = self.vendor_of("x-api-key"), self.vendor_of("authorization")
        self.replace("push-key", "push-key-1")
        self.mount(1, key="other-key-1")
        self.push_vendor.keys.add("push-key-1")
        self.other_vendor.keys.add("Bearer other-key-1")
        self.certificates = [self.authority.issue(f"gate{number}", "DNS:localhost") for number in range(2)]
        for path, name in zip(self.certificates[0], ("tls.crt", "tls.key")):
            self.replace(name, open(path).read())
        self.replace("hook-secret", self.secrets["WEBHOOK_SECRET"])
        push = self.push(self.push_vendor.url, credential={"full": {"file": "push-key"}})
        other = self.securenvoy(self.other_vendor.url)
        other["credential"]["full"] = {"file": "mount/key"}
        self.apis = {"push": push, "securenvoy": other}
        self.listen = [{"address": "127.0.0.1:0"}, {"address": "127.0.0.1:0", "tls": {"certificate": "tls.crt", "private_key": "tls.key"}}]
        self.token = "token-" + secrets.token_hex(16)
        self.clients = {"admin": {"token_sha256": [hash_of(self.token)]}, "siem": {"token": {"env": "SIEM_TOKEN"}}, "soar": {"token": {"env": "SOAR_TOKEN"}}}
        audit = {"spool": "audit.db", "durability": "process",
                 "webhooks": [{"name": "sink", "url": self.webhook.url, "secret": {"file": "hook-secret"}}]}
        self.document = self.configuration(self.apis, listen=self.listen, clients=self.clients, audit=audit, workers=2)
        self.running = self.serve(self.document, 2)

    def configure(self, **sections):
        document = {**json.loads(self.document.read_text()), **sections}
        self.replace("sluice.yaml", json.dumps(document))

    def trusting(self):
        return ssl.create_default_context(cafile=str(self.authority.certificate))

    def presented(self):
        with socket.create_connection(self.running.addresses[1]) as plain, self.trusting().wrap_socket(plain, server_hostname="localhost") as tls:
            return hashlib.sha256(tls.getpeercert(binary_form=True)).hexdigest()

    def status_of(self, token):
        return self.running.ask("GET", PUSH, [("x-api-key", token)]).status

    def rotate(self, what, change, is_new, refuse_old, kind, count=1, **data):
        """Changes it, waits until it is in force, refuses the old one from then on, and looks for its events."""
        events = len(self.webhook.events(kind, **data))
        failed, asked, begun = len(self.load.failures), self.load.done, time.monotonic()
        change()
        wait_until(what, is_new, 15)
        took = time.monotonic() - begun
        refuse_old()
        wait_until(f"the event of {what}", lambda: len(self.webhook.events(kind, **data)) >= events + count)
        time.sleep(max(0, SECONDS / 9 - (time.monotonic() - begun)))
        self.table.append((what, took, self.load.done - asked, len(self.load.failures) - failed,
                           len(self.webhook.events(kind, **data)) - events))

    def rotate_vendor_keys(self):
        def push_key():
            self.push_vendor.keys.add("push-key-2")
            self.replace("push-key", "push-key-2")

        def other_key():
            self.other_vendor.keys.add("Bearer other-key-2")
            self.mount(2, key="other-key-2")
        for what, vendor, change, header, new, api in (
                ("vendor key, file", self.push_vendor, push_key, "x-api-key", "push-key-2", "push"),
                ("vendor key, ..data", self.other_vendor, other_key, "authorization", "Bearer other-key-2", "securenvoy")):
            def is_new(vendor=vendor, header=header, new=new):
                latest = vendor.requests[-20:]
                return len(latest) == 20 and all(request.header(header) == new for request in latest)

            def refuse_old(vendor=vendor, new=new):
                vendor.keys.intersection_update({new})
            self.rotate(what, change, is_new, refuse_old, "credential.changed", api=api)

    def rotate_token(self):
        old, new = self.token, "token-" + secrets.token_hex(16)

        def clients(*tokens):
            return {**self.clients, "admin": {"token_sha256": [hash_of(token) for token in tokens]}}

        def change():
            self.configure(clients=clients(old, new))
            wait_until("the second token", lambda: self.status_of(new) == 200)
            self.load.token = new
            time.sleep(0.1)  # for requests under way
            self.configure(clients=clients(new))
        self.rotate("client token", change, lambda: self.status_of(old) == 401, lambda: None, "credential.changed", count=2, client="admin")
        self.assertEqual((self.status_of(old), self.status_of(new)), (401, 200))

    def rotate_the_rest(self):
        def certificate():
            for path, name in zip(self.certificates[1], ("tls.crt", "tls.key")):
                self.replace(name, open(path).read())
        self.rotate("certificate", certificate, lambda: self.presented() == fingerprint(self.certificates[1][0]), lambda: None,
                    "policy.reloaded", changed=["certificates"])
        policy = standard_policy(self.apis)
        policy["rules"].append({"id": "no-siem", "effect": "deny", "when": {"client": "siem"}})
        siem = self.secrets["SIEM_TOKEN"]
        self.assertEqual(self.status_of(siem), 200)
        self.rotate("policy", lambda: self.replace("policy.yaml", json.dumps(policy)), lambda: self.status_of(siem) == 403, lambda: None,
                    "policy.reloaded", changed=["policy"])
        old, new = self.secrets["WEBHOOK_SECRET"], "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()
        self.webhook.trust(old, new)
        reloads = len(self.running.said("reloaded"))
        self.rotate("webhook secret", lambda: self.replace("hook-secret", new), lambda: len(self.running.said("reloaded")) > reloads,
                    lambda: self.webhook.trust(new), "credential.changed", webhook="sink")

    def rotate_listener(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]

        def answers():
            try:
                socket.create_connection(("127.0.0.1", port), 5).close()
                return True
            except OSError:
                return False
        self.rotate("listener added", lambda: self.configure(listen=[*self.listen, {"address": f"127.0.0.1:{port}"}]), answers, lambda: None,
                    "policy.reloaded", changed=["configuration"])
        self.rotate("listener removed", lambda: self.configure(listen=self.listen), lambda: not answers(), lambda: None,
                    "policy.reloaded", changed=["configuration"])

    def test_everything_rotates_under_load_and_nothing_fails(self):
        self.prepare()
        plain, tls = self.running.addresses
        self.load = Load(self.token)
        self.load.start([lambda: http.client.HTTPConnection(*plain, timeout=30),
                         lambda: http.client.HTTPSConnection("localhost", tls[1], timeout=30, context=self.trusting())])
        try:
            self.rotate_vendor_keys()
            self.rotate_token()
            self.rotate_the_rest()
            self.rotate_listener()
        finally:
            self.load.end()
        for what, took, asked, failed, events in self.table:
            print(f"{what:20} in force after {took:5.2f} s, {asked:6} requests, {failed} failed, {events} events")
        print(f"{self.load.done} requests, {len(self.load.failures)} failed, slowest {self.load.slowest * 1000:.0f} ms")
        self.assertEqual(self.load.failures, [])
        self.assertGreater(self.load.done, RATE * SECONDS / 4)
        self.assertEqual({vendor.requests[-1].header(header) for vendor, header in
                          ((self.push_vendor, "x-api-key"), (self.other_vendor, "authorization"))}, {"push-key-2", "Bearer other-key-2"})
        # Of the token: the second one added, the first one removed. Of each other change of a secret, one.
        changes = [(event["data"].get("api"), event["data"].get("client"), event["data"].get("webhook"))
                   for event in self.webhook.events("credential.changed")]
        self.assertEqual(sorted(changes, key=str), sorted(
            [("push", None, None), ("securenvoy", None, None), (None, "admin", None), (None, "admin", None), (None, None, "sink")], key=str))
        self.assertEqual([row[4] for row in self.table], [1, 1, 2, 1, 1, 1, 1, 1])
        self.assertEqual(self.webhook.breaks(), [])


if __name__ == "__main__":
    main()
