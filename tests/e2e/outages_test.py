"""What stands in the table of failures of proxy/README.md and is no other file's subject: a store or a clock that goes wrong, callers who
use everything up, answers that are errors, receivers that refuse."""

import contextlib
import json
import os
import signal
import socket
import threading
import unittest

from harness import Gate, GateTest, SANITIZED, main, wait_until
from pacing_test import Bucket
from raw_http import Reader, request_bytes
from redis_server import RedisServer
from scripted_upstream import answer

GROUP = ("POST", "/push/v1/employees/e1/groups")


class Vendor(GateTest):
    def test_an_error_of_the_vendors_is_passed_on_and_nothing_is_sent_twice(self):
        for status in (500, 502, 503):
            with self.subTest(status=status):
                sink, body = self.sink(), b'{"message":"the vendor is not well"}'
                gate = self.push_gate(self.upstream(lambda request, connection: answer(status, body, reason="Error")), sink=sink,
                                      audit={"spool": f"audit-{status}.db", "durability": "process", "webhooks": [
                                          {"name": "sink", "url": sink.url, "secret": {"env": "WEBHOOK_SECRET"}}]})
                self.assertEqual(self.assert_vendors(gate.ask("GET", "/push/v1/employees", [self.key()]), status).body, body)
                self.assertEqual(self.assert_vendors(gate.ask(*GROUP, [self.key()], {"group": "a"}), status).body, body)
                self.assertEqual(self.vendor.targets(), ["GET /v1/employees", "POST /v1/employees/e1/groups"])
                wait_until("both events", lambda: len(sink.events("request.forwarded", upstream_status=status)) == 2)
                self.assertEqual(gate.metric("sluice_upstream_requests_total", api="push", status=str(status)), 2)
                self.assertEqual(gate.get_admin("/readyz")[0], 200)


class Callers(GateTest):
    def from_source(self, gate, source):
        connection = socket.create_connection(gate.address, timeout=20, source_address=(source, 0))
        self.addCleanup(connection.close)
        return connection

    def test_one_source_has_no_more_than_its_connections(self):
        gate = self.push_gate(limits={"connections_per_source": 3})
        held = [self.from_source(gate, "127.0.0.2") for _ in range(3)]
        wait_until("them to be counted", lambda: gate.metric("sluice_connections") == 3)
        refused = Reader(self.from_source(gate, "127.0.0.2")).response()
        self.assertEqual((refused.status, refused.json()["type"]), (503, "urn:sluice:problem:too-many-connections"))
        self.assert_vendors(gate.ask("GET", "/push/v1/employees", [self.key()]))
        held[0].close()
        wait_until("one to be counted out", lambda: gate.metric("sluice_connections") == 2)
        again = self.from_source(gate, "127.0.0.2")
        again.sendall(request_bytes("GET", "/push/v1/employees", [self.key()]))
        self.assert_vendors(Reader(again).response())

    def test_heads_that_come_an_octet_at_a_time_are_ended_and_hold_up_nobody(self):
        gate = self.push_gate(limits={"head_time": "2s"})
        slow = [self.from_source(gate, "127.0.0.2") for _ in range(200)]
        for octet in b"GET /push/v1/employees":
            for connection in slow:
                with contextlib.suppress(OSError):
                    connection.send(bytes([octet]))
            self.assert_vendors(gate.ask("GET", "/push/v1/employees", [self.key()]))
        wait_until("all of them to be ended", lambda: gate.metric("sluice_connections") == 0)
        self.assertEqual(len(self.vendor.requests), 22)

    @unittest.skipIf(SANITIZED, "UBSan looks at objects through a pipe, for which no descriptor is left")
    def test_without_descriptors_it_says_so_loses_nothing_and_goes_on_by_itself(self):
        sink = self.sink()
        self.vendor = self.upstream()
        configuration = self.configuration({"push": self.push(self.vendor.url)}, sink=sink)
        gate = Gate(["serve", "--config", configuration], self.secrets, self.folder, 1, launcher=("prlimit", "--nofile=64:64"))
        self.processes.insert(0, gate)
        wait_until("the first event at the webhook", lambda: sink.events("gate.started"))
        held = [gate.connect() for _ in range(80)]  # the kernel takes them; the gate has no descriptor for the last ones
        for connection in held:
            self.addCleanup(connection.close)
        held[0].send(request_bytes(*GROUP, [self.key(), ("Content-Type", "application/json")], b'{"group":"a"}'))
        self.assert_problem(held[0].response(), 502, "upstream-unreachable")
        wait_until("the log to say why", lambda: gate.said("upstream unreachable", api="push", reason="too many open files"))
        self.assertEqual(self.vendor.requests, [])
        for connection in held:
            connection.close()
        wait_until("the gate to answer", lambda: self.served(gate))
        self.assertEqual(gate.get_admin("/readyz")[0], 200)
        wait_until("the write's end", lambda: sink.events("request.failed"))
        self.assertEqual(gate.stop(), 0)
        wait_until("the stop", lambda: sink.events("gate.stopped"))
        self.assertEqual(sink.breaks(), [])

    def test_what_waits_holds_no_more_octets_than_it_may(self):
        gate = self.push_gate(api={"limit": {"rate": 0.1, "burst": 1}, "max_body": "64KiB",
                                   "queue": {"max_wait": "10m", "max_bytes": "100KiB", "total_bytes": "150KiB"}})
        body = json.dumps({"group": "g" * 40_000}).encode()

        def ask(client):
            connection = gate.connect()
            self.addCleanup(connection.close)
            connection.send(request_bytes(*GROUP, [self.key(client), ("Content-Type", "application/json")], body))
            return connection

        def waiting(count):
            wait_until(f"{count} to wait", lambda: gate.metric("sluice_queue_depth") == count)
        for count in (1, 2):  # the bucket counts as spent at the start
            ask("admin")
            waiting(count)
        self.assert_problem(ask("admin").response(), 429, "queue-full")  # its own 100KiB
        ask("soar")
        waiting(3)
        self.assert_problem(ask("soar").response(), 429, "queue-full")  # everybody's 150KiB
        self.assertEqual(self.vendor.requests, [])

    def served(self, gate):
        try:
            return gate.ask("GET", "/push/v1/employees", [self.key()]).status == 200
        except Exception:
            return False


