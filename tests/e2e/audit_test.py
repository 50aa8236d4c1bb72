"""Every decision becomes an event, in one chain without a gap, delivered at least once and in order (interface section 6)."""

import hashlib
import json
import re
import time

from harness import GateTest, SECURENVOY, main, wait_until
from scripted_upstream import answer


class Audit(GateTest):
    def started(self, **options):
        self.webhook = self.sink(options.pop("respond", None))
        return self.push_gate(sink=self.webhook, **options)

    def requests(self, kind, count):
        return wait_until(f"{count} events of {kind}", lambda: len(self.webhook.events(kind)) >= count and self.webhook.events(kind))

    def test_a_read_is_one_event_that_says_what_happened(self):
        gate = self.started()
        response = gate.ask("GET", "/push/v1/employees?email=secret%40x.test", [self.key("siem")])
        event, = self.requests("request.forwarded", 1)
        data = event["data"]
        expected = {"request_id": response.header("sluice-request-id"), "client": "siem", "source_ip": "127.0.0.1", "api": "push",
                    "operation": "push.employees.list", "access": "read", "method": "GET", "path": "/v1/employees", "params": {},
                    "decision": "allow", "rules": ["siem-reads"], "shadow_rules": [], "key": "read", "upstream_status": 200,
                    "attempts": 1, "bytes_out": 2}
        self.assertEqual({name: data.get(name) for name in expected}, expected)
        self.assertEqual(event["subject"], "push.employees.list")
        self.assertRegex(event["time"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
        self.assertRegex(event["id"], r"^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$")
        self.assertRegex(data["policy_sha256"], r"^[0-9a-f]{64}$")
        self.assertNotIn("secret", json.dumps(event))

    def test_a_write_is_recorded_before_it_is_sent_and_after(self):
        attempted_first = []

        def script(request, connection):
            # The event may still be on its way to the webhook, but it is in the spool: the spool is written first.
            wait_until("the attempt at the webhook", lambda: self.webhook.events("request.attempted"))
            attempted_first.append(not self.webhook.events("request.forwarded"))
            return answer(body=b'{"groups":["a"]}')
        gate = self.started(upstream=self.upstream(script))
        body = {"secondaryEmployeeIds": ["e2", "e3"]}
        gate.ask("POST", "/push/v1/employees/e1/merge", [self.key("soar")], body)
        forwarded, = self.requests("request.forwarded", 1)
        attempted, = self.requests("request.attempted", 1)
        self.assertEqual(attempted_first, [True])
        self.assertLess(attempted["data"]["sequence"], forwarded["data"]["sequence"])
        for event in (attempted, forwarded):
            data = event["data"]
            self.assertEqual((data["operation"], data["params"], data["targets"], data["rules"], data["key"]),
                             ("push.employees.merge", {"id": "e1"}, ["e2", "e3"], ["soar-manages-membership"], "full"))
            self.assertEqual(data["body_sha256"], hashlib.sha256(json.dumps(body).encode()).hexdigest())
            self.assertEqual(data["body_bytes"], len(json.dumps(body)))
        self.assertEqual(attempted["data"]["request_id"], forwarded["data"]["request_id"])

    def test_each_outcome_has_its_kind_of_event(self):
        gate = self.started(upstream=self.upstream(lambda request, connection: answer() if request.method == "GET" else None))
        gate.ask("GET", "/push/v1/employees", [("x-api-key", "nobody")])
        gate.ask("POST", "/push/v1/employees/e1/groups", [self.key("siem")], {"group": "a"})
        gate.ask("POST", "/push/v1/employees/e1/groups", [self.key("soar")], {"group": "a"})
        gate.ask("GET", "/nothing", [self.key()])
        gate.ask("GET", "/push/v1/a%2fb", [self.key()])
        denied, = self.requests("request.denied", 1)
        failed, = self.requests("request.failed", 1)
        refused = self.requests("request.refused", 3)
        self.assertEqual((denied["data"]["client"], denied["data"]["decision"], denied["data"]["rules"]), ("siem", "deny", []))
        self.assertEqual(failed["data"]["operation"], "push.employees.groups.add")
        self.assertIsNone(refused[0]["data"]["client"])
        self.assertTrue(all(event["data"]["reason"] for event in [denied, failed, *refused]))
        self.assertEqual(len(self.webhook.events("gate.started")), 1)
        self.assertEqual(gate.stop(), 0)
        wait_until("the last event", lambda: self.webhook.events("gate.stopped"))
        self.assertEqual(self.webhook.breaks(), [])

    def test_a_shadow_rule_is_reported_and_decides_nothing(self):
        vendor = self.upstream()
        self.webhook = self.sink()
        gate = self.gate({"securenvoy": self.securenvoy(vendor.url)}, sink=self.webhook)
        self.assert_vendors(gate.ask("DELETE", SECURENVOY + "/users/u1", [self.key()]))
        event = self.requests("request.forwarded", 1)[0]
        self.assertEqual(event["data"]["shadow_rules"], ["no-deletions"])
        self.assertEqual(event["data"]["rules"], ["admin-does-everything"])
        self.assertGreaterEqual(gate.metric("sluice_shadow_decisions_total", rule="no-deletions"), 1)

    def test_the_hash_of_a_body_with_a_credential_is_not_kept(self):
        vendor = self.upstream()
        self.webhook = self.sink()
        gate = self.gate({"securenvoy": self.securenvoy(vendor.url)}, sink=self.webhook)
        self.assert_vendors(gate.ask("POST", SECURENVOY + "/credentials/setpassword/u1", [self.key()], {"password": "x"}))
        self.assert_vendors(gate.ask("PUT", SECURENVOY + "/users/u1", [self.key()], {"password": "x"}))
        self.assert_vendors(gate.ask("PUT", SECURENVOY + "/users/u1", [self.key()], {"city": "Leeds"}))
        hashes = [event["data"]["body_sha256"] for event in self.requests("request.forwarded", 3)]
        self.assertEqual([value is None for value in hashes], [True, True, False])

    def test_delivery_goes_on_in_order_after_a_webhook_was_down(self):
        gate = self.started(respond=lambda number, event: 503 if number <= 2 else 200)
        for number in range(20):
            gate.ask("GET", f"/push/v1/employees?n={number}", [self.key()])
        self.requests("request.forwarded", 20)
        self.assertEqual(self.webhook.breaks(), [])
        first = [headers["webhook-id"] for headers, _, _ in self.webhook.deliveries[:3]]
        self.assertEqual(len(set(first)), 1, "the event that was not taken comes again before any other")

    def test_events_wait_for_the_webhook_over_a_restart(self):
        port_of = self.sink(lambda number, event: 503)
        self.vendor = self.upstream()
        configuration = self.configuration({"push": self.push(self.vendor.url)}, sink=port_of)
        gate = self.serve(configuration)
        for _ in range(5):
            gate.ask("GET", "/push/v1/employees", [self.key()])
        self.assertEqual(gate.stop(), 0)
        port_of.respond = lambda number, event: 204
        self.webhook = port_of
        self.serve(configuration)
        self.requests("request.forwarded", 5)
        wait_until("the second start", lambda: len(port_of.events("gate.started")) == 2)
        self.assertEqual(port_of.breaks(), [])
        self.assertEqual(port_of.events()[0]["data"]["sequence"], 1)

    def test_a_webhook_sees_only_the_events_that_it_asked_for(self):
        sink = self.sink()
        vendor = self.upstream()
        gate = self.gate({"push": self.push(vendor.url)}, audit={"spool": "audit.db", "durability": "process", "webhooks": [
            {"name": "denials", "url": sink.url, "secret": {"env": "WEBHOOK_SECRET"}, "events": ["request.denied"]}]})
        gate.ask("GET", "/push/v1/employees", [self.key()])
        gate.ask("POST", "/push/v1/employees/e1/groups", [self.key("siem")], {"group": "a"})
        wait_until("the denial", lambda: sink.events("request.denied"))
        self.assertEqual({event["type"] for event in sink.events()}, {"io.sluice.request.denied"})

    def test_redirects_are_not_followed_and_410_ends_delivery(self):
        for status, deliveries in ((302, None), (410, 1)):
            with self.subTest(status=status):
                sink = self.sink(lambda number, event, code=status: code)
                gate = self.push_gate(sink=sink, audit={"spool": f"audit-{status}.db", "durability": "process", "webhooks": [
                    {"name": "sink", "url": sink.url, "secret": {"env": "WEBHOOK_SECRET"}}]})
                gate.ask("GET", "/push/v1/employees", [self.key()])
                wait_until("a delivery", lambda: sink.deliveries)
                time.sleep(1)
                self.assertEqual(sink.events(), [])
                if deliveries:
                    self.assertEqual(len(sink.deliveries), deliveries)
                    wait_until("the log to say so", lambda: re.search(r"410|disabled", "\n".join(gate.errors)))

    def test_a_webhook_that_is_down_stops_nothing(self):
        sink = self.sink(lambda number, event: 500)
        gate = self.push_gate(sink=sink)
        self.assert_vendors(gate.ask("POST", "/push/v1/employees/e1/groups", [self.key()], {"group": "a"}))
        status, body = gate.get_admin("/readyz")
        self.assertEqual(status, 200, body)

    def test_the_spool_is_beside_the_configuration_without_an_audit_section(self):
        vendor = self.upstream()
        path = self.configuration({"push": self.push(vendor.url)})
        document = json.loads(path.read_text())
        del document["audit"]
        self.write("sluice.yaml", document)
        before = {entry.name for entry in self.folder.iterdir()}
        gate = self.serve(path)
        self.assert_vendors(gate.ask("GET", "/push/v1/employees", [self.key()]))
        self.assertTrue({entry.name for entry in self.folder.iterdir()} - before)


class Blocked(GateTest):
    def test_a_spool_that_cannot_be_opened_stops_the_start(self):
        vendor = self.upstream()
        path = self.configuration({"push": self.push(vendor.url)}, audit={"spool": "no-such-folder/audit.db"})
        status, _, errors = self.run_sluice("serve", "--config", path, environment=self.secrets)
        self.assertEqual(status, 2, errors)
        self.assertIn("audit.db", errors)

    def test_a_second_gate_on_the_same_spool_does_not_start(self):
        vendor = self.upstream()
        path = self.configuration({"push": self.push(vendor.url)})
        self.serve(path)
        status, _, errors = self.run_sluice("serve", "--config", path, environment=self.secrets)
        self.assertEqual(status, 2, errors)


if __name__ == "__main__":
    main()
