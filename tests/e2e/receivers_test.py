"""Receivers that others wrote take our deliveries: the npm packages standardwebhooks and cloudevents (tests/e2e/receivers/).

SLUICE_RECEIVERS is the folder with their node_modules; ./dev test installs them there.
"""

import base64
import json
import os
import pathlib
import secrets
import subprocess
import threading

from harness import GateTest, main, wait_until

MODULES = os.environ.get("SLUICE_RECEIVERS", "")
SCRIPT = pathlib.Path(__file__).with_name("receivers") / "receiver.mjs"


class Receiver:
    """receiver.mjs at work: `deliveries` are its reports, in order."""

    def __init__(self, secret):
        environment = {**os.environ, **({"RECEIVER_SECRET": secret} if secret else {})}
        self.popen = subprocess.Popen(["node", str(SCRIPT), MODULES], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                      env=environment, text=True)
        self.deliveries = []
        first = self.popen.stdout.readline()
        if not first:
            self.stop()
            raise AssertionError("the receiver did not start")
        self.address = f"http://127.0.0.1:{json.loads(first)['listening']}"
        self.thread = threading.Thread(target=self.collect, daemon=True)
        self.thread.start()

    def collect(self):
        for line in self.popen.stdout:
            self.deliveries.append(json.loads(line))

    def stop(self):
        self.popen.terminate()
        self.popen.wait(10)
        self.popen.stdout.close()

    def events(self):
        return [event for delivery in list(self.deliveries) for event in delivery.get("events", [])]


