"""What the end-to-end tests stand on: real processes of the built binary on loopback, every port chosen by the system, every
file in a temporary folder, every wait with a deadline that says what it waited for.

SLUICE_BINARY names the binary. SLUICE_TEST_PATIENCE stretches the deadlines, for slow builds and machines. SLUICE_SANITIZE says
with which sanitizers it was built: memory is not measured then.
"""

import base64
import hashlib
import http.client
import json
import os
import pathlib
import re
import secrets
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import unittest

from raw_http import Connection, request_bytes
from scripted_upstream import ScriptedUpstream
from webhook_sink import WebhookSink

BINARY = os.path.abspath(os.environ["SLUICE_BINARY"]) if os.environ.get("SLUICE_BINARY") else ""
PATIENCE = float(os.environ.get("SLUICE_TEST_PATIENCE", "1"))
SANITIZED = bool(os.environ.get("SLUICE_SANITIZE"))
SOURCE = pathlib.Path(__file__).resolve().parents[2]
SECURENVOY = "/securenvoy/api/user/restapi"

def standard_policy(apis):
    """The policy that most tests run under: that of interface section 3, with a client that may do everything known. A rule
    may only name what the configured APIs know."""
    membership = [pattern for pattern in ("push.employees.*", "securenvoy.users.*", "securenvoy.groups.*")
                  if pattern.split(".")[0] in apis]
    readable = {"client": "siem", "access": "read"}
    rules = [
        {"id": "admin-does-everything", "effect": "allow", "when": {"client": "admin", "operation": "*.*"}},
        {"id": "siem-reads", "effect": "allow", "when": readable},
        {"id": "soar-manages-membership", "effect": "allow", "when": {"client": "soar", "operation": membership}},
    ]
    if "push" in apis:
        rules.append({"id": "merge-cap", "effect": "require",
                      "when": {"operation": "push.employees.merge", "not": {"client": "admin"}},
                      "body": {"/secondaryEmployeeIds": {"maxItems": 2}}, "reason": "At most two employees may be merged at once."})
    if "securenvoy" in apis:
        readable["not"] = {"tag": "credential-read"}
        rules.append({"id": "no-credential-writes", "effect": "deny", "when": {"tag": "credential-write", "not": {"client": "admin"}},
                      "reason": "Credentials are changed in the SecurEnvoy console only."})
        rules.append({"id": "no-deletions", "effect": "deny", "mode": "shadow", "when": {"tag": "destructive"}})
    return {"version": 1, "rules": rules}


def wait_until(what, predicate, seconds=20.0):
    """Returns the first true value of `predicate`; fails saying what did not happen."""
    deadline = time.monotonic() + seconds * PATIENCE
    while True:
        value = predicate()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds * PATIENCE:g} s for {what}")
        time.sleep(0.02)


class Process:
    """A running sluice. Its output is collected; `log` has the JSON lines of stderr, in order."""

    def __init__(self, name, arguments, environment, folder, launcher=(), **options):
        self.name, self.output, self.errors, self.log = name, [], [], []
        self.command = [*launcher, BINARY, *map(str, arguments)]
        self.popen = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                      env={**os.environ, **environment}, cwd=folder, **options)
        self.readers = [threading.Thread(target=self.collect, args=(self.popen.stdout, self.output), daemon=True),
                        threading.Thread(target=self.collect, args=(self.popen.stderr, self.errors, self.log), daemon=True)]
        for reader in self.readers:
            reader.start()

    @staticmethod
    def collect(stream, lines, documents=None):
        for raw in stream:
            line = raw.decode("utf-8", "backslashreplace").rstrip("\n")
            lines.append(line)
            if documents is not None and line.startswith("{"):
                try:
                    documents.append(json.loads(line))
                except ValueError:
                    pass

    def said(self, message, **fields):
        return [line for line in list(self.log) if line.get("message") == message
                and all(line.get(name) == value for name, value in fields.items())]

    def listening(self, role, count=1):
        """The (host, port) of each listener of a role."""
        def found():
            lines = self.said("listening", role=role)
            if len(lines) < count and self.popen.poll() is not None:
                raise AssertionError(f"{self.name} exited {self.popen.returncode} at start:\n{self.text()}")
            return len(lines) >= count and lines
        lines = wait_until(f"{self.name} to listen as {role}", found, 30)
        addresses = [line["address"].rpartition(":") for line in lines]
        return [(host.strip("[]"), int(port)) for host, _, port in addresses]

    def text(self):
        return "\n".join([f"--- {self.name}: {' '.join(self.command)}", *self.errors, *self.output])

    def wait(self, seconds=30):
        """The exit status."""
        try:
            status = self.popen.wait(seconds * PATIENCE)
        except subprocess.TimeoutExpired:
            self.popen.kill()
            self.popen.wait()
            raise AssertionError(f"{self.name} still runs after {seconds * PATIENCE:g} s:\n{self.text()}") from None
        for reader in self.readers:
            reader.join(5)
        return status

    def stop(self, how=signal.SIGTERM, seconds=30):
        if self.popen.poll() is None:
            self.popen.send_signal(how)
        return self.wait(seconds)

    def memory(self):
        """Resident octets."""
        status = pathlib.Path(f"/proc/{self.popen.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+) kB", status).group(1)) * 1024


