#!/usr/bin/env python3
"""stage: the root of the image, from a built sluice and the Debian that it was built on: the libraries that it loads, the tz
database, the certificates of authorities, dpkg's word on each package for scanners, licences, and the SBOM.

usage: stage.py BINARY STAGE       Dockerfile calls it. SOURCE_DATE_EPOCH is the time of every file.
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys

import debian
import sbom

UID = 65532
ZONES = "/usr/share/zoneinfo"
AUTHORITIES = "/etc/ssl/certs/ca-certificates.crt"
DATA_PACKAGES = ("base-files", "ca-certificates", "tzdata")
SBOM_PATH = "usr/share/doc/sluice/sbom.cdx.json"
TEXTS = {
    "etc/passwd": f"root:x:0:0:root:/root:/usr/sbin/nologin\nsluice:x:{UID}:{UID}:sluice:/var/lib/sluice:/usr/sbin/nologin\n",
    "etc/group": f"root:x:0:\nsluice:x:{UID}:\n",
    "etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
}


def put(stage, path, source, mode=0o644):
    place = stage / path.lstrip("/")
    place.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, place)
    place.chmod(mode)


def put_text(stage, path, text):
    place = stage / path
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(text)
    place.chmod(0o644)


def link(stage, path, target):
    place = stage / path.lstrip("/")
    place.parent.mkdir(parents=True, exist_ok=True)
    place.symlink_to(target)


def loaded(file):
    """The paths that the loader takes for a file: its libraries, theirs, and itself."""
    paths = []
    for line in debian.run("ldd", str(file)).splitlines():
        match = re.match(r"\s*(?:\S+ => )?(/\S+) \(0x|\s*(\S+) => not found", line)
        if match and match.group(2):
            debian.die(f"{file} needs {match.group(2)}, which is not there")
        if match:
            paths.append(match.group(1))
    return paths or debian.die(f"{file} loads nothing: is it static?")


def put_libraries(stage, binary):
    """{package: [path]}; each library under its own name, and the name that it is asked for as a link."""
    packages = {}
    for path in loaded(binary):
        real = os.path.realpath(path)
        asked = os.path.join(os.path.realpath(os.path.dirname(path)), os.path.basename(path))
        put(stage, real, real, 0o755)
        if asked != real:
            link(stage, asked, os.path.relpath(real, os.path.dirname(asked)))
        packages.setdefault(debian.owner(real), []).append(real)
    return packages


def put_zones(stage):
    """Only what a policy may name: without the copies posix/ and right/, and the lists. A second name becomes a link."""
    first = {}
    for folder, folders, files in os.walk(ZONES):
        folders[:] = sorted(name for name in folders if folder != ZONES or name not in ("posix", "right"))
        for name in sorted(files):
            path = os.path.join(folder, name)
            real = os.path.realpath(path)
            with open(real, "rb") as file:
                content = file.read()
            if content[:4] != b"TZif" or name in ("localtime", "posixrules"):
                continue
            if content in first:
                link(stage, path, os.path.relpath(first[content], folder))
            else:
                first[content] = path
                put(stage, path, real)
    return first or debian.die(f"{ZONES} has no zones")


def put_documents(stage, packages):
    """Copyright files, and the licences that they name."""
    common = set()
    for package in packages:
        source = package.copyright_file()
        put(stage, f"/usr/share/doc/{package.name}/copyright", source)
        common.update(re.findall(r"/usr/share/common-licenses/([A-Za-z0-9.+-]*[A-Za-z0-9])", source.read_text(errors="replace")))
    for name in common:
        source = pathlib.Path("/usr/share/common-licenses", name)
        if source.exists():
            put(stage, str(source), source)


def compiled_in(build, shared):
    """The packages whose files were compiled into the binary, beyond those of libraries that it loads and of the kernel."""
    listing = debian.run("ninja", "-C", str(build), "-t", "deps")
    headers = {os.path.realpath(path) for path in re.findall(r"^ +(/\S+)$", listing, re.MULTILINE) if path.startswith("/usr/")}
    found = debian.owners(headers)
    unknown = sorted(headers - set(found))
    if unknown or not headers:
        debian.die(f"no Debian package owns {unknown[0] if unknown else 'any header of ' + str(build)}")
    sources = {package.source for package in shared} | {"linux"}
    packages = [debian.Package(name) for name in sorted(set(found.values()))]
    return [package for package in packages if package.source not in sources]


def put_base(stage):
    for name in debian.ROOT_LINKS:
        if os.path.islink(f"/{name}"):
            (stage / "usr" / name).mkdir(parents=True, exist_ok=True)
            link(stage, name, f"usr/{name}")
    for path, text in TEXTS.items():
        put_text(stage, path, text)
    put(stage, "/usr/lib/os-release", "/usr/lib/os-release")
    link(stage, "/etc/os-release", "../usr/lib/os-release")
    put(stage, "/etc/debian_version", "/etc/debian_version")
    put(stage, AUTHORITIES, AUTHORITIES)
    link(stage, "/usr/lib/ssl/certs", "/etc/ssl/certs")  # where Debian's OpenSSL looks
    link(stage, "/usr/lib/ssl/cert.pem", AUTHORITIES)
    put(stage, "/usr/share/doc/sluice/LICENSE", "LICENSE")
    for path in ("etc/sluice", "run/secrets", "tmp", "var/lib/sluice"):
        (stage / path).mkdir(parents=True)


def settle(stage, epoch):
    """The same modes, owners and times, whatever the machine."""
    for folder, folders, files in os.walk(stage, topdown=False):
        for name in files + [name for name in folders if os.path.islink(os.path.join(folder, name))]:
            os.utime(os.path.join(folder, name), (epoch, epoch), follow_symlinks=False)
        os.chmod(folder, 0o755)
    (stage / "tmp").chmod(0o1777)
    spool = stage / "var/lib/sluice"
    spool.chmod(0o700)
    os.chown(spool, UID, UID)
    for folder, _, _ in os.walk(stage, topdown=False):
        os.utime(folder, (epoch, epoch))


def main(binary, stage):
    epoch = int(os.environ.get("SOURCE_DATE_EPOCH") or 0)
    binary, stage = pathlib.Path(binary), pathlib.Path(stage)
    put_base(stage)
    installed = stage / "usr/bin/sluice"
    put(stage, "/usr/bin/sluice", binary, 0o755)
    subprocess.run(["strip", "--strip-all", str(installed)], check=True)
    files = put_libraries(stage, binary)
    put_zones(stage)
    shared = [debian.Package(name) for name in sorted(files)]
    data = [debian.Package(name) for name in DATA_PACKAGES]
    inside = compiled_in(binary.parent, shared)
    put_documents(stage, shared + data + inside)
    for package in shared + data:
        put_text(stage, f"var/lib/dpkg/status.d/{package.name}", package.status())
    text = sbom.document(installed, sbom.Parts(shared=shared, data=data, inside=inside, files=files), epoch)
    put_text(stage, SBOM_PATH, text)
    settle(stage, epoch)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
