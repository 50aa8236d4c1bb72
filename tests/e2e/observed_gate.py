"""A gate that shows all it can, and how tests read its /metrics."""

import concurrent.futures
import re
import subprocess

import harness
from certificates import Authority
from harness import GateTest
from redis_server import RedisServer

# RFC 7517, appendix A.1.
PUBLIC_KEY = {"kty": "EC", "crv": "P-256", "x": "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4", "kid": "1",
              "y": "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"}
HISTOGRAM = ("_bucket", "_sum", "_count")


def promtool(*arguments, text=None):
    done = subprocess.run(["promtool", *map(str, arguments)], capture_output=True, text=True, input=text, timeout=120)
    return done.returncode, done.stdout + done.stderr


def series_of(text):
    """The series of a scrape: (name, labels as text)."""
    return {line.rpartition(" ")[0] for line in text.splitlines() if line and not line.startswith("#")}


def families_of(text):
    """Of each family of a scrape: its type, and the names of its samples' labels."""
    families = {found.group(1): (found.group(2), set()) for found in re.finditer(r"^# TYPE (\S+) (\S+)$", text, re.M)}
    for series in series_of(text):
        name, _, labels = series.partition("{")
        if name not in families:
            name = next(name.removesuffix(end) for end in HISTOGRAM if name.removesuffix(end) in families)
        families[name][1].update(re.findall(r'(\w+)="(?:[^"\\]|\\.)*"', labels))
    return families


class Observed(GateTest):
    """A gate with all that it can show: TLS, webhooks, issuers, a store, waits, denials, and requests of every kind."""

    def observed_gate(self, **sections):
        authority = Authority(self.folder)
        certificate, key = authority.issue("gate", "DNS:localhost")
        self.vendor = self.upstream()
        redis = RedisServer(self.folder)
        self.addCleanup(redis.stop)
        self.secrets["REDIS_PASSWORD"] = redis.password
        self.write("jwks.json", {"keys": [PUBLIC_KEY]})
        tls = {"certificate": certificate, "private_key": key}
        return self.gate(
            {"push": self.push(self.vendor.url, limit={"rate": 60, "burst": 20}), "securenvoy": self.securenvoy(self.vendor.url)},
            sink=self.sink(), limits={"failed_attempts": 0},
            rate_limit_store={"redis": redis.url, "password": {"env": "REDIS_PASSWORD"}, "replicas": 1},
            listen=[{"address": "127.0.0.1:0"}, {"address": "127.0.0.1:0", "tls": tls}],
            identity={"jwt": [{"issuer": "https://idp.example", "audience": "sluice", "jwks": {"file": "jwks.json"},
                               "algorithms": ["ES256"]}]},
            **sections)

    def use(self, gate):
        """Requests of every kind, with waits."""
        def one(number):
            return gate.ask("GET", "/push/v1/employees", [self.key()]).status
        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            self.assertEqual(set(pool.map(one, range(120))), {200})
        self.assertEqual(gate.ask("DELETE", f"{harness.SECURENVOY}/users/u1", [self.key()]).status, 200)  # and a rule in shadow mode
        self.assertEqual(gate.ask("POST", "/push/v1/employees/e1/merge", [self.key("siem")], {"secondaryEmployeeIds": ["a"]}).status, 403)
        self.assertEqual(gate.ask("GET", "/push/v1/employees").status, 401)
