"""Starting, refusing to start, health, and leaving in good order."""

import json
import re
import signal
import socket
import threading
import time

from harness import GateTest, main, wait_until
from raw_http import Closed, Connection, request_bytes
from scripted_upstream import answer


class Leaving(GateTest):
    def slow_gate(self, seconds=1.5, **options):
        def script(request, connection):
            time.sleep(seconds)
            return answer(body=b"late but whole")
        return self.push_gate(self.upstream(script), **options)

    def test_a_request_under_way_finishes_after_sigterm_and_the_gate_leaves_with_0(self):
        for how in (signal.SIGTERM, signal.SIGINT):
            with self.subTest(how=how.name):
                gate = self.slow_gate(audit={"spool": f"{how.name}.db", "durability": "process"})
                with gate.connect() as connection:
                    connection.send(request_bytes("GET", "/push/v1/employees", [self.key()]))
                    wait_until("the request at the vendor", lambda: self.vendor.requests)
                    gate.popen.send_signal(how)
                    response = connection.response()
                    self.assertEqual((response.status, response.body, response.whole), (200, b"late but whole", True))
                self.assertEqual(gate.wait(), 0)

    def test_signals_that_come_while_it_ends_do_not_kill_it(self):
        gate = self.push_gate(self.upstream(lambda request, connection: answer(body=b"ok")))
        self.assertEqual(gate.ask("GET", "/push/v1/employees", [self.key()]).status, 200)
        while gate.popen.poll() is None:
            gate.popen.terminate()
            time.sleep(0.0005)
        self.assertEqual(gate.wait(), 0)

    def test_no_new_connection_is_taken_while_it_drains(self):
        refusing = threading.Event()  # the first request is under way until then; what comes before the drain is answered at once

        def script(request, connection):
            if len(self.vendor.requests) == 1:
                refusing.wait(20)
            return answer(body=b"whole")
        gate = self.push_gate(self.upstream(script))
        with gate.connect() as connection:
            connection.send(request_bytes("GET", "/push/v1/employees", [self.key()]))
            wait_until("the request at the vendor", lambda: self.vendor.requests)
            gate.popen.terminate()

            def refused():
                try:
                    with gate.connect(timeout=2) as late:
                        late.send(request_bytes("GET", "/push/v1/employees", [self.key()]))
                        return late.response().status == 503
                except (OSError, Closed):
                    return True
            wait_until("new connections to be refused", refused)
            refusing.set()
            self.assertEqual(connection.response().status, 200)

    def test_the_drain_has_an_end(self):
        gate = self.slow_gate(30, drain={"delay": "0s", "timeout": "1s"})
        with gate.connect() as connection:
            connection.send(request_bytes("GET", "/push/v1/employees", [self.key()]))
            wait_until("the request at the vendor", lambda: self.vendor.requests)
            started = time.monotonic()
            gate.popen.terminate()
            self.assertEqual(gate.wait(15), 0)
            self.assertLess(time.monotonic() - started, 10)

    def test_idle_connections_do_not_hold_it_back(self):
        gate = self.push_gate()
        with gate.connect() as connection:
            connection.send(request_bytes("GET", "/push/v1/employees", [self.key()]))
            connection.response()
            started = time.monotonic()
            self.assertEqual(gate.stop(), 0)
            self.assertLess(time.monotonic() - started, 8)

    def test_it_is_not_ready_but_serves_during_the_delay(self):
        gate = self.push_gate(drain={"delay": "2s", "timeout": "5s"})
        self.assertEqual(gate.get_admin("/readyz")[0], 200)
        gate.popen.terminate()
        wait_until("readyz to say 503", lambda: gate.get_admin("/readyz")[0] == 503, 2)
        self.assert_vendors(gate.ask("GET", "/push/v1/employees", [self.key()]))
        self.assertEqual(gate.wait(), 0)

    def test_stand_ins_leave_with_0(self):
        for kind in ("push", "securenvoy", "webhook"):
            for how in (signal.SIGTERM, signal.SIGINT):
                with self.subTest(kind=kind, how=how.name):
                    extra = ["--secret", self.secrets["WEBHOOK_SECRET"]] if kind == "webhook" else []
                    process = self.simulate(kind, *extra)
                    with socket.create_connection(("127.0.0.1", process.port)):
                        self.assertEqual(process.stop(how), 0)


