"""Fields of bodies in the audit's events: only those that were asked for, never a credential (README, "Fields of bodies in the audit")."""

import hashlib
import hmac
import json

from harness import GateTest, SECURENVOY, main, wait_until

SALT = "a-salt-of-some-octets-0123"
SECRET = "Canary-Passw0rd-77"


class Capture(GateTest):
    def captured(self, captures, script=None, **apis):
        self.secrets["SLUICE_CAPTURE_SALT"] = SALT
        self.vendor = self.upstream(script)
        self.webhook = self.sink()
        audit = {"spool": "audit.db", "durability": "process", "capture": captures, "capture_salt": {"env": "SLUICE_CAPTURE_SALT"},
                 "webhooks": [{"name": "sink", "url": self.webhook.url, "secret": {"env": "WEBHOOK_SECRET"}}]}
        return self.gate({"push": self.push(self.vendor.url, **apis), "securenvoy": self.securenvoy(self.vendor.url)}, audit=audit)

    def events(self, kind, count=1):
        wait_until(f"{count} of {kind}", lambda: len(self.webhook.events(kind)) >= count)
        return [event["data"] for event in self.webhook.events(kind)]

    def test_every_event_of_the_request_has_them_and_no_other_event(self):
        gate = self.captured([{"operations": "push.employees.groups.*", "fields": "/group"}])
        path = "/push/v1/employees/e1/groups"
        self.assert_vendors(gate.ask("POST", path, [self.key()], {"group": "Quarantine", "other": "not asked for"}))
        gate.ask("POST", path, [self.key("siem")], {"group": "Denied"})
        gate.ask("GET", "/push/v1/employees", [self.key()])
        attempted, = self.events("request.attempted")
        forwarded = self.events("request.forwarded", 2)
        denied, = self.events("request.denied")
        self.assertEqual([data.get("fields") for data in (attempted, denied, *forwarded)],
                         [{"/group": "Quarantine"}, {"/group": "Denied"}, {"/group": "Quarantine"}, None])
        self.assertNotIn("not asked for", json.dumps(forwarded))
        self.assertEqual(self.webhook.breaks(), [])

    def test_a_request_that_failed_or_was_refused_after_its_body_was_read_has_them(self):
        gate = self.captured([{"operations": "push.*", "fields": ["/group", "/approvalStatus"]}], lambda request, connection: None)
        gate.ask("POST", "/push/v1/employees/e1/groups", [self.key()], {"group": "g"})
        gate.ask("PATCH", "/push/v1/apps/a1", [self.key()], {"approvalStatus": "WRONG"})
        gate.ask("PATCH", "/push/v1/apps/a1", [self.key()], b'{"approvalStatus":"A","approvalStatus":"B"}')
        failed, = self.events("request.failed")
        refused = self.events("request.refused", 2)
        self.assertEqual([data.get("fields") for data in (failed, *refused)], [{"/group": "g"}, {"/approvalStatus": "WRONG"}, None])

    def test_a_hash_is_the_one_that_an_investigator_computes(self):
        gate = self.captured([{"operations": "securenvoy.users.*", "fields": ["/username", "/isLocked", "/city", "/phone"], "hash": True}])
        body = {"username": 'a "b" \u00e9', "isLocked": True, "city": "x" * 100_000, "phone": None, "password": SECRET}
        self.assert_vendors(gate.ask("PUT", SECURENVOY + "/users/u1", [self.key()], body))
        data, = self.events("request.forwarded")

        def expected(value):
            text = json.dumps(value, ensure_ascii=False).encode()
            return "hmac-sha256:" + hmac.new(SALT.encode(), text, hashlib.sha256).hexdigest()
        self.assertEqual(data["fields"], {"/" + name: expected(body[name]) for name in ("username", "isLocked", "city", "phone")})
        self.assertNotIn(SECRET, json.dumps(self.webhook.events("request.forwarded")))

    def test_what_is_long_or_many_is_marked(self):
        gate = self.captured([{"operations": "push.employees.merge", "fields": "/secondaryEmployeeIds/*"},
                              {"operations": "push.apps.update", "fields": "/notes"}])
        gate.ask("PATCH", "/push/v1/apps/a1", [self.key()], {"notes": "\u00e9" * 100_000})
        gate.ask("POST", "/push/v1/employees/e1/merge", [self.key()], {"secondaryEmployeeIds": [f"e{i}" for i in range(40)]})
        cut, = self.events("request.forwarded")
        self.assertEqual((cut["fields"], cut["fields_cut"]), ({"/notes": "\u00e9" * 128}, ["/notes"]))
        many, = self.events("request.refused")
        self.assertEqual((len(many["fields"]), many["fields_left_out"]), (32, 8))
        self.assertNotIn("fields_cut", many)

    def test_control_characters_stay_inside_their_text(self):
        gate = self.captured([{"operations": "push.apps.update", "fields": ["/notes", "/ownerId"]}])
        notes = "".join(map(chr, range(0x20))) + "\x7f\u2028\"\\</script>\U0001f600"
        gate.ask("PATCH", "/push/v1/apps/a1", [self.key()], {"notes": notes, "ownerId": "\ufffd"})
        data, = self.events("request.forwarded")
        self.assertEqual(data["fields"], {"/notes": notes, "/ownerId": "\ufffd"})

    def test_a_body_that_is_not_read_whole_has_none(self):
        gate = self.captured([{"operations": "push.employees.groups.add", "fields": "/group"}], max_body="64KiB")
        path = "/push/v1/employees/e1/groups"
        self.assert_problem(gate.ask("POST", path, [self.key()], {"group": "x" * 100_000}), 413, "body-too-large")
        with gate.connect() as connection:
            connection.send(f"POST {path} HTTP/1.1\r\nHost: a\r\nx-api-key: {self.key()[1]}\r\nContent-Type: application/json\r\n"
                            "Content-Length: 100\r\n\r\n{\"group\":\"half\"".encode())
        self.events("request.refused")
        failed, = self.events("request.failed")
        self.assertNotIn("fields", json.dumps([failed, *self.events("request.refused")]))

    def test_a_long_body_is_read_whole_before_any_of_it_goes(self):
        gate = self.captured([{"operations": "push.apps.update", "fields": "/ownerId"}])
        self.assert_vendors(gate.ask("PATCH", "/push/v1/apps/a1", [self.key()], {"notes": "x" * 900_000, "ownerId": "o1"}))
        attempted, = self.events("request.attempted")
        self.assertEqual(attempted["fields"], {"/ownerId": "o1"})

    def test_a_credential_is_refused_with_its_place(self):
        path = self.configuration({"securenvoy": self.securenvoy("http://127.0.0.1:1")}, audit={
            "capture": [{"operations": ["securenvoy.users.update"], "fields": ["/password"]}]})
        _, out, _ = self.run_sluice("check", "--config", path, status=1)
        self.assertRegex(out, r'sluice\.yaml:\d+:\d+: error: fields: "/password" is a credential in securenvoy\.users\.update')

    def test_a_short_salt_stops_the_start(self):
        path = self.configuration({"push": self.push("http://127.0.0.1:1")}, audit={
            "capture": [{"operations": "push.*", "fields": "/group", "hash": True}], "capture_salt": {"env": "SALT"}})
        _, _, errors = self.run_sluice("serve", "--config", path, status=2, environment={**self.secrets, "SALT": "too-short-secret"[:15]})
        self.assertIn("audit.capture_salt: SALT holds less than 16 octets", errors)
        self.assertNotIn("too-short", errors)


if __name__ == "__main__":
    main()
