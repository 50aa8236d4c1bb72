"""debian: which Debian package a file is of, and what dpkg knows about that package.

Fails: a file that no package owns, and a package without a copyright file, end the build with a message that names it.
"""

import os
import pathlib
import re
import subprocess
import sys

ROOT_LINKS = ("bin", "lib", "lib32", "lib64", "sbin")  # merged into /usr; dpkg knows their files by either name

# Names of licences in Debian's copyright files, as SPDX has them.
SPDX = {
    "Apache-2.0": "Apache-2.0", "BSD-2-clause": "BSD-2-Clause", "BSD-3-clause": "BSD-3-Clause", "BSD-3-Clause": "BSD-3-Clause",
    "BSD-3-google": "BSD-3-Clause", "Expat": "MIT", "MIT": "MIT", "Zlib": "Zlib", "MPL-2.0": "MPL-2.0",
    "GPL-2+": "GPL-2.0-or-later", "GPL-3+": "GPL-3.0-or-later", "LGPL-2.1+": "LGPL-2.1-or-later",
}


def die(message):
    sys.exit(f"image: {message}")


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True, env={**os.environ, "LC_ALL": "C"}).stdout


def spellings(path):
    """A path as dpkg may know it: packages from before the merge of /usr still name /lib/x."""
    parts = pathlib.PurePosixPath(path).parts
    yield path
    if parts[1] == "usr" and parts[2] in ROOT_LINKS:
        yield "/" + "/".join(parts[2:])
    elif parts[1] in ROOT_LINKS:
        yield "/usr" + path


def owners(paths):
    """{path: package} for those of the paths that a package owns."""
    wanted = {spelling: path for path in paths for spelling in spellings(path)}
    result = subprocess.run(["dpkg-query", "--search", *sorted(wanted)], capture_output=True, text=True,
                            env={**os.environ, "LC_ALL": "C"})
    found = {}
    for line in result.stdout.splitlines():
        names, _, path = line.rpartition(": ")
        if path in wanted and not names.startswith("diversion by"):
            found[wanted[path]] = names.split(", ")[0].split(":")[0]
    return found


def owner(path):
    found = owners([path])
    return found.get(path) or die(f"no Debian package owns {path}, so nobody would know when it has to be updated")


class Package:
    def __init__(self, name):
        fields = run("dpkg-query", "--show", "--showformat",
                     "${Package}\t${Version}\t${Architecture}\t${source:Package}\t${Homepage}\t${binary:Package}\n", name)
        lines = fields.splitlines()
        if len(lines) != 1:
            die(f"{name} is installed {len(lines)} times")
        self.name, self.version, self.architecture, self.source, self.homepage, self.full_name = lines[0].split("\t")

    def status(self):
        """Its paragraph of dpkg's database, as scanners read it."""
        return run("dpkg-query", "--status", self.full_name)

    def copyright_file(self):
        path = pathlib.Path("/usr/share/doc") / self.name / "copyright"
        return path if path.is_file() else die(f"{self.name} has no {path}")

    def license(self):
        """What its copyright file says of most of its files, or nothing: not every file can be read by machines."""
        text = self.copyright_file().read_text(errors="replace")
        if not text.startswith("Format:"):
            return None
        for paragraph in re.split(r"\n\s*\n", text):
            if re.search(r"^Files: *\*\s*$", paragraph, re.MULTILINE):
                match = re.search(r"^License: *(\S.*?)\s*$", paragraph, re.MULTILINE)
                return match and match.group(1)
        return None
