"""docker-compose.yaml, by docker-compose itself, on bridges of its own."""

import shutil
import unittest

import engine
from contents import IMAGE
from engine import SOURCE, docker, inspect, run, wait_until


class Compose(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = engine.folder_of(cls)
        shutil.copy(SOURCE / "docker-compose.yaml", cls.folder)
        for name in ("config/image/compose", "config/demo"):
            shutil.copytree(SOURCE / name, cls.folder / name)

    @classmethod
    def compose(cls, *arguments, **options):
        return run("/usr/bin/python3", engine.tool("docker-compose"), "--project-name=trial", *arguments, cwd=cls.folder,
                   environment={"SLUICE_IMAGE": IMAGE}, **options)

    def curl(self, client, path, *options):
        token = (self.folder / f"build/compose/gate/{client}-token").read_text().strip()
        said = run(*engine.CURRENT.inside("curl", "--silent", "--max-time", "20", "--write-out", "\n%{http_code}", "--header", f"x-api-key: {token}",
                                          *options, f"http://127.0.0.1:{path}")).stdout
        body, _, status = said.rpartition("\n")
        return int(status), body

    def test_the_demo_needs_its_keys_first_and_then_runs(self):
        without = self.compose("up", "--no-build", "--detach", status=None)
        self.assertNotEqual(without.returncode, 0)
        self.assertIn("build/compose/push.env", without.stdout + without.stderr)

        run("sh", self.folder / "config/image/compose/prepare.sh")
        self.addCleanup(self.compose, "down", "--volumes")
        self.compose("up", "--no-build", "--detach")
        gate = self.compose("ps", "--quiet", "gate").stdout.strip()
        wait_until("the gate to be healthy", lambda: inspect(gate)["State"]["Health"]["Status"] == "healthy")
        self.assertEqual(self.curl("siem", "8080/push/v1/employees")[0], 200)
        self.assertEqual(self.curl("siem", "8080/securenvoy/api/user/restapi/users")[0], 200)
        self.assertEqual(self.curl("siem", "8080/push/v1/employees/e1/groups", "--json", '{"group": "Quarantine"}')[0], 403)
        self.assertEqual(self.curl("siem", "9901/readyz")[0], 200)
        self.assertIn("<title>", self.curl("siem", "9901/")[1])
        wait_until("the webhook to verify events", lambda: "request.denied" in self.compose("logs", "webhook").stdout)

        # Only the gate reaches the vendors, and only the host's loopback the gate.
        said = {network: docker("run", "--rm", f"--network=trial_{network}", IMAGE, "ready", "--admin", "push:9101", status=1).stderr
                for network in ("tools", "vendors")}
        self.assertIn("cannot connect", said["tools"])
        self.assertNotIn("cannot connect", said["vendors"])  # a connection, though no admin port
        bound = [entry["HostIp"] for ports in inspect(gate)["NetworkSettings"]["Ports"].values() for entry in ports or []]
        self.assertEqual(bound, ["127.0.0.1", "127.0.0.1"])
        for name in self.compose("ps", "--quiet").stdout.split():
            host = inspect(name)["HostConfig"]
            self.assertTrue(host["ReadonlyRootfs"])
            self.assertEqual((host["CapDrop"], host["SecurityOpt"]), (["ALL"], ["no-new-privileges:true"]))

        self.compose("stop")
        for name in self.compose("ps", "--all", "--quiet").stdout.split():
            self.assertEqual(inspect(name)["State"]["ExitCode"], 0, docker("logs", name).stderr)
