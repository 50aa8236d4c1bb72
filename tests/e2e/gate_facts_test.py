"""What changed while the gate did not run is in the events of its next start: once, and without a secret."""

import hashlib
import json
import signal
import sqlite3
import time

import harness
from harness import GateTest, main, standard_policy, wait_until


def print_of(secret):
    return hashlib.sha256(secret.encode()).hexdigest()[:12]


class GateFacts(GateTest):
    def setUp(self):
        super().setUp()
        self.webhook = self.sink()
        self.apis = {"push": self.push("http://127.0.0.1:1")}
        self.starts = 0

    def start_again(self, policy=None, how=signal.SIGTERM, **sections):
        """Starts the gate, and returns the events of its start, gate.started first."""
        seen = len(self.webhook.events())
        gate = self.serve(self.configuration(self.apis, policy, self.webhook, **sections))
        self.starts += 1
        wait_until("the start's event", lambda: len(self.webhook.events("gate.started")) == self.starts)
        gate.ask("GET", "/push/v1/employees")  # whatever the start has said is before its event
        wait_until("the request's event", lambda: len(self.webhook.events("request.refused")) == self.starts)
        gate.stop(how)
        new = [event for event in self.webhook.events()[seen:] if not event["type"].startswith(("io.sluice.request", "io.sluice.gate.stopped", "io.sluice.audit.checkpoint"))]
        self.assertEqual(new[0]["type"], "io.sluice.gate.started")
        return new

    def kinds(self, events):
        return [event["type"].removeprefix("io.sluice.") for event in events]

    def changes(self, events):
        names = ("credential", "api", "client", "key", "webhook", "change", "old_fingerprint", "new_fingerprint")
        return [{name: event["data"][name] for name in names if event["data"].get(name) is not None}
                for event in events if event["type"] == "io.sluice.credential.changed"]

    def test_a_start_says_what_the_gate_is_and_nothing_changed_at_the_first_and_at_a_like_one(self):
        first, = self.start_again()
        data = first["data"]
        self.assertEqual((data["listeners"], data["apis"], data["clients"], data["webhooks"], data["captures"]), (1, ["push"], 3, ["sink"], 0))
        self.assertRegex(data["version"], r"^\d+\.\d+")
        self.assertRegex(data["policy_sha256"], "^[0-9a-f]{64}$")
        self.assertNotIn("policy", data)
        self.assertEqual(self.kinds(self.start_again(how=signal.SIGKILL) + self.start_again()), ["gate.started"] * 2)
        self.assertEqual(self.webhook.breaks(), [])

    def test_a_changed_policy_is_told_with_whom_it_gives_what(self):
        before, = self.start_again()
        policy = standard_policy(self.apis)
        policy["rules"].append({"id": "more", "effect": "allow", "when": {"client": "siem", "operation": ["push.apps.update", "push.employees.groups.add"]}})
        policy["rules"][2]["when"]["operation"] = ["push.employees.groups.*"]
        started, reloaded = self.start_again(policy)
        data = reloaded["data"]
        self.assertEqual(reloaded["type"], "io.sluice.policy.reloaded")
        self.assertEqual((data["old_policy_sha256"], data["policy_sha256"]), (before["data"]["policy_sha256"], started["data"]["policy_sha256"]))
        self.assertEqual((data["widened"], data["unknown"], data["reason"]), (2, 0, None))
        self.assertGreaterEqual(data["narrowed"], 2)
        self.assertEqual(data["changes"][:2], ["widened siem push.apps.update", "widened siem push.employees.groups.add"])
        self.assertIn("narrowed soar push.employees.merge", data["changes"])
        self.assertEqual(self.kinds(self.start_again(policy)), ["gate.started"], "told once")

    def test_a_policy_that_no_longer_loads_is_said_instead(self):
        self.start_again()
        self.apis["other"] = {**self.apis.pop("push")}
        started, reloaded, *credentials = self.start_again({"version": 1, "rules": []})
        self.assertRegex(reloaded["data"]["reason"], r"^the policy before does not load under this configuration: the policy before:\d+:\d+: error: ")
        self.assertNotIn("changes", reloaded["data"])
        self.assertEqual({change["change"] for change in self.changes(credentials)}, {"added", "removed"})

    def test_a_start_does_not_wait_for_a_comparison_that_takes_long(self):
        clients = {f"c{number}": {"token_sha256": [hashlib.sha256(b"%d" % number).hexdigest()]} for number in range(300)}
        rules = [{"id": f"r{number}", "effect": "allow", "when": {"client": f"c{number % 300}", "operation": "push.*"}} for number in range(400)]
        self.start_again({"version": 1, "rules": rules}, clients=clients)
        started, reloaded = self.start_again({"version": 1, "rules": rules[1:]}, clients=clients)
        self.assertEqual(reloaded["data"]["reason"], "too many rules and clients to compare at a start, see sluice diff")
        # Few clients and rules, but a request for every combination of the queries: some are tried.
        rules = [{"id": "all", "effect": "allow", "when": {"client": "c0", "operation": "push.*"}}]
        rules += [{"id": f"d{number}", "effect": "deny", "when": {"query": {f"q{number}": {"pattern": "^[a-z]{%d}$" % (number + 1)}}}} for number in range(17)]
        few = {"c0": clients["c0"]}
        self.start_again({"version": 1, "rules": rules}, clients=few)
        before = time.monotonic()
        started, reloaded = self.start_again({"version": 1, "rules": rules[:-1]}, clients=few)
        self.assertGreater(reloaded["data"]["unknown"], 0)
        self.assertEqual(len(reloaded["data"]["changes"]), 10)
        if not harness.SANITIZED:
            self.assertLess(time.monotonic() - before, 15 * harness.PATIENCE)

    def test_each_changed_secret_is_told_by_its_place_and_fingerprints(self):
        self.start_again()
        old = dict(self.secrets)
        self.secrets.update(PUSH_FULL_KEY="another-full-key-0123456789", SOAR_TOKEN="another-token-0123456789")
        started, *events = self.start_again()
        self.assertEqual(self.changes(events), [
            {"credential": "client-token", "client": "soar", "change": "changed",
             "old_fingerprint": print_of(old["SOAR_TOKEN"]), "new_fingerprint": print_of("another-token-0123456789")},
            {"credential": "vendor-key", "api": "push", "key": "full", "change": "changed",
             "old_fingerprint": print_of(old["PUSH_FULL_KEY"]), "new_fingerprint": print_of("another-full-key-0123456789")}])
        everything = json.dumps(self.webhook.events())
        for secret in [*old.values(), *self.secrets.values()]:
            self.assertNotIn(secret, everything)
        self.assertEqual(self.kinds(self.start_again()), ["gate.started"], "told once")

    def test_a_webhooks_secrets_and_what_came_and_went_are_told(self):
        self.start_again()
        new = self.secrets["NEW_SECRET"] = "whsec_" + "QUJD" * 8
        old = self.secrets["WEBHOOK_SECRET"]
        del self.apis["push"]["credential"]["read"]
        audit = {"spool": "audit.db", "durability": "process", "webhooks": [
            {"name": "sink", "url": self.webhook.url, "secret": [{"env": "WEBHOOK_SECRET"}, {"env": "NEW_SECRET"}],
             "headers": {"Authorization": {"env": "NEW_SECRET"}}}]}
        started, *events = self.start_again(audit=audit)
        self.assertEqual(self.changes(events), [
            {"credential": "vendor-key", "api": "push", "key": "read", "change": "removed", "old_fingerprint": print_of(self.secrets["PUSH_READ_KEY"])},
            {"credential": "webhook-header", "webhook": "sink", "change": "added", "new_fingerprint": print_of(new)},
            {"credential": "webhook-secret", "webhook": "sink", "change": "changed", "old_fingerprint": print_of(old),
             "new_fingerprint": print_of(old) + "," + print_of(new)}])
        self.assertEqual(events[0]["data"]["changed"], ["configuration"])
        self.assertEqual(events[2]["data"]["header"], "Authorization")

    def damaged(self, statement, value):
        with sqlite3.connect(self.folder / "audit.db") as spool:
            self.assertEqual(spool.execute(statement, (value,)).rowcount, 1)
        spool.close()

    def test_damaged_facts_are_said_and_put_right(self):
        self.start_again()
        self.secrets["PUSH_FULL_KEY"] = "another-full-key-0123456789"
        for value in (b"", b"{", b"[]", b"\xff\x00", b'{"format":1}', b'{"format":2}', b'{"format":1,"version":1,"policy_sha256":[],"credentials":{}}',
                      b'{"format":1,"version":"v","policy_sha256":"p","credentials":[["a"]]}', b"[" * 100_000):
            with self.subTest(value=value[:40]):
                self.damaged("UPDATE facts SET value = ? WHERE name = 'gate'", value)
                started, = self.start_again()
                self.assertEqual(started["data"]["reason"], "what the spool knew of the gate is damaged: changes before this start are not reported")
                self.assertIsNone(self.start_again()[0]["data"]["reason"])

    def test_a_damaged_text_of_the_policy_is_not_compared(self):
        self.start_again()
        self.damaged("UPDATE facts SET value = ? WHERE name = 'policy'", b"version: 1\nrules: []\n")
        started, reloaded = self.start_again({"version": 1, "rules": []})
        self.assertEqual(reloaded["data"]["reason"], "the policy before is not known")


if __name__ == "__main__":
    main()
