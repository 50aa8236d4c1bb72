"""The files of config/tools, run as its page says: against the gate, with real TLS, and the vendors' stand-ins behind it."""

import json
import os
import pathlib
import socket
import subprocess
import sys

from certificates import Authority
from harness import GateTest, PATIENCE, SECURENVOY, SOURCE, main
from scripted_upstream import answer

TOOLS = SOURCE / "config" / "tools"
COMMANDS = {"curl.sh": [str(TOOLS / "curl.sh")], "gate.py": [sys.executable, "-B", str(TOOLS / "gate.py")]}
MERGE = json.dumps({"secondaryEmployeeIds": ["e2", "e3", "e4"]})


class Tools(GateTest):
    def setUp(self):
        super().setUp()
        self.authority = Authority(self.folder)

    def tls_gate(self, apis, *names, **sections):
        certificate, key = self.authority.issue("gate", *(names or ["DNS:localhost"]))
        gate = self.gate(apis, listen=[{"address": "127.0.0.1:0", "tls": {"certificate": certificate, "private_key": key}}], **sections)
        self.origin = f"https://localhost:{gate.address[1]}"
        return gate

    def simulated(self, **changes):
        """Push's stand-in, without a limit of its own: the gate's is the one that counts."""
        vendor = self.simulate("push", "--rate", "0", "--key", self.secrets["PUSH_FULL_KEY"], "--read-key", self.secrets["PUSH_READ_KEY"])
        return {"push": self.push(f"http://127.0.0.1:{vendor.port}", **changes)}

    def use(self, tool, client, *arguments, api="/push", url=None):
        environment = {**os.environ, "SLUICE_URL": url or self.origin + api, "SLUICE_TOKEN": self.secrets[f"{client.upper()}_TOKEN"],
                       "SLUICE_CA": str(self.authority.certificate)}
        return subprocess.run([*COMMANDS[tool], *arguments], capture_output=True, text=True, timeout=120 * PATIENCE, env=environment)

    def answered(self, gate, status):
        return gate.metric("sluice_requests_total", status=str(status))


