"""The programs that the benchmark runs: the vendor, the gate, nginx and HAProxy; their files and secrets. Everything listens on
a free port of loopback and writes to one temporary folder; leaving the `Site` ends it all and removes the folder."""

import hashlib
import json
import os
import pathlib
import resource
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

import measure
from certificates import Authority
from harness import BINARY, Gate

HERE = pathlib.Path(__file__).resolve().parent
PROXIES = ("gate", "nginx", "haproxy")
CONNECTIONS = 12000  # that each proxy is set up for
TARGET = "/push/v1/employees"


class Problem(Exception):
    """What the person at the terminal has to know; shown without a traceback."""


def find(name):
    """The path of a program; Debian keeps some of them where only root looks."""
    path = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")
    if path is None:
        raise Problem(f"{name} is not installed")
    return path


def version(kind):
    command = [BINARY, "version"] if kind == "gate" else [find(kind), "-v"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20)
    return ((done.stdout + done.stderr).splitlines() or ["?"])[0]


def end_by_signals():
    """Interrupts and signals to end leave the `with` of a Site in order."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # also where a shell has made us ignore it
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(143))


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def raise_file_limit(wanted=65536):
    """Lets this process and its children have as many open files as are wanted, or as many as are permitted."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    unlimited = hard == resource.RLIM_INFINITY
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard if unlimited else max(hard, wanted)))
    except (OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


class Program:
    """A foreign program: it runs until `stop`, and has started when its port answers."""

    def __init__(self, name, command, port, folder):
        self.name, self.address = name, ("127.0.0.1", port)
        self.errors = folder / "stderr.log"
        with open(folder / "stdout.log", "wb") as output, open(self.errors, "wb") as errors:
            self.popen = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=errors, cwd=folder)
        self.pid = self.popen.pid
        try:
            self.wait_for_port()
        except BaseException:
            self.stop()
            raise

    def wait_for_port(self):
        deadline = time.monotonic() + 20
        while True:
            try:
                socket.create_connection(self.address, timeout=5).close()
                return
            except OSError:
                if self.popen.poll() is not None or time.monotonic() > deadline:
                    raise Problem(f"{self.name} does not start:\n{self.errors.read_text()}") from None
                time.sleep(0.02)

    def stop(self):
        if self.popen.poll() is not None:
            return
        everyone = measure.family(self.pid)
        self.popen.terminate()
        try:
            self.popen.wait(10)
        except subprocess.TimeoutExpired:
            for pid in everyone:
                end_process(pid)
            self.popen.wait()


class GateProgram:
    """The gate, with the surface of `Program`."""

    def __init__(self, environment, folder):
        self.name = "gate"
        try:
            self.gate = Gate(["serve", "--config", "sluice.yaml"], environment, folder, 1)
        except AssertionError as error:
            raise Problem(f"the gate does not start:\n{error}") from None
        self.address, self.pid = self.gate.address, self.gate.popen.pid

    def stop(self):
        self.gate.stop()
        self.gate.popen.stdout.close()
        self.gate.popen.stderr.close()


def end_process(pid):
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


