#!/usr/bin/python3
"""Checks the pages of the handbook: short, linked, and true to what the code, the schemas and the program know.

usage: handbook.py SOURCE_DIR SLUICE     prints one line for each breach and exits 1 if there is any
       handbook.py --self-test SLUICE    shows that every rule can fail
"""

import os
import pathlib
import posixpath
import sys
import tempfile
import urllib.parse

import handbook_blocks
import handbook_names
import markdown

LINES = 200  # a page has fewer
START = "README.md"


def lengths(pages):
    for name, page in pages.items():
        count = len(page.text.splitlines())
        if posixpath.basename(name) in ("README.md", "THREATS.md") and count >= LINES:
            yield f"{name}:{LINES}: error: {count} lines, a page has fewer than {LINES}: move a part to the page of its folder"


def target_of(name, link):
    """The path that a relative link names, and its anchor; None for links to elsewhere."""
    parts = urllib.parse.urlsplit(link)
    if parts.scheme or parts.netloc:
        return None
    path = urllib.parse.unquote(parts.path)
    return (posixpath.normpath(posixpath.join(posixpath.dirname(name), path)) if path else name), parts.fragment


def links(root, pages):
    """What is wrong with the links; and no page may be out of reach of them."""
    leads = {}
    for name, page in pages.items():
        for number, link in page.links():
            target = target_of(name, link)
            if target is None:
                continue
            path, anchor = target
            place = f"{name}:{number}: error: "
            if path.startswith("..") or path.startswith("/") or not (root / path).exists():
                yield f"{place}{link}: there is no {path}"
                continue
            if (root / path).is_dir():
                path = posixpath.normpath(posixpath.join(path, "README.md"))
            leads.setdefault(name, set()).add(path)
            if anchor and path in pages and anchor not in pages[path].anchors():
                yield f"{place}{link}: {path} has no heading with the anchor #{anchor}"
    reached, waiting = set(), [START]
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            waiting += leads.get(name, ())
    for name in pages:
        if name not in reached:
            yield f"{name}:1: error: no link leads here from {START}: link it from the page of the folder above"


def breaches(root, sluice):
    pages = {path.as_posix(): markdown.Page((root / path).read_text(encoding="utf-8")) for path in markdown.pages(root)}
    yield from lengths(pages)
    yield from links(root, pages)
    yield from handbook_names.breaches(root, pages)
    yield from handbook_blocks.breaches(root, pages, sluice)


def check(root, sluice):
    found = list(breaches(root, sluice))
    print("\n".join([*found, f"handbook: {len(markdown.pages(root))} pages, {len(found)} breaches"]))
    return 1 if found else 0


# The page README.md of a repository that has little else: (text, what is said of it or "").
PAGES = [
    ("x\n" * 199, ""), ("x\n" * 200, "200 lines"),
    ("[a](a/README.md)", ""), ("[a](a/)", ""), ("[a](b.md)", "there is no b.md"), ("[a](../b.md)", "there is no ../b.md"),
    ("[a](a/README.md#a-b-c)", ""), ("[a](a/README.md#d)", "no heading with the anchor #d"), ("# One\n[a](#one)", ""),
    ("# One\n[a](#two)", "no heading with the anchor #two"), ("`[a](b.md)`\n\n    [a](b.md)\n", ""), ("[a](https://b.example/b.md)", ""),
    ("[a]: b.md", "there is no b.md"), ("# A\n# A\n[a](#a-1)", ""), ("# A\n[a](#a-1)", "anchor #a-1"),
]


def self_test(sluice):
    failures = []
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        (root / "a").mkdir()
        (root / "a/README.md").write_text("## A `b`, c!\n")
        for text, said in PAGES:
            (root / START).write_text(text)
            pages = {path.as_posix(): markdown.Page((root / path).read_text()) for path in markdown.pages(root)}
            found = [line for line in [*lengths(pages), *links(root, pages)] if not line.startswith("a/README.md:1:")]
            if bool(said) != bool(found) or (said and said not in found[0]):
                failures.append(f"{text[:40]!r}: said {found}, expected {said!r}")
        (root / START).write_text("nothing")
        pages = {path.as_posix(): markdown.Page((root / path).read_text()) for path in markdown.pages(root)}
        if not any("no link leads here" in line for line in links(root, pages)):
            failures.append("a page out of reach was accepted")
    failures += handbook_names.self_test()
    failures += handbook_blocks.self_test(pathlib.Path(__file__).resolve().parents[2], sluice)
    print("\n".join(failures) if failures else "handbook: every rule can fail")
    return 1 if failures else 0


def main(arguments):
    if len(arguments) != 2:
        print(__doc__)
        return 2
    sluice = os.path.abspath(arguments[1])
    if arguments[0] == "--self-test":
        return self_test(sluice)
    return check(pathlib.Path(arguments[0]), sluice)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
