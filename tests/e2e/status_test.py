"""What the admin port shows people: capacity, the latest denials, the day, the event stream; under load and bad input."""

import http.client
import json
import threading
import time

from event_stream import EventStream
from harness import GateTest, main, wait_until
from raw_http import request_bytes
from scripted_upstream import answer

MARKUP = '<img src=x onerror="alert(1)">&amp;'


class StatusTest(GateTest):
    def status(self, gate):
        return json.loads(gate.get_admin("/status")[1])

    def api(self, gate, name="push"):
        return next(api for api in self.status(gate)["apis"] if api["name"] == name)

    def denials(self, gate):
        return self.status(gate)["latest_denials"]

    def flood(self, gate, client, count):
        """So many requests at once, each on its own connection. Returns what joins them."""
        def ask():
            try:
                gate.ask("GET", "/push/v1/employees?limit=1", [self.key(client)])
            except OSError:
                pass
        threads = [threading.Thread(target=ask, daemon=True) for _ in range(count)]
        for thread in threads:
            thread.start()
        return lambda: [thread.join() for thread in threads]


class Sender:
    """One request after the other, on connections that are kept as long as the gate keeps them."""

    def __init__(self, gate):
        self.gate, self.connection = gate, None

    def ask(self, method, target, headers):
        if self.connection is None:
            self.connection = self.gate.connect()
        self.connection.send(request_bytes(method, target, headers))
        response = self.connection.response()
        if response.header("connection") == "close":
            self.close()
        return response

    def close(self):
        if self.connection is not None:
            self.connection.close()
        self.connection = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Capacity(StatusTest):
    def limited_gate(self, rate=10, burst=10, **options):
        simulator = self.simulate("push", "--key", self.secrets["PUSH_FULL_KEY"])
        self.secrets["PUSH_READ_KEY"] = self.secrets["PUSH_FULL_KEY"]
        return self.gate({"push": self.push(f"http://127.0.0.1:{simulator.port}", limit={"rate": rate, "burst": burst})},
                         **options)

    def test_figures_follow_the_load(self):
        gate = self.limited_gate()
        before = self.api(gate)
        self.assertEqual((before["limit"]["in_use"], before["wait_seconds"], before["waiting"], before["busiest"],
                          before["clients"]), (0, before["wait_seconds"], 0, before["busiest"], []))
        join = self.flood(gate, "siem", 60)
        busy = wait_until("50 requests to wait", lambda: (api := self.api(gate))["waiting"] >= 50 and api)
        self.assertEqual(busy["busiest"], "siem")
        self.assertEqual(busy["clients"][0]["name"], "siem")
        self.assertEqual(busy["clients"][0]["waiting"], busy["waiting"])
        self.assertGreater(busy["wait_seconds"], 0)
        # What is shown is what one more then waits: its turn comes soon, as the other client has its share only.
        shown = self.api(gate)["wait_seconds"]
        let_in = gate.ask("GET", "/push/v1/employees?limit=1", [self.key("admin")])
        self.assertEqual(let_in.status, 200)
        waited = int(let_in.header("sluice-queued-ms") or 0) / 1000
        self.assertLess(abs(waited - shown), 1, (waited, shown))
        wait_until("the oldest to have waited 3 s", lambda: self.api(gate)["oldest_seconds"] > 3)
        full = wait_until("the limit to be in use", lambda: (api := self.api(gate))["limit"]["in_use"] > 0.5 and api)
        self.assertGreater(full["limit"]["per_second"], 5)
        self.assertGreater(full["clients"][0]["share"], 0.8)
        self.assertLessEqual(full["limit"]["in_use"], 1)
        join()
        status = wait_until("all to be counted", lambda: (status := self.status(gate))["requests"]["allow"] == 61 and status)
        self.assertEqual(status["apis"][0]["waiting"], 0)
        self.assertEqual(status["requests"], {"allow": 61, "deny": 0, "refuse": 0, "failed": 0})

    def test_a_vendors_pause_is_shown(self):
        vendor = self.upstream(lambda request, connection: answer(429, headers=[("Retry-After", "7")]))
        gate = self.gate({"push": self.push(vendor.url, limit={"rate": 100, "burst": 100},
                                            queue={"max_wait": "1s"})})
        self.assertEqual(gate.ask("GET", "/push/v1/employees?limit=1", [self.key()]).status, 429)
        api = self.api(gate)
        self.assertEqual(api["limit"]["rejections"], 1)
        self.assertTrue(0 < api["limit"]["held_seconds"] <= 7, api)
        self.assertGreaterEqual(api["wait_seconds"], api["limit"]["held_seconds"] - 0.5)

    def test_the_share_of_a_client_is_not_inherited(self):
        gate = self.limited_gate(1000, 1000)
        for _ in range(20):
            self.assertEqual(gate.ask("GET", "/push/v1/employees?limit=1", [self.key("siem")]).status, 200)
        self.assertEqual([client["name"] for client in self.api(gate)["clients"]], ["siem"])
        document = json.loads((self.folder / "sluice.yaml").read_text())
        siem = document["clients"].pop("siem")
        policy = json.loads((self.folder / "policy.yaml").read_text())
        policy["rules"] = [rule for rule in policy["rules"] if rule["id"] != "siem-reads"]
        self.write("policy.yaml", policy)
        self.write("sluice.yaml", document)
        gate.reload()
        self.assertEqual(self.api(gate)["clients"], [])
        document["clients"]["newcomer"] = siem
        self.write("sluice.yaml", document)
        gate.reload()
        api = self.api(gate)
        self.assertEqual(api["clients"], [])
        self.assertGreater(api["limit"]["per_second"], 0)

    def test_status_names_the_policy_and_its_parts(self):
        gate = self.limited_gate()
        status = self.status(gate)
        self.assertEqual(status["policy"]["rules"], 4)
        self.assertEqual(status["policy"]["since"], status["started"])
        self.assertTrue(status["ready"])
        self.assertEqual(status["parts"], json.loads(gate.get_admin("/readyz")[1])["parts"])
        policy = json.loads((self.folder / "policy.yaml").read_text())
        policy["rules"].append({"id": "all-shadow", "effect": "deny", "mode": "shadow", "when": {"access": "read"}})
        self.write("policy.yaml", policy)
        gate.reload()
        gate.ask("GET", "/push/v1/employees?limit=1", [self.key()])
        changed = wait_until("the shadow decision", lambda: (status := self.status(gate))["shadow"] and status)
        self.assertEqual(changed["policy"]["rules"], 5)
        self.assertGreater(changed["policy"]["since"], changed["started"])
        self.assertEqual(changed["shadow"], {"all-shadow": 1})

    def test_the_day_has_a_sample(self):
        gate = self.limited_gate(sink="http://127.0.0.1:9/")
        gate.ask("GET", "/push/v1/employees?limit=1", [self.key()])
        day = wait_until("the first sample", lambda: (day := json.loads(gate.get_admin("/history")[1]))["count"] and day)
        self.assertEqual(day["interval_seconds"], 10)
        self.assertRegex(day["from"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d0\.000Z$")
        self.assertEqual(day["apis"][0]["name"], "push")
        self.assertEqual(day["webhooks"][0]["name"], "sink")
        columns = [*day["requests"].values(), *(day["webhooks"][0][name] for name in ("backlog", "lag_seconds")),
                   *(day["apis"][0][name] for name in ("sent_per_second", "in_use", "waiting", "wait_seconds", "rejections"))]
        self.assertEqual({len(column) for column in columns}, {day["count"]})
        later = json.loads(gate.get_admin(f"/history?since={day['from']}")[1])
        self.assertEqual(later["count"], day["count"] - 1)
        self.assertEqual(gate.get_admin("/history?since=yesterday")[0], 400)


class Denials(StatusTest):
    def test_a_denial_is_in_the_stream_at_once(self):
        gate = self.push_gate()
        with EventStream(gate) as stream:
            self.assertEqual(stream.open(), 200)
            stream.wait_for("the status", lambda: stream.of("status"))
            begun = time.monotonic()
            denied = gate.ask("POST", "/push/v1/employees/e1/merge", [self.key("siem")], {"secondaryEmployeeIds": ["a"]})
            self.assertEqual(denied.status, 403)
            number, denial = stream.wait_for("the denial", lambda: stream.of("denial"))[0]
            print(f"in the stream {time.monotonic() - begun:.3f} s after it was asked", flush=True)
            self.assertEqual(number, str(denial["id"]))
            self.assertEqual({name: denial[name] for name in ("type", "client", "api", "operation", "method", "path", "status")},
                             {"type": "denied", "client": "siem", "api": "push", "operation": "push.employees.merge",
                              "method": "POST", "path": "/v1/employees/e1/merge", "status": 403})
            self.assertEqual(denial["request_id"], denied.header("sluice-request-id"))
            self.assertEqual(denial["reason"], "no rule allows this")
        # It is what /status has, too; and a reader that comes back goes on where it was.
        self.assertEqual(self.denials(gate)[0], denial)
        gate.ask("GET", "/push/v1/employees", [("x-api-key", "nobody's")])
        wait_until("the refusal", lambda: len(self.denials(gate)) == 2)
        for last, expected in ((number, ["refused"]), (None, ["denied", "refused"]), ("x", ["denied", "refused"])):
            with EventStream(gate, [("Last-Event-ID", last)] if last else []) as stream:
                stream.wait_for("two statuses", lambda: len(stream.of("status")) > 1)
                self.assertEqual([document["type"] for _, document in stream.of("denial")], expected)

    def test_a_status_comes_each_second_and_streams_are_counted(self):
        gate = self.push_gate()
        with EventStream(gate) as stream:
            stream.wait_for("three statuses", lambda: len(stream.of("status")) > 2)
            times = [status["time"] for _, status in stream.of("status")]
            self.assertEqual(times, sorted(set(times)))
            self.assertEqual(stream.of("status")[-1][1]["streams"], 1)
            self.assertNotIn("latest_denials", stream.of("status")[0][1])
            self.assertEqual(self.status(gate)["streams"], 1)
        wait_until("the stream to be forgotten", lambda: self.status(gate)["streams"] == 0)

    def test_denials_are_shown_while_the_spool_cannot_be_written(self):
        gate = self.push_gate(audit={"spool": "audit.db", "durability": "process", "when_unavailable": "allow"})
        (self.folder / "audit.db").rename(self.folder / "gone.db")
        self.write("audit.db", "no spool")
        gate.ask("DELETE", "/push/v1/employees/e1", [self.key("siem")])
        wait_until("the audit to fail", lambda: not self.status(gate)["audit"]["usable"], 40)
        denied = gate.ask("DELETE", "/push/v1/employees/e2", [self.key("siem")])
        found = wait_until("the denial", lambda: [denial for denial in self.denials(gate)
                                                  if denial["request_id"] == denied.header("sluice-request-id")])
        self.assertEqual(found[0]["path"], "/v1/employees/e2")

    def test_shutdown_ends_the_streams(self):
        gate = self.push_gate()
        with EventStream(gate) as stream:
            self.assertEqual(stream.open(), 200)
            self.assertEqual(gate.stop(), 0)
            while stream.receive(5):
                pass
            self.assertTrue(stream.ended)


class BadInput(StatusTest):
    def test_markup_stays_text(self):
        """Names cannot be markup; a rule's reason and a path can, and are JSON text, never HTML."""
        policy = {"version": 1, "rules": [{"id": "reads", "effect": "allow", "when": {"access": "read"}},
                                          {"id": "no", "effect": "deny", "when": {"access": "write"}, "reason": MARKUP}]}
        self.vendor = self.upstream()
        path = self.configuration({"push": self.push(self.vendor.url)}, policy, sink="http://127.0.0.1:9/")
        good = json.loads(path.read_text())
        bad = json.loads(path.read_text())
        bad["clients"]["<b>soar</b>"] = bad["clients"].pop("soar")
        bad["audit"]["webhooks"][0]["name"] = "<script>alert(2)</script>"
        self.write("sluice.yaml", bad)
        _, output, errors = self.run_sluice("check", "--config", path, status=1)
        for kind in ("client", "webhook"):
            self.assertIn(f"the name of a {kind} must be letters", output + errors)
        self.write("sluice.yaml", good)
        gate = self.serve(path)
        self.assertEqual(gate.ask("DELETE", "/push/v1/<script>alert(1)</script>", [self.key("soar")]).status, 403)
        with EventStream(gate) as stream:
            stream.wait_for("the denial", lambda: stream.of("denial"))
            denial = stream.of("denial")[0][1]
        self.assertEqual(denial["path"], "/v1/<script>alert(1)</script>")
        self.assertIn(MARKUP, denial["reason"])
        for page in ("/status", "/history", "/readyz", "/events"):
            connection = http.client.HTTPConnection(*gate.admin, timeout=20)
            connection.request("HEAD", page)
            got = connection.getresponse()
            self.assertIn(got.getheader("content-type"), ("application/json", "text/event-stream; charset=utf-8"))
            self.assertEqual(got.getheader("x-content-type-options"), "nosniff")
            connection.close()

    def test_octets_that_are_no_text_are_replaced(self):
        gate = self.push_gate()
        for target in (b"/push/v1/\xff\xc0\xaf", b"/push/v1/%ff%c0%af", b"/push/v1/\xe2\x82"):
            with gate.connect() as connection:
                connection.send(b"GET " + target + b" HTTP/1.1\r\nHost: a\r\nx-api-key: \xff\xfe\r\n\r\n")
                self.assertIn(connection.response().status, (400, 401))
        wait_until("three refusals", lambda: len(self.denials(gate)) == 3)
        with EventStream(gate) as stream:
            stream.wait_for("the refusals", lambda: len(stream.of("denial")) == 3)

    def test_ten_thousand_hostile_requests_leave_little(self):
        gate = self.push_gate(limits={"failed_attempts": 0})  # none of them is held back
        denied = gate.ask("POST", "/push/v1/employees/e1/merge", [self.key("siem")], {"secondaryEmployeeIds": ["a"]})
        with EventStream(gate) as stream:
            self.assertEqual(stream.open(), 200)
            with Sender(gate) as sender:
                for number in range(10_000):
                    if number == 3_000:  # buffers have grown to what a busy gate needs
                        before = gate.memory()
                    path = f"/push/v1/{number}/" + "<x>%01" * 100
                    self.assertIn(sender.ask("GET", path, [("x-api-key", f"guess-{number}"), ("User-Agent", "<b>")]).status,
                                  (400, 401))
            status = wait_until("all to be counted",
                                lambda: (status := self.status(gate))["requests"]["refuse"] == 10_000 and status, 60)
            newest = status["latest_denials"][0]["id"]
            stream.wait_for("the last one", lambda: any(document["id"] == newest for _, document in stream.of("denial")))
        kinds = [denial["type"] for denial in status["latest_denials"]]
        self.assertEqual((kinds.count("refused"), kinds.count("denied")), (50, 1))
        self.assertEqual(status["latest_denials"][-1]["request_id"], denied.header("sluice-request-id"))
        self.assertLessEqual(max(len(denial["path"]) for denial in status["latest_denials"]), 513)
        self.assertEqual([client["name"] for client in status["apis"][0]["clients"]], [])
        self.assert_grown_less(gate, before, 16 << 20)

    def test_a_hundred_readers_that_never_read_harm_nobody(self):
        gate = self.push_gate()
        before = gate.memory()
        streams = [EventStream(gate, receive_buffer=4096) for _ in range(64)]
        try:
            wait_until("64 streams", lambda: self.status(gate)["streams"] == 64)
            for _ in range(36):
                with EventStream(gate) as stream:
                    self.assertEqual(stream.open(), 503)
                    self.assertIn("Retry-After: ", stream.head)
            # Denials fill what the sockets take; requests go on meanwhile.
            end = time.monotonic() + 5
            with Sender(gate) as sender:
                while time.monotonic() < end:
                    self.assertEqual(sender.ask("DELETE", "/push/v1/" + "x" * 500, [self.key("siem")]).status, 403)
                    self.assert_vendors(sender.ask("GET", "/push/v1/employees?limit=1", [self.key()]))
                    time.sleep(0.001)  # no faster than a busy disk takes the audit
            self.assertEqual(gate.get_admin("/healthz")[0], 200)
            self.assert_grown_less(gate, before, 64 << 20)
            wait_until("those that take nothing to be cut", lambda: self.status(gate)["streams"] < 64, 120)
        finally:
            for stream in streams:
                stream.close()
        wait_until("all to be forgotten", lambda: self.status(gate)["streams"] == 0, 60)
        with EventStream(gate) as stream:
            self.assertEqual(stream.open(), 200)

    def test_answers_that_nobody_takes_are_bounded(self):
        """A client that asks for page after page and reads nothing."""
        gate = self.push_gate()
        before = gate.memory()
        connections = []
        for _ in range(50):
            connection = http.client.HTTPConnection(*gate.admin, timeout=20)
            connection.connect()
            connection.sock.setblocking(False)
            try:
                connection.sock.send(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n" * 700)
            except BlockingIOError:
                pass
            connections.append(connection)
        self.assertEqual(gate.ask("GET", "/push/v1/employees?limit=1", [self.key()]).status, 200)
        self.assertIn(gate.get_admin("/healthz")[0], (200, 503))
        self.assert_grown_less(gate, before, 96 << 20)
        for connection in connections:
            connection.close()


class Page(StatusTest):
    def test_the_page_is_served_and_not_sent_twice(self):
        gate = self.push_gate()
        connection = http.client.HTTPConnection(*gate.admin, timeout=20)
        connection.request("GET", "/")
        got = connection.getresponse()
        body = got.read()
        self.assertEqual((got.status, got.getheader("content-type")), (200, "text/html; charset=utf-8"))
        self.assertIn("script-src 'self'", got.getheader("content-security-policy"))
        self.assertIn(b"<!doctype html>", body.lower())
        connection.request("GET", "/", headers={"If-None-Match": got.getheader("etag")})
        got = connection.getresponse()
        self.assertEqual((got.status, got.read()), (304, b""))
        for path in ("/dashboard.css", "/dashboard.js"):
            self.assertEqual(gate.get_admin(path)[0], 200)
        self.assertEqual(gate.get_admin("/", headers={"Host": "attacker.example"})[0], 403)
        self.assertEqual(gate.get_admin("/events", headers={"Host": "attacker.example"})[0], 403)
        self.assertEqual(gate.get_admin("/events", headers={"Origin": "http://attacker.example"})[0], 403)
        connection.close()


if __name__ == "__main__":
    main()
