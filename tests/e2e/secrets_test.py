"""No key, token, secret or password anywhere but where it has to be (interface section 6)."""

import base64
import json
import secrets
import urllib.parse

from harness import GateTest, SECURENVOY, main, wait_until
from raw_http import Closed, Connection, request_bytes


class Canaries(GateTest):
    def search(self, where, octets):
        for name, value in self.canaries.items():
            for form in (value, value.upper(), base64.b64encode(value.encode()).decode().rstrip("="),
                         urllib.parse.quote(value, safe=""), value.encode().hex()):
                self.assertNotIn(form.encode(), octets, f"{name} is in {where}")

    def test_nothing_secret_is_in_spool_log_metrics_status_events_or_answers(self):
        key, read = self.secrets["PUSH_FULL_KEY"], self.secrets["PUSH_READ_KEY"]
        push = self.simulate("push", "--key", key, "--read-key", read)
        securenvoy = self.simulate("securenvoy", "--key", self.secrets["SECURENVOY_KEY"])
        sink = self.sink()
        stand_in = self.simulate("webhook", "--secret", self.secrets["WEBHOOK_SECRET"], "--json")
        webhooks = [{"name": name, "url": url, "secret": {"env": "WEBHOOK_SECRET"}}
                    for name, url in (("sink", sink.url), ("stand-in", f"http://127.0.0.1:{stand_in.port}/"))]
        self.canaries = {**self.secrets, "password": "Canary-" + secrets.token_hex(8), "factor": "Canary-" + secrets.token_hex(8)}
        gate = self.gate({"push": self.push(f"http://127.0.0.1:{push.port}", limit={"rate": 10, "burst": 10}),
                          "securenvoy": self.securenvoy(f"http://127.0.0.1:{securenvoy.port}", limit={"rate": 10, "burst": 10})},
                         audit={"spool": "audit.db", "durability": "process", "webhooks": webhooks}, log={"format": "json", "level": "debug", "access": True})
        password, factor = self.canaries["password"], self.canaries["factor"]
        answers = []

        def ask(method, target, headers, body=None):
            response = gate.ask(method, target, headers, body)
            answers.append(response.raw_head + response.body)
            return response
        ask("GET", "/push/v1/employees", [self.key("siem")])
        ask("POST", "/push/v1/employees/e1/groups", [self.key("soar")], {"group": "a"})
        for client in ("soar", "admin"):
            ask("POST", SECURENVOY + "/credentials/setpassword/u1", [self.key(client)], {"password": password, "sendEmail": False})
            ask("PUT", SECURENVOY + "/users/u1", [self.key(client)], {"city": "Leeds", "password": password})
            ask("POST", SECURENVOY + "/users", [self.key(client)], {"username": f"new-{client}", "password": password})
            ask("POST", SECURENVOY + "/credentials/u1", [self.key(client)], {
                "id": "u1", "firstFactor": {"type": "password", "data": {"password": password}},
                "secondFactor": {"type": "otp", "data": {"seed": factor}, "remove": False}})
            ask("POST", SECURENVOY + "/credentials/setpassword/u1", [self.key(client)], {"password": [password]})
        # A credential where it does not belong, a broken body with a password in it, a token that is almost right.
        ask("GET", "/push/v1/employees", [("x-api-key", self.secrets["SIEM_TOKEN"] + "x")])
        ask("GET", f"/push/v1/employees?x-api-key={self.secrets['SIEM_TOKEN']}", [])
        ask("GET", "/push/v1/employees", [self.key("siem"), ("Authorization", "Bearer " + self.secrets["SIEM_TOKEN"])])
        ask("PUT", SECURENVOY + "/users/u1", [self.key("admin"), ("Content-Type", "application/json")],
            b'{"password": "' + password.encode() + b'", }')
        with Connection(gate.address) as connection:
            connection.send(request_bytes("GET", "/push/v1/employees", [("x-api-key", self.secrets["SIEM_TOKEN"]), ("Bad Name", password)]))
            try:
                answers.append(connection.response().body)
            except Closed:
                pass
        refused = self.assert_problem(ask("GET", "/push/v1/none", [self.key("siem")]), 403, "policy-denied")
        self.assertNotIn(self.secrets["SIEM_TOKEN"], json.dumps(refused))
        wait_until("the last denial", lambda: any(event["data"]["path"] == "/v1/none" for event in sink.events("request.denied")))

        pages = "".join(gate.get_admin(path)[1] for path in ("/metrics", "/status", "/readyz", "/healthz"))
        self.search("the admin pages", pages.encode())
        self.search("the events", b"".join(body for _, body, _ in sink.deliveries))
        self.search("the answers", b"".join(answers))
        self.search_spool()
        self.assertEqual(gate.stop(), 0)
        self.search_spool()
        for process in (gate, push, securenvoy, stand_in):
            self.search(f"the output of {process.name}", "\n".join(process.errors + process.output).encode())
        self.assertGreaterEqual(len(stand_in.output), len(sink.events()))
        self.assertEqual(sink.breaks(), [])

    def search_spool(self):
        files = [path for path in self.folder.iterdir() if path.name.startswith("audit.db")]
        self.assertTrue(files)
        for path in files:
            self.search(path.name, path.read_bytes())

    def test_help_and_errors_show_no_environment(self):
        self.canaries = self.secrets
        path = self.configuration({"push": self.push("http://127.0.0.1:9", credential={"full": {"env": "NO_SUCH"}})})
        _, out, errors = self.run_sluice("serve", "--config", path, status=2, environment=self.secrets)
        self.search("the error", (out + errors).encode())


if __name__ == "__main__":
    main()
