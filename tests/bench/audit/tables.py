"""What the benchmark of the audit says, as text."""


def fsync_line(times):
    print(f"One append of 8 KiB with its fdatasync: p50 {times[len(times) // 2]:.2f} ms, p99 {times[len(times) * 99 // 100]:.2f} ms")
    print()


def spool(result):
    print("Events into the spool. flow: nobody waits; each: every thread waits for its event before the next, as a write does")
    print(f"{'durability':12}{'threads':>8}{'':2}{'':6}{'events/s':>10}{'audit thread us':>17}")
    for row in result["rows"]:
        print(f"{row['durability']:12}{row['threads']:>8}  {row['waits']:6}{row['per_second']:>10.0f}{row['audit_us']:>17.2f}")
    print()
    event, digest = result["pieces"]["event"], result["pieces"]["sha256"]
    print(f"An event of {event['octets']} octets on the audit thread, in instructions (callgrind, whose processor has no instructions "
          "for SHA-256,\nso that here it costs several times what it does)")
    print(f"{'in a group of':15}{'all':>9}{'JSON':>8}{'SHA-256':>9}{'SQLite and the rest':>21}")
    text = event["instructions"] - digest["instructions"]
    for row in result["groups"]:
        print(f"{row['group']:<15}{row['instructions']:>9.0f}{text:>8.0f}{digest['instructions']:>9.0f}"
              f"{row['instructions'] - event['instructions']:>21.0f}")
    whole = min(row["audit_us"] for row in result["rows"] if row["waits"] == "flow" and row["durability"] == "process")
    print(f"in microseconds, on this processor: {whole:.2f}, of them JSON {(event['nanoseconds'] - digest['nanoseconds']) / 1e3:.2f}, "
          f"SHA-256 {digest['nanoseconds'] / 1e3:.2f}, SQLite and the rest {whole - event['nanoseconds'] / 1e3:.2f} (flow, process)")
    print()


def latency(result):
    print(f"A read and a write at {result['rate']} requests a second, half of each: medians of {result['rounds']} rounds of "
          f"{result['seconds']} s, microseconds")
    print(f"{'':22}{'read p50':>10}{'p99':>8}{'write p50':>12}{'p99':>8}{'refused':>10}")
    for row in result["rows"]:
        read, write = row["read"], row["write"]
        print(f"{row['way']:22}{read['p50_us']:>10.0f}{read['p99_us']:>8.0f}{write['p50_us']:>12.0f}{write['p99_us']:>8.0f}"
              f"{row['refused']:>10}")
    print()
    power, process = (next(row for row in result["rows"] if row["way"] == f"gate, {kind}") for kind in ("power", "process"))
    for access in ("read", "write"):
        p50, p99 = (power[access][name] - process[access][name] for name in ("p50_us", "p99_us"))
        print(f"the disk costs a {access} {p50:.0f} us at p50, {p99:.0f} us at p99 (power less process)")
    print()
    for row in result["rows"]:
        print(f"{row['way']:22}{row['meaning']}")
    print()


def delivery(rows):
    print("Events that wait in the spool, signed, to a receiver on loopback that takes them at once")
    print(f"{'format':20}{'durability':12}{'events/s':>10}{'webhooks thread us':>20}{'audit thread us':>17}")
    for row in rows:
        print(f"{row['format']:20}{row['durability']:12}{row['per_second']:>10.0f}{row['webhooks_us']:>20.2f}{row['audit_us']:>17.2f}")
    print()


def retention(rows):
    print(f"A write every 2 ms while {rows[0]['removed']} aged events are removed: until its record is durable, ms")
    print(f"{'durability':12}{'removing':>10}{'writes':>9}{'p50':>9}{'p99':>9}{'longest':>9}{'seconds':>9}")
    for row in rows:
        for name, title, seconds in (("alone", "no", ""), ("during", "yes", f"{row['seconds']:.1f}")):
            wait = row[name]
            print(f"{row['durability']:12}{title:>10}{wait['writes']:>9}{wait['p50_ms']:>9.2f}{wait['p99_ms']:>9.2f}"
                  f"{wait['longest_ms']:>9.2f}{seconds:>9}")
    print()
