"""No secret is where it need not be: not in logs, spool, events, metrics or answers, and of those that are no longer in use not
in the process's memory either."""

import base64
import hashlib
import json
import os
import pathlib
import resource
import shutil
import signal
import ssl
import subprocess
import time
import unittest
import urllib.parse

import harness
from canaries import canary, found
from certificates import Authority
from harness import SECURENVOY, Gate, GateTest, main, wait_until
from otlp_receiver import OtlpReceiver
from raw_http import Closed, Connection, request_bytes
from scripted_upstream import answer

JSON = [("Content-Type", "application/json")]


class CanaryGate(GateTest):
    sure_to_be_there = "full-key"  # in a running gate's memory

    def setUp(self):
        super().setUp()
        self.authority = Authority(self.folder)
        self.certificate, self.private_key = self.authority.issue("gate", "DNS:localhost", "IP:127.0.0.1")
        self.newer = self.authority.issue("newer", "DNS:localhost", "IP:127.0.0.1")
        # In use as long as the gate runs.
        self.used = {name: canary(name) for name in ("read-key", "full-key", "sealed-key", "webhook-header", "salt", "admin-token", "soar-token", "collector-token")}
        self.used["webhook-secret"] = self.secrets["WEBHOOK_SECRET"]
        self.used["tls-key"] = self.key_forms(self.private_key)
        # Of no use once they have been looked at.
        self.past = {name: canary(name) for name in (
            "master", "siem-token", "refused-token", "refused-bearer", "refused-apikey", "refused-basic",
            "second-header", "query-token", "broken-name", "cut-head", "long-head", "folded-head", "password", "broken-password",
            "chunked-password", "long-password", "denied-password", "pipelined-token", "admin-page-token")}
        self.secrets = {"WEBHOOK_SECRET": self.secrets["WEBHOOK_SECRET"]}  # none of them in the environment
        self.echo = lambda request: b"{}"
        self.answers = []
        self.searched = []

    @staticmethod
    def key_forms(path):
        """The number of a P-256 key, and its parts on the two lines of PEM that show it."""
        der = subprocess.run(["openssl", "pkey", "-in", path, "-outform", "DER"], check=True, capture_output=True).stdout
        at = der.index(b"\x04\x20") + 2
        return [der[at:at + 32], der[at:at + 12], der[at + 12:at + 32]]

    # --- the gate

    def put(self, name, value):
        path = self.write(f"secrets/{name}", value + "\n")
        path.chmod(0o600)
        return {"file": f"secrets/{name}"}

    def prepare(self):
        """Writes the configuration, and seals what is sealed. Returns the path of the first."""
        self.vendor = self.upstream(lambda request, connection: self.respond(request, connection))
        self.received = self.sink()
        self.collector = OtlpReceiver()
        self.doubles.append(self.collector)
        configuration = self.write("sluice.yaml", self.configuration_of())
        self.write("policy.yaml", harness.standard_policy({"push": 0, "securenvoy": 0}))
        for name in ("sealed-key", "soar-token", "salt"):
            _, out, errors = self.run_sluice("keys", "seal", name, "--config", configuration, status=0, text=self.used[name] + "\n")
            self.assertEqual(found({**self.used, **self.past}, (out + errors).encode()), [])
        return configuration

    def configuration_of(self):
        return {
            "version": 1,
            "listen": [{"address": "127.0.0.1:0"},
                       {"address": "127.0.0.1:0", "tls": {"certificate": self.certificate, "private_key": self.private_key}}],
            "admin": {"address": "127.0.0.1:0"},
            "log": {"format": "json", "level": "debug", "access": True},
            "tracing": {"otlp": self.collector.url, "headers": {"x-collector": self.put("collector", self.used["collector-token"])}},
            "sealed_keys": {"path": "keys.sealed", "master": self.put("master", self.past["master"])},
            "apis": {
                "push": self.push(self.vendor.url, credential={"read": self.put("read", self.used["read-key"]),
                                                               "full": self.put("full", self.used["full-key"])}),
                "securenvoy": self.securenvoy(self.vendor.url, credential={
                    "header": "Authorization", "value": "APIKEY {base64:key}", "full": {"sealed": "sealed-key"}})},
            "clients": {"admin": {"token": self.put("admin", self.used["admin-token"])},
                        "soar": {"token": {"sealed": "soar-token"}, "groups": ["automation"]},
                        "siem": {"token_sha256": [hashlib.sha256(self.past["siem-token"].encode()).hexdigest()]}},
            "policy": "policy.yaml",
            "audit": {"spool": "audit.db", "durability": "process", "capture_salt": {"sealed": "salt"},
                      "capture": [{"operations": "push.employees.groups.add", "fields": ["/group"], "hash": True}],
                      "webhooks": [{"name": "sink", "url": self.received.url, "secret": self.put("webhook", self.used["webhook-secret"]),
                                    "headers": {"x-sink": self.put("header", self.used["webhook-header"])}}]}}

    def respond(self, request, connection):
        body = self.echo(request)
        if isinstance(body, list):  # in pieces
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n")
            for piece in body:
                connection.sendall(b"%x\r\n%s\r\n" % (len(piece), piece))
            return b"0\r\n\r\n"
        return answer(200, body, [("Content-Type", "application/json")])

    # --- what is searched

    def search(self, where, octets, canaries=None):
        canaries = canaries or {**self.used, **self.past}
        self.searched.append(f"{where} ({len(octets)} octets)")
        hits = found(canaries, octets)
        self.assertEqual([f"{name} as {form.decode('latin-1')} at {at}, in {octets[max(0, at - 80):at + 160]!r}"
                          for name, form, at in hits], [], where)

    def search_spool(self, when):
        files = sorted(path for path in self.folder.iterdir() if path.name.startswith(("audit.db", "keys.sealed")))
        self.assertGreaterEqual(len(files), 4, files)
        for path in files:
            self.search(f"{path.name} {when}", path.read_bytes())

    def search_outside(self):
        for page in ("/metrics", "/status", "/history", "/readyz", "/healthz"):
            self.search(page, self.gate.get_admin(page)[1].encode())
        self.search("answers", b"".join(self.answers))
        self.search("webhook bodies", b"".join(body for _, body, _ in self.received.deliveries))
        lines = [f"{name}: {value}" for headers, _, _ in self.received.deliveries for name, value in headers.items() if name != "x-sink"]
        self.search("traces", b"".join(body for _, _, body in self.collector.exports))
        self.search("the collector's headers", "\n".join(f"{name}: {value}" for _, headers, _ in self.collector.exports
                                                         for name, value in headers.items() if name != "x-collector").encode())
        self.assertIn("full", {span.attributes.get("sluice.key") for span in self.collector.spans()})
        self.search("access lines", "\n".join(json.dumps(line) for line in self.gate.said("request")).encode())
        self.search("webhook headers", "\n".join(lines).encode())
        self.search_spool("while it runs")
        self.search("the log", "\n".join(self.gate.errors + self.gate.output).encode())

    def core(self):
        """A dump of the running gate's memory, as root can make one."""
        path = self.folder / "core"
        done = subprocess.run(["gcore", "-o", path, str(self.gate.popen.pid)], capture_output=True, text=True, timeout=300)
        dump = pathlib.Path(f"{path}.{self.gate.popen.pid}")
        self.assertTrue(dump.exists(), done.stdout + done.stderr)
        with dump.open("rb") as file:  # mostly pages that nobody has touched
            octets = b"".join(page for page in iter(lambda: file.read(4096), b"") if page.strip(b"\0"))
        dump.unlink()
        # What does not find what is in use could not find the rest.
        self.assertIn(self.used[self.sure_to_be_there].encode(), octets)
        return octets

    def memory_is_clean(self, when):
        if os.geteuid() != 0 or harness.SANITIZED:
            print(f"memory {when}: not searched, which takes root and an ordinary build")
            return
        if shutil.which("gcore") is None:
            self.fail("gcore is missing: install gdb")
        self.search(f"core {when}", self.core(), self.past)


