#!/usr/bin/env python3
"""Checks the table of failures in proxy/README.md: each row names a test that holds it, and every test and alert that it names exists.

usage: failures.py [SOURCE_DIR]   prints one line for each breach and exits 1 if there is any
       failures.py --self-test    shows that every rule can fail
"""

import pathlib
import re

import rules

PAGE, SECTION = "proxy/README.md", "What happens when …"
SPAN = re.compile(r"`([^`]+)`")


def rows(text):
    """(line number, cells) of the section's tables, without their heads."""
    inside, head = False, True
    for number, line in enumerate(text.splitlines(), start=1):
        if line.startswith("## "):
            inside = line[3:].strip() == SECTION
        if not line.startswith("|"):
            head = True
        elif inside and not head:
            yield number, [cell.strip() for cell in line.strip("|").split("|")]
        elif re.fullmatch(r"\|(---\|)+", line):
            head = False


def breaches(text, files, units, alerts):
    """`files`: names of end-to-end tests; `units`: Suite.Name of unit tests; `alerts`: their names."""
    count = 0
    for number, cells in rows(text):
        count += 1
        place = f"{PAGE}:{number}: error: "
        if len(cells) != 5:
            yield f"{place}{len(cells)} cells, a row has 5"
            continue
        tests, suite = SPAN.findall(cells[4]), ""
        if not tests:
            yield f"{place}no test holds this row"
        for name in tests:
            first, dot, rest = name.partition(".")
            suite = first or suite
            if (f"{suite}.{rest}" not in units) if dot else (name not in files):
                yield f"{place}there is no test {name}"
    if not count:
        yield f"{PAGE}:1: error: no table below \"## {SECTION}\""
    for number, line in enumerate(text.splitlines(), start=1):
        for name in re.findall(r"`(Sluice[A-Z][A-Za-z]+)`", line):
            if name not in alerts:
                yield f"{PAGE}:{number}: error: there is no alert {name}"


def check(root):
    units = {f"{suite}.{name}" for path in (root / "tests").rglob("*_test.cc")
             for suite, name in re.findall(r"^TEST(?:_[FP])?\(\s*(\w+),\s*(\w+)\s*\)", path.read_text(encoding="utf-8"), re.MULTILINE)}
    files = {path.name.removesuffix("_test.py") for path in (root / "tests/e2e").glob("*_test.py")}
    alerts = set(re.findall(r"- alert: (\w+)", (root / "config/monitoring/alerts.yaml").read_text(encoding="utf-8")))
    found = list(breaches((root / PAGE).read_text(encoding="utf-8"), files, units, alerts))
    print("\n".join([*found, f"failures: {len(found)} breaches"]))
    return 1 if found else 0


def self_test():
    head = f"## {SECTION}\n\n| what fails | seen | holds | do | test |\n|---|---|---|---|---|\n"
    cases = ((head + "| a | b | c | `SluiceDown` | `one`, `S.a`, `.b` |\n", ""), (head + "| a | b | c | d | |\n", "no test holds"),
             (head + "| a | b | c | d | `two` |\n", "no test two"), (head + "| a | b | c | d | `S.c` |\n", "no test S.c"),
             (head + "| a | b | c | d | `S.a`, `.c` |\n", "no test .c"), (head + "| a | b | `one` |\n", "3 cells"),
             (head + "| a | b | c | `SluiceUp` | `one` |\n", "no alert SluiceUp"), ("## Else\n| a | b | c | d | `two` |\n", "no table below"))
    return rules.prove("failures", breaches, [((text, {"one"}, {"S.a", "S.b"}, {"SluiceDown"}), said) for text, said in cases])


if __name__ == "__main__":
    rules.run(check, self_test)
