"""What changes while the gate runs: configuration, policy, secrets, certificates and listeners are taken up together by SIGHUP,
by POST /reload, and when a watched file changes. What is wrong changes nothing and is said everywhere."""

import hashlib
import http.client
import json
import os
import signal
import socket
import threading
import time

from certificates import Authority
from harness import GateTest, main, standard_policy, wait_until
from raw_http import request_bytes
from scripted_upstream import answer


def hash_of(token):
    return hashlib.sha256(token.encode()).hexdigest()


def print_of(secret):
    return hash_of(secret)[:12]


class Reload(GateTest):
    def setUp(self):
        super().setUp()
        self.vendor = self.upstream()
        self.webhook = self.sink()

    def start_gate(self, **sections):
        """A gate whose full key is in a file."""
        self.key_file = self.write("full-key", "full-key-one")
        api = self.push(self.vendor.url)
        api["credential"]["full"] = {"file": "full-key"}
        self.apis = {"push": api}
        self.running = self.serve(self.configuration(self.apis, sink=self.webhook, **sections))
        return self.running

    def change(self, **sections):
        """Writes the configuration anew with these sections changed; None takes one out."""
        path = self.folder / "sluice.yaml"
        document = json.loads(path.read_text())
        for name, value in sections.items():
            document.pop(name) if value is None else document.update({name: value})
        path.write_text(json.dumps(document))
        return document

    def get(self, client="admin", path="/push/v1/employees", gate=None):
        return (gate or self.running).ask("GET", path, [self.key(client)])

    def merge(self):
        return self.running.ask("POST", "/push/v1/employees/e1/merge", [self.key()], {"secondaryEmployeeIds": ["a"]})

    def sent_keys(self):
        return [request.header("x-api-key") for request in self.vendor.requests]

    def events(self, kind, count=1):
        wait_until(f"{count} of {kind}", lambda: len(self.webhook.events(kind)) >= count)
        return self.webhook.events(kind)

    def assert_reloaded(self, cause, count):
        wait_until(f"reload {count}", lambda: len(self.running.said("reloaded", cause=cause)) >= count)

    def test_sighup_takes_up_a_changed_policy(self):
        gate = self.start_gate()
        self.assert_vendors(self.get("siem"))
        hash_before = json.loads(gate.get_admin("/status")[1])["policy"]["sha256"]
        policy = standard_policy(self.apis)
        policy["rules"].append({"id": "siem-is-out", "effect": "deny", "when": {"client": "siem"}})
        self.write("policy.yaml", policy)
        gate.popen.send_signal(signal.SIGHUP)
        self.assert_reloaded("SIGHUP", 1)
        self.assertEqual(self.assert_problem(self.get("siem"), 403, "policy-denied")["rules"], ["siem-is-out"])
        event, = self.events("policy.reloaded")
        self.assertEqual(event["data"]["old_policy_sha256"], hash_before)
        self.assertEqual(event["data"]["changed"], ["policy"])
        self.assertGreater(event["data"]["narrowed"], 0)
        status = json.loads(gate.get_admin("/status")[1])
        self.assertEqual(status["policy"]["sha256"], event["data"]["policy_sha256"])
        self.assertEqual(status["reload"]["taken_up"], True)
        self.assertEqual(gate.metric("sluice_policy_info", sha256=event["data"]["policy_sha256"]), 1)

    def test_a_post_answers_when_all_of_it_is_in_force(self):
        gate = self.start_gate(workers=2)
        for number in range(1, 11):
            policy = standard_policy(self.apis)
            policy["rules"].append({"id": f"no-{number}", "effect": "deny", "when": {"client": "siem"}})
            self.write("policy.yaml", policy)
            document = gate.reload()
            self.assertEqual(document["findings"], [])
            self.assertEqual(document["policy_sha256"], json.loads(gate.get_admin("/status")[1])["policy"]["sha256"])
            for _ in range(8):  # both workers
                self.assertEqual(self.get("siem").json()["rules"], [f"no-{number}"])

    def test_a_bad_one_changes_nothing_and_is_said_everywhere_once(self):
        gate = self.start_gate()
        good = (self.folder / "policy.yaml").read_text()
        policy = standard_policy(self.apis)
        policy["rules"][0]["when"]["client"] = "nobody"
        self.write("policy.yaml", policy)
        self.write("full-key", "full-key-two")
        for _ in range(3):
            finding, = gate.reload(422)["findings"]
        self.assertEqual((finding["file"], finding["severity"]), (str(self.folder / "policy.yaml"), "error"))
        self.assertIn('"nobody"', finding["message"])
        self.assert_vendors(self.merge())
        self.assertEqual(self.sent_keys()[-1], "full-key-one", "nothing of it is taken up")
        self.assertEqual(gate.metric("sluice_config_last_reload_success"), 0)
        self.assertGreaterEqual(gate.metric("sluice_config_reloads_total", outcome="rejected"), 3)
        status = json.loads(gate.get_admin("/status")[1])
        self.assertEqual(status["reload"]["findings"], [finding])
        code, ready = gate.get_admin("/readyz")
        self.assertEqual(code, 200)
        part, = [part for part in json.loads(ready)["parts"] if part["name"] == "configuration"]
        self.assertIn('the last reload was rejected', part["detail"])
        self.assertTrue(gate.said("reload rejected: what was in force stays", level="error"))
        self.write("policy.yaml", good)
        self.assertEqual(gate.reload()["findings"], [])
        self.assertEqual(gate.metric("sluice_config_last_reload_success"), 1)
        self.assert_vendors(self.merge())
        self.assertEqual(self.sent_keys()[-1], "full-key-two")
        self.events("credential.changed")
        rejected, = self.webhook.events("policy.rejected")
        self.assertIn('"nobody"', rejected["data"]["reason"])
        self.assertEqual(len(rejected["data"]["findings"]), 1)

    def test_a_changed_file_is_taken_up_without_being_asked(self):
        self.start_gate()
        self.assert_vendors(self.merge())
        self.write("full-key", "full-key-two\n")
        event, = self.events("credential.changed")
        data = event["data"]
        self.assertEqual((data["credential"], data["api"], data["key"], data["change"]), ("vendor-key", "push", "full", "changed"))
        self.assertEqual((data["old_fingerprint"], data["new_fingerprint"]), (print_of("full-key-one"), print_of("full-key-two")))
        self.assert_vendors(self.merge())
        self.assertEqual(self.sent_keys(), ["full-key-one", "full-key-two"])
        self.assertEqual(self.webhook.events("policy.reloaded"), [])

    def test_kubernetes_swaps_are_followed_also_of_the_configuration(self):
        (self.folder / "mount").mkdir()

        def mount(version, key, tool):
            folder = self.folder / "mount" / f"..{version}"
            folder.mkdir()
            (folder / "key").write_text(key)
            (folder / "policy.yaml").write_text(json.dumps(standard_policy(self.apis)))
            clients = {name: {"token_sha256": [hash_of(self.secrets[f"{name.upper()}_TOKEN"])]} for name in ("admin", "siem", "soar")}
            clients[tool] = {"token_sha256": [hash_of(f"token-of-{tool}")]}
            (folder / "sluice.yaml").write_text(json.dumps({
                "version": 1, "listen": [{"address": "127.0.0.1:0"}], "admin": {"address": "127.0.0.1:0"}, "apis": self.apis,
                "clients": clients, "policy": "policy.yaml", "audit": {"spool": str(self.folder / "audit.db"), "durability": "process"}}))
            os.symlink(f"..{version}", self.folder / "mount/..data_tmp")
            os.rename(self.folder / "mount/..data_tmp", self.folder / "mount/..data")
            for name in ("key", "policy.yaml", "sluice.yaml"):
                if not (self.folder / "mount" / name).is_symlink():
                    os.symlink(f"..data/{name}", self.folder / "mount" / name)
        api = self.push(self.vendor.url)
        api["credential"]["full"] = {"file": str(self.folder / "mount/key")}
        self.apis = {"push": api}
        mount(1, "key-one", "one")
        self.running = self.serve(self.folder / "mount/sluice.yaml")

        def status(tool):
            return self.running.ask("GET", "/push/v1/employees", [("x-api-key", f"token-of-{tool}")]).status
        self.assertEqual((status("one"), status("two")), (403, 401))
        mount(2, "key-two", "two")
        wait_until("the new client", lambda: status("two") == 403)
        self.assertEqual(status("one"), 401)
        self.assert_vendors(self.merge())
        self.assertEqual(self.sent_keys(), ["key-two"])

    def test_requests_under_way_finish_under_what_they_began_with(self):
        let_go, seen = threading.Event(), threading.Event()

        def script(request, connection):
            if "slow" in request.target:
                seen.set()
                let_go.wait(30)
            return answer(body=b'{"ok": true}', headers=[("Content-Type", "application/json")])
        self.vendor = self.upstream(script)
        gate = self.start_gate()
        slow = threading.Thread(target=lambda: results.append(self.get("siem", "/push/v1/employees?slow=1")))
        results = []
        slow.start()
        self.assertTrue(seen.wait(20))
        other = self.upstream(lambda request, connection: answer(body=b'"other"', headers=[("Content-Type", "application/json")]))
        document = json.loads((self.folder / "sluice.yaml").read_text())
        document["apis"]["push"]["upstream"] = other.url
        del document["clients"]["siem"]
        self.change(apis=document["apis"], clients=document["clients"])
        policy = standard_policy(self.apis)
        policy["rules"] = [rule for rule in policy["rules"] if rule["id"] != "siem-reads"]
        self.write("policy.yaml", policy)
        gate.reload()
        self.assert_problem(self.get("siem"), 401, "unauthenticated")
        self.assertEqual(self.assert_vendors(self.get()).body, b'"other"')
        let_go.set()
        slow.join(30)
        self.assertEqual(self.assert_vendors(results[0]).json(), {"ok": True})
        forwarded = wait_until("its event", lambda: self.webhook.events("request.forwarded", client="siem"))
        self.assertEqual(forwarded[0]["data"]["upstream_status"], 200)
        self.assertEqual(gate.metric("sluice_requests_total", client="siem", status="200"), 1, "what was counted stays counted")

    def test_listeners_come_and_go_and_their_connections_end_after_the_request(self):
        gate = self.start_gate()
        first = gate.address
        with socket.create_server(("127.0.0.1", 0)) as taken:
            free = taken.getsockname()[1]
        self.change(listen=[{"address": "127.0.0.1:0"}, {"address": f"127.0.0.1:{free}"}])
        gate.reload()
        with gate.connect() as kept:
            gate.address = ("127.0.0.1", free)
            self.assert_vendors(self.get())
            leaving = gate.connect()
            leaving.send(request_bytes("GET", "/push/v1/employees", [self.key()]))
            self.assert_vendors(leaving.response())
            self.change(listen=[{"address": "127.0.0.1:0"}])
            gate.reload()
            with self.assertRaises(ConnectionRefusedError):
                socket.create_connection(("127.0.0.1", free), 5)
            leaving.send(request_bytes("GET", "/push/v1/employees", [self.key()]))
            self.assertEqual(self.assert_vendors(leaving.response()).header("connection"), "close")
            leaving.close()
            gate.address = first
            kept.send(request_bytes("GET", "/push/v1/employees", [self.key()]))
            self.assert_vendors(kept.response())
        self.assertEqual([event["data"]["changed"] for event in self.events("policy.reloaded", 2)], [["configuration"]] * 2)

    def test_an_address_that_is_taken_rejects_all_of_it(self):
        gate = self.start_gate()
        with socket.socket() as other:
            other.bind(("127.0.0.1", 0))
            other.listen()
            port = other.getsockname()[1]
            self.write("full-key", "full-key-two")
            self.change(listen=[{"address": "127.0.0.1:0"}, {"address": f"127.0.0.1:{port}"}])
            finding, = gate.reload(422)["findings"]
            self.assertIn(f"cannot listen on 127.0.0.1:{port}", finding["message"])
            self.assert_vendors(self.merge())
            self.assertEqual(self.sent_keys(), ["full-key-one"])

    def test_tls_comes_to_a_listener_and_goes(self):
        gate = self.start_gate()
        authority = Authority(self.folder)
        certificate, key = authority.issue("gate", "DNS:localhost")
        context = __import__("ssl").create_default_context(cafile=str(authority.certificate))
        with gate.connect() as plain:
            plain.send(request_bytes("GET", "/push/v1/employees", [self.key()]))
            self.assert_vendors(plain.response())
            self.change(listen=[{"address": "127.0.0.1:0", "tls": {"certificate": certificate, "private_key": key}}])
            gate.reload()
            self.assertTrue(plain.ends(), "what came in clear does not go on")
        self.assert_vendors(gate.ask("GET", "/push/v1/employees", [self.key()], tls=context))
        self.change(listen=[{"address": "127.0.0.1:0"}])
        gate.reload()
        self.assert_vendors(self.get())

    def test_what_needs_a_restart_is_refused_with_its_key(self):
        gate = self.start_gate()
        for section, value, key in (("workers", 3, "workers"), ("admin", {"address": "127.0.0.1:1"}, "admin.address"),
                                    ("audit", {"spool": "other.db", "durability": "power"}, "audit.spool"),
                                    ("rate_limit_store", {"redis": "redis://127.0.0.1:1/0", "replicas": 2}, "rate_limit_store")):
            before = (self.folder / "sluice.yaml").read_text()
            self.change(**{section: value})
            messages = [finding["message"] for finding in gate.reload(422)["findings"]]
            self.assertIn(f"{key}: a reload cannot change it; restart the gate, or put it back", messages)
            (self.folder / "sluice.yaml").write_text(before)
            gate.reload()

    def test_webhooks_come_change_and_go(self):
        gate = self.start_gate()
        self.get()
        old, new = self.secrets["WEBHOOK_SECRET"], "whsec_" + "QUJD" * 8
        self.write("hook-secret", old)
        second = self.sink()
        hooks = [{"name": "sink", "url": self.webhook.url, "secret": {"file": "hook-secret"}},
                 {"name": "second", "url": second.url, "secret": {"file": "hook-secret"}}]
        audit = {"spool": "audit.db", "durability": "process", "webhooks": hooks}
        self.change(audit=audit)
        gate.reload()
        self.get()
        wait_until("the second webhook", lambda: second.events("request.forwarded"))
        self.webhook.trust(old, new)
        second.trust(old, new)
        self.write("hook-secret", new)
        gate.reload()
        self.webhook.trust(new)
        second.trust(new)
        self.get()
        wait_until("signatures with the new secret", lambda: len(second.events("request.forwarded")) == 2)
        self.change(audit={**audit, "webhooks": hooks[:1]})
        gate.reload()
        self.get()
        wait_until("the first webhook alone", lambda: len(self.webhook.events("request.forwarded")) == 4)
        self.assertEqual(len(second.events("request.forwarded")), 2)
        self.assertEqual(self.webhook.breaks(), [])
        self.assertEqual([hook["name"] for hook in json.loads(gate.get_admin("/status")[1])["audit"]["webhooks"]], ["sink"])

    def test_an_api_and_a_client_come_and_go_and_the_limit_changes(self):
        gate = self.start_gate()
        other = self.upstream(lambda request, connection: answer(body=b"[]", headers=[("Content-Type", "application/json")]))
        document = self.change()
        document["apis"]["securenvoy"] = self.securenvoy(other.url)
        document["apis"]["push"]["limit"] = {"rate": 20000, "burst": 20000}
        document["clients"]["new"] = {"token_sha256": [hash_of("token-of-new")], "priority": "interactive"}
        policy = standard_policy(document["apis"])
        policy["rules"].append({"id": "new", "effect": "allow", "when": {"client": "new", "access": "read"}})
        self.write("policy.yaml", policy)
        self.change(apis=document["apis"], clients=document["clients"])
        gate.reload()
        time.sleep(1.1)  # the whole bucket counts as spent once more
        answer_of_new = gate.ask("GET", "/securenvoy/api/user/restapi/users", [("x-api-key", "token-of-new")])
        self.assertEqual(self.assert_vendors(answer_of_new).body, b"[]")
        self.assert_vendors(self.get())
        limits = {api["name"]: api["limit"]["rate"] for api in json.loads(gate.get_admin("/status")[1])["apis"]}
        self.assertEqual(limits, {"push": 20000, "securenvoy": 10000})
        self.assertEqual(gate.metric("sluice_requests_total", client="new", api="securenvoy"), 1)

    def test_a_secret_that_cannot_be_had_is_refused_with_the_reason_and_nothing_is_dropped(self):
        gate = self.start_gate()
        path = self.folder / "full-key"

        def become(make):
            path.unlink() if path.is_symlink() or not path.is_dir() else path.rmdir()
            make()
        cases = ((lambda: path.write_text(""), "empty"), (lambda: path.write_text("x" * 70000), "larger than"),
                 (lambda: path.mkdir(), "directory"), (lambda: os.symlink("nowhere", path), "full-key"),
                 (lambda: path.write_text("a\nb"), "line break"))
        for make, words in cases:
            become(make)
            finding, = gate.reload(422)["findings"]
            self.assertIn(words, finding["message"])
            self.assertIn("full-key", finding["message"])
            self.assert_vendors(self.merge())
        become(lambda: path.write_text("full-key-two"))
        gate.reload()
        self.assert_vendors(self.merge())
        self.assertEqual(self.sent_keys(), ["full-key-one"] * len(cases) + ["full-key-two"])

    def test_a_hundred_reloads_a_second_lose_nothing(self):
        gate = self.start_gate(workers=2)
        stop, outcomes = threading.Event(), []

        def ask():
            connection = http.client.HTTPConnection(*gate.address, timeout=30)
            while not stop.is_set():
                connection.request("GET", "/push/v1/employees", headers=dict([self.key()]))
                answered = connection.getresponse()
                answered.read()
                outcomes.append(answered.status)
            connection.close()
        askers = [threading.Thread(target=ask) for _ in range(2)]
        for asker in askers:
            asker.start()
        for number in range(300):
            if number % 10 == 0:
                policy = standard_policy(self.apis)
                policy["rules"].append({"id": f"r{number}", "effect": "deny", "when": {"client": "siem"}})
                self.write("policy.tmp", policy)
                os.rename(self.folder / "policy.tmp", self.folder / "policy.yaml")
                self.write("key.tmp", f"full-key-{number}")
                os.rename(self.folder / "key.tmp", self.folder / "full-key")
            gate.popen.send_signal(signal.SIGHUP)
            time.sleep(0.01)
        gate.reload()
        stop.set()
        for asker in askers:
            asker.join()
        self.assertEqual(set(outcomes), {200})
        self.assertEqual(self.get("siem").json()["rules"], ["r290"])
        self.assert_vendors(self.merge())
        self.assertEqual(self.sent_keys()[-1], "full-key-290")
        self.assertEqual(self.webhook.breaks(), [])

    def test_only_a_post_of_no_other_page_reloads(self):
        gate = self.start_gate()
        self.assertEqual(gate.get_admin("/reload")[0], 405)
        self.assertEqual(gate.get_admin("/reload", "POST", {"Origin": "https://evil.example"})[0], 403)
        self.assertEqual(gate.get_admin("/reload", "POST", {"Origin": "null"})[0], 403)
        self.assertEqual(gate.get_admin("/reload", "POST", {"Host": "evil.example"})[0], 403)
        host = f"127.0.0.1:{gate.admin[1]}"
        self.assertEqual(gate.get_admin("/reload", "POST", {"Origin": f"http://{host}"})[0], 200)

    def test_a_reload_and_the_end_at_once(self):
        gate = self.start_gate()
        for _ in range(20):
            gate.popen.send_signal(signal.SIGHUP)
        self.assertEqual(gate.stop(), 0)


if __name__ == "__main__":
    main()
