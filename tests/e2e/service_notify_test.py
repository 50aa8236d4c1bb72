#!/usr/bin/env python3
"""What the gate tells a service manager (sd_notify(3)), and the watchdog that it feeds (sd_watchdog_enabled(3))."""

import contextlib
import os
import pathlib
import signal
import socket
import subprocess
import threading
import time

import harness
from harness import GateTest, wait_until


class NotifySocket:
    """A service manager's ear: `messages` has what came, each as a map. With a name that begins with @: an abstract socket."""

    def __init__(self, name):
        self.name, self.messages = str(name), []
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind("\0" + self.name[1:] if self.name.startswith("@") else self.name)
        self.thread = threading.Thread(target=self.listen, daemon=True)
        self.thread.start()

    def listen(self):
        with contextlib.suppress(OSError):
            while datagram := self.socket.recv(65536):
                self.messages.append(dict(line.split("=", 1) for line in datagram.decode().rstrip("\n").split("\n")))

    def stop(self):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.thread.join(5)
        self.socket.close()

    def told(self, **fields):
        return [message for message in list(self.messages) if fields.items() <= message.items()]

    def wait_for(self, count=1, **fields):
        return wait_until(f"{count} of {fields}", lambda: len(self.told(**fields)) >= count and self.told(**fields))


class ServiceTest(GateTest):
    def listen_to(self, name=None):
        ear = NotifySocket(name or self.folder / "notify")
        self.addCleanup(ear.stop)
        self.secrets["NOTIFY_SOCKET"] = ear.name
        return ear


class Notify(ServiceTest):
    def test_it_is_ready_once_it_serves_and_stops_when_it_drains(self):
        ear = self.listen_to()
        gate = self.push_gate()
        ready = ear.wait_for(READY="1")[0]
        self.assertRegex(ready["STATUS"], r"^Serving push under policy [0-9a-f]{12}$")
        self.assert_vendors(gate.ask("GET", "/push/v1/employees", [self.key()]))
        self.assertEqual(gate.stop(), 0)
        ear.wait_for(STOPPING="1")
        kinds = [next(iter(message)) for message in ear.messages]
        self.assertEqual(kinds[0], "READY")
        self.assertEqual(kinds[1], "STOPPING")
        self.assertEqual(set(kinds[2:]), {"EXTEND_TIMEOUT_USEC"})
        self.assertTrue(all(int(message.get("EXTEND_TIMEOUT_USEC", 1)) > 0 for message in ear.messages))

    def test_an_abstract_socket_will_do(self):
        ear = self.listen_to(f"@sluice-test-{os.getpid()}")
        self.push_gate()
        ear.wait_for(READY="1")

    def test_nothing_is_ready_while_it_cannot_start(self):
        ear = self.listen_to()
        configuration = self.configuration({"push": self.push("http://127.0.0.1:1")}, audit={"spool": "no/such/folder/audit.db"})
        process = self.start("gate", "serve", "--config", configuration)
        self.assertEqual(process.wait(), 2)
        self.assertEqual(ear.told(READY="1"), [])

    def test_a_reload_is_told_with_its_time_and_ready_after_it(self):
        ear = self.listen_to()
        gate = self.push_gate()
        before = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        gate.popen.send_signal(signal.SIGHUP)
        reloading = ear.wait_for(RELOADING="1")[0]
        ear.wait_for(2, READY="1")
        after = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        self.assertTrue(before <= int(reloading["MONOTONIC_USEC"]) <= after, reloading)
        self.assertEqual(reloading["STATUS"], "Reloading: SIGHUP")
        kinds = [next(iter(message)) for message in ear.messages]
        self.assertEqual(kinds, ["READY", "RELOADING", "READY"])

    def test_a_rejected_reload_is_ready_again_and_says_why(self):
        ear = self.listen_to()
        gate = self.push_gate()
        (self.folder / "policy.yaml").write_text("version: 1\nrules: [ { id: wrong, effect: maybe } ]\n")
        gate.reload(422)
        status = ear.wait_for(2, READY="1")[1]["STATUS"]
        self.assertRegex(status, r"^Serving push under policy [0-9a-f]{12}; a reload was rejected: .*policy\.yaml:2:\d+: error: ")
        self.assertNotIn("\n", status)

    def test_a_long_drain_is_announced_again_and_again(self):
        ear = self.listen_to()
        gate = self.push_gate(drain={"delay": "11s", "timeout": "1s"})
        gate.popen.send_signal(signal.SIGTERM)
        ear.wait_for(STOPPING="1")
        wait_until("a second extension", lambda: sum("EXTEND_TIMEOUT_USEC" in message for message in ear.messages) >= 2)
        gate.popen.send_signal(signal.SIGTERM)  # a second one ends it at once
        self.assertEqual(gate.wait(), 0)

    def test_a_socket_that_is_not_there_or_dead_stops_nothing(self):
        dead = self.folder / "dead"
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as closed:
            closed.bind(str(dead))
        for name in (self.folder / "nowhere", dead, "relative", "@", "/" + "x" * 200, "vsock:2:1234"):
            with self.subTest(name=str(name)):
                self.secrets["NOTIFY_SOCKET"] = str(name)
                gate = self.push_gate()
                self.assertEqual(len([line for line in gate.log if "service manager cannot be told" in line.get("message", "")]), 1)
                self.assert_vendors(gate.ask("GET", "/push/v1/employees", [self.key()]))
                gate.reload()
                self.assertEqual(gate.stop(), 0)

    def test_a_socket_that_nobody_reads_stops_nothing(self):
        path = self.folder / "full"
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as deaf, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as filler:
            deaf.bind(str(path))
            filler.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                while True:
                    filler.sendto(b"x", str(path))
            self.secrets["NOTIFY_SOCKET"] = str(path)
            gate = self.push_gate()
            self.assert_vendors(gate.ask("GET", "/push/v1/employees", [self.key()]))
            self.assertEqual(gate.stop(), 0)


