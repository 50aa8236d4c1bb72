"""`sluice audit` beside a running gate and against what a shell does to it: full disks, closed pipes, kill -9."""

import json
import os
import pathlib
import shutil
import signal
import subprocess

from harness import BINARY, GateTest, PATIENCE, main, standard_policy, wait_until


class AuditCommands(GateTest):
    def start(self):
        self.vendor = self.upstream()
        self.webhook = self.sink()
        policy = standard_policy(["push"])
        policy["rules"] += [{"id": name, "effect": "deny", "mode": "shadow", "when": when} for name, when in
                            (("no-reads-of-siem", {"client": "siem"}), ("no-reads", {"access": "read"}))]
        self.configuration_file = self.configuration({"push": self.push(self.vendor.url)}, policy=policy, sink=self.webhook)
        self.gate_process = self.serve(self.configuration_file)
        for number in range(20):
            self.gate_process.ask("GET", f"/push/v1/employees?n={number}", [self.key("siem")])
        wait_until("the events", lambda: len(self.webhook.events("request.forwarded")) == 20)

    def audit(self, command, *arguments, **streams):
        streams = streams or {"stdout": subprocess.PIPE}
        return subprocess.run([BINARY, "audit", command, "--config", self.configuration_file, *arguments], stderr=subprocess.PIPE,
                              text=True, timeout=60 * PATIENCE, **streams)

    def test_all_of_it_works_beside_a_running_gate_and_after_it(self):
        self.start()
        for _ in range(2):
            verified = self.audit("verify", "--format", "json")
            self.assertEqual(verified.returncode, 0, verified.stdout + verified.stderr)
            report = json.loads(verified.stdout)
            self.assertEqual((report["status"], report["first"], report["findings"]), ("whole", 1, []))
            exported = self.audit("export")
            delivered = [body for _, body, _ in self.webhook.deliveries]
            self.assertEqual(exported.stdout.encode().splitlines()[:21], delivered[:21])
            listed = self.audit("list", "--type", "request.*", "--client", "siem")
            self.assertEqual(len(listed.stdout.splitlines()), 20, listed.stdout)
            self.assertIn("  push.employees.list  GET  /v1/employees  allow  upstream_status=200  status=200  rules=siem-reads  "
                          "shadow_rules=no-reads,no-reads-of-siem\n", listed.stdout)
            if self.gate_process.popen.poll() is None:
                self.assertEqual(self.gate_process.stop(), 0)
        self.assertEqual(report["signed_through"], report["last"])
        kinds = [event["type"] for event in self.webhook.events()]
        self.assertEqual(kinds[-2:], ["io.sluice.gate.stopped", "io.sluice.audit.checkpoint"])
        started = self.webhook.events("gate.started")[0]["data"]
        self.assertEqual(started["checkpoint_key"], self.spool(".pub").read_text().strip())
        self.assertEqual(self.gate_process.said("the audit is signed")[0]["checkpoint_key"], started["checkpoint_key"])

    def spool(self, suffix):
        return next(pathlib.Path(self.folder).rglob("*.db" + suffix))

    def test_the_private_key_is_nowhere_but_in_its_file(self):
        self.start()
        self.gate_process.stop()
        key = "".join(self.spool(".key").read_text().splitlines()[1:-1])
        told = self.gate_process.text() + json.dumps(self.webhook.events()) + self.audit("verify").stdout
        for path in pathlib.Path(self.folder).rglob("*"):
            if path.is_file() and path.suffix != ".key":
                told += path.read_bytes().decode("latin-1")
        self.assertNotIn(key[20:], told)

    def test_an_export_that_cannot_be_written_exits_2(self):
        self.start()
        with open("/dev/full", "w") as full:
            done = self.audit("export", stdout=full)
        self.assertEqual(done.returncode, 2)
        self.assertIn("No space left on device", done.stderr)
        reading, writing = os.pipe()
        os.close(reading)
        done = self.audit("export", stdout=writing)
        os.close(writing)
        self.assertEqual(done.returncode, 2)
        self.assertIn("Broken pipe", done.stderr)

    def test_a_copy_on_a_read_only_file_system_is_read(self):
        self.start()
        self.gate_process.stop()
        folder = pathlib.Path(self.folder, "evidence #1")
        folder.mkdir()
        if subprocess.run(["mount", "-t", "tmpfs", "none", folder], capture_output=True).returncode != 0:
            self.skipTest("mounting needs root")
        self.addCleanup(subprocess.run, ["umount", folder], check=True)
        for name in ("audit.db", "audit.db.pub", "audit.db.checkpoints"):
            shutil.copy(self.folder / name, folder)
        subprocess.run(["mount", "-o", "remount,ro", folder], check=True)
        for command in ("verify", "list", "export"):
            self.run_sluice("audit", command, "--spool", folder / "audit.db", status=0)

    def test_a_spool_is_whole_after_kills(self):
        self.start()
        for _ in range(3):
            self.gate_process.stop(signal.SIGKILL)
            self.gate_process = self.serve(self.configuration_file)
            self.gate_process.ask("GET", "/push/v1/employees", [self.key("siem")])
        self.gate_process.stop()
        verified = self.audit("verify")
        self.assertEqual(verified.returncode, 0, verified.stdout)


if __name__ == "__main__":
    main()