class Health(GateTest):
    def test_the_admin_port_answers_and_the_data_port_does_not_answer_for_it(self):
        gate = self.push_gate()
        self.assertEqual(gate.get_admin("/healthz")[0], 200)
        status, body = gate.get_admin("/readyz")
        self.assertEqual(status, 200)
        self.assertTrue(json.loads(body))
        self.assertEqual(gate.get_admin("/status")[0], 200)
        self.assertTrue(json.loads(gate.get_admin("/status")[1]))
        for path in ("/healthz", "/readyz", "/metrics", "/status"):
            self.assert_problem(gate.ask("GET", path, [self.key()]), 404, "unknown-api")

    def test_metrics_count_and_carry_nothing_of_the_callers(self):
        gate = self.push_gate(sink=self.sink())
        for number in range(3):
            gate.ask("GET", f"/push/v1/employees?n={number}", [self.key("siem"), ("User-Agent", f"agent-{number}")])
        gate.ask("GET", "/push/v1/made-up-path", [self.key("siem")])
        gate.ask("GET", "/made-up-api", [("x-api-key", "made-up-token")])
        self.assertEqual(gate.metric("sluice_requests_total", api="push", operation="push.employees.list", client="siem",
                                     decision="allow", status="200"), 3)
        self.assertEqual(gate.metric("sluice_requests_total", decision="deny", status="403"), 1)
        self.assertEqual(gate.metric("sluice_upstream_requests_total", api="push", status="200"), 3)
        text = gate.get_admin("/metrics")[1]
        self.assertNotIn("made-up", text)
        self.assertNotIn("agent-", text)
        families = {line.split()[2] for line in text.splitlines() if line.startswith("# TYPE ")}
        missing = {"sluice_requests_total", "sluice_request_seconds", "sluice_policy_seconds", "sluice_queue_depth",
                   "sluice_upstream_requests_total", "sluice_upstream_seconds", "sluice_upstream_connections", "sluice_connections",
                   "sluice_audit_events_total", "sluice_audit_backlog", "sluice_audit_lag_seconds", "sluice_webhook_deliveries_total",
                   "sluice_policy_info", "sluice_config_last_reload_success"} - families
        self.assertEqual(missing, set())

    def test_a_strange_host_is_refused_on_the_admin_port(self):
        gate = self.push_gate()
        for host, status in (("evil.test", 403), ("localhost", 200), ("127.0.0.1:9901", 200), ("localhost.evil.test", 403)):
            with self.subTest(host=host), Connection(gate.admin) as connection:
                connection.send(request_bytes("GET", "/healthz", [], host=host))
                self.assertEqual(connection.response().status, status)

    def test_sluice_ready_tells_by_its_exit_status(self):
        gate = self.push_gate()
        self.run_sluice("ready", "--admin", f"127.0.0.1:{gate.admin[1]}", status=0)
        self.assertEqual(gate.stop(), 0)
        self.run_sluice("ready", "--admin", f"127.0.0.1:{gate.admin[1]}", status=1)

    def test_a_request_waits_for_nobody_while_others_connect_and_say_nothing(self):
        gate = self.push_gate()
        silent = [gate.connect() for _ in range(100)]
        self.assert_vendors(gate.ask("GET", "/push/v1/employees", [self.key()]))
        for connection in silent:
            connection.close()


