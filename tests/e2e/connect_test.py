"""Tools whose vendor URL cannot be changed use the gate as their HTTPS proxy: CONNECT, TLS that ends in the gate, and requests like
any other. The tools are real, call the vendors' own URLs, and trust the private authority alone.

SLUICE_PROXY_TOOLS is the folder with the node_modules of tests/e2e/proxy_tools; ./dev test installs them there.
"""

import base64
import json
import os
import pathlib
import socket
import ssl
import subprocess
import sys
import time

from certificates import Authority
from harness import GateTest, PATIENCE, SOURCE, main, wait_until
from raw_http import Connection, request_bytes

MODULES = os.environ.get("SLUICE_PROXY_TOOLS", "")
PUSH, SECURENVOY = "api.pushsecurity.com", "acme.eu.securenvoy.directory"
EMPLOYEES = f"https://{PUSH}/v1/employees"
USERS = f"https://{SECURENVOY}/api/user/restapi/users"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


ASK_BY_URLLIB = """
import json, sys, urllib.error, urllib.request
method, url, headers, body = sys.argv[1:]
request = urllib.request.Request(url, method=method, headers=json.loads(headers), data=body.encode() or None)
try:
    answer = urllib.request.urlopen(request, timeout=30)
except urllib.error.HTTPError as error:
    answer = error
except urllib.error.URLError as error:
    print(json.dumps({"error": str(error)}))
    raise SystemExit
print(json.dumps({"status": answer.status, "body": answer.read().decode(), "headers": {k.lower(): v for k, v in answer.headers.items()}}))
"""


class Connect(GateTest):
    def setUp(self):
        super().setUp()
        self.vendors = Authority(self.folder, "vendors")
        self.authority = Authority(self.folder, "connect")

    def vendor(self, kind, host):
        certificate, key = self.vendors.issue(kind, f"DNS:{host}")
        return self.simulate(kind, "--rate", "0", "--tls", certificate, key)

    def apis(self):
        def at(kind, host):
            return {"upstream_tls": {"server_name": host, "ca": str(self.vendors.certificate)}}, \
                f"https://127.0.0.1:{self.vendor(kind, host).port}"
        (push, push_url), (securenvoy, securenvoy_url) = at("push", PUSH), at("securenvoy", SECURENVOY)
        return {"push": self.push(push_url, **push), "securenvoy": self.securenvoy(securenvoy_url, **securenvoy)}

    def connect_section(self, **changes):
        return {"address": "127.0.0.1:0", "ca": {"certificate": str(self.authority.certificate), "private_key": str(self.authority.key)},
                **changes}

    def connect_gate(self, apis=None, connect=None, **sections):
        gate = self.gate(apis or self.apis(), connect=self.connect_section(**(connect or {})), **sections)
        gate.proxy = gate.listening("connect")[0]
        return gate

    def proxy_url(self, gate, client=None, user="tool"):
        who = f"{user}:{self.secrets[client.upper() + '_TOKEN']}@" if client else ""
        return f"http://{who}{gate.proxy[0]}:{gate.proxy[1]}"

    # --- real tools: each returns {status, body, headers}, or {error}

    def run_tool(self, command, **environment):
        clean = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
        return subprocess.run(command, capture_output=True, text=True, timeout=60 * PATIENCE, env={**clean, **environment})

    def by_curl(self, proxy, method, url, headers=(), body="", *more):
        fields = [part for name, value in dict(headers).items() for part in ("-H", f"{name}: {value}")]
        data = ["--data-binary", body] if body else []
        done = self.run_tool(["curl", "-sS", "--cacert", str(self.authority.certificate), "-X", method, "-w", "\n%{http_code}",
                              *fields, *data, *more, url], HTTPS_PROXY=proxy)
        text, _, status = done.stdout.rpartition("\n")
        return {"status": int(status), "body": text} if done.returncode == 0 else {"error": done.stderr}

    def by_node(self, proxy, method, url, headers=(), body=""):
        self.assertTrue((pathlib.Path(MODULES) / "node_modules").is_dir(),
                        f"SLUICE_PROXY_TOOLS={MODULES} has no node_modules: run ./dev test once")
        script = SOURCE / "tests/e2e/proxy_tools/ask.mjs"
        done = self.run_tool(["node", str(script), MODULES, method, url, json.dumps(dict(headers)), body],
                             HTTPS_PROXY=proxy, NODE_EXTRA_CA_CERTS=str(self.authority.certificate))
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def by_urllib(self, proxy, method, url, headers=(), body=""):
        done = self.run_tool([sys.executable, "-c", ASK_BY_URLLIB, method, url, json.dumps(dict(headers)), body],
                             HTTPS_PROXY=proxy, SSL_CERT_FILE=str(self.authority.certificate), SSL_CERT_DIR=str(self.folder / "none"))
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    # --- by hand

    def head(self, target, *fields, version="HTTP/1.1"):
        return f"CONNECT {target} {version}\r\nHost: {target}\r\n" + "".join(f"{field}\r\n" for field in fields) + "\r\n"

    def knock(self, gate, head):
        """What the gate answers to a head; the connection has to end behind it."""
        with Connection(gate.proxy) as connection:
            connection.send(head)
            answer = connection.response()
            self.assertTrue(connection.ends())
            return answer

    def bearer(self, client):
        return f"Proxy-Authorization: Bearer {self.secrets[client.upper() + '_TOKEN']}"

    def basic(self, client, user="tool"):
        pair = f"{user}:{self.secrets[client.upper() + '_TOKEN']}".encode()
        return "Proxy-Authorization: Basic " + base64.b64encode(pair).decode()

    def context(self, alpn=None):
        context = ssl.create_default_context(cafile=str(self.authority.certificate))
        context.verify_flags |= ssl.VERIFY_X509_STRICT
        if alpn:
            context.set_alpn_protocols(alpn)
        return context

    def tunnel(self, gate, host=PUSH, *fields, server_name=None, context=None):
        """A connection inside a tunnel."""
        connection = Connection(gate.proxy)
        connection.send(self.head(f"{host}:443", *fields))
        self.assertEqual(connection.reader.take_until(b"\r\n\r\n").split(b"\r\n")[0], b"HTTP/1.1 200 Connection established")
        self.assertFalse(connection.reader.buffer)
        secure = (context or self.context()).wrap_socket(connection.socket, server_hostname=server_name or host)
        connection.socket = connection.reader.connection = secure
        return connection

    def inside(self, connection, method="GET", target="/v1/employees", headers=(), host=PUSH, body=None):
        connection.send(request_bytes(method, target, headers, body, host=host))
        return connection.response(method)

    def events(self):
        """The data of the request events in the spool."""
        _, text, _ = self.run_sluice("audit", "list", "--config", self.folder / "sluice.yaml", "--type", "request.*", "--limit", "0",
                                     "--format", "json", status=0, environment=self.secrets)
        return [{**event["data"], "type": event["type"]} for event in json.loads(text)["events"]]

    def wait_for_events(self, kind, count):
        """All events of a type, once there are so many of them."""
        def arrived():
            found = [event for event in self.events() if event["type"] == "io.sluice." + kind]
            return len(found) >= count and found
        return wait_until(f"{count} of {kind} in the audit", arrived)


