#!/usr/bin/env python3
"""The Debian package, of the binary that was built: SLUICE_BINARY, SLUICE_BUILD (its build folder). What is in it, what lintian
says, and what becomes of it in a Debian of its own (debian_root.py), which wants root."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

from debian_root import Root

SOURCE = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(SOURCE / "config/image"))
import debian
import stage

BINARY = os.environ.get("SLUICE_BINARY", str(SOURCE / "build/release/sluice"))
BUILD = pathlib.Path(os.environ.get("SLUICE_BUILD", SOURCE / "build/release"))
EPOCH = "1700000000"
# Packages whose files are compiled in, by what config/debian/copyright calls them.
COMPILED_IN = {"libcli11-dev": "CLI11", "nlohmann-json3-dev": "nlohmann/json", "node-llhttp": "llhttp", "rapidjson-dev": "RapidJSON"}
OF_TESTS = {"libgtest-dev", "libgmock-dev", "libbenchmark-dev"}
PATIENCE = 60


def output(*command, **more):
    done = subprocess.run([str(each) for each in command], capture_output=True, text=True, check=False, **more)
    if done.returncode != 0:
        raise AssertionError(f"{command}: {done.returncode}: {done.stdout}{done.stderr}")
    return done.stdout


def build(folder, **environment):
    log = output("cpack", "--config", BUILD / "CPackConfig.cmake", "-B", folder, umask=0o022,
                 env={**os.environ, "SOURCE_DATE_EPOCH": EPOCH, **environment})
    found = list(pathlib.Path(folder).glob("*.deb"))
    assert len(found) == 1, log
    return found[0]


def setUpModule():
    global scratch, package, tree
    scratch = pathlib.Path(tempfile.mkdtemp(prefix="sluice-package-"))
    unittest.addModuleCleanup(shutil.rmtree, scratch)
    package = build(scratch / "once")
    tree = scratch / "tree"
    output("dpkg-deb", "--raw-extract", package, tree)


def field(name):
    return output("dpkg-deb", "--field", package, name).strip()


class Contents(unittest.TestCase):
    def test_it_is_the_same_octets_whenever_it_is_built(self):
        time.sleep(1.1)  # files of another second
        again = build(scratch / "again", TZ="Asia/Tokyo", LC_ALL="C")
        self.assertEqual(again.name, package.name)
        self.assertEqual(again.read_bytes(), package.read_bytes())

    def test_it_is_named_after_its_version_and_architecture(self):
        version = output(BINARY, "version").split()[1]
        architecture = output("dpkg", "--print-architecture").strip()
        self.assertEqual(package.name, f"sluice_{version}_{architecture}.deb")
        self.assertEqual((field("Version"), field("Architecture")), (version, architecture))

    def test_everything_is_roots_and_open_to_all_but_the_place_for_keys(self):
        executable = {"./usr/bin/sluice"}
        for line in output("dpkg-deb", "--contents", package).splitlines():
            mode, owner, _, _, _, path = line.split(maxsplit=5)
            self.assertEqual(owner, "root/root", line)
            expected = "drwx------" if path == "./etc/sluice/secrets/" else "drwxr-xr-x" if mode[0] == "d" else "-rwxr-xr-x" if path in executable else "-rw-r--r--"
            self.assertEqual(mode, expected, line)

    def test_what_an_operator_looks_for_is_there(self):
        for path in ("usr/bin/sluice", "usr/lib/systemd/system/sluice.service", "usr/lib/systemd/system/sluice.socket", "usr/share/man/man1/sluice.1.gz",
                     "usr/share/sluice/sluice.schema.json", "usr/share/sluice/policy.schema.json", "usr/share/sluice/monitoring/alerts.yaml",
                     "usr/share/sluice/monitoring/grafana.json", "usr/share/doc/sluice/copyright", "usr/share/doc/sluice/changelog.gz",
                     "usr/share/doc/sluice/README.md", "usr/share/doc/sluice/config/README.md", "usr/share/doc/sluice/config/reference.yaml",
                     "usr/share/doc/sluice/config/examples/siem-reader.yaml", "usr/share/doc/sluice/config/debian/README.md",
                     "usr/share/doc/sluice/policy/README.md", "usr/share/doc/sluice/proxy/README.md"):
            self.assertTrue((tree / path).is_file(), path)

    def test_what_is_in_etc_is_the_operators(self):
        files = sorted(f"/{path.relative_to(tree)}" for path in (tree / "etc").rglob("*") if path.is_file())
        self.assertEqual((tree / "DEBIAN/conffiles").read_text().splitlines(), files)

    def test_the_program_is_the_one_that_was_built_without_its_symbols(self):
        def build_id(path):
            return re.search(r"Build ID: (\w+)", output("readelf", "--notes", path)).group(1)
        self.assertEqual(build_id(tree / "usr/bin/sluice"), build_id(BINARY))
        self.assertNotIn(".symtab", output("readelf", "--sections", "--wide", tree / "usr/bin/sluice"))

    def test_the_unit_is_the_trees_with_the_packages_path(self):
        text = (SOURCE / "config/systemd/sluice.service").read_text()
        self.assertEqual((tree / "usr/lib/systemd/system/sluice.service").read_text(), text.replace("/usr/local/bin/sluice", "/usr/bin/sluice"))
        self.assertIn("ExecStart=/usr/bin/sluice ", (tree / "usr/lib/systemd/system/sluice.service").read_text())

    def test_the_man_page_has_every_command(self):
        commands = set(re.findall(r"^  ([a-z]+) ", output(BINARY, "--help").partition("Subcommands:")[2], re.MULTILINE))
        self.assertGreater(len(commands), 10)
        page = (SOURCE / "config/debian/sluice.1").read_text().partition(".SH COMMANDS")[2].partition(".SH EXIT")[0]
        self.assertEqual(set(re.findall(r"^\.B ([a-z]+)", page, re.MULTILINE)), commands)

    def test_pages_that_link_to_each_other_arrive_together(self):
        pages = list((tree / "usr/share/doc/sluice").rglob("*.md"))
        self.assertGreater(len(pages), 20)
        for page in pages:
            for link in re.findall(r"\]\(([^)#:]+\.md)(?:#[^)]*)?\)", page.read_text()):
                inside = os.path.normpath(page.parent.relative_to(tree / "usr/share/doc/sluice") / link)
                if (SOURCE / inside).exists() and not inside.startswith("tests/"):  # of developers
                    self.assertTrue((page.parent / link).exists(), f"{page}: {link}")

    def test_lintian_finds_no_error_and_no_warning(self):
        done = subprocess.run(["lintian", "--allow-root", "--no-cfg", "--fail-on", "error,warning", "--tag-display-limit", "0", package],
                              capture_output=True, text=True, check=False)
        print(f"lintian: {done.returncode} {done.stdout.strip()}", file=sys.stderr)
        self.assertEqual((done.returncode, [line for line in done.stdout.splitlines() if line[:2] in ("E:", "W:")]), (0, []), done.stderr)

    def test_the_licences_of_what_is_compiled_in_are_there(self):
        loaded = [debian.Package(name) for name in re.findall(r"(?:^|, )([a-z0-9.+-]+)", field("Depends"))]
        found = {part.name for part in stage.compiled_in(BUILD, loaded)} - OF_TESTS
        self.assertEqual(found, set(COMPILED_IN), "config/debian/copyright wants an entry for each, and this test its name")
        text = (tree / "usr/share/doc/sluice/copyright").read_text()
        for name in COMPILED_IN.values():
            self.assertIn(f"({name})", text)

    def test_every_override_says_why(self):
        lines = (SOURCE / "config/debian/lintian-overrides").read_text().splitlines()
        for before, line in zip([""] + lines, lines):
            self.assertTrue(line.startswith("#") or before, line)

    def test_systemd_finds_nothing_wrong_with_the_units(self):
        units = scratch / "units"
        shutil.copytree(tree / "usr/lib/systemd/system", units)
        service = units / "sluice.service"
        service.write_text(service.read_text().replace("/usr/bin/sluice", str(tree / "usr/bin/sluice")))
        done = subprocess.run(["systemd-analyze", "--no-pager", "verify", "./sluice.service", "./sluice.socket"], cwd=units,
                              capture_output=True, text=True, check=False)
        self.assertEqual((done.returncode, done.stdout + done.stderr), (0, ""))


@unittest.skipIf(os.geteuid() != 0, "NOT INSTALLED ANYWHERE: only root can install a package into a Debian of its own")
class Installed(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.root = Root(field("Depends"))
        cls.addClassCleanup(cls.root.remove)

    def tearDown(self):
        self.root.run("dpkg", "--purge", "sluice")
        for path in ("/etc/sluice", "/var/lib/private/sluice", "/run/systemd/system"):
            shutil.rmtree(self.root.path / path.lstrip("/"), ignore_errors=True)

    def install(self, deb=None, *options):
        done = self.root.install(deb or package, *options)
        self.assertEqual(done.returncode, 0, done.stdout)
        return done.stdout

    def dpkg(self, *arguments):
        done = self.root.run("dpkg", *arguments)
        self.assertEqual(done.returncode, 0, done.stdout)
        return done.stdout

    def changed(self, change=lambda folder: None):
        """The package's next version, changed."""
        folder = pathlib.Path(tempfile.mkdtemp(dir=scratch))
        output("dpkg-deb", "--raw-extract", package, folder)
        control = folder / "DEBIAN/control"
        control.write_text(re.sub(r"^Version: .*$", "Version: 99.0", control.read_text(), flags=re.MULTILINE))
        change(folder)
        output("dpkg-deb", "-Znone", "--root-owner-group", "--build", folder, folder.with_suffix(".deb"))
        return folder.with_suffix(".deb")

    def test_it_runs_with_nothing_but_its_dependencies(self):
        self.install()
        self.assertEqual(self.root.run("sluice", "version").stdout, output(BINARY, "version"))
        done = self.root.run("sluice", "check", "--config", "/etc/sluice/sluice.yaml")
        self.assertEqual((done.returncode, done.stdout.splitlines()[-1]), (0, "/etc/sluice/sluice.yaml: valid"))
        self.assertNotIn("warning", done.stdout)
        # Time zones and authorities are packages of their own.
        self.root.write("/etc/sluice/policy.yaml", "version: 1\nrules:\n  - { id: a, effect: deny, when: { not: { time: { hours: '08:00-18:00', zone: Europe/London } } } }\n")
        self.assertEqual(self.root.run("sluice", "check", "--config", "/etc/sluice/sluice.yaml").returncode, 0)
        self.assertTrue(self.root.has("/etc/ssl/certs/ca-certificates.crt"))

    def test_what_is_installed_lets_nobody_in(self):
        self.install()
        text = self.root.read("/etc/sluice/sluice.yaml")
        self.assertEqual(re.findall(r"^ *-? *address: (\S+)", text, re.MULTILINE), ["127.0.0.1:8080", "127.0.0.1:9901"])
        refused = self.root.run("sluice", "serve", "--config", "/etc/sluice/sluice.yaml")
        self.assertEqual(refused.returncode, 2)
        self.assertIn("/run/credentials/sluice.service/push-full", refused.stdout)
        self.root.write("/etc/sluice/secrets/push-full", "made-up\n", 0o600)
        (self.root.path / "var/lib/sluice").mkdir(mode=0o700, exist_ok=True)
        self.root.write("/etc/sluice/sluice.yaml", re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:0", text).replace("/run/credentials/sluice.service", "/etc/sluice/secrets"))
        log = scratch / "serve.log"
        with log.open("w", encoding="utf-8") as stderr:
            gate = subprocess.Popen(["chroot", self.root.path, "sluice", "serve", "--config", "/etc/sluice/sluice.yaml"], stderr=stderr, stdin=subprocess.DEVNULL)
        try:
            addresses = self.addresses(gate, log)
            self.assertEqual(output("curl", "--silent", "--output", "/dev/null", "--write-out", "%{http_code}", f"http://{addresses['data']}/push/v1/employees"), "401")
            self.assertEqual(self.root.run("sluice", "ready", "--admin", addresses["admin"]).returncode, 0)
        finally:
            gate.terminate()
            self.assertEqual(gate.wait(PATIENCE), 0, log.read_text())
        shutil.rmtree(self.root.path / "var/lib/sluice")

    def addresses(self, gate, log):
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end and gate.poll() is None:
            lines = [json.loads(line) for line in log.read_text().splitlines() if line.endswith("}")]
            found = {line["role"]: line["address"] for line in lines if line["message"] == "listening"}
            if {"data", "admin"} <= found.keys():
                return found
            time.sleep(0.05)
        raise AssertionError(f"the gate does not listen: {log.read_text()}")

    def test_what_is_commented_out_in_the_starter_files_is_valid_when_it_is_not(self):
        self.install()
        hashed = re.search(r'token_sha256: .*', self.root.run("sluice", "client", "new", "siem").stdout).group(0)
        text = self.root.read("/etc/sluice/sluice.yaml").replace("clients: {}", f"clients:\n  siem: {{ {hashed} }}")
        self.root.write("/etc/sluice/sluice.yaml", re.sub(r"^# (?=( |securenvoy:|webhooks:))", "  ", text, flags=re.MULTILINE))
        policy = self.root.read("/etc/sluice/policy.yaml").replace("rules: []", "rules:")
        self.root.write("/etc/sluice/policy.yaml", re.sub(r"^# (?=(- id| ))", "  ", policy, flags=re.MULTILINE))
        for path, word in (("sluice.yaml", "\n  securenvoy:\n"), ("sluice.yaml", "\n  webhooks:\n"), ("policy.yaml", "\n  - id: siem-reads\n")):
            self.assertIn(word, self.root.read(f"/etc/sluice/{path}"))
        done = self.root.run("sluice", "check", "--config", "/etc/sluice/sluice.yaml")
        self.assertEqual(done.returncode, 0, done.stdout)

    def test_it_is_neither_enabled_nor_started(self):
        self.root.pretend_systemd(enabled=False, active=False)
        self.install()
        self.assertEqual(self.root.asked_of_systemd(), ["--system daemon-reload"])
        self.assertEqual(list((self.root.path / "etc/systemd/system").glob("*.wants/sluice*")), [])

    def test_an_upgrade_restarts_it_where_it_runs_and_only_there(self):
        self.install()
        for enabled, active in ((False, True), (False, False), (True, True), (True, False)):
            self.root.pretend_systemd(enabled=enabled, active=active)
            self.install(self.changed())
            asked = self.root.asked_of_systemd()
            self.assertIn("--system daemon-reload", asked)
            self.assertEqual([line for line in asked if "restart" in line or " start" in line], ["try-restart sluice.service"])
            self.assertFalse([line for line in asked if "stop" in line], asked)

    def test_an_upgrade_keeps_what_the_operator_wrote_and_asks_nothing(self):
        self.install()
        self.root.write("/etc/sluice/policy.yaml", "version: 1\nrules: []\n# mine\n")
        before = self.root.read("/etc/sluice/policy.yaml")
        self.install(self.changed())
        self.assertEqual(self.root.read("/etc/sluice/policy.yaml"), before)
        self.assertFalse(self.root.has("/etc/sluice/policy.yaml.dpkg-dist"))

    def test_an_upgrade_with_another_starter_file_puts_it_beside_the_operators(self):
        self.install()
        self.root.write("/etc/sluice/policy.yaml", "version: 1\nrules: []\n# mine\n")
        before = self.root.read("/etc/sluice/policy.yaml")

        def change(folder):
            (folder / "etc/sluice/policy.yaml").write_text("version: 1\nrules: []\n# theirs\n")
            (folder / "etc/sluice/sluice.yaml").write_text("version: 1\n# theirs\n")
        self.install(self.changed(change), "--force-confdef", "--force-confold")
        self.assertEqual(self.root.read("/etc/sluice/policy.yaml"), before)
        self.assertIn("theirs", self.root.read("/etc/sluice/policy.yaml.dpkg-dist"))
        self.assertIn("theirs", self.root.read("/etc/sluice/sluice.yaml"))  # untouched before: the package's own

    def test_removal_stops_it_and_leaves_configuration_and_audit(self):
        self.install()
        self.root.pretend_systemd(enabled=True, active=True)
        self.root.write("/var/lib/private/sluice/audit.db", "a record", 0o600)
        said = self.dpkg("--remove", "sluice")
        self.assertIn("stop sluice.socket sluice.service", self.root.asked_of_systemd())
        self.assertIn("the audit stays in /var/lib/private/sluice", said)
        for path in ("/etc/sluice/sluice.yaml", "/etc/sluice/policy.yaml", "/var/lib/private/sluice/audit.db"):
            self.assertTrue(self.root.has(path), path)
        for path in ("/usr/bin/sluice", "/usr/lib/systemd/system/sluice.service"):
            self.assertFalse(self.root.has(path), path)

    def test_purge_leaves_the_audit_and_the_keys_and_says_so(self):
        self.install()
        self.root.write("/var/lib/private/sluice/audit.db", "a record", 0o600)
        self.root.write("/etc/sluice/secrets/push-full", "made-up", 0o600)
        said = self.dpkg("--purge", "sluice")
        self.assertIn("/var/lib/private/sluice", said)
        self.assertIn("/etc/sluice", said)
        self.assertEqual(self.root.read("/var/lib/private/sluice/audit.db"), "a record")
        self.assertEqual(self.root.read("/etc/sluice/secrets/push-full"), "made-up")
        for path in ("/etc/sluice/sluice.yaml", "/etc/sluice/policy.yaml"):
            self.assertFalse(self.root.has(path), path)

    def test_purge_leaves_nothing_where_nothing_was_added(self):
        self.root.pretend_systemd(enabled=False, active=False)
        self.install()
        said = self.dpkg("--purge", "sluice")
        self.assertNotIn("sluice: ", said)
        left = [str(path) for part in ("etc", "usr", "var/lib") for path in (self.root.path / part).rglob("*sluice*")]
        self.assertEqual(left, [])

    def test_what_the_operator_had_enabled_stays_enabled_until_the_purge(self):
        self.install()
        link = self.root.path / "etc/systemd/system/multi-user.target.wants/sluice.service"
        link.parent.mkdir(exist_ok=True)
        link.symlink_to("/usr/lib/systemd/system/sluice.service")  # systemctl enable sluice
        self.install(self.changed())
        self.dpkg("--remove", "sluice")
        self.install()
        self.assertTrue(link.is_symlink())
        self.dpkg("--purge", "sluice")
        self.assertFalse(link.is_symlink())


if __name__ == "__main__":
    unittest.main(verbosity=2)
