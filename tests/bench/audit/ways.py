"""Reads and writes at a steady rate through the gate and through nginx, whose records are kept in different ways."""

import collections
import statistics

import load

# A proxy, how it keeps its record, and what that means.
Way = collections.namedtuple("Way", "name kind settings meaning")
WAYS = (
    Way("no proxy", None, {}, "the vendor itself, for comparison"),
    Way("gate, power", "gate", {"durability": "power"},
        "a write waits until its attempt is committed and fsynced, before it is sent; every other record is fsynced within 50 ms, "
        "and nobody waits"),
    Way("gate, process", "gate", {"durability": "process"},
        "a write waits until its attempt is committed to the system's cache, or for the fsyncs of the log that is being moved into "
        "the main file, as it is each 4 MiB; no other fsync"),
    Way("nginx, log", "nginx", {},
        "one line of JSON by write() for each answer, nginx's default; never an fsync: a power cut takes what "
        "the system has not written by itself"),
    Way("nginx, log buffered", "nginx", {"access_log": "{folder}/access.log audit buffer=64k flush=1s"},
        "lines gather in the process for up to a second, and are lost by kill -9 too; never an fsync"),
    Way("nginx, no log", "nginx", {"access_log": "off"}, "no record"),
)


def start(site, way):
    if way.kind is None:
        return None
    settings = {name: value.format(folder=site.folder) for name, value in way.settings.items()}
    return site.start(way.kind, **settings)


def call(bench, proxy, options):
    site = bench.site
    port, prefix, key = ((site.vendor_ports["plain"], "", site.vendor_key) if proxy is None else
                         (proxy.address[1], "/push", site.token))
    return bench.run("calls", port, prefix, key, options.rate, options.seconds)


def run(bench, options):
    """All are up; each round calls one after the other, so that a noisy minute hits all of them."""
    site = bench.site
    site.start_vendor()
    proxies = [start(site, way) for way in WAYS]
    load.check_same_work(site, [proxy for proxy in proxies if proxy])
    rounds = [[] for _ in WAYS]
    for _ in range(1 if options.quick else 5):
        for figures, proxy in zip(rounds, proxies):
            figures.append(call(bench, proxy, options))
    site.stop(*[proxy for proxy in proxies if proxy])
    rows = [{"way": way.name, "meaning": way.meaning, "rounds": figures,
             "refused": sum(one[access]["refused"] for one in figures for access in ("read", "write"))} |
            {access: {name: statistics.median(one[access][name] for one in figures) for name in ("p50_us", "p99_us")}
             for access in ("read", "write")} for way, figures in zip(WAYS, rounds)]
    return {"rate": options.rate, "seconds": options.seconds, "rounds": len(rounds[0]), "rows": rows}
