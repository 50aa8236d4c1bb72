"""Which API a request means: by prefix, or by Host (interface section 5, "Reaching an API")."""

import ssl

from certificates import Authority
from harness import GateTest, main
from raw_http import Connection, request_bytes


class Routing(GateTest):
    def two_apis(self, **sections):
        self.push_vendor, self.securenvoy_vendor = self.upstream(), self.upstream()
        return self.gate({
            "push": self.push(self.push_vendor.url, hosts=["push.gate.test"]),
            "securenvoy": self.securenvoy(self.securenvoy_vendor.url, hosts=["securenvoy.gate.test"])}, **sections)

    def test_the_prefix_is_taken_off_and_chooses_the_vendor(self):
        gate = self.two_apis()
        self.assert_vendors(gate.ask("GET", "/push/v1/employees?limit=1", [self.key()]))
        self.assert_vendors(gate.ask("GET", "/securenvoy/api/user/restapi/users?page=2", [self.key()]))
        self.assertEqual(self.push_vendor.targets(), ["GET /v1/employees?limit=1"])
        self.assertEqual(self.securenvoy_vendor.targets(), ["GET /api/user/restapi/users?page=2"])

    def test_a_host_keeps_the_vendors_path(self):
        gate = self.two_apis()
        for host in ("push.gate.test", "PUSH.gate.TEST", "push.gate.test:8080"):
            with self.subTest(host=host):
                self.assert_vendors(gate.ask("GET", "/v1/employees", [("Host", host), self.key()]))
        self.assert_vendors(gate.ask("GET", "/api/user/restapi/users", [("Host", "securenvoy.gate.test"), self.key()]))
        self.assertEqual(self.push_vendor.targets(), ["GET /v1/employees"] * 3)
        self.assertEqual(self.securenvoy_vendor.targets(), ["GET /api/user/restapi/users"])

    def test_on_a_vendors_host_a_prefix_is_part_of_the_path(self):
        gate = self.two_apis()
        response = gate.ask("GET", "/securenvoy/api/user/restapi/users", [("Host", "push.gate.test"), self.key()])
        self.assertEqual(self.assert_problem(response, 403, "policy-denied")["operation"], "push.unknown")
        self.assertEqual(self.securenvoy_vendor.requests, [])

    def test_the_absolute_form_is_routed_by_its_own_authority(self):
        gate = self.two_apis()
        response = gate.ask("GET", "http://push.gate.test/v1/employees", [("Host", "push.gate.test"), self.key()])
        if response.status == 200:
            self.assertEqual(self.push_vendor.targets(), ["GET /v1/employees"])
        else:
            self.assert_problem(response, 400, "malformed-request")
        response = gate.ask("GET", "http://securenvoy.gate.test/api/user/restapi/users", [("Host", "push.gate.test"), self.key()])
        self.assertEqual(self.push_vendor.targets().count("GET /api/user/restapi/users"), 0)

    def test_hosts_that_only_look_like_an_apis_are_unknown(self):
        gate = self.two_apis()
        for host in ("push.gate.test.evil.test", "xpush.gate.test", "push.gate.test@evil.test", "push.gate.test,evil.test"):
            with self.subTest(host=host):
                self.assertIn(gate.ask("GET", "/v1/employees", [("Host", host), self.key()]).status, (400, 404))
        self.assertEqual(self.push_vendor.requests + self.securenvoy_vendor.requests, [])

    def test_a_connection_may_change_between_apis_and_clients(self):
        gate = self.two_apis()
        with gate.connect() as connection:
            for target, client, status in (("/push/v1/employees", "siem", 200), ("/securenvoy/api/user/restapi/users", "admin", 200),
                                           ("/push/v1/employees", "nobody", 401), ("/push/v1/employees/e1", "siem", 403),
                                           ("/push/v1/employees", "siem", 200)):
                key = self.key(client) if client != "nobody" else ("x-api-key", "nobody")
                connection.send(request_bytes("GET", target, [key]))
                self.assertEqual(connection.response().status, status, (target, client))

    def test_pipelined_requests_are_answered_in_order(self):
        gate = self.two_apis()
        with gate.connect() as connection:
            connection.send(b"".join(request_bytes("GET", f"/push/v1/employees?n={number}", [self.key()]) for number in range(5)))
            for _ in range(5):
                self.assert_vendors(connection.response())
        self.assertEqual(self.push_vendor.targets(), [f"GET /v1/employees?n={number}" for number in range(5)])

    def test_https_is_served_on_its_own_listener(self):
        authority = Authority(self.folder)
        certificate, key = authority.issue("gate", "DNS:localhost", "IP:127.0.0.1")
        gate = self.two_apis(listen=[{"address": "127.0.0.1:0"},
                                     {"address": "127.0.0.1:0", "tls": {"certificate": certificate, "private_key": key}}])
        trust = ssl.create_default_context(cafile=str(authority.certificate))
        with Connection(gate.addresses[1], tls=trust, server_name="localhost") as connection:
            for _ in range(3):
                connection.send(request_bytes("GET", "/push/v1/employees", [self.key()]))
                self.assert_vendors(connection.response())
        with Connection(gate.addresses[1]) as plain:
            plain.send(request_bytes("GET", "/push/v1/employees", [self.key()]))
            self.assertTrue(self.rejected(plain))
        self.assertEqual(len(self.push_vendor.requests), 3)

    def rejected(self, connection):
        try:
            data = connection.socket.recv(65536)
        except ConnectionError:
            return True
        return not data.startswith(b"HTTP/1.1 2")

    def test_one_api_by_one_name_only_when_the_other_is_not_configured(self):
        vendor = self.upstream()
        gate = self.gate({"push": self.push(vendor.url)})
        self.assert_problem(gate.ask("GET", "/securenvoy/api/user/restapi/users", [self.key()]), 404, "unknown-api")


if __name__ == "__main__":
    main()
