"""`check`, `test`, `diff` and `explain` on what is hostile or merely large: they end soon, and let nothing through to the terminal."""

import json
import subprocess
import time

from harness import BINARY, GateTest, PATIENCE, main

LIST = {"client": "siem", "method": "GET", "path": "/push/v1/employees"}
ODD = "\x1b[31m\u009b2J\u202e|`</code><img src=x>\u2028"


class Review(GateTest):
    def policy(self, name, rules):
        return self.write(name, {"version": 1, "rules": rules})

    def config(self, policy, clients=("siem",)):
        apis = {"push": self.push("https://api.pushsecurity.com"), "securenvoy": self.securenvoy("https://acme.eu.securenvoy.directory")}
        return self.write("sluice.yaml", {"version": 1, "listen": [{"address": "127.0.0.1:8080"}], "apis": apis, "policy": policy.name,
                                          "clients": {name: {"token": {"env": f"TOKEN_{name}"}} for name in clients}})

    def soon(self, *arguments, seconds=10):
        start = time.monotonic()
        result = self.run_sluice(*arguments)
        self.assertLess(time.monotonic() - start, seconds * PATIENCE, arguments)
        return result

    def test_many_rules_are_checked_and_explained_soon(self):
        rules = [{"id": f"r{number}", "effect": "allow", "when": {"client": "siem", "access": "read"}} for number in range(40000)]
        config = self.config(self.policy("policy.yaml", rules))
        status, output, _ = self.soon("check", "--config", config)
        self.assertEqual(status, 0)
        self.assertIn("r39999 changes nothing: all that it allows is allowed by r0, remove it", output)
        self.assertIn("more than 10000 findings", output)
        self.soon("explain", "--config", config, "--client", "siem", "GET", "/push/v1/employees")

    def test_many_rules_and_clients_are_checked_soon(self):
        names = [f"c{number}" for number in range(4000)]
        rules = [{"id": f"r-{name}", "effect": "allow", "when": {"client": name, "access": "read"}} for name in names]
        status, output, _ = self.soon("check", "--config", self.config(self.policy("policy.yaml", rules), names))
        self.assertEqual(status, 0)
        self.assertNotIn("allow-redundant", output)

    def test_many_constants_are_compared_soon_or_said_to_be_too_many(self):
        def policy(name, count, letter):
            return self.policy(name, [{"id": f"r{number}", "effect": "allow",
                                       "when": {"operation": "securenvoy.users.list", "query": {"q": f"{letter}{number}"}}}
                                      for number in range(count)])

        old, new = policy("old.yaml", 500, "u"), policy("new.yaml", 500, "v")
        status, output, _ = self.soon("diff", "--config", self.config(old), old, new)
        self.assertEqual(status, 1)
        self.assertIn("500 widened, 500 narrowed", output)
        old, new = policy("old.yaml", 4000, "u"), policy("new.yaml", 4000, "v")
        status, output, _ = self.soon("diff", "--config", self.config(old), old, new)
        self.assertEqual(status, 1)
        self.assertIn("cannot be decided: its values are too many to compare", output)

    def test_nothing_of_a_policy_or_a_test_controls_the_terminal_or_the_comment(self):
        old = self.policy("old.yaml", [])
        new = self.policy("new.yaml", [{"id": "a", "effect": "allow", "reason": "text",
                                        "when": {"operation": "push.employees.list", "header": {"x-odd": "\u009b\u202e|`</code><img src=x>"}}}])
        config = self.config(new)
        tests = self.write("tests.yaml", {"config": config.name, "tests": [
            {"name": ODD, "request": LIST, "expect": {"decision": "allow", "reason": ODD}}]})
        outputs = [self.run_sluice("test", tests)[1], self.run_sluice("check", "--config", config)[1],
                   self.run_sluice("explain", "--config", config, "--client", "siem", "GET", "/push/v1/employees")[1]]
        outputs += [self.run_sluice("diff", "--config", config, old, new, "--format", form)[1] for form in ("text", "markdown")]
        for output in outputs:
            for character in "\x1b\u009b\u202e\u2028":
                self.assertNotIn(character, output)
        row = [line for line in outputs[-1].splitlines() if "x-odd" in line][0]
        self.assertIn("``GET /push/v1/employees  x-odd: \\xc2\\x9b\\xe2\\x80\\xae\\|`</code><img src=x>``", row)

    def test_a_body_that_never_ends_is_refused(self):
        config = self.config(self.policy("policy.yaml", []))
        with open("/dev/zero", "rb") as endless:
            done = subprocess.run([BINARY, "explain", "--config", config, "--client", "siem", "--body", "-", "POST", "/push/v1/x"],
                                  stdin=endless, capture_output=True, text=True, timeout=60 * PATIENCE)
        self.assertEqual((done.returncode, done.stderr), (2, "sluice: --body: cannot read stdin: it is larger than 10 MiB\n"))

    def test_a_header_that_is_none_is_not_shown(self):
        config = self.config(self.policy("policy.yaml", []))
        status, output, errors = self.run_sluice("explain", "--config", config, "--client", "siem", "--header", "SecretToken", "GET", "/push/v1/x")
        self.assertEqual((status, output), (2, ""))
        self.assertNotIn("SecretToken", errors)

    def test_an_output_that_cannot_be_written_is_no_success(self):
        config = self.config(self.policy("policy.yaml", [{"id": "a", "effect": "allow", "when": {"client": "siem", "api": "push"}}]))
        with open("/dev/full", "w") as full:
            done = subprocess.run([BINARY, "check", "--config", config], stdout=full, stderr=subprocess.PIPE, text=True, timeout=60 * PATIENCE)
        self.assertEqual((done.returncode, done.stderr), (2, "sluice: cannot write the output\n"))

    def test_a_file_of_findings_is_json_whatever_its_size(self):
        rules = [{"id": f"r{number}", "effect": "allow", "when": {"client": f"nobody{number}"}} for number in range(20000)]
        status, output, _ = self.soon("check", "--config", self.config(self.policy("policy.yaml", rules)), "--format", "json")
        self.assertEqual(status, 1)
        self.assertEqual(len(json.loads(output)["findings"]), 10001)


if __name__ == "__main__":
    main()