class Requests(Tools):
    def test_read_write_and_are_refused(self):
        gate = self.tls_gate(self.simulated())
        for number, tool in enumerate(COMMANDS, start=1):
            with self.subTest(tool=tool):
                done = self.use(tool, "siem", "GET", "/v1/employees?limit=2")
                self.assertEqual((done.returncode, len(json.loads(done.stdout)["result"])), (0, 2), done.stderr)
                done = self.use(tool, "soar", "POST", "/v1/employees/e1/groups", json.dumps({"group": f"Engineering team {number}"}))
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertIn(f"Engineering team {number}", json.loads(done.stdout)["groups"])
                denied = self.use(tool, "soar", "POST", "/v1/employees/e1/merge", MERGE)
                self.assertNotEqual(denied.returncode, 0)
                self.assertRegex(denied.stdout + denied.stderr, "policy-denied")
                self.assertRegex(denied.stdout + denied.stderr, "merge-cap")
                self.assertEqual(self.answered(gate, 403), number, "a refusal by policy is not repeated")

    def test_are_refused_with_a_token_that_is_none(self):
        gate = self.tls_gate(self.simulated())
        self.secrets["NOBODY_TOKEN"] = "nobody"
        for number, tool in enumerate(COMMANDS, start=1):
            done = self.use(tool, "nobody", "GET", "/v1/employees")
            self.assertNotEqual(done.returncode, 0)
            self.assertRegex(done.stdout + done.stderr, "the client token is not known")
            self.assertEqual(self.answered(gate, 401), number)

    def test_say_in_one_line_that_no_gate_answers(self):
        with socket.socket() as nobody:
            nobody.bind(("127.0.0.1", 0))  # and does not listen
            url = f"https://127.0.0.1:{nobody.getsockname()[1]}/push"
            for tool, arguments in (("curl.sh", ["GET", "/v1/employees"]), ("gate.py", ["GET", "/v1/employees"]), ("gate.py", ["--pages", "/v1/employees"])):
                with self.subTest(tool=tool, arguments=arguments):
                    done = self.use(tool, "siem", *arguments, url=url)
                    self.assertNotEqual(done.returncode, 0)
                    lines = [line for line in done.stderr.splitlines() if "retry" not in line]
                    self.assertEqual((done.stdout, len(lines)), ("", 1), done.stderr)

    def test_wait_as_the_gate_says_and_come_again(self):
        gate = self.tls_gate(self.simulated(limit={"rate": 0.2, "burst": 1}, queue={"max_wait": "10ms"}))
        for tool in COMMANDS:
            with self.subTest(tool=tool):
                before = self.answered(gate, 429)
                for _ in range(2):
                    done = self.use(tool, "siem", "GET", "/v1/employees")
                    self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
                self.assertGreater(self.answered(gate, 429), before, "nothing had to wait")
        before = self.answered(gate, 429)
        done = self.use("gate.py", "admin", "POST", "/v1/employees/e1/groups", '{"group": "a"}')  # a write too: it was not sent
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertGreater(self.answered(gate, 429), before, "nothing had to wait")

    def test_repeat_a_read_that_the_vendor_failed_and_never_a_write(self):
        seen = []

        def fail_the_first_of_each(request, connection):
            seen.append(request.method)
            first = seen.count(request.method) == 1
            return answer(503 if first else 200, body=b'{"first":1}' if first else b"{}", headers=[("Retry-After", "1"), ("Content-Type", "application/json")])
        vendor = self.upstream(fail_the_first_of_each)
        self.tls_gate({"push": self.push(vendor.url)})
        for tool in COMMANDS:
            with self.subTest(tool=tool):
                seen.clear()
                done = self.use(tool, "admin", "GET", "/v1/employees")
                self.assertEqual((done.returncode, done.stdout.strip()), (0, "{}"), "the last answer alone")
                self.assertNotEqual(self.use(tool, "admin", "POST", "/v1/employees/e1/groups", '{"group": "a"}').returncode, 0)
                self.assertEqual(seen, ["GET", "GET", "POST"])

    def test_follow_no_redirect_with_the_token(self):
        elsewhere = self.upstream()
        self.tls_gate({"push": self.push(self.upstream(lambda *_: answer(302, headers=[("Location", f"http://localhost:{elsewhere.port}/")])).url)})
        for tool in COMMANDS:
            self.use(tool, "siem", "GET", "/v1/employees")
        self.assertEqual(elsewhere.targets(), [])
        self.assertNotEqual(self.use("gate.py", "siem", "GET", "/v1/employees").returncode, 0)

    def test_send_what_they_are_given_and_no_file(self):
        vendor = self.upstream()
        tool = self.use("curl.sh", "siem", "POST", "/v1/{a,b}?f[a]=[1-2]", "@" + str(self.authority.certificate), url=vendor.url)
        self.assertEqual(tool.returncode, 0, tool.stderr)
        self.assertEqual(vendor.targets(), ["POST /v1/{a,b}?f[a]=[1-2]"])
        self.assertEqual(vendor.requests[0].body, b"@" + str(self.authority.certificate).encode())

    def test_ask_for_the_head_alone(self):
        gate = self.tls_gate({"push": self.push(self.upstream(lambda *_: answer(body=b"", headers=[("Content-Length", "9")])).url)})
        for number, tool in enumerate(COMMANDS, start=1):
            with self.subTest(tool=tool):
                self.assertEqual(self.use(tool, "siem", "HEAD", "/v1/employees").returncode, 0)
                denied = self.use(tool, "soar", "HEAD", "/v1/detections")
                self.assertNotEqual(denied.returncode, 0)
                self.assertNotIn("Traceback", denied.stderr)
                self.assertEqual(self.answered(gate, 403), number)

    def test_end_where_a_page_comes_again(self):
        self.tls_gate({"push": self.push(self.upstream(lambda *_: answer(body=b'{"result":[1],"paging":{"nextToken":"n"}}')).url)})
        done = self.use("gate.py", "siem", "--pages", "/v1/employees")
        self.assertEqual((done.returncode, done.stdout), (1, "1\n1\n"))
        self.assertEqual(done.stderr, "vendor: the page n comes again\n")

    def test_say_nothing_of_a_token_that_is_odd(self):
        gate = self.tls_gate(self.simulated())
        whole = self.secrets["SIEM_TOKEN"]
        self.secrets["SIEM_TOKEN"] = whole + "\r\n"  # a file of Windows
        self.assertEqual(self.use("gate.py", "siem", "GET", "/v1/employees").returncode, 0)
        self.secrets["SIEM_TOKEN"] = whole + "\r\nx"
        done = self.use("gate.py", "siem", "GET", "/v1/employees")
        self.assertEqual((done.returncode, done.stderr), (1, "SLUICE_TOKEN is no token\n"))
        self.assertEqual(self.answered(gate, 200), 1)

    def test_read_page_after_page(self):
        self.tls_gate(self.simulated())
        done = self.use("gate.py", "siem", "--pages", "/v1/employees?limit=4")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual([json.loads(line)["id"] for line in done.stdout.splitlines()], [f"e{number}" for number in range(1, 10)])
        done = self.use("gate.py", "soar", "--pages", "/v1/detections")
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertRegex(done.stderr, r"^gate: 403 urn:sluice:problem:policy-denied: ")

    def test_show_no_token_to_who_lists_processes(self):
        gate = self.tls_gate({"push": self.push(self.upstream(self.list_processes).url)})
        for tool in COMMANDS:
            self.listed = []
            self.assertEqual(self.use(tool, "siem", "GET", "/v1/employees").returncode, 0)
            self.assertTrue(any(tool in line for line in self.listed), "the tool's own process was not seen")
            self.assertFalse(any(self.secrets["SIEM_TOKEN"] in line for line in self.listed), f"{tool} has the token among its arguments")
        self.assertEqual(self.answered(gate, 200), len(COMMANDS))

    def list_processes(self, request, connection):
        for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
            try:
                self.listed.append(path.read_bytes().replace(b"\0", b" ").decode("utf-8", "replace"))
            except OSError:
                pass  # it has ended
        return answer(body=b"{}")


