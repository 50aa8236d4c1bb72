"""verify_event.py of config/audit/ finds what was forged, is old, is missing, or was changed."""

import base64
import hashlib
import hmac
import os
import resource
import subprocess
import sys

from audit_receivers import VERIFIER, Verifier
from harness import GateTest, main, wait_until

# The example of the Standard Webhooks specification: what others sign, and long ago.
PUBLISHED = ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "1614265330", b'{"test": 2432232314}',
             {"webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek", "webhook-timestamp": "1614265330",
              "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="})


class Verifying(GateTest):
    """What the gate sent to another receiver, or what others have signed, is shown to verify_event.py."""

    def deliveries(self):
        sink = self.sink()
        gate = self.push_gate(sink=sink)
        for _ in range(4):
            self.assert_vendors(gate.ask("GET", "/push/v1/employees", [self.key()]))
        self.assertEqual(gate.stop(), 0)
        wait_until("the last event", lambda: sink.events("gate.stopped"))
        return [(headers, body) for headers, body, _ in sink.deliveries]

    def verifier(self, secret, *arguments, **options):
        verifier = Verifier(secret, *arguments, **options)
        self.doubles.append(verifier)
        return verifier

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

    def test_what_cannot_be_printed_is_not_taken_and_comes_again(self):
        first, second = self.deliveries()[:2]
        printed = self.folder / "events.ndjson"
        with open(printed, "wb") as stdout:
            receiver = self.verifier(self.secrets["WEBHOOK_SECRET"], stdout=stdout)
        room = len(first[1]) + 1 + 10
        resource.prlimit(receiver.popen.pid, resource.RLIMIT_FSIZE, (room, resource.RLIM_INFINITY))  # as a disk that is full
        self.assertEqual([receiver.post(*one) for one in (first, second, second)], [204, 503, 503])
        wait_until("the complaint", lambda: any(b"cannot be kept: " in line for line in receiver.complaints))
        resource.prlimit(receiver.popen.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        self.assertEqual([receiver.post(*one) for one in (second, second, first)], [204] * 3)
        self.assertEqual(printed.read_bytes().splitlines(), [first[1], second[1][:10], second[1]])

    def test_a_state_that_cannot_be_written_is_no_delivery(self):
        first = self.deliveries()[0]
        state = self.folder / "later"
        receiver = self.verifier(self.secrets["WEBHOOK_SECRET"], "--state", str(state / "chain.json"))
        self.assertEqual(receiver.post(*first), 503)
        state.mkdir()
        self.assertEqual(receiver.post(*first), 204)
        self.assertEqual(receiver.lines, [first[1] + b"\n"])

    def test_events_are_printed_octet_for_octet_whatever_the_locale(self):
        headers, body = self.deliveries()[0]
        other = body.replace(b'"gate.', "\"ü.".encode()).replace(b"io.sluice.", "ü.".encode())
        self.assertNotEqual(other, body)
        identifier, stamp = headers["webhook-id"], headers["webhook-timestamp"]
        key = base64.b64decode(self.secrets["WEBHOOK_SECRET"].removeprefix("whsec_"))
        code = hmac.new(key, b".".join((identifier.encode(), stamp.encode(), other)), hashlib.sha256).digest()
        signed = {name: value for name, value in headers.items() if name.lower().startswith("webhook-")}
        signed["webhook-signature"] = "v1," + base64.b64encode(code).decode()
        receiver = self.verifier(self.secrets["WEBHOOK_SECRET"], PYTHONIOENCODING="ascii")
        self.assertEqual(receiver.post(signed, other), 204)
        wait_until("the line", lambda: receiver.lines)
        self.assertEqual(receiver.lines, [other + b"\n"])

    def test_a_state_that_is_none_is_said(self):
        state = self.folder / "chain.json"
        for text in ("", "[]", '{"s": [1]}', '{"s": ["1", "2"]}'):
            state.write_text(text)
            status, complaint = self.lines([b"{}"], "--state", str(state))
            self.assertEqual((status, complaint), (1, f"verify_event: {state} is no state of this program's: move it away\n"))
            self.assertEqual(state.read_text(), text)

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
