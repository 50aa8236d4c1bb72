#!/usr/bin/env python3
"""What pacing is worth: a script with 64 requests always outstanding and somebody who asks once a second share a vendor's limit
of 10 requests a second, through the gate, nginx, HAProxy, and nothing. README.md beside bench.py says how to read it."""

import argparse
import collections
import json
import os
import pathlib
import secrets
import subprocess
import sys
import time

sys.path += [str(pathlib.Path(__file__).resolve().parents[level] / folder) for level, folder in ((1, "."), (2, "e2e"))]
os.environ["SLUICE_BINARY"] = os.path.abspath(os.environ.get("SLUICE_BINARY", "build/release/sluice"))

# What stands in tests/bench and tests/e2e is found only now.
# pylint: disable=wrong-import-position
import cost
import measure
import report
from programs import PROXIES, GateProgram, Problem, Program, find, free_port, run_bench, version
from vendor import RATE

HERE = pathlib.Path(__file__).resolve().parent

# How the limit is kept: the program, what it is told, and what that means.
Way = collections.namedtuple("Way", "name kind limit server meaning")
WAYS = (
    Way("sluice", "gate", "", "",
        "limit 10, burst 10, batch and interactive by priority, else defaults: who would wait over 9 s is told when to come"),
    Way("sluice, long queue", "gate", "queue: { max_wait: 1m }", "", "the same with max_wait 1m"),
    Way("nginx delay", "nginx", "limit_req zone=all burst=100;", "",
        "limit_req rate=10r/s burst=100: one queue for all"),
    Way("nginx delay, split", "nginx", "limit_req zone=batch burst=100; limit_req zone=interactive burst=20;", "",
        "8r/s and a queue for batch, 2r/s and another for interactive"),
    Way("nginx nodelay", "nginx", "limit_req zone=all burst=9 nodelay;", "",
        "limit_req rate=10r/s burst=9 nodelay: a bucket of 10, as the vendor's; 429 beyond it"),
    Way("haproxy deny", "haproxy", """http-request track-sc0 str(vendor) table counts
  http-request deny deny_status 429 if { sc_http_req_rate(0) gt 10 }""", "",
        "429 when http_req_rate(1s) is above 10: the usual recipe; it counts those that it denies too"),
    Way("haproxy deny, kept", "haproxy", """http-request track-sc0 str(vendor) table counts
  http-request deny deny_status 429 if batch { sc0_gpc0_rate ge 8 }
  http-request deny deny_status 429 if { sc0_gpc0_rate ge 10 }
  http-request sc-inc-gpc0(0)""", "",
        "counts only what passes (gpc0_rate), 429 at 8/s for batch and at 10/s for all: 2/s are kept for interactive"),
    Way("haproxy queue", "haproxy", "http-request set-priority-class int(-10) if interactive", "maxconn 1",
        "maxconn 1, interactive first in its queue: it bounds what is under way, not the rate"),
    Way("no proxy", "none", "", "", "each calls the vendor itself"),
)


def start_proxy(site, way, folder, vendor_port, tokens):
    """Returns the program."""
    port = free_port()
    values = {"PORT": port, "VENDOR_PORT": vendor_port, "LIMIT": way.limit, "SERVER": way.server,
              "BATCH_TOKEN": tokens["batch"], "INTERACTIVE_TOKEN": tokens["interactive"]}
    if way.kind == "gate":
        for name in ("sluice.yaml", "policy.yaml"):
            site.fill(f"pacing/{name}", folder, **values)
        program = GateProgram({"BENCH_VENDOR_KEY": site.vendor_key, "BENCH_BATCH_TOKEN": tokens["batch"],
                               "BENCH_INTERACTIVE_TOKEN": tokens["interactive"]}, folder)
    elif way.kind == "nginx":
        path = site.fill("pacing/nginx.conf", folder, **values)
        program = Program(way.name, [find("nginx"), "-p", folder, "-c", path], port, folder)
    else:
        path = site.fill("pacing/haproxy.cfg", folder, **values)
        program = Program(way.name, [find("haproxy"), "-db", "-f", path], port, folder)
    site.running.append(program)
    return program