class Gate(Process):
    def __init__(self, arguments, environment, folder, listeners, launcher=()):
        super().__init__("gate", arguments, environment, folder, launcher)
        self.addresses = self.listening("data", listeners)
        self.address = self.addresses[0]
        self.admin = self.listening("admin")[0]
        wait_until("the gate to say ready", lambda: self.said("ready") or self.popen.poll() is not None)
        if self.popen.poll() is not None:
            raise AssertionError(f"the gate exited {self.popen.returncode}:\n{self.text()}")

    def connect(self, **options):
        return Connection(self.address, **options)

    def ask(self, method, target, headers=(), body=None, **options):
        """One request on a connection of its own."""
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
            headers = [*(headers.items() if isinstance(headers, dict) else headers), ("Content-Type", "application/json")]
        with self.connect(**options) as connection:
            connection.send(request_bytes(method, target, headers, body))
            return connection.response(method)

    def get_admin(self, path, method="GET", headers=None):
        connection = http.client.HTTPConnection(*self.admin, timeout=60)
        try:
            connection.request(method, path, headers=headers or {})
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def reload(self, status=200):
        """Takes up what has changed, and returns the answer's document."""
        got, text = self.get_admin("/reload", "POST")
        if got != status:
            raise AssertionError(f"POST /reload answered {got}: {text}")
        return json.loads(text)

    def metric(self, name, **labels):
        """The sum of the samples of a metric that carry these labels."""
        total = 0.0
        for line in self.get_admin("/metrics")[1].splitlines():
            found = re.match(r"(\w+)(?:\{(.*)\})? (\S+)$", line)
            if found and found.group(1) == name:
                have = dict(re.findall(r'(\w+)="([^"]*)"', found.group(2) or ""))
                if all(have.get(label) == value for label, value in labels.items()):
                    total += float(found.group(3))
        return total


