"""What happens when the vendor refuses a key (interface 2.1, 2.4, 6): it is said once, a read goes out again with the other key, a
write does not, and a probe finds out before anybody asks."""

import hashlib
import secrets

from harness import GateTest, main, wait_until
from scripted_upstream import answer


def fingerprint(key):
    return hashlib.sha256(key.encode()).hexdigest()[:12]


class RefusedKeys(GateTest):
    def setUp(self):
        super().setUp()
        self.valid = {self.secrets["PUSH_FULL_KEY"], self.secrets["PUSH_READ_KEY"]}
        self.secrets["NEW_KEY"] = "new-key-" + secrets.token_hex(12)
        self.status = 401
        self.rotating = {"full": [{"env": "NEW_KEY"}, {"env": "PUSH_FULL_KEY"}]}

    def script(self, request, connection):
        if request.header("x-api-key") not in self.valid:
            return answer(self.status, b'{"error":"no"}', [("Content-Type", "application/json")], "Unauthorized")
        return answer(headers=[("Content-Type", "application/json")])

    def start_gate(self, credential, **options):
        self.receiver = self.sink()
        gate = self.push_gate(self.upstream(self.script), api={"credential": credential}, sink=self.receiver, **options)
        self.sent = lambda: [request.header("x-api-key") for request in self.vendor.requests]
        return gate

    def refusals(self, count=1):
        wait_until("the event", lambda: len(self.receiver.events("credential.refused")) >= count)
        return [event["data"] for event in self.receiver.events("credential.refused")]

    def test_a_read_goes_out_again_with_the_other_key_and_the_refusal_is_said_once(self):
        gate = self.start_gate(self.rotating)
        self.assertEqual(gate.get_admin("/readyz")[0], 200)
        for _ in range(3):
            self.assert_vendors(gate.ask("GET", "/push/v1/employees", [self.key("siem")]))
        new, old = self.secrets["NEW_KEY"], self.secrets["PUSH_FULL_KEY"]
        self.assertEqual(self.sent(), [new, old, old, old])
        (event,) = self.refusals()
        self.assertEqual([event[name] for name in ("credential", "api", "key", "fingerprint", "upstream_status")],
                         ["vendor-key", "push", "full", fingerprint(new), 401])
        wait_until("the requests' events", lambda: len(self.receiver.events("request.forwarded")) >= 3)
        self.assertEqual(len(self.receiver.events("credential.refused")), 1)
        self.assertEqual([event["data"]["attempts"] for event in self.receiver.events("request.forwarded")], [2, 1, 1])
        self.assertEqual(len(gate.said("credential refused", level="error", api="push", key="full", fingerprint=fingerprint(new), status="401")), 1)
        status, ready = gate.get_admin("/readyz")
        self.assertEqual(status, 200)
        self.assertIn(f"push full {fingerprint(new)}: the vendor refuses it with 401", ready)
        self.assertIn('"state": "refused"', gate.get_admin("/status")[1])
        self.assertEqual(gate.metric("sluice_credentials_refused_total", api="push"), 1)
        self.assertEqual(gate.metric("sluice_upstream_requests_total", api="push", status="401"), 1)

    def test_a_write_is_passed_on_and_never_sent_again(self):
        gate = self.start_gate(self.rotating)
        group = ("POST", "/push/v1/employees/e1/groups", [self.key("soar")], {"group": "a"})
        self.assert_vendors(gate.ask(*group), 401)
        self.assertEqual(self.sent(), [self.secrets["NEW_KEY"]])
        self.assert_vendors(gate.ask(*group))
        self.assertEqual(self.sent()[1:], [self.secrets["PUSH_FULL_KEY"]])
        self.assertEqual(len(self.refusals()), 1)

    def test_the_only_key_is_still_sent_and_its_refusal_passed_on(self):
        self.valid.clear()
        gate = self.start_gate({"full": {"env": "PUSH_FULL_KEY"}})
        for expected in (2, 3, 4):
            self.assert_vendors(gate.ask("GET", "/push/v1/employees", [self.key("siem")]), 401)
            self.assertEqual(len(self.sent()), expected, "once more for the first refusal, and for no other")
        self.valid = {self.secrets["PUSH_FULL_KEY"]}
        self.assert_vendors(gate.ask("GET", "/push/v1/employees", [self.key("siem")]))
        self.assertNotIn("refuses", gate.get_admin("/readyz")[1], "the vendor takes it again")
        self.assertEqual(len(self.refusals()), 1)

    def test_a_read_key_is_no_reason_to_send_the_full_one(self):
        self.valid = {self.secrets["PUSH_FULL_KEY"]}
        gate = self.start_gate({"read": {"env": "PUSH_READ_KEY"}, "full": {"env": "PUSH_FULL_KEY"}})
        self.assert_vendors(gate.ask("GET", "/push/v1/employees", [self.key("siem")]), 401)
        self.assertEqual(set(self.sent()), {self.secrets["PUSH_READ_KEY"]})
        self.assertEqual(self.refusals()[0]["key"], "read")

    def test_a_403_speaks_of_the_key_where_the_operation_is_known(self):
        self.status = 403
        policy = {"version": 1, "rules": [
            {"id": "all", "effect": "allow", "when": {"client": "siem", "access": "read"}},
            {"id": "unknown", "effect": "allow", "when": {"client": "siem", "operation": "push.unknown", "path": "/v9/**"}}]}
        gate = self.start_gate(self.rotating, policy=policy)
        self.assert_vendors(gate.ask("GET", "/push/v9/thing", [self.key("siem")]), 403)
        self.assert_vendors(gate.ask("GET", "/push/v1/employees", [self.key("siem")]))
        self.assertEqual(self.refusals()[0]["upstream_status"], 403)
        self.assertEqual(len(self.sent()), 3)

    def test_a_probe_tries_each_key_at_the_start(self):
        gate = self.start_gate({**self.rotating, "read": {"env": "PUSH_READ_KEY"}, "probe": "GET /v1/employees?limit=1"})
        wait_until("the probes", lambda: len(self.vendor.requests) >= 3)
        self.assertEqual(sorted(self.sent()), sorted([self.secrets["PUSH_READ_KEY"], self.secrets["NEW_KEY"], self.secrets["PUSH_FULL_KEY"]]))
        self.assertEqual(set(self.vendor.targets()), {"GET /v1/employees?limit=1"})
        self.assertEqual(self.refusals()[0]["fingerprint"], fingerprint(self.secrets["NEW_KEY"]))
        wait_until("the log", lambda: len(gate.said("key probed", status="200")) == 2)
        self.assertEqual(gate.metric("sluice_upstream_requests_total", api="push"), 3)
        group = ("POST", "/push/v1/employees/e1/groups", [self.key("soar")], {"group": "a"})
        self.assert_vendors(gate.ask(*group))
        self.assertEqual(self.sent()[-1], self.secrets["PUSH_FULL_KEY"])
        self.assertEqual(self.receiver.events("request.refused"), [])

    def test_a_probe_delays_no_start_and_gives_up(self):
        configuration = self.configuration({"push": self.push("http://127.0.0.1:9", credential={
            "full": {"env": "PUSH_FULL_KEY"}, "probe": "GET /v1/employees"})})
        gate = self.serve(configuration)
        self.assertEqual(gate.get_admin("/readyz")[0], 200)
        self.assertEqual(gate.stop(), 0)

    def test_a_key_that_was_rotated_where_it_stands_is_taken_up_and_the_read_goes_out_again(self):
        new = "rotated-" + secrets.token_hex(12)
        target = self.write("key.old", self.secrets["PUSH_FULL_KEY"])
        link = self.folder / "push.key"
        link.symlink_to(target)
        gate = self.start_gate({"full": {"file": "push.key"}})
        self.assert_vendors(gate.ask("GET", "/push/v1/employees", [self.key("siem")]))
        self.valid = {new}  # the vendor is first
        target.write_text(new)
        self.assert_vendors(gate.ask("GET", "/push/v1/employees", [self.key("siem")]))
        self.assertEqual(self.sent()[-1], new)
        wait_until("the event", lambda: self.receiver.events("credential.changed"))
        changed = self.receiver.events("credential.changed")[0]["data"]
        self.assertEqual([changed["old_fingerprint"], changed["new_fingerprint"]], [fingerprint(self.secrets["PUSH_FULL_KEY"]), fingerprint(new)])
        self.assertLessEqual(len(self.receiver.events("credential.refused")), 1)
        _, listed, _ = self.run_sluice("audit", "list", "--config", self.folder / "sluice.yaml", "--type", "credential.changed", status=0)
        self.assertRegex(listed, rf"credential=vendor-key  api=push  key=full  change=changed  old_fingerprint={changed['old_fingerprint']}"
                                 rf"  new_fingerprint={changed['new_fingerprint']}$")

    def test_a_key_whose_file_is_gone_is_used_for_a_while_and_then_503(self):
        path = self.write("push.key", self.secrets["PUSH_FULL_KEY"])
        gate = self.start_gate({"full": {"file": "push.key"}, "read": {"env": "PUSH_READ_KEY"}}, secrets={"keep": "3s"})
        group = ("POST", "/push/v1/employees/e1/groups", [self.key("soar")], {"group": "a"})
        path.unlink()
        wait_until("the loss to be seen", lambda: gate.said("secret lost"))
        self.assertIn("its place gives nothing, the last value is used", gate.get_admin("/readyz")[1])
        wait_until("the key to be over", lambda: gate.get_admin("/readyz")[0] == 503)
        self.assert_problem(gate.ask(*group), 503, "credential-unavailable")
        self.assert_vendors(gate.ask("GET", "/push/v1/employees", [self.key("siem")]))
        path.write_text(self.secrets["PUSH_FULL_KEY"])
        wait_until("the key to be back", lambda: gate.get_admin("/readyz")[0] == 200)
        self.assert_vendors(gate.ask(*group))

    def test_a_simulated_push_with_another_key(self):
        push = self.simulate("push", "--key", self.secrets["PUSH_FULL_KEY"])
        self.receiver = self.sink()
        gate = self.gate({"push": self.push(f"http://127.0.0.1:{push.port}", credential=self.rotating)}, sink=self.receiver)
        self.assert_vendors(gate.ask("GET", "/push/v1/employees", [self.key("siem")]))
        self.assertEqual(self.refusals()[0]["fingerprint"], fingerprint(self.secrets["NEW_KEY"]))


if __name__ == "__main__":
    main()
