"""What a request costs, in instructions: counted by callgrind, the same on every machine, so a regression shows."""

import os
import pathlib
import re
import subprocess
import unittest

import harness
from harness import GateTest, main
from raw_http import request_bytes

# User instructions of one small GET on a kept connection, with its client's token, a decision, the vendor's key and an
# audit record; each figure is what was measured, and some room. callgrind's processor has no SHA instructions: the
# digest of the token costs 2,400 of the loop's, that of the event 25,500 of the audit's, and a tenth of that elsewhere.
# A busy machine makes the audit's groups smaller, and each commit costs 25,000: the best of a few runs counts.
LOOP, AUDIT = 27_000, 42_000
RUNS = 3
FEW, MANY = 100, 600


class CountedGate(harness.Gate):
    """A gate under callgrind."""

    def __init__(self, counts, *arguments):
        plain = harness.BINARY
        harness.BINARY = "valgrind"
        try:
            super().__init__(["--tool=callgrind", "--separate-threads=yes", f"--callgrind-out-file={counts}", plain,
                              *arguments[0]], *arguments[1:])
        finally:
            harness.BINARY = plain


@unittest.skipUnless(os.environ.get("SLUICE_OPTIMIZED"), "counts are of an optimized build without sanitizers")
class Instructions(GateTest):
    def count(self, requests, run):
        """Instructions of the loop's thread and of the audit's."""
        folder = self.folder / f"counts-{run}-{requests}"
        folder.mkdir()
        configuration = self.configuration({"push": self.push(self.vendor.url)},
                                           audit={"spool": f"{run}-{requests}.db", "durability": "process"})
        gate = CountedGate(folder / "counts", ["serve", "--config", configuration], self.secrets, self.folder, 1)
        self.processes.insert(0, gate)
        with gate.connect() as connection:
            for _ in range(requests):
                connection.send(request_bytes("GET", "/push/v1/employees?limit=100", [
                    self.key(), ("User-Agent", "requests/2"), ("Accept", "application/json"), ("Accept-Encoding", "gzip")]))
                self.assertEqual(connection.response().status, 200)
        self.assertEqual(gate.stop(seconds=120), 0)
        return [self.total(folder, function) for function in ("sluice::Exchange::decide", "sluice::SpoolWriter::run")]

    def total(self, folder: pathlib.Path, function):
        """Of the one thread that runs such a function."""
        texts = [path.read_text() for path in folder.glob("counts-*")]
        found = [text for text in texts if re.search(rf"^c?fn=\(\d+\) {function}", text, re.MULTILINE)]
        self.assertEqual(len(found), 1, f"{len(found)} of {len(texts)} threads run {function}")
        return int(re.search(r"^(?:totals|summary): (\d+)", found[0], re.MULTILINE).group(1))

    def test_a_request_costs_no_more_than_its_budget(self):
        subprocess.run(["valgrind", "--version"], check=True, stdout=subprocess.DEVNULL)
        self.vendor = self.upstream()
        loops, audits = [], []
        for run in range(RUNS):
            few, many = self.count(FEW, run), self.count(MANY, run)
            loop, audit = [(more - less) // (MANY - FEW) for less, more in zip(few, many)]
            print(f"instructions per request: loop {loop}, audit {audit}", flush=True)
            loops.append(loop)
            audits.append(audit)
            if min(loops) < LOOP and min(audits) < AUDIT:
                break
        self.assertLess(min(loops), LOOP)
        self.assertLess(min(audits), AUDIT)


if __name__ == "__main__":
    main()
