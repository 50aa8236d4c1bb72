#!/usr/bin/env python3
"""/metrics: judged by promtool, complete from the start, and of a size that no caller can change."""

import random
import re
import subprocess
import time
import urllib.parse

import harness
from harness import SOURCE, GateTest, wait_until
from observed_gate import Observed, families_of, promtool, series_of
from raw_http import Closed
from scripted_upstream import answer


class Exposition(Observed):
    def test_promtool_has_nothing_to_say_and_every_family_explains_itself(self):
        gate = self.observed_gate()
        for used in (False, True):
            if used:
                self.use(gate)
            text = gate.get_admin("/metrics")[1]
            self.assertEqual(promtool("check", "metrics", text=text), (0, ""))
            for name, (kind, _) in families_of(text).items():
                help_text = re.search(rf"^# HELP {name} (.+)$", text, re.M)
                self.assertTrue(help_text and help_text.group(1).endswith("."), name)
                self.assertIn(kind, ("counter", "gauge", "histogram"), name)
                self.assertEqual(name.endswith("_total"), kind == "counter", name)

    def test_every_family_is_documented_as_it_is(self):
        gate = self.observed_gate()
        self.use(gate)
        text = gate.get_admin("/metrics")[1]
        rows = []
        for name, (kind, labels) in families_of(text).items():
            labels = ",".join(sorted(labels - {"le"}))
            help_text = re.search(rf"^# HELP {name} (.+)$", text, re.M).group(1)
            rows.append(f"| `{name}{'{' + labels + '}' if labels else ''}` | {kind} | {help_text} |")
        readme = (SOURCE / "config" / "monitoring" / "README.md").read_text()
        self.assertEqual([line for line in readme.splitlines() if re.match(r"\| `(sluice|process)_", line)], sorted(rows))

    def test_what_is_known_begins_at_zero(self):
        text = self.observed_gate().get_admin("/metrics")[1]
        for series in ('sluice_config_reloads_total{outcome="rejected"}',
                       'sluice_webhook_deliveries_total{webhook="sink",outcome="failed"}',
                       'sluice_webhook_dead_letters_total{webhook="sink"}', 'sluice_audit_events_total{type="audit.gap"}',
                       'sluice_limit_exceeded_total{api="push"}', 'sluice_credentials_refused_total{api="push"}',
                       'sluice_authentication_failures_total{reason="unknown-token"}',
                       'sluice_upstream_requests_total{api="securenvoy",status="429"}'):
            self.assertIn(series + " 0\n", text)

    def test_the_process_is_described_as_prometheus_clients_do(self):
        gate = self.push_gate()
        pid = gate.popen.pid
        self.assertAlmostEqual(gate.metric("process_start_time_seconds"), time.time(), delta=120)
        self.assertGreater(gate.metric("process_cpu_seconds_total"), 0)
        self.assertAlmostEqual(gate.metric("process_resident_memory_bytes"), gate.memory(), delta=64 << 20)
        open_descriptors = subprocess.run(["ls", f"/proc/{pid}/fd"], capture_output=True, text=True).stdout.split()
        if open_descriptors:  # as root only: it cannot be looked into
            self.assertAlmostEqual(gate.metric("process_open_fds"), len(open_descriptors), delta=4)
        with open(f"/proc/{pid}/limits", encoding="ascii") as limits:
            soft = re.search(r"Max open files +(\d+)", limits.read()).group(1)
        self.assertEqual(gate.metric("process_max_fds"), int(soft))

    def test_the_limit_the_spool_and_the_certificate_are_shown(self):
        gate = self.observed_gate(audit={"spool": "audit.db", "durability": "process", "retain": {"size": "32MiB"}})
        self.assertEqual(gate.metric("sluice_limit_rate", api="push"), 60)
        self.assertEqual(gate.metric("sluice_limit_burst", api="push"), 20)
        self.assertEqual(gate.metric("sluice_audit_spool_limit_bytes"), 32 << 20)
        wait_until("the spool's size", lambda: 0 < gate.metric("sluice_audit_spool_bytes") < 32 << 20)
        ends = gate.metric("sluice_certificate_expires_timestamp_seconds", file=str(self.folder / "gate.crt"))
        self.assertAlmostEqual(ends, time.time() + 30 * 86400, delta=86400)
        self.assertEqual(gate.metric("sluice_ready"), 1)
        self.assertTrue(0 <= gate.metric("sluice_limit_in_use_ratio", api="push") <= 1)
        self.assertEqual(gate.metric("sluice_credential_usable", api="push", key="full"), 1)

    def test_what_a_429_of_the_vendors_holds_back_is_shown(self):
        gate = self.push_gate(self.upstream(lambda request, connection: answer(429, headers=[("Retry-After", "200")])))
        self.assertEqual(gate.metric("sluice_limit_held_seconds", api="push"), 0)
        self.assertLess(gate.metric("sluice_queue_wait_expected_seconds", api="push"), 1)
        gate.ask("POST", "/push/v1/employees/e1/merge", [self.key()], {"secondaryEmployeeIds": ["a"]})
        held = gate.metric("sluice_limit_held_seconds", api="push")
        self.assertTrue(100 < held <= 200, held)
        self.assertGreater(gate.metric("sluice_queue_wait_expected_seconds", api="push"), 100)
        self.assertEqual(gate.metric("sluice_upstream_requests_total", api="push", status="429"), 1)

    def test_a_key_that_the_vendor_refuses_is_not_usable(self):
        gate = self.push_gate(self.upstream(lambda request, connection: answer(401)))
        gate.ask("POST", "/push/v1/employees/e1/merge", [self.key()], {"secondaryEmployeeIds": ["a"]})
        self.assertEqual(gate.metric("sluice_credential_usable", api="push", key="full"), 0)
        self.assertEqual(gate.metric("sluice_credential_usable", api="push", key="read"), 1)
        self.assertEqual(gate.metric("sluice_credentials_refused_total", api="push"), 1)


