"""The image of the Dockerfile: built by a real engine, looked into, run as it is run in production, and by compose.

usage: image_test.py [NAME...]      names of tests, such as contents.Files or compose
Exits 77, with the reason, where no engine can be had.
"""

import signal
import sys
import unittest

import compose
import contents
import engine
import serving


def run(modules):
    wanted = [name for name in sys.argv[1:] if name.split(".")[0] in modules]
    if sys.argv[1:] and not wanted:
        return True
    result = unittest.TextTestRunner(verbosity=2).run(unittest.defaultTestLoader.loadTestsFromNames(wanted or modules))
    return result.wasSuccessful() and result.testsRun > 0


def main():
    sys.stdout.reconfigure(line_buffering=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # the engine ends, too
    with engine.Engine(network="host"):  # packages come from the network
        engine.import_base(contents.BASE)
        contents.lend_objects()
        contents.build(contents.IMAGE)
        passed = run([contents.__name__, serving.__name__])
        engine.tidy()
    if not passed:
        sys.exit(1)
    with engine.Engine(network="own"):
        passed = run([compose.__name__])
    sys.exit(0 if passed else 1)


if __name__ == "__main__":
    main()
