"""README.md, "A first gate": followed to the letter, as somebody would who has just cloned the repository. Its ports are fixed, so it
runs in a network of its own (unshare --net, as root or where users may have namespaces)."""

import os
import pathlib
import re
import subprocess
import sys
import textwrap
import unittest

from harness import BINARY, PATIENCE, SOURCE, GateTest, main

# Brings the loopback interface of the new network up: SIOCSIFFLAGS of IFF_UP | IFF_RUNNING.
LOOPBACK_UP = """
import fcntl, os, socket, struct, sys
with socket.socket() as end:
    fcntl.ioctl(end, 0x8914, struct.pack("16sh14x", b"lo", 0x41))
os.execvp(sys.argv[1], sys.argv[1:])
"""
PLACEHOLDER = "…"


def own_network():
    """The words before a command that give it a network of its own, or None."""
    for words in (["unshare", "--net"], ["unshare", "--net", "--map-root-user"]):
        if subprocess.run([*words, "true"], capture_output=True, check=False).returncode == 0:
            return [*words, sys.executable, "-c", LOOPBACK_UP]
    return None


def steps():
    """The fenced blocks of the section, in order: (language, text)."""
    text = (SOURCE / "README.md").read_text()
    section = text[text.index("## A first gate"):]
    section = section[:section.index("\n## ")]
    return re.findall(r"```(\w+)\n(.*?)```", section, re.DOTALL)


class FirstGate(GateTest):
    def script(self):
        """The section as one script; what it builds is the binary under test."""
        lines = ["set -u", 'trap "kill %1 %2 2>/dev/null; wait" EXIT']
        for language, text in steps():
            if language == "yaml":
                name = re.match(r"# ([\w.]+\.yaml)", text).group(1)
                lines.append(f"cat > {name} <<'END OF FILE'\n{text}END OF FILE\nsed -i \"s/{PLACEHOLDER}/$HASH/\" {name}")
                continue
            for line in text.splitlines():
                line = re.sub(r"^\./dev build$", "true", line).replace("$PWD/build/release", os.path.dirname(BINARY))
                if line == "sluice client new soar":
                    line += " > printed; cat printed; HASH=$(grep -o '[0-9a-f]\\{64\\}' printed)"
                if line.startswith(f"TOKEN=sluice_{PLACEHOLDER}"):
                    line = "TOKEN=$(grep -o 'sluice_[A-Za-z0-9_-]*' printed | head -n 1)"
                lines.append(f"{line}\necho \"--- exit $?\"")
        lines.append(textwrap.dedent("""
            sed -i 's/maxItems: 2/maxItems: 3/' policy.yaml
            for attempt in $(seq 100); do
              sleep 0.1
              if grep -q policy.reloaded <<< "$(sluice audit list --config sluice.yaml)"; then break; fi
            done
            curl -si http://127.0.0.1:8080/push/v1/employees/e1/merge -H "x-api-key: $TOKEN" -H 'Content-Type: application/json' -d '{"secondaryEmployeeIds":["e7","e8","e9"]}'
            """))
        return "\n".join(lines)

    def test_the_steps_of_the_readme_do_what_it_says(self):
        network = own_network()
        if network is None:
            self.skipTest("no network namespace can be had here: the README's fixed ports cannot be used")
        home = self.folder / "home"
        home.mkdir()
        done = subprocess.run([*network, "bash", "-c", self.script()], cwd=SOURCE, env={**os.environ, "HOME": str(home)}, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=120 * PATIENCE, check=False)
        shown = done.stdout + done.stderr
        gate_log = pathlib.Path(home, "first-gate", "gate.log").read_text() if (home / "first-gate" / "gate.log").exists() else "no gate.log"
        self.assertNotRegex(done.stdout, r"--- exit [1-9]", shown + gate_log)
        self.assertIn("sluice.yaml: valid", shown)
        self.assertRegex(done.stdout, r"(?m)^deny\n(.*\n)*.*merge-cap", shown)
        answers = re.findall(r"^HTTP/1\.1 (\d+)", done.stdout, re.MULTILINE)
        self.assertEqual(answers, ["200", "200", "403", "200"], shown + gate_log)
        self.assertIn('"operation":"push.employees.merge"', done.stdout)
        for event in ("request.attempted", "request.forwarded", "request.denied"):
            self.assertIn(event, done.stdout)
        self.assertIn("READY", done.stdout)


if __name__ == "__main__":
    main()
