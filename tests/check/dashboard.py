#!/usr/bin/env python3
"""Checks that the dashboard never makes markup of what it is told, runs no text, and works under its content security policy
without anything from elsewhere.

usage: dashboard.py [SOURCE_DIR]     prints one line for each breach and exits 1 if there is any
       dashboard.py --self-test      shows that every rule can fail
"""

import pathlib
import re

import rules

FOLDER = "proxy/admin/dashboard"
KINDS = (".html", ".css", ".js", ".svg")
SVG = "http://www.w3.org/2000/svg"
# What would turn text into markup, or text into code.
RULES = [
    (KINDS, r"\b(?:inner|outer)HTML\b|\binsertAdjacentHTML\b|\bsetHTML(?:Unsafe)?\b|\bdocument\s*\.\s*write(?:ln)?\b|\bDOMParser\b|\bcreateContextualFragment\b|\bsrcdoc\b", "makes markup of text"),
    ((".js",), r"\beval\b|\bnew\s+Function\b|\bFunction\s*\(|\bset(?:Timeout|Interval)\s*\(\s*[\"'`]|\bjavascript:", "runs text as code"),
    ((".js",), r"[\"'`](?:on[a-z]+|style)[\"'`]|\bcssText\b", "sets an attribute that is code or style"),
    ((".html", ".svg"), r"\s(?:on[a-z]+|style)\s*=|<style\b|\bjavascript:|<script(?![^>]*\ssrc=)", "has code or style within itself"),
    ((".html",), r"\s(?:src|href)=\"(?!/|#)", "points elsewhere than to the gate"),
    ((".css",), r"@import\b|\burl\s*\(", "fetches something"),
    (KINDS, r"\b(?:https?|wss?):(?!//www\.w3\.org/2000/svg[\"'])|[\"'(]//[a-z]", "names a place outside of the gate"),
]


def breaches(name, text):
    """Yields (line number, message)."""
    for number, line in enumerate(text.splitlines(), start=1):
        for kinds, pattern, message in RULES:
            if name.endswith(kinds) and re.search(pattern, line):
                yield number, message


def check(root):
    failed = files = 0
    for path in sorted((root / FOLDER).iterdir()):
        if path.suffix == ".md":
            continue
        files += 1
        if path.suffix not in KINDS:
            print(f"{path}: error: is none of {', '.join(KINDS)}")
            failed += 1
            continue
        for number, message in breaches(path.name, path.read_text(encoding="utf-8")):
            print(f"{path.relative_to(root)}:{number}: error: {message}")
            failed += 1
    print(f"dashboard: {files} files, {failed} breaches")
    return 1 if failed or not files else 0


def self_test():
    wrong = [
        ("a.js", "node.innerHTML = text"), ("a.js", "node.outerHTML = text"), ("a.js", "node.insertAdjacentHTML('beforeend', text)"),
        ("a.js", "document.write(text)"), ("a.js", "new DOMParser().parseFromString(text)"), ("a.js", "eval(text)"), ("a.js", "new Function(text)"),
        ("a.js", "setTimeout('run()', 1)"), ("a.js", "node.setAttribute('onclick', text)"), ("a.js", 'el("p", { "style": text })'), ("a.js", "node.style.cssText = text"),
        ("a.js", 'fetch("https://example.com/")'), ("a.js", 'import "//example.com/a.js"'), ("a.js", 'new WebSocket("wss://example.com")'),
        ("a.html", '<p style="color:red">'), ("a.html", '<img src="/a.svg" onerror="run()">'), ("a.html", "<script>run()</script>"), ("a.html", "<style>p{}</style>"),
        ("a.html", '<link href="https://fonts.example/">'), ("a.html", '<script src="a.js">'), ("a.html", '<a href="javascript:run()">'),
        ("a.css", "@import 'b.css';"), ("a.css", "p { background: url(b.png) }"), ("a.svg", '<svg onload="run()">'),
    ]
    right = [
        ("a.js", f'document.createElementNS("{SVG}", tag)'), ("a.js", "node.textContent = text"), ("a.js", 'bar.style.setProperty("inline-size", width)'),
        ("a.js", 'on.status(json); setTimeout(open, POLL); const once = "x"; // the one'), ("a.html", '<script type="module" src="/dashboard/dashboard.js"></script>'),
        ("a.html", '<a href="#limits">online = on</a>'), ("a.svg", f'<svg xmlns="{SVG}" viewBox="0 0 1 1">'), ("a.css", "p { color: var(--text) }"),
    ]
    return rules.prove("dashboard", breaches, [*((case, True) for case in wrong), *((case, False) for case in right)])


if __name__ == "__main__":
    rules.run(check, self_test)
