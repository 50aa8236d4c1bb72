"""`sluice top`: the figures of a running gate in a real terminal (a pseudo-terminal), and once, for scripts."""

import fcntl
import http.server
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import threading

from harness import BINARY, GateTest, PATIENCE, main, wait_until

ENTER, LEAVE, CLEAR = "\x1b[?1049h", "\x1b[?1049l", "\x1b[H"


class OnTerminal:
    """A command whose stdin, stdout and stderr are a terminal of a size."""

    def __init__(self, arguments, columns=100, lines=30, **environment):
        self.master, slave = pty.openpty()
        self.resize(columns, lines)
        self.slave = slave
        self.before = termios.tcgetattr(slave)
        self.text = ""
        variables = {**{name: value for name, value in os.environ.items() if name != "NO_COLOR"}, "TERM": "xterm-256color", **environment}
        self.process = subprocess.Popen([BINARY, *arguments], stdin=slave, stdout=slave, stderr=slave, env=variables, start_new_session=True)

    def resize(self, columns, lines):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def read(self):
        while select.select([self.master], [], [], 0)[0]:
            self.text += os.read(self.master, 65536).decode("utf-8", "replace")
        return self.text

    def screen(self):
        """The last whole screen, without colours."""
        frames = self.read().split(CLEAR)
        return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", frames[-1]).replace("\r", "")

    def shows(self, what):
        return wait_until(f"the terminal to show {what!r}; it shows {self.screen()!r}", lambda: what in self.screen() and self.screen())

    def type(self, keys):
        os.write(self.master, keys)

    def wait(self):
        status = self.process.wait(20 * PATIENCE)
        self.read()
        return status

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self.slave)
        os.close(self.master)


