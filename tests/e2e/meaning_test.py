"""One request, one meaning: paths and bodies that could be read in two ways never reach the vendor (interface section 3)."""

import json

from harness import GateTest, SECURENVOY, main, wait_until

REFUSED_PATHS = [
    "/push/v1/./employees", "/push/v1/../v1/employees", "/push//v1/employees", "/push/v1//employees",
    "/push/v1/%2e/employees", "/push/v1/%2E%2e/v1/employees", "/push/v1/.%2e/employees", "/push/../securenvoy/users",
    "/push/v1/detections/a%2fb", "/push/v1/detections/a%2Fb", "/push/v1/detections/a%252fb", "/push/v1/detections/a%25252fb",
    "/push/v1/detections/a%5cb", "/push/v1/detections/a\\b", "/push/v1/detections/a%00b", "/push/v1/detections/a%3fb",
    "/push/v1/detections/a%23b", "/push/v1/detections/a%2e%2e%2fb", "/push/v1/detections/%252e%252e",
    "/push/v1/detections/a%c0%af", "/push/v1/detections/a%ff", "/push/v1/detections/a%u002f", "/push/v1/detections/a%zz",
    "/push/v1/detections/a%", "/push/v1/detections/a%2", "/push/v1/employees#x", "/push/v1/detections/a%ed%a0%80",
]
DENIED_PATHS = ["/push/v1/employees/", "/push/V1/employees", "/push/v1/Employees", "/push/v1/detections//",
                "/push/v1/employees/e1/merge/"]
EVERYTHING = {"version": 1, "rules": [
    {"id": "all", "effect": "allow", "when": {"client": "admin", "operation": ["*.*", "push.unknown"]}}]}
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND", "TRACE", "CONNECT", "FOO", "get"]
# (content type, body, status)
BODIES = [
    ("application/json", b"", 400), ("application/json", b"{", 400), ("application/json", b'{"group":"a"} {"group":"b"}', 400),
    ("application/json", b'{"group":"a","group":"b"}', 400), ("application/json", b'{"group":"a","\\u0067roup":"b"}', 400),
    ("application/json", b'\xef\xbb\xbf{"group":"a"}', 400), ("application/json", b'{"group":"a","x":NaN}', 400),
    ("application/json", b'{"group":"\xff"}', 400), ("application/json", b'{"group":"a","k\\u0000":1}', 400),
    ("application/json", b'{"group":' + b"[" * 70 + b"]" * 70 + b"}", 400), ("application/json", b"{'group':'a'}", 400),
    ("application/json", b'{"group":"a",}', 400), ("application/json", b'{"group":"a"}//', 400),
    ("application/json", b'["a"]', 400), ("application/json", b'{"Group":"a"}', 400), ("application/json", b'{"group":["a"]}', 400),
    ("application/json", b'{"group":"\\ud800"}', 400), ("application/json", '{"group":"a"}'.encode("utf-16"), 400),
    ("text/plain", b'{"group":"a"}', 415), ("application/x-www-form-urlencoded", b"group=a", 415), ("", b'{"group":"a"}', 415),
    ("application/json; charset=utf-16", '{"group":"a"}'.encode("utf-16-le"), 415),
    ("application/json; charset=latin-1", b'{"group":"a"}', 415), ("multipart/form-data; boundary=x", b"--x--", 415),
]


