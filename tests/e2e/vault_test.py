"""Secrets in Vault (interface 2.6): read at start over verified TLS with a token or as the pod's service account; whatever is wrong is
said with address, path and status, and shows no value and no token."""

import secrets
import socket
import threading
import time

from certificates import Authority
from harness import GateTest, main, wait_until
from scripted_upstream import answer
from vault_server import VaultServer, errors


class Vault(GateTest):
    def setUp(self):
        super().setUp()
        self.authority = Authority(self.folder)
        self.token = "hvs.token-" + secrets.token_hex(12)
        self.jwt = "eyJ.service-account-" + secrets.token_hex(12)
        self.write("vault-token", self.token + "\n")
        self.write("jwt", self.jwt + "\n")
        self.vault = VaultServer(self.authority.issue("vault", "DNS:localhost"), [self.token], self.jwt)
        self.doubles.append(self.vault)
        self.values = {name: f"in-vault-{name}-{secrets.token_hex(12)}" for name in ("full", "read", "soar", "header")}
        self.vault.secrets = {
            "secret/data/push": {"full": self.values["full"], "read": self.values["read"]},
            "team/kv/data/tools/soar": {"token": self.values["soar"]},
            "secret/data/siem": {"secret": self.secrets["WEBHOOK_SECRET"], "header": self.values["header"]}}

    def section(self, **changes):
        return {"address": self.vault.url, "token": {"file": "vault-token"}, "tls": {"ca": str(self.authority.certificate)}, **changes}

    def as_pod(self, **changes):
        section = self.section(kubernetes={"role": "sluice", "jwt": "jwt", **changes})
        del section["token"]
        return section

    def vault_configuration(self, vendor="http://127.0.0.1:9", sink="http://127.0.0.1:9", vault=None, **sections):
        return self.configuration(
            {"push": self.push(vendor, credential={"read": {"vault": "secret/data/push#read"}, "full": {"vault": "secret/data/push#full"}})},
            vault=vault or self.section(),
            clients={"soar": {"token": {"vault": "team/kv/data/tools/soar#token"}, "groups": ["automation"]},
                     "admin": {"token": {"env": "ADMIN_TOKEN"}}, "siem": {"token": {"env": "SIEM_TOKEN"}}},
            audit={"spool": "audit.db", "durability": "process",
                   "webhooks": [{"name": "sink", "url": sink, "secret": {"vault": "secret/data/siem#secret"},
                                 "headers": {"x-token": {"vault": "secret/data/siem#header"}}}]},
            log={"format": "json", "level": "debug", "access": True}, **sections)

    def refused(self, **options):
        """What serve says that does not start. It shows nothing secret."""
        said = self.run_sluice("serve", "--config", self.vault_configuration(**options), status=2, environment=self.secrets)[2]
        for value in (*self.values.values(), self.token, self.jwt, self.secrets["WEBHOOK_SECRET"]):
            self.assertNotIn(value, said)
        return said

    def assert_serves(self, gate, vendor, sink):
        self.assert_vendors(gate.ask("GET", "/push/v1/employees", [self.key("siem")]))
        self.assert_vendors(gate.ask("POST", "/push/v1/employees/e1/groups", [("x-api-key", self.values["soar"])], {"group": "a"}))
        self.assertEqual([request.header("x-api-key") for request in vendor.requests], [self.values["read"], self.values["full"]])
        wait_until("the events", lambda: len(sink.events("request.forwarded")) >= 2)
        self.assertEqual(sink.bad, [])
        self.assertEqual(sink.deliveries[-1][0]["x-token"], self.values["header"])

    def test_a_gate_serves_with_what_is_in_vault_and_shows_none_of_it(self):
        vendor, sink = self.upstream(), self.sink()
        configuration = self.vault_configuration(vendor.url, sink.url, self.section(namespace="team/a"))
        self.run_sluice("check", "--config", configuration, status=0)
        self.assertEqual(self.vault.requests, [], "check resolves no secret")
        gate = self.serve(configuration)
        self.assert_serves(gate, vendor, sink)
        self.assertEqual(sorted(self.vault.targets()), ["GET /v1/auth/token/lookup-self", "GET /v1/secret/data/push", "GET /v1/secret/data/siem",
                                                        "GET /v1/team/kv/data/tools/soar"], "one read for each path")
        for request in self.vault.requests:
            self.assertEqual([request.header(name) for name in ("x-vault-token", "x-vault-request", "x-vault-namespace")],
                             [self.token, "true", "team/a"])
        pages = "".join(gate.get_admin(path)[1] for path in ("/metrics", "/status", "/readyz"))
        self.assertEqual(gate.stop(), 0)
        for value in (*self.values.values(), self.token):
            self.assertNotIn(value, pages + "\n".join(gate.errors + gate.output))
            for path in self.folder.glob("audit.db*"):
                self.assertNotIn(value.encode(), path.read_bytes())

    def test_a_gate_logs_in_as_its_service_account(self):
        vendor, sink = self.upstream(), self.sink()
        gate = self.serve(self.vault_configuration(vendor.url, sink.url, self.as_pod()))
        self.assert_serves(gate, vendor, sink)
        self.assertEqual(self.vault.targets()[0], "POST /v1/auth/kubernetes/login")
        self.assertIsNone(self.vault.requests[0].header("x-vault-token"))
        self.assertEqual(self.vault.logins, 1)

    def test_a_login_that_is_refused_is_said(self):
        self.assertIn(f"vault {self.vault.url}/v1/auth/kubernetes/login answered 400: it does not take the request",
                      self.refused(vault=self.as_pod(role="other")))
        self.write("jwt", "eyJ.another")
        self.assertIn("/v1/auth/kubernetes/login answered 403", self.refused(vault=self.as_pod()))
        self.assertIn("vault.kubernetes.jwt: cannot read", self.refused(vault=self.as_pod(jwt="missing")))

    def test_a_token_that_vault_does_not_know_is_tried_once_more_and_said(self):
        self.write("vault-token", "hvs.unknown")
        said = self.refused()
        self.assertRegex(said, r"sluice\.yaml:\d+:\d+: (read|full): vault " + self.vault.url +
                         "/v1/secret/data/push answered 403: the token is not valid any more")
        asked = self.vault.targets()
        self.assertEqual(asked.count("GET /v1/auth/token/lookup-self"), 2)
        self.assertEqual(asked.count("GET /v1/secret/data/push"), 2)
        self.assertEqual(asked.count("GET /v1/secret/data/siem"), 1, "one more login is enough for all")

    def test_a_login_that_ended_is_made_anew(self):
        vendor, sink = self.upstream(), self.sink()
        seen = []

        def revoked_once(request):
            if request.target.startswith("/v1/secret/") and not seen:
                seen.append(request)
                self.vault.tokens.clear()
            return None
        self.vault.respond = revoked_once
        gate = self.serve(self.vault_configuration(vendor.url, sink.url, self.as_pod()))
        self.assert_serves(gate, vendor, sink)
        self.assertEqual(self.vault.logins, 2)

    def test_what_is_not_there_is_said_as_what_it_is(self):
        self.vault.secrets["secret/data/push"] = None
        self.assertIn("/v1/secret/data/push answered 404: its newest version was deleted", self.refused())
        self.vault.destroyed.add("secret/data/push")
        self.assertIn("/v1/secret/data/push answered 404: its newest version was destroyed", self.refused())
        self.vault.destroyed.clear()
        del self.vault.secrets["secret/data/push"]
        self.assertIn("/v1/secret/data/push answered 404: there is nothing at this path", self.refused())
        for value in (7, "", "x" * 65537):
            self.vault.secrets["secret/data/push"] = {"full": value, "read": "r"}
            self.assertIn("full: vault secret/data/push#full: the secret has no such key with a text of 1 octet to 64KiB", self.refused())

    def test_a_vault_that_does_not_serve_is_said(self):
        for status, words in ((503, "503: it is sealed"), (473, "473: it is a standby"), (429, "429: too many requests"), (500, "500")):
            self.vault.respond = lambda request, status=status: errors(status, "Vault is sealed")
            self.assertIn(f"answered {words}", self.refused())

    def test_a_redirect_is_not_followed(self):
        other = self.upstream()
        self.vault.respond = lambda request: answer(307, b"", [("Location", other.url + request.target)], "Temporary Redirect")
        self.assertIn("answered 307: it names another address, which is not followed", self.refused())
        self.assertEqual(other.requests, [])

    def test_an_answer_that_is_not_vaults_is_said(self):
        for body, words in ((b"<html>", "200, but not with the JSON of Vault"), (b"[]", "200, but not with the JSON of Vault"),
                            (b'{"data":{"full":"a"}}', "is the engine of version 1"),
                            (b'{"data":{"data":"x","metadata":{}}}', "200, but not with the JSON of Vault"),
                            (b'{"data":{"data":null,"metadata":{"destroyed":true}}}', "its newest version was destroyed")):
            self.vault.respond = lambda request, body=body: answer(200, body)
            self.assertIn(words, self.refused())
        self.vault.respond = lambda request: answer(200, b'{"x":"' + b"a" * 1_100_000 + b'"}')
        self.assertIn(f"vault {self.vault.url}: the answer is over 1MiB", self.refused())
        self.vault.respond = lambda request: b"nonsense\r\n\r\n"
        self.assertIn(f"vault {self.vault.url}: the answer is not http", self.refused())

    def test_a_vault_that_hangs_is_waited_for_15_seconds_once(self):
        release = threading.Event()
        self.vault.respond = lambda request: release.wait(60) and None
        before = time.monotonic()
        self.assertIn(f"vault {self.vault.url}: no answer in time", self.refused())
        self.assertGreater(time.monotonic() - before, 14)
        release.set()
        self.assertEqual(len(self.vault.requests), 1, "no other path is asked for")

    def test_a_vault_that_cannot_be_reached_or_proves_another_name_is_said(self):
        other = Authority(self.folder, "other")
        self.assertIn(f"vault {self.vault.url}: cannot connect", self.refused(vault=self.section(tls={"ca": str(other.certificate)})))
        self.assertEqual(self.vault.requests, [], "nothing is sent to whom nobody knows")
        with socket.create_server(("127.0.0.1", 0)) as silent:  # takes connections, and shakes no hands
            address = f"https://localhost:{silent.getsockname()[1]}"
            self.assertIn(f"vault {address}: cannot connect", self.refused(vault=self.section(address=address)))
        self.assertIn(f"vault {address}: cannot connect", self.refused(vault=self.section(address=address)))

    def test_a_value_that_changes_is_taken_up_and_an_outage_is_lived_through(self):
        vendor, sink = self.upstream(), self.sink()
        gate = self.serve(self.vault_configuration(vendor.url, sink.url, self.section(refresh="1s"), secrets={"keep": "4s"}))
        self.vault.secrets["secret/data/push"] = {"full": "in-vault-new-full", "read": "in-vault-new-read"}
        wait_until("the event", lambda: len(sink.events("credential.changed")) == 2)
        self.assert_vendors(gate.ask("GET", "/push/v1/employees", [self.key("siem")]))
        self.assertEqual(vendor.requests[-1].header("x-api-key"), "in-vault-new-read")
        self.assertEqual(len(gate.said("reloaded", cause="a secret in vault has changed")), 1)
        self.vault.respond = lambda request: errors(503, "Vault is sealed")
        wait_until("the outage to be seen", lambda: gate.said("secret lost"))
        self.assert_vendors(gate.ask("GET", "/push/v1/employees", [self.key("siem")]))
        wait_until("the keys to be over", lambda: gate.get_admin("/readyz")[0] == 503)
        self.assert_problem(gate.ask("GET", "/push/v1/employees", [self.key("siem")]), 503, "credential-unavailable")
        self.vault.respond = None
        wait_until("Vault to be back", lambda: gate.get_admin("/readyz")[0] == 200)
        self.assert_vendors(gate.ask("GET", "/push/v1/employees", [self.key("siem")]))
        self.assertEqual(len(sink.events("credential.changed")), 2)

    def test_the_token_may_be_sealed(self):
        vendor, sink = self.upstream(), self.sink()
        self.secrets["SLUICE_MASTER"] = "master-" + secrets.token_hex(16)
        configuration = self.vault_configuration(vendor.url, sink.url, self.section(token={"sealed": "vault"}),
                                                 sealed_keys={"path": "keys.sealed", "master": {"env": "SLUICE_MASTER"}})
        self.run_sluice("keys", "seal", "vault", "--config", configuration, status=0, text=self.token, environment=self.secrets)
        self.assert_serves(self.serve(configuration), vendor, sink)

    def test_audit_replay_reads_the_secret_of_its_webhook(self):
        vendor, sink = self.upstream(), self.sink()
        configuration = self.vault_configuration(vendor.url, sink.url)
        gate = self.serve(configuration)
        self.assert_serves(gate, vendor, sink)
        gate.stop()
        delivered = len(sink.deliveries)
        self.run_sluice("audit", "replay", "--config", configuration, "--webhook", "sink", "--from", "1", status=0, environment=self.secrets)
        self.assertGreater(len(sink.deliveries), delivered)
        self.assertEqual(sink.bad, [])
        self.vault.secrets.clear()
        said = self.run_sluice("audit", "replay", "--config", configuration, "--webhook", "sink", "--from", "1", status=2, environment=self.secrets)[2]
        self.assertIn("answered 404: there is nothing at this path", said)


if __name__ == "__main__":
    main()
