"""The log: nobody has to read it for requests to be served, and nothing that a caller sends can break, forge or flood it."""

import json
import os
import random
import socket
import subprocess
import threading
from datetime import datetime

import harness
from harness import Gate, GateTest, main, wait_until
from raw_http import Closed, Connection, request_bytes

MANY = 10_000
LOST = "log lines were dropped: stderr did not take them in time"  # where the machine is slow to read them
THREADS = 4


def seconds_of(line):
    return datetime.fromisoformat(line["time"].replace("Z", "+00:00")).timestamp()


class Unread(Gate):
    """A gate whose stderr is read only until it is ready, and then when the test says so."""

    def __init__(self, *arguments):
        self.reading = threading.Event()
        self.reading.set()
        super().__init__(*arguments)

    def collect(self, stream, lines, documents=None):
        for raw in stream:
            lines.append(raw.decode())
            if documents is not None:
                documents.append(json.loads(raw))
                self.reading.wait()


class Log(GateTest):
    def unread(self, **sections):
        self.vendor = self.upstream()
        configuration = self.configuration({"push": self.push(self.vendor.url)}, **sections)
        gate = Unread(["serve", "--config", configuration], self.secrets, self.folder, 1)
        self.processes.insert(0, gate)
        return gate

    def ask_often(self, gate, count):
        for begin in range(0, count, 900):  # a connection serves no more than limits.requests_per_connection
            with gate.connect() as connection:
                for number in range(begin, min(begin + 900, count)):
                    connection.send(request_bytes("GET", f"/push/v1/employees?limit={number}", [self.key()]))
                    self.assertEqual(connection.response().status, 200, number)

    def change_log(self, gate, **log):
        """What the harness reads to know a gate is JSON of level info."""
        configuration = json.loads((self.folder / "sluice.yaml").read_text())
        self.write("sluice.yaml", {**configuration, "log": log})
        gate.reload()

    def test_requests_are_served_though_nobody_reads_stderr(self):
        gate = self.unread(log={"access": True})
        gate.reading.clear()
        self.ask_often(gate, 6000)
        self.assertGreater(gate.metric("sluice_log_lines_dropped_total"), 100)
        gate.reading.set()
        said = wait_until("the loss to be said", lambda: gate.said(LOST))
        dropped = sum(line["lines"] for line in said)
        self.assertEqual(gate.metric("sluice_log_lines_dropped_total"), dropped)
        self.assertEqual(said[0]["level"], "warning")
        self.ask_often(gate, 5)
        self.assertEqual(gate.stop(), 0)
        self.assertEqual(len(gate.said("request")), 6005 - dropped)
        self.assertTrue(gate.said("stopped"))

    def test_the_gate_ends_though_nobody_reads_stderr(self):
        gate = self.unread(log={"access": True})
        gate.reading.clear()
        self.ask_often(gate, 6000)
        gate.popen.send_signal(15)
        self.assertEqual(gate.popen.wait(15 * harness.PATIENCE), 0)
        gate.reading.set()

    def test_an_access_line_has_what_an_operator_looks_for(self):
        gate = self.push_gate(log={"access": True})
        trace_id = "0af7651916cd43dd8448eb211c80319c"
        response = gate.ask("POST", "/push/v1/employees/e1/groups?x=1", [self.key(), ("traceparent", f"00-{trace_id}-b7ad6b7169203331-00")], {"group": "a"})
        line = wait_until("the line", lambda: gate.said("request"))[0]
        for name in ("time", "queued_ms", "upstream_ms", "total_ms"):
            self.assertIsNotNone(line.pop(name), name)
        self.assertEqual(line, {
            "level": "info", "message": "request", "request_id": response.header("sluice-request-id"), "trace_id": trace_id, "client": "admin",
            "source_ip": "127.0.0.1", "api": "push", "operation": "push.employees.groups.add", "method": "POST", "path": "/v1/employees/e1/groups",
            "decision": "allow", "rules": ["admin-does-everything"], "status": 200, "upstream_status": 200, "bytes_in": 14, "bytes_out": 2,
            "attempts": 1, "key": "full"})
        refused = gate.ask("GET", "/push/v1/employees", [("x-api-key", "nobody's")])
        self.assertEqual(refused.status, 401)
        line = wait_until("the line", lambda: gate.said("request", status=401))[0]
        self.assertNotIn("client", line)
        self.assertEqual((line["decision"], line["attempts"], line["bytes_out"]), ("refuse", 0, len(refused.body)))

    def test_level_and_format_change_with_a_reload(self):
        gate = self.push_gate(log={"access": True})
        self.change_log(gate, access=True, level="warning")
        quiet = gate.ask("GET", "/push/v1/employees", [self.key()]).header("sluice-request-id")
        self.change_log(gate, access=True, format="text")
        shown = gate.ask("GET", "/push/v1/employees", [self.key()]).header("sluice-request-id")
        line = wait_until("the line", lambda: [one for one in gate.errors if shown in one])[0]
        self.assertIn(" info request request_id=" + shown, line)
        self.assertFalse([one for one in gate.errors if quiet in one])

    # --- hostile callers

    def hostile_target(self, chance):
        octets = bytes(chance.choice([chance.randrange(0x21, 0x100), 0x22, 0x5c, 0x3d, 0x7f, 0x85, 0xe2, 0x80, 0xa8]) for _ in range(40))
        return b"/push/v1/employees/" + b"".join(b"%%%02X" % octet if octet in b'?#% ' else bytes([octet]) for octet in octets)

    def attack(self, gate, seed, count):
        """Requests of many kinds of ill will; whatever is answered."""
        chance = random.Random(seed)
        connection = None
        for number in range(count):
            kind = number % 4
            target = self.hostile_target(chance) if kind == 1 else b"/push/v1/employees" + (b"/%0Alevel=error%1B[31m" if kind == 2 else b"")
            token = self.secrets["ADMIN_TOKEN"].encode() if kind in (0, 1) else b"x\"\\\xff}{"
            request = b"GET " + target + b" HTTP/1.1\r\nHost: g\r\nx-api-key: " + token + b"\r\nUser-Agent: \xe2\x80\xa8{\"message\":1}\xc2\x85\r\n\r\n"
            try:
                connection = connection or Connection(gate.address)
                connection.send(request)
                if connection.response().header("connection") == "close":
                    raise Closed("said so")
            except (Closed, OSError):
                if connection is not None:
                    connection.close()
                connection = None
        if connection is not None:
            connection.close()

    def flood(self, gate):
        threads = [threading.Thread(target=self.attack, args=(gate, seed, MANY // THREADS)) for seed in range(THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def dead_vendor_gate(self):
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = probe.getsockname()[1]
        return self.gate({"push": self.push(f"http://127.0.0.1:{port}")}, log={"access": True}, limits={"failed_attempts": 0})

    def test_ten_thousand_hostile_requests_are_as_many_lines_and_few_warnings(self):
        gate = self.dead_vendor_gate()
        self.flood(gate)
        self.assertEqual(gate.stop(), 0)
        lines = [json.loads(line) for line in gate.errors]
        for line in gate.errors:
            self.assertTrue(line.isascii() and line.isprintable(), line)
        accesses = [line for line in lines if line["message"] == "request"]
        lost = sum(line["lines"] for line in lines if line["message"] == LOST)
        self.assertGreaterEqual(len(accesses) + lost, MANY)
        seconds = seconds_of(lines[-1]) - seconds_of(lines[0])
        warnings = [line for line in lines if line["level"] == "warning" and line["message"] != LOST]
        said = [line for line in warnings if "repeated" not in line]
        self.assertLessEqual(len(said), 10 * (1 + seconds // 10))
        summed_up = sum(line.get("repeated", 0) for line in warnings)
        unreachable = sum(line.get("status") == 502 for line in accesses)
        self.assertGreater(unreachable, MANY // 8)
        self.assertAlmostEqual(len(said) + summed_up, unreachable, delta=lost)
        self.assertLess(len(lines), len(accesses) + 100)

    def test_ten_thousand_hostile_requests_forge_no_line_of_text(self):
        gate = self.dead_vendor_gate()
        self.change_log(gate, access=True, format="text")
        self.flood(gate)
        self.assertEqual(gate.stop(), 0)
        accesses = lost = 0
        texts = [line for line in gate.errors if not line.startswith("{")]
        for line in texts:
            self.assertTrue(line.isascii() and line.isprintable(), line)
            self.assertRegex(line, r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (info|warning) [a-z]")
            self.assertNotRegex(line, r" level=")
            accesses += " info request request_id=" in line
            lost += int(line.rpartition("lines=")[2]) if LOST in line else 0
        self.assertGreaterEqual(accesses + lost, MANY)

    def test_lines_tell_the_journal_their_priority(self):
        read, write = os.pipe()
        status = os.fstat(write)
        self.vendor = self.upstream()
        configuration = self.configuration({"push": self.push(self.vendor.url)}, log={"format": "text"})
        environment = {**os.environ, **self.secrets, "JOURNAL_STREAM": f"{status.st_dev}:{status.st_ino}"}
        process = subprocess.Popen([harness.BINARY, "serve", "--config", configuration], stderr=write, env=environment)
        os.close(write)
        with open(read, encoding="utf-8") as stream:
            for line in stream:
                self.assertRegex(line, r"^<[346]>\d{4}-")
                if " info ready " in line:
                    process.terminate()
        self.assertEqual(process.wait(30), 0)

    def test_a_stderr_that_was_closed_is_no_place_for_a_file_or_a_socket(self):
        self.vendor = self.upstream()
        configuration = self.configuration({"push": self.push(self.vendor.url)})
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            manager.bind(str(self.folder / "notify"))
            manager.settimeout(20 * harness.PATIENCE)
            environment = {**os.environ, **self.secrets, "NOTIFY_SOCKET": str(self.folder / "notify")}
            process = subprocess.Popen(["sh", "-c", 'exec "$@" 0<&- 1>&- 2>&-', "sh", harness.BINARY, "serve", "--config", configuration],
                                       env=environment)
            self.assertIn(b"READY=1", manager.recv(1000))
            held = {os.readlink(f"/proc/{process.pid}/fd/{number}") for number in range(3)}
            process.terminate()
            self.assertEqual(process.wait(30), 0)
        self.assertEqual(held, {"/dev/null"})
        done = subprocess.run(f"{harness.BINARY} version >&-", shell=True, capture_output=True, check=False)
        self.assertEqual((done.returncode, done.stderr), (2, b"sluice: cannot write the output\n"))


if __name__ == "__main__":
    main()
