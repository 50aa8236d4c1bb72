"""Every answer of the gate's own, as the table of interface section 5 has it."""

import socket
import time

from harness import GateTest, main, wait_until
from raw_http import Closed, request_bytes


def closed_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


class Answers(GateTest):
    def ask_raw(self, gate, data):
        with gate.connect() as connection:
            connection.send(data)
            return connection.response()

    def test_malformed_requests_have_the_status_that_fits(self):
        gate = self.push_gate(limits={"head_size": "8KiB", "target_size": "4KiB", "header_count": 50},
                              api={"max_body": "1KiB"})
        key = "x-api-key: " + self.secrets["ADMIN_TOKEN"]
        cases = {
            "a request line of nonsense": (400, "GET\r\n\r\n"),
            "no Host": (400, f"GET /push/v1/employees HTTP/1.1\r\n{key}\r\n\r\n"),
            "two Hosts": (400, f"GET /push/v1/employees HTTP/1.1\r\nHost: a\r\nHost: a\r\n{key}\r\n\r\n"),
            "a long target": (414, f"GET /push/{'a' * 5000} HTTP/1.1\r\nHost: a\r\n{key}\r\n\r\n"),
            "a long head": (431, f"GET /push/v1/employees HTTP/1.1\r\nHost: a\r\n{key}\r\nX: {'a' * 9000}\r\n\r\n"),
            "many fields": (431, f"GET /push/v1/employees HTTP/1.1\r\nHost: a\r\n{key}\r\n" + "X: 1\r\n" * 60 + "\r\n"),
            "a large body": (413, f"POST /push/v1/employees/e/groups HTTP/1.1\r\nHost: a\r\n{key}\r\nContent-Length: 2000\r\n\r\n"),
            "an expectation": (417, f"GET /push/v1/employees HTTP/1.1\r\nHost: a\r\n{key}\r\nExpect: the-unexpected\r\n\r\n"),
            "another version": (505, f"GET /push/v1/employees HTTP/2.0\r\nHost: a\r\n{key}\r\n\r\n"),
            "a coding that is not served": (501, f"POST /push/v1/employees/e/groups HTTP/1.1\r\nHost: a\r\n{key}\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
        }
        for what, (status, data) in cases.items():
            with self.subTest(what=what):
                response = self.ask_raw(gate, data)
                # The contract gives the statuses, and leaves it to the gate to name the types of all but 400.
                kind = "malformed-request" if status == 400 else response.json()["type"].removeprefix("urn:sluice:problem:")
                self.assert_problem(response, status, kind)
        self.assertEqual(self.vendor.connections, 0)

    def test_trace_and_connect_are_refused(self):
        gate = self.push_gate()
        for line in ("TRACE /push/v1/employees HTTP/1.1", "CONNECT api.pushsecurity.com:443 HTTP/1.1"):
            with self.subTest(line=line):
                response = self.ask_raw(gate, f"{line}\r\nHost: a\r\nx-api-key: {self.secrets['ADMIN_TOKEN']}\r\n\r\n")
                self.assertIn(response.status, (400, 403, 405, 501))
                self.assertEqual(response.header("sluice-origin"), "gate")
        self.assertEqual(self.vendor.connections, 0)

    def test_denied_by_policy_names_the_rule_the_operation_and_the_reason(self):
        gate = self.push_gate()
        problem = self.assert_problem(gate.ask("POST", "/push/v1/employees/e1/merge", [self.key("soar")],
                                               {"secondaryEmployeeIds": ["a", "b", "c"]}), 403, "policy-denied")
        self.assertEqual(problem["rules"], ["merge-cap"])
        self.assertEqual(problem["operation"], "push.employees.merge")
        self.assertIn("At most two employees may be merged at once.", problem["detail"])
        self.assertEqual(self.vendor.requests, [])

    def test_denied_by_default_names_no_rule(self):
        gate = self.push_gate()
        problem = self.assert_problem(gate.ask("POST", "/push/v1/employees/e1/groups", [self.key("siem")], {"group": "a"}),
                                      403, "policy-denied")
        self.assertEqual(problem.get("rules", []), [])

    def test_an_unknown_operation_is_denied_and_an_unknown_api_is_not_found(self):
        gate = self.push_gate()
        problem = self.assert_problem(gate.ask("GET", "/push/v1/secrets", [self.key()]), 403, "policy-denied")
        self.assertEqual(problem["operation"], "push.unknown")
        for path in ("/", "/nothing/v1/employees", "/pushy/v1/employees", "/PUSH/v1/employees", "/v1/employees"):
            with self.subTest(path=path):
                self.assert_problem(gate.ask("GET", path, [self.key()]), 404, "unknown-api")

    def test_a_body_that_is_not_json_is_415_and_one_that_does_not_fit_is_400(self):
        gate = self.push_gate()
        target = "/push/v1/employees/e1/groups"
        self.assert_problem(gate.ask("POST", target, [self.key(), ("Content-Type", "text/plain")], b'{"group":"a"}'), 415, "body-not-json")
        self.assert_problem(gate.ask("POST", target, [self.key()], {"group": 5}), 400, "body-rejected")

    def test_a_full_queue_and_too_long_a_wait_are_429_with_retry_after(self):
        gate = self.push_gate(api={"limit": {"rate": 1, "burst": 1}, "queue": {"max_requests": 2, "max_wait": "60s"}})
        connections = [gate.connect() for _ in range(5)]
        for connection in connections:
            connection.send(request_bytes("GET", "/push/v1/employees", [self.key()]))
            time.sleep(0.05)
        full = [connection.response() for connection in connections[3:]]
        for connection in connections:
            connection.close()
        for response in full:
            self.assert_problem(response, 429, "queue-full")
            self.assertRegex(response.header("retry-after"), r"^[1-9]\d*$")

    def test_a_wait_that_the_caller_shortens_is_429(self):
        gate = self.push_gate(api={"limit": {"rate": 0.2, "burst": 1}, "queue": {"max_wait": "60s"}})
        gate.ask("GET", "/push/v1/employees", [self.key()])
        started = time.monotonic()
        response = gate.ask("GET", "/push/v1/employees", [self.key(), ("Prefer", "wait=1")])
        self.assertLess(time.monotonic() - started, 1.0, "it was refused at arrival")
        self.assert_problem(response, 429, "wait-too-long")
        self.assertRegex(response.header("retry-after"), r"^[1-9]\d*$")

    def test_a_vendor_that_is_down_is_502(self):
        gate = self.gate({"push": self.push(f"http://127.0.0.1:{closed_port()}")})
        self.assert_problem(gate.ask("GET", "/push/v1/employees", [self.key()]), 502, "upstream-unreachable")
        self.assert_problem(gate.ask("POST", "/push/v1/employees/e1/groups", [self.key()], {"group": "a"}),
                            502, "upstream-unreachable")

    def test_a_vendor_whose_name_does_not_resolve_is_502(self):
        gate = self.gate({"push": self.push("https://no-such-host.invalid")})
        self.assert_problem(gate.ask("GET", "/push/v1/employees", [self.key()]), 502, "upstream-unreachable")

    def test_a_vendor_that_speaks_nonsense_is_502(self):
        gate = self.push_gate(self.upstream(lambda request, connection: b"SSH-2.0-OpenSSH_9.2\r\n\r\n"))
        self.assert_problem(gate.ask("GET", "/push/v1/employees", [self.key()]), 502, "upstream-protocol")

    def test_a_vendor_that_does_not_answer_is_504(self):
        def silent(request, connection):
            time.sleep(5)
        gate = self.push_gate(self.upstream(silent), api={"timeouts": {"response": "500ms"}})
        self.assert_problem(gate.ask("GET", "/push/v1/employees", [self.key()]), 504, "upstream-timeout")
        self.assert_problem(gate.ask("POST", "/push/v1/employees/e1/groups", [self.key()], {"group": "a"}),
                            504, "upstream-timeout")
        self.assertEqual([line for line in self.vendor.targets() if line.startswith("POST")], ["POST /v1/employees/e1/groups"])

    def test_a_kept_connection_is_closed_when_the_gate_drains(self):
        gate = self.push_gate(drain={"delay": "0s", "timeout": "3s"})
        with gate.connect() as kept:
            kept.send(request_bytes("GET", "/push/v1/employees", [self.key()]))
            self.assertEqual(kept.response().status, 200)
            gate.popen.terminate()
            wait_until("the gate to drain", lambda: gate.said("draining") or gate.popen.poll() is not None)
            try:
                kept.send(request_bytes("GET", "/push/v1/employees", [self.key()]))
                response = kept.response()
            except (Closed, OSError):
                return  # closing an idle connection at once is as good
            self.assertEqual(response.header("connection"), "close")
            if response.status != 200:
                self.assert_problem(response, 503, "draining")

    def test_every_request_has_an_id_of_its_own(self):
        gate = self.push_gate()
        seen = {gate.ask("GET", target, [self.key()]).header("sluice-request-id")
                for target in ("/push/v1/employees", "/push/v1/employees", "/nowhere", "/push/v1/none")}
        self.assertEqual(len(seen), 4)
        for identifier in seen:
            self.assertRegex(identifier, r"^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$")

    def test_a_head_that_never_ends_is_408_or_closed(self):
        gate = self.push_gate(limits={"head_time": "500ms"})
        with gate.connect() as connection:
            connection.send("GET /push/v1/employees HTTP/1.1\r\nHost: a\r\n")
            started = time.monotonic()
            data = connection.socket.recv(65536)
            self.assertLess(time.monotonic() - started, 5)
            self.assertTrue(data == b"" or b" 408 " in data.split(b"\r\n")[0], data)


if __name__ == "__main__":
    main()
