#!/usr/bin/env python3
"""The units of config/systemd: what systemd itself says of them, and the gate inside the walls that they ask for: the same filters of
system calls, addresses and memory, no capabilities, a read-only root and a /proc without others. There is no systemd in the place
that tests run in, so libseccomp, with which systemd builds these filters too, and mount(8) build the walls."""

import json
import os
import re
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import unittest

import harness
from certificates import Authority
from harness import BINARY, SANITIZED, SOURCE, Gate, GateTest, Process

UNITS = SOURCE / "config" / "systemd"
MOST_EXPOSURE = 1.3  # of 10, as systemd-analyze has it


def settings(name):
    """The [Service] lines of a unit, each key with its values in order."""
    found = {}
    for line in (UNITS / name).read_text().splitlines():
        if "=" in line and not line.startswith("#"):
            key, _, value = line.partition("=")
            found.setdefault(key, []).append(value)
    return found


def system_calls(groups):
    """What systemd means by names such as @system-service."""
    names = set()
    for group in groups:
        if not group.startswith("@"):
            names.add(group)
            continue
        text = subprocess.run(["systemd-analyze", "syscall-filter", "--no-pager", group], capture_output=True, text=True, check=True).stdout
        names |= system_calls(line.strip() for line in text.splitlines()[1:] if line.strip() and not line.strip().startswith("#"))
    return names


def allowed_calls():
    allowed = set()
    for value in settings("sluice.service")["SystemCallFilter"]:
        if value.startswith("~"):
            allowed -= system_calls(value[1:].split())
        else:
            allowed |= system_calls(value.split())
    return sorted(allowed)


# Applies the filters that its standard input describes to itself, then becomes the command: seccomp_rule_add(3), and
# seccomp_memory_deny_write_execute() and seccomp_restrict_address_families() of systemd's src/shared/seccomp-util.c.
WALLS = """
import ctypes, errno, json, mmap, os, sys
plan = json.loads(os.environ.pop("WALLS"))
lib = ctypes.CDLL("libseccomp.so.2", use_errno=True)
lib.seccomp_init.restype = ctypes.c_void_p
lib.seccomp_rule_add_array.argtypes = [ctypes.c_void_p, ctypes.c_uint32, ctypes.c_int, ctypes.c_uint, ctypes.c_void_p]
lib.seccomp_load.argtypes = [ctypes.c_void_p]
ALLOW, EQ, MASKED = 0x7FFF0000, 4, 7
def error(number): return 0x00050000 | number
class Compare(ctypes.Structure):
    _fields_ = [("argument", ctypes.c_uint), ("how", ctypes.c_int), ("a", ctypes.c_uint64), ("b", ctypes.c_uint64)]
def add(filter, action, name, *compares):
    number = lib.seccomp_syscall_resolve_name(name.encode())
    if number < 0: return  # of other architectures
    array = (Compare * len(compares))(*compares)
    if lib.seccomp_rule_add_array(filter, action, number, len(compares), array): sys.exit("cannot add " + name)
def load(filter):
    if lib.seccomp_load(filter): sys.exit("cannot load a filter")
memory = lib.seccomp_init(ALLOW)
both = mmap.PROT_WRITE | mmap.PROT_EXEC
add(memory, error(errno.EPERM), "mmap", Compare(2, MASKED, both, both))
for name in ("mprotect", "pkey_mprotect"):
    add(memory, error(errno.EPERM), name, Compare(2, MASKED, mmap.PROT_EXEC, mmap.PROT_EXEC))
load(memory)
families = lib.seccomp_init(ALLOW)
for family in range(0, 46):
    if family not in plan["families"]: add(families, error(errno.EAFNOSUPPORT), "socket", Compare(0, EQ, family, 0))
load(families)
calls = lib.seccomp_init(error(errno.EPERM))
for name in plan["calls"]: add(calls, ALLOW, name)
load(calls)
os.execv(sys.argv[1], sys.argv[1:])
"""

# unshare --mount sh -c ROOM FOLDER COMMAND...: only FOLDER can be written to, and /proc has this process alone.
ROOM = """set -e
mount --make-rprivate /
mount --bind "$0" "$0"
mount -t proc -o hidepid=invisible,subset=pid proc /proc
mount -o remount,bind,ro /
exec "$@"
"""