class Receivers(GateTest):
    def setUp(self):
        super().setUp()
        self.assertTrue((pathlib.Path(MODULES) / "node_modules").is_dir(),
                        f"SLUICE_RECEIVERS={MODULES} has no node_modules: run ./dev test once")

    def receiver(self, secret):
        receiver = Receiver(secret)
        self.doubles.append(receiver)
        return receiver

    def gate_with(self, receiver, path="/hook", **webhook):
        """A gate whose one webhook is the receiver."""
        webhook = {"name": "receiver", "url": receiver.address + path, **webhook}
        return self.push_gate(audit={"spool": "audit.db", "durability": "process", "webhooks": [webhook]})

    def ask_three(self, gate):
        """A read, a write, and a denial, with what breaks quoting in their paths."""
        gate.ask("GET", "/push/v1/employees", [self.key()])
        gate.ask("POST", "/push/v1/employees/%22%3C%21channel%3E%60%C3%A9/groups", [self.key("soar")], {"group": "a"})
        gate.ask("POST", "/push/v1/employees/e1/groups", [self.key("siem")], {"group": "a"})

    def assert_all_taken(self, receiver):
        self.assertEqual([delivery["refused"] for delivery in receiver.deliveries if "refused" in delivery], [])

    def wait_for(self, receiver, *kinds):
        """The CloudEvents that arrived, once each of these types has."""
        def arrived():
            types = {event["type"] for event in receiver.events()}
            return {"io.sluice." + kind for kind in kinds} <= types and receiver.events()
        return wait_until(f"events of {kinds}", arrived)

    def documents(self, receiver, count):
        """The JSON documents of the first deliveries, whichever their format."""
        wait_until(f"{count} deliveries", lambda: len(receiver.deliveries) >= count)
        decoder, found = json.JSONDecoder(), []
        for delivery in list(receiver.deliveries):
            rest = delivery["body"]
            while rest:
                document, end = decoder.raw_decode(rest)
                found.append(document)
                rest = rest[end:]
        return found

    def assert_events_are_whole(self, receiver):
        events = self.wait_for(receiver, "gate.started", "request.forwarded", "request.attempted", "request.denied")
        self.assert_all_taken(receiver)
        self.assertTrue(all(delivery["verified"] for delivery in receiver.deliveries))
        self.assertEqual([event["data"]["sequence"] for event in events], list(range(1, len(events) + 1)))
        denied, = [event for event in events if event["type"] == "io.sluice.request.denied"]
        self.assertEqual((denied["specversion"], denied["subject"], denied["datacontenttype"], denied["data"]["client"]),
                         ("1.0", "push.employees.groups.add", "application/json", "siem"))
        self.assertRegex(denied["source"], "^/sluice/.")
        attempted, = [event for event in events if event["type"] == "io.sluice.request.attempted"]
        self.assertEqual(attempted["data"]["params"], {"id": "\"<!channel>`é"})

    def test_standardwebhooks_and_cloudevents_take_each_event(self):
        receiver = self.receiver(self.secrets["WEBHOOK_SECRET"])
        self.ask_three(self.gate_with(receiver, secret={"env": "WEBHOOK_SECRET"}))
        self.assert_events_are_whole(receiver)

    def test_a_receiver_with_one_of_two_secrets_verifies(self):
        for mine in ("WEBHOOK_SECRET", "OLD_SECRET"):
            with self.subTest(mine=mine):
                self.secrets["OLD_SECRET"] = "whsec_" + base64.b64encode(secrets.token_bytes(24)).decode()
                receiver = self.receiver(self.secrets[mine])
                gate = self.gate_with(receiver, secret=[{"env": "WEBHOOK_SECRET"}, {"env": "OLD_SECRET"}])
                self.ask_three(gate)
                self.assert_events_are_whole(receiver)
                self.assertEqual(gate.stop(), 0)
                (self.folder / "audit.db").unlink()

    def test_a_receiver_with_another_secret_refuses(self):
        receiver = self.receiver("whsec_" + base64.b64encode(secrets.token_bytes(32)).decode())
        self.gate_with(receiver, secret={"env": "WEBHOOK_SECRET"})
        wait_until("a delivery", lambda: receiver.deliveries)
        self.assertIn("WebhookVerificationError", receiver.deliveries[0]["refused"])

    def test_cloudevents_takes_batches(self):
        receiver = self.receiver(self.secrets["WEBHOOK_SECRET"])
        self.ask_three(self.gate_with(receiver, secret={"env": "WEBHOOK_SECRET"}, format="cloudevents-batch"))
        self.assert_events_are_whole(receiver)
        for delivery in receiver.deliveries:
            self.assertTrue(delivery["headers"]["content-type"].startswith("application/cloudevents-batch+json"))
            self.assertEqual(delivery["headers"]["webhook-id"], delivery["events"][0]["id"])

    def test_ocsf_comes_signed_and_of_requests_only(self):
        receiver = self.receiver(self.secrets["WEBHOOK_SECRET"])
        self.ask_three(self.gate_with(receiver, secret={"env": "WEBHOOK_SECRET"}, format="ocsf"))
        documents = self.documents(receiver, 4)
        self.assert_all_taken(receiver)
        self.assertEqual({document["class_uid"] for document in documents}, {6003})
        self.assertIn(("request.denied", 2), {(each["metadata"]["event_code"], each["action_id"]) for each in documents})

    def test_ecs_comes_signed(self):
        receiver = self.receiver(self.secrets["WEBHOOK_SECRET"])
        self.ask_three(self.gate_with(receiver, secret={"env": "WEBHOOK_SECRET"}, format="ecs"))
        documents = self.documents(receiver, 5)
        self.assert_all_taken(receiver)
        self.assertEqual(documents[0]["event"]["code"], "gate.started")
        self.assertIn(("request.denied", "failure"), {(each["event"]["code"], each["event"]["outcome"]) for each in documents})

    def test_splunk_gets_objects_one_behind_the_other(self):
        self.secrets["HEC"] = "Splunk " + secrets.token_hex(16)
        receiver = self.receiver(None)
        self.ask_three(self.gate_with(receiver, "/services/collector/event", format="splunk-hec",
                                      headers={"Authorization": {"env": "HEC"}}))
        wait_until("the denial", lambda: any("request.denied" in delivery["body"] for delivery in receiver.deliveries))
        documents = self.documents(receiver, 1)
        self.assertEqual([each["event"]["data"]["sequence"] for each in documents], list(range(1, len(documents) + 1)))
        headers = receiver.deliveries[0]["headers"]
        self.assertEqual(headers["authorization"], self.secrets["HEC"])
        self.assertNotIn("webhook-signature", headers)

    def test_slack_gets_denials_only_and_no_signature(self):
        receiver = self.receiver(None)
        self.ask_three(self.gate_with(receiver, "/services/T/B/X", format="slack"))
        message = self.documents(receiver, 1)[0]
        self.assertIn("by `siem` was denied", message["text"])
        self.assertNotIn("webhook-signature", receiver.deliveries[0]["headers"])


if __name__ == "__main__":
    main()