class Store(GateTest):
    def test_a_store_that_stops_answering_and_comes_back_makes_no_caller_fail(self):
        redis = RedisServer(self.folder)
        self.doubles.append(redis)
        self.secrets["REDIS_PASSWORD"] = redis.password
        bucket = Bucket(10, 10)
        gate = self.push_gate(self.upstream(bucket.script), api={"limit": {"rate": 10, "burst": 10}},
                              rate_limit_store={"redis": redis.url, "replicas": 2, "password": {"env": "REDIS_PASSWORD"}})
        wait_until("the gate to be ready", lambda: gate.get_admin("/readyz")[0] == 200)
        busy, statuses = threading.Event(), []

        def ask():
            while not busy.is_set():
                statuses.append(gate.ask("GET", "/push/v1/employees", [self.key()]).status)
        callers = [threading.Thread(target=ask) for _ in range(4)]
        for caller in callers:
            caller.start()
        wait_until("requests at the vendor", lambda: len(self.vendor.requests) > 5)
        os.kill(redis.process.pid, signal.SIGSTOP)
        try:
            wait_until("the gate to go on alone", lambda: "goes on alone with 1/2" in gate.get_admin("/readyz")[1])
            self.assertEqual(gate.get_admin("/readyz")[0], 200)
            self.assertEqual(gate.metric("sluice_rate_limit_store_up"), 0)
            before = len(self.vendor.requests)
            wait_until("requests at the vendor without the store", lambda: len(self.vendor.requests) > before + 5)
        finally:
            os.kill(redis.process.pid, signal.SIGCONT)
        wait_until("the gate to share again", lambda: gate.metric("sluice_rate_limit_store_up") == 1)
        before = len(self.vendor.requests)
        wait_until("requests at the vendor with the store", lambda: len(self.vendor.requests) > before + 10)
        busy.set()
        for caller in callers:
            caller.join(20)
        self.assertEqual((set(statuses), bucket.exceeded), ({200}, 0))


class SealedKeys(GateTest):
    def test_a_store_that_is_gone_or_damaged_is_lived_through_for_a_while_and_then_503(self):
        self.secrets["SLUICE_MASTER"] = "master-" + os.urandom(16).hex()
        self.vendor = self.upstream()
        path = self.configuration({"push": self.push(self.vendor.url, credential={"full": {"sealed": "push-full"}})},
                                  sealed_keys={"path": "keys.sealed", "master": {"env": "SLUICE_MASTER"}}, secrets={"keep": "3s"})
        self.run_sluice("keys", "seal", "push-full", "--config", path, status=0, text="in-the-store", environment=self.secrets)
        gate, store = self.serve(path), self.folder / "keys.sealed"
        sealed = store.read_text()
        for what, break_it in (("gone", store.unlink), ("damaged", lambda: store.write_text(sealed[:-10] + sealed[-10:].upper() + "x"))):
            with self.subTest(what=what):
                seen = len(gate.said("secret lost"))
                break_it()
                wait_until("the loss to be seen", lambda: len(gate.said("secret lost")) > seen)
                self.assert_vendors(gate.ask("GET", "/push/v1/employees", [self.key()]))
                wait_until("the key to be over", lambda: gate.get_admin("/readyz")[0] == 503)
                self.assert_problem(gate.ask("GET", "/push/v1/employees", [self.key()]), 503, "credential-unavailable")
                store.write_text(sealed)
                store.chmod(0o600)
                wait_until("the key to be back", lambda: gate.get_admin("/readyz")[0] == 200)
                self.assert_vendors(gate.ask("GET", "/push/v1/employees", [self.key()]))
        self.assertEqual({request.header("x-api-key") for request in self.vendor.requests}, {"in-the-store"})


