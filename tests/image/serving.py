"""The gate and what it calls as containers that share one loopback and nothing else, as in a pod, asked by curl."""

import json
import shutil
import unittest

import engine
from contents import HARDENED as WALLS, IMAGE
from engine import SOURCE, docker, inspect, run, wait_until

HARDENED = [*WALLS, "--tmpfs=/tmp"]
STAND_INS = {"webhook": "9103", "push": "9101", "securenvoy": "9102"}
TLS = ["--tls", "/etc/sluice/tls/server.crt", "/etc/sluice/tls/server.key"]
SECRETS = {"push": ["--key-env", "PUSH_KEY"], "securenvoy": ["--key-env", "SECURENVOY_KEY"], "webhook": ["--secret-env", "WEBHOOK_SECRET"]}


class Serving(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = engine.folder_of(cls)
        run("sh", SOURCE / "config/image/compose/prepare.sh", cls.folder / "made")
        shutil.copytree(SOURCE / "config/image/compose", cls.folder / "config")
        for name, port in STAND_INS.items():
            # The first has the loopback; the others join it.
            network = ["--network=none", *(f"--add-host={each}:127.0.0.1" for each in STAND_INS)] if name == "webhook" else ["--network=container:webhook"]
            cls.start(name, *network, f"--env-file={cls.folder}/made/{name}.env", f"--volume={cls.folder}/made/tls:/etc/sluice/tls:ro",
                      "--no-healthcheck", IMAGE, "simulate", name, f"--listen=127.0.0.1:{port}", *SECRETS[name], *TLS)
        cls.addClassCleanup(docker, "volume", "rm", "spool")
        cls.start_gate("gate")

    @classmethod
    def start(cls, name, *arguments):
        docker("run", "--detach", f"--name={name}", *HARDENED, *arguments)
        cls.addClassCleanup(docker, "rm", "--force", "--volumes", name)

    @classmethod
    def mounts(cls, config="config"):
        made = cls.folder / "made"
        return [f"--volume={cls.folder}/{config}:/etc/sluice/config:ro", f"--volume={SOURCE}/config/demo:/etc/sluice/policy:ro",
                f"--volume={made}/tls/ca.crt:/etc/sluice/tls/ca.crt:ro", f"--volume={made}/gate:/run/secrets/sluice:ro"]

    @classmethod
    def start_gate(cls, name):
        cls.start(name, "--network=container:webhook", *cls.mounts(), "--volume=spool:/var/lib/sluice",
                  "--health-interval=1s", IMAGE)
        wait_until("the gate to be healthy", lambda: cls.health(name))

    @staticmethod
    def running(name):
        """Fails with its log where it has ended."""
        state = inspect(name)["State"]
        if not state["Running"]:
            said = docker("logs", name, status=None)
            raise AssertionError(f"{name} exited {state['ExitCode']}: {said.stdout}{said.stderr}")
        return state

    @classmethod
    def health(cls, name):
        return cls.running(name)["Health"]["Status"] == "healthy"

    @classmethod
    def inside(cls, name, *command, **options):
        """A command of the machine in a container's network: its process is known in the engine's namespace of processes."""
        return run("nsenter", "--pid", "--mount", f"--target={engine.CURRENT.child()}", "nsenter", "--net",
                   f"--target={inspect(name)['State']['Pid']}", *command, **options)

    def curl(self, client, path, *options, port=8080):
        token = (self.folder / f"made/gate/{client}-token").read_text().strip() if client else "nobody"
        said = self.inside("webhook", "curl", "--silent", "--max-time", "20", "--write-out", "\n%{http_code}", "--header", f"x-api-key: {token}",
                           *options, f"http://127.0.0.1:{port}{path}").stdout
        body, _, status = said.rpartition("\n")
        return int(status), body

    def answers(self, port):
        return self.inside("webhook", "curl", "--silent", "--fail", f"http://127.0.0.1:{port}/readyz", status=None).returncode == 0

    def test_the_demo_is_served(self):
        self.assertEqual(self.curl("siem", "/push/v1/employees")[0], 200)
        self.assertEqual(self.curl("siem", "/securenvoy/api/user/restapi/users")[0], 200)
        self.assertEqual(self.curl(None, "/push/v1/employees")[0], 401)
        status, body = self.curl("siem", "/push/v1/employees/e1/groups", "--json", '{"group": "Quarantine"}')
        self.assertEqual((status, json.loads(body)["type"]), (403, "urn:sluice:problem:policy-denied"))
        self.assertEqual(self.curl("soar", "/push/v1/employees/e1/groups", "--json", '{"group": "Quarantine"}')[0], 200)
        wait_until("the webhook to verify the write", lambda: "request.attempted" in docker("logs", "webhook").stdout + docker("logs", "webhook").stderr)
        self.assertEqual(self.curl(None, "/readyz", port=9901)[0], 200)

    def test_ready_says_so_by_its_status(self):
        docker("exec", "gate", "/usr/bin/sluice", "ready")
        self.assertIn("not ready", docker("run", "--rm", "--network=none", *HARDENED, IMAGE, "ready", status=1).stderr)

    def test_it_runs_without_rights(self):
        status = self.inside("gate", "cat", f"/proc/{inspect('gate')['State']['Pid']}/status").stdout
        for line in ("Uid:\t65532\t65532\t65532\t65532", "CapEff:\t0000000000000000", "CapBnd:\t0000000000000000", "NoNewPrivs:\t1"):
            self.assertIn(line, status)

    def test_the_policy_and_its_time_zones_are_checked(self):
        docker("run", "--rm", "--network=none", *HARDENED, *self.mounts(), IMAGE, "check", "--config", "/etc/sluice/config/sluice.yaml")

    def test_a_stop_is_clean_and_the_audit_stays_on_its_volume(self):
        self.curl("siem", "/push/v1/employees")
        docker("stop", "--time=35", "gate")
        self.assertEqual(inspect("gate")["State"]["ExitCode"], 0, docker("logs", "gate").stderr)
        verified = docker("run", "--rm", "--network=none", *HARDENED, *self.mounts(), "--volume=spool:/var/lib/sluice", IMAGE,
                          "audit", "verify", "--config", "/etc/sluice/config/sluice.yaml").stdout
        self.assertIn("gate.started", docker("run", "--rm", "--network=none", *HARDENED, *self.mounts(), "--volume=spool:/var/lib/sluice", IMAGE,
                                             "audit", "list", "--config", "/etc/sluice/config/sluice.yaml").stdout, verified)
        docker("start", "gate")
        wait_until("the gate to be healthy again", lambda: self.health("gate"))
        self.assertEqual(self.curl("siem", "/push/v1/employees")[0], 200)

    def test_vendors_are_verified_by_the_images_own_authorities(self):
        """The stand-in's authority in the place of the image's: then, and only then, is it trusted without being named."""
        plain = self.folder / "plain"
        plain.mkdir()
        text = "\n".join(line for line in (self.folder / "config/sluice.yaml").read_text().splitlines() if "upstream_tls:" not in line)
        (plain / "sluice.yaml").write_text(text.replace(":8080", ":8081").replace(":9901", ":9902"))
        for name, authorities, expected in (("distrustful", [], 502), ("trusting", [f"--volume={self.folder}/made/tls/ca.crt:/etc/ssl/certs/ca-certificates.crt:ro"], 200)):
            with self.subTest(name):
                self.start(name, "--network=container:webhook", *self.mounts("plain"), *authorities, "--tmpfs=/var/lib/sluice:uid=65532,mode=0700",
                           "--no-healthcheck", IMAGE)
                wait_until("the gate to answer", lambda: self.running(name) and self.answers(9902))
                status, body = self.curl("siem", "/push/v1/employees", port=8081)
                self.assertEqual(status, expected, body)
                docker("rm", "--force", name)
