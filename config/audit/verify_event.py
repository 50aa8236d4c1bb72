#!/usr/bin/env python3
"""Verifies what sluice sends: who sent it (Standard Webhooks), when, and that no event is missing or changed (the chain).

As a receiver of `cloudevents` and `cloudevents-batch`; each event goes to stdout once, a line each, octet for octet:

    verify_event.py --listen 127.0.0.1:9000 --secret-env SLUICE_EVENTS_SECRET --state chain.json

As a filter, over what the receiver printed or `sluice audit export` wrote:

    verify_event.py --lines < events.ndjson

Python 3.9, nothing else. What is wrong goes to stderr; of a filter the exit status is then 1.
"""

import argparse
import base64
import binascii
import collections
import hashlib
import hmac
import http.server
import json
import os
import signal
import ssl
import sys
import threading
import time

MOST_OCTETS = 16 << 20   # of a delivery
REMEMBERED = 1000        # hashes of each gate's last events: what comes once more must be what came before
UNREADABLE = (ValueError, KeyError, TypeError, AttributeError, RecursionError)
BATCH = "application/cloudevents-batch+json"


class Refused(Exception):
    """A delivery that is not taken, with the status that it is answered with."""

    def __init__(self, status, why):
        super().__init__(why)
        self.status = status


def key_of(secret):
    """The key that a secret of Standard Webhooks stands for: whsec_ and base64."""
    return base64.b64decode(secret.strip().removeprefix("whsec_"), validate=True)


def verify_signature(keys, tolerance, headers, body, now):
    """Raises Refused unless one of the keys has signed this delivery, not long ago.

    401 and not 400: the gate tries again later what gets 401, and sets aside what gets 400."""
    identifier, stamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) < 12) or abs(now - int(stamp)) > tolerance:
        raise Refused(401, f"webhook-timestamp {stamp!r} is not within {tolerance} s of now")
    signed = b".".join((identifier.encode(), stamp.encode(), body))
    given = [part.partition(",") for part in headers.get("webhook-signature", "").split(" ")]
    for key in keys:
        right = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest())
        if any(version == "v1" and hmac.compare_digest(right, code.encode()) for version, _, code in given):
            return
    raise Refused(401, "webhook-signature is of no key that is known here")


def split_batch(text):
    """The text of each element of a JSON list, as it stands there."""
    decoder, parts = json.JSONDecoder(), []
    rest = text.strip()
    if not rest.startswith("["):
        raise ValueError("not a list")
    rest = rest[1:].lstrip()
    while not rest.startswith("]"):
        _, end = decoder.raw_decode(rest)
        parts.append(rest[:end])
        rest = rest[end:].lstrip()
        if rest.startswith(","):
            rest = rest[1:].lstrip()
        elif not rest.startswith("]"):
            raise ValueError("neither a comma nor the end follows an element")
    if rest != "]":
        raise ValueError("something follows the list")
    return parts


class Chain:
    """The last event of each gate, and what is wrong with the next ones.

    A gate's events have ascending numbers without a gap, and each names the SHA-256 of the octets of the one before."""

    def __init__(self, state=None, gaps=False):
        self.state, self.gaps = state, gaps  # a file that keeps it; whether events may be missing
        self.last = {}                       # source: (sequence, hash)
        self.recent = collections.defaultdict(collections.OrderedDict)
        if state and os.path.exists(state):
            self.load(state)

    def load(self, state):
        with open(state, encoding="utf-8") as file:
            try:
                self.last = {source: (0 + sequence, "" + digest) for source, (sequence, digest) in json.load(file).items()}
            except UNREADABLE:
                sys.exit(f"verify_event: {state} is no state of this program's: move it away")
        for source, (sequence, digest) in self.last.items():
            self.recent[source][sequence] = digest

    def take(self, octets, keep=lambda: None):
        """(whether the event is new, what is wrong or None). A new one counts once keep() has returned."""
        event = json.loads(octets)
        source, sequence = event["source"], event["data"]["sequence"]
        digest = hashlib.sha256(octets).hexdigest()
        known = self.recent[source]
        if sequence in known and known[sequence] == digest:
            return False, None
        wrong = self.judge(source, sequence, event["data"]["previous"], digest)
        keep()
        if source in self.last and 1 < sequence <= self.last[source][0]:
            return True, wrong
        self.last[source] = (sequence, digest)
        known[sequence] = digest
        while len(known) > REMEMBERED:
            known.popitem(last=False)
        return True, wrong

    def judge(self, source, sequence, previous, digest):
        place = f"{source} event {sequence}"
        if source not in self.last:
            return None
        last, last_digest = self.last[source]
        if sequence == 1:
            self.recent[source].clear()
            return f"{place}: a new chain begins, where event {last + 1} of the old one was expected"
        if sequence <= last:
            was_other = sequence in self.recent[source]
            return f"{place}: " + ("another event had this number before" if was_other else "it is older than what is remembered: a replay?")
        if sequence > last + 1:
            return None if self.gaps else f"{place}: {sequence - last - 1} events are missing after {last}"
        return None if previous == last_digest else f"{place}: event {last} was changed, or this one"

    def save(self):
        if self.state:
            with open(self.state + ".new", "w", encoding="utf-8") as file:
                json.dump(self.last, file)
                file.flush()
                os.fsync(file.fileno())
            os.replace(self.state + ".new", self.state)