class WallClock(GateTest):
    def test_a_clock_that_steps_holds_up_nothing_and_leaves_the_audit_whole(self):
        if SANITIZED:
            self.skipTest("a sanitizer's runtime has to come first")
        clock = self.write("clock", "0")
        self.secrets.update(LD_PRELOAD=os.environ["SLUICE_STEPPED_CLOCK"], STEPPED_CLOCK=str(clock))
        sink, bucket = self.sink(), Bucket(10, 10, level=0)
        gate = self.push_gate(self.upstream(bucket.script), api={"limit": {"rate": 10, "burst": 10}}, sink=sink)
        for step in (0, 3 * 3600, -3 * 3600, 0):
            clock.write_text(str(step))
            for _ in range(10):
                self.assert_vendors(gate.ask("GET", "/push/v1/employees", [self.key()]))  # which waits for a minute, not for three hours
        self.assertEqual(bucket.exceeded, 0)
        self.assertEqual(gate.stop(), 0)
        wait_until("the stop", lambda: sink.events("gate.stopped"))
        sink.bad = [wrong for wrong in sink.bad if not wrong.startswith("webhook-timestamp")]  # that clock is off, and says so
        self.assertEqual(sink.breaks(), [])
        times = [event["time"] for event in sink.events("request.forwarded")]
        self.assertNotEqual(times, sorted(times), "the clock was set back")
        self.run_sluice("audit", "verify", "--config", self.folder / "sluice.yaml", status=0)


class Receiver(GateTest):
    def test_events_that_are_refused_are_set_aside_and_sent_again_when_asked_for(self):
        def denials_are_refused(number, event):
            return 400 if event["type"] == "io.sluice.request.denied" else 204
        sink = self.sink(denials_are_refused)
        gate = self.push_gate(sink=sink)
        for _ in range(2):
            gate.ask(*GROUP, [self.key("siem")], {"group": "a"})
            self.assert_vendors(gate.ask("GET", "/push/v1/employees", [self.key()]))
        wait_until("what came after the refused ones", lambda: len(sink.events("request.forwarded")) == 2)
        self.assertEqual(sink.events("request.denied"), [])
        self.assertEqual(gate.metric("sluice_webhook_dead_letters_total", webhook="sink"), 2)
        self.assertEqual(len(gate.said("a webhook refuses an event, which is set aside: sluice audit replay --dead sends it again")), 2)
        sink.respond = lambda number, event: 204
        replay = ("audit", "replay", "--config", self.folder / "sluice.yaml", "--webhook", "sink", "--dead")

        def replayed():  # a moment later: the gate writes down what it has set aside up to 50 ms afterwards
            self.run_sluice(*replay, status=0, environment=self.secrets)
            return len(sink.events("request.denied")) == 2
        wait_until("both denials", replayed)

    def test_a_secret_that_the_receiver_does_not_know_holds_events_back_until_it_does(self):
        sink = self.sink()
        sink.respond = lambda number, event: 401 if sink.bad else 204
        self.secrets["OTHER"] = self.secrets["WEBHOOK_SECRET"][:-8] + "AAAAAAA="
        path = self.configuration({"push": self.push(self.upstream().url)}, sink=sink)
        document = json.loads(path.read_text())
        document["audit"]["webhooks"][0]["secret"] = {"env": "OTHER"}
        self.write("sluice.yaml", document)
        gate = self.serve(path)
        wait_until("a refusal", lambda: sink.bad)
        self.assertEqual(sink.events(), [])
        sink.bad.clear()
        document["audit"]["webhooks"][0]["secret"] = {"env": "WEBHOOK_SECRET"}
        self.write("sluice.yaml", document)
        gate.reload()
        wait_until("the events", lambda: sink.events("gate.started"))
        self.assertEqual(sink.breaks(), [])
        self.assertEqual(gate.metric("sluice_webhook_dead_letters_total", webhook="sink"), 0)


if __name__ == "__main__":
    main()