class Lane:
    """A vendor, a way to keep its limit in front of it, and the callers."""

    def __init__(self, site, way, seconds):
        self.site, self.way = site, way
        self.folder = site.new_folder("vendor")
        self.vendor = Program("vendor", [sys.executable, "-B", HERE / "vendor.py", str(port := free_port()), site.vendor_key],
                              port, self.folder)
        site.running.append(self.vendor)
        tokens = {kind: f"{kind}-{secrets.token_hex(16)}" for kind in ("batch", "interactive")}
        direct = way.kind == "none"
        self.program = self.vendor if direct else start_proxy(site, way, site.new_folder(way.kind), port, tokens)
        self.target = "/v1/employees" if direct else "/push/v1/employees"
        self.keys = dict.fromkeys(tokens, site.vendor_key) if direct else tokens
        self.seconds, self.callers = seconds, None

    def begin(self):
        port = self.program.address[1]
        command = [sys.executable, "-B", HERE / "callers.py", str(port), self.target, str(self.seconds)]
        self.callers = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.callers.stdin.write(json.dumps(self.keys))
        self.callers.stdin.close()

    def result(self):
        text = self.callers.stdout.read()
        if self.callers.wait() != 0:
            raise Problem(f"the callers of {self.way.name} ended with {self.callers.returncode}")
        called = json.loads(text)
        self.site.stop(self.vendor)
        seen = json.loads((self.folder / "stdout.log").read_text())
        return figures(self.way, called, seen)


def figures(way, called, seen):
    """A row of the table. Only what happened in the time of the load counts."""
    counted = {kind: sum(called["start"] <= at <= called["end"] for at in times) for kind, times in seen.items()}
    told = {kind: collections.Counter(statuses) for kind, statuses in called["statuses"].items()}
    waits = sorted(10.0 if wait is None else wait for wait in called["waits"])
    strange = {status for counter in told.values() for status in counter} - {200, 429, 503, 0}
    if strange or not waits:
        raise Problem(f"{way.name} answered {sorted(strange)}")
    return {"way": way.name, "meaning": way.meaning, "vendor_429": counted["refused"],
            "used": counted["served"] / (RATE * (called["end"] - called["start"])),
            "p50": waits[len(waits) // 2], "p99": waits[min(len(waits) - 1, len(waits) * 99 // 100)], "longest": waits[-1],
            "failed": called["waits"].count(None), "asked": len(waits), "done": told["batch"][200],
            "told_batch": told["batch"][429] + told["batch"][503],
            "told_interactive": told["interactive"][429] + told["interactive"][503],
            "broken": told["batch"][0] + told["interactive"][0]}


def run_ways(site, ways, seconds):
    """All side by side, each with a vendor and callers of its own, so that a noisy moment hits all of them."""
    lanes = [Lane(site, way, seconds) for way in ways]
    time.sleep(2)  # each proxy has been idle for a while, and each bucket is full
    for lane in lanes:
        lane.begin()
    lateness = machine_lateness(seconds)
    return {"lateness": lateness, "rows": [lane.result() for lane in lanes]}


def machine_lateness(seconds):
    """By how much the machine was late to wake who sleeps, at most, in milliseconds. What it keeps from running for longer than a
    part of a second comes in a heap afterwards, whatever a proxy had decided."""
    worst, end = 0.0, time.monotonic() + seconds
    while (before := time.monotonic()) < end:
        time.sleep(0.01)
        worst = max(worst, time.monotonic() - before - 0.01)
    return worst * 1000


def arguments():
    parser = argparse.ArgumentParser(prog="./dev bench pacing", description=__doc__.replace("\n", " "))
    parser.add_argument("program", help=argparse.SUPPRESS)  # pacing_bench, which ./dev has built
    parser.add_argument("--seconds", type=int, default=120, metavar="N", help="of load (120)")
    parser.add_argument("--quick", action="store_true", help="20 s of load")
    parser.add_argument("--no-cost", action="store_true", help="without what the scheduler itself costs")
    parser.add_argument("--only-cost", action="store_true", help="that alone")
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")
    options = parser.parse_args()
    if options.quick:
        options.seconds = 20
    if options.seconds < 5 or options.no_cost and options.only_cost:
        parser.error("--seconds is at least 5, and --no-cost excludes --only-cost")
    return options


def run(site, options):
    show = not options.json
    machine = measure.machine() | {"file_system": measure.file_system(site.folder)}
    document = {"machine": machine, "versions": {kind: version(kind) for kind in PROXIES}}
    if show:
        report.heading(**document)
    if not options.only_cost:
        document["pacing"] = run_ways(site, WAYS, options.seconds)
        if show:
            report.pacing_table(**document["pacing"], seconds=options.seconds)
    if not options.no_cost:
        lane = Lane(site, Way("sluice", "gate", "queue: { max_requests: 100000, max_wait: 1h }", "", ""), 0)
        document["cost"] = cost.run(options.program, lane.program, lane.keys["batch"])
        if show:
            report.cost_table(document["cost"])
    return document


if __name__ == "__main__":
    run_bench(run, arguments())
