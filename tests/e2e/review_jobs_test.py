"""The jobs of config/review, step by step in a git repository: their shell as the file has it, with a `gh` that writes down what it
is asked and an API of GitLab's that keeps the notes. What only GitHub and GitLab do (actions) is not run; conditions are read as
Python."""

import http.server
import json
import os
import pathlib
import re
import shlex
import subprocess
import threading

import yaml

from harness import BINARY, PATIENCE, SOURCE, GateTest, main

POLICY = """version: 1
rules:
  - { id: siem-reads, effect: allow, when: { client: siem, operation: push.employees.list } }
"""
WIDER = POLICY.replace("push.employees.list", '"push.*.list"')
BROKEN = POLICY.replace("effect: allow", "effect: alow")
CONFIG = """version: 1
listen: [ { address: 127.0.0.1:8080 } ]
apis: { push: { catalogue: push, upstream: https://api.pushsecurity.com, credential: { full: { env: PUSH_KEY } } } }
clients: { siem: { token: { env: SIEM_TOKEN } } }
policy: policy.yaml
"""
TESTS = """config: sluice.yaml
tests:
  - { name: siem lists, request: { client: siem, method: GET, path: /push/v1/employees }, expect: allow }
"""
GH = '#!/bin/sh\nprintf "%s\\n" "$*" >>"$GH_ASKED"\n[ "$1" = api ] || cp "$5" "$GH_ASKED.body"\n'
BASH = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c"]


class GitLab:
    """POST .../notes, and what came."""

    def __init__(self):
        notes = self.notes = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                notes.append((self.path, self.headers["PRIVATE-TOKEN"], json.loads(body)["body"]))
                self.send_response(201)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/api/v4"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