class Units(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="sluice-unit-")
        self.addCleanup(shutil.rmtree, self.folder)
        for name in ("sluice.service", "sluice.socket"):
            text = (UNITS / name).read_text()
            with open(os.path.join(self.folder, name), "w", encoding="utf-8") as file:
                file.write(text.replace("/usr/local/bin/sluice", BINARY))

    def analyze(self, *arguments):
        done = subprocess.run(["systemd-analyze", "--no-pager", *arguments], capture_output=True, text=True, cwd=self.folder)
        return done.returncode, done.stdout + done.stderr

    def test_systemd_finds_nothing_wrong_with_them(self):
        self.assertEqual(self.analyze("verify", "./sluice.service", "./sluice.socket"), (0, ""))

    def test_the_service_is_exposed_to_little(self):
        status, text = self.analyze("security", "--offline=true", "./sluice.service")
        exposure = float(re.search(r"Overall exposure level for sluice\.service: ([0-9.]+)", text).group(1))
        print(f"exposure: {exposure}", file=sys.stderr)
        self.assertLessEqual(exposure, MOST_EXPOSURE, text)
        # systemd's own judgement, by threshold (in hundredths of a ten).
        self.assertEqual(self.analyze("security", "--offline=true", f"--threshold={int(MOST_EXPOSURE * 10)}", "./sluice.service")[0], 0)
        self.assertEqual(status, 0)

    def test_it_stops_later_than_a_drain_takes(self):
        reference = (SOURCE / "config" / "reference.yaml").read_text()
        drain = int(re.search(r"^drain:.*?timeout: (\d+)s", reference, re.S | re.M).group(1))
        self.assertGreater(int(settings("sluice.service")["TimeoutStopSec"][0]), drain + 20)


@unittest.skipIf(SANITIZED, "a sanitizer's runtime asks for more than the gate")
class Walls(GateTest):
    def launcher(self, calls):
        families = [int(getattr(socket, name)) for name in settings("sluice.service")["RestrictAddressFamilies"][0].split()]
        self.secrets["WALLS"] = json.dumps({"families": families, "calls": calls})
        room = ["unshare", "--mount", "sh", "-c", ROOM, str(self.folder)]
        if os.geteuid() != 0 or subprocess.run([*room, "true"], capture_output=True).returncode != 0:
            print("no mounts here: the root stays writable", file=sys.stderr)
            room = []
        without = ["--bounding-set=-all", "--inh-caps=-all"] if os.geteuid() == 0 else []
        return [*room, "setpriv", "--no-new-privs", *without, "/usr/bin/python3", "-c", WALLS]

    def test_the_gate_does_all_its_work_inside(self):
        authority = Authority(self.folder)
        vendor, sink = self.upstream(), self.sink()
        by_name = vendor.url.replace("127.0.0.1", "localhost")  # a name: getaddrinfo, without AF_NETLINK
        certificate, key = authority.issue("gate", "DNS:localhost")
        configuration = self.configuration(
            {"push": self.push(by_name)}, sink=sink, workers=2,
            listen=[{"address": "127.0.0.1:0"}, {"address": "127.0.0.1:0", "tls": {"certificate": certificate, "private_key": key}}])
        gate = Gate(["serve", "--config", configuration], self.secrets, self.folder, 2, self.launcher(allowed_calls()))
        self.processes.insert(0, gate)
        self.assert_vendors(gate.ask("GET", "/push/v1/employees", [self.key()]))
        self.assert_vendors(gate.ask("POST", "/push/v1/employees/e1/merge", [self.key()], {"secondaryEmployeeIds": ["a"]}))
        with harness.Connection(gate.addresses[1], tls=ssl.create_default_context(cafile=authority.certificate)) as connection:
            connection.send(harness.request_bytes("GET", "/push/v1/employees", [self.key()]))
            self.assert_vendors(connection.response("GET"))
        (self.folder / "policy.yaml").write_text("version: 1\nrules: []\n")
        gate.reload()
        self.assert_problem(gate.ask("GET", "/push/v1/employees", [self.key()]), 403, "policy-denied")
        harness.wait_until("the webhook to have the denial",
                           lambda: [event for event, _ in sink.taken if event["type"] == "io.sluice.request.denied"])
        for name in ("process_cpu_seconds_total", "process_resident_memory_bytes", "process_open_fds", "process_start_time_seconds"):
            self.assertGreater(gate.metric(name), 0, name)
        self.assertEqual(gate.stop(), 0)

    def test_the_walls_hold(self):
        """That the test above would fail: without the calls for files that change in place the spool cannot be written."""
        configuration = self.configuration({"push": self.push("http://127.0.0.1:1")})
        calls = [name for name in allowed_calls() if name not in ("pwrite64", "fsync", "fdatasync")]
        process = Process("gate", ["serve", "--config", configuration], self.secrets, self.folder, self.launcher(calls))
        self.processes.append(process)
        self.assertEqual(process.wait(), 2, process.text())


if __name__ == "__main__":
    harness.main()
