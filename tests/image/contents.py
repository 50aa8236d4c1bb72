"""What is in the image, file by file, and how it is set. SLUICE_REPRODUCE=1 builds it a second time from nothing, and compares."""

import hashlib
import io
import json
import os
import pathlib
import re
import shutil
import tarfile
import tempfile
import time
import unittest

import engine
from engine import SOURCE, docker, inspect

BASE = "debian:bookworm-slim"
IMAGE = "sluice:test"
LARGEST = 24 << 20
LENT = 4000  # entries of the compiler's cache, two for each object
HARDENED = ["--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges"]


def version():
    return re.search(r"project\(sluice VERSION (\S+)", (SOURCE / "CMakeLists.txt").read_text(encoding="utf-8")).group(1)


def lend_objects():
    """What this machine has compiled of late goes into the compiler's cache of the builds: the same compiler and sources give the
    same objects, and everything else is compiled as ever."""
    cache = engine.run("ccache", "--get-config=cache_dir", status=None)
    place = pathlib.Path(cache.stdout.strip() or "/nowhere")
    files = sorted(place.glob("?/**/*[MR]"), key=lambda path: path.stat().st_mtime, reverse=True)[:LENT]
    if not files:
        return
    with tempfile.TemporaryDirectory() as folder:
        for path in files:
            copy = pathlib.Path(folder, "lent", path.relative_to(place))
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, copy)
        pathlib.Path(folder, "Dockerfile").write_text(
            f"FROM {BASE}\nCOPY lent /lent\nRUN --mount=type=cache,target=/root/.cache/ccache cp -a /lent/. /root/.cache/ccache/\n", encoding="utf-8")
        docker("build", "--network=none", "--no-cache", folder, seconds=300)


def build(name, *options):
    begin = time.monotonic()
    docker("build", "--network=host", "--progress=plain", f"--tag={name}", f"--build-arg=BASE={BASE}",
           f"--build-arg=VERSION={version()}", "--build-arg=REVISION=0123abcd", "--build-arg=SOURCE_DATE_EPOCH=1750000000", *options,
           SOURCE, seconds=1200)
    print(f"built {name} in {time.monotonic() - begin:.0f} s")


def layers(name):
    """The image's layers, as tar files, and their digests."""
    data = engine.subprocess.run(["docker", "save", name], check=True, capture_output=True, env=engine.ENVIRONMENT).stdout
    archive = tarfile.open(fileobj=io.BytesIO(data))
    paths = json.load(archive.extractfile("manifest.json"))[0]["Layers"]
    contents = [archive.extractfile(path).read() for path in paths]
    return [(hashlib.sha256(content).hexdigest(), tarfile.open(fileobj=io.BytesIO(content))) for content in contents]


def tree(name):
    """{path: member} over all layers, and the content of a file."""
    members, contents = {}, {}
    for _, layer in layers(name):
        for member in layer:
            path = "/" + member.name.rstrip("/")
            members[path] = member
            if member.isfile():
                contents[path] = layer.extractfile(member).read()
    return members, contents


