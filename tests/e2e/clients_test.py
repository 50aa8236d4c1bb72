"""Real clients through the gate, as people's tools use them: curl, Python's http.client, Node's fetch."""

import http.client
import json
import shutil
import subprocess
import unittest

from certificates import Authority
from harness import GateTest, PATIENCE, main
from scripted_upstream import answer

NODE_CLIENT = """
const [base, token] = process.argv.slice(2);
const ask = async (path, options = {}) => {
  const response = await fetch(base + path, { ...options, headers: { 'x-api-key': token, ...options.headers } });
  return [response.status, await response.text()];
};
const post = (path, body) => ask(path, { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json' } });
const stream = new ReadableStream({
  start(controller) {
    for (const piece of ['{"group"', ':', '"streamed"}']) controller.enqueue(new TextEncoder().encode(piece));
    controller.close();
  },
});
const results = [
  await ask('/push/v1/employees'),
  await post('/push/v1/employees/e1/groups', { group: 'from node' }),
  await ask('/push/v1/employees/e1/groups', { method: 'POST', body: stream, duplex: 'half', headers: { 'content-type': 'application/json' } }),
  await post('/push/v1/employees/e1/merge', { secondaryEmployeeIds: ['a', 'b', 'c'] }),
  ...await Promise.all(Array.from({ length: 50 }, (_, number) => ask('/push/v1/employees?n=' + number))),
];
console.log(JSON.stringify(results));
"""


def echo(request, connection):
    """What arrived, as JSON, without the credential."""
    fields = [pair for pair in request.headers if pair[0].lower() != "x-api-key"]
    body = json.dumps({"method": request.method, "target": request.target, "headers": fields, "body": request.body.decode()})
    return answer(body=body.encode(), headers=[("Content-Type", "application/json")])


class Clients(GateTest):
    def setUp(self):
        super().setUp()
        self.authority = Authority(self.folder)
        certificate, key = self.authority.issue("gate", "DNS:localhost", "IP:127.0.0.1")
        self.served = self.push_gate(self.upstream(echo), listen=[
            {"address": "127.0.0.1:0"}, {"address": "127.0.0.1:0", "tls": {"certificate": certificate, "private_key": key}}])
        self.plain = f"http://127.0.0.1:{self.served.addresses[0][1]}"
        self.secure = f"https://localhost:{self.served.addresses[1][1]}"
        self.token = self.secrets["SOAR_TOKEN"]
        self.reader = self.secrets["SIEM_TOKEN"]

    def curl(self, *arguments, token=None):
        done = subprocess.run(["curl", "--silent", "--show-error", "--max-time", "30", "--header", f"x-api-key: {token or self.token}", *arguments],
                              capture_output=True, timeout=60 * PATIENCE)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout.decode()

    def test_curl_reads_and_writes(self):
        self.assertEqual(json.loads(self.curl(self.plain + "/push/v1/employees", token=self.reader))["target"], "/v1/employees")
        sent = json.loads(self.curl(self.plain + "/push/v1/employees/e1/groups", "--json", '{"group":"from curl"}'))
        self.assertEqual((sent["method"], sent["body"]), ("POST", '{"group":"from curl"}'))
        self.assertIn("curl/", dict(sent["headers"])["User-Agent"])

    def test_curl_in_http_1_0(self):
        out = self.curl("--http1.0", "--include", self.plain + "/push/v1/employees", token=self.reader)
        self.assertRegex(out, r"^HTTP/1\.[01] 200")
        self.assertNotIn("chunked", out.lower())
        self.assertEqual(json.loads(out.split("\r\n\r\n")[1])["method"], "GET")

    def test_curl_keeps_one_connection(self):
        target = self.plain + "/push/v1/employees"
        out = self.curl("--write-out", "%{num_connects} ", "--output", "/dev/null", target, "--output", "/dev/null", target,
                        "--output", "/dev/null", target, token=self.reader)
        self.assertEqual(sum(int(number) for number in out.split()), 1)

    def test_curl_uploads_in_chunks_and_with_expect(self):
        body = self.write("body.json", {"group": "g" * 3000})
        for extra in (["--header", "Transfer-Encoding: chunked"], ["--header", "Expect: 100-continue"]):
            with self.subTest(extra=extra):
                sent = json.loads(self.curl("--request", "POST", "--header", "Content-Type: application/json", *extra,
                                            "--data-binary", f"@{body}", self.plain + "/push/v1/employees/e1/groups"))
                self.assertEqual(sent["body"], body.read_text())

    def test_curl_over_https(self):
        out = self.curl("--cacert", str(self.authority.certificate), self.secure + "/push/v1/employees", token=self.reader)
        self.assertEqual(json.loads(out)["target"], "/v1/employees")
        for version in ("1.2", "1.3"):
            self.curl("--cacert", str(self.authority.certificate), f"--tlsv{version}", "--tls-max", version,
                      self.secure + "/push/v1/employees", token=self.reader)
        refused = subprocess.run(["curl", "--silent", "--insecure", "--tlsv1.0", "--tls-max", "1.1", "--ciphers", "DEFAULT@SECLEVEL=0",
                                  self.secure + "/push/v1/employees"], capture_output=True, timeout=60)
        self.assertNotEqual(refused.returncode, 0, "TLS 1.1 must not be spoken")

    def test_curl_with_a_host_name_that_is_mapped_to_the_gate(self):
        host, port = self.served.address
        out = self.curl("--resolve", f"push.test:{port}:{host}", f"http://push.test:{port}/push/v1/employees", token=self.reader)
        self.assertEqual(dict(json.loads(out)["headers"])["Host"], f"127.0.0.1:{self.vendor.port}")

    def test_pythons_http_client_keeps_its_connection_and_sends_every_kind_of_body(self):
        connection = http.client.HTTPConnection(*self.served.address, timeout=30)
        local = None
        bodies = [b'{"group":"bytes"}', iter([b'{"group":', b'"an iterator"}'])]
        for body in bodies:
            headers = {"x-api-key": self.token, "Content-Type": "application/json"}
            connection.request("POST", "/push/v1/employees/e1/groups", body, headers, encode_chunked=not isinstance(body, bytes))
            response = connection.getresponse()
            self.assertEqual(response.status, 200)
            self.assertIn("group", json.loads(json.loads(response.read())["body"]))
            local = local or connection.sock.getsockname()
            self.assertEqual(connection.sock.getsockname(), local)
        connection.request("DELETE", "/push/v1/employees/e1/groups", b'{"group":"a"}', headers)
        self.assertEqual(json.loads(connection.getresponse().read())["method"], "DELETE")
        connection.close()

    @unittest.skipUnless(shutil.which("node"), "no node")
    def test_nodes_fetch(self):
        script = self.write("client.mjs", NODE_CLIENT)
        done = subprocess.run(["node", str(script), self.plain, self.secrets["ADMIN_TOKEN"]], capture_output=True, text=True, timeout=60 * PATIENCE)
        self.assertEqual(done.returncode, 0, done.stderr)
        results = json.loads(done.stdout)
        self.assertEqual([status for status, _ in results], [200] * 54)
        self.assertEqual(json.loads(results[1][1])["body"], '{"group":"from node"}')
        self.assertEqual(json.loads(results[2][1])["body"], '{"group":"streamed"}')
        self.assertEqual([json.loads(text)["target"] for _, text in results[4:]], [f"/v1/employees?n={number}" for number in range(50)])


if __name__ == "__main__":
    main()
