#!/usr/bin/env python3
"""Requests through the gate by Python's standard library, each repeated where that is safe.

usage: gate.py METHOD PATH [JSON]     prints the answer's body; exits 1 when its status is an error or a redirect
       gate.py --pages PATH           prints every item of a list of Push's, one JSON text a line

SLUICE_URL     the gate and the API's name: https://gate.example:8443/push
SLUICE_TOKEN   the client's token
SLUICE_CA      PEM of the authority of the gate's certificate, if the system does not know it
"""

import http.client
import json
import os
import signal
import ssl
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

ATTEMPTS = 4
LONGEST_WAIT = 120  # seconds; who is told to wait longer gives up
TIMEOUT = 60
READS = ("GET", "HEAD")


class NoRedirect(urllib.request.HTTPRedirectHandler):
    """A vendor's redirect is an answer: urllib would take the token along to wherever it leads."""

    def redirect_request(self, *_):
        return None


def setting(name):
    return os.environ.get(name) or sys.exit(f"{name} is not set: gate.py --help says what it is")


def token():
    text = setting("SLUICE_TOKEN").strip()
    if not all("!" <= letter <= "~" for letter in text):
        raise SystemExit("SLUICE_TOKEN is no token")
    return text


def once(method, path, body=None):
    """(status, headers, text) of one request."""
    context = ssl.create_default_context(cafile=os.environ.get("SLUICE_CA"))
    opener = urllib.request.build_opener(urllib.request.HTTPSHandler(context=context), NoRedirect)
    data = None if body is None else json.dumps(body).encode()
    headers = {"x-api-key": token(), "Accept": "application/json"}
    if data is not None:
        headers["Content-Type"] = "application/json"
    request = urllib.request.Request(setting("SLUICE_URL") + path, data, headers, method=method)
    try:
        with opener.open(request, timeout=TIMEOUT) as answer:
            return answer.status, answer.headers, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers, error.read().decode(errors="replace")


def may_repeat(method, status):
    """Whether the same request may be sent again without a look. After 429 nothing was carried out; a write may have been after the others."""
    return status == 429 or (method in READS and status in (502, 503, 504))


def call(method, path, body=None):
    for attempt in range(1, ATTEMPTS + 1):
        status, headers, text = once(method, path, body)
        if attempt == ATTEMPTS or not may_repeat(method, status):
            break
        told = headers.get("Retry-After", "")
        wait = int(told) if told.isdigit() else 2 ** attempt
        if wait > LONGEST_WAIT:
            break
        time.sleep(wait)
    return status, headers, text


def pages(path):
    """Every item of a list of Push's, page after page."""
    page, seen = None, set()
    while True:
        mark = "&" if "?" in path else "?"
        status, headers, text = call("GET", path if page is None else f"{path}{mark}nextToken={urllib.parse.quote(page, safe='')}")
        if status != 200:
            raise SystemExit(complaint(status, headers, text))
        document = json.loads(text)
        yield from document["result"]
        paging = document.get("paging", document)
        page = paging.get("nextToken")
        if not page:
            return
        if page in seen:
            raise SystemExit(f"vendor: the page {page} comes again")
        seen.add(page)


def complaint(status, headers, text):
    """An error for a log: whose answer it is, and what to look for in the audit."""
    if headers.get("Sluice-Origin") == "gate" and text:  # none after HEAD
        problem = json.loads(text)
        rules = " ".join(problem.get("rules", []))
        return f"gate: {status} {problem['type']}: {problem['detail']} {rules}".strip() + f" ({headers['Sluice-Request-Id']})"
    return f"{headers.get('Sluice-Origin', 'vendor')}: {status} {text} ({headers.get('Sluice-Request-Id')})"


def main(arguments):
    if hasattr(signal, "SIGPIPE"):
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # as in a pipe to head
    if len(arguments) == 2 and arguments[0] == "--pages":
        for item in pages(arguments[1]):
            print(json.dumps(item))
        return 0
    if len(arguments) not in (2, 3):
        print(__doc__, file=sys.stderr)
        return 2
    body = json.loads(arguments[2]) if len(arguments) == 3 else None
    status, headers, text = call(arguments[0], arguments[1], body)
    if status >= 300:
        print(complaint(status, headers, text), file=sys.stderr)
        return 1
    print(text)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except (OSError, http.client.HTTPException) as error:  # nobody answers, or not to the end: a write may have been carried out
        sys.exit(f"gate.py: {os.environ['SLUICE_URL']}: {error}")