class GateTest(unittest.TestCase):
    """A temporary folder, random secrets, and whatever the test starts; all of it gone afterwards, cleanly."""

    maxDiff = None

    def run(self, result=None):
        """Shows what the processes said when a test went wrong."""
        self.evidence = []
        before = len(result.failures) + len(result.errors)
        super().run(result)
        if len(result.failures) + len(result.errors) > before:
            print(f"=== {self.id()}", *self.evidence, sep="\n", flush=True)

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sluice-e2e-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.processes, self.doubles = [], []
        self.addCleanup(self.end_everything)
        self.secrets = {name: f"{name.lower().replace('_', '-')}-{secrets.token_hex(12)}" for name in
                        ("PUSH_READ_KEY", "PUSH_FULL_KEY", "SECURENVOY_KEY", "ADMIN_TOKEN", "SIEM_TOKEN", "SOAR_TOKEN")}
        self.secrets["WEBHOOK_SECRET"] = "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()

    def end_everything(self):
        """Ends what still runs, the gate first; each has to leave with status 0 and no sanitizer's report."""
        wrong = []
        for process in self.processes:
            running = process.popen.poll() is None
            try:
                status = process.stop()
                if running and status != 0:
                    wrong.append(f"{process.name} exited {status} after SIGTERM")
            except AssertionError as error:
                wrong.append(str(error))
            if re.search(r"Sanitizer|runtime error:", "\n".join(process.errors)):
                wrong.append(f"a sanitizer reports:\n{process.text()}")
            process.popen.stdout.close()
            process.popen.stderr.close()
            self.evidence.append(process.text())
        for double in self.doubles:
            double.stop()
        if wrong:
            self.fail("\n".join(wrong))

    # --- what can be started

    def run_sluice(self, *arguments, status=None, text=None, environment=None):
        """Runs a command to its end. Returns (status, stdout, stderr); checks the status when one is given."""
        done = subprocess.run([BINARY, *map(str, arguments)], capture_output=True, text=True, input=text,
                              timeout=60 * PATIENCE, env={**os.environ, **(environment or {})}, cwd=self.folder)
        if status is not None:
            self.assertEqual(done.returncode, status, f"{arguments}\n{done.stdout}\n{done.stderr}")
        return done.returncode, done.stdout, done.stderr

    def start(self, name, *arguments):
        process = Process(name, arguments, self.secrets, self.folder)
        self.processes.append(process)
        return process

    def simulate(self, kind, *arguments):
        """A stand-in; `process.port` is where it listens."""
        process = self.start(kind, "simulate", kind, "--listen", "127.0.0.1:0", *arguments)
        process.port = process.listening("simulator")[0][1]
        return process

    def upstream(self, script=None, **options):
        upstream = ScriptedUpstream(script, **options)
        self.doubles.append(upstream)
        return upstream

    def sink(self, respond=None):
        sink = WebhookSink(self.secrets["WEBHOOK_SECRET"], respond)
        self.doubles.append(sink)
        return sink

    def write(self, name, content):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content if isinstance(content, str) else json.dumps(content, indent=1))
        return path

    def push(self, url, **changes):
        return {"catalogue": "push", "upstream": url,
                "credential": {"read": {"env": "PUSH_READ_KEY"}, "full": {"env": "PUSH_FULL_KEY"}},
                "limit": {"rate": 10000, "burst": 10000}, **changes}

    def securenvoy(self, url, **changes):
        return {"catalogue": "securenvoy", "upstream": url,
                "credential": {"header": "Authorization", "value": "Bearer {key}", "full": {"env": "SECURENVOY_KEY"}},
                "limit": {"rate": 10000, "burst": 10000}, **changes}

    def configuration(self, apis, policy=None, sink=None, **sections):
        """Writes sluice.yaml and policy.yaml (JSON is YAML) and returns the path of the first."""
        self.write("policy.yaml", policy or standard_policy(apis))
        audit = {"spool": "audit.db", "durability": "process"}
        if sink is not None:
            audit["webhooks"] = [{"name": "sink", "url": getattr(sink, "url", sink), "secret": {"env": "WEBHOOK_SECRET"}}]
        return self.write("sluice.yaml", {
            "version": 1,
            "listen": [{"address": "127.0.0.1:0"}],
            "admin": {"address": "127.0.0.1:0"},
            "apis": apis,
            "clients": {
                "admin": {"token": {"env": "ADMIN_TOKEN"}},
                "siem": {"token_sha256": [hashlib.sha256(self.secrets["SIEM_TOKEN"].encode()).hexdigest()]},
                "soar": {"token": {"env": "SOAR_TOKEN"}, "groups": ["automation"]},
            },
            "policy": "policy.yaml",
            "audit": audit,
            **sections,
        })

    def serve(self, configuration, listeners=1):
        gate = Gate(["serve", "--config", configuration], self.secrets, self.folder, listeners)
        self.processes.insert(0, gate)
        return gate

    def gate(self, apis, policy=None, sink=None, **sections):
        return self.serve(self.configuration(apis, policy, sink, **sections), len(sections.get("listen", [0])))

    def push_gate(self, upstream=None, **options):
        """A gate in front of one scripted Push, which is `self.vendor`."""
        self.vendor = upstream or self.upstream()
        api = options.pop("api", {})
        return self.gate({"push": self.push(self.vendor.url, **api)}, **options)

    # --- who asks, and what is expected

    def key(self, client="admin"):
        return ("x-api-key", self.secrets[f"{client.upper()}_TOKEN"])

    def assert_problem(self, response, status, kind):
        """An answer of the gate's own (interface section 5)."""
        self.assertEqual(response.status, status, response)
        self.assertEqual(response.header("content-type"), "application/problem+json", response)
        self.assertEqual(response.header("sluice-origin"), "gate", response)
        problem = response.json()
        self.assertEqual(problem["type"], "urn:sluice:problem:" + kind)
        self.assertEqual(problem["status"], status)
        self.assertTrue(problem["title"] and problem["detail"], problem)
        self.assertEqual(problem["request_id"], response.header("sluice-request-id"))
        return problem

    def assert_grown_less(self, gate, before, octets):
        """That the gate's memory has not grown by this much since it was `before`."""
        if not SANITIZED:
            self.assertLess(gate.memory() - before, octets)

    def assert_vendors(self, response, status=200):
        """An answer of the vendor's, passed on."""
        self.assertEqual(response.status, status, response)
        self.assertIsNone(response.header("sluice-origin"), response)
        self.assertTrue(response.header("sluice-request-id"), response)
        self.assertTrue(response.whole, response)
        return response


def main():
    if not BINARY:
        raise SystemExit("SLUICE_BINARY must name the sluice binary")
    unittest.main(verbosity=2)