class ReviewJobs(GateTest):
    def setUp(self):
        super().setUp()
        self.temp = self.folder / "runner"
        self.temp.mkdir()
        gh = self.write("bin/gh", GH)
        gh.chmod(0o755)
        self.environment = {**os.environ, "PATH": f"{gh.parent}:{pathlib.Path(BINARY).parent}:{os.environ['PATH']}",
                            "GIT_CONFIG_GLOBAL": "/dev/null", "RUNNER_TEMP": str(self.temp), "GH_ASKED": str(self.temp / "gh"),
                            "GITHUB_STEP_SUMMARY": str(self.temp / "summary"), "GITHUB_OUTPUT": str(self.temp / "output")}

    def repository(self, before, after):
        """With one commit of `before`, its id, and `after` in the folder."""
        self.repo = self.folder / "repository"
        for name, text in (("sluice.yaml", CONFIG), ("own.test.yaml", TESTS), *((("policy.yaml", before),) if before else ())):
            self.write(f"repository/{name}", text)
        identity = ["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false"]
        for command in (["init", "--quiet"], ["add", "."], [*identity, "commit", "--quiet", "--message=before"]):
            subprocess.run(["git", *command], cwd=self.repo, check=True, env=self.environment)
        self.write("repository/policy.yaml", after)
        return subprocess.run(["git", "rev-parse", "HEAD"], cwd=self.repo, check=True, capture_output=True, text=True).stdout.strip()

    def shell(self, script, **variables):
        return subprocess.run([*BASH, script], cwd=self.repo, env={**self.environment, **variables}, capture_output=True, text=True,
                              timeout=60 * PATIENCE)

    # --- GitHub

    def github(self, base):
        """The steps that have a shell, by name, each to be run when wanted."""
        job = yaml.safe_load((SOURCE / "config/review/github-actions.yaml").read_text())
        contexts = {"github.event.pull_request.base.sha": base, "github.event.pull_request.number": "17", "github.token": "no-token"}

        def filled(text):
            return re.sub(r"\$\{\{ (\S+) \}\}", lambda found: contexts[found[1]], str(text))

        def run(step):
            return lambda: self.shell(step["run"], **job["env"], **{name: filled(text) for name, text in step.get("env", {}).items()})

        return {step["name"]: run(step) for step in job["jobs"]["review"]["steps"] if "run" in step}

    def follow_github(self, before, after):
        steps = self.github(self.repository(before, after))
        done = {}
        for name in ("check", "test", "diff", "the difference as a comment"):
            done[name] = steps[name]()
            if done[name].returncode != 0:
                break
        return steps, done

    def test_github_shows_what_is_widened_and_fails_without_the_label(self):
        steps, done = self.follow_github(POLICY, WIDER)
        for name, step in done.items():
            self.assertEqual(step.returncode, 0, f"{name}: {step.stdout}{step.stderr}")
        self.assertIn("1 passed, 0 failed", done["test"].stdout)
        self.assertEqual((self.temp / "output").read_text(), "widened=1\n")
        comment = (self.temp / "gh.body").read_text()
        self.assertIn("| `siem` | `push.apps.list` | deny: none | allow: `siem-reads` | `GET /push/v1/apps` |", comment)
        self.assertEqual((self.temp / "summary").read_text(), comment)
        self.assertEqual((self.temp / "gh").read_text(),
                         f"pr comment 17 --body-file {self.temp}/diff.md --edit-last --create-if-none\n")
        last = steps["somebody gains something"]()
        self.assertEqual(last.returncode, 1)
        self.assertIn("::error::the policy is widened", last.stdout)

    def test_github_says_when_nothing_is_decided_differently(self):
        _, done = self.follow_github(POLICY, POLICY + "  - { id: trial, effect: deny, mode: shadow, when: { client: siem } }\n")
        self.assertEqual(done["diff"].returncode, 0, done["diff"].stderr)
        self.assertEqual((self.temp / "output").read_text(), "widened=0\n")
        self.assertIn("no request is decided differently", (self.temp / "gh.body").read_text())

    def test_github_stops_at_a_broken_policy_with_the_findings_for_the_lines(self):
        _, done = self.follow_github(POLICY, BROKEN)
        self.assertEqual([(name, step.returncode) for name, step in done.items()], [("check", 1)])
        results = json.loads((self.temp / "check.sarif").read_text())["runs"][0]["results"]
        self.assertEqual([result["level"] for result in results], ["error"])

    def test_github_takes_the_first_policy_of_a_repository_for_one_that_widens(self):
        _, done = self.follow_github(None, POLICY)
        self.assertEqual(done["diff"].returncode, 0, done["diff"].stderr)
        self.assertEqual((self.temp / "output").read_text(), "widened=1\n")

    def test_github_lets_a_label_count_for_what_was_pushed_before_it(self):
        steps = self.github(self.repository(POLICY, WIDER))
        job = yaml.safe_load((SOURCE / "config/review/github-actions.yaml").read_text())
        conditions = {step["name"]: step["if"] for step in job["jobs"]["review"]["steps"] if "run" in step and "if" in step}

        def runs(name, action, labels):
            texts = {"steps.diff.outputs.widened": "1", "github.event.action": action, "github.event.pull_request.labels.*.name": labels}
            text = conditions[name].replace("&&", " and ").replace("||", " or ").replace("!contains", " not contains")
            for context, value in texts.items():
                text = text.replace(context, repr(value))
            return eval(text, {"contains": lambda values, value: value in values, "fromJSON": json.loads})

        for action, labels, taken_off, fails in (("opened", [], False, True), ("labeled", ["widens"], False, False),
                                                 ("synchronize", ["widens"], True, True), ("reopened", ["widens"], True, True),
                                                 ("labeled", ["other"], False, True), ("synchronize", [], False, True)):
            with self.subTest(action=action, labels=labels):
                self.assertEqual(runs("what is new since the label", action, labels), taken_off)
                self.assertEqual(runs("somebody gains something", action, labels), fails)
        self.environment["GITHUB_REPOSITORY"] = "acme/policy"
        self.assertEqual(steps["what is new since the label"]().returncode, 0)
        self.assertEqual((self.temp / "gh").read_text().splitlines()[-1],
                         "api --silent --method DELETE repos/acme/policy/issues/17/labels/widens")

    # --- GitLab

    def follow_gitlab(self, before, after):
        base = self.repository(before, after)
        gitlab = GitLab()
        self.doubles.append(gitlab)
        job = yaml.safe_load((SOURCE / "config/review/gitlab-ci.yaml").read_text())["policy-review"]
        done = self.shell("\n".join(job["script"]), **job["variables"], CI_MERGE_REQUEST_DIFF_BASE_SHA=base, CI_API_V4_URL=gitlab.url,
                          CI_PROJECT_ID="5", CI_MERGE_REQUEST_IID="9", POLICY_REVIEW_TOKEN="no-token")
        return done, gitlab.notes

    def test_gitlab_notes_what_is_widened_and_fails(self):
        done, notes = self.follow_gitlab(POLICY, WIDER)
        self.assertEqual(done.returncode, 1, done.stderr)
        (path, token, body), = notes
        self.assertEqual((path, token), ("/api/v4/projects/5/merge_requests/9/notes", "no-token"))
        self.assertIn("`push.apps.list`", body)
        self.assertEqual((self.repo / "policy-diff.md").read_text(), body)
        self.assertIn('<testsuites name="sluice test" tests="1" failures="0"', (self.repo / "policy-tests.xml").read_text())

    def test_gitlab_passes_what_widens_nothing(self):
        done, notes = self.follow_gitlab(WIDER, POLICY)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(len(notes), 1)

    def test_gitlab_takes_the_first_policy_of_a_repository_for_one_that_widens(self):
        done, notes = self.follow_gitlab(None, POLICY)
        self.assertEqual((done.returncode, len(notes)), (1, 1), done.stderr)

    def test_gitlab_notes_nothing_of_a_policy_that_it_cannot_compare(self):
        done, notes = self.follow_gitlab(BROKEN, POLICY)
        self.assertEqual((done.returncode, notes), (2, []), done.stderr)
        self.assertIn('unknown value "alow"', done.stderr)

    # --- pre-commit

    def hooks_after(self, policy):
        """The exit status of each hook, run as pre-commit runs it when nothing but the policy has changed."""
        self.repository(POLICY, policy)
        done = {}
        for hook in yaml.safe_load((SOURCE / ".pre-commit-hooks.yaml").read_text()):
            files = [] if hook.get("pass_filenames") is False else ["policy.yaml"]
            if re.search(hook["files"], "policy.yaml"):
                done[hook["id"]] = subprocess.run([*shlex.split(hook["entry"]), *files], cwd=self.repo, env=self.environment,
                                                  capture_output=True, timeout=60 * PATIENCE).returncode
        return done

    def test_hooks_judge_a_commit_of_the_policy_alone(self):
        self.assertEqual(self.hooks_after(WIDER), {"sluice-check": 0, "sluice-test": 0})

    def test_hooks_stop_a_policy_that_breaks_a_test(self):
        self.assertEqual(self.hooks_after(POLICY.replace("employees.list", "apps.list")), {"sluice-check": 0, "sluice-test": 1})

    def test_the_page_has_the_same_hooks(self):
        page = (SOURCE / "config/review/README.md").read_text(encoding="utf-8")
        block = re.search(r"^```yaml\n(# \.pre-commit-config\.yaml\n.*?)^```$", page, re.MULTILINE | re.DOTALL)[1]
        known = [{name: value for name, value in hook.items() if name != "description"}
                 for hook in yaml.safe_load((SOURCE / ".pre-commit-hooks.yaml").read_text())]
        self.assertEqual(yaml.safe_load(block)["repos"][0]["hooks"], known)


if __name__ == "__main__":
    main()
