"""The files of config/audit/: each configuration with a receiver that asks for what the real one asks for, and verify_event.py, which has to
find what was forged, is old, is missing, or was changed."""

import http.client
import http.server
import json
import os
import secrets
import subprocess
import sys
import threading

from harness import GateTest, SECURENVOY, SOURCE, main, wait_until

EXAMPLES = SOURCE / "config/audit"
VERIFIER = EXAMPLES / "verify_event.py"
GROUP = ("POST", "/push/v1/employees/e1/groups")
# The example of the Standard Webhooks specification: what others sign, and long ago.
PUBLISHED = ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "1614265330", b'{"test": 2432232314}',
             {"webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek", "webhook-timestamp": "1614265330",
              "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="})


class Endpoint:
    """A receiver: `judge(path, headers, body)` gives status and document. What it took is in `taken`."""

    def __init__(self, judge, consents=False):
        self.taken, self.refused, self.asked = [], [], []
        endpoint = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status, document = judge(self.path, self.headers, body)
                (endpoint.taken if status < 300 else endpoint.refused).append((self.path, self.headers, body))
                reply = document if isinstance(document, bytes) else json.dumps(document).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(reply)))
                self.end_headers()
                self.wfile.write(reply)

            def do_OPTIONS(self):
                endpoint.asked.append(self.headers["WebHook-Request-Origin"])
                self.send_response(200)
                if consents:
                    self.send_header("WebHook-Allowed-Origin", endpoint.asked[-1])
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


class Verifier:
    """verify_event.py --listen."""

    def __init__(self, secret, *arguments):
        self.popen = subprocess.Popen([sys.executable, "-B", VERIFIER, "--listen", "127.0.0.1:0", "--secret-env", "S", *arguments],
                                      stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                      env={**os.environ, "S": secret})
        self.address = ("127.0.0.1", int(self.popen.stderr.readline().rpartition(b":")[2]))
        self.url = "http://127.0.0.1:%d" % self.address[1]
        self.lines, self.complaints = [], []
        self.readers = [threading.Thread(target=into.extend, args=(stream,), daemon=True)
                        for stream, into in ((self.popen.stdout, self.lines), (self.popen.stderr, self.complaints))]
        for reader in self.readers:
            reader.start()

    def post(self, headers, body):
        connection = http.client.HTTPConnection(*self.address, timeout=20)
        connection.request("POST", "/", body, headers)
        status = connection.getresponse().status
        connection.close()
        return status

    def stop(self):
        self.popen.terminate()
        self.popen.wait(10)
        for reader in self.readers:
            reader.join(5)
        self.popen.stdout.close()
        self.popen.stderr.close()


class Example(GateTest):
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


class Files(Example):
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


