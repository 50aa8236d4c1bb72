"""What a program consumes, as the kernel counts it, over all of its processes and threads."""

import collections
import os
import pathlib
import re
import time

TICK = 1e6 / os.sysconf("SC_CLK_TCK")  # microseconds

# Microseconds of processor time: `total` to the nanosecond where the kernel keeps it, and how user and system share it.
Cpu = collections.namedtuple("Cpu", "total user system")


def fields(pid):
    """/proc/PID/stat after the command's name, which may contain anything: state is the first, the parent the second."""
    return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def family(root):
    """A process and all of its descendants."""
    children = collections.defaultdict(list)
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                children[int(fields(entry)[1])].append(int(entry))
            except OSError:
                pass  # it has just ended
    found = [root]
    for pid in found:
        found += children[pid]
    return found


def on_processor(pid):
    """Microseconds that the threads of a process have run, from the scheduler's nanoseconds; None where it keeps none."""
    total = 0
    for thread in os.listdir(f"/proc/{pid}/task"):
        try:
            total += int(pathlib.Path(f"/proc/{pid}/task/{thread}/schedstat").read_text().split()[0])
        except FileNotFoundError:
            if not os.path.exists("/proc/self/schedstat"):
                return None
    return total / 1000


def cpu(pids):
    total = user = system = 0.0
    for pid in pids:
        values = fields(pid)
        user += int(values[11]) * TICK
        system += int(values[12]) * TICK
        exact = on_processor(pid)
        total += (int(values[11]) + int(values[12])) * TICK if exact is None else exact
    return Cpu(total, user, system)


def by_thread(pids):
    """Microseconds by the name of the thread; empty where the scheduler keeps none."""
    result = collections.Counter()
    for pid in pids:
        for thread in pathlib.Path(f"/proc/{pid}/task").iterdir():
            try:
                result[(thread / "comm").read_text().strip()] += int((thread / "schedstat").read_text().split()[0]) / 1000
            except OSError:
                pass  # it has just ended
    return result


def settled_cpu(pids, patience=10.0):
    """The processor time once the program has come to rest: what it does after its last answer, such as writing a record,
    belongs to the requests too. At rest is less than 0.4 % of a core."""
    deadline = time.monotonic() + patience
    before = cpu(pids)
    while True:
        time.sleep(0.25)
        now = cpu(pids)
        if now.total - before.total < 1000 or time.monotonic() > deadline:
            return now
        before = now


def per_request(before, after, requests):
    """Microseconds per request. The ticks of user and system are coarse, so they only share out the exact total."""
    total = (after.total - before.total) / requests
    user, system = after.user - before.user, after.system - before.system
    share = user / (user + system) if user + system else 0.5
    return Cpu(total, total * share, total * (1 - share))


def memory(pids, field="VmRSS"):
    """Octets, summed over the processes: VmRSS is resident now, VmHWM the most that ever was."""
    total = 0
    for pid in pids:
        found = re.search(rf"{field}:\s+(\d+) kB", pathlib.Path(f"/proc/{pid}/status").read_text())
        total += int(found.group(1)) * 1024
    return total


def file_system(path):
    """The kind of file system that a path is on."""
    path, best, kind = os.path.realpath(path), "", "unknown"
    for line in pathlib.Path("/proc/self/mounts").read_text().splitlines():
        _, place, this = line.split()[:3]
        if len(place) >= len(best) and (path + "/").startswith(place.rstrip("/") + "/"):
            best, kind = place, this
    return kind


def machine():
    model = re.search(r"model name\s*:\s*(.*)", pathlib.Path("/proc/cpuinfo").read_text())
    return {"processor": model.group(1) if model else os.uname().machine, "cores": len(os.sched_getaffinity(0)),
            "kernel": os.uname().release, "load": os.getloadavg()[0]}
