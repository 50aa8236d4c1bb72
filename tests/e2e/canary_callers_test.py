"""The same as canary_test, of what callers of other kinds bring and of what stands behind them: JWTs, the credentials of tunnels, the
key of their authority, Vault's tokens and secrets, and the password of Redis."""

import base64
import json
import shutil
import ssl
import time

import canary_test
from canaries import canary
from certificates import Authority
from harness import Gate, main, wait_until
from issuer import Issuer
from raw_http import Closed, Connection, request_bytes
from redis_server import RedisServer
from vault_server import VaultServer

VENDOR = "localhost"


class Callers(canary_test.CanaryGate):
    sure_to_be_there = "vault-key"

    def setUp(self):
        super().setUp()
        self.idp = Issuer()
        self.doubles.append(self.idp)
        self.idp.key("e", "ES256")
        self.idp.key("r", "RS256")
        self.tools = Authority(self.folder, "tools")
        self.used["connect-key"] = self.key_forms(self.tools.key)
        self.used["redis-password"] = canary("redis")
        self.redis = RedisServer(self.folder, password=self.used["redis-password"])
        self.doubles.append(self.redis)
        # What is read, sent or shown once.
        self.past.update({name: canary(name) for name in ("vault-jwt", "vault-key", "tunnel-bearer", "tunnel-basic", "tunnel-user",
                                                          "tunnel-cut", "tunnel-broken", "tunnel-inside", "claim", "other-header")})
        self.vault = VaultServer(self.authority.issue("vault", "DNS:localhost"), [], self.past["vault-jwt"])
        self.doubles.append(self.vault)
        self.vault.secrets = {"secret/data/push": {"full": self.past["vault-key"], "other": canary("not-asked-for")}}
        self.past["not-asked-for"] = self.vault.secrets["secret/data/push"]["other"]

    def configuration_of(self):
        configuration = super().configuration_of()
        configuration["apis"]["push"]["credential"]["full"] = {"vault": "secret/data/push#full"}
        self.write("jwks.json", self.idp.jwks)
        self.put("vault-jwt", self.past["vault-jwt"])
        configuration["clients"]["robot"] = {"jwt": "robot"}
        self.port_of_vendor = int(self.vendor.url.rpartition(":")[2])
        return {**configuration,
                "identity": {"jwt": [{"issuer": self.idp.name, "audience": self.idp.audience, "jwks": {"file": "jwks.json"}}]},
                "connect": {"address": "127.0.0.1:0", "ca": {"certificate": str(self.tools.certificate), "private_key": str(self.tools.key)}},
                "vault": {"address": self.vault.url, "kubernetes": {"role": "sluice", "jwt": "secrets/vault-jwt"},
                          "tls": {"ca": str(self.authority.certificate)}, "refresh": "1s"},
                "rate_limit_store": {"redis": self.redis.url, "password": self.put("redis", self.used["redis-password"]), "replicas": 1}}

    # --- traffic

    def remember(self, name, token):
        """A token that is of no use once it has been looked at: whole, and its signature."""
        self.past[name] = [token, token.rpartition(".")[2]]
        return token

    def bearers(self):
        idp, now = self.idp, int(time.time())
        claims = {"email": self.past["claim"]}
        good = [idp.token("e", sub="robot", **claims), idp.token("r", sub="robot", groups=["g" * 40] * 100, **claims)]
        bad = [idp.token("e", sub="nobody", **claims), idp.token("r", exp=now - 900, **claims), idp.token("e", aud="other", **claims),
               idp.forge("r", {"alg": "RS256", "kid": "e"}), idp.forge("e", {"alg": "ES256", "kid": canary("kid")}), idp.token("e", iss=canary("iss")),
               idp.forge("e", {"alg": "ES256", "kid": "e"}, '{"iss": "' + canary("broken") + '", }'), idp.token("e", groups=["g" * 40] * 300)]
        return [(f"jwt-{at}", token, at < len(good)) for at, token in enumerate(good + bad)]

    def ask(self, headers, address=None, tls=None):
        with Connection(address or self.gate.address, tls=tls) as connection:
            connection.send(request_bytes("GET", "/push/v1/employees", headers))
            response = connection.response()
            self.answers.append(response.raw_head + response.body)
            return response.status

    def jwts(self):
        for name, token, holds in self.bearers():
            self.remember(name, token)
            status = self.ask([("Authorization", "Bearer " + token)])
            self.assertEqual(status == 401, not holds, (name, status))
            self.assertEqual(self.ask([("x-api-key", token)]), 401)

    def knock(self, *fields, text=None):
        """The answer's first line to a CONNECT, and the connection."""
        target = f"{VENDOR}:{self.port_of_vendor}"
        connection = Connection(self.proxy)
        connection.send(text or f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n" + "".join(f"{field}\r\n" for field in fields) + "\r\n")
        try:
            head = connection.reader.take_until(b"\r\n\r\n")
        except (Closed, OSError):
            head = b""
        self.answers.append(head)
        return head.split(b"\r\n")[0], connection

    def tunnels(self):
        past, used = self.past, self.used
        basic = lambda user, password: "Proxy-Authorization: Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
        jwt = self.remember("jwt-of-a-tunnel", self.idp.token("e", sub="robot"))
        for opener, inside in (([f"Proxy-Authorization: Bearer {past['siem-token']}"], [("x-api-key", past["other-header"])]),
                               ([basic("siem", past["siem-token"])], [("Proxy-Authorization", "Bearer " + past["tunnel-inside"])]),
                               ([f"Proxy-Authorization: Bearer {jwt}"], []),
                               ([], [("x-api-key", past["siem-token"]), ("Proxy-Authorization", "Basic " + past["tunnel-inside"])])):
            said, connection = self.knock(*opener)
            with connection:
                self.assertEqual(said, b"HTTP/1.1 200 Connection established")
                context = ssl.create_default_context(cafile=str(self.tools.certificate))
                connection.socket = connection.reader.connection = context.wrap_socket(connection.socket, server_hostname=VENDOR)
                for _ in range(2):
                    connection.send(request_bytes("GET", "/v1/employees", inside, host=f"{VENDOR}:{self.port_of_vendor}"))
                    self.assertEqual(connection.response().status, 200)
                self.assertIsNone(self.vendor.requests[-1].header("proxy-authorization"))
        for fields in ([f"Proxy-Authorization: Bearer {past['tunnel-bearer']}"], [basic(past["tunnel-user"], past["tunnel-basic"])],
                       [basic(past["tunnel-user"], "")], [basic("admin", past["siem-token"])],
                       [f"Proxy-Authorization: Bearer {past['siem-token']}", f"Proxy-Authorization: Bearer {used['soar-token']}"]):
            said, connection = self.knock(*fields)
            connection.close()
            self.assertIn(b" 407 ", said)
        said, connection = self.knock(f"Proxy-Authorization: Bearer {past['siem-token']}\r\nBad Name: {past['tunnel-broken']}")
        connection.close()
        self.assertIn(b" 400 ", said)
        with Connection(self.proxy) as connection:
            connection.send(f"CONNECT {VENDOR}:1 HTTP/1.1\r\nHost: x\r\nProxy-Authorization: Bearer {past['tunnel-cut']}")

    def new_vault_key(self):
        """Another value in Vault, behind another token."""
        for token in self.vault.tokens:
            self.past.setdefault("vault-tokens", []).append(token)
        self.vault.tokens.clear()
        fresh = canary("fresh-vault-key")
        self.vault.secrets["secret/data/push"]["full"] = self.used["vault-key"] = fresh
        wait_until("the key to change", lambda: self.gate.said("secret changed") or fresh in self.sent_keys(), 30)

    def rotate_what_stands_behind(self):
        """Another authority for the tools, and another password of Redis."""
        self.past["old-connect-key"], self.past["old-redis-password"] = self.used["connect-key"], self.used["redis-password"]
        newer = Authority(self.folder, "newer-tools")
        shutil.copy(newer.certificate, self.tools.certificate)
        shutil.copy(newer.key, self.tools.key)
        self.used["connect-key"], self.used["redis-password"] = self.key_forms(newer.key), canary("new-redis")
        self.assertEqual(self.redis.run("CONFIG", "SET", "requirepass", self.used["redis-password"]), "OK")
        self.redis.password = self.used["redis-password"]
        self.put("redis", self.used["redis-password"])
        self.gate.reload()

    def sent_keys(self):
        self.ask_write()
        return [request.header("x-api-key") for request in self.vendor.requests]

    def ask_write(self):
        headers = [("x-api-key", self.used["admin-token"]), ("Content-Type", "application/json")]
        with Connection(self.gate.address) as connection:
            connection.send(request_bytes("POST", "/push/v1/employees/e1/groups", headers, json.dumps({"group": "a"}).encode()))
            response = connection.response()
            self.answers.append(response.raw_head + response.body)
            self.assertEqual(response.status, 200, response)

    def test_what_callers_bring_is_nowhere_and_not_in_memory_either(self):
        configuration = self.prepare()
        document = json.loads(configuration.read_text())
        document["apis"]["push"]["upstream"] = self.vendor.url.replace("127.0.0.1", VENDOR)
        document["limits"] = {"failed_attempts": 0}
        configuration.write_text(json.dumps(document))
        policy = json.loads((self.folder / "policy.yaml").read_text())
        policy["rules"].append({"id": "robot-reads", "effect": "allow", "when": {"client": "robot", "access": "read"}})
        self.write("policy.yaml", policy)
        del self.used["full-key"]
        self.gate = Gate(["serve", "--config", configuration], {}, self.folder, 2)
        self.processes.insert(0, self.gate)
        self.proxy = self.gate.listening("connect")[0]
        self.jwts()
        self.tunnels()
        self.ask_write()
        self.new_vault_key()
        self.rotate_what_stands_behind()
        self.jwts()
        self.tunnels()
        wait_until("the events", lambda: len(self.received.events("request.forwarded")) >= 10)
        time.sleep(1)  # a worker lets go of what a reload has replaced every 100 ms
        self.gate.reload()  # a thread that sleeps has in its registers what it copied last: a part of Vault's answer
        self.memory_is_clean("after requests")
        self.search_outside()
        self.assertEqual(self.gate.stop(), 0)
        self.search_spool("after the stop")
        self.search("the log after the stop", "\n".join(self.gate.errors + self.gate.output).encode())
        for place in self.searched:
            print(f"searched {place}")


if __name__ == "__main__":
    main()
