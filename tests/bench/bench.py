#!/usr/bin/env python3
"""Runs the gate, nginx and HAProxy side by side doing the same work, and prints what a request and a connection cost each.
README.md beside this file says what is measured and how to read it."""

import argparse
import os
import pathlib
import statistics
import sys
import time

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
os.environ.setdefault("SLUICE_BINARY", "build/release/sluice")
os.environ["SLUICE_BINARY"] = os.path.abspath(os.environ["SLUICE_BINARY"])

# What stands in tests/e2e is found only now.
# pylint: disable=wrong-import-position
import load
import measure
import observed
import report
import slow_clients
import streaming
from programs import PROXIES, Problem, run_bench, version

MEDIANS = [name for _, name, _, _ in report.COLUMNS]


def one_of(names):
    """A type for argparse: names separated by commas."""
    def parse(text):
        chosen = text.split(",")
        if not set(chosen) <= set(names):
            raise argparse.ArgumentTypeError(f"one or more of {', '.join(names)}, separated by commas")
        return [name for name in names if name in chosen]
    return parse


def counts(text):
    numbers = [int(part) if part.isascii() and part.isdigit() else 0 for part in text.split(",")]
    if min(numbers) < 1 or max(numbers) > 1000:
        raise argparse.ArgumentTypeError("numbers from 1 to 1000, separated by commas")
    return numbers


def size(text):
    """Octets: 64MiB, 1GiB, or a plain number."""
    for unit, octets in (("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("MB", 10**6), ("kB", 10**3), ("", 1)):
        if text.endswith(unit):
            break
    try:
        number = int(float(text.removesuffix(unit)) * octets)
    except ValueError:
        raise argparse.ArgumentTypeError("a number with KiB, MiB, GiB, kB, MB or nothing") from None
    if not 0 < number <= 1 << 30:
        raise argparse.ArgumentTypeError("more than nothing and at most 1GiB, as the gate's max_body")
    return number


def arguments():
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__.replace("\n", " "))
    parser.add_argument("--connections", type=counts, default=[1, 16, 64], metavar="N,...",
                        help="keep-alive connections (1,16,64)")
    parser.add_argument("--seconds", type=int, metavar="N", help="of load for each figure (5; with --slow 20)")
    parser.add_argument("--rounds", type=int, default=3, metavar="N", help="of which the median is printed (3)")
    parser.add_argument("--only", type=one_of(PROXIES), default=list(PROXIES), metavar="PROXY,...", help="gate, nginx, haproxy")
    parser.add_argument("--upstream", type=one_of(("plain", "tls")), default=["plain", "tls"], metavar="KIND",
                        help="plain or tls instead of both")
    parser.add_argument("--idle", type=int, default=10000, metavar="N", help="idle connections for the memory (10000)")
    parser.add_argument("--json", action="store_true", help="one JSON document with every round on stdout")
    parser.add_argument("--memory", action="store_true", help="the memory alone, without the load")
    parser.add_argument("--no-memory", action="store_true", help="the load alone, without the memory")
    parser.add_argument("--slow", action="store_true",
                        help="instead: a client of the gate beside slow ones that send an octet a second")
    parser.add_argument("--slow-clients", type=int, default=5000, metavar="N", help="how many (5000)")
    parser.add_argument("--stream", action="store_true",
                        help="instead: the gate's memory while a large body passes to a slow reader, both ways")
    parser.add_argument("--observed", action="store_true",
                        help="instead: what an access log, traces, scrapes and open dashboards cost the gate per request")
    parser.add_argument("--stream-size", type=size, default=1 << 30, metavar="SIZE", help="at most 1GiB (1GiB)")
    parser.add_argument("--stream-rate", type=size, default=10**7, metavar="SIZE", help="a second (10MB)")
    options = parser.parse_args()
    if options.memory and options.no_memory:
        parser.error("--memory and --no-memory exclude each other")
    if not 0 < options.slow_clients <= 10000:
        parser.error("--slow-clients is from 1 to 10000")
    if options.rounds < 1 or options.seconds is not None and options.seconds < 1 or not 0 < options.idle <= 10000:
        parser.error("--rounds and --seconds are at least 1, --idle is from 1 to 10000")
    return options


def progress(text):
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)


# --- what is measured ---------------------------------------------------------------------------------------------------

