"""A real redis-server of the test's own, on loopback, with a password, and with TLS if wanted."""

import pathlib
import secrets
import socket
import subprocess
import time


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class RedisServer:
    def __init__(self, folder, tls=None, replica_of=None, password=None):
        """`tls`: the authority's certificate, and the server's own with its key."""
        self.folder = pathlib.Path(folder) / f"redis-{secrets.token_hex(4)}"
        self.folder.mkdir()
        self.port, self.tls, self.process = free_port(), tls, None
        self.password = password or "redis-" + secrets.token_hex(12)
        self.options = ["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", str(self.folder),
                        "--requirepass", self.password, "--masterauth", self.password]
        if tls:
            authority, certificate, key = tls
            self.options += ["--port", "0", "--tls-port", str(self.port), "--tls-cert-file", str(certificate),
                             "--tls-key-file", str(key), "--tls-ca-cert-file", str(authority), "--tls-auth-clients", "no"]
        else:
            self.options += ["--port", str(self.port)]
        if replica_of:
            self.options += ["--replicaof", "127.0.0.1", str(replica_of.port)]
        self.start()

    @property
    def url(self):
        return f"{'rediss' if self.tls else 'redis'}://localhost:{self.port}"

    def start(self):
        """Starts it, with nothing in it."""
        self.process = subprocess.Popen(["redis-server", *self.options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 20
        while self.run("PING") != "PONG":
            if time.monotonic() > deadline:
                raise AssertionError("redis-server does not answer")
            time.sleep(0.05)

    def run(self, *command):
        """What redis-cli prints."""
        options = ["-p", str(self.port), "--no-auth-warning", "-a", self.password]
        if self.tls:
            options += ["--tls", "--cacert", str(self.tls[0])]
        done = subprocess.run(["redis-cli", *options, *command], capture_output=True, text=True, timeout=20)
        return done.stdout.strip()

    def stop(self):
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None
