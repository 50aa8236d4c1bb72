"""A webhook receiver that trusts nothing: it verifies each signature, and the chain, with Python's own library."""

import base64
import hashlib
import hmac
import http.server
import json
import threading
import time


def split_array(text):
    """The octets of each element of a JSON array."""
    decoder, elements, at = json.JSONDecoder(), [], 1
    while text[at] != "]":
        _, end = decoder.raw_decode(text, at)
        elements.append(text[at:end].encode())
        at = end + (text[end] == ",")
    return elements


class WebhookSink:
    """`respond(number, event)` gives the status of the number-th delivery (from 1), told its first event; 204 without it.
    Takes single CloudEvents and batches."""

    def __init__(self, secret, respond=None):
        self.keys = [base64.b64decode(secret.removeprefix("whsec_"))]  # any of them verifies
        self.respond = respond or (lambda number, event: 204)
        self.deliveries = []  # (headers, body, status), refused ones included
        self.taken = []       # (event, octets) of those acknowledged, repeated ones included
        self.bad = []         # what was wrong with a delivery
        self.lock = threading.Lock()
        sink = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status = sink.receive(dict((name.lower(), value) for name, value in self.headers.items()), body)
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 64

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/hook"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def receive(self, headers, body):
        with self.lock:
            batch = headers.get("content-type", "") == "application/cloudevents-batch+json"
            events = [(json.loads(octets), octets) for octets in (split_array(body.decode()) if batch else [body])]
            self.judge(headers, body, events[0][0])
            status = self.respond(len(self.deliveries) + 1, events[0][0])
            self.deliveries.append((headers, body, status))
            if 200 <= status < 300:
                self.taken += events
            return status

    def judge(self, headers, body, event):
        signed = f"{headers.get('webhook-id')}.{headers.get('webhook-timestamp')}.".encode() + body
        expected = {"v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode() for key in self.keys}
        if not expected & set(headers.get("webhook-signature", "").split()):
            self.bad.append(f"the signature does not verify: {headers}")
        if headers.get("webhook-id") != event.get("id"):
            self.bad.append(f"webhook-id {headers.get('webhook-id')} is not the event's id {event.get('id')}")
        if abs(time.time() - int(headers.get("webhook-timestamp", "0"))) > 60:
            self.bad.append(f"webhook-timestamp {headers.get('webhook-timestamp')} is not now")
        if not headers.get("content-type", "").startswith("application/cloudevents"):
            self.bad.append(f"content type {headers.get('content-type')}")
        if event.get("specversion") != "1.0" or not event.get("source", "").startswith("/sluice/"):
            self.bad.append(f"not a CloudEvent of sluice: {body[:200]}")

    def trust(self, *secrets):
        """These secrets from now on."""
        with self.lock:
            self.keys = [base64.b64decode(secret.removeprefix("whsec_")) for secret in secrets]

    def accepted(self):
        """The events acknowledged, each once, in the order they first came; with their octets."""
        with self.lock:
            first = {}
            for event, octets in self.taken:
                first.setdefault(event["id"], (event, octets))
            return list(first.values())

    def repeated(self):
        """How many events came more than once."""
        with self.lock:
            return len(self.taken) - len({event["id"] for event, _ in self.taken})

    def events(self, kind=None, **data):
        """The accepted events of a type without its "io.sluice." and with these members in `data`."""
        return [event for event, _ in self.accepted()
                if (kind is None or event["type"] == "io.sluice." + kind)
                and all(event["data"].get(name) == value for name, value in data.items())]

    def breaks(self):
        """What is wrong with the chain: gaps, disorder, or a hash that does not fit. Empty when it is sound."""
        wrong, before = list(self.bad), None
        for event, body in self.accepted():
            sequence = event["data"]["sequence"]
            if before is not None:
                if sequence != before[0] + 1:
                    wrong.append(f"sequence {sequence} follows {before[0]}")
                elif event["data"]["previous"] != hashlib.sha256(before[1]).hexdigest():
                    wrong.append(f"previous of sequence {sequence} is not the hash of the event before")
            before = (sequence, body)
        return wrong

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