class Tools(Connect):
    def test_reach_both_vendors_by_their_own_urls(self):
        gate = self.connect_gate(workers=2)
        for ask in (self.by_curl, self.by_node, self.by_urllib):
            for url, dummy in ((EMPLOYEES, {"x-api-key": "vendor-key-of-the-tool"}), (USERS, {"Authorization": "APIKEY tool"})):
                with self.subTest(tool=ask.__name__, url=url):
                    answer = ask(self.proxy_url(gate, "siem"), "GET", url, dummy)
                    self.assertEqual(answer.get("status"), 200, answer)
                    self.assertIn("e1" if url == EMPLOYEES else "username", answer["body"])
        forwarded = self.wait_for_events("request.forwarded", 6)
        clients = {(event["client"], event["api"], event["path"]) for event in forwarded}
        self.assertEqual(clients, {("siem", "push", "/v1/employees"), ("siem", "securenvoy", "/api/user/restapi/users")})

    def test_name_the_client_where_the_vendors_key_would_stand(self):
        gate = self.connect_gate()
        token = self.secrets["SIEM_TOKEN"]
        for ask in (self.by_curl, self.by_node, self.by_urllib):
            for url, header in ((EMPLOYEES, {"x-api-key": token}), (USERS, {"Authorization": f"Bearer {token}"})):
                with self.subTest(tool=ask.__name__, url=url):
                    self.assertEqual(ask(self.proxy_url(gate), "GET", url, header).get("status"), 200)

    def test_meet_the_policy_inside(self):
        gate = self.connect_gate()
        body = json.dumps({"secondaryEmployeeIds": ["e2", "e3", "e4"]})
        headers = {"Content-Type": "application/json", "x-api-key": "none"}
        for ask in (self.by_curl, self.by_node, self.by_urllib):
            with self.subTest(tool=ask.__name__):
                answer = ask(self.proxy_url(gate, "soar"), "POST", f"{EMPLOYEES}/e1/merge", headers, body)
                self.assertEqual(answer["status"], 403, answer)
                self.assertEqual(json.loads(answer["body"])["rules"], ["merge-cap"])
        denied = self.wait_for_events("request.denied", 3)
        self.assertEqual([(event["client"], event["operation"], event["method"], event["path"]) for event in denied],
                         [("soar", "push.employees.merge", "POST", "/v1/employees/e1/merge")] * 3)

    def test_are_told_when_they_may_not_or_when_they_trust_nobody(self):
        gate = self.connect_gate()
        for ask in (self.by_curl, self.by_urllib):
            with self.subTest(tool=ask.__name__):
                self.assertIn("403", ask(self.proxy_url(gate, "siem"), "GET", "https://evil.com/")["error"])
                self.assertIn("407", ask(f"http://siem:wrong@{gate.proxy[0]}:{gate.proxy[1]}", "GET", EMPLOYEES)["error"])
        answer = self.by_node(self.proxy_url(gate, "siem"), "GET", "https://evil.com/")  # the agent passes on what it was told
        self.assertEqual((answer["status"], json.loads(answer["body"])["type"]), (403, "urn:sluice:problem:host-denied"))
        self.authority.certificate = self.vendors.certificate  # what the tool trusts from here on
        self.assertIn("certificate", self.by_curl(self.proxy_url(gate, "siem"), "GET", EMPLOYEES)["error"])
        said, = wait_until("the gate to say why", lambda: gate.said("connect: no tls"))
        self.assertEqual((said["host"], said["source_ip"]), (PUSH, "127.0.0.1"))
        self.assertRegex(said["reason"], "unknown ca|connection reset")  # a reset may overtake the alert

    def test_that_wait_to_be_asked_are_asked_where_it_is_required(self):
        gate = self.connect_gate(connect={"proxy_authorization": "required"})
        asked = self.by_curl(self.proxy_url(gate, "siem"), "GET", EMPLOYEES, {}, "", "--proxy-anyauth")
        self.assertEqual(asked.get("status"), 200, asked)
        self.assertIn("407", self.by_curl(self.proxy_url(gate), "GET", EMPLOYEES, {"x-api-key": self.secrets["SIEM_TOKEN"]})["error"])


