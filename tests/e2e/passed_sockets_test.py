#!/usr/bin/env python3
"""Sockets that a service manager passes (sd_listen_fds(3)): by a launcher that can do it wrong, and by systemd's own
systemd-socket-activate."""

import json
import os
import pathlib
import re
import socket

import harness
from harness import Gate, GateTest, Process, wait_until
from raw_http import Connection, request_bytes

# launcher PID COUNT NAMES FD,FD,... COMMAND...: execs it with these descriptors at 3 and up.
LAUNCHER = """
import fcntl, os, sys
pid, count, names, numbers, *command = sys.argv[1:]
numbers = [int(number) for number in numbers.split(",") if number]
high = [fcntl.fcntl(number, fcntl.F_DUPFD, 100) for number in numbers]
os.closerange(3, 100)
for index, number in enumerate(high):
    os.dup2(number, 3 + index)
os.closerange(100, 256)
os.environ.update(LISTEN_PID=pid or str(os.getpid()), LISTEN_FDS=count, **({"LISTEN_FDNAMES": names} if names else {}))
os.execv(command[0], command)
"""


def listening(address=("127.0.0.1", 0), family=socket.AF_INET):
    made = socket.socket(family, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.bind(address)
    made.listen(64)
    return made


class PassedTest(GateTest):
    """Starts the gate as a service manager does: the sockets are descriptors 3 and up."""

    def start_with(self, sockets, configuration, names=(), pid="", count=None):
        numbers = [one.fileno() for one in sockets]
        launcher = ["/usr/bin/python3", "-c", LAUNCHER, pid, str(len(sockets) if count is None else count), ":".join(names),
                    ",".join(map(str, numbers))]
        process = Process("gate", ["serve", "--config", configuration], self.secrets, self.folder, launcher, pass_fds=numbers)
        self.processes.insert(0, process)
        for one in sockets:
            self.addCleanup(one.close)
        return process

    def refused(self, sockets, configuration, **options):
        process = self.start_with(sockets, configuration, **options)
        self.assertEqual(process.wait(), 2, process.text())
        return "\n".join(process.errors)

    def ready(self, process):
        wait_until("the gate to say ready", lambda: process.said("ready") or process.popen.poll() is not None)
        self.assertIsNone(process.popen.poll(), process.text())
        return process

    def push_configuration(self, *addresses, **sections):
        self.vendor = self.upstream()
        return self.configuration({"push": self.push(self.vendor.url)}, listen=[{"address": address} for address in addresses],
                                  **sections)

    def ask(self, address):
        with Connection(address) as connection:
            connection.send(request_bytes("GET", "/push/v1/employees", [self.key()]))
            return connection.response("GET")

    def admin(self, process, path, address, method="GET"):
        process.admin = address[:2]
        return Gate.get_admin(process, path, method)


class Passed(PassedTest):
    def test_a_socket_is_known_by_the_address_that_it_is_bound_to(self):
        data, admin = listening(), listening()
        configuration = self.push_configuration("127.0.0.1:%d" % data.getsockname()[1],
                                                admin={"address": "127.0.0.1:%d" % admin.getsockname()[1]})
        process = self.ready(self.start_with([admin, data], configuration))
        self.assert_vendors(self.ask(data.getsockname()))
        self.assertEqual(self.admin(process, "/healthz", admin.getsockname())[0], 200)

    def test_a_socket_is_known_by_the_name_that_its_unit_gives_it(self):
        data, admin = listening(), listening(("::1", 0), socket.AF_INET6)
        configuration = self.push_configuration("systemd:data", admin={"address": "systemd:admin"})
        process = self.ready(self.start_with([admin, data], configuration, names=["admin", "data"]))
        self.assert_vendors(self.ask(data.getsockname()))
        self.assertEqual(self.admin(process, "/healthz", admin.getsockname())[0], 200)
        self.assertTrue(process.said("listening", role="data", address="127.0.0.1:%d" % data.getsockname()[1]))
        self.assertTrue(process.said("listening", role="admin", address="[::1]:%d" % admin.getsockname()[1]))

    def test_a_unix_socket_is_known_by_its_path_and_stays_when_the_gate_ends(self):
        path = self.folder / "gate.sock"
        data = listening(str(path), socket.AF_UNIX)
        process = self.ready(self.start_with([data], self.push_configuration("unix:gate.sock")))
        self.assert_vendors(self.ask(str(path)))
        self.assertEqual(process.stop(), 0)
        self.assertTrue(path.exists())

    def test_workers_share_one_socket(self):
        data = listening()
        process = self.ready(self.start_with([data], self.push_configuration("systemd:data", workers=3), names=["data"]))
        for _ in range(30):
            self.assert_vendors(self.ask(data.getsockname()))
        self.assertEqual(process.stop(), 0)

    def test_it_goes_on_over_reloads(self):
        data, admin = listening(), listening()
        configuration = self.push_configuration("systemd:data", admin={"address": "systemd:admin"}, workers=2)
        process = self.ready(self.start_with([data, admin], configuration, names=["data", "admin"]))
        with Connection(data.getsockname()) as connection:
            for _ in range(3):
                self.assertEqual(self.admin(process, "/reload", admin.getsockname(), "POST")[0], 200)
                connection.send(request_bytes("GET", "/push/v1/employees", [self.key()]))
                self.assert_vendors(connection.response("GET"))
                self.assert_vendors(self.ask(data.getsockname()))
        self.assertEqual(len(process.said("listening", role="data")), 1)
        # The same socket by its address, and one of the gate's own beside it.
        self.push_configuration("127.0.0.1:%d" % data.getsockname()[1], "127.0.0.1:0", admin={"address": "systemd:admin"}, workers=2)
        self.assertEqual(self.admin(process, "/reload", admin.getsockname(), "POST")[0], 200)
        self.assert_vendors(self.ask(data.getsockname()))
        # A listener may not go while the service manager keeps its socket: callers would wait in vain.
        self.push_configuration("127.0.0.1:0", admin={"address": "systemd:admin"}, workers=2)
        status, text = self.admin(process, "/reload", admin.getsockname(), "POST")
        self.assertEqual((status, [finding["rule"] for finding in json.loads(text)["findings"]]), (422, ["unclaimed-socket"]))
        self.assert_vendors(self.ask(data.getsockname()))

    def test_callers_wait_while_one_gate_ends_and_the_next_begins(self):
        data = listening()
        configuration = self.push_configuration("systemd:data")
        first = self.ready(self.start_with([data], configuration, names=["data"]))
        self.assertEqual(first.stop(), 0)
        with Connection(data.getsockname()) as waiting:
            waiting.send(request_bytes("GET", "/push/v1/employees", [self.key()]))
            self.ready(self.start_with([data], configuration, names=["data"]))
            self.assert_vendors(waiting.response("GET"))

    def test_they_are_closed_in_children(self):
        data = listening()
        process = self.ready(self.start_with([data], self.push_configuration("systemd:data"), names=["data"]))
        ours = [path for path in pathlib.Path(f"/proc/{process.popen.pid}/fd").iterdir()
                if os.readlink(path) == os.readlink(f"/proc/self/fd/{data.fileno()}")]
        self.assertGreaterEqual(len(ours), 2)  # the one that was passed, and the listener's
        for path in ours:
            flags = re.search(r"flags:\s+(\d+)", pathlib.Path(f"/proc/{process.popen.pid}/fdinfo/{path.name}").read_text())
            self.assertTrue(int(flags.group(1), 8) & os.O_CLOEXEC, path)


class Refused(PassedTest):
    def test_a_socket_that_no_listener_wants(self):
        extra = listening()
        text = self.refused([listening(), extra], self.push_configuration("systemd:data"), names=["data", "extra"])
        self.assertIn("the service manager passes the socket 127.0.0.1:%d (extra), which no listener wants" % extra.getsockname()[1], text)

    def test_a_name_that_was_not_passed(self):
        text = self.refused([listening()], self.push_configuration("systemd:dta"), names=["data"])
        self.assertRegex(text, r"sluice\.yaml:\d+:\d+: error: address: systemd:dta: no such socket was passed, "
                               r"only 127\.0\.0\.1:\d+ \(data\)")

    def test_a_name_when_nothing_was_passed(self):
        text = self.refused([], self.push_configuration("systemd:data"), count=1, pid="1")
        self.assertIn("systemd:data: no socket was passed: start the gate by its .socket unit, or name an address", text)

    def test_a_name_of_two_sockets(self):
        text = self.refused([listening(), listening()], self.push_configuration("systemd:data"), names=["data", "data"])
        self.assertIn("several sockets have this name", text)

    def test_one_socket_for_two_listeners(self):
        data = listening()
        text = self.refused([data], self.push_configuration("systemd:data", "127.0.0.1:%d" % data.getsockname()[1]), names=["data"])
        self.assertRegex(text, r"address: 127\.0\.0\.1:\d+ is already used in line \d+")

    def test_what_is_no_listening_stream_socket(self):
        datagram = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        datagram.bind(("127.0.0.1", 0))
        connected, other = socket.socketpair()
        self.addCleanup(other.close)
        bound = socket.socket()
        bound.bind(("127.0.0.1", 0))
        folder = Descriptor(os.open(self.folder, os.O_RDONLY))
        configuration = self.push_configuration("systemd:data")
        for made, why in ((datagram, "no stream socket"), (connected, "not listening"), (bound, "not listening"),
                          (folder, "no stream socket")):
            text = self.refused([made], configuration, names=["data"])
            self.assertIn("descriptor 3 (data), which is " + why, text)

    def test_descriptors_that_are_not_there_and_numbers_that_are_none(self):
        configuration = self.push_configuration("127.0.0.1:0")
        self.assertIn("descriptor 3, which is not open", self.refused([], configuration, count=1))
        for count in ("-1", "0", "1x", "", "99999999999999999999", "1025"):
            self.assertIn("LISTEN_FDS must be a number of sockets", self.refused([], configuration, count=count), count)

    def test_a_name_that_would_write_on_a_terminal(self):
        text = self.refused([listening()], self.push_configuration("127.0.0.1:0"), names=["\x1b[31m"])
        self.assertIn("\\x1b[31m", text)
        self.assertNotIn("\x1b", text)

    def test_a_stand_in_takes_none(self):
        done = self.run_sluice("simulate", "push", "--listen", "systemd:data", status=2)
        self.assertIn("systemd:data", done[2])


class Descriptor:
    """A descriptor that is no socket."""

    def __init__(self, number):
        self.number = number

    def fileno(self):
        return self.number

    def close(self):
        os.close(self.number)


def free_port():
    with listening() as made:
        return made.getsockname()[1]


class SocketActivate(PassedTest):
    """By systemd's own tool, which starts the gate when the first caller comes."""

    def activate(self, configuration, listen, *options):
        launcher = ["systemd-socket-activate", *(f"--listen={address}" for address in listen), *options,
                    *(f"--setenv={name}" for name in (*self.secrets, "PATH"))]
        process = Process("gate", ["serve", "--config", configuration], self.secrets, self.folder, launcher)
        self.processes.insert(0, process)
        wait_until("systemd-socket-activate to listen",
                   lambda: sum("Listening on" in line for line in list(process.errors)) == len(listen))
        return process

    def test_tcp_and_unix_sockets_for_callers_and_the_admin_port(self):
        port, path, admin = free_port(), str(self.folder / "gate.sock"), free_port()
        configuration = self.push_configuration(f"127.0.0.1:{port}", f"unix:{path}", admin={"address": f"127.0.0.1:{admin}"}, workers=2)
        process = self.activate(configuration, [f"127.0.0.1:{port}", path, f"127.0.0.1:{admin}"])
        self.assert_vendors(self.ask(("127.0.0.1", port)))  # it waited in the socket for the gate to start
        self.assert_vendors(self.ask(path))
        self.assertEqual(self.admin(process, "/readyz", ("127.0.0.1", admin))[0], 200)
        self.assertEqual(self.admin(process, "/reload", ("127.0.0.1", admin), "POST")[0], 200)
        self.assert_vendors(self.ask(path))
        self.assert_vendors(self.ask(("127.0.0.1", port)))

    def test_names(self):
        port, path = free_port(), str(self.folder / "admin.sock")
        configuration = self.push_configuration("systemd:data", admin={"address": "systemd:admin"})
        process = self.activate(configuration, [f"127.0.0.1:{port}", path], "--fdname=data:admin")
        self.assert_vendors(self.ask(("127.0.0.1", port)))
        wait_until("the admin port", lambda: process.said("listening", role="admin", address=f"unix:{path}"))

    def test_a_datagram_socket_is_refused(self):
        port = free_port()
        process = self.activate(self.push_configuration(f"127.0.0.1:{port}"), [f"127.0.0.1:{port}"], "--datagram")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as caller:
            caller.sendto(b"x", ("127.0.0.1", port))
        self.assertEqual(process.wait(), 2)
        self.assertIn("no stream socket: ListenStream= in its .socket unit makes one", process.text())


if __name__ == "__main__":
    harness.main()
