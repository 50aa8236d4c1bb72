"""Webhooks whose names nobody resolves: neither the vendor nor another webhook waits for them."""

import json
import os
import time

from harness import GateTest, SANITIZED, main, wait_until


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


if __name__ == "__main__":
    main()