class Canaries(CanaryGate):
    # --- traffic

    def ask(self, method, target, headers, body=None, **options):
        response = self.gate.ask(method, target, headers, body, **options)
        self.answers.append(response.raw_head + response.body)
        return response

    def send_raw(self, octets, tls=None):
        """Octets that are no good request; whatever is answered."""
        with Connection(self.gate.addresses[1 if tls else 0], tls=tls) as connection:
            connection.send(octets)
            try:
                self.answers.append(connection.response().body)
            except (Closed, OSError):
                pass

    def context(self):
        return ssl.create_default_context(cafile=str(self.authority.certificate))

    def good_requests(self):
        past, used = self.past, self.used
        for token, target in ((past["siem-token"], "/push/v1/employees"), (used["soar-token"], "/push/v1/employees?limit=5")):
            for headers in ([("x-api-key", token)], [("Authorization", "Bearer " + token)],
                            [("Authorization", "APIKEY " + base64.b64encode(token.encode()).decode())]):
                self.assertEqual(self.ask("GET", target, headers).status, 200)
        admin = [("x-api-key", used["admin-token"])]
        self.assertEqual(self.ask("POST", "/push/v1/employees/e1/groups", admin, {"group": "a"}).status, 200)
        self.ask("PUT", SECURENVOY + "/users/u1", admin, {"city": "Leeds", "password": past["password"]})
        self.ask("POST", SECURENVOY + "/users", admin, {"username": "u2", "password": past["password"]})
        self.ask("POST", SECURENVOY + "/credentials/setpassword/u1", admin, {"password": past["password"], "sendEmail": False})
        self.ask("PUT", SECURENVOY + "/users/u1", admin, json.dumps({"city": "x" * 100_000, "password": past["long-password"]}).encode())
        text = json.dumps({"password": past["chunked-password"]}).encode()
        pieces = b"".join(b"%x\r\n%s\r\n" % (len(text[i:i + 7]), text[i:i + 7]) for i in range(0, len(text), 7)) + b"0\r\n\r\n"
        self.send_raw(b"POST " + SECURENVOY.encode() + b"/credentials/setpassword/u1 HTTP/1.1\r\nHost: g\r\nContent-Type: application/json\r\n"
                      b"x-api-key: " + used["admin-token"].encode() + b"\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n" + pieces)
        with Connection(self.gate.addresses[1], tls=self.context(), server_name="localhost") as connection:
            for _ in range(3):
                connection.send(request_bytes("GET", "/push/v1/employees", [("x-api-key", past["siem-token"])]))
                self.assertEqual(connection.response().status, 200)
            connection.send(request_bytes("POST", SECURENVOY + "/credentials/setpassword/u1", [*admin, *JSON],
                                          json.dumps({"password": past["password"]}).encode()))
            self.answers.append(connection.response().body)
        with self.gate.connect() as connection:
            connection.send(request_bytes("GET", "/push/v1/employees", [("x-api-key", past["siem-token"])]) * 2 +
                            request_bytes("GET", "/push/v1/employees", [("x-api-key", past["pipelined-token"])]))
            for _ in range(3):
                self.answers.append(connection.response().body)

    def bad_requests(self):
        past, used, siem = self.past, self.used, ("x-api-key", self.past["siem-token"])
        expect = (([("x-api-key", past["refused-token"])], 401), ([("Authorization", "Bearer " + past["refused-bearer"])], 401),
                  ([("Authorization", "APIKEY " + base64.b64encode(past["refused-apikey"].encode()).decode())], 401),
                  ([("Authorization", "Basic " + base64.b64encode(past["refused-basic"].encode()).decode())], 401),
                  ([siem, ("Authorization", "Bearer " + past["second-header"])], 401))
        for headers, status in expect:
            self.assertEqual(self.ask("GET", "/push/v1/employees", headers).status, status)
        self.ask("GET", f"/push/v1/employees?x-api-key={urllib.parse.quote(past['query-token'], safe='')}", [])
        for token in (used["soar-token"], past["siem-token"]):
            response = self.ask("POST", SECURENVOY + "/credentials/setpassword/u1", [("x-api-key", token)], {"password": past["denied-password"]})
            self.assertEqual(response.status, 403)
        self.ask("PUT", SECURENVOY + "/users/u1", [("x-api-key", used["admin-token"]), *JSON], b'{"password": "' + past["broken-password"].encode() + b'", }')
        for tls in (None, self.context()):
            head = f"GET /push/v1/employees HTTP/1.1\r\nHost: g\r\nx-api-key: {past['siem-token']}\r\n"
            self.send_raw(f"{head}Bad Name: {past['broken-name']}\r\n\r\n".encode(), tls)
            self.send_raw(f"{head}X-A: b\r\n {past['folded-head']}\r\n\r\n".encode(), tls)
            self.send_raw(f"{head}{'X-Long: ' + 'a' * 3000 + past['long-head']}\r\n".encode() * 20 + b"\r\n", tls)
            with Connection(self.gate.addresses[1 if tls else 0], tls=tls, server_name="localhost" if tls else None) as connection:
                connection.send(f"{head}x-cut: {past['cut-head']}".encode())
        connection = Connection(self.gate.admin)
        with connection:
            connection.send(request_bytes("GET", "/metrics", [("Authorization", "Bearer " + past["admin-page-token"])]))
            self.answers.append(connection.response().body)

    def reflections(self):
        """A vendor that shows the key: plain, encoded, and cut wherever it can be."""
        siem = [("x-api-key", self.past["siem-token"])]
        key = self.used["read-key"].encode()
        shown = [b'{"key": "' + key + b'"}', b"..." + base64.b64encode(key), b"...." + base64.b64encode(b"key=" + key + b"!"),
                 base64.b64encode(b"a: " + key), base64.urlsafe_b64encode(b"12345" + key), key.hex().encode(), key.hex().upper().encode(),
                 urllib.parse.quote_from_bytes(key, safe="").encode(), "".join(f"%{octet:02x}" for octet in key).encode(),
                 json.dumps(key.decode()).replace("/", "\\/").encode(), "".join(f"\\u{octet:04x}" for octet in key).encode(),
                 *([b"x" * 50 + key[:cut], key[cut:] + b"y"] for cut in range(1, len(key), 7)), [bytes([octet]) for octet in key]]
        for body in shown:
            self.echo = lambda request, body=body: body
            try:
                response = self.ask("GET", "/push/v1/employees", siem)
            except (Closed, OSError):
                continue
            if response.whole:
                self.assertEqual(response.status, 502, body)
        self.echo = lambda request: b"{}"

    def traffic(self):
        self.good_requests()
        self.bad_requests()
        self.reflections()
        denied = len(self.received.events("request.denied"))
        self.ask("GET", "/push/v1/none", [("x-api-key", self.past["siem-token"])])
        wait_until("the last trace", lambda: any(span.attributes.get("url.path") == "/v1/none" for span in self.collector.spans()))
        wait_until("the last denial", lambda: len(self.received.events("request.denied")) > denied)

    def test_secrets_are_nowhere_outside_and_those_of_the_past_not_in_memory(self):
        self.gate = Gate(["serve", "--config", self.prepare()], {}, self.folder, 2)
        self.processes.insert(0, self.gate)
        self.traffic()
        self.search_outside()
        self.memory_is_clean("after requests")
        for name in ("read-key", "full-key", "webhook-secret", "webhook-header", "admin-token"):
            self.rotate(name)
        self.past["old-tls-key"] = self.used["tls-key"]
        self.used["tls-key"] = self.key_forms(self.newer[1])
        for source, target in zip(self.newer, (self.certificate, self.private_key)):
            shutil.copy(source, target)
        wait_until("the reload", lambda: self.reloaded(), 30)
        self.traffic()
        self.memory_is_clean("after a change of the keys")
        self.search_outside()
        self.assertEqual(self.gate.stop(), 0)
        self.search_spool("after the stop")
        self.search("the log after the stop", "\n".join(self.gate.errors + self.gate.output).encode())
        for place in self.searched:
            print(f"searched {place}")
        print(f"secrets searched {len(self.used) + len(self.past)}, each in 15 forms: found 0", flush=True)

    def rotate(self, name):
        fresh = canary(name) if name != "webhook-secret" else "whsec_" + base64.b64encode(os.urandom(32)).decode()
        self.past[f"old-{name}"] = self.used[name]
        self.used[name] = fresh
        self.put({"read-key": "read", "full-key": "full", "webhook-secret": "webhook", "webhook-header": "header", "admin-token": "admin"}[name], fresh)

    def reloaded(self):
        if not self.gate.said("reloaded"):
            self.gate.popen.send_signal(signal.SIGHUP)
            time.sleep(0.2)
        self.received.key = base64.b64decode(self.used["webhook-secret"].removeprefix("whsec_"))
        return self.gate.said("reloaded")


