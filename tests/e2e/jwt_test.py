"""Callers that show a JWT: tokens made and judged by npm's jose, keys from a file and from servers that rotate, hang and lie.

SLUICE_RECEIVERS is the folder with the node_modules of tests/e2e/receivers/; ./dev test installs them there.
"""

import base64
import hashlib
import hmac
import http.client
import json
import pathlib
import ssl
import subprocess
import time

from certificates import Authority, fingerprint
from harness import GateTest, main, wait_until
from issuer import MODULES, Issuer, KeyServer, b64
from raw_http import request_bytes

KUBERNETES = "https://kubernetes.default.svc.cluster.local"
TARGET = "/push/v1/employees"
MALFORMED = "the token is malformed"
SIGNATURE = "the token's signature is not valid"
ALGORITHM = "the token's algorithm is not accepted"
UNKNOWN_KEY = "the key that signed the token is not known"
UNKNOWN_TOKEN = "the client token is not known"
AUDIENCE = "the token is for another audience"
NO_CLIENT = "no client is configured for this token"
EXPIRED = "the token has expired"
EARLY = "the token is not valid yet"
NO_KEYS = "the keys of the token's issuer cannot be had, try again"


class JwtTest(GateTest):
    def setUp(self):
        super().setUp()
        self.assertTrue((pathlib.Path(MODULES) / "node_modules/jose").is_dir(),
                        f"SLUICE_RECEIVERS={MODULES} has no jose: run ./dev test once")

    def issuer(self, *arguments, **options):
        issuer = Issuer(*arguments, **options)
        self.doubles.append(issuer)
        return issuer

    def key_server(self, document, **options):
        server = KeyServer(document, **options)
        self.doubles.append(server)
        return server

    def jwt_gate(self, issuers, clients=None, **sections):
        """A gate in front of a scripted Push. `robot` is a client of any issuer, and may read."""
        clients = {"siem": {"token": {"env": "SIEM_TOKEN"}}, **(clients or {})}
        if issuers:
            clients["robot"] = {"jwt": ["robot", "robot-2"]}
            sections["identity"] = {"jwt": issuers}
        policy = {"version": 1, "rules": [
            {"id": "all", "effect": "allow", "when": {"client": list(clients), "operation": "push.*"}},
            {"id": "writes", "effect": "deny", "when": {"client": "siem", "access": "write"}}]}
        return self.push_gate(clients=clients, policy=policy, **sections)

    def of(self, issuer, jwks, **changes):
        """The configuration of an issuer."""
        return {"issuer": issuer.name, "audience": issuer.audience, "jwks": jwks, **changes}

    def ask(self, gate, token, method="GET", target=TARGET, body=None):
        return gate.ask(method, target, [("Authorization", "Bearer " + token)], body)

    def assert_refused(self, response, why):
        problem = self.assert_problem(response, 401, "unauthenticated")
        self.assertEqual(problem["detail"], why)
        self.assertTrue(response.header("www-authenticate").startswith("Bearer"))