def measure_load(site, proxy, connections, seconds):
    """One round of one proxy."""
    load.wrk(site, proxy, connections, 1)  # fills the pools and the caches
    pids = measure.family(proxy.pid)
    before, threads = measure.settled_cpu(pids), measure.by_thread(pids)
    wrk = load.wrk(site, proxy, connections, seconds)
    cost = measure.per_request(before, measure.settled_cpu(pids), wrk["requests"])
    threads = {name: (spent - threads[name]) / wrk["requests"] for name, spent in measure.by_thread(pids).items()}
    return {"threads_us": threads, "cpu_us": cost.total, "user_us": cost.user, "system_us": cost.system,
            "p50_us": wrk["p50_us"], "p99_us": wrk["p99_us"], "requests": wrk["requests"],
            "requests_per_second": wrk["requests"] / wrk["microseconds"] * 1e6}


def rows_of(upstream, connections, rounds):
    """A row for each proxy, of the medians; the gate's has its ratios to the others."""
    rows = {}
    for proxy, figures in rounds.items():
        medians = {name: statistics.median(one[name] for one in figures) for name in MEDIANS}
        rows[proxy] = {"upstream": upstream, "connections": connections, "proxy": proxy, **medians, "rounds": figures,
                       "threads_us": {name: statistics.median(one["threads_us"].get(name, 0) for one in figures)
                                      for name in figures[-1]["threads_us"]}}
    if "gate" in rows and len(rows) > 1:
        rows["gate"]["ratio_to"] = {other: {name: rows["gate"][name] / max(rows[other][name], 1e-9) for name in MEDIANS}
                                    for other in rows if other != "gate"}
    return list(rows.values())


def run_load(site, options, seconds):
    rows = []
    for upstream in options.upstream:
        proxies = [site.start(kind, upstream) for kind in options.only]
        load.check_same_work(site, proxies)
        for connections in options.connections:
            rounds = {proxy.name: [] for proxy in proxies}
            for number in range(options.rounds):
                for proxy in proxies:
                    progress(f"{upstream} upstream, {connections} connections, round {number + 1}: {proxy.name}")
                    rounds[proxy.name].append(measure_load(site, proxy, connections, seconds))
            rows += rows_of(upstream, connections, rounds)
        site.stop(*proxies)
    progress("")
    return rows


def run_memory(site, options):
    rows = []
    for kind in options.only:
        progress(f"{kind}: {options.idle} idle connections")
        proxy = site.start(kind)
        time.sleep(1)
        pids = measure.family(proxy.pid)
        idle = measure.memory(pids)
        with load.IdleConnections(site, proxy.address, options.idle) as connections:
            measure.settled_cpu(pids)
            connected = measure.memory(pids)
            if connections.still_open() != options.idle:
                raise Problem(f"{kind} closed {options.idle - connections.still_open()} of {options.idle} idle connections")
        rows.append({"proxy": kind, "connections": options.idle, "idle": idle, "connected": connected,
                     "kib_each": (connected - idle) / 1024 / options.idle})
        site.stop(proxy)
    progress("")
    return rows


def run(site, options):
    """Returns the document of --json, and prints each part when it is there."""
    show = not options.json
    machine = measure.machine() | {"file_system": measure.file_system(site.folder)}
    document = {"machine": machine, "versions": {kind: version(kind) for kind in options.only}}
    if show:
        report.heading(**document)
    site.start_vendor()
    if options.slow:
        document["slow"] = slow_clients.run(site, options.slow_clients, options.seconds or 20)
        if show:
            report.slow_table(document["slow"])
    if options.stream:
        document["stream"] = streaming.run(site, options.stream_size, options.stream_rate)
        if show:
            report.stream_table(document["stream"], options.stream_rate)
    instead = options.slow or options.stream or options.observed
    seconds = options.seconds or 5
    if options.observed:
        document["observed"] = observed.run(site, options.rounds, seconds, progress)
        if show:
            report.observed_table(document["observed"], observed.CONNECTIONS, options.rounds, seconds)
    if not instead and not options.memory:
        document["load"] = run_load(site, options, seconds)
        if show:
            report.load_table(document["load"], options.rounds, seconds)
    if options.memory or not instead and not options.no_memory:
        document["memory"] = run_memory(site, options)
        if show:
            report.memory_table(document["memory"])
    return document


if __name__ == "__main__":
    run_bench(run, arguments())