class OneMeaning(GateTest):
    def test_paths_with_two_meanings_are_refused_even_where_everything_is_allowed(self):
        sink = self.sink()
        gate = self.push_gate(policy=EVERYTHING, sink=sink)
        for path in REFUSED_PATHS:
            with self.subTest(path=path):
                self.assert_problem(gate.ask("GET", path, [self.key()]), 400, "malformed-request")
        self.assertEqual(self.vendor.connections, 0)
        wait_until("an event for each refusal", lambda: len(sink.events("request.refused")) == len(REFUSED_PATHS))

    def test_a_path_that_is_not_exactly_an_operations_is_unknown(self):
        gate = self.push_gate()
        for path in DENIED_PATHS:
            with self.subTest(path=path):
                response = gate.ask("GET", path, [self.key()])
                self.assertIn(response.status, (400, 403))
                if response.status == 403:
                    self.assertEqual(response.json()["operation"], "push.unknown")
        self.assertEqual(self.vendor.connections, 0)

    def test_explain_and_test_answer_for_every_method_as_the_gate_does(self):
        """Of the gate: its own refusal, or "allow" for what has come to the vendor."""
        gate = self.push_gate(policy=EVERYTHING)
        tests, answered = [], set()
        for method in METHODS:
            for path in ("/push/v1/x", "/nothing/v1/x"):
                with self.subTest(method=method, path=path):
                    before = len(self.vendor.requests)
                    answer = gate.ask(method, path, [self.key()])
                    arguments = ("explain", "--config", self.folder / "sluice.yaml", "--client", "admin", "--format", "json", method, path)
                    explained = json.loads(self.run_sluice(*arguments, status=0)[1])
                    if len(self.vendor.requests) > before:
                        answered.add(method)
                        self.assertEqual((answer.status, self.vendor.requests[-1].method), (200, method))
                        self.assertEqual((explained["decision"], explained["operations"]), ("allow", ["push.unknown"]))
                        expect = "allow"
                    else:
                        self.assertEqual((explained["decision"], explained["status"]), ("refuse", answer.status))
                        if method != "HEAD":
                            problem = self.assert_problem(answer, explained["status"], explained["type"])
                            if answer.status != 404:
                                self.assertEqual(problem["detail"], explained["reason"])
                        if answer.status == 405:
                            self.assertLessEqual(answered, set(answer.header("allow").split(", ")))
                            self.assertNotIn(method, answer.header("allow"))
                        expect = {"decision": "refuse", "status": answer.status, "type": explained["type"]}
                    tests.append({"name": f"{method} {path}", "expect": expect, "request": {"client": "admin", "method": method, "path": path}})
        self.assertEqual(len(tests), 2 * len(METHODS))
        self.run_sluice("test", self.write("tests.yaml", {"config": "sluice.yaml", "tests": tests}), status=0)

    def test_securenvoy_is_matched_whatever_its_case(self):
        vendor = self.upstream()
        gate = self.gate({"securenvoy": self.securenvoy(vendor.url)})
        for path in ("/credentials/setpassword/u1", "/Credentials/SetPassword/u1", "/CREDENTIALS/SETPASSWORD/u1",
                     "/%63redentials/setpassword/u1"):
            with self.subTest(path=path):
                problem = self.assert_problem(gate.ask("POST", SECURENVOY + path, [self.key("soar")], {"password": "x"}), 403, "policy-denied")
                self.assertEqual(problem["operation"], "securenvoy.credentials.set-password")
        for body in ({"password": "x"}, {"PassWord": "x"}, {"AUTOGENERATEPASSWORD": True}, {"mustChangePasswordOnLogon": False}):
            with self.subTest(body=body):
                problem = self.assert_problem(gate.ask("PUT", SECURENVOY + "/users/u1", [self.key("soar")], body), 403, "policy-denied")
                self.assertEqual(problem["rules"], ["no-credential-writes"])
        self.assert_problem(gate.ask("PUT", SECURENVOY + "/users/u1", [self.key("soar"), ("Content-Type", "application/json")],
                                     b'{"city":"a","City":"b"}'), 400, "body-rejected")
        self.assertEqual(vendor.connections, 0)
        self.assert_vendors(gate.ask("PUT", SECURENVOY + "/Users/u1", [self.key("soar")], {"City": "Leeds"}))
        self.assertEqual(vendor.targets(), ["PUT /api/user/restapi/Users/u1"])

    def test_bodies_that_are_not_what_they_claim_never_reach_the_vendor(self):
        sink = self.sink()
        gate = self.push_gate(sink=sink)
        for kind, body, status in BODIES:
            with self.subTest(kind=kind, body=body[:60]):
                headers = [self.key()] + ([("Content-Type", kind)] if kind else [])
                response = gate.ask("POST", "/push/v1/employees/e1/groups", headers, body)
                problem = response.json()["type"]
                self.assertIn(problem, ("urn:sluice:problem:body-not-json", "urn:sluice:problem:body-rejected"))
                self.assert_problem(response, status, problem.removeprefix("urn:sluice:problem:"))
        self.assertEqual(self.vendor.requests, [])
        wait_until("an event for each refusal", lambda: len(sink.events("request.refused")) == len(BODIES))
        self.assertEqual(sink.events("request.attempted"), [])

    def test_a_coded_or_twice_described_body_is_415(self):
        gate = self.push_gate()
        body = b'{"group":"a"}'
        for headers in ([("Content-Type", "application/json"), ("Content-Encoding", "gzip")],
                        [("Content-Type", "application/json"), ("Content-Encoding", "deflate")],
                        [("Content-Type", "application/json"), ("Content-Type", "application/json")],
                        [("Content-Type", "application/json"), ("Content-Type", "text/plain")]):
            with self.subTest(headers=headers):
                self.assert_problem(gate.ask("POST", "/push/v1/employees/e1/groups", [self.key(), *headers], body), 415, "body-not-json")
        self.assertEqual(self.vendor.requests, [])

    def test_a_required_body_may_not_be_missing(self):
        gate = self.push_gate()
        self.assert_problem(gate.ask("POST", "/push/v1/employees/e1/merge", [self.key()]), 400, "body-rejected")
        self.assert_problem(gate.ask("POST", "/push/v1/employees/e1/merge", [self.key()], {}), 400, "body-rejected")
        self.assertEqual(self.vendor.requests, [])

    def test_unknown_members_and_nulls_pass(self):
        gate = self.push_gate()
        body = {"approvalStatus": None, "notes": None, "somethingNew": {"a": [1, 2]}}
        self.assert_vendors(gate.ask("PATCH", "/push/v1/apps/a1", [self.key()], body))
        self.assertEqual(json.loads(self.vendor.requests[-1].body), body)

    def test_a_cap_cannot_be_dodged_with_another_type_or_size(self):
        gate = self.push_gate()
        for body in ({"secondaryEmployeeIds": "a,b,c"}, {"secondaryEmployeeIds": {"0": "a"}}, {"secondaryEmployeeIds": []},
                     {"secondaryEmployeeIds": ["a"] * 6}, {"secondaryEmployeeIds": None}, {"secondaryEmployeeIds": [["a", "b", "c"]]}):
            with self.subTest(body=body):
                self.assertIn(gate.ask("POST", "/push/v1/employees/e1/merge", [self.key("soar")], body).status, (400, 403))
        self.assertEqual(self.vendor.requests, [])


if __name__ == "__main__":
    main()
