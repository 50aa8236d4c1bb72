#!/usr/bin/env python3
"""What a decision of the policy costs, in nanoseconds and instructions, and beside it Cedar's own engine with the same rules and
requests. usage: policy_bench.py PROGRAM [--no-cedar]"""

import json
import pathlib
import re
import subprocess
import sys
import tempfile

RULES = (10, 1_000, 10_000)
KINDS = ("decision", "decision_with_body")
CEDAR = "@cedar-policy/cedar-wasm@4"


def measure(program):
    """Nanoseconds by name, such as "decision/10"."""
    text = subprocess.run([program, "--benchmark_format=json", "--benchmark_min_time=0.5"], check=True, capture_output=True, text=True).stdout
    scale = {"ns": 1, "us": 1e3, "ms": 1e6}
    return {run["name"]: run["cpu_time"] * scale[run["time_unit"]] for run in json.loads(text)["benchmarks"]}


def instructions(program, kind, rules, folder):
    """Of one decision: two counts that differ in nothing but their number."""
    few, many = 1_000, 11_000
    counts = []
    for times in (few, many):
        output = folder / "counts"
        subprocess.run(["valgrind", "--tool=callgrind", f"--callgrind-out-file={output}", program, "--decide", kind, str(rules),
                        str(times)], check=True, capture_output=True)
        counts.append(int(re.search(r"^(?:totals|summary): (\d+)", output.read_text(), re.MULTILINE).group(1)))
    return (counts[1] - counts[0]) / (many - few)


def cedar(program, folder):
    """Nanoseconds of Cedar by name."""
    subprocess.run(["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", folder, CEDAR], check=True)
    found = {}
    for rules in RULES:
        subprocess.run([program, "--write", folder, str(rules)], check=True)
        text = subprocess.run(["node", pathlib.Path(__file__).with_name("cedar.mjs"), folder], check=True, capture_output=True, text=True)
        found |= {f"{kind}/{rules}": value for kind, value in json.loads(text.stdout).items()}
    return found


def main():
    program = sys.argv[1]
    with tempfile.TemporaryDirectory(prefix="sluice-policy-bench-") as name:
        folder = pathlib.Path(name)
        times = measure(program)
        others = {} if "--no-cedar" in sys.argv else cedar(program, folder)
        print(f"{'':24}{'rules':>7}{'ns':>10}{'instructions':>14}{'Cedar ns':>12}{'Cedar : sluice':>16}")
        for kind in KINDS:
            for rules in RULES:
                key = f"{kind}/{rules}"
                counted = instructions(program, kind, rules, folder)
                other = f"{others[key]:12.0f}{others[key] / times[key]:16.0f}" if key in others else ""
                print(f"{kind.replace('_', ' '):24}{rules:7}{times[key]:10.0f}{counted:14.0f}{other}")
        for rules in RULES:
            print(f"{'loading, ms':24}{rules:7}{times[f'loading/{rules}'] / 1e6:10.2f}")


if __name__ == "__main__":
    main()