def complain(text):
    print(f"verify_event: {text}", file=sys.stderr, flush=True)


class Output:
    """stdout, octet for octet. What could not be written whole is followed by the same event, on a line of its own."""

    torn = False

    def put(self, octets):
        rest = (b"\n" if self.torn else b"") + octets + b"\n"
        while rest:
            rest = rest[os.write(sys.stdout.fileno(), rest):]
            self.torn = bool(rest)


def make_handler(keys, tolerance, chain):
    lock = threading.Lock()  # one delivery at a time: the order is part of what is verified
    output = Output()

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 60

        def do_POST(self):
            try:
                length = self.headers.get("content-length", "")
                if not (length.isascii() and length.isdigit() and len(length) < 10) or int(length) > MOST_OCTETS:
                    self.close_connection = True
                    raise Refused(413, "the delivery's length is not given, or too large")
                body = self.rfile.read(int(length))
                verify_signature(keys, tolerance, self.headers, body, time.time())
                with lock:
                    self.take(body)
                self.answer(204)
            except Refused as refused:
                complain(refused)
                self.answer(refused.status)
            except UNREADABLE as error:  # signed, and no events
                complain(f"a delivery cannot be read: {error}")
                self.answer(400)

        def take(self, body):
            batch = self.headers.get_content_type() == BATCH
            try:
                for text in split_batch(body.decode()) if batch else [body.decode()]:
                    octets = text.encode()
                    _, wrong = chain.take(octets, lambda line=octets: output.put(line))
                    if wrong:  # it is taken all the same: refusing it would hold up what follows, and mend nothing
                        complain(wrong)
                chain.save()  # before the answer: what comes twice is known, what is lost would not be
            except OSError as error:  # a full disk, or nobody who reads: the gate tries again
                raise Refused(503, f"a delivery cannot be kept: {error}") from error

        def answer(self, status):
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    return Handler


def serve(options):
    keys = [key_of(os.environ[name]) for name in options.secret_env]
    host, _, port = options.listen.rpartition(":")
    handler = make_handler(keys, options.tolerance, Chain(options.state, options.gaps))
    server = http.server.ThreadingHTTPServer((host.strip("[]"), int(port)), handler)
    if options.tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*options.tls)
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    complain(f"listening on {host}:{server.server_address[1]}")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        return 0


def read_lines(options):
    chain, count, wrong = Chain(options.state, options.gaps), 0, 0
    for line in sys.stdin.buffer:
        try:
            new, why = chain.take(line.rstrip(b"\n"))
        except UNREADABLE as error:
            new, why = True, f"line {count + 1} is no event: {error}"
        count += new
        if why:
            wrong += 1
            complain(why)
    chain.save()
    print(f"{count} events, {wrong} wrong", file=sys.stderr)
    return 1 if wrong or not count else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    way = parser.add_mutually_exclusive_group(required=True)
    way.add_argument("--listen", metavar="HOST:PORT", help="receive deliveries; port 0 lets the system choose")
    way.add_argument("--lines", action="store_true", help="read events from stdin, a line each")
    parser.add_argument("--secret-env", metavar="NAME", action="append", default=[], help="a variable with the secret; again for each while one is rotated")
    parser.add_argument("--tolerance", type=int, default=300, metavar="SECONDS", help="how far a timestamp may be from now (300)")
    parser.add_argument("--state", metavar="FILE", help="keeps the last event of each gate over restarts")
    parser.add_argument("--gaps", action="store_true", help="the webhook has `events` or `filter`: events may be missing")
    parser.add_argument("--tls", nargs=2, metavar=("CERTIFICATE", "KEY"), help="serve HTTPS (PEM)")
    options = parser.parse_args()
    if options.lines:
        return read_lines(options)
    if not options.secret_env or not all(os.environ.get(name) for name in options.secret_env):
        parser.error("--listen wants --secret-env NAME, and the variable set")
    try:
        return serve(options)
    except binascii.Error:
        parser.error("the secret is not whsec_ and base64")


if __name__ == "__main__":
    sys.exit(main())
