#!/usr/bin/env python3
"""Who calls the vendor: a script that has 64 requests outstanding at any time, and somebody who asks once a second and waits at
most 10 s for it. Both do as they are told: after a 429 or 503 they wait for its Retry-After, or a second, and up to a fifth more,
so that they do not stay in step, and ask again. Prints what came of it. usage: callers.py PORT TARGET SECONDS, and the two keys
on stdin"""

import http.client
import json
import os
import random
import sys
import threading
import time

OUTSTANDING = 64
BATCH_PATIENCE, INTERACTIVE_PATIENCE = 60, 10


class Caller:
    """One connection, kept as long as it works."""

    def __init__(self, port, target, key):
        self.target, self.key = target, key
        self.connection = http.client.HTTPConnection("127.0.0.1", port)

    def ask(self, patience):
        """The status, 0 when none came, and how long to wait before asking again."""
        self.connection.timeout = patience
        if self.connection.sock:
            self.connection.sock.settimeout(patience)
        try:
            self.connection.request("GET", self.target, headers={"x-api-key": self.key})
            answer = self.connection.getresponse()
            answer.read()
            return answer.status, float(answer.headers["Retry-After"] or 1) * random.uniform(1, 1.2)
        except (OSError, http.client.HTTPException):
            self.connection.close()
            return 0, 1.0


class Callers:
    def __init__(self, port, target, seconds, keys):
        self.where, self.keys = (port, target), keys
        self.start = time.monotonic()
        self.end = self.start + seconds
        self.statuses = {"batch": [], "interactive": []}
        self.waits = []  # of the interactive requests, until they were served; null when they were not

    def ask(self, kind, caller, patience):
        status, pause = caller.ask(patience)
        if time.monotonic() <= self.end:
            self.statuses[kind].append(status)
        return status, pause

    def work(self):
        caller = Caller(*self.where, self.keys["batch"])
        time.sleep(random.uniform(0, 1))
        while True:
            status, pause = self.ask("batch", caller, BATCH_PATIENCE)
            if status != 200:
                time.sleep(pause)

    def wait_for_one(self):
        caller = Caller(*self.where, self.keys["interactive"])
        began = time.monotonic()
        while (left := began + INTERACTIVE_PATIENCE - time.monotonic()) > 0:
            status, pause = self.ask("interactive", caller, left)
            if status == 200:
                self.waits.append(time.monotonic() - began)
                break
            time.sleep(min(pause, left))
        else:
            self.waits.append(None)
        caller.connection.close()

    def run(self):
        """The script goes on until the last interactive request has ended; what is counted ends with the time."""
        for _ in range(OUTSTANDING):
            threading.Thread(target=self.work, daemon=True).start()
        requests = []
        while (at := self.start + 1 + len(requests)) < self.end:
            time.sleep(max(0, at - time.monotonic()))
            requests.append(threading.Thread(target=self.wait_for_one))
            requests[-1].start()
        for request in requests:
            request.join()
        time.sleep(max(0, self.end - time.monotonic()))
        return {"start": self.start, "end": self.end, "statuses": self.statuses, "waits": self.waits}


if __name__ == "__main__":
    callers = Callers(int(sys.argv[1]), sys.argv[2], float(sys.argv[3]), json.load(sys.stdin))
    print(json.dumps(callers.run()), flush=True)
    os._exit(0)  # whatever the script still waits for
