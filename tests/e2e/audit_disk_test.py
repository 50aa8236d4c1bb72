"""A disk that is full, read-only, broken or stuck: nothing reaches the vendor unrecorded, callers learn of it, and it passes."""

import collections
import http.client
import itertools
import json
import os
import pathlib
import subprocess
import tempfile
import threading
import time

from harness import GateTest, SANITIZED, main, wait_until
from scripted_upstream import answer


class Disk(GateTest):
    def start(self, spool, **sections):
        self.writes = itertools.count(1)
        self.statuses = []  # (time, status)
        self.lock = threading.Lock()
        self.sent = self.upstream(lambda request, connection: answer(body=b'{"groups":[]}'))
        self.webhook = self.sink()
        audit = {"spool": str(spool), "webhooks": [{"name": "sink", "url": self.webhook.url, "secret": {"env": "WEBHOOK_SECRET"}}],
                 **sections}
        self.running = self.gate({"push": self.push(self.sent.url)}, audit=audit)
        self.stop_load = threading.Event()
        self.callers = [threading.Thread(target=self.load, daemon=True) for _ in range(3)]
        for caller in self.callers:
            caller.start()
        wait_until("writes at the vendor", lambda: len(self.sent.requests) > 20)

    def load(self):
        connection = None
        while not self.stop_load.is_set():
            number = next(self.writes)
            try:
                connection = connection or http.client.HTTPConnection(*self.running.address, timeout=30)
                connection.request("POST", f"/push/v1/employees/e{number}/groups", json.dumps({"group": "g"}),
                                   {"x-api-key": self.secrets["SOAR_TOKEN"], "Content-Type": "application/json"})
                response = connection.getresponse()
                response.read()
                with self.lock:
                    self.statuses.append((time.monotonic(), response.status))
                if response.status == 503:
                    time.sleep(0.005)
            except (OSError, http.client.HTTPException):
                connection = None

    def first(self, status, after):
        """When this status was first answered to a request after a moment; None: not yet."""
        with self.lock:
            return next((at for at, got in self.statuses if got == status and at > after), None)

    def judge(self, name, break_it, mend_it):
        broken = time.monotonic()
        break_it()
        before = len(self.sent.requests)
        wait_until(f"{name}: 503", lambda: self.first(503, broken))
        refused = self.first(503, broken)
        time.sleep(0.5)  # long enough for a write to slip through
        wait_until("not ready", lambda: self.running.get_admin("/readyz")[0] == 503)
        self.sent_meanwhile = len(self.sent.requests) - before
        mended = time.monotonic()
        mend_it()
        wait_until(f"{name}: 200 again", lambda: self.first(200, mended))
        back = self.first(200, mended)
        self.stop_load.set()
        for caller in self.callers:
            caller.join(30)
        self.assertEqual(self.running.stop(), 0)
        wait_until("the stop at the webhook", lambda: self.webhook.events("gate.stopped"))
        attempts = self.webhook.events("request.attempted")
        attempted = {event["data"]["params"]["id"] for event in attempts}
        reached = {request.target.split("/")[3] for request in self.sent.requests}
        self.assertEqual(reached - attempted, set(), "a write reached the vendor unrecorded")
        self.assertEqual(self.webhook.breaks(), [])
        outcomes = collections.Counter(event["data"]["request_id"] for kind in ("request.forwarded", "request.failed", "request.refused")
                                       for event in self.webhook.events(kind))
        self.assertEqual([event["data"] for event in attempts if outcomes[event["data"]["request_id"]] != 1], [])
        print(f"{name}: of {len(reached)} writes at the vendor 0 unrecorded; 503 after {1000 * (refused - broken):.0f} ms, "
              f"200 again {1000 * (back - mended):.0f} ms after it was mended")

    def inject(self, word):
        if SANITIZED:
            self.skipTest("a sanitizer's runtime has to come first")
        control = pathlib.Path(self.folder, "disk")
        control.write_text("ok")
        spool = pathlib.Path(self.folder, "audit.db")
        preload = {"LD_PRELOAD": os.environ["SLUICE_FAULT_DISK"], "FAULT_DISK_CONTROL": str(control), "FAULT_DISK_PATH": str(spool)}
        os.environ.update(preload)
        try:
            self.start(spool)
        finally:
            for name in preload:
                del os.environ[name]
        self.addCleanup(control.write_text, "ok")  # or a stuck gate never ends
        self.judge(word, lambda: control.write_text(word), lambda: control.write_text("ok"))
        self.assertLessEqual(self.sent_meanwhile, len(self.callers), "more than what was recorded before")

    def test_a_full_disk(self):
        self.inject("full")

    def test_a_disk_with_input_output_errors(self):
        self.inject("io")

    def test_a_disk_that_takes_what_is_written_and_makes_nothing_of_it_durable(self):
        self.inject("unsynced")  # what a power cut would lose is never sent

    def test_a_disk_that_turned_read_only(self):
        self.inject("read-only")

    def test_a_disk_that_hangs(self):
        self.inject("stuck")

    def mount(self):
        folder = pathlib.Path(tempfile.mkdtemp(prefix="sluice-disk-"))
        self.addClassCleanup(folder.rmdir)
        # Larger than what the spool's log may grow to: this test fills it.
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16m", "none", folder], capture_output=True).returncode != 0:
            self.skipTest("mounting needs root")
        self.addClassCleanup(subprocess.run, ["umount", folder], check=True)  # after the gate has ended
        return folder

    def test_a_small_file_system_that_fills_up(self):
        folder = self.mount()
        self.start(folder / "audit.db", durability="process")
        ballast = folder / "ballast"

        def fill():
            with open(ballast, "wb", buffering=0) as file:
                try:
                    while True:
                        file.write(bytes(4096))
                except OSError:
                    pass
        self.judge("a full tmpfs", fill, ballast.unlink)


if __name__ == "__main__":
    main()
