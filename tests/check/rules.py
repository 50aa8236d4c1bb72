"""What the checks of the sources share: how each rule shows that it can fail, and how a check is called."""

import pathlib
import sys


def prove(name, breaches, cases):
    """Prints what is wrong with the rules of a check, and returns its exit status. `cases`: the arguments of `breaches`, and whether
    there is one, or what the first has to say; "": there must be none."""
    failures = []
    for arguments, said in cases:
        found = list(breaches(*arguments))
        if bool(said) != bool(found) or (isinstance(said, str) and found and said not in found[0]):
            failures.append(f"{arguments}: said {found}, expected {said!r}")
    print("\n".join(failures) if failures else f"{name}: every rule can fail")
    return 1 if failures else 0


def run(check, self_test):
    """CHECK.py [SOURCE_DIR], or CHECK.py --self-test."""
    arguments = sys.argv[1:]
    sys.exit(self_test() if arguments == ["--self-test"] else check(pathlib.Path(arguments[0] if arguments else ".")))
