"""Every operation of the vendors' references through the real binary, against the stand-ins, over HTTP and HTTPS."""

import hashlib
import http.client
import json
import re
import ssl

from certificates import Authority
from harness import GateTest, SECURENVOY, main, wait_until

# Employees e1 to e9, users u1 to u9, groups g1 to g4 and applications a1 to a4 are what the stand-ins start with.
# (operation, method, path, body), in an order that leaves what later ones need: deletions come last.
OPERATIONS = [
    ("push.employees.groups.add", "POST", "/push/v1/employees/e1/groups", {"group": "Quarantine"}),
    ("push.employees.groups.remove", "DELETE", "/push/v1/employees/e1/groups", {"group": "Quarantine"}),
    ("push.employees.merge", "POST", "/push/v1/employees/e1/merge", {"secondaryEmployeeIds": ["e2", "e3"]}),
    ("securenvoy.users.list", "GET", SECURENVOY + "/users?sort=id&sortOrder=asc&pageSize=2&page=1", None),
    ("securenvoy.users.get", "GET", SECURENVOY + "/users/u1", None),
    ("securenvoy.users.groups", "GET", SECURENVOY + "/users/u1/groups", None),
    ("securenvoy.users.applications", "GET", SECURENVOY + "/users/u1/applications", None),
    ("securenvoy.users.get-by-username", "GET", SECURENVOY + "/users/username/john.hill", None),
    ("securenvoy.users.create", "POST", SECURENVOY + "/users", {"username": "new.user", "email": "new@example.com", "firstName": "New"}),
    ("securenvoy.users.assign-groups", "POST", SECURENVOY + "/users/u1/assigngroups", ["g1", "g2"]),
    ("securenvoy.users.remove-groups", "POST", SECURENVOY + "/users/u1/removegroups", ["g2"]),
    ("securenvoy.users.assign-applications", "POST", SECURENVOY + "/users/u1/assignapplications", ["a1"]),
    ("securenvoy.users.remove-applications", "POST", SECURENVOY + "/users/u1/removeapplications", ["a1"]),
    ("securenvoy.users.update", "PUT", SECURENVOY + "/users/u1", {"city": "Leeds", "aliases": ["a"], "isLocked": False}),
    ("securenvoy.credentials.get", "GET", SECURENVOY + "/credentials/u1", None),
    ("securenvoy.credentials.set", "POST", SECURENVOY + "/credentials/u1",
     {"id": "u1", "firstFactor": {"type": "password", "data": {}}, "secondFactor": {"type": "otp", "data": {}, "remove": False}}),
    ("securenvoy.credentials.set-password", "POST", SECURENVOY + "/credentials/setpassword/u1", {"password": "New-Passw0rd", "sendEmail": False}),
    ("securenvoy.groups.list", "GET", SECURENVOY + "/groups", None),
    ("securenvoy.groups.get", "GET", SECURENVOY + "/groups/g1", None),
    ("securenvoy.groups.users", "GET", SECURENVOY + "/groups/g1/users", None),
    ("securenvoy.groups.create", "POST", SECURENVOY + "/groups", {"name": "New", "description": "d", "enforceSecondFactor": True}),
    ("securenvoy.groups.assign-users", "POST", SECURENVOY + "/groups/g2/assignusers", ["u1", "u2"]),
    ("securenvoy.groups.remove-users", "POST", SECURENVOY + "/groups/g2/removeusers", ["u2"]),
    ("securenvoy.groups.update", "PUT", SECURENVOY + "/groups/g1", {"description": "changed"}),
    ("securenvoy.applications.list", "GET", SECURENVOY + "/applications", None),
    ("securenvoy.applications.users", "GET", SECURENVOY + "/applications/a1/users", None),
    ("securenvoy.applications.assign-users", "POST", SECURENVOY + "/applications/a1/assignusers", ["u1"]),
    ("securenvoy.applications.remove-users", "POST", SECURENVOY + "/applications/a1/removeusers", ["u1"]),
    ("securenvoy.groups.delete", "DELETE", SECURENVOY + "/groups/g2", None),
    ("securenvoy.users.delete", "DELETE", SECURENVOY + "/users/u2", None),
    ("securenvoy.users.delete-by-username", "DELETE", SECURENVOY + "/users/username/new.user", None),
]
# The objects that a body touches, where it touches some (interface section 6: targets).
TARGETS = {"push.employees.groups.add": ["Quarantine"], "push.employees.groups.remove": ["Quarantine"], "push.employees.merge": ["e2", "e3"],
           "securenvoy.users.assign-groups": ["g1", "g2"], "securenvoy.users.remove-groups": ["g2"],
           "securenvoy.users.assign-applications": ["a1"], "securenvoy.users.remove-applications": ["a1"], "securenvoy.credentials.set": ["u1"],
           "securenvoy.groups.assign-users": ["u1", "u2"], "securenvoy.groups.remove-users": ["u2"],
           "securenvoy.applications.assign-users": ["u1"], "securenvoy.applications.remove-users": ["u1"]}
