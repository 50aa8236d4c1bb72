"""The configurations of config/audit/, each with a receiver that asks for what the real one asks for."""

import json
import os
import secrets
import subprocess
import threading

from audit_receivers import EXAMPLES, Endpoint, Verifier
from harness import GateTest, SECURENVOY, main, wait_until

GROUP = ("POST", "/push/v1/employees/e1/groups")


class Files(GateTest):
    def gate_of(self, name, places):
        """A gate with one of the files, in which addresses became the test's; each has to stand there."""
        self.vendor = self.upstream()
        text = (EXAMPLES / f"{name}.yaml").read_text()
        places = {"https://api.pushsecurity.com": self.vendor.url, "127.0.0.1:8080": "127.0.0.1:0",
                  "/var/lib/sluice/audit.db": "audit.db", **places}
        for place, own in places.items():
            self.assertIn(place, text)
            text = text.replace(place, own)
        for policy in EXAMPLES.glob("*policy.yaml"):
            self.write(policy.name, policy.read_text())
        path = self.write("sluice.yaml", text + "\nadmin: { address: 127.0.0.1:0 }\n")
        self.run_sluice("check", "--config", path, status=0, environment=self.secrets)
        return self.serve(path)

    def ask_two(self, gate):
        self.assert_vendors(gate.ask("GET", "/push/v1/employees", [self.key("siem")]))
        self.assertEqual(gate.ask(*GROUP, [self.key("siem")], {"group": "a"}).status, 403)

    def endpoint(self, judge, **options):
        endpoint = Endpoint(judge, **options)
        self.doubles.append(endpoint)
        return endpoint

    def verifier(self, secret, *arguments):
        verifier = Verifier(secret, *arguments)
        self.doubles.append(verifier)
        return verifier

    def wait_for_all(self, gate):
        wait_until("all events to be taken", lambda: gate.metric("sluice_audit_backlog") == 0
                   and gate.metric("sluice_audit_events_total", type="request.denied") > 0)
    def test_each_is_valid_as_it_stands(self):
        names = sorted(path.stem for path in EXAMPLES.glob("*.yaml") if not path.stem.endswith("policy"))
        self.assertEqual(names, ["capture", "cloudevents", "elastic", "slack", "splunk"])
        for name in names:
            with self.subTest(name=name):
                self.run_sluice("check", "--strict", "--config", EXAMPLES / f"{name}.yaml", status=0,
                                environment={"SLACK_WEBHOOK_URL": "https://hooks.slack.example/services/T/B/X"})

    def test_splunk_takes_what_has_its_token(self):
        self.secrets["SPLUNK_AUTHORIZATION"] = "Splunk " + secrets.token_hex(16)

        def judge(path, headers, body):
            if headers["Authorization"] != self.secrets["SPLUNK_AUTHORIZATION"]:
                return 403, {"text": "Invalid token", "code": 4}
            return (200, {"text": "Success", "code": 0}) if path == "/services/collector/event" else (404, {})
        splunk = self.endpoint(judge)
        gate = self.gate_of("splunk", {"https://splunk.example:8088": splunk.url})
        self.ask_two(gate)
        self.wait_for_all(gate)
        decoder, found = json.JSONDecoder(), []
        for _, _, body in splunk.taken:
            text = body.decode()
            while text:
                document, end = decoder.raw_decode(text)
                found.append(document)
                text = text[end:]
        self.assertIn("request.denied", [each["fields"]["type"] for each in found])
        self.assertEqual({each["sourcetype"] for each in found}, {"sluice:audit"})

    def test_splunk_with_acknowledgement_counts_what_is_indexed(self):
        self.secrets["SPLUNK_AUTHORIZATION"] = "Splunk " + secrets.token_hex(16)
        indexed, asked = threading.Event(), []

        def judge(path, headers, body):
            if not headers["X-Splunk-Request-Channel"]:
                return 400, {"text": "Data channel is missing", "code": 10}
            if path == "/services/collector/ack":
                asked.append(body)
                return 200, {"acks": {"0": indexed.is_set()}}
            return 200, {"text": "Success", "code": 0, "ackId": 0}
        splunk = self.endpoint(judge)
        gate = self.gate_of("splunk", {"https://splunk.example:8088": splunk.url,
                                       "# indexer_acknowledgement: true": "indexer_acknowledgement: true"})
        self.ask_two(gate)
        wait_until("it to ask whether they are indexed", lambda: asked)
        self.assertGreater(gate.metric("sluice_audit_backlog"), 0)
        indexed.set()
        self.wait_for_all(gate)

    def test_elastic_takes_a_document_at_a_time(self):
        self.secrets.update(ELASTIC_INPUT_SECRET=secrets.token_hex(16), ELASTICSEARCH_AUTHORIZATION="ApiKey " + secrets.token_hex(16))

        def is_one_document(headers, body):
            return headers["Content-Type"] == "application/json" and "@timestamp" in json.loads(body)

        def agent(path, headers, body):
            if headers["X-Sluice-Secret"] != self.secrets["ELASTIC_INPUT_SECRET"]:
                return 401, {"message": "incorrect header or header secret"}
            if path != "/sluice?wait_for_completion_timeout=10s":
                return 400, {}
            return (200, {"message": "success"}) if is_one_document(headers, body) else (415, {})

        def elasticsearch(path, headers, body):
            if headers["Authorization"] != self.secrets["ELASTICSEARCH_AUTHORIZATION"]:
                return 401, {}
            return (201, {"result": "created"}) if path == "/logs-sluice.audit-default/_doc" and is_one_document(headers, body) else (400, {})
        agent, elasticsearch = self.endpoint(agent), self.endpoint(elasticsearch)
        gate = self.gate_of("elastic", {"https://agent.example:8443": agent.url, "https://elasticsearch.example:9200": elasticsearch.url})
        self.ask_two(gate)
        self.wait_for_all(gate)
        for endpoint in (agent, elasticsearch):
            documents = [json.loads(body) for _, _, body in endpoint.taken]
            self.assertEqual([each["event"]["sequence"] for each in documents], list(range(1, len(documents) + 1)))
            self.assertIn("request.denied", [each["event"]["code"] for each in documents])
            self.assertEqual(endpoint.refused, [])

    def test_slack_gets_denied_writes_and_nothing_else(self):
        slack = self.endpoint(lambda path, headers, body: (200, b"ok"))
        self.secrets["SLACK_WEBHOOK_URL"] = slack.url + "/services/T/B/X"
        gate = self.gate_of("slack", {})
        self.assertEqual(gate.ask("GET", "/push/v9/unknown", [self.key("siem")]).status, 403)
        self.ask_two(gate)
        self.wait_for_all(gate)
        wait_until("the message", lambda: slack.taken)
        (path, _, body), = slack.taken
        self.assertEqual(path, "/services/T/B/X")
        self.assertIn("by `siem` was denied", json.loads(body)["text"])

    def test_a_receiver_that_wants_to_be_asked_is_asked_and_gets_nothing_before_it_consents(self):
        self.secrets["SLUICE_EVENTS_SECRET"] = self.secrets["WEBHOOK_SECRET"]
        for consents in (False, True):
            with self.subTest(consents=consents):
                receiver = self.endpoint(lambda path, headers, body: (202, {}), consents=consents)
                gate = self.gate_of("cloudevents", {"https://events.example/sluice": receiver.url, "# handshake: true": "handshake: true"})
                self.ask_two(gate)
                wait_until("the question", lambda: receiver.asked)
                if consents:
                    self.wait_for_all(gate)
                else:
                    wait_until("what is missing to be said", lambda: "it gives no consent" in gate.get_admin("/readyz")[1])
                self.assertEqual(bool(receiver.taken), consents)
                self.assertEqual(gate.stop(), 0)
                for file in self.folder.glob("audit.db*"):
                    file.unlink()

    def test_a_topic_of_event_grid_gets_its_key_and_no_signature(self):
        self.secrets.update(SLUICE_EVENTS_SECRET=self.secrets["WEBHOOK_SECRET"], TOPIC_KEY=secrets.token_hex(16))
        topic = self.endpoint(lambda path, headers, body: (200, {}) if headers["aeg-sas-key"] == self.secrets["TOPIC_KEY"] and
                              headers["Content-Type"].startswith("application/cloudevents+json") else (401, {}))
        gate = self.gate_of("cloudevents", {"https://events.example/sluice": topic.url + "/api/events?api-version=2018-01-01",
                                            "# headers: { aeg-sas-key: { env: TOPIC_KEY } }": "signature: none\n      headers: { aeg-sas-key: { env: TOPIC_KEY } }"})
        self.ask_two(gate)
        self.wait_for_all(gate)
        self.assertEqual({(path, headers["webhook-signature"]) for path, headers, _ in topic.taken}, {("/api/events?api-version=2018-01-01", None)})

    def test_captured_fields_are_in_the_event_and_hashes_are_those_that_openssl_makes(self):
        salt = self.secrets["SLUICE_CAPTURE_SALT"] = secrets.token_hex(16)
        other = self.upstream()
        gate = self.gate_of("capture", {"https://tenant.eu.securenvoy.directory": other.url})
        self.assert_vendors(gate.ask(*GROUP, [self.key("soar")], {"group": "Quarantine"}))
        self.assert_vendors(gate.ask("POST", SECURENVOY + "/users", [self.key("soar")],
                                     {"username": "ann", "email": "ann@x.test", "customAttributes": [{"id": "1", "name": "floor", "value": "3"}]}))
        self.assertEqual(gate.stop(), 0)
        lines = self.run_sluice("audit", "export", "--config", self.folder / "sluice.yaml", "--type", "request.forwarded", status=0)[1]
        first, second = (json.loads(line)["data"]["fields"] for line in lines.splitlines())
        self.assertEqual(first, {"/group": "Quarantine"})
        command = """printf '%s' '"ann@x.test"' | openssl dgst -sha256 -hmac "$SLUICE_CAPTURE_SALT\""""
        self.assertIn(command, (EXAMPLES / "README.md").read_text())
        made = subprocess.run(command, shell=True, capture_output=True, text=True, env={**os.environ, "SLUICE_CAPTURE_SALT": salt}).stdout
        self.assertEqual(second["/email"], "hmac-sha256:" + made.split()[-1])
        self.assertEqual(sorted(second), ["/customAttributes/0/name", "/email", "/username"])

    def test_cloudevents_are_verified_and_printed_octet_for_octet(self):
        self.secrets["SLUICE_EVENTS_SECRET"] = self.secrets["WEBHOOK_SECRET"]
        for change in ({}, {"# format: cloudevents-batch": "format: cloudevents-batch"}):
            with self.subTest(change=change):
                receiver = self.verifier(self.secrets["WEBHOOK_SECRET"])
                gate = self.gate_of("cloudevents", {"https://events.example/sluice": receiver.url, **change})
                self.ask_two(gate)
                self.wait_for_all(gate)
                self.assertEqual(gate.stop(), 0)
                receiver.stop()
                self.doubles.remove(receiver)
                exported = self.run_sluice("audit", "export", "--config", self.folder / "sluice.yaml", "--output", "all.ndjson", status=0,
                                           environment=self.secrets) and (self.folder / "all.ndjson").read_bytes()
                self.assertEqual(b"".join(receiver.lines), exported)
                self.assertEqual(receiver.complaints, [])
                for file in self.folder.glob("a*"):
                    file.unlink()


if __name__ == "__main__":
    main()