class Top(GateTest):
    def setUp(self):
        super().setUp()
        self.running = self.push_gate(drain={"delay": f"{5 * PATIENCE:g}s", "timeout": "30s"} if "not_ready" in self.id() else {"delay": "0s", "timeout": "30s"})
        self.address = "%s:%d" % self.running.admin

    def on_terminal(self, *arguments, **options):
        terminal = OnTerminal(["top", "--admin", self.address, "--interval", "100ms", *arguments], **options)
        self.addCleanup(terminal.close)
        return terminal

    def assert_restored(self, terminal):
        self.assertTrue(terminal.text.rstrip().endswith(LEAVE), terminal.text[-200:])
        self.assertIn("\x1b[?25h", terminal.text)
        self.assertEqual(termios.tcgetattr(terminal.slave), terminal.before)

    def deny(self):
        self.assertEqual(self.running.ask("POST", "/push/v1/employees/e1/merge", [self.key("siem")], {"secondaryEmployeeIds": ["e2"]}).status, 403)

    def test_shows_the_gate_and_what_changes_until_q(self):
        terminal = self.on_terminal()
        terminal.shows("READY")
        terminal.shows("push")
        self.assertIn(ENTER, terminal.text)
        self.assertIn("\x1b[32m", terminal.text)
        self.deny()
        self.assertRegex(terminal.shows("/v1/employees/e1/merge"), r"denied 403 +siem")
        terminal.type(b"q")
        self.assertEqual(terminal.wait(), 0)
        self.assert_restored(terminal)

    def test_gives_the_terminal_back_at_every_end(self):
        for how in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            with self.subTest(how.name):
                terminal = self.on_terminal()
                terminal.shows("READY")
                terminal.process.send_signal(how)
                self.assertEqual(terminal.wait(), 0)
                self.assert_restored(terminal)

    def test_a_stop_in_the_shell_gives_the_terminal_back_meanwhile(self):
        terminal = self.on_terminal()
        terminal.shows("READY")
        terminal.process.send_signal(signal.SIGTSTP)
        wait_until("it to stop", lambda: os.waitid(os.P_PID, terminal.process.pid, os.WSTOPPED | os.WNOHANG | os.WNOWAIT))
        terminal.read()
        self.assert_restored(terminal)
        terminal.process.send_signal(signal.SIGCONT)
        wait_until("it to go on", lambda: terminal.read().count(ENTER) == 2)
        terminal.shows("READY")
        terminal.type(b"q")
        self.assertEqual(terminal.wait(), 0)
        self.assert_restored(terminal)

    def test_fits_the_window_and_follows_its_size(self):
        terminal = self.on_terminal(columns=60, lines=6)
        screen = terminal.shows("READY")
        self.assertLessEqual(len(screen.split("\n")), 6)
        self.assertLessEqual(max(map(len, screen.split("\n"))), 60, screen)
        self.assertNotIn("AUDIT", screen)
        terminal.resize(100, 40)
        terminal.process.send_signal(signal.SIGWINCH)
        terminal.shows("AUDIT")

    def test_says_that_the_gate_is_gone_and_finds_it_again(self):
        configuration = self.folder / "sluice.yaml"
        document = json.loads(configuration.read_text())
        self.running.stop()
        document["admin"]["address"] = self.address
        self.write("sluice.yaml", document)
        self.running = self.serve(configuration)
        terminal = self.on_terminal()
        terminal.shows("READY")
        self.running.stop(signal.SIGKILL)
        self.assertIn("the figures are old", terminal.shows("NO ANSWER"))
        terminal.shows("push")
        self.running = self.serve(configuration)
        terminal.shows("\nREADY")
        terminal.type(b"q")
        self.assertEqual(terminal.wait(), 0)
        self.assert_restored(terminal)

    def test_no_color_and_a_dumb_terminal_are_respected(self):
        plain = self.on_terminal(NO_COLOR="1")
        plain.shows("READY")
        self.assertIsNone(re.search(r"\x1b\[[0-9;]*m", plain.read().replace("\x1b[0m\x1b[?25h", "")))
        dumb = self.on_terminal(TERM="dumb")
        wait_until("two screens", lambda: dumb.read().count("READY") >= 2)
        self.assertNotIn("\x1b", dumb.text)
        dumb.process.send_signal(signal.SIGINT)
        self.assertEqual(dumb.wait(), 0)

    def test_prints_once_for_scripts(self):
        _, text, errors = self.run_sluice("top", "--admin", self.address, "--once", status=0)
        self.assertIn("READY", text)
        self.assertIn("push", text)
        self.assertNotIn("\x1b", text)
        self.assertEqual(errors, "")
        _, document, _ = self.run_sluice("top", "--admin", self.address, "--once", "--format", "json", status=0)
        self.assertEqual(json.loads(document)["apis"][0]["name"], "push")
        self.assertEqual(document.count("\n"), 1)

    def test_says_that_the_gate_is_not_ready_or_cannot_be_asked(self):
        self.running.popen.send_signal(signal.SIGTERM)
        wait_until("it to drain", lambda: self.running.said("draining"))
        status, text, _ = self.run_sluice("top", "--admin", self.address, "--once")
        self.assertEqual((status, "DRAINING" in text), (1, True), text)
        status, text, errors = self.run_sluice("top", "--admin", "127.0.0.1:1", "--once")
        self.assertEqual((status, text), (2, ""))
        self.assertRegex(errors, r"^sluice: 127\.0\.0\.1:1: cannot connect")
        self.run_sluice("top", "--admin", "nothing", "--once", status=2)
        self.run_sluice("top", "--admin", self.address, "--interval", "1ms", status=2)
        self.run_sluice("top", "--admin", self.address, "--format", "xml", status=2)

    def answer_by(self, answer):
        """Something else than a gate, that always says this."""
        class Answer(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer)
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.address = "127.0.0.1:%d" % server.server_address[1]

    def test_what_is_in_the_answer_is_no_order_to_the_terminal(self):
        hostile = "\x1b[2J\x1b]0;pwned\x07\x9b31m\u202ex"
        self.answer_by(json.dumps({"ready": True, "instance": hostile, "apis": [{"name": hostile, "clients": [{"name": hostile}]}],
                                   "latest_denials": [{"type": hostile, "client": hostile, "path": hostile, "reason": hostile}]}).encode())
        terminal = self.on_terminal(columns=200)
        self.assertIn("\\u{1b}[2J\\u{1b}]0;pwned\\u{7}\\u{9b}31m\\u{202e}x", terminal.shows("pwned"))
        self.assertNotRegex(terminal.screen(), "[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]")
        _, text, _ = self.run_sluice("top", "--admin", self.address, "--once", status=0)
        self.assertNotRegex(text, "[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]")

    def test_an_answer_that_is_nested_deeply_is_none(self):
        deep = 1_000_000
        self.answer_by(b'{"ready": true, "apis": ' + b"[" * deep + b"]" * deep + b"}")
        for form in ("text", "json"):
            _, text, errors = self.run_sluice("top", "--admin", self.address, "--once", "--format", form, status=2)
            self.assertEqual((text, errors), ("", f"sluice: {self.address}: the answer to /status is nested too deeply\n"))


if __name__ == "__main__":
    main()