class Heads(Connect):
    """A table of heads, each on a socket of its own."""

    def table(self):
        at, host = f"CONNECT {PUSH}:443 HTTP/1.1\r\n", f"Host: {PUSH}:443\r\n"
        deny = [f"{PUSH}:22", f"{PUSH}:80", f"{PUSH}:8443", "evil.com:443", "169.254.169.254:80", "169.254.169.254:443",
                "[fd00:ec2::254]:443", "metadata.google.internal:443", "localhost:443", "[::1]:443", "[::ffff:127.0.0.1]:1", "10.0.0.1:443",
                f"evil.{PUSH}:443", f"{PUSH}.evil.com:443", f"x{PUSH}:443", "pushsecurity.com:443", "127.1:443", "0x7f000001:443",
                "2130706433:443"]
        for target in deny:
            yield self.head(target), 403, "host-denied"
        malformed = [PUSH, f"{PUSH}:", f"{PUSH}:0", f"{PUSH}:65536", f"{PUSH}:99999999999", f"{PUSH}:0443", f"{PUSH}:+443", f"{PUSH}:443x",
                     f"{PUSH}:-1", ":443", "[::1:443", "::1:443", "[]:443", "[evil.com]:443", "[fe80::1%25eth0]:443", f"{PUSH}..:443",
                     f".{PUSH}:443", f"user@{PUSH}:443", f"user:pass@{PUSH}:443", f"https://{PUSH}:443/", f"https://{PUSH}/", "/", "*",
                     f"/{PUSH}:443", f"{PUSH}:443/", f"{PUSH}:443?x", f"{PUSH}:443#x", f"{PUSH}%00:443", "api%2epushsecurity.com:443",
                     f"{PUSH}:443:443", f"evil.com,{PUSH}:443", f"{PUSH}\\@evil.com:443"]
        for target in malformed:
            yield f"CONNECT {target} HTTP/1.1\r\n{host}\r\n", 400, "malformed-request"
        for fields in ("", f"{host}{host}", "Host: evil.com\r\n", f"Host: evil.com:443\r\n", f"Host: {PUSH}:22\r\n", "Host: \r\n",
                       f"Host: user@{PUSH}\r\n", f"{host}Content-Length: 5\r\n", f"{host}Content-Length: 0\r\n",
                       f"{host}Transfer-Encoding: chunked\r\n", f"{host}Content-Length: x\r\n", f"{host} folded: x\r\n",
                       f"{host}: nameless\r\n", f"{host}Bad Name: x\r\n", f"{host}X: a\0b\r\n", f"{host}X: a\rb\r\n", f"{host}X: a\n"):
            yield f"{at}{fields}\r\n", 400, "malformed-request"
        yield f"CONNECT  {PUSH}:443 HTTP/1.1\r\n{host}\r\n", 400, "malformed-request"
        yield f"CONNECT {PUSH}:443\r\n{host}\r\n", 400, "malformed-request"
        yield f"CONNECT {PUSH}:443 HTTP/2.0\r\n{host}\r\n", 505, "version-not-supported"
        yield f"CONNECT {'a' * 9000}:443 HTTP/1.1\r\n{host}\r\n", 414, "target-too-long"
        yield f"{at}{host}X: {'a' * 40000}\r\n\r\n", 431, "head-too-large"
        yield at + host + "X: a\r\n" * 101 + "\r\n", 431, "head-too-large"
        yield b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n".decode("latin-1"), 400, "malformed-request"
        for method in ("GET", "POST", "OPTIONS", "TRACE", "connect"):
            yield f"{method} /push/v1/employees HTTP/1.1\r\n{host}\r\n", 405, "method-not-allowed"
        yield f"GET http://{PUSH}/v1/employees HTTP/1.1\r\nHost: {PUSH}\r\n\r\n", 405, "method-not-allowed"
        for field in ("Basic", "Basic !", "Basic " + base64.b64encode(b"no colon").decode(), "Bearer", "Bearer wrong", "Digest x", "",
                      "Basic " + base64.b64encode(b"siem:").decode()):
            yield f"{at}{host}Proxy-Authorization: {field}\r\n\r\n", 407, "proxy-unauthenticated"
        yield f"{at}{host}{self.bearer('siem')}\r\n{self.bearer('siem')}\r\n\r\n", 407, "proxy-unauthenticated"
        yield f"{at}{host}{self.basic('siem', user='admin')}\r\n\r\n", 407, "proxy-unauthenticated"

    def test_that_are_hostile_are_refused_recorded_and_closed(self):
        gate = self.connect_gate()
        table = list(self.table())
        for head, status, kind in table:
            with self.subTest(head=head[:120]):
                answer = self.knock(gate, head)
                self.assert_problem(answer, status, kind)
                self.assertEqual(answer.header("connection"), "close")
                self.assertEqual(answer.header("allow"), "CONNECT" if status == 405 else None)
                schemes = [value.split()[0] for value in answer.all("proxy-authenticate")]
                self.assertEqual(schemes, ["Basic", "Bearer"] if status == 407 else [])
        refused = self.wait_for_events("request.refused", len(table))
        self.assertEqual(len(refused), len(table))
        for (head, status, kind), event in zip(table, refused):
            with self.subTest(head=head[:120]):
                self.assertTrue(event["reason"].startswith(kind + ": "), event)
                self.assertEqual((event["status"], event["client"], event["api"], event["source_ip"]), (status, None, None, "127.0.0.1"))
                if status in (403, 405, 407):
                    self.assertEqual((event["method"], event["path"]), tuple(head.split(" ")[:2]))
        self.assertEqual(len(gate.said("connect refused")), 10)  # the log sums up what is said again and again
        self.assertEqual(gate.metric("sluice_requests_total", decision="refuse", status="403"), 19)
        self.assertEqual(self.by_curl(self.proxy_url(gate, "siem"), "GET", EMPLOYEES).get("status"), 200)

    def test_that_name_a_vendor_in_another_way_open_the_tunnel(self):
        gate = self.connect_gate()
        for head in (self.head(f"{PUSH}:443"), self.head(f"{PUSH.upper()}:443"), self.head(f"{PUSH}.:443"), self.head(f"{SECURENVOY}:443"),
                     f"CONNECT {PUSH}:443 HTTP/1.1\r\nHost: {PUSH}\r\n\r\n", f"CONNECT {PUSH}:443 HTTP/1.0\r\n\r\n",
                     f"\r\nCONNECT {PUSH}:443 HTTP/1.1\r\nHost: {PUSH}\r\nProxy-Connection: keep-alive\r\nUser-Agent: tool\r\n\r\n",
                     self.head(f"{PUSH}:443", self.bearer("siem")), self.head(f"{PUSH}:443", self.basic("siem")),
                     self.head(f"{PUSH}:443", self.basic("siem", user="siem")), self.head(f"{PUSH}:443", self.basic("siem", user=""))):
            with self.subTest(head=head), Connection(gate.proxy) as connection:
                connection.send(head)
                self.assertEqual(connection.reader.take_until(b"\r\n\r\n"), b"HTTP/1.1 200 Connection established\r\n\r\n")

    def test_that_do_not_end_in_time_are_answered_and_silence_is_closed(self):
        gate = self.connect_gate(limits={"head_time": "300ms"})
        self.assert_problem(self.knock(gate, f"CONNECT {PUSH}:443 HTTP/1.1\r\nHo"), 408, "request-timeout")
        with Connection(gate.proxy) as silent:
            self.assertTrue(silent.ends())

    def test_are_refused_on_the_other_listeners_as_ever(self):
        gate = self.connect_gate()
        with gate.connect() as connection:
            connection.send(self.head(f"{PUSH}:443"))
            self.assert_problem(connection.response(), 405, "method-not-allowed")