class Watchdog(ServiceTest):
    def test_it_is_fed_while_every_worker_turns(self):
        ear = self.listen_to()
        self.secrets["WATCHDOG_USEC"] = "400000"
        self.push_gate(workers=2)
        ear.wait_for(5, WATCHDOG="1")

    def test_it_is_not_fed_when_a_worker_stands_still(self):
        ear = self.listen_to()
        self.secrets["WATCHDOG_USEC"] = "400000"
        gate = self.push_gate(workers=2)
        ear.wait_for(2, WATCHDOG="1")
        stopped = StoppedThread(self, gate, "sluice-worker")
        wait_until("the log to say that a loop stands still", lambda: gate.said(
            "a worker's loop stands still: the service manager's watchdog is not fed"))
        fed = len(ear.told(WATCHDOG="1"))
        self.assertEqual(gate.get_admin("/healthz")[0], 200)  # the main loop turns all the while
        self.assertEqual(len(ear.told(WATCHDOG="1")), fed)
        stopped.go_on()
        ear.wait_for(fed + 2, WATCHDOG="1")

    def test_it_is_left_alone_when_it_is_another_process_that_is_watched(self):
        ear = self.listen_to()
        self.secrets.update(WATCHDOG_USEC="200000", WATCHDOG_PID="1")
        gate = self.push_gate()
        ear.wait_for(READY="1")
        gate.reload()
        ear.wait_for(2, READY="1")
        self.assertEqual(ear.told(WATCHDOG="1"), [])


class StoppedThread:
    """A thread of the gate's that a debugger holds."""

    def __init__(self, test, gate, name):
        thread = next(path.parent.name for path in pathlib.Path(f"/proc/{gate.popen.pid}/task").glob("*/comm")
                      if path.read_text().strip() == name)
        # ptrace of one thread leaves the others running, unlike SIGSTOP.
        self.holder = subprocess.Popen(["/usr/bin/python3", "-c", HOLD, thread], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        test.addCleanup(self.go_on)
        answer = self.holder.stdout.readline()
        if answer != b"held\n":
            self.go_on()
            test.skipTest("a thread can be held by root only")

    def go_on(self):
        if self.holder.poll() is None:
            self.holder.stdin.close()
            self.holder.wait(10)
            self.holder.stdout.close()


HOLD = """
import ctypes, os, sys
SEIZE, INTERRUPT, DETACH, WALL = 0x4206, 0x4207, 17, 0x40000000
libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
thread = int(sys.argv[1])
if libc.ptrace(SEIZE, thread, None, None) or libc.ptrace(INTERRUPT, thread, None, None):
    sys.exit("cannot")
os.waitpid(thread, WALL)
print("held", flush=True)
sys.stdin.read()
libc.ptrace(DETACH, thread, None, None)
"""


if __name__ == "__main__":
    harness.main()
