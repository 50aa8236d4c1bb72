"""A Debian of its own in a folder: what is essential and what the package depends on, no more. Made by mmdebstrap once for
each list of dependencies, and kept in SLUICE_DEBIAN."""

import hashlib
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

CACHE = pathlib.Path(os.environ.get("SLUICE_DEBIAN", "build/debian")).resolve()
RELEASE = "bookworm"

# In the place of systemctl, which the base has not: writes down what it was asked. A unit is enabled or runs if a file says so.
SYSTEMCTL = """#!/bin/sh
echo "$*" >>/systemctl.log
case "$*" in
  *is-enabled*) if [ -e /is-enabled ]; then echo enabled; else echo disabled; exit 1; fi ;;
  *is-active*) [ -e /is-active ] ;;
esac
"""


def base(depends):
    """The tar of a Debian with the packages of a Depends field."""
    names = ",".join(sorted(re.findall(r"(?:^|, )([a-z0-9.+-]+)", depends)))
    tar = CACHE / f"{RELEASE}-{hashlib.sha256(names.encode()).hexdigest()[:12]}.tar"
    if not tar.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=CACHE) as folder:
            made = pathlib.Path(folder, "base.tar")
            subprocess.run(["mmdebstrap", "--quiet", "--mode=root", "--variant=essential", "--dpkgopt=force-unsafe-io",
                            "--dpkgopt=path-exclude=/usr/share/locale/*", '--aptopt=Acquire::Languages "none"',
                            f"--include={names}", RELEASE, made], check=True)
            made.rename(tar)
    return tar


class Root:
    def __init__(self, depends):
        self.path = pathlib.Path(tempfile.mkdtemp(prefix="sluice-debian-"))
        subprocess.run(["tar", "--extract", "--numeric-owner", "--exclude=./dev/*", "--file", base(depends), "--directory", self.path], check=True)
        (self.path / "dev/null").touch(mode=0o666)  # a file will do

    def remove(self):
        shutil.rmtree(self.path)

    def run(self, *command, **more):
        """{ returncode, stdout } of a command inside; stdout has stderr too."""
        environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C"}
        return subprocess.run(["chroot", self.path, *command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, env=environment, timeout=120, check=False, **more)

    def install(self, package, *options):
        shutil.copy(package, self.path / "package.deb")
        return self.run("dpkg", *options, "--install", "/package.deb")

    def has(self, path):
        return os.path.lexists(self.path / path.lstrip("/"))

    def write(self, path, text, mode=0o644):
        file = self.path / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        file.chmod(mode)

    def read(self, path):
        return (self.path / path.lstrip("/")).read_text()

    def pretend_systemd(self, **unit):
        """As if systemd ran: unit(enabled, active)."""
        self.write("/usr/bin/systemctl", SYSTEMCTL, 0o755)
        (self.path / "run/systemd/system").mkdir(parents=True, exist_ok=True)
        for name in ("is-enabled", "is-active"):
            (self.path / name).unlink(missing_ok=True)
            if unit[name.replace("is-", "")]:
                self.write(f"/{name}", "")
        self.write("/systemctl.log", "")

    def asked_of_systemd(self):
        return self.read("/systemctl.log").splitlines()
