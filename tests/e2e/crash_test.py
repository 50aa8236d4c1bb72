"""Killed at any moment, the gate loses no event and has sent no write that it did not announce."""

import http.client
import itertools
import json
import signal
import threading
import time

from harness import GateTest, PATIENCE, main, wait_until
from scripted_upstream import answer

KILLS = 20


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

    def test_twenty_kills_under_load_lose_no_event_and_send_no_unannounced_write(self):
        sink = self.sink()
        vendor = self.upstream(lambda request, connection: answer(body=b'{"groups":[]}'))
        configuration = self.configuration({"push": self.push(vendor.url)}, sink=sink)
        numbers = itertools.count(1)
        for kill in range(KILLS):
            gate = self.serve(configuration)
            stop = threading.Event()
            callers = [threading.Thread(target=self.load, args=(gate, numbers, stop)) for _ in range(4)]
            before = len(vendor.requests)
            for caller in callers:
                caller.start()
            wait_until("writes at the vendor", lambda: len(vendor.requests) > before + 5)
            time.sleep(0.013 * kill)
            gate.popen.send_signal(signal.SIGKILL)
            stop.set()
            for caller in callers:
                caller.join(30)
            self.assertEqual(gate.wait(), -signal.SIGKILL)
        gate = self.serve(configuration)
        self.assertEqual(gate.stop(), 0)
        self.serve(configuration)
        wait_until("the last event", lambda: len(sink.events("gate.started")) == KILLS + 2, 60 * PATIENCE)
        time.sleep(0.5)

        self.assertEqual(sink.breaks(), [])
        self.assertEqual(sink.events()[0]["data"]["sequence"], 1)
        attempted = [event["data"]["params"]["id"] for event in sink.events("request.attempted")]
        sent = [request.target.split("/")[3] for request in vendor.requests]
        self.assertGreater(len(sent), KILLS * 5)
        self.assertEqual(len(set(sent)), len(sent), "a write was sent twice")
        self.assertEqual(set(sent) - set(attempted), set(), "a write reached the vendor without its event")
        ended = {event["data"]["request_id"] for kind in ("request.forwarded", "request.failed") for event in sink.events(kind)}
        open_ended = [event for event in sink.events("request.attempted") if event["data"]["request_id"] not in ended]
        self.assertEqual(open_ended, [], "an attempted write has no outcome")
        unknown = [event for event in sink.events("request.failed") if event["data"]["reason"] == "outcome unknown"]
        self.assertGreater(len(unknown), 0, "20 kills under load leave writes open")


if __name__ == "__main__":
    main()
