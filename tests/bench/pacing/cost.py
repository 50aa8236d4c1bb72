"""What pacing itself costs: instructions and nanoseconds of the waiting room, and the memory of who waits."""

import json
import re
import socket
import subprocess
import tempfile
import time

import measure
from programs import Problem
from raw_http import Reader, request_bytes

# What happens, to how many clients, while so many requests wait.
TURNS = (
    [("equal", clients, waiting)
     for clients, waiting in ((1, 1), (1, 100), (1, 10_000), (100, 100), (100, 10_000), (10_000, 10_000))] +
    [(kind, clients, waiting) for kind, clients in (("urgent", 2), ("refused", 1), ("refused", 100)) for waiting in (1, 100, 10_000)])
FEW, MANY = 200, 2_200
QUEUED = 5_000  # connections whose memory is measured


def run_turns(program, turn, times, *before):
    kind, clients, waiting = turn
    done = subprocess.run([*before, program, "--turns", kind, str(clients), str(waiting), str(times)], check=True,
                          capture_output=True, text=True)
    return float(done.stdout)


def instructions(program, turn):
    """Of one: two counts that differ in nothing but their number."""
    counts = []
    with tempfile.NamedTemporaryFile(prefix="sluice-bench-") as output:
        for times in (FEW, MANY):
            run_turns(program, turn, times, "valgrind", "--tool=callgrind", f"--callgrind-out-file={output.name}")
            with open(output.name, encoding="ascii") as file:
                counts.append(int(re.search(r"^(?:totals|summary): (\d+)", file.read(), re.MULTILINE).group(1)))
    return (counts[1] - counts[0]) / (MANY - FEW)


def ask(connections, token, wait):
    request = request_bytes("GET", "/push/v1/employees", [("x-api-key", token)])
    for connection in connections:
        connection.sendall(request)
        if wait:
            Reader(connection).response()


def memory_of_waiting(gate, token):
    """Octets of the gate for each request that waits: what it has grown by since its connection was idle, having been used."""
    connections = []
    try:
        connections = [socket.create_connection(gate.address, timeout=20) for _ in range(QUEUED)]
        ask(connections, token + "x", wait=True)
        pids = measure.family(gate.pid)
        measure.settled_cpu(pids)
        before = measure.memory(pids)
        ask(connections, token, wait=False)
        deadline = time.monotonic() + 30
        while (waiting := gate.gate.metric("sluice_queue_depth")) < QUEUED * 0.9:
            if time.monotonic() > deadline:
                raise Problem(f"{waiting} requests wait, not {QUEUED}")
            time.sleep(0.1)
        return (measure.memory(pids) - before) / waiting
    finally:
        for connection in connections:
            connection.close()


def run(program, gate, token):
    rows = [{"what": turn[0], "clients": turn[1], "waiting": turn[2], "instructions": instructions(program, turn),
             "nanoseconds": min(run_turns(program, turn, 20_000) for _ in range(3))} for turn in TURNS]
    sizes = json.loads(subprocess.run([program, "--sizes"], check=True, capture_output=True, text=True).stdout)
    return {"turns": rows, "octets": sizes | {"waiting_in_all": memory_of_waiting(gate, token)}}