class Site:
    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sluice-bench-", dir=os.environ.get("TMPDIR", "/var/tmp")))
        self.token, self.vendor_key = "bench-" + secrets.token_hex(16), "vendor-" + secrets.token_hex(16)
        self.running, self.count, self.vendor_ports = [], 0, {}
        self.authority = self.certificate = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)  # from here on it ends by itself
        try:
            self.stop(*self.running)
        finally:
            for pid in measure.family(os.getpid())[1:]:
                end_process(pid)
            shutil.rmtree(self.folder, ignore_errors=True)

    def stop(self, *programs):
        for program in programs:
            try:
                program.stop()
            except AssertionError as error:
                print(error)
            self.running = [other for other in self.running if other is not program]

    def new_folder(self, name):
        self.count += 1
        folder = self.folder / f"{self.count}-{name}"
        folder.mkdir()
        return folder

    def fill(self, name, folder, **values):
        """Copies a file of this folder, with each @NAME@ replaced."""
        values |= {"FOLDER": folder, "TOKEN": self.token, "VENDOR_KEY": self.vendor_key, "CONNECTIONS": CONNECTIONS,
                   "FILES": resource.getrlimit(resource.RLIMIT_NOFILE)[0], "USER": "user root;" if os.geteuid() == 0 else "",
                   "AUTHORITY": self.authority and self.authority.certificate}
        text = (HERE / name).read_text()
        for key, value in values.items():
            text = text.replace(f"@{key}@", str(value))
        path = folder / pathlib.Path(name).name
        path.write_text(text)
        return path

    def start_vendor(self):
        """One nginx, in clear and over TLS, with a certificate of an authority made for this run."""
        folder = self.new_folder("vendor")
        self.authority = Authority(folder)
        certificate, key = self.authority.issue("localhost", "DNS:localhost", "IP:127.0.0.1")
        self.vendor_ports = {"plain": free_port(), "tls": free_port()}
        path = self.fill("vendor.conf", folder, CERTIFICATE=certificate, PRIVATE_KEY=key,
                         PLAIN_PORT=self.vendor_ports["plain"], TLS_PORT=self.vendor_ports["tls"])
        command = [find("nginx"), "-p", folder, "-c", path]
        self.running.append(Program("the vendor", command, self.vendor_ports["plain"], folder))

    def start(self, kind, upstream="plain", vendor_port=None, durability="power", access_log=None, watched=""):
        """Starts a proxy in front of the vendor, or of another one that listens in clear on `vendor_port`. `watched`: more of the
        gate's configuration."""
        folder, port = self.new_folder(kind), free_port()
        values = {"VENDOR_PORT": vendor_port or self.vendor_ports[upstream], "PORT": port, "DURABILITY": durability, "WATCHED": watched,
                  "ACCESS_LOG": access_log or f"{folder}/access.log audit", "SCHEME": "https" if upstream == "tls" else "http"}
        if kind == "gate":
            program = self.start_gate(folder, upstream, values)
        elif kind == "nginx":
            program = Program(kind, [find("nginx"), "-p", folder, "-c", self.fill("nginx.conf", folder, **values)], port, folder)
        else:
            (folder / "clients.map").write_text(f"{self.token} bench\n")
            tls = f"ssl verify required ca-file {self.authority.certificate} verifyhost localhost sni str(localhost)"
            path = self.fill("haproxy.cfg", folder, SERVER_TLS=tls if upstream == "tls" else "", **values)
            program = Program(kind, [find("haproxy"), "-db", "-f", path], port, folder)
        self.running.append(program)
        return program

    def start_gate(self, folder, upstream, values):
        tls = f"upstream_tls: {{ ca: {self.authority.certificate}, server_name: localhost }}" if upstream == "tls" else ""
        self.fill("sluice.yaml", folder, UPSTREAM_TLS=tls, **values)
        for name in ("policy.yaml", "catalogue.yaml"):
            self.fill(name, folder)
        return GateProgram({"BENCH_TOKEN": self.token, "BENCH_VENDOR_KEY": self.vendor_key}, folder)


def run_bench(run, options):
    """What every bench's main does: run(site, options) on a Site, its document printed where options.json asks for it."""
    end_by_signals()
    sys.stdout.reconfigure(line_buffering=True)
    raise_file_limit()
    try:
        if not os.access(BINARY, os.X_OK):
            raise Problem(f"there is no gate at {BINARY}: ./dev build, or name one with SLUICE_BINARY")
        with Site() as site:
            document = run(site, options)
    except Problem as problem:
        sys.exit(f"bench: {problem}")
    except KeyboardInterrupt:
        sys.exit(130)
    if options.json:
        print(json.dumps(document, indent=1))