class Names(Tools):
    """Tools that can change the host alone, or nothing at all."""

    def curl(self, host, gate, path, client="siem", header="x-api-key: {}"):
        done = subprocess.run(["curl", "--silent", "--show-error", "--cacert", str(self.authority.certificate), "--resolve",
                               f"{host}:{gate.address[1]}:127.0.0.1", "--header", header.format(self.secrets[f"{client.upper()}_TOKEN"]),
                               f"https://{host}:{gate.address[1]}{path}"], capture_output=True, text=True, timeout=60 * PATIENCE)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def test_a_host_of_the_gates_means_one_api(self):
        gate = self.tls_gate(self.simulated(hosts=["push.gate.example"]), "DNS:push.gate.example")
        self.assertEqual(len(self.curl("push.gate.example", gate, "/v1/employees")["result"]), 9)

    def test_the_vendors_own_names_lead_to_the_gate(self):
        securenvoy = self.simulate("securenvoy", "--rate", "0", "--key", self.secrets["SECURENVOY_KEY"])
        apis = self.simulated(hosts=["api.pushsecurity.com"])
        apis["securenvoy"] = self.securenvoy(f"http://127.0.0.1:{securenvoy.port}", hosts=["acme.eu.securenvoy.directory"])
        gate = self.tls_gate(apis, "DNS:api.pushsecurity.com", "DNS:acme.eu.securenvoy.directory")
        self.assertEqual(len(self.curl("api.pushsecurity.com", gate, "/v1/employees")["result"]), 9)
        users = self.curl("acme.eu.securenvoy.directory", gate, SECURENVOY.removeprefix("/securenvoy") + "/users", header="Authorization: Bearer {}")
        self.assertIn("u1", json.dumps(users))


if __name__ == "__main__":
    main()