class Tokens(JwtTest):
    """The table."""

    def setUp(self):
        super().setUp()
        self.idp = self.issuer()
        self.idp.key("r", "RS256")
        self.idp.key("e", "ES256")
        self.cluster = self.issuer(KUBERNETES, ["https://sluice.gate.svc", "api"])
        self.cluster.key("cluster", "RS256")
        self.apps = self.issuer("https://apps.example", "gate")
        self.apps.key("app", "ES256")
        self.idp.key("encrypting", "RS256")["use"] = "enc"
        self.idp.key("weak", "RS256", bits=1024)
        self.stranger = self.issuer()
        self.stranger.key("e", "ES256")
        self.stranger.key("r", "RS256")
        issuers = [
            self.of(self.idp, {"file": str(self.write("idp.json", self.idp.jwks))}),
            self.of(self.cluster, {"file": str(self.write("cluster.json", self.cluster.jwks))}, algorithms=["RS256"]),
            self.of(self.apps, {"file": str(self.write("apps.json", self.apps.jwks))}, client_claim="azp"),
        ]
        self.gate_ = self.jwt_gate(issuers, {
            "runner": {"jwt": "system:serviceaccount:soar:runner"},
            "app": {"jwt": {"issuer": self.apps.name, "value": "app-1"}},
        }, limits={"failed_attempts": 0})

    def hmac(self, key, header):
        text = b64(header) + "." + b64(self.idp.claims())
        return text + "." + b64(hmac.new(key, text.encode(), hashlib.sha256).digest())

    def pem(self, name):
        """The public key of an RSA JWK as PEM: what a confused verifier takes for a secret."""
        script = "const c=require('crypto');process.stdout.write(c.createPublicKey({key:JSON.parse(process.argv[1]),format:'jwk'})" \
                 ".export({type:'spki',format:'pem'}))"
        return subprocess.run(["node", "-e", script, json.dumps(self.idp.keys[name])], capture_output=True, check=True).stdout

    def good(self):
        """name, token, client, whether jose is asked too."""
        idp, now = self.idp, int(time.time())
        yield "RS256", idp.token("r"), "robot", True
        yield "ES256", idp.token("e"), "robot", True
        yield "the audience in a list", idp.token("e", aud=["x", "sluice"]), "robot", True
        yield "another value of the client", idp.token("e", sub="robot-2"), "robot", True
        yield "an access token (RFC 9068)", idp.token("r", {"typ": "at+jwt"}), "robot", True
        yield "ended within the leeway", idp.token("e", exp=now - 30), "robot", True
        yield "begins within the leeway", idp.token("e", nbf=now + 30), "robot", True
        yield "a time with a fraction", idp.forge("e", {"alg": "ES256", "kid": "e"}, idp.claims(exp=now + 60.5)), "robot", True
        yield "many groups", idp.token("e", groups=["g" * 40] * 100), "robot", True
        yield "a header that brings keys along, not looked at", \
            idp.forge("e", {"alg": "ES256", "kid": "e", "jku": "https://x.example", "jwk": self.stranger.keys["e"]}), "robot", True
        yield "a service account of Kubernetes", self.cluster.token(
            "cluster", sub="system:serviceaccount:soar:runner", nbf=now, jti="5f2b", **{"kubernetes.io": {
                "namespace": "soar", "serviceaccount": {"name": "runner", "uid": "7c0a"}, "pod": {"name": "runner-0", "uid": "91d3"}}}), \
            "runner", False
        yield "another claim names the client", self.apps.token("app", azp="app-1", sub="somebody"), "app", False

    def forged(self):
        """name, token, why; signed rightly, as far as can be."""
        idp, e, r = self.idp, {"alg": "ES256", "kid": "e"}, {"alg": "RS256", "kid": "r"}
        for name in ("none", "None", "nOnE"):
            yield f"alg {name} without a signature", b64({"alg": name}) + "." + b64(idp.claims()) + ".", MALFORMED
            yield f"alg {name} with a signature", idp.forge("e", {"alg": name, "kid": "e"}), ALGORITHM
        yield "HS256 keyed with the public key as PEM", self.hmac(self.pem("r"), {"alg": "HS256", "kid": "r"}), ALGORITHM
        yield "HS256 keyed with the modulus", self.hmac(idp.keys["r"]["n"].encode(), {"alg": "HS256", "kid": "r"}), ALGORITHM
        yield "RS256 with the kid of an EC key", idp.forge("r", {"alg": "RS256", "kid": "e"}), SIGNATURE
        yield "ES256 with the kid of an RSA key", idp.forge("e", {"alg": "ES256", "kid": "r"}), SIGNATURE
        yield "RS384", idp.forge("r", {"alg": "RS384", "kid": "r"}, how="RS384"), ALGORITHM
        yield "PS256", idp.forge("r", {"alg": "PS256", "kid": "r"}, how="PS256"), ALGORITHM
        yield "PS256 that says RS256", idp.forge("r", r, how="PS256"), SIGNATURE
        yield "RS384 that says RS256", idp.forge("r", r, how="RS384"), SIGNATURE
        yield "a signature of ES256 in DER", idp.forge("e", e, how="DER"), SIGNATURE
        yield "crit", idp.forge("e", {**e, "crit": ["exp"], "exp": 1}), MALFORMED
        yield "b64", idp.forge("e", {**e, "b64": False}), MALFORMED
        yield "a logout token", idp.forge("e", {**e, "typ": "logout+jwt"}), MALFORMED
        yield "alg twice", idp.forge("e", '{"alg":"none","alg":"ES256","kid":"e"}'), MALFORMED
        yield "sub twice", idp.forge("e", e, json.dumps(idp.claims())[:-1] + ',"sub":"admin"}'), MALFORMED
        yield "claims in a list", idp.forge("e", e, [idp.claims()]), MALFORMED
        yield "a JWT in a JWT", idp.forge("e", {**e, "cty": "JWT"}, idp.token("e")), MALFORMED
        yield "a kid that is a number", idp.forge("e", {"alg": "ES256", "kid": 1}), MALFORMED
        yield "an unknown kid", idp.forge("e", {"alg": "ES256", "kid": "z"}), UNKNOWN_KEY
        yield "a kid that is a path", idp.forge("e", {"alg": "ES256", "kid": "../../dev/null"}), UNKNOWN_KEY
        yield "no kid, and several keys", idp.forge("e", {"alg": "ES256"}), UNKNOWN_KEY
        yield "a key for encryption", idp.forge("encrypting", {"alg": "RS256", "kid": "encrypting"}), UNKNOWN_KEY
        yield "an RSA key of 1024 bits", idp.forge("weak", {"alg": "RS256", "kid": "weak"}), UNKNOWN_KEY
        yield "somebody else's key of the same name", self.stranger.token("e"), SIGNATURE
        yield "somebody else's key, brought along", self.stranger.forge("e", {**e, "jwk": self.stranger.keys["e"]}), SIGNATURE
        yield "an issuer whose algorithm it is not", self.apps.forge("app", {"alg": "ES256", "kid": "app"}, self.cluster.claims()), ALGORITHM
        yield "another issuer's key", self.apps.forge("app", {"alg": "ES256", "kid": "app"}, idp.claims()), UNKNOWN_KEY

    def bent(self):
        """name, token, why; a good token that something was done to."""
        good = self.idp.token("e")
        head, body, signature = good.split(".")
        other = self.idp.token("e", sub="admin").split(".")
        yield "another payload", ".".join([head, other[1], signature]), SIGNATURE
        yield "a signature of zeros", f"{head}.{body}.{b64(bytes(64))}", SIGNATURE
        yield "half a signature", f"{head}.{body}.{b64(base64.urlsafe_b64decode(signature + '==')[:32])}", SIGNATURE
        yield "no signature", f"{head}.{body}.", MALFORMED
        yield "padding", f"{head}.{body}.{signature}==", MALFORMED
        yield "the other alphabet", f"{head}.{body}.{'+/' * 43}", MALFORMED
        yield "an octet more", f"{head}.{body}.{signature}A", SIGNATURE
        yield "two parts", f"{head}.{body}", UNKNOWN_TOKEN
        yield "five parts (JWE)", f"{head}.{body}.{signature}..", UNKNOWN_TOKEN
        yield "dots and no JSON", "a.b.c", UNKNOWN_TOKEN
        yield "over 8KiB", self.idp.token("e", groups=["g" * 40] * 200), "the token is over 8KiB"

    def saying(self):
        """name, token, why; signed by the issuer, and not for us."""
        idp, now = self.idp, int(time.time())
        yield "expired", idp.token("e", exp=now - 61), EXPIRED
        yield "expired long ago", idp.token("e", exp=0), EXPIRED
        yield "without an end", idp.token("e", exp=None), MALFORMED
        yield "an end in words", idp.forge("e", {"alg": "ES256", "kid": "e"}, idp.claims(exp="tomorrow")), MALFORMED
        yield "not begun", idp.token("e", nbf=now + 120), EARLY
        yield "issued in the future", idp.token("e", iat=now + 120), EARLY
        yield "another audience", idp.token("e", aud="other"), AUDIENCE
        yield "an audience in capitals", idp.token("e", aud="SLUICE"), AUDIENCE
        yield "no audience", idp.token("e", aud=None), AUDIENCE
        yield "an empty list of audiences", idp.forge("e", {"alg": "ES256", "kid": "e"}, idp.claims(aud=[])), AUDIENCE
        yield "an audience of another type", idp.forge("e", {"alg": "ES256", "kid": "e"}, idp.claims(aud={"sluice": 1})), MALFORMED
        yield "an unknown issuer", idp.token("e", iss="https://other.example"), "the token's issuer is not known"
        yield "an issuer with a slash", idp.token("e", iss=idp.name + "/"), "the token's issuer is not known"
        yield "no issuer", idp.token("e", iss=None), MALFORMED
        yield "no subject", idp.token("e", sub=None), NO_CLIENT
        yield "a subject of another type", idp.forge("e", {"alg": "ES256", "kid": "e"}, idp.claims(sub=7)), NO_CLIENT
        yield "an unknown subject", idp.token("e", sub="nobody"), NO_CLIENT
        yield "the subject of another issuer's client", idp.token("e", sub="app-1"), NO_CLIENT

    def test_each_token_is_judged_as_the_table_says(self):
        count = 0
        for name, token, client, by_jose in self.good():
            with self.subTest(good=name):
                count += 1
                self.assert_vendors(self.ask(self.gate_, token))
                if by_jose:
                    self.assertEqual(self.idp.judge(token), {"taken": True})
        # jose does not know of these: they are ours to refuse.
        ours = {"a logout token", "an unknown subject", "the subject of another issuer's client", "an RSA key of 1024 bits",
                "alg twice", "sub twice", "a subject of another type", "over 8KiB", "padding", "issued in the future", "b64", "no kid, and several keys"}
        for name, token, why in [*self.forged(), *self.bent(), *self.saying()]:
            with self.subTest(bad=name):
                count += 1
                self.assert_refused(self.ask(self.gate_, token), why)
                if name not in ours:
                    self.assertFalse(self.idp.judge(token)["taken"], "jose takes it")
        print(f"{count} tokens", flush=True)
        self.assertGreater(count, 60)

    def test_a_jwt_stands_in_bearer_alone(self):
        token = self.idp.token("e")
        for headers in ([("x-api-key", token)], [("Authorization", "APIKEY " + token)]):
            with self.subTest(headers=headers):
                self.assert_refused(self.gate_.ask("GET", TARGET, headers), UNKNOWN_TOKEN)
        self.assert_refused(self.gate_.ask("GET", TARGET, [("Authorization", "Bearer " + token), self.key("siem")]),
                            "more than one credential header")
        self.assert_vendors(self.gate_.ask("GET", TARGET, [("Authorization", "bearer " + token)]))

    def test_no_token_reaches_vendor_audit_log_or_metrics(self):
        good, bad = self.idp.token("e"), self.stranger.token("e")
        self.assert_vendors(self.ask(self.gate_, good))
        self.assert_refused(self.ask(self.gate_, bad), SIGNATURE)
        metrics = self.gate_.get_admin("/metrics")[1]
        self.assertEqual(self.gate_.metric("sluice_authentication_failures_total", reason="jwt-signature"), 1)
        self.assertEqual(self.gate_.metric("sluice_jwks_keys", issuer=self.idp.name), 2)
        seen = "".join([metrics, self.gate_.get_admin("/status")[1], self.gate_.text(),
                        *(str(request.headers) for request in self.vendor.requests)])
        self.assertEqual(self.gate_.stop(), 0)
        seen += (self.folder / "audit.db").read_bytes().decode("latin-1")
        self.assertIn(f'"token_issuer":"{self.idp.name}","token_subject":"robot"', seen)
        for token in (good, bad):
            for part in token.split(".")[1:]:
                self.assertNotIn(part, seen)


