"""Nothing slips past: what a vendor's server might read differently from the gate is stopped, or arrives as what was judged
(bypass_cases.py, policy/THREATS.md). Real octets through the real binary; what counts is what the vendors got."""

import re
import unittest

from bypass_cases import DISARMED, LEGITIMATE, POLICY, STOPPED
from harness import GateTest, SOURCE, main, wait_until

THREATS = SOURCE / "policy" / "THREATS.md"


class Bypass(GateTest):
    def setUp(self):
        super().setUp()
        self.webhook = self.sink()
        self.vendors = {"push": self.upstream(), "securenvoy": self.upstream()}
        self.gate_process = self.gate(
            {"push": self.push(self.vendors["push"].url, hosts=["push.gate.test"], max_body="64KiB"),
             "securenvoy": self.securenvoy(self.vendors["securenvoy"].url, hosts=["securenvoy.gate.test"])},
            policy=POLICY, sink=self.webhook)
        self.decisions = {}  # by request id: what its event has to say

    def send(self, octets, decision):
        """The gate's answer, and what the vendors got meanwhile."""
        before = {name: len(vendor.requests) for name, vendor in self.vendors.items()}
        name, value = self.key()
        octets = octets.replace(b"{key}", f"{name}: {value}".encode()).replace(b"{token}", value.encode())
        with self.gate_process.connect(timeout=20) as connection:
            connection.send(octets)
            response = connection.response(octets.split(b" ")[0].decode())
        self.decisions[response.header("sluice-request-id")] = decision
        return response, [request for name, vendor in self.vendors.items() for request in vendor.requests[before[name]:]]

    def check_events(self):
        """One outcome in the audit for each request, with its decision. Octets behind a refused one are refused as well."""
        def outcomes():
            return {event["data"]["request_id"]: event["data"]["decision"] for event in self.webhook.events()
                    if event["type"] != "io.sluice.request.attempted" and event["data"]["request_id"]}
        found = wait_until("an event of each request", lambda: self.decisions.keys() <= outcomes().keys() and outcomes())
        self.assertEqual({name: found[name] for name in self.decisions}, self.decisions)
        self.assertLessEqual({found[name] for name in found.keys() - self.decisions.keys()}, {"refuse"})
        self.assertEqual(self.webhook.breaks(), [])

    def test_what_has_a_forbidden_reading_is_stopped(self):
        for name, (octets, status) in STOPPED.items():
            with self.subTest(name=name):
                response, arrived = self.send(octets, "deny" if status == 403 else "refuse")
                self.assertEqual(arrived, [])
                self.assertEqual(response.status, status, response)
                self.assertEqual(response.header("sluice-origin"), "gate")
        self.assertEqual([vendor.connections for vendor in self.vendors.values()], [0, 0])
        self.check_events()

    def test_what_would_give_another_meaning_is_taken_off(self):
        for name, (octets, line, body, absent) in DISARMED.items():
            with self.subTest(name=name):
                response, arrived = self.send(octets, "allow")
                self.assert_vendors(response)
                self.check_arrived(arrived, line, body)
                self.assertEqual([have for have in arrived[0].names() if have in absent], [])
        self.check_events()

    def test_what_only_looks_odd_arrives_as_it_is(self):
        for name, (octets, line, body) in LEGITIMATE.items():
            with self.subTest(name=name):
                response, arrived = self.send(octets, "allow")
                self.assert_vendors(response)
                self.check_arrived(arrived, line, body)
        self.check_events()

    def check_arrived(self, arrived, line, body):
        self.assertEqual([f"{request.method} {request.target}" for request in arrived], [line])
        self.assertEqual(arrived[0].body, body)

    def test_a_connection_is_not_used_again_after_a_body_that_nobody_expects(self):
        octets, _, _, _ = DISARMED["a request hidden in the body of a GET"]
        for _ in range(3):
            self.assert_vendors(self.send(octets, "allow")[0])
        self.assertEqual(self.vendors["push"].connections, 3)
        for _ in range(3):
            self.assert_vendors(self.send(LEGITIMATE["a DELETE with a body"][0], "allow")[0])
        self.assertEqual(self.vendors["push"].connections, 4)


class Documented(unittest.TestCase):
    def test_every_name_of_the_threats_is_a_case_and_every_case_is_named(self):
        lines = re.findall(r"^\| (`[^|]+`) \|.*\| ([^|]+) \|$", THREATS.read_text(encoding="utf-8"), re.MULTILINE)
        rows = [(name, answer) for names, answer in lines for name in re.findall("`([^`]+)`", names)]
        expected = {name: str(status) for name, (_, status) in STOPPED.items()}
        expected.update({name: "taken off" for name in DISARMED})
        expected.update({name: "passes" for name in LEGITIMATE})
        self.assertEqual(len(rows), len(dict(rows)), "a name stands twice")
        self.assertEqual(dict(rows), expected)
        self.assertGreaterEqual(len(STOPPED), 60)
        self.assertGreaterEqual(len(LEGITIMATE), 40)


if __name__ == "__main__":
    main()
