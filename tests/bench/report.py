"""What the measurements say, as text."""

import itertools

MEBIBYTE = 1 << 20
COLUMNS = (("cpu us", "cpu_us", 8, 1), ("user us", "user_us", 8, 1), ("system us", "system_us", 10, 1),
           ("requests/s", "requests_per_second", 11, 0), ("p50 us", "p50_us", 7, 0), ("p99 us", "p99_us", 8, 0))


def heading(machine, versions):
    print(f"{machine['processor']}, {machine['cores']} cores, Linux {machine['kernel']}, load {machine['load']:.1f}, "
          f"files on {machine['file_system']}")
    print("; ".join(versions.values()), end="\n\n")
    if machine["file_system"] in ("tmpfs", "ramfs"):
        print("note: the files are in memory, so durability costs nothing here; set TMPDIR to a folder on a disk")


def load_table(rows, rounds, seconds):
    print(f"CPU per request, requests per second and latency: medians of {rounds} rounds of {seconds:g} s")
    print(f"{'upstream':9}{'connections':>11}  {'proxy':18}" + "".join(f"{title:>{width}}" for title, _, width, _ in COLUMNS))
    for place, group in itertools.groupby(rows, lambda row: (row["upstream"], row["connections"])):
        lines, ratios = [], []
        for row in group:
            lines.append(f"{row['proxy']:18}" + "".join(f"{row[name]:>{width}.{digits}f}" for _, name, width, digits in COLUMNS))
            busy = {name: spent for name, spent in row["threads_us"].items() if spent >= 0.05}
            if len(busy) > 1 and row["proxy"] == "gate":
                lines.append("  of it by thread   " + ", ".join(f"{name} {spent:.1f}" for name, spent in busy.items()))
            ratios += [f"{'gate : ' + other:18}" + "".join(f"{ratio[name]:>{width}.2f}" for _, name, width, _ in COLUMNS)
                       for other, ratio in row.get("ratio_to", {}).items()]
        for line in lines + ratios:
            print(f"{place[0]:9}{place[1]:>11}  {line}")
        print()


def memory_table(rows):
    print(f"Memory: resident, summed over processes; each of {rows[0]['connections']} connections was used once")
    print(f"{'proxy':10}{'idle MiB':>10}{'with them MiB':>15}{'KiB each':>10}")
    for row in rows:
        print(f"{row['proxy']:10}{row['idle'] / MEBIBYTE:>10.1f}{row['connected'] / MEBIBYTE:>15.1f}{row['kib_each']:>10.2f}")


def slow_table(result):
    slow = result["slow"]
    print(f"A keep-alive client of the gate, alone and beside {slow['connections']} connections that send an octet of a head a "
          f"second\n(of which {slow['open']} were still open after {slow['seconds']:.0f} s and {slow['octets']} octets)")
    print(f"{'':10}{'requests/s':>12}{'p50 us':>10}{'p99 us':>10}{'gate MiB':>10}")
    for name, memory in (("alone", "memory_before"), ("beside", "memory_beside")):
        wrk = result[name]
        rate = wrk["requests"] / wrk["microseconds"] * 1e6
        print(f"{name:10}{rate:>12.0f}{wrk['p50_us']:>10}{wrk['p99_us']:>10}{result[memory] / MEBIBYTE:>10.1f}")
    print()


def stream_table(rows, rate):
    print(f"One large body through the gate to a reader of {rate / 1e6:g} MB/s")
    print(f"{'':10}{'MiB':>8}{'seconds':>9}{'before MiB':>12}{'peak MiB':>10}{'grown MiB':>11}")
    for row in rows:
        before, peak = row["memory_before"] / MEBIBYTE, row["memory_peak"] / MEBIBYTE
        print(f"{row['direction']:10}{row['octets'] / MEBIBYTE:>8.0f}{row['seconds']:>9.1f}{before:>12.1f}{peak:>10.1f}"
              f"{peak - before:>11.1f}")


def observed_table(rows, connections, rounds, seconds):
    print(f"One gate, {connections} connections, plain upstream, and who watches it: medians of {rounds} rounds of {seconds:g} s")
    print(f"{'':22}{'cpu us':>8}{'more':>7}{'requests/s':>12}{'p50 us':>8}{'p99 us':>8}   by thread, us")
    for row in rows:
        busy = ", ".join(f"{name} {spent:.1f}" for name, spent in row["threads_us"].items() if spent >= 0.05)
        print(f"{row['way']:22}{row['cpu_us']:>8.1f}{row['cpu_us'] - rows[0]['cpu_us']:>+7.1f}{row['requests_per_second']:>12.0f}"
              f"{row['p50_us']:>8.0f}{row['p99_us']:>8.0f}   {busy}")
    print()


def pacing_table(rows, lateness, seconds):
    print(f"A vendor that permits 10 requests a second, for {seconds} s: a script with 64 requests always outstanding, and\n"
          f"{rows[0]['asked']} interactive requests, one a second, that are given up after 10 s")
    print(f"{'':20}{'vendor':>7}{'of limit':>10}{'interactive wait, s':>25}{'':>9}{'batch':>7}{'told 429 or 503':>20}")
    print(f"{'':20}{'429s':>7}{'used':>10}{'p50':>9}{'p99':>7}{'longest':>9}{'failed':>9}{'done':>7}{'batch':>8}"
          f"{'interactive':>12}")
    for row in rows:
        print(f"{row['way']:20}{row['vendor_429']:>7}{row['used']:>10.1%}{row['p50']:>9.2f}{row['p99']:>7.2f}{row['longest']:>9.2f}"
              f"{row['failed']:>9}{row['done']:>7}{row['told_batch']:>8}{row['told_interactive']:>12}")
    print(f"(the machine woke a sleeper up to {lateness:.0f} ms late)")
    print()
    for row in rows:
        print(f"{row['way']:20}{row['meaning']}")
    print()


def cost_table(cost):
    whats = {"equal": "one goes, one of its client comes", "urgent": "an interactive one comes and goes, before batch",
             "refused": "one comes in vain, who would wait too long"}
    print("What the waiting room costs, while so many wait")
    print(f"{'':48}{'clients':>8}{'waiting':>9}{'instructions':>14}{'ns':>8}")
    for row in cost["turns"]:
        print(f"{whats[row['what']]:48}{row['clients']:>8}{row['waiting']:>9}{row['instructions']:>14.0f}"
              f"{row['nanoseconds']:>8.0f}")
    print()
    octets = cost["octets"]
    print(f"octets of the queue in a request that waits       {octets['paced_request']:>6}")
    print(f"octets of its exchange, with these                {octets['exchange']:>6}")
    print(f"octets that the gate grows by for each, in all    {octets['waiting_in_all']:>6.0f}")
    print(f"octets for each client that is idle, on each API  {octets['idle_client']:>6.0f}")
    print()