class Verifying(Example):
    """What the gate sent to another receiver, or what others have signed, is shown to verify_event.py."""

    def deliveries(self):
        sink = self.sink()
        gate = self.push_gate(sink=sink)
        for _ in range(4):
            self.assert_vendors(gate.ask("GET", "/push/v1/employees", [self.key()]))
        self.assertEqual(gate.stop(), 0)
        wait_until("the last event", lambda: sink.events("gate.stopped"))
        return [(headers, body) for headers, body, _ in sink.deliveries]

    def lines(self, bodies, *arguments):
        done = subprocess.run([sys.executable, "-B", VERIFIER, "--lines", *arguments], input=b"".join(body + b"\n" for body in bodies),
                              capture_output=True, timeout=60)
        return done.returncode, done.stderr.decode()

    def test_what_others_sign_is_known_and_old_is_old(self):
        secret, _, body, headers = PUBLISHED
        old_is_fine = self.verifier(secret, "--tolerance", "99999999999")
        self.assertEqual(old_is_fine.post(headers, body), 400)  # signed, and no event
        self.assertEqual(old_is_fine.post({**headers, "webhook-id": "msg_other"}, body), 401)
        today = self.verifier(secret)
        self.assertEqual(today.post(headers, body), 401)
        wait_until("the complaint", lambda: any(b"is not within 300 s of now" in line for line in today.complaints))

    def test_a_forged_delivery_is_refused_and_what_comes_twice_is_printed_once(self):
        first, second = self.deliveries()[:2]
        receiver = self.verifier(self.secrets["WEBHOOK_SECRET"])
        headers, body = first
        signature = headers["webhook-signature"]
        forged = {"another body": (headers, body.replace(b"gate.started", b"gate.stopped")), "no signature": ({**headers, "webhook-signature": ""}, body),
                  "another version": ({**headers, "webhook-signature": signature.replace("v1,", "v0,")}, body),
                  "a shorter one": ({**headers, "webhook-signature": signature[:20]}, body),
                  "another id": ({**headers, "webhook-id": "x"}, body), "another time": ({**headers, "webhook-timestamp": str(int(headers["webhook-timestamp"]) + 1)}, body),
                  "no number": ({**headers, "webhook-timestamp": "9" * 30}, body)}
        for name, delivery in forged.items():
            with self.subTest(forged=name):
                self.assertEqual(receiver.post(*delivery), 401)
        several = {**headers, "webhook-signature": "v1,AAAA v1a,BBBB " + signature}
        self.assertEqual([receiver.post(*one) for one in ((several, body), first, second, first)], [204] * 4)
        wait_until("both lines", lambda: len(receiver.lines) == 2)
        self.assertEqual(receiver.lines, [first[1] + b"\n", second[1] + b"\n"])
        self.assertEqual(len(receiver.complaints), len(forged))

    def test_the_chain_goes_on_over_a_restart_of_the_receiver(self):
        events = self.deliveries()
        state = str(self.folder / "chain.json")
        first = self.verifier(self.secrets["WEBHOOK_SECRET"], "--state", state)
        self.assertEqual(first.post(*events[0]), 204)
        first.stop()
        self.doubles.remove(first)
        second = self.verifier(self.secrets["WEBHOOK_SECRET"], "--state", state)
        self.assertEqual([second.post(*events[at]) for at in (0, 1, 3)], [204] * 3)
        wait_until("the complaint", lambda: any(b"1 events are missing after 2" in line for line in second.complaints))
        self.assertEqual(second.lines, [events[1][1] + b"\n", events[3][1] + b"\n"])

    def test_missing_changed_and_moved_events_are_found(self):
        events = [body for _, body in self.deliveries()]
        self.assertEqual(self.lines(events)[0], 0, self.lines(events)[1])
        self.assertEqual(self.lines(events + events[-1:])[0], 0)
        changed = events[2].replace(b'"siem"', b'"soar"').replace(b'"admin"', b'"soar"')
        self.assertNotEqual(changed, events[2])
        for name, said, lines in (
                ("missing", "1 events are missing after 2", events[:2] + events[3:]),
                ("changed", "event 3 was changed, or this one", events[:2] + [changed] + events[3:]),
                ("moved", "events are missing", events[:2] + [events[3], events[2]] + events[4:]),
                ("forged beside the right one", "another event had this number", events[:3] + [changed] + events[3:]),
                ("begun anew", "a new chain begins", events[1:] + events[:1]),
                ("no event", "is no event", [b"{}"]), ("too deep", "is no event", [b"[" * 100000]), ("nothing", "0 events", [])):
            with self.subTest(name=name):
                status, complaint = self.lines(lines)
                self.assertEqual((status, said in complaint), (1, True), complaint)
        self.assertEqual(self.lines(events[:2] + events[3:], "--gaps")[0], 0)

    def test_a_secret_that_is_none_is_said(self):
        done = subprocess.run([sys.executable, "-B", VERIFIER, "--listen", "127.0.0.1:0", "--secret-env", "S"], capture_output=True,
                              env={**os.environ, "S": "whsec_not base64"}, timeout=60)
        self.assertEqual((done.returncode, b"not whsec_ and base64" in done.stderr), (2, True), done.stderr)


if __name__ == "__main__":
    main()
