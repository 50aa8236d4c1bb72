#!/usr/bin/env python3
"""Long commands on a terminal, a pseudo-terminal here: they say how far they are, and leave nothing of it behind."""

import os
import pty
import re
import subprocess
import threading
import time

import harness
from harness import BINARY, GateTest, wait_until

LINE = re.compile(r"\r\x1b\[K(\d+) ([a-z ]+), (\d+)%, \d+ a second")
WIPED = "\r\x1b[K"


class Terminal:
    """A command whose stderr is a terminal; `shown` is what came there."""

    def __init__(self, test, *arguments, stdout=subprocess.PIPE, **environment):
        outside, inside = pty.openpty()
        self.shown, self.outside = "", outside
        variables = {**os.environ, **test.secrets, "TERM": "xterm", **environment}
        self.popen = subprocess.Popen([BINARY, *map(str, arguments)], stdin=subprocess.DEVNULL,
                                      stdout=inside if stdout is None else stdout, stderr=inside, env=variables, cwd=test.folder)
        os.close(inside)
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        while True:
            try:
                octets = os.read(self.outside, 65536)
            except OSError:  # the other side is closed
                return
            self.shown += octets.decode()

    def end(self):
        status = self.popen.wait(60)
        if self.popen.stdout:
            self.popen.stdout.close()
        self.reader.join(10)
        os.close(self.outside)
        return status


class Progress(GateTest):
    def spool(self, events, sink=None):
        """A spool of so many events, which a gate has written."""
        sink = sink or self.sink()
        gate = self.push_gate(sink=sink)
        with gate.connect() as connection:
            for _ in range(events):
                connection.send(harness.request_bytes("GET", "/push/v1/employees", [self.key()]))
                self.assert_vendors(connection.response("GET"))
        self.assertEqual(gate.stop(), 0)
        return sink, self.folder / "sluice.yaml"

    def test_an_export_to_who_reads_slowly(self):
        _, configuration = self.spool(700)
        terminal = Terminal(self, "audit", "export", "--config", configuration)
        time.sleep(0.7)  # the pipe is full, and half a second is over
        lines = terminal.popen.stdout.read().decode().splitlines()
        self.assertEqual(terminal.end(), 0)
        count, what, share = LINE.search(terminal.shown).groups()
        self.assertEqual(what, "events")
        self.assertTrue(0 < int(count) <= len(lines) and 0 < int(share) <= 100, terminal.shown)
        # What is left on the terminal is the last line alone.
        self.assertRegex(terminal.shown.rpartition(WIPED)[2].replace("\r\n", "\n"), rf"^{len(lines)} events, 1 to \d+, exported\n")

    def test_a_replay_to_a_slow_receiver(self):
        sink, configuration = self.spool(30)
        sink.respond = lambda number, event: time.sleep(0.03) or 204
        terminal = Terminal(self, "audit", "replay", "--config", configuration, "--webhook", "sink", "--from", 1)
        output = terminal.popen.stdout.read().decode()
        self.assertEqual(terminal.end(), 0, terminal.shown)
        self.assertEqual(LINE.search(terminal.shown).group(2), "deliveries")
        self.assertTrue(terminal.shown.endswith(WIPED), terminal.shown)
        self.assertRegex(output, r"^\d+ deliveries to sink, through event \d+\n$")

    def test_what_is_quick_shows_nothing(self):
        _, configuration = self.spool(20)
        for arguments in (["audit", "verify"], ["audit", "verify", "--format", "json"]):
            terminal = Terminal(self, *arguments, "--config", configuration)
            terminal.popen.stdout.read()
            self.assertEqual((terminal.end(), terminal.shown), (0, ""))
        terminal = Terminal(self, "diff", "--config", configuration, "policy.yaml", "policy.yaml")
        terminal.popen.stdout.read()
        self.assertEqual((terminal.end(), terminal.shown), (0, ""))

    def test_nothing_is_shown_in_a_pipe_or_on_a_terminal_without_a_cursor(self):
        _, configuration = self.spool(700)
        terminal = Terminal(self, "audit", "export", "--config", configuration, TERM="dumb")
        time.sleep(0.7)
        terminal.popen.stdout.read()
        self.assertEqual(terminal.end(), 0)
        self.assertNotIn("\x1b", terminal.shown)
        piped = subprocess.Popen([BINARY, "audit", "export", "--config", configuration], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                 env={**os.environ, **self.secrets}, cwd=self.folder)
        time.sleep(0.7)
        self.assertNotIn(b"\x1b", piped.communicate()[1])

    def test_nothing_is_shown_among_events_on_the_same_terminal(self):
        _, configuration = self.spool(20)
        terminal = Terminal(self, "audit", "export", "--config", configuration, stdout=None)
        self.assertEqual(terminal.end(), 0)
        self.assertNotIn("\x1b", terminal.shown)
        wait_until("every event", lambda: terminal.shown.count('"specversion"') >= 20)


if __name__ == "__main__":
    harness.main()
