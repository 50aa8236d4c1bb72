"""Killed at any moment, the gate loses no event and has sent no write that it did not announce."""

import collections
import http.client
import itertools
import json
import os
import random
import signal
import threading
import time

from harness import GateTest, PATIENCE, main, wait_until
from scripted_upstream import answer

KILLS = int(os.environ.get("SLUICE_KILLS", "20"))
REPEATED = 100  # events that may come again after a kill, at most: those of one batch, or of the last 50 ms


class Crash(GateTest):
    def load(self, gate, numbers, stop):
        """Writes on one connection until the gate dies."""
        try:
            connection = http.client.HTTPConnection(*gate.address, timeout=10)
            while not stop.is_set():
                number = next(numbers)
                connection.request("POST", f"/push/v1/employees/e{number}/groups", json.dumps({"group": f"g{number}"}),
                                   {"x-api-key": self.secrets["SOAR_TOKEN"], "Content-Type": "application/json"})
                connection.getresponse().read()
        except (OSError, http.client.HTTPException):
            pass

    def test_kills_under_load_lose_no_event_and_send_no_unannounced_write(self):
        one, batch = self.sink(), self.sink()
        vendor = self.upstream(lambda request, connection: answer(body=b'{"groups":[]}'))
        secret = {"env": "WEBHOOK_SECRET"}
        configuration = self.configuration({"push": self.push(vendor.url)}, audit={"spool": "audit.db", "durability": "process", "webhooks": [
            {"name": "one", "url": one.url, "secret": secret},
            {"name": "batch", "url": batch.url, "secret": secret, "format": "cloudevents-batch"}]})
        numbers = itertools.count(1)
        for _ in range(KILLS):
            self.kill_under_load(configuration, vendor, numbers)
        gate = self.serve(configuration)
        self.assertEqual(gate.stop(), 0)
        self.serve(configuration)
        for sink in (one, batch):
            wait_until("the last event", lambda: len(sink.events("gate.started")) == KILLS + 2, 60 * PATIENCE)
        time.sleep(0.5)
        for sink in (one, batch):
            self.assertEqual(sink.breaks(), [])
            self.assertEqual(sink.events()[0]["data"]["sequence"], 1)
            self.assertLessEqual(sink.repeated(), REPEATED * KILLS)
        self.judge_writes(one, vendor)
        self.assertEqual([event["id"] for event in one.events()], [event["id"] for event in batch.events()])
        print(f"{KILLS} kills: {len(vendor.requests)} writes at the vendor, {len(one.events())} events; "
              f"repeated: {one.repeated()} alone, {batch.repeated()} in batches")

    def kill_under_load(self, configuration, vendor, numbers):
        gate = self.serve(configuration)
        stop = threading.Event()
        callers = [threading.Thread(target=self.load, args=(gate, numbers, stop)) for _ in range(4)]
        before = len(vendor.requests)
        for caller in callers:
            caller.start()
        wait_until("writes at the vendor", lambda: len(vendor.requests) > before + 5)
        time.sleep(random.uniform(0, 0.25))
        gate.popen.send_signal(signal.SIGKILL)
        stop.set()
        for caller in callers:
            caller.join(30)
        self.assertEqual(gate.wait(), -signal.SIGKILL)

    def judge_writes(self, sink, vendor):
        attempts = sink.events("request.attempted")
        attempted = [event["data"]["params"]["id"] for event in attempts]
        sent = [request.target.split("/")[3] for request in vendor.requests]
        self.assertGreater(len(sent), KILLS * 5)
        self.assertEqual(len(set(sent)), len(sent), "a write was sent twice")
        self.assertEqual(set(sent) - set(attempted), set(), "a write reached the vendor without its event")
        outcomes = collections.Counter(event["data"]["request_id"] for kind in ("request.forwarded", "request.failed")
                                       for event in sink.events(kind))
        wrong = [event for event in attempts if outcomes[event["data"]["request_id"]] != 1]
        self.assertEqual(wrong, [], "an attempted write has no outcome, or two")
        unknown = [event for event in sink.events("request.failed") if event["data"]["reason"] == "outcome unknown"]
        self.assertGreater(len(unknown), 0, "kills under load leave writes open")


if __name__ == "__main__":
    main()