class Keys(JwtTest):
    """Where the keys come from."""

    def setUp(self):
        super().setUp()
        self.idp = self.issuer()
        self.idp.key("a", "ES256")

    def url_gate(self, server, **sections):
        return self.jwt_gate([self.of(self.idp, {"url": server.url})], **sections)

    def test_a_new_key_is_taken_at_its_first_request_and_the_old_one_no_more(self):
        server = self.key_server(self.idp.jwks)
        gate = self.url_gate(server)
        old = self.idp.token("a")
        self.assert_vendors(self.ask(gate, old))
        self.assertEqual(server.asked, 1)
        del self.idp.keys["a"]
        self.idp.key("b", "ES256")
        server.document = self.idp.jwks
        self.assert_vendors(self.ask(gate, self.idp.token("b"), "POST", "/push/v1/employees/e1/groups", {"group": "g"}))
        self.assertEqual(server.asked, 2)
        self.assertEqual(json.loads(self.vendor.requests[-1].body), {"group": "g"})
        self.assert_refused(self.ask(gate, old), UNKNOWN_KEY)
        for kid in range(20):
            self.assert_refused(self.ask(gate, self.idp.forge("b", {"alg": "ES256", "kid": f"x{kid}"})), UNKNOWN_KEY)
        self.assertEqual(server.asked, 2, "a stranger makes the gate ask")

    def test_a_server_that_hangs_holds_up_nobody_else(self):
        server = self.key_server(self.idp.jwks)
        server.go.clear()
        gate = self.url_gate(server)
        wait_until("the gate to ask for keys", lambda: server.asked)
        body = json.dumps({"group": "g" * 100_000}).encode()
        fields = [("Authorization", "Bearer " + self.idp.token("a")), ("Content-Type", "application/json")]
        with gate.connect() as waiting, gate.connect() as reading:
            waiting.send(request_bytes("POST", "/push/v1/employees/e1/groups", fields, body))
            reading.send(request_bytes("GET", TARGET, fields[:1]))
            for _ in range(5):
                self.assert_vendors(gate.ask("GET", TARGET, [self.key("siem")]))
            self.assertEqual([request.method for request in self.vendor.requests], ["GET"] * 5)
            server.go.set()
            self.assert_vendors(waiting.response("POST"))
            self.assert_vendors(reading.response("GET"))
        sent = [request for request in self.vendor.requests if request.method == "POST"]
        self.assertEqual([request.body for request in sent], [body])

    def test_who_waits_in_vain_is_refused(self):
        server = self.key_server(self.idp.jwks)
        server.go.clear()
        gate = self.url_gate(server)
        self.assert_refused(self.ask(gate, self.idp.token("a")), NO_KEYS)
        self.assertEqual(gate.metric("sluice_authentication_failures_total", reason="jwt-no-keys"), 1)
        self.assertEqual(gate.metric("sluice_jwks_up"), 0)
        self.assertEqual(gate.get_admin("/readyz")[0], 200)

    def test_a_gate_starts_without_its_issuer(self):
        server = self.key_server(self.idp.jwks)
        server.stop()
        self.doubles.remove(server)
        gate = self.url_gate(server)
        self.assert_refused(self.ask(gate, self.idp.token("a")), NO_KEYS)
        self.assert_vendors(gate.ask("GET", TARGET, [self.key("siem")]))
        self.assertTrue(gate.said("an issuer's keys cannot be had: those from before stay in force"))
        self.assertIn("keys:" + self.idp.name, gate.get_admin("/readyz")[1])

    def test_lies_change_nothing(self):
        for name, raw in {
            "html": b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>",
            "no keys": b'HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n{"keys":[]}',
            "a redirect": b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
            "an error": b"HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n",
            "no http": b"SSH-2.0-x\r\n\r\n",
            "cut off": b'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{"keys":[',
            "without end": b"HTTP/1.1 200 OK\r\n\r\n" + b" " * (2 << 20),
        }.items():
            with self.subTest(lie=name):
                server = self.key_server(self.idp.jwks)
                gate = self.url_gate(server)
                good = self.idp.token("a")
                self.assert_vendors(self.ask(gate, good))
                server.raw = raw
                self.assert_refused(self.ask(gate, self.idp.forge("a", {"alg": "ES256", "kid": "new"})), UNKNOWN_KEY)
                self.assertEqual(server.asked, 2)
                self.assert_vendors(self.ask(gate, good))
                self.assertEqual(gate.stop(), 0)
                (self.folder / "audit.db").unlink()

    def test_keys_over_https_want_a_certificate_that_verifies(self):
        authority = Authority(self.folder)
        certificate, key = authority.issue("idp", "IP:127.0.0.1")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        server = self.key_server(self.idp.jwks, tls=context)
        jwks = {"url": server.url, "tls": {"ca": str(authority.certificate)}}
        gate = self.jwt_gate([self.of(self.idp, jwks)])
        self.assert_vendors(self.ask(gate, self.idp.token("a")))
        self.assertEqual(gate.stop(), 0)
        (self.folder / "audit.db").unlink()
        stranger = self.url_gate(server)
        self.assert_refused(self.ask(stranger, self.idp.token("a")), NO_KEYS)

    def test_the_authority_of_a_server_of_keys_is_taken_up_and_the_keys_stay_meanwhile(self):
        first, second = Authority(self.folder), Authority(self.folder, "second")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*second.issue("idp", "IP:127.0.0.1"))
        server = self.key_server(self.idp.jwks, tls=context)
        authority = self.write("idp-ca.crt", first.certificate.read_text())
        gate = self.jwt_gate([self.of(self.idp, {"url": server.url, "tls": {"ca": str(authority)}})])
        self.assert_refused(self.ask(gate, self.idp.token("a")), NO_KEYS)
        authority.write_text(second.certificate.read_text())
        wait_until("the reload", lambda: gate.said("reloaded"), 10)
        self.assert_vendors(self.ask(gate, self.idp.token("a")))
        authority.write_text(first.certificate.read_text())
        gate.reload()
        self.assert_vendors(self.ask(gate, self.idp.token("a")))

    def test_a_file_is_read_again(self):
        path = self.write("jwks.json", self.idp.jwks)
        gate = self.jwt_gate([self.of(self.idp, {"file": "jwks.json"})])
        old = self.idp.token("a")
        self.assert_vendors(self.ask(gate, old))
        self.idp.keys.clear()
        self.idp.key("b", "RS256")
        new = self.folder / "jwks.new"
        new.write_text(json.dumps(self.idp.jwks))
        new.rename(path)
        self.assert_vendors(self.ask(gate, self.idp.token("b")))
        self.assert_refused(self.ask(gate, old), UNKNOWN_KEY)

    def test_a_reload_takes_up_issuers_and_keeps_the_keys_of_those_that_stay(self):
        new = self.issuer("https://new.example")
        new.key("n", "ES256")
        servers = {"old": self.key_server(self.idp.jwks), "new": self.key_server(new.jwks)}
        gate = self.jwt_gate([self.of(self.idp, {"url": servers["old"].url})])
        self.assert_vendors(self.ask(gate, self.idp.token("a")))
        self.assert_refused(self.ask(gate, new.token("n")), "the token's issuer is not known")
        configuration = json.loads((self.folder / "sluice.yaml").read_text())
        old = configuration["identity"]["jwt"][0]
        old["leeway"] = "0s"

        def reload(issuers, status=200):
            configuration["identity"]["jwt"] = issuers
            self.write("sluice.yaml", configuration)
            connection = http.client.HTTPConnection(*gate.admin, timeout=30)
            connection.request("POST", "/reload")
            answer = connection.getresponse()
            self.assertEqual(answer.status, status, answer.read())
            connection.close()

        reload([old, self.of(new, {"url": servers["new"].url})])
        self.assert_vendors(self.ask(gate, new.token("n")))
        self.assert_vendors(self.ask(gate, self.idp.token("a")))
        self.assert_refused(self.ask(gate, self.idp.token("a", exp=int(time.time()) - 30)), EXPIRED)
        self.assertEqual(servers["old"].asked, 1)
        reload([self.of(new, {"file": "missing.json"})], 422)
        self.assert_vendors(self.ask(gate, self.idp.token("a")))
        reload([self.of(new, {"url": servers["new"].url})])
        self.assert_refused(self.ask(gate, self.idp.token("a")), "the token's issuer is not known")
        self.assertLessEqual(servers["new"].asked, 2)  # a request that meets the first fetch may ask once more

    def test_a_file_without_keys_stops_the_start(self):
        self.write("jwks.json", {"keys": []})
        self.vendor = self.upstream()
        configuration = self.configuration(
            {"push": self.push(self.vendor.url)}, clients={"robot": {"jwt": "robot"}},
            identity={"jwt": [self.of(self.idp, {"file": "jwks.json"})]}, policy={"version": 1, "rules": []})
        _, _, errors = self.run_sluice("serve", "--config", configuration, status=2, environment=self.secrets)
        self.assertIn("jwks.json: the key set has no key for RS256 or ES256", errors)