class Inside(Connect):
    def test_no_other_host_is_reached(self):
        gate = self.connect_gate()
        for host in (SECURENVOY, "evil.com", "127.0.0.1", f"{PUSH}:80", f"x{PUSH}"):
            with self.subTest(host=host), self.tunnel(gate, PUSH, self.bearer("admin")) as connection:
                self.assert_problem(self.inside(connection, host=host), 421, "misdirected-request")
                self.assert_vendors(self.inside(connection))  # the connection is still good
        with self.tunnel(gate, PUSH, self.bearer("admin")) as connection:
            for host in (PUSH, PUSH.upper(), f"{PUSH}:443", f"{PUSH}."):
                self.assert_vendors(self.inside(connection, host=host))
            self.assert_vendors(self.inside(connection, target=EMPLOYEES))  # in absolute form
            connection.send("GET /v1/employees HTTP/1.0\r\n\r\n")
            self.assert_vendors(connection.response())

    def test_a_prefix_means_nothing(self):
        gate = self.connect_gate()
        with self.tunnel(gate, SECURENVOY, self.bearer("admin")) as connection:
            answer = self.inside(connection, target="/push/v1/employees", host=SECURENVOY)
            self.assertEqual(self.assert_problem(answer, 403, "policy-denied")["operation"], "securenvoy.unknown")

    def test_the_certificate_is_the_hosts_whatever_name_is_asked_for(self):
        gate = self.connect_gate()
        context = self.context()
        context.check_hostname = False
        with self.tunnel(gate, PUSH, server_name=SECURENVOY, context=context) as connection:
            certificate = connection.socket.getpeercert()
            self.assertEqual(certificate["subjectAltName"], (("DNS", PUSH),))
            self.assertEqual(self.inside(connection, host=SECURENVOY).status, 421)
        lasts = ssl.cert_time_to_seconds(certificate["notAfter"]) - time.time()
        self.assertTrue(6.9 * 86400 < lasts < 7.1 * 86400, certificate)

    def test_http_1_1_is_spoken_with_both_versions_of_tls(self):
        gate = self.connect_gate()
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            context = self.context(["h2", "http/1.1"])
            context.minimum_version = context.maximum_version = version
            with self.subTest(version=version), self.tunnel(gate, PUSH, self.bearer("siem"), context=context) as connection:
                self.assertEqual(connection.socket.selected_alpn_protocol(), "http/1.1")
                self.assert_vendors(self.inside(connection))

    def test_a_session_is_resumed_for_its_host_only(self):
        gate = self.connect_gate()
        context = self.context()
        context.maximum_version = ssl.TLSVersion.TLSv1_2  # whose ticket comes with the handshake
        context.check_hostname = False

        def reused(host, session):
            connection = Connection(gate.proxy)
            connection.send(self.head(f"{host}:443"))
            connection.reader.take_until(b"\r\n\r\n")
            with context.wrap_socket(connection.socket, server_hostname=PUSH, session=session) as secure:
                return secure.session_reused, secure.session
        _, session = reused(PUSH, None)
        self.assertEqual((reused(PUSH, session)[0], reused(SECURENVOY, session)[0]), (True, False))

    def test_octets_that_come_with_the_head_are_the_beginning_of_tls(self):
        gate = self.connect_gate()
        head = self.head(f"{PUSH}:443", self.bearer("siem")).encode()
        for cut in (None, 1, 7):  # the size of the pieces
            with self.subTest(cut=cut), Connection(gate.proxy) as connection:
                incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
                tls = self.context().wrap_bio(incoming, outgoing, server_hostname=PUSH)
                with self.assertRaises(ssl.SSLWantReadError):
                    tls.do_handshake()
                octets = head + outgoing.read()
                for at in range(0, len(octets), cut or len(octets)):
                    connection.send(octets[at:at + (cut or len(octets))])
                self.assertTrue(connection.reader.take_until(b"\r\n\r\n").startswith(b"HTTP/1.1 200"))
                incoming.write(bytes(connection.reader.buffer))

                def finish(step):
                    while True:
                        try:
                            return step()
                        except ssl.SSLWantReadError:
                            connection.send(outgoing.read())
                            incoming.write(connection.socket.recv(65536))
                finish(tls.do_handshake)
                tls.write(request_bytes("GET", "/v1/employees", host=PUSH))
                connection.send(outgoing.read())
                self.assertTrue(finish(lambda: tls.read(65536)).startswith(b"HTTP/1.1 200"))

    def test_who_opened_the_tunnel_sends_its_requests(self):
        gate = self.connect_gate()
        siem, soar = self.secrets["SIEM_TOKEN"], self.secrets["SOAR_TOKEN"]
        with self.tunnel(gate, PUSH, self.basic("siem")) as connection:
            for headers in ((), [("x-api-key", "dummy")], [("x-api-key", siem)], [("Authorization", "Basic eA=="), ("x-api-key", "dummy")]):
                with self.subTest(headers=headers):
                    self.assert_vendors(self.inside(connection, headers=headers))
            for headers in ([("x-api-key", soar)], [("Authorization", f"Bearer {soar}")], [("x-api-key", siem), ("Authorization", f"APIKEY {soar}")]):
                with self.subTest(headers=headers):
                    self.assert_problem(self.inside(connection, headers=headers), 401, "unauthenticated")
        with self.tunnel(gate, PUSH) as connection:  # names nobody
            self.assert_problem(self.inside(connection, headers=[("x-api-key", "dummy")]), 401, "unauthenticated")
            self.assert_problem(self.inside(connection), 401, "unauthenticated")
            self.assert_vendors(self.inside(connection, headers=[("x-api-key", siem)]))

    def test_paths_are_the_vendors_own_also_where_its_url_has_one(self):
        vendor = self.upstream(tls=self.vendors.issue("scripted", f"DNS:{PUSH}"))
        api = self.push(f"https://127.0.0.1:{vendor.port}/base", hosts=["push.gate.example"],
                        upstream_tls={"server_name": PUSH, "ca": str(self.vendors.certificate)})
        gate = self.connect_gate({"push": api})
        with self.tunnel(gate, PUSH, self.bearer("siem")) as connection:
            self.assert_vendors(self.inside(connection, target="/base/v1/employees?x=1"))
            for target in ("/v1/employees", "/based/v1/employees", "/base", "/basev1/employees"):
                self.assert_problem(self.inside(connection, target=target), 404, "unknown-api")
        with self.tunnel(gate, "push.gate.example", self.bearer("siem")) as connection:  # as everywhere
            self.assert_vendors(self.inside(connection, target="/v1/employees", host="push.gate.example"))
        self.assertEqual([request.target for request in vendor.requests], ["/base/v1/employees?x=1", "/base/v1/employees"])
        self.assertEqual({event["path"] for event in self.wait_for_events("request.forwarded", 2)}, {"/v1/employees"})

    def test_nothing_of_the_proxys_or_the_tools_goes_to_the_vendor(self):
        certificate = self.vendors.issue("scripted", f"DNS:{PUSH}")
        vendor = self.upstream(tls=certificate)
        api = self.push(f"https://127.0.0.1:{vendor.port}", hosts=[PUSH],
                        upstream_tls={"server_name": PUSH, "ca": str(self.vendors.certificate)})
        gate = self.connect_gate({"push": api})
        with self.tunnel(gate, PUSH, self.bearer("siem")) as connection:
            self.assert_vendors(self.inside(connection, headers=[("x-api-key", "dummy-key"), ("Proxy-Authorization", "Basic inner"),
                                                                 ("Proxy-Connection", "keep-alive")]))
        seen, = vendor.requests
        self.assertNotIn(b"dummy-key", seen.raw_head)
        self.assertEqual([name for name in seen.names() if name.startswith("proxy-")], [])
        self.assertNotIn(self.secrets["SIEM_TOKEN"].encode(), seen.raw_head)
        self.assertEqual(seen.all("x-api-key"), [self.secrets["PUSH_READ_KEY"]])
        self.assertEqual(seen.target, "/v1/employees")


