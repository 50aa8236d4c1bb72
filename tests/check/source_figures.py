#!/usr/bin/env python3
"""Prints the median file length, the longest file and the longest function of the C++ sources, and holds the product's to
the limits: sources 600 lines, headers 200, functions 60.

usage: source_figures.py [SOURCE_DIR]     exits 1 when a limit is passed
       source_figures.py --self-test
"""

import pathlib
import re
import statistics
import sys

PRODUCT = ["config", "policy", "proxy"]
LIMITS = {".cc": 600, ".h": 200}
FUNCTION_LIMIT = 60

# Comments, preprocessor lines, raw strings, strings and characters; 1'000 is a number, so a quote after a digit is not one.
NOISE = re.compile(
    r"""//[^\n]*|/\*.*?\*/|^[ \t]*\#(?:[^\n\\]|\\.)*|R"(\w*)\(.*?\)\1"|"(?:[^"\\\n]|\\.)*"|(?<![0-9a-fA-F])'(?:[^'\\\n]|\\.)+'""",
    re.DOTALL | re.MULTILINE,
)
SCOPE = re.compile(r"(?:^|[\s>])(namespace|class|struct|union|extern)\b")


def blank(match):
    """White space of the same shape, so that lines keep their numbers; a string keeps one letter, as it is an operand."""
    text = match.group(0)
    filler = re.sub(r"[^\n]", " ", text)
    return "x" + filler[1:] if text[0] in "R\"'" else filler


def closing(text, start):
    """The position after the brace that closes the one at `start`."""
    depth = 0
    for position in range(start, len(text)):
        depth += {"{": 1, "}": -1}.get(text[position], 0)
        if depth == 0:
            return position + 1
    return len(text)


def functions(source):
    """Yields (name, first line, lines) of every function body that stands in a namespace or a class."""
    text = NOISE.sub(blank, source)
    head = position = 0  # the statement under way starts at `head`
    while position < len(text):
        letter = text[position]
        if letter == ";" or letter == "}":
            head = position + 1
        elif letter == "{":
            before = text[head:position]
            end = closing(text, position)
            after = text[end:].lstrip()[:1]
            if ")" not in before and SCOPE.search(before):
                head = position + 1  # a namespace or a class: look inside
            elif "(" not in before or before.rstrip().endswith("=") or after in (",", "{"):
                position = end  # a list of values, or a member initialised with braces: the statement goes on
                continue
            else:
                start = head + len(before) - len(before.lstrip())
                line = text.count("\n", 0, start) + 1
                name = re.search(r"[\w:~]+(?=\s*\()", before)
                yield (name.group(0) if name else "?"), line, text.count("\n", start, end) + 1
                head = position = end
                continue
        position += 1


def measure(root, folders):
    lengths, bodies = [], []
    for folder in folders:
        for path in sorted((root / folder).rglob("*")):
            if path.suffix not in LIMITS or not path.is_file():
                continue
            text = path.read_text(encoding="utf-8")
            name = path.relative_to(root).as_posix()
            lengths.append((len(text.splitlines()), name, path.suffix))
            bodies += [(lines, f"{name}:{line} {function}") for function, line, lines in functions(text)]
    return lengths, bodies


def report(root):
    failed = 0
    for title, folders in (("product", PRODUCT), ("tests", ["tests"])):
        lengths, bodies = measure(root, folders)
        if not lengths or not bodies:
            continue
        longest, file, _ = max(lengths)
        lines, function = max(bodies)
        median = statistics.median(length for length, _, _ in lengths)
        print(f"{title}: {len(lengths)} files, median {median:g} lines, longest {longest} ({file}); "
              f"{len(bodies)} functions, longest {lines} ({function})")
        if title == "product":
            over = [f"{name}: {length} lines, at most {LIMITS[suffix]}"
                    for length, name, suffix in lengths if length > LIMITS[suffix]]
            over += [f"{place}: {lines} lines, at most {FUNCTION_LIMIT}" for lines, place in bodies if lines > FUNCTION_LIMIT]
            for message in over:
                print(f"error: {message}")
            failed += len(over)
    return 1 if failed else 0


SAMPLE = '''namespace sluice {
const std::map<int, int> kTable = {{1, 2}, {3, 4}};
struct Point {
  int x{0};
  int sum(int y) const { return x + y; }
};
Thing::Thing(int a)
    : a_{a},
      b_(a) {
  if (a) { a_ = 1; }  // }
}
static bool operator==(const Point& a, const Point& b) {
  const char* text = "}{";
  char brace = '}';
  int big = 1'000'000;
  return a.x == b.x && text && brace && big;
}
}
'''


def self_test():
    found = [(name, line, lines) for name, line, lines in functions(SAMPLE)]
    expected = [("sum", 5, 1), ("Thing::Thing", 7, 5), ("operator==", 12, 6)]
    names = [(line, lines) for _, line, lines in found]
    if names != [(line, lines) for _, line, lines in expected]:
        print(f"expected {expected}, found {found}")
        return 1
    print("source_figures: functions are measured right")
    return 0


def main(arguments):
    if arguments == ["--self-test"]:
        return self_test()
    return report(pathlib.Path(arguments[0] if arguments else "."))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
