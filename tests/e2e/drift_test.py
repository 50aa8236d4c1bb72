"""A vendor's new feature is seen the first time that somebody uses it: in the audit, and as a number."""

import json

from harness import GateTest, main, wait_until

POLICY = {"version": 1, "rules": [
    {"id": "open", "effect": "allow", "when": {"client": "admin", "operation": ["*.*", "push.unknown"]}}]}


class Drift(GateTest):
    def setUp(self):
        super().setUp()
        self.webhook = self.sink()
        self.server = self.push_gate(policy=POLICY, sink=self.webhook)

    def event(self, response):
        request_id = response.header("sluice-request-id")
        return wait_until("the event", lambda: [event for event in self.webhook.events(request_id=request_id)
                                                if event["type"] != "io.sluice.request.attempted"])[0]["data"]

    def test_an_operation_that_no_catalogue_knows_is_counted(self):
        for client, status in (("admin", 200), ("siem", 403)):
            response = self.server.ask("GET", "/push/v1/newFeature", [self.key(client)])
            self.assertEqual(response.status, status)
            self.assertEqual(self.event(response)["operation"], "push.unknown")
        self.server.ask("GET", "/push/v1/employees", [self.key()])
        self.assertEqual(self.server.metric("sluice_unknown_operations_total"), 2)
        self.assertEqual(self.server.metric("sluice_unknown_operations_total", api="push"), 2)

    def test_members_that_no_catalogue_names_are_named_and_never_shown(self):
        odd = 'a"b\\/\n\u2028<x>'
        body = {"notes": "hidden-1", "newField": {"inner": "hidden-2"}, odd: "hidden-3"}
        for client, status in (("admin", 200), ("siem", 403)):
            response = self.server.ask("PATCH", "/push/v1/apps/a1", [self.key(client)], body)
            self.assertEqual(response.status, status)
            self.assertEqual(self.event(response)["unknown_fields"], ["/newField", "/" + odd.replace("/", "~1")])
        attempted, = self.webhook.events("request.attempted")
        self.assertEqual(attempted["data"]["unknown_fields"][0], "/newField")
        self.assertNotIn("hidden", json.dumps(self.webhook.events()))
        self.assertEqual(self.server.metric("sluice_unknown_fields_total", api="push"), 4)
        metrics = self.server.get_admin("/metrics")[1]
        self.assertNotIn("newField", metrics)
        self.assertEqual(self.webhook.breaks(), [])

    def test_many_and_long_names_are_cut(self):
        response = self.server.ask("PATCH", "/push/v1/apps/a1", [self.key()], {"k" * 5000: 1, **{f"n{i}": 1 for i in range(1000)}})
        self.assert_vendors(response)
        fields = self.event(response)["unknown_fields"]
        self.assertEqual(fields, ["/" + "k" * 127] + [f"/n{i}" for i in range(15)])

    def test_what_the_catalogue_names_or_does_not_describe_is_not_reported(self):
        for method, path, body in (("PATCH", "/v1/apps/a1", {"notes": None}), ("POST", "/v1/new", {"x": 1}), ("GET", "/v1/apps", None)):
            response = self.server.ask(method, "/push" + path, [self.key()], body)
            self.assert_vendors(response)
            self.assertNotIn("unknown_fields", self.event(response))
        self.assertEqual(self.server.metric("sluice_unknown_fields_total"), 0)


if __name__ == "__main__":
    main()
