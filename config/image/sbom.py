"""sbom: what the image is made of, as CycloneDX 1.6 in JSON: Debian's packages that are in it, those that were compiled into
sluice, and which needs which. The same parts give the same text.
"""

import datetime
import hashlib
import json
import os
import re
import typing
import urllib.parse
import uuid

import debian

LINKAGE = "sluice:linkage"  # how a package is in the image: shared, compiled-in, data
TOOLS = ("cmake", "g++", "mold", "ninja")  # what built the binary
SPACE = uuid.UUID("6ba7b811-9dad-11d1-80b4-00c04fd430c8")  # RFC 4122's name space of URLs


class Parts(typing.NamedTuple):
    shared: list  # packages of the libraries that are loaded
    data: list
    inside: list  # packages that were compiled in
    files: dict  # {package: [path]} of the shared ones


def system():
    """(id, version) of the Debian that all comes from."""
    with open("/usr/lib/os-release", encoding="utf-8") as file:
        fields = dict(re.findall(r'^(\w+)="?([^"\n]*)"?$', file.read(), re.MULTILINE))
    return fields["ID"], fields["VERSION_ID"]


def package_url(package):
    name, version = system()
    qualifiers = {"arch": package.architecture, "distro": f"{name}-{version}"}
    if package.source != package.name:
        qualifiers["upstream"] = package.source
    return (f"pkg:deb/{name}/{urllib.parse.quote(package.name, safe='')}@{urllib.parse.quote(package.version, safe=':')}?"
            + "&".join(f"{key}={urllib.parse.quote(value, safe='')}" for key, value in sorted(qualifiers.items())))


def component(package, linkage, files=()):
    entry = {
        "type": "data" if linkage == "data" else "library",
        "bom-ref": package_url(package),
        "supplier": {"name": "Debian"},
        "name": package.name,
        "version": package.version,
        "purl": package_url(package),
        "properties": [{"name": LINKAGE, "value": linkage}, {"name": "sluice:source-package", "value": package.source}],
    }
    license_name = package.license()
    if license_name:
        known = debian.SPDX.get(license_name)
        entry["licenses"] = [{"license": {"id": known} if known else {"name": license_name}}]
    if package.homepage:
        entry["externalReferences"] = [{"type": "website", "url": package.homepage}]
    if files:
        entry["evidence"] = {"occurrences": [{"location": path} for path in sorted(files)]}
    return entry


def needed(file):
    """The libraries that a file itself asks for."""
    return re.findall(r"\(NEEDED\).*\[(.+)\]", debian.run("readelf", "--dynamic", "--wide", str(file)))


def dependencies(own, binary, parts):
    by_name = {}  # a library's name in its own words: its package
    for name, paths in parts.files.items():
        for path in paths:
            words = re.findall(r"\(SONAME\).*\[(.+)\]", debian.run("readelf", "--dynamic", "--wide", path))
            by_name[words[0] if words else path.rpartition("/")[2]] = name
    references = {package.name: package_url(package) for package in parts.shared}

    def direct(files, but=None):
        return {references[by_name[library]] for file in files for library in needed(file) if by_name[library] != but}

    beside = {package_url(package) for package in parts.inside + parts.data}
    edges = {own: direct([binary]) | beside}
    edges.update({reference: set() for reference in beside})
    edges.update({references[name]: direct(paths, name) for name, paths in parts.files.items()})
    return [{"ref": ref, "dependsOn": sorted(edges[ref])} if edges[ref] else {"ref": ref} for ref in sorted(edges)]


def tools():
    found = []
    for name in TOOLS:
        package = debian.Package(debian.owner(os.path.realpath(f"/usr/bin/{name}")))
        found.append({"type": "application", "name": package.name, "version": package.version, "purl": package_url(package)})
    return {"components": found}


def subject(binary):
    version = debian.run(str(binary), "version").split()[1]
    with open(binary, "rb") as file:
        digest = hashlib.sha256(file.read()).hexdigest()
    return {"type": "application", "bom-ref": f"pkg:generic/sluice@{version}", "name": "sluice", "version": version,
            "purl": f"pkg:generic/sluice@{version}", "hashes": [{"alg": "SHA-256", "content": digest}],
            "licenses": [{"license": {"id": "Apache-2.0"}}]}


def document(binary, parts, epoch):
    own = subject(binary)
    name, version = system()
    metadata = {"tools": tools(), "component": own}
    if epoch:
        at = datetime.datetime.fromtimestamp(epoch, datetime.timezone.utc)
        metadata = {"timestamp": at.strftime("%Y-%m-%dT%H:%M:%SZ"), **metadata}
    components = [component(package, "shared", parts.files[package.name]) for package in parts.shared]
    components += [component(package, "compiled-in") for package in parts.inside]
    components += [component(package, "data") for package in parts.data]
    components.append({"type": "operating-system", "bom-ref": f"{name}-{version}", "name": name, "version": version})
    body = {"version": 1, "metadata": metadata,
            "components": sorted(components, key=lambda entry: entry["bom-ref"]),
            "dependencies": dependencies(own["bom-ref"], binary, parts)}
    serial = uuid.uuid5(SPACE, json.dumps(body, sort_keys=True))
    whole = {"$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json", "bomFormat": "CycloneDX", "specVersion": "1.6",
             "serialNumber": f"urn:uuid:{serial}", **body}
    return json.dumps(whole, indent=2) + "\n"