class Strangers(JwtTest):
    """Who does not say who they are."""

    def test_strangers_are_held_back_and_friends_are_not(self):
        gate = self.jwt_gate([], limits={"failed_attempts": 3})
        stranger = [("x-api-key", "guess")]
        for _ in range(8):
            self.assert_refused(gate.ask("GET", TARGET, stranger), UNKNOWN_TOKEN)
        with gate.connect() as held:
            held.send(request_bytes("GET", TARGET, stranger))
            for _ in range(5):
                self.assert_vendors(gate.ask("GET", TARGET, [self.key("siem")]))
            held.socket.setblocking(False)
            with self.assertRaises(BlockingIOError):
                held.socket.recv(1)
            held.socket.settimeout(30)
            self.assert_refused(held.response("GET"), UNKNOWN_TOKEN)
        self.assertEqual(gate.metric("sluice_authentication_failures_total", reason="unknown-token"), 9)

    def test_a_token_ends(self):
        tokens = {name: f"{name}-{hashlib.sha256(name.encode()).hexdigest()}" for name in ("past", "future")}
        hashes = [{"hash": hashlib.sha256(tokens["past"].encode()).hexdigest(), "expires": "2020-01-31"},
                  {"hash": hashlib.sha256(tokens["future"].encode()).hexdigest(), "expires": "2200-01-31T00:00:00Z"}]
        gate = self.jwt_gate([], {"old": {"token_sha256": hashes}})
        self.assert_vendors(gate.ask("GET", TARGET, [("x-api-key", tokens["future"])]))
        self.assert_refused(gate.ask("GET", TARGET, [("x-api-key", tokens["past"])]), "the client token has expired")

    def test_groups_of_a_token_mean_clients_and_only_one(self):
        idp = self.issuer()
        idp.key("a", "ES256")
        gate = self.jwt_gate([self.of(idp, {"file": str(self.write("idp.json", idp.jwks))}, client_claim="groups")],
                             {"soc": {"jwt": ["soc", "soc-leads"]}})

        def ask(*groups):
            return self.ask(gate, idp.token("a", groups=list(groups)))
        self.assert_vendors(ask("everybody", "soc"))
        self.assert_vendors(ask("soc", "soc-leads"))
        self.assert_refused(ask("everybody"), "no client is configured for this token")
        self.assert_refused(ask("soc", "robot"), "the token means more than one client")
        self.assert_refused(ask(), "no client is configured for this token")

    def test_a_certificate_is_known_by_its_fingerprint(self):
        authority = Authority(self.folder)
        served, served_key = authority.issue("gate", "IP:127.0.0.1")
        mine, mine_key = authority.issue("mine", "DNS:anything")
        other, other_key = authority.issue("other", "DNS:anything")
        listen = [{"address": "127.0.0.1:0", "tls": {"certificate": served, "private_key": served_key,
                                                     "client_ca": str(authority.certificate)}}]
        gate = self.jwt_gate([], {"pinned": {"certificate": {"fingerprint": fingerprint(mine)}}}, listen=listen)
        for certificate, key, status in ((mine, mine_key, "200"), (other, other_key, "401"), (mine, mine_key, "200")):
            done = subprocess.run(["curl", "--silent", "--cacert", str(authority.certificate), "--cert", certificate, "--key", key,
                                   "--output", "/dev/null", "--write-out", "%{http_code}",
                                   f"https://127.0.0.1:{gate.address[1]}{TARGET}"], capture_output=True, text=True, timeout=60)
            self.assertEqual(done.stdout, status, done.stderr)


if __name__ == "__main__":
    main()