class Connections(Connect):
    def test_are_counted_from_connect_on_and_limited(self):
        gate = self.connect_gate(limits={"connections_per_source": 2})
        name = f"{gate.proxy[0]}:{gate.proxy[1]}"
        with Connection(gate.proxy) as waiting, self.tunnel(gate, PUSH, self.bearer("siem")) as connection:
            wait_until("both to be counted", lambda: gate.metric("sluice_connections", listener=name) == 2)
            self.assert_vendors(self.inside(connection))
            with Connection(gate.proxy) as third:
                answer = third.response()
                self.assertEqual((answer.status, answer.json()["type"]), (503, "urn:sluice:problem:too-many-connections"))
            waiting.send("CONNECT x\r\n\r\n")
            waiting.response()
        wait_until("the connections to be counted out", lambda: gate.metric("sluice_connections", listener=name) == 0)
        with self.tunnel(gate, PUSH, self.bearer("siem")) as connection:
            self.assert_vendors(self.inside(connection))

    def test_end_when_the_gate_drains(self):
        gate = self.connect_gate(drain={"timeout": "10m"}, limits={"head_time": "10m"})  # longer than anybody waits here
        waiting, idle = Connection(gate.proxy), self.tunnel(gate, PUSH, self.bearer("siem"))
        self.assert_vendors(self.inside(idle))
        half = Connection(gate.proxy)
        half.send(f"CONNECT {PUSH}:443 HTTP/1.1\r\nHost: {PUSH}\r\n")
        wait_until("all to be open", lambda: gate.metric("sluice_connections", listener=f"{gate.proxy[0]}:{gate.proxy[1]}") == 3)
        gate.popen.terminate()
        wait_until("the drain", lambda: gate.said("draining"))
        half.send("\r\n")  # is still served
        self.assertTrue(half.reader.take_until(b"\r\n\r\n").startswith(b"HTTP/1.1 200"))
        self.assertEqual(gate.wait(), 0)
        for connection in (waiting, idle, half):
            self.assertTrue(connection.ends())
            connection.close()