class Starting(GateTest):
    def refused(self, path, status=2):
        _, out, errors = self.run_sluice("serve", "--config", path, status=status, environment=self.secrets)
        self.assertNotIn('"listening"', errors)
        return errors

    def test_every_error_of_a_broken_configuration_is_told_with_its_place(self):
        path = self.write("sluice.yaml", "version: 1\nlisten:\n  - adress: 127.0.0.1:0\napis: {}\nworkers: many\npolicy: policy.yaml\n")
        self.write("policy.yaml", {"version": 1, "rules": []})
        errors = self.refused(path)
        self.assertRegex(errors, r"sluice\.yaml:3:\d+: error: .*address")
        self.assertRegex(errors, r"sluice\.yaml:5:\d+: error: ")
        status, out, errors = self.run_sluice("check", "--config", path, status=1)
        self.assertRegex(out + errors, r"sluice\.yaml:3:\d+: error: .*address")

    def test_a_broken_policy_does_not_start(self):
        path = self.configuration({"push": self.push("http://127.0.0.1:9")}, policy={"version": 1, "rules": [
            {"id": "a", "effect": "alow", "when": {"client": "nobody"}}]})
        errors = self.refused(path)
        self.assertRegex(errors, r"policy\.yaml:\d+:\d+: error: ")
        self.run_sluice("check", "--config", path, status=1)

    def test_a_missing_file_is_2(self):
        self.refused("no-such-file.yaml")
        self.run_sluice("check", "--config", "no-such-file.yaml", status=2)
        path = self.configuration({"push": self.push("http://127.0.0.1:9")})
        (self.folder / "policy.yaml").unlink()
        self.refused(path)

    def test_a_secret_that_does_not_resolve_is_2_and_names_the_place(self):
        for credential, named in (({"full": {"env": "NO_SUCH_KEY"}}, "NO_SUCH_KEY"), ({"full": {"file": "no-such-key"}}, "no-such-key")):
            with self.subTest(named=named):
                errors = self.refused(self.configuration({"push": self.push("http://127.0.0.1:9", credential=credential)}))
                self.assertIn(named, errors)
        self.write("empty", "\n")
        self.refused(self.configuration({"push": self.push("http://127.0.0.1:9", credential={"full": {"file": "empty"}})}))

    def test_a_literal_secret_is_an_error_and_is_not_repeated(self):
        path = self.configuration({"push": self.push("http://127.0.0.1:9", credential={"full": "the-key-itself"})})
        self.assertNotIn("the-key-itself", self.refused(path))
        _, out, errors = self.run_sluice("check", "--config", path, status=1)
        self.assertNotIn("the-key-itself", out + errors)

    def test_a_port_that_is_taken_is_2_and_says_which(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            path = self.configuration({"push": self.push("http://127.0.0.1:9")}, listen=[{"address": f"127.0.0.1:{port}"}])
            errors = self.run_sluice("serve", "--config", path, status=2, environment=self.secrets)[2]
            self.assertIn(str(port), errors)

    def test_the_admin_port_of_another_gate_is_taken(self):
        host, port = self.push_gate(self.upstream()).admin
        self.configuration({"push": self.push("http://127.0.0.1:9")}, admin={"address": f"{host}:{port}"}, audit={"spool": "second.db"})
        errors = self.run_sluice("serve", "--config", self.folder / "sluice.yaml", status=2, environment=self.secrets)[2]
        self.assertIn(f"cannot listen on {host}:{port}: bind: address already in use", errors)

    def test_a_certificate_that_cannot_be_read_is_2(self):
        path = self.configuration({"push": self.push("http://127.0.0.1:9")}, listen=[
            {"address": "127.0.0.1:0", "tls": {"certificate": "none.crt", "private_key": "none.key"}}])
        self.assertIn("none.", self.run_sluice("serve", "--config", path, status=2, environment=self.secrets)[2])

    def test_a_usage_error_is_2_with_one_line(self):
        for arguments in ((), ("no-such-command",), ("serve",), ("serve", "--no-such-option"), ("test",), ("simulate", "nobody")):
            with self.subTest(arguments=arguments):
                _, out, errors = self.run_sluice(*arguments, status=2)
                self.assertEqual(len(errors.strip().splitlines()), 1, errors)
                self.assertEqual(out, "")

    def test_help_and_version(self):
        for arguments in (("--help",), ("version",), *((command, "--help") for command in
                          ("serve", "check", "test", "explain", "catalogue", "client", "simulate", "ready", "version"))):
            with self.subTest(arguments=arguments):
                _, out, _ = self.run_sluice(*arguments, status=0)
                self.assertTrue(out.strip())

    def test_a_valid_configuration_checks_and_a_new_client_token_works(self):
        vendor = self.upstream()
        path = self.configuration({"push": self.push(vendor.url)})
        self.run_sluice("check", "--config", path, status=0)
        out = self.run_sluice("client", "new", "siem", status=0)[1]
        digest = re.search(r"\b[0-9a-f]{64}\b", out).group(0)
        document = json.loads(path.read_text())
        document["clients"]["siem"] = {"token_sha256": [digest]}
        self.write("sluice.yaml", document)
        gate = self.serve(path)
        words = [word.strip("\"'`,;") for word in out.split() if len(word) > 20 and digest not in word]
        self.assertIn(200, [gate.ask("GET", "/push/v1/employees", [("x-api-key", word)]).status for word in words])


if __name__ == "__main__":
    main()