# And the parameter of its path, by what stands before it.
PARAMETERS = [(r"/employees/(\w+)", "id"), (r"/users/username/([\w.]+)", "username"), (r"/users/(\w+)", "userId"),
              (r"/credentials/(?:setpassword/)?(\w+)", "userId"), (r"/groups/(\w+)", "groupId"), (r"/applications/(\w+)", "applicationId")]


def parameters_of(path):
    return next(({name: found[1]} for pattern, name in PARAMETERS if (found := re.search(pattern, path))), {})


# What the two tools may do of it under the policy of the harness: the rules that deny, [] for the default, None for allowed.
CREDENTIALS = {"securenvoy.credentials.set", "securenvoy.credentials.set-password"}


def denied_by(client, operation, method):
    if operation in CREDENTIALS:
        return ["no-credential-writes"]
    if client == "siem":
        return None if method == "GET" and operation != "securenvoy.credentials.get" else []
    allowed = operation.startswith(("push.employees.", "securenvoy.users.", "securenvoy.groups."))
    return None if allowed else []


class Operations(GateTest):
    def everything(self, secure):
        """Both stand-ins with their keys required, a gate in front of them, and a webhook."""
        extra, tls, scheme = [], {}, "http"
        if secure:
            authority = Authority(self.folder)
            extra = ["--tls", *authority.issue("vendor", "DNS:localhost")]
            tls, scheme = {"upstream_tls": {"ca": str(authority.certificate)}}, "https"
            self.trust = ssl.create_default_context(cafile=str(authority.certificate))
        self.push_vendor = self.simulate("push", "--key", self.secrets["PUSH_FULL_KEY"], "--read-key", self.secrets["PUSH_READ_KEY"], *extra)
        self.securenvoy_vendor = self.simulate("securenvoy", "--key", self.secrets["SECURENVOY_KEY"], *extra)
        self.events = self.sink()
        limit = {"rate": 10, "burst": 10}
        return self.gate({"push": self.push(f"{scheme}://localhost:{self.push_vendor.port}", limit=limit, **tls),
                          "securenvoy": self.securenvoy(f"{scheme}://localhost:{self.securenvoy_vendor.port}", limit=limit, **tls)},
                         sink=self.events)

    def stats(self, vendor, secure):
        connection = (http.client.HTTPSConnection("localhost", vendor.port, context=self.trust, timeout=30) if secure
                      else http.client.HTTPConnection("localhost", vendor.port, timeout=30))
        connection.request("GET", "/_simulator/stats")
        answer = json.loads(connection.getresponse().read())
        connection.close()
        return answer

    def run_all(self, secure):
        self.assertEqual(len({operation for operation, *_ in OPERATIONS}), 31)
        gate = self.everything(secure)
        writes = []
        for operation, method, path, body in OPERATIONS:
            with self.subTest(operation=operation):
                octets = json.dumps(body).encode() if body is not None else None
                headers = [self.key()] + ([("Content-Type", "application/json")] if body is not None else [])
                response = gate.ask(method, path, headers, octets)
                self.assertIn(response.status, (200, 201, 204), response)
                self.assert_vendors(response, response.status)
                if method != "GET":
                    vendors_path = path.removeprefix("/push").removeprefix("/securenvoy")
                    writes.append((method, vendors_path, hashlib.sha256(octets or b"").hexdigest()))
        wait_until("an event for each", lambda: len(self.events.events("request.forwarded")) == 31)
        self.assertEqual([event["subject"] for event in self.events.events("request.forwarded")], [row[0] for row in OPERATIONS])
        self.assertEqual(len(self.events.events("request.attempted")), len(writes))
        for kind in ("request.forwarded", "request.attempted"):
            for event in self.events.events(kind):
                row = next(row for row in OPERATIONS if row[0] == event["subject"])
                with self.subTest(kind=kind, operation=row[0]):
                    data = event["data"]
                    self.assertEqual((data["params"], data["targets"]), (parameters_of(row[2]), TARGETS.get(row[0], [])))
        self.assertEqual(self.events.breaks(), [])
        seen = []
        for vendor in (self.push_vendor, self.securenvoy_vendor):
            stats = self.stats(vendor, secure)
            self.assertEqual(stats["rejected_429"], 0)
            self.assertEqual(set(stats["keys"]), {"full"} if vendor is self.securenvoy_vendor else {"full"})
            seen += [(write["method"], write["path"], write["body_sha256"]) for write in stats["writes"]]
        self.assertEqual(sorted(seen), sorted(writes), "each write arrived once, byte for byte")

    def test_all_31_operations_over_http(self):
        self.run_all(secure=False)

    def test_all_31_operations_over_https(self):
        self.run_all(secure=True)

    def test_what_the_policy_allows_each_tool(self):
        gate = self.everything(secure=False)
        for client in ("siem", "soar"):
            for operation, method, path, body in OPERATIONS:
                rules = denied_by(client, operation, method)
                if rules is None and method != "GET":
                    continue  # what is allowed was shown above; here it would change the directory
                with self.subTest(client=client, operation=operation):
                    response = gate.ask(method, path, [self.key(client)], body)
                    if rules is None:
                        self.assert_vendors(response)
                    else:
                        problem = self.assert_problem(response, 403, "policy-denied")
                        self.assertEqual((problem.get("rules", []), problem["operation"]), (rules, operation))
        for vendor in (self.push_vendor, self.securenvoy_vendor):
            self.assertEqual(self.stats(vendor, secure=False)["writes"], [])

    def test_the_policy_of_the_contract(self):
        gate = self.everything(secure=False)
        merge = "/push/v1/employees/e1/merge"
        self.assert_problem(gate.ask("POST", merge, [self.key("soar")], {"secondaryEmployeeIds": ["e2", "e3", "e4"]}), 403, "policy-denied")
        self.assert_vendors(gate.ask("POST", merge, [self.key("soar")], {"secondaryEmployeeIds": ["e2", "e3"]}))
        for member in ({"password": "x"}, {"autoGeneratePassword": True}, {"mustChangePasswordOnLogon": True}):
            for method, path in (("PUT", "/users/u1"), ("POST", "/users")):
                with self.subTest(method=method, member=member):
                    problem = self.assert_problem(gate.ask(method, SECURENVOY + path, [self.key("soar")], {"username": "n", **member}), 403, "policy-denied")
                    self.assertEqual(problem["rules"], ["no-credential-writes"])
                    self.assertIn("SecurEnvoy console", problem["detail"])
        self.assert_vendors(gate.ask("PUT", SECURENVOY + "/users/u1", [self.key("soar")], {"city": "Leeds"}))
        self.assert_vendors(gate.ask("GET", "/push/v1/employees", [self.key("siem")]))
        self.assertEqual(self.stats(self.push_vendor, False)["keys"], {"full": 1, "read": 1})

    def test_what_a_write_changed_a_read_shows(self):
        gate = self.everything(secure=False)
        gate.ask("POST", "/push/v1/employees/e1/groups", [self.key()], {"group": "Seen by a read"})
        self.assertIn("Seen by a read", gate.ask("GET", "/push/v1/employees", [self.key()]).body.decode())
        gate.ask("PUT", SECURENVOY + "/users/u1", [self.key()], {"city": "Seen by a read"})
        self.assertIn("Seen by a read", gate.ask("GET", SECURENVOY + "/users/u1", [self.key()]).body.decode())
        gate.ask("DELETE", SECURENVOY + "/users/u2", [self.key()])
        self.assertEqual(gate.ask("GET", SECURENVOY + "/users/u2", [self.key()]).status, 404)


if __name__ == "__main__":
    main()
