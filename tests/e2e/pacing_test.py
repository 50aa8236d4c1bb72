"""Bursts are smoothed to what the vendor permits: it never has to say 429 (interface section 2.4)."""

import random
import threading
import time

from harness import GateTest, main, wait_until
from raw_http import request_bytes
from scripted_upstream import answer


class Bucket:
    """A vendor's limit, counted strictly by arrival, which the network delays by up to `jitter` seconds."""

    def __init__(self, rate, burst, level=None, jitter=0):
        self.rate, self.burst, self.level, self.at = rate, burst, burst if level is None else level, time.monotonic()
        self.jitter, self.lock, self.exceeded = jitter, threading.Lock(), 0

    def script(self, request, connection):
        time.sleep(random.uniform(0, self.jitter))
        with self.lock:
            now = time.monotonic()
            self.level = min(self.burst, self.level + (now - self.at) * self.rate)
            self.at = now
            if self.level < 1:
                self.exceeded += 1
                return answer(429, b'{"message":"Too Many Requests"}', reason="Too Many Requests")
            self.level -= 1
        return answer()


class Pacing(GateTest):
    def at_once(self, gate, count, target="/push/v1/employees", headers=()):
        """Sends `count` requests at once, each on its own connection; returns the responses with their seconds."""
        results, threads = [None] * count, []

        def ask(number):
            started = time.monotonic()
            response = gate.ask("GET", f"{target}?n={number}", [self.key(), *headers])
            results[number] = (response, time.monotonic() - started)
        for number in range(count):
            threads.append(threading.Thread(target=ask, args=(number,)))
            threads[-1].start()
        for thread in threads:
            thread.join(60)
        self.assertNotIn(None, results)
        return results

    def test_forty_at_once_are_all_answered_and_the_vendor_is_never_asked_too_fast(self):
        bucket = Bucket(10, 10)
        gate = self.push_gate(self.upstream(bucket.script), api={"limit": {"rate": 10, "burst": 10}})
        results = self.at_once(gate, 40)
        self.assertEqual([response.status for response, _ in results], [200] * 40)
        self.assertEqual(bucket.exceeded, 0)
        self.assertEqual(len(self.vendor.requests), 40)
        slowest = max(seconds for _, seconds in results)
        self.assertGreater(slowest, 2.5, "40 requests at 10 a second with a bucket of 10 take 3 seconds")
        self.assertLess(slowest, 6)

    def test_an_interactive_request_passes_the_waiting_batch_and_the_vendor_is_never_asked_too_fast(self):
        bucket = Bucket(10, 10, level=0, jitter=0.03)
        api = self.push(self.upstream(bucket.script).url, limit={"rate": 10, "burst": 10})
        configuration = self.configuration({"push": api}, clients={
            "admin": {"token": {"env": "ADMIN_TOKEN"}, "priority": "batch"},
            "siem": {"token": {"env": "SIEM_TOKEN"}, "priority": "interactive"}},
            policy={"version": 1, "rules": [{"id": "reads", "effect": "allow", "when": {"access": "read"}}]})
        gate, vendor = self.serve(configuration), self.doubles[0]
        batch = threading.Thread(target=self.at_once, args=(gate, 50))
        batch.start()
        wait_until("the batch to wait", lambda: gate.metric("sluice_queue_depth", client="admin") >= 40)
        seen = len(vendor.requests)
        self.assert_vendors(gate.ask("GET", "/push/v1/employees?urgent", [self.key("siem")]))
        place = vendor.targets().index("GET /v1/employees?urgent")
        batch.join()
        self.assertLessEqual(place - seen, 5, "so many of the batch went before it; half a second's worth are 5")
        self.assertEqual(bucket.exceeded, 0)
        self.assertEqual(len(vendor.requests), 51)

    def test_the_time_waited_is_told(self):
        gate = self.push_gate(api={"limit": {"rate": 10, "burst": 10}})
        self.assert_vendors(gate.ask("GET", "/push/v1/employees", [self.key()]))
        time.sleep(1)  # a gate that has just started takes the vendor's bucket for spent
        results = self.at_once(gate, 25)
        waited = [(int(response.header("sluice-queued-ms") or 0), seconds) for response, seconds in results]
        self.assertTrue(any(milliseconds == 0 for milliseconds, _ in waited))
        self.assertTrue(any(milliseconds > 500 for milliseconds, _ in waited))
        for milliseconds, seconds in waited:
            self.assertLessEqual(milliseconds, seconds * 1000)

    def test_who_cannot_be_sent_in_time_is_refused_at_arrival_and_retry_after_is_true(self):
        gate = self.push_gate(api={"limit": {"rate": 5, "burst": 5}, "queue": {"max_wait": "1s"}})
        results = self.at_once(gate, 30)
        served = [item for item in results if item[0].status == 200]
        refused = [item for item in results if item[0].status == 429]
        self.assertEqual(len(served) + len(refused), 30)
        self.assertTrue(3 <= len(served) <= 15, len(served))
        for response, seconds in refused:
            self.assert_problem(response, 429, "wait-too-long")
            self.assertLess(seconds, 1.0)
        wait = max(int(response.header("retry-after")) for response, _ in refused)
        time.sleep(wait)
        self.assert_vendors(gate.ask("GET", "/push/v1/employees", [self.key()]))

    def test_apis_do_not_hold_each_other_up(self):
        slow, quick = self.upstream(), self.upstream()
        gate = self.gate({"push": self.push(slow.url, limit={"rate": 1, "burst": 1}), "securenvoy": self.securenvoy(quick.url)})
        waiting = threading.Thread(target=self.at_once, args=(gate, 4))
        waiting.start()
        time.sleep(0.3)
        started = time.monotonic()
        self.assert_vendors(gate.ask("GET", "/securenvoy/api/user/restapi/users", [self.key()]))
        self.assertLess(time.monotonic() - started, 1)
        waiting.join()

    def test_a_caller_that_leaves_the_queue_is_not_sent(self):
        gate = self.push_gate(api={"limit": {"rate": 1, "burst": 1}})
        gate.ask("GET", "/push/v1/employees?first", [self.key()])
        leaver = gate.connect()
        leaver.send(request_bytes("GET", "/push/v1/employees?left", [self.key()]))
        time.sleep(0.2)
        leaver.close()
        self.assert_vendors(gate.ask("GET", "/push/v1/employees?stayed", [self.key()]))
        self.assertEqual(self.vendor.targets(), ["GET /v1/employees?first", "GET /v1/employees?stayed"])

    def test_refused_and_denied_requests_use_nothing_of_the_limit(self):
        gate = self.push_gate(api={"limit": {"rate": 1, "burst": 1}})
        self.assert_vendors(gate.ask("GET", "/push/v1/employees", [self.key()]))
        started = time.monotonic()
        for number in range(20):
            if number < 10:  # those beyond are held back
                self.assertEqual(gate.ask("GET", "/push/v1/employees", [("x-api-key", "nobody")]).status, 401)
            self.assertEqual(gate.ask("GET", "/push/v1/unknown", [self.key()]).status, 403)
        self.assert_vendors(gate.ask("GET", "/push/v1/employees", [self.key()]))
        self.assertLess(time.monotonic() - started, 3)

    def test_a_vendors_429_holds_its_api_and_a_read_is_sent_again(self):
        seen = []

        def script(request, connection):
            seen.append(time.monotonic())
            if len(seen) == 1:
                return answer(429, headers=[("Retry-After", "1")], reason="Too Many Requests")
            return answer()
        gate = self.push_gate(self.upstream(script), api={"limit": {"rate": 10, "burst": 10}})
        self.assert_vendors(gate.ask("GET", "/push/v1/employees", [self.key()]))
        self.assertEqual(len(seen), 2)
        self.assertGreaterEqual(seen[1] - seen[0], 0.95)

    def test_a_write_that_the_vendor_refuses_with_429_is_not_acted_on_twice(self):
        sent = []

        def script(request, connection):
            sent.append(request.method)
            return answer(429 if len(sent) == 1 else 200, reason="X")
        gate = self.push_gate(self.upstream(script))
        response = gate.ask("POST", "/push/v1/employees/e1/groups", [self.key()], {"group": "a"})
        self.assertIn((response.status, len(sent)), ((429, 1), (200, 2)))


if __name__ == "__main__":
    main()