class Reloads(Connect):
    def change(self, gate, change):
        """Changes the configuration, which is in force afterwards."""
        path = self.folder / "sluice.yaml"
        document = json.loads(path.read_text())
        change(document)
        path.write_text(json.dumps(document))
        gate.reload()

    def test_count_for_open_tunnels(self):
        gate = self.connect_gate()
        with self.tunnel(gate, PUSH, self.bearer("siem")) as connection:
            self.assert_vendors(self.inside(connection))
            self.change(gate, lambda document: document.update(clients=dict(reversed(document["clients"].items()))))  # by other numbers
            self.assert_vendors(self.inside(connection))
            self.assertEqual(self.wait_for_events("request.forwarded", 2)[-1]["client"], "siem")
            self.change(gate, lambda document: document["clients"].update(siem={"token_sha256": ["ab" * 32]}))
            self.assert_problem(self.inside(connection), 401, "unauthenticated")
            self.change(gate, lambda document: document.pop("connect"))
            wait_until("the tunnel's end", lambda: connection.ends(1))
        with self.assertRaises(ConnectionRefusedError):
            Connection(gate.proxy)

    def test_take_up_another_authority_host_and_requirement(self):
        gate = self.connect_gate(connect={"address": f"127.0.0.1:{free_port()}"})
        with self.tunnel(gate, PUSH, self.bearer("siem")) as connection:
            other = Authority(self.folder, "other")
            self.change(gate, lambda document: document["connect"].update(
                ca={"certificate": str(other.certificate), "private_key": str(other.key)}, proxy_authorization="required"))
            self.assert_vendors(self.inside(connection))  # goes on
        self.assert_problem(self.knock(gate, self.head(f"{PUSH}:443")), 407, "proxy-unauthenticated")
        with self.assertRaises(ssl.SSLCertVerificationError):
            self.tunnel(gate, PUSH, self.bearer("siem"))
        self.authority = other
        self.change(gate, lambda document: document["apis"]["push"].update(hosts=["push.gate.example"]))
        with self.tunnel(gate, "push.gate.example", self.bearer("siem")) as connection:
            self.assert_vendors(self.inside(connection, host="push.gate.example"))