class Files(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.members, cls.contents = tree(IMAGE)
        cls.sbom = json.loads(cls.contents["/usr/share/doc/sluice/sbom.cdx.json"])

    def resolve(self, path):
        """The file that a path leads to, links followed as the kernel does."""
        parts, at, steps = path.strip("/").split("/"), "", 0
        while parts:
            at = f"{at}/{parts.pop(0)}"
            member = self.members.get(at)
            if member is not None and member.issym():
                steps += 1
                self.assertLess(steps, 20, path)
                target = member.linkname if member.linkname.startswith("/") else os.path.join(os.path.dirname(at), member.linkname)
                parts, at = os.path.normpath(target).strip("/").split("/") + parts, ""
        return at

    def test_every_link_leads_to_something(self):
        for path, member in self.members.items():
            if member.issym():
                self.assertIn(self.resolve(path), self.members, f"{path} -> {member.linkname}")

    def test_it_is_small(self):
        size = inspect(IMAGE)["Size"]
        print(f"the image has {size / 1e6:.1f} MB, {len(self.contents)} files")
        self.assertLess(size, LARGEST)

    def test_there_is_no_shell_and_one_program(self):
        executables = [path for path, member in self.members.items()
                       if member.isfile() and member.mode & 0o111 and ".so" not in path]
        self.assertEqual(executables, ["/usr/bin/sluice"])
        docker("run", "--rm", "--network=none", "--entrypoint=/bin/sh", IMAGE, "-c", "true", status=127)

    def test_nothing_but_the_spool_is_its_users(self):
        owned = {path: (member.uid, member.gid, oct(member.mode & 0o7777)) for path, member in self.members.items() if member.uid or member.gid}
        self.assertEqual(owned, {"/var/lib/sluice": (65532, 65532, "0o700")})
        for path, member in self.members.items():
            if not member.issym():
                self.assertFalse(member.mode & 0o6022 and path != "/tmp", f"{path} {member.mode:o}")
        self.assertEqual(self.members["/tmp"].mode & 0o7777, 0o1777)

    def test_every_time_is_the_one_that_was_given(self):
        self.assertEqual({member.mtime for path, member in self.members.items()}, {1750000000})

    def test_each_package_is_known_with_its_licence(self):
        status = {path.rpartition("/")[2]: self.contents[path].decode() for path in self.contents
                  if path.startswith("/var/lib/dpkg/status.d/")}
        self.assertGreater(len(status), 10)
        for name, text in status.items():
            self.assertRegex(text, rf"(?m)^Package: {re.escape(name)}$")
            self.assertIn(f"/usr/share/doc/{name}/copyright", self.contents)
        for name in ("node-llhttp", "nlohmann-json3-dev", "rapidjson-dev", "libcli11-dev"):
            self.assertIn(f"/usr/share/doc/{name}/copyright", self.contents)
        self.assertEqual(self.contents["/usr/share/doc/sluice/LICENSE"], (SOURCE / "LICENSE").read_bytes())
        for path in self.contents:
            if path.endswith("/copyright"):
                for named in re.findall(r"/usr/share/common-licenses/((?:Apache|L?GPL|MPL)-[0-9.]*[0-9])", self.contents[path].decode(errors="replace")):
                    self.assertIn(f"/usr/share/common-licenses/{named}", self.contents, path)

    def test_the_sbom_says_what_is_there(self):
        inside = {(entry["name"], entry["version"]): {item["value"] for item in entry.get("properties", []) if item["name"] == "sluice:linkage"}
                  for entry in self.sbom["components"]}
        installed = set()
        for path in self.contents:
            if path.startswith("/var/lib/dpkg/status.d/"):
                text = self.contents[path].decode()
                installed.add(tuple(re.search(rf"(?m)^{field}: (.*)$", text).group(1) for field in ("Package", "Version")))
        self.assertEqual({key for key, linkage in inside.items() if linkage & {"shared", "data"}}, installed)
        compiled = {name for (name, _), linkage in inside.items() if linkage == {"compiled-in"}}
        self.assertEqual(compiled, {"node-llhttp", "nlohmann-json3-dev", "rapidjson-dev", "libcli11-dev"})
        print(f"the SBOM names {len(installed)} installed packages and {len(compiled)} that are compiled in")
        occurrences = {item["location"] for entry in self.sbom["components"]
                       for item in entry.get("evidence", {}).get("occurrences", [])}
        libraries = {path for path, member in self.members.items() if member.isfile() and ".so" in path}
        self.assertEqual(occurrences, libraries)
        own = self.sbom["metadata"]["component"]
        self.assertEqual(own["version"], version())
        self.assertEqual(own["hashes"][0]["content"], hashlib.sha256(self.contents["/usr/bin/sluice"]).hexdigest())

    def test_the_sbom_is_one_by_the_standards_own_schema(self):
        node = pathlib.Path(__file__).with_name("sbom.mjs")
        text = self.contents["/usr/share/doc/sluice/sbom.cdx.json"].decode()
        valid = engine.subprocess.run(["node", node], input=text, text=True, capture_output=True)
        self.assertEqual((valid.returncode, valid.stderr), (0, ""))
        broken = engine.subprocess.run(["node", node], input=text.replace('"type": "data"', '"type": "date"'), text=True, capture_output=True)
        self.assertEqual(broken.returncode, 1)

    @unittest.skipUnless(os.environ.get("SLUICE_REPRODUCE"), "SLUICE_REPRODUCE=1 builds it twice, for as long again")
    def test_a_second_build_from_nothing_gives_the_same_octets(self):
        build("sluice:again", "--no-cache", "--build-arg=CCACHE_DISABLE=1")
        self.assertEqual([digest for digest, _ in layers("sluice:again")], [digest for digest, _ in layers(IMAGE)])


class Owners(unittest.TestCase):
    def owner(self, path):
        return engine.run("python3", "-B", "-c", "import debian, sys; print(debian.owner(sys.argv[1]))", path, status=None,
                          environment={"PYTHONPATH": str(SOURCE / "config/image")})

    def test_a_library_is_found_by_either_name_and_a_stray_one_ends_the_build(self):
        library = next(pathlib.Path("/usr/lib").glob("*-linux-gnu/libc.so.6"))
        for path in (library, "/" + str(library.relative_to("/usr"))):
            self.assertEqual(self.owner(path).stdout, "libc6\n")
        stray = self.owner("/usr/local/lib/libstray.so.1")
        self.assertEqual((stray.returncode, stray.stdout), (1, ""))
        self.assertIn("no Debian package owns /usr/local/lib/libstray.so.1", stray.stderr)


class Settings(unittest.TestCase):
    def test_its_configuration_is_what_the_chart_and_compose_rely_on(self):
        config = inspect(IMAGE)["Config"]
        self.assertEqual(config["User"], "65532:65532")
        self.assertEqual(config["Entrypoint"], ["/usr/bin/sluice"])
        self.assertEqual(config["Cmd"], ["serve", "--config", "/etc/sluice/config/sluice.yaml"])
        self.assertEqual(config["WorkingDir"], "/var/lib/sluice")
        self.assertEqual(config["StopSignal"], "SIGTERM")
        self.assertEqual(config["Healthcheck"]["Test"], ["CMD", "/usr/bin/sluice", "ready"])
        self.assertEqual(sorted(config["ExposedPorts"]), ["8080/tcp", "9901/tcp"])
        self.assertFalse(config.get("Volumes"))
        labels = {name.rpartition("image.")[2]: value for name, value in config["Labels"].items()}
        self.assertEqual({name: labels[name] for name in ("title", "version", "revision", "licenses", "base.name")},
                         {"title": "sluice", "version": version(), "revision": "0123abcd", "licenses": "Apache-2.0", "base.name": BASE})
        chart = (SOURCE / "helm/sluice/Chart.yaml").read_text(encoding="utf-8")
        self.assertIn(f'appVersion: "{version()}"', chart)

    def test_it_runs_with_nothing_allowed_and_as_any_user(self):
        for options in ([], ["--user=12345"], ["--user=12345:0"], ["--user=0"]):
            said = docker("run", "--rm", "--network=none", *HARDENED, *options, IMAGE, "version").stdout
            self.assertTrue(said.startswith(f"sluice {version()} "), said)

    def test_a_wrong_version_is_not_built(self):
        failed = docker("build", "--network=host", "--progress=plain", f"--build-arg=BASE={BASE}", "--build-arg=VERSION=9.9.9",
                        "--build-arg=SOURCE_DATE_EPOCH=1750000000", SOURCE, status=None, seconds=1200)
        self.assertNotEqual(failed.returncode, 0)
        self.assertIn("VERSION=9.9.9", failed.stdout + failed.stderr)