@unittest.skipUnless(os.geteuid() == 0, "takes root, to start a gate as another user")
class Dumps(CanaryGate):
    def as_nobody(self, *command):
        """Started by a user of its own, who has put no bound to the size of a core."""
        return subprocess.Popen(command, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, user=65534,
                                group=65534, extra_groups=[], preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY,) * 2))

    def end(self, process, how):
        """Whether the kernel says that it dumped."""
        process.send_signal(how)
        _, status = os.waitpid(process.pid, 0)
        process.returncode = -os.WTERMSIG(status)
        self.assertEqual(os.WTERMSIG(status), how)
        return os.WCOREDUMP(status)

    def test_a_crash_leaves_no_core_and_nobody_but_root_reads_the_process(self):
        resource.setrlimit(resource.RLIMIT_CORE, (resource.getrlimit(resource.RLIMIT_CORE)[1],) * 2)
        configuration = self.prepare()
        for path in (self.folder, *self.folder.rglob("*")):
            os.chown(path, 65534, 65534)
        sleeper = self.as_nobody("sleep", "60")
        wait_until("the other process to belong to its user", lambda: os.stat(f"/proc/{sleeper.pid}/environ").st_uid == 65534)
        print(f"a process of another kind leaves a core: {self.end(sleeper, signal.SIGSEGV)}")
        for how in (signal.SIGABRT, signal.SIGSEGV):
            gate = self.as_nobody(harness.BINARY, "serve", "--config", str(configuration))
            wait_until("the gate to have a spool", lambda: (self.folder / "audit.db").exists() and
                       os.stat(f"/proc/{gate.pid}/environ").st_uid == 0)
            for name in ("environ", "mem", "maps"):
                self.assertEqual(os.stat(f"/proc/{gate.pid}/{name}").st_uid, 0, name)
            self.assertFalse(self.end(gate, how), "the kernel dumped a core")
            self.assertEqual([path.name for path in self.folder.rglob("core*") if gate.pid and str(gate.pid) in path.name], [])


if __name__ == "__main__":
    main()
