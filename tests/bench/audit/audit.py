#!/usr/bin/env python3
"""What the audit costs: events into the spool, what a read and a write wait for it through the gate and beside nginx, events to a
webhook, and what a write waits while aged events are removed. README.md beside bench.py says how to read it."""

import argparse
import json
import os
import pathlib
import re
import statistics
import subprocess
import sys
import time

sys.path += [str(pathlib.Path(__file__).resolve().parents[level] / folder) for level, folder in ((1, "."), (2, "e2e"))]
os.environ["SLUICE_BINARY"] = os.path.abspath(os.environ.get("SLUICE_BINARY", "build/release/sluice"))

# What stands in tests/bench and tests/e2e is found only now.
# pylint: disable=wrong-import-position
import measure
import report
import tables
import ways
from programs import Problem, run_bench, version

PARTS = ("spool", "latency", "delivery", "retention")
# durability, threads, whether each waits for its event
SPOOL = [(durability, threads, waits) for waits in ("flow", "each") for durability in ("power", "process")
         for threads in ((1, 4) if waits == "flow" else (1, 16, 64))]
GROUPS = (1, 16, 128, 1024)
EVENTS_COUNTED = 2_048  # under callgrind, at least


class Bench:
    """The program that ./dev has built, each run of it in a folder of its own."""

    def __init__(self, site, program):
        self.site, self.program = site, program

    def run(self, *arguments, before=()):
        command = [*before, self.program, *map(str, arguments)]
        if arguments[0] not in ("piece", "calls"):
            command.append(self.site.new_folder(arguments[0]))
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            raise Problem(f"audit_bench {' '.join(map(str, arguments))}: {done.stderr}")
        return json.loads(done.stdout) if done.stdout else None

    def counted(self, *arguments):
        """The text of callgrind's file of each thread."""
        folder = self.site.new_folder("counts")
        self.run(*arguments, before=("valgrind", "--tool=callgrind", "--separate-threads=yes", f"--callgrind-out-file={folder}/out"))
        return [path.read_text() for path in folder.glob("out-*")]


def total(text):
    return int(re.search(r"^(?:totals|summary): (\d+)", text, re.MULTILINE).group(1))


def difference(bench, function, few, many):
    """What the thread that runs `function` executes in `many` more than in `few`."""
    less, more = (sum(total(text) for text in bench.counted(*arguments) if function in text) for arguments in (few, many))
    return more - less


def instructions(bench, quick):
    """Of an event on the audit thread by the size of its group, and of the making of one."""
    rows = []
    for size in GROUPS[::3] if quick else GROUPS:
        groups = max(8, EVENTS_COUNTED // size)
        spent = difference(bench, "SpoolWriter::write_group", ("group", size, 2), ("group", size, 2 + groups))
        rows.append({"group": size, "instructions": spent / (groups * size)})
    pieces = {piece: difference(bench, "run_piece", ("piece", piece, 100), ("piece", piece, 1_100)) / 1_000
              for piece in ("event", "sha256")}
    return rows, pieces


def run_spool(bench, options):
    rounds = 1 if options.quick else 3
    rows = []
    for durability, threads, waits in SPOOL:
        events = (20_000 if options.quick else 200_000) if waits == "flow" else 100 * threads * (1 if options.quick else 5)
        figures = [bench.run("spool", durability, threads, waits, events) for _ in range(rounds)]
        rows.append({"durability": durability, "threads": threads, "waits": waits} |
                    {name: statistics.median(one[name] for one in figures) for name in figures[0]})
    times = {piece: min((bench.run("piece", piece, 200_000) for _ in range(3)), key=lambda one: one["nanoseconds"])
             for piece in ("event", "sha256")}
    groups, pieces = instructions(bench, options.quick)
    return {"rows": rows, "groups": groups, "pieces": {piece: times[piece] | {"instructions": pieces[piece]} for piece in pieces}}


def run_delivery(bench, options):
    events = 20_000 if options.quick else 100_000
    return [{"format": kind, "durability": durability} | bench.run("delivery", durability, kind, events)
            for kind in ("cloudevents", "cloudevents-batch") for durability in ("power", "process")]


def run_retention(bench, options):
    events = 50_000 if options.quick else 1_000_000
    return [{"durability": durability} | bench.run("retention", durability, events) for durability in ("power", "process")]


def fsync_times(folder, count=200):
    """Milliseconds of one append of 8 KiB and its fdatasync, in order: what the disk itself asks for."""
    times = []
    with open(folder / "fsync", "wb", buffering=0) as file:
        for _ in range(count):
            start = time.monotonic()
            file.write(b"x" * 8192)
            os.fdatasync(file.fileno())
            times.append((time.monotonic() - start) * 1000)
    return sorted(times)


def arguments():
    parser = argparse.ArgumentParser(prog="./dev bench audit", description=__doc__.replace("\n", " "))
    parser.add_argument("program", help=argparse.SUPPRESS)  # audit_bench, which ./dev has built
    parser.add_argument("--only", choices=PARTS, action="append", metavar="PART", help=f"one of {', '.join(PARTS)}; again for more")
    parser.add_argument("--quick", action="store_true", help="less of everything: about 2 minutes")
    parser.add_argument("--rate", type=int, default=500, metavar="N", help="requests a second, half of them writes (500)")
    parser.add_argument("--seconds", type=int, metavar="N", help="of requests for each figure of a round (10; --quick: 2)")
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")
    options = parser.parse_args()
    options.seconds = options.seconds or (2 if options.quick else 10)
    if not 16 <= options.rate <= 20_000 or options.seconds < 1:
        parser.error("--rate is from 16 to 20000, --seconds at least 1")
    return options


def run(site, options):
    machine = measure.machine() | {"file_system": measure.file_system(site.folder)}
    document = {"machine": machine, "versions": {kind: version(kind) for kind in ("gate", "nginx")}}
    bench = Bench(site, options.program)
    show = not options.json
    if show:
        report.heading(**document)
    document["fsync_ms"] = fsync_times(site.new_folder("fsync"))
    if show:
        tables.fsync_line(document["fsync_ms"])
    runs = {"spool": run_spool, "latency": ways.run, "delivery": run_delivery, "retention": run_retention}
    for part in PARTS:
        if options.only and part not in options.only:
            continue
        document[part] = runs[part](bench, options)
        if show:
            getattr(tables, part)(document[part])
    document["load_at_end"] = os.getloadavg()[0]
    if show:
        print(f"load at the end {document['load_at_end']:.1f}")
    return document


if __name__ == "__main__":
    run_bench(run, arguments())
