"""Names that nobody resolves, of webhooks and of a vendor: nobody else waits for them."""

import json
import os
import time

from harness import GateTest, SANITIZED, SECURENVOY, main, wait_until
from raw_http import request_bytes


class HungNamesTest(GateTest):
    def test_a_webhook_whose_name_server_never_answers_stops_nothing(self):
        if SANITIZED:
            self.skipTest("a sanitizer's runtime has to come first")
        vendor, sink = self.upstream(), self.sink()
        self.secrets["LD_PRELOAD"] = os.environ["SLUICE_HUNG_NAMES"]
        hung = [{"name": f"hung-{i}", "url": f"https://{i}.hung.test/", "secret": {"env": "WEBHOOK_SECRET"}} for i in range(8)]
        by_name = [{"name": "sink", "url": sink.url.replace("127.0.0.1", "localhost"), "secret": {"env": "WEBHOOK_SECRET"}}]
        configuration = self.configuration({"push": self.push(vendor.url.replace("127.0.0.1", "localhost"))})
        content = json.loads(configuration.read_text())
        content["audit"]["webhooks"] = hung + by_name
        configuration.write_text(json.dumps(content))
        gate = self.serve(configuration)
        began = time.monotonic()
        self.assert_vendors(gate.ask("GET", "/push/v1/employees", [self.key()]))
        self.assertLess(time.monotonic() - began, 4)
        wait_until("the webhook that can be reached has the event", lambda: len(sink.taken) >= 2, 4)

    def test_a_vendor_whose_name_server_never_answers_is_502_in_time_and_holds_up_no_other_vendor(self):
        if SANITIZED:
            self.skipTest("a sanitizer's runtime has to come first")
        self.secrets["LD_PRELOAD"] = os.environ["SLUICE_HUNG_NAMES"]
        other = self.upstream()
        gate = self.gate({"push": self.push("https://api.hung.test", timeouts={"connect": "1s"}), "securenvoy": self.securenvoy(other.url)})
        with gate.connect() as waiting:
            waiting.send(request_bytes("GET", "/push/v1/employees", [self.key()]))
            self.assert_vendors(gate.ask("GET", SECURENVOY + "/users", [self.key()]))
            self.assert_problem(waiting.response(), 502, "upstream-unreachable")
        began = time.monotonic()
        self.assert_problem(gate.ask("POST", "/push/v1/employees/e1/groups", [self.key()], {"group": "a"}), 502, "upstream-unreachable")
        self.assertLess(time.monotonic() - began, 4)
        self.assertTrue(gate.said("upstream unreachable", api="push", reason="no connection in time"))


if __name__ == "__main__":
    main()
