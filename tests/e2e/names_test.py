"""Names that nobody resolves: who has nothing to do with them does not wait, nor does the end of the process. A lookup lasts ten
minutes, and no request of a test waits longer than one."""

import json
import os
import unittest

from harness import GateTest, SANITIZED, SECURENVOY, main, wait_until
from raw_http import request_bytes


@unittest.skipIf(SANITIZED, "a sanitizer's runtime has to be loaded before the name server that hangs")
class HungNamesTest(GateTest):
    def setUp(self):
        super().setUp()
        self.secrets["LD_PRELOAD"] = os.environ["SLUICE_HUNG_NAMES"]

    def test_a_webhook_whose_name_server_never_answers_stops_nothing(self):
        vendor, sink = self.upstream(), self.sink()
        hung = [{"name": f"hung-{i}", "url": f"https://{i}.hung.test/", "secret": {"env": "WEBHOOK_SECRET"}} for i in range(8)]
        by_name = [{"name": "sink", "url": sink.url.replace("127.0.0.1", "localhost"), "secret": {"env": "WEBHOOK_SECRET"}}]
        configuration = self.configuration({"push": self.push(vendor.url.replace("127.0.0.1", "localhost"))})
        content = json.loads(configuration.read_text())
        content["audit"]["webhooks"] = hung + by_name
        configuration.write_text(json.dumps(content))
        gate = self.serve(configuration)
        self.assert_vendors(gate.ask("GET", "/push/v1/employees", [self.key()]))
        wait_until("the webhook that can be reached has the event", lambda: len(sink.taken) >= 2, 4)

    def test_the_process_ends_while_every_name_hangs(self):
        """The vendor's, a webhook's, the collector's and an issuer's: a lookup lasts ten minutes, the harness waits half of one."""
        configuration = self.configuration({"push": self.push("https://vendor.hung.test")})
        content = json.loads(configuration.read_text())
        content["apis"]["push"]["timeouts"] = {"connect": "500ms"}
        content["audit"]["webhooks"] = [{"name": "hung", "url": "https://webhook.hung.test/", "secret": {"env": "WEBHOOK_SECRET"}}]
        content["tracing"] = {"otlp": "https://collector.hung.test"}
        content["identity"] = {"jwt": [{"issuer": "https://idp.test", "audience": "sluice", "jwks": {"url": "https://issuer.hung.test/jwks"}}]}
        content["drain"] = {"timeout": "1s"}
        configuration.write_text(json.dumps(content))
        gate = self.serve(configuration)
        answer = gate.ask("GET", "/push/v1/employees", [self.key()])
        self.assertEqual(answer.status, 502, answer.body)
        self.assertEqual(gate.stop(), 0, gate.text())

    def test_a_vendor_whose_name_server_never_answers_is_502_in_time_and_holds_up_no_other_vendor(self):
        other = self.upstream()
        gate = self.gate({"push": self.push("https://api.hung.test", timeouts={"connect": "1s"}), "securenvoy": self.securenvoy(other.url)})
        with gate.connect() as waiting:
            waiting.send(request_bytes("GET", "/push/v1/employees", [self.key()]))
            self.assert_vendors(gate.ask("GET", SECURENVOY + "/users", [self.key()]))
            self.assert_problem(waiting.response(), 502, "upstream-unreachable")
        self.assert_problem(gate.ask("POST", "/push/v1/employees/e1/groups", [self.key()], {"group": "a"}), 502, "upstream-unreachable")
        self.assertTrue(gate.said("upstream unreachable", api="push", reason="no connection in time"))


if __name__ == "__main__":
    main()
