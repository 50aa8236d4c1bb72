#!/usr/bin/env python3
"""Checks that includes obey the layers: config <- policy <- proxy, and that each third-party library stays in its files.

usage: layering.py [SOURCE_DIR]     prints one line for each breach and exits 1 if there is any
       layering.py --self-test      shows that every rule can fail
"""

import pathlib
import re

import rules

# A layer may include itself and what stands before it.
LAYERS = ["config", "policy", "proxy"]

# Where a header of a library may be included; the first pattern that matches the include decides. A place is a regular
# expression on the path of the including file. Headers that no row names are the C++ library's or the system's.
LIBRARIES = [
    ("yaml-cpp", r"yaml-cpp/", r"config/yaml_reader\.cc"),
    ("llhttp", r"llhttp(\.h|/)", r"proxy/http/h1_parser\.(h|cc)"),
    ("OpenSSL", r"openssl/", r"proxy/net/tls_\w+\.(h|cc)|proxy/crypto(_\w+)?\.(h|cc)"),
    ("SQLite", r"sqlite3(ext)?\.h", r"proxy/audit/sqlite\.cc"),
    ("hiredis", r"hiredis/", r"proxy/pacing/\w+\.(h|cc)"),
    ("libuv", r"uv(\.h|/)", r"proxy/.*"),
    ("RE2", r"re2/", r"policy/.*"),
    ("utf8proc", r"utf8proc\.h", r"policy/.*|proxy/cli/terminal_text\.cc"),
    ("CLI11", r"CLI/", r"proxy/cli/.*"),
    ("prometheus-cpp", r"prometheus/", r"proxy/admin/.*"),
    ("zlib", r"zlib\.h", r"proxy/.*"),
    ("nlohmann/json", r"nlohmann/", r"policy/.*|proxy/(cli|audit|admin|keys)/.*|proxy/gate/(status_json|gate_facts|gate_changes|reload_limits|policy_change)\.cc|proxy/tracing/otlp_json\.cc|proxy/http/local_reply\.cc"),
    ("GoogleTest", r"(gtest|gmock)/", r"tests/.*"),
]

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')


def layer_of(path):
    first = path.split("/", 1)[0]
    return LAYERS.index(first) if first in LAYERS else None


def breaches(path, text):
    """Yields (line number, message) for each include of `path` that breaks a rule."""
    for number, line in enumerate(text.splitlines(), start=1):
        found = INCLUDE.match(line)
        if not found:
            continue
        kind, target = found.groups()
        if kind == '"' and "/" not in target and not path.startswith("tests/"):  # a test's helper stands beside it
            yield number, f'"{target}": include from the top of the repository, as in "config/{target}"'
        if target.startswith((".", "/")) or "/../" in target:
            yield number, f'"{target}": include from the top of the repository'
        mine, theirs = layer_of(path), layer_of(target)
        if kind == '"' and mine is not None and theirs is not None and theirs > mine:
            yield number, f'"{target}": {LAYERS[mine]}/ must not know {LAYERS[theirs]}/'
        if kind == '"' and mine is not None and target.startswith("tests/"):
            yield number, f'"{target}": the product must not know the tests'
        for name, header, place in LIBRARIES:
            if re.match(header, target):
                if not path.startswith("tests/") and not re.fullmatch(place, path):
                    yield number, f"<{target}>: {name} belongs in {place}"
                break


def sources(root):
    for folder in LAYERS + ["tests"]:
        for path in sorted((root / folder).rglob("*")):
            if path.suffix in (".h", ".cc") and path.is_file():
                yield path


def check(root):
    failed = files = 0
    for path in sources(root):
        files += 1
        name = path.relative_to(root).as_posix()
        for number, message in breaches(name, path.read_text(encoding="utf-8")):
            print(f"{name}:{number}: error: {message}")
            failed += 1
    print(f"layering: {files} files, {failed} breaches")
    return 1 if failed or not files else 0


def self_test():
    wrong = [
        ("config/model.h", '#include "policy/path.h"'),
        ("policy/path.h", '#include "proxy/log.h"'),
        ("config/model.h", '# include "proxy/log.h"'),
        ("policy/path.h", '#include "tests/unit/help.h"'),
        ("policy/path.h", '#include "path.h"'),
        ("policy/path.h", '#include "../config/model.h"'),
        ("policy/engine.cc", "#include <yaml-cpp/yaml.h>"),
        ("proxy/gate/exchange.cc", "#include <llhttp.h>"),
        ("proxy/gate/exchange.cc", "#include <openssl/ssl.h>"),
        ("proxy/audit/spool.cc", "#include <sqlite3.h>"),
        ("policy/engine.cc", "#include <uv.h>"),
        ("proxy/gate/exchange.cc", "#include <nlohmann/json.hpp>"),
        ("proxy/net/listener.cc", "#include <prometheus/registry.h>"),
        ("proxy/log.cc", "#include <gtest/gtest.h>"),
    ]
    right = [
        ("proxy/log.h", '#include "config/model.h"'),
        ("proxy/http/h1_parser.cc", "#include <llhttp.h>"),
        ("proxy/net/tls_context.cc", "#include <openssl/ssl.h>"),
        ("tests/unit/proxy/log_test.cc", "#include <openssl/ssl.h>"),
        ("config/units.h", "#include <string>"),
    ]
    return rules.prove("layering", breaches, [*((case, True) for case in wrong), *((case, False) for case in right)])


if __name__ == "__main__":
    rules.run(check, self_test)
