"""The commands of the handbook's pages, run as they stand there, with what the pages say is seen.

A block ```console holds commands, each after `$ `, and below each its output: `…` stands for any text within a line, a line of
`…` alone for any lines, and a last line `(exit status N)` for a status other than 0. The blocks of a page run in one shell, in
the root of a copy of the tree. A block ```yaml of rules, or of a whole policy, has to be one that `sluice check` accepts."""

import os
import pathlib
import re
import shutil
import socket
import subprocess
import threading

from harness import BINARY, PATIENCE, SOURCE, GateTest, main, wait_until

PORTS = ("8080", "9901", "9101", "9102", "9103")
# What is written a moment after a command has returned: asked again until the page is right.
SETTLES = re.compile(r"sluice audit list|/metrics|/status")
DONE = "@@done@@"


def blocks(page, kind):
    text = (SOURCE / page).read_text(encoding="utf-8")
    return re.findall(rf"^```{kind}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def steps(page):
    """(command, expected lines, status) of a page's blocks, in order."""
    for block in blocks(page, "console"):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            lines = part.rstrip("\n").split("\n")
            count = 1
            while lines[count - 1].endswith("\\") or len(re.findall(r"(?<!\\)'", "\n".join(lines[:count]))) % 2:
                count += 1
            expected = lines[count:]
            status = re.fullmatch(r"\(exit status (\d+)\)", expected[-1]) if expected else None
            yield "\n".join(lines[:count]), expected[:-1] if status else expected, int(status.group(1)) if status else 0


def pattern(expected):
    lines = []
    for line in expected:
        lines.append(r"(?:.*\n)*" if line == "…" else re.escape(line).replace("…", ".*") + r"\n")
    return re.compile("".join(lines))


class Shell:
    """One bash, to which commands are given one after the other."""

    def __init__(self, folder, environment):
        self.folder = folder
        self.popen = subprocess.Popen(["bash", "--norc", "--noprofile"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                      stderr=subprocess.STDOUT, text=True, cwd=folder, env=environment, start_new_session=True)

    def run(self, command):
        """(output, status)"""
        self.popen.stdin.write(f"{command}\nprintf '\\n{DONE} %s\\n' $?\n")
        self.popen.stdin.flush()
        watch = threading.Timer(60 * PATIENCE, self.popen.kill)
        watch.start()
        lines = []
        for line in self.popen.stdout:
            if line.startswith(DONE):
                break
            lines.append(line)
        else:
            raise AssertionError(f"the shell ended in: {command}\n{''.join(lines)}")
        watch.cancel()
        output = "".join(lines)
        return output[:-1] if output.endswith("\n") else output, int(line.split()[1])

    def end(self):
        """Ends what the page left running; a server that was told to end has to end well."""
        # disown: the shell reports nothing of them.
        left = self.run("for job in $(jobs -p); do kill -TERM $job; wait $job || echo \"$job ended with $?\"; done")[0]
        self.popen.stdin.close()
        self.popen.wait(20 * PATIENCE)
        self.popen.stdout.close()
        return left


class Pages(GateTest):
    def setUp(self):
        super().setUp()
        self.map = {port: self.free_port() for port in PORTS}

    @staticmethod
    def free_port():
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            return str(listener.getsockname()[1])

    def here(self, text):
        """With the ports of this run."""
        return re.sub(r"(127\.0\.0\.1:)(" + "|".join(PORTS) + r")\b", lambda found: found[1] + self.map[found[2]], text)

    def copy_tree(self):
        tree = self.folder / "clone"
        for name in ("config", "policy"):
            shutil.copytree(SOURCE / name, tree / name)
        for path in [*tree.rglob("*.yaml"), *tree.rglob("*.sh")]:
            path.write_text(self.here(path.read_text(encoding="utf-8")), encoding="utf-8")
        return tree

    def environment(self):
        home = self.folder / "home"
        home.mkdir()
        keep = {name: os.environ[name] for name in ("LD_LIBRARY_PATH", "ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS") if name in os.environ}
        return {**keep, "PATH": f"{pathlib.Path(BINARY).parent}:{os.environ['PATH']}", "HOME": str(home), "LC_ALL": "C.UTF-8",
                "TMPDIR": str(self.folder)}

    def follow(self, page):
        shell = Shell(self.copy_tree(), self.environment())
        try:
            count = 0
            for command, expected, status in steps(page):
                with self.subTest(page=page, command=command):
                    self.take(shell, self.here(command), [self.here(line) for line in expected], status)
                count += 1
        finally:
            left = shell.end()
        self.assertEqual(left, "", "what a page left running ends well")
        self.assertGreater(count, 0)

    def take(self, shell, command, expected, status):
        # The built binary of this run is on the PATH already.
        command = command.replace("$PWD/build/release:", "")
        want = pattern(expected)
        asked = []

        def as_said():
            asked[:] = shell.run(command)
            return want.fullmatch(asked[0] and asked[0] + ("" if asked[0].endswith("\n") else "\n")) and asked[1] == status

        try:
            wait_until("the page's output", as_said, 20 if SETTLES.search(command) else 0)
        except AssertionError:
            self.fail(f"$ {command}\n{asked[0]}\n(exit status {asked[1]})\nthe page says:\n" + "\n".join(expected))
        if command.endswith("&"):
            self.wait_for_ports(command)

    def wait_for_ports(self, command):
        for port in re.findall(r"127\.0\.0\.1:(\d+)", command) or [self.map["8080"], self.map["9901"]]:
            wait_until(f"port {port}, for {command}", lambda port=port: self.answers(port))

    @staticmethod
    def answers(port):
        with socket.socket() as asker:
            return asker.connect_ex(("127.0.0.1", int(port))) == 0

    def test_writing_a_policy_from_nothing_to_production(self):
        self.follow("config/examples/README.md")

    def test_reviewing_a_policy(self):
        self.follow("policy/review/README.md")

    def test_the_demo(self):
        self.follow("config/demo/README.md")

    def test_every_rule_of_the_pages_is_accepted(self):
        configuration = self.folder / "sluice.yaml"
        example = (SOURCE / "config/examples/sluice.yaml").read_text(encoding="utf-8")
        configuration.write_text(re.sub(r"^policy: .*$", "policy: policy.yaml", example, flags=re.MULTILINE), encoding="utf-8")
        judged = 0
        for page in ("policy/README.md", "config/examples/README.md", "config/demo/README.md"):
            for block in blocks(page, "yaml"):
                if block.startswith("- id: ") and "effect:" in block:
                    block = "version: 1\nrules:\n" + re.sub("^", "  ", block, flags=re.MULTILINE)
                if "rules:" not in block:
                    continue
                (self.folder / "policy.yaml").write_text(block, encoding="utf-8")
                with self.subTest(page=page, block=block):
                    self.run_sluice("check", "--config", configuration, status=0)
                judged += 1
        self.assertGreater(judged, 2)

    def test_the_catalogues_of_the_page_are_accepted(self):
        own, _, whole = blocks("policy/catalogue/README.md", "yaml")
        self.write("catalogues/push-extra.yaml", own)
        self.write("catalogues/tickets.yaml", whole)
        apis = {"push": self.push("https://api.pushsecurity.com", catalogue="catalogues/push-extra.yaml"),
                "tickets": self.push("https://tickets.example", catalogue="catalogues/tickets.yaml")}
        configuration = self.configuration(apis, policy={"version": 1, "rules": [
            {"id": "tags", "effect": "allow", "when": {"operation": ["push.url-blocking.add", "tickets.close"]}}]})
        self.run_sluice("check", "--config", configuration, status=0)


if __name__ == "__main__":
    main()