class Guesses(Connect):
    def test_are_slowed_as_those_of_other_listeners(self):
        gate = self.connect_gate(limits={"failed_attempts": 2})
        head = self.head(f"{PUSH}:443", "Proxy-Authorization: Bearer guess")
        for _ in range(4):
            self.assert_problem(self.knock(gate, head), 407, "proxy-unauthenticated")
        with Connection(gate.proxy) as connection:  # who does not wait is recorded all the same
            connection.send(head)
        self.wait_for_events("request.refused", 5)
        self.assertEqual(gate.metric("sluice_authentication_failures_total", reason="unknown-token"), 5)


class AuthorityFiles(Connect):
    def start_fails(self, message, certificate, key):
        ca = {"certificate": str(certificate), "private_key": str(key)}
        path = self.configuration({"push": self.push(f"https://{PUSH}")}, connect={"address": "127.0.0.1:0", "ca": ca})
        _, _, errors = self.run_sluice("serve", "--config", path, status=2, environment=self.secrets)
        self.assertRegex(errors, message)

    def test_that_are_none_stop_the_start(self):
        leaf, leaf_key = self.authority.issue("leaf", f"DNS:{PUSH}")
        self.start_fails("leaf.crt is no authority", leaf, leaf_key)
        self.start_fails("does not fit the authority", self.authority.certificate, self.vendors.key)
        self.start_fails("cannot read the certificate", self.folder / "none.crt", self.authority.key)
        no_key = self.write("no.key", "no key\n")
        no_key.chmod(0o600)
        self.start_fails("cannot read the private key", self.authority.certificate, no_key)
        self.start_fails("cannot read the private key", self.authority.certificate, self.folder / "none.key")
        self.authority.key.chmod(0o644)
        self.start_fails("can be read by others: chmod 600", self.authority.certificate, self.authority.key)

    def make(self, *hosts):
        script = SOURCE / "config/tools/connect_ca.sh"
        return subprocess.run([str(script), *hosts], cwd=self.folder, capture_output=True, text=True, timeout=60)

    def documented(self):
        """The authority that config/tools makes."""
        done = self.make(PUSH, SECURENVOY)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stdout, "Fingerprint=")
        certificate, key = self.folder / "connect-ca.crt", self.folder / "connect-ca.key"
        self.assertEqual(key.stat().st_mode & 0o777, 0o600)
        return certificate, key

    def test_are_not_made_over_others_nor_of_what_is_no_host(self):
        self.assertEqual(self.make().returncode, 2)
        for host in (f"{PUSH},permitted;DNS:evil.example", "com", "a..example", "192.0.2.1"):  # com would be every host below it
            done = self.make(host)
            self.assertEqual((done.returncode, done.stderr), (2, f"connect_ca.sh: {host} is no host name\n"))
        self.assertFalse((self.folder / "connect-ca.crt").exists())
        certificate, _ = self.documented()
        before = certificate.read_bytes()
        done = self.make(PUSH)
        self.assertEqual((done.returncode, certificate.read_bytes()), (1, before))
        self.assertIn("connect-ca.crt is there already", done.stderr)

    def test_made_as_documented_serve_the_vendors_and_nobody_else(self):
        self.authority.certificate, self.authority.key = self.documented()
        apis = self.apis()
        apis["push"]["hosts"] = ["push.gate.example"]
        gate = self.connect_gate(apis)
        for ask in (self.by_curl, self.by_node, self.by_urllib):
            for url in (EMPLOYEES, USERS):
                with self.subTest(tool=ask.__name__, url=url):
                    self.assertEqual(ask(self.proxy_url(gate, "siem"), "GET", url).get("status"), 200)
        unfit = {line["host"] for line in gate.said("connect: a host that cannot be certified")}
        self.assertEqual(unfit, {"push.gate.example", "127.0.0.1"})
        self.assert_problem(self.knock(gate, self.head("push.gate.example:443")), 503, "certificate-unavailable")
        # Whoever has stolen the key cannot be another host to those who trust it.
        leaf, _ = self.authority.issue("stolen", "DNS:login.example")
        done = subprocess.run(["openssl", "verify", "-CAfile", str(self.authority.certificate), leaf], capture_output=True, text=True, timeout=60)
        self.assertIn("permitted subtree violation", done.stderr)


if __name__ == "__main__":
    main()
