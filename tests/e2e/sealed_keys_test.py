"""Vendor keys, tokens and webhook secrets from the sealed store (interface 2.3): served from, and nowhere to be found."""

import base64
import os
import pty
import secrets
import select
import subprocess
import termios
import time

from harness import BINARY, GateTest, PATIENCE, main, wait_until
from redis_server import RedisServer


class SealedKeys(GateTest):
    def setUp(self):
        super().setUp()
        self.master = "master-" + secrets.token_hex(16)
        self.secrets["SLUICE_MASTER"] = self.master
        self.sealed = {name: f"sealed-{name}-{secrets.token_hex(12)}" for name in ("push-full", "push-read", "soar", "header", "salt")}
        self.sealed["webhook"] = self.secrets["WEBHOOK_SECRET"]
        self.sealed["checkpoint"] = subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519"], check=True, capture_output=True, text=True).stdout.rstrip("\n")

    def write_configuration(self, vendor, sink):
        configuration = self.configuration(
            {"push": self.push(vendor, credential={"read": {"sealed": "push-read"}, "full": {"sealed": "push-full"}})},
            sealed_keys={"path": "keys.sealed", "master": {"env": "SLUICE_MASTER"}},
            clients={"soar": {"token": {"sealed": "soar"}, "groups": ["automation"]}, "admin": {"token": {"env": "ADMIN_TOKEN"}},
                     "siem": {"token": {"env": "SIEM_TOKEN"}}},
            audit={"spool": "audit.db", "durability": "process", "capture_salt": {"sealed": "salt"}, "checkpoint_key": {"sealed": "checkpoint"},
                   "capture": [{"operations": "push.employees.groups.add", "fields": ["/group"], "hash": True}],
                   "webhooks": [{"name": "sink", "url": sink, "secret": {"sealed": "webhook"}, "headers": {"x-token": {"sealed": "header"}}}]},
            log={"format": "json", "level": "debug", "access": True})
        return configuration

    def keys(self, *arguments, status=0, text=None):
        done = self.run_sluice("keys", *arguments, "--config", "sluice.yaml", status=status, text=text, environment=self.secrets)
        self.said = getattr(self, "said", "") + done[1] + done[2]
        return done

    def assert_no_canary(self, where, octets):
        for name, value in {**self.sealed, "master": self.master}.items():
            for form in (value.split("\n")[-2 if "\n" in value else 0], base64.b64encode(value.encode()).decode().rstrip("="), value.encode().hex()):
                self.assertNotIn(form.encode(), octets, f"{name} is in {where}")

    def test_a_gate_serves_with_sealed_keys_and_shows_none_of_them(self):
        vendor, sink = self.upstream(), self.sink()
        configuration = self.write_configuration(vendor.url, sink.url)
        for name, value in self.sealed.items():
            self.keys("seal", name, text=value + "\n")
        self.run_sluice("check", "--config", configuration, status=0)
        gate = self.serve(configuration)
        self.assert_vendors(gate.ask("GET", "/push/v1/employees", [self.key("siem")]))
        self.assert_vendors(gate.ask("POST", "/push/v1/employees/e1/groups", [("x-api-key", self.sealed["soar"])], {"group": "a"}))
        sent = [request.header("x-api-key") for request in vendor.requests]
        self.assertEqual(sent, [self.sealed["push-read"], self.sealed["push-full"]])
        wait_until("the events", lambda: len(sink.events("request.forwarded")) >= 2)
        self.assertEqual(sink.breaks(), [])
        pages = "".join(gate.get_admin(path)[1] for path in ("/metrics", "/status"))
        self.assertEqual(gate.stop(), 0)
        self.assert_no_canary("the gate's output", "\n".join(gate.errors + gate.output).encode())
        self.assert_no_canary("the admin pages", pages.encode())
        self.assert_no_canary("what the commands said", self.said.encode())
        self.assert_no_canary("the events", b"".join(body for _, body, _ in sink.deliveries))
        for path in self.folder.iterdir():
            self.assert_no_canary(path.name, path.read_bytes())
        self.assertFalse((self.folder / "audit.db.key").exists(), "a key was made although one is configured")
        self.assertEqual((self.folder / "keys.sealed").stat().st_mode & 0o777, 0o600)

    def test_replay_opens_the_store_for_the_secret_of_its_webhook(self):
        vendor, sink = self.upstream(), self.sink()
        configuration = self.write_configuration(vendor.url, sink.url)
        for name, value in self.sealed.items():
            self.keys("seal", name, text=value + "\n")
        gate = self.serve(configuration)
        self.assert_vendors(gate.ask("GET", "/push/v1/employees", [self.key("siem")]))
        wait_until("the event", lambda: sink.events("request.forwarded"))
        self.assertEqual(gate.stop(), 0)
        delivered = len(sink.deliveries)
        replay = ("audit", "replay", "--config", configuration, "--webhook", "sink", "--from", "1")
        self.run_sluice(*replay, status=0, environment=self.secrets)
        again = sink.deliveries[delivered:]
        self.assertGreater(len(again), 1)
        self.assertEqual({headers["x-token"] for headers, _, _ in again}, {self.sealed["header"]})
        self.assertEqual(sink.bad, [], "each is signed with the sealed secret")
        self.assertIn("the master is not the one", self.run_sluice(*replay, status=2, environment={**self.secrets, "SLUICE_MASTER": "x" * 16})[2])

    def test_the_password_of_the_rate_limit_store_may_be_sealed(self):
        redis = RedisServer(self.folder)
        self.doubles.append(redis)
        configuration = self.configuration({"push": self.push(self.upstream().url)},
                                           sealed_keys={"path": "keys.sealed", "master": {"env": "SLUICE_MASTER"}},
                                           rate_limit_store={"redis": redis.url, "password": {"sealed": "redis"}, "replicas": 2})
        self.keys("seal", "redis", text=redis.password)
        gate = self.serve(configuration)
        wait_until("the store to be up", lambda: gate.metric("sluice_rate_limit_store_up") == 1)
        self.assert_vendors(gate.ask("GET", "/push/v1/employees", [self.key("siem")]))
        self.keys("seal", "redis", "--replace", text="another")
        gate.stop()
        gate = self.serve(configuration)
        wait_until("the store to refuse it", lambda: "it refuses the password" in gate.get_admin("/readyz")[1])

    def test_a_gate_does_not_start_without_its_master_or_a_key(self):
        configuration = self.write_configuration("http://127.0.0.1:1", "http://127.0.0.1:1")
        self.keys("seal", "push-full", text=self.sealed["push-full"])

        def refused(**changes):
            environment = {**self.secrets, **changes}
            said = self.run_sluice("serve", "--config", configuration, status=2, environment=environment)[2]
            self.assert_no_canary("the error", said.encode())
            return said
        self.assertIn("read: sealed push-read is not in", refused())
        self.assertIn("the master is not the one that it was sealed under", refused(SLUICE_MASTER="x" * 16))
        self.assertIn("holds less than 16 octets", refused(SLUICE_MASTER="x" * 15))
        store = self.folder / "keys.sealed"
        store.chmod(0o644)
        self.assertIn(f"others can read it: chmod 600 {store}", refused())
        store.chmod(0o600)
        store.write_bytes(store.read_bytes()[:-10])
        self.assertIn("it is cut short: put back a copy of it", refused())
        store.unlink()
        self.assertIn("there is none: make it with sluice keys seal", refused())

    def test_seals_at_once_lose_no_key(self):
        self.write_configuration("http://127.0.0.1:1", "http://127.0.0.1:1")
        running = [subprocess.Popen([BINARY, "keys", "seal", f"key-{i}", "--config", "sluice.yaml"], stdin=subprocess.PIPE,
                                    stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=self.folder, env={**os.environ, **self.secrets})
                   for i in range(6)]
        for process in running:
            process.communicate(b"value", timeout=60 * PATIENCE)
            self.assertEqual(process.returncode, 0)
        self.assertEqual(len(self.keys("list")[1].splitlines()), 6)

    def on_terminal(self, *answers):
        """Runs `keys seal` on a terminal of its own; returns (status, what the terminal showed)."""
        pid, terminal = pty.fork()
        if pid == 0:
            os.chdir(self.folder)
            os.execve(BINARY, [BINARY, "keys", "seal", "typed", "--config", "sluice.yaml"], {**os.environ, **self.secrets})
        shown, answers, asked = b"", list(answers), 0
        deadline = time.monotonic() + 60 * PATIENCE
        while time.monotonic() < deadline:
            if select.select([terminal], [], [], 0.1)[0]:
                try:
                    shown += os.read(terminal, 4096)
                except OSError:  # the other end is closed
                    break
            if shown.count(b"Value of typed: ") > asked and answers:
                asked += 1
                wait_until("the terminal's echo to be off", lambda: not termios.tcgetattr(terminal)[3] & termios.ECHO)
                os.write(terminal, answers.pop(0).encode() + b"\n")
        os.close(terminal)
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), shown

    def test_a_terminal_is_asked_twice_and_shows_nothing(self):
        self.write_configuration("http://127.0.0.1:1", "http://127.0.0.1:1")
        value = self.sealed["push-full"]
        status, shown = self.on_terminal(value, value + "x")
        self.assertEqual(status, 2, shown)
        self.assertIn(b"nothing was sealed: the two values differ, or there was none", shown)
        self.assert_no_canary("the terminal", shown)
        status, shown = self.on_terminal(value, value)
        self.assertEqual(status, 0, shown)
        self.assert_no_canary("the terminal", shown)
        self.keys("seal", "piped", text=value + "\n")
        listed = [line.split() for line in self.keys("list")[1].splitlines()]
        self.assertEqual([name for name, _ in listed], ["typed", "piped"])
        self.assertEqual(listed[0][1], listed[1][1])


if __name__ == "__main__":
    main()
