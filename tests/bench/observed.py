"""What it costs to be watched: the same load on gates that differ only in who looks at them."""

import contextlib
import http.server
import socket
import statistics
import threading
import urllib.request

import load
import measure
from programs import Problem

CONNECTIONS = 64
SCRAPES_EACH = 1.0  # seconds; Prometheus' default is a minute


class Collector(http.server.BaseHTTPRequestHandler):
    """Takes traces and counts their octets."""

    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.server.octets += len(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_):
        pass


class Watcher:
    """Does something with the gate's admin port until the end of the `with`."""

    def __init__(self, gate, watch):
        self.gate, self.ended, self.watch = gate, threading.Event(), watch
        self.thread = threading.Thread(target=self.run, daemon=True)

    def run(self):
        if self.watch:
            self.watch(self.gate.gate.admin, self.ended)

    def __enter__(self):
        self.thread.start()

    def __exit__(self, *_):
        self.ended.set()
        self.thread.join(20)


def scrape(admin, ended):
    while not ended.wait(SCRAPES_EACH):
        with urllib.request.urlopen(f"http://{admin[0]}:{admin[1]}/metrics", timeout=20) as answer:
            answer.read()


def dashboards(count):
    """So many open dashboards: each reads the event stream."""
    def watch(admin, ended):
        with contextlib.ExitStack() as stack:
            streams = [stack.enter_context(socket.create_connection(admin, timeout=20)) for _ in range(count)]
            for stream in streams:
                stream.sendall(b"GET /events HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n")
                if not stream.recv(4096).startswith(b"HTTP/1.1 200 "):
                    raise Problem("the gate opens no event stream")
                stream.setblocking(False)
            while not ended.wait(0.1):
                for stream in streams:
                    with contextlib.suppress(BlockingIOError):
                        stream.recv(1 << 20)
    return watch


def ways(collector):
    """Name, what stands in the configuration, who looks."""
    traced = "tracing: {{ otlp: http://127.0.0.1:{}, sample: {} }}"
    port = collector.server_address[1]
    return [("not watched", "", None),
            ("metrics, each second", "", scrape),
            ("one dashboard", "", dashboards(1)),
            ("20 dashboards", "", dashboards(20)),
            ("access log", "log: { access: true }", None),
            ("traces, one in ten", traced.format(port, 0.1), None),
            ("traces, all", traced.format(port, 1), None),
            ("all of it", f"log: {{ access: true }}\n{traced.format(port, 0.1)}", dashboards(1))]


def one_round(site, gate, watch, seconds):
    with Watcher(gate, watch):
        load.wrk(site, gate, CONNECTIONS, 1)
        pids = [gate.pid]
        before, threads = measure.settled_cpu(pids), measure.by_thread(pids)
        wrk = load.wrk(site, gate, CONNECTIONS, seconds)
        after, now = measure.settled_cpu(pids, patience=3), measure.by_thread(pids)
    spent = {name: (value - threads[name]) / wrk["requests"] for name, value in now.items()}
    return {"cpu_us": (after.total - before.total) / wrk["requests"], "threads_us": spent, "p50_us": wrk["p50_us"], "p99_us": wrk["p99_us"],
            "requests_per_second": wrk["requests"] / wrk["microseconds"] * 1e6}


def run(site, rounds, seconds, progress):
    collector = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Collector)
    collector.octets = 0
    threading.Thread(target=collector.serve_forever, daemon=True).start()
    chosen = ways(collector)
    gates = [site.start("gate", watched=text) for _, text, _ in chosen]
    load.check_same_work(site, gates)
    found = {name: [] for name, _, _ in chosen}
    for number in range(rounds):
        for (name, _, watch), gate in zip(chosen, gates):
            progress(f"round {number + 1}: {name}")
            found[name].append(one_round(site, gate, watch, seconds))
    progress("")
    collector.shutdown()
    site.stop(*gates)
    if not collector.octets:
        raise Problem("no trace came to the collector")
    return [row_of(name, one) for name, one in found.items()]


def row_of(name, rounds):
    def median(key):
        return statistics.median(one[key] for one in rounds)
    threads = {thread: statistics.median(one["threads_us"].get(thread, 0) for one in rounds) for thread in rounds[-1]["threads_us"]}
    return {"way": name, "threads_us": threads, "rounds": rounds,
            **{key: median(key) for key in ("cpu_us", "requests_per_second", "p50_us", "p99_us")}}