class Hostile(GateTest):
    """Nothing that a caller makes up becomes a label."""

    def hostile(self, chance):
        def word():
            return "".join(chance.choice("abcdefghijklmnopqrstuvwxyz0123456789-_.~%'\"\\{}\u00e9") for _ in range(chance.randrange(1, 24)))
        path = urllib.parse.quote(word().replace(".", "x"), safe="")
        method = chance.choice(["GET", "PUT", "PATCH", "BREW" + re.sub("[^A-Z]", "X", word().upper())])
        target = chance.choice([f"/push/v1/{path}", f"/push/v1/employees?{path}={path}", f"/{path}/v1/employees", f"/v1/{path}"])
        headers = [chance.choice([self.key(), self.key("siem"), ("x-api-key", path), ("Authorization", f"Bearer {path}"),
                                  ("X-" + path.replace("%", ""), path)]),
                   ("Host", chance.choice(["gate.test", "push.gate.test", path.lower().replace("%", "") + ".test"])),
                   ("User-Agent", path), ("traceparent", path)]
        return harness.request_bytes(method, target, headers)

    def test_ten_thousand_made_up_requests_add_no_series(self):
        gate = self.push_gate(limits={"failed_attempts": 0, "requests_per_connection": 1000000})
        chance = random.Random(7)

        def send(count):
            statuses = set()
            connection = gate.connect()
            for _ in range(count):
                try:
                    connection.send(self.hostile(chance))
                    response = connection.response("GET")
                    statuses.add(response.status)
                    again = (response.header("connection") or "").lower() == "close"
                except (OSError, Closed):
                    again = True
                if again:
                    connection.close()
                    connection = gate.connect()
            connection.close()
            return statuses
        statuses = send(3000)
        self.assertTrue({200, 401, 403, 404} <= statuses, statuses)
        before = series_of(gate.get_admin("/metrics")[1])
        send(10000)
        after = gate.get_admin("/metrics")[1]
        self.assertEqual(series_of(after) - before, set())
        self.assertLess(len(before), 700)
        for word in ("BREW", "%", "\u00e9"):
            self.assertNotIn(word, after)


if __name__ == "__main__":
    harness.main()
