"""Who asks, and with which key the vendor is asked (interface section 5, "Saying who you are")."""

import base64
import hashlib
import time

from harness import GateTest, main
from scripted_upstream import answer


class Credentials(GateTest):
    def test_each_way_to_send_the_token_reaches_the_vendor_with_the_vendors_key(self):
        gate = self.push_gate()
        token = self.secrets["SIEM_TOKEN"]
        encoded = base64.b64encode(token.encode()).decode()
        ways = [("x-api-key", token), ("X-API-Key", token), ("Authorization", f"Bearer {token}"),
                ("authorization", f"bearer {token}"), ("Authorization", f"APIKEY {token}"),
                ("Authorization", f"APIKEY {encoded}")]
        for way in ways:
            with self.subTest(way=way[0] + ": " + way[1].split(" ")[0]):
                self.assert_vendors(gate.ask("GET", "/push/v1/employees", [way]))
                sent = self.vendor.requests[-1]
                self.assertEqual(sent.all("x-api-key"), [self.secrets["PUSH_READ_KEY"]])
                self.assertEqual(sent.all("authorization"), [])
                self.assertNotIn(token.encode(), sent.raw_head)
                self.assertNotIn(encoded.encode(), sent.raw_head)

    def test_a_wrong_a_missing_and_an_empty_token_are_401_and_nothing_is_sent(self):
        gate = self.push_gate()
        token = self.secrets["SIEM_TOKEN"]
        wrong = [[], [("x-api-key", "wrong")], [("x-api-key", "")], [("Authorization", "Bearer")],
                 [("Authorization", "Bearer ")], [("Authorization", "Basic " + base64.b64encode(b"a:b").decode())],
                 [("x-api-key", token + "x")], [("x-api-key", token[:-1])], [("Authorization", token)],
                 [("Authorization", "APIKEY !!!!")], [("Authorization", f"Bearer {token} {token}")],
                 [("Cookie", f"x-api-key={token}")], [("x-api-key", self.secrets["PUSH_FULL_KEY"])]]
        for headers in wrong:
            with self.subTest(headers=headers):
                response = gate.ask("GET", "/push/v1/employees", headers)
                self.assert_problem(response, 401, "unauthenticated")
                self.assertTrue(response.header("www-authenticate"))
        self.assertEqual(self.vendor.connections, 0)

    def test_a_token_in_the_query_is_not_a_credential(self):
        gate = self.push_gate()
        response = gate.ask("GET", f"/push/v1/employees?x-api-key={self.secrets['SIEM_TOKEN']}")
        self.assert_problem(response, 401, "unauthenticated")

    def test_more_than_one_credential_header_is_401(self):
        gate = self.push_gate()
        token = self.secrets["SIEM_TOKEN"]
        for headers in ([("x-api-key", token), ("x-api-key", token)],
                        [("x-api-key", token), ("Authorization", f"Bearer {token}")],
                        [("Authorization", f"Bearer {token}"), ("Authorization", f"APIKEY {token}")],
                        [("x-api-key", token), ("Authorization", "Basic YTpi")],
                        [("x-api-key", token), ("X-Api-Key", "")]):
            with self.subTest(headers=[name for name, _ in headers]):
                self.assert_problem(gate.ask("GET", "/push/v1/employees", headers), 401, "unauthenticated")
        self.assertEqual(self.vendor.connections, 0)

    def test_a_credential_header_of_another_api_is_read_by_the_gate_alone(self):
        vendor, other = self.upstream(), self.upstream()
        gate = self.gate({"push": self.push(vendor.url), "securenvoy": self.securenvoy(other.url, credential={
            "header": "X-Tenant-Key", "value": "{key}", "full": {"env": "SECURENVOY_KEY"}})})
        misplaced = ("x-tenant-key", self.secrets["SOAR_TOKEN"])
        self.assert_problem(gate.ask("GET", "/push/v1/employees", [self.key(), misplaced]), 401, "unauthenticated")
        self.assert_problem(gate.ask("GET", "/push/v1/employees", [misplaced]), 401, "unauthenticated")
        self.assertEqual(vendor.connections, 0)
        self.assert_vendors(gate.ask("GET", "/push/v1/employees", [self.key()]))
        self.assert_vendors(gate.ask("GET", "/securenvoy/api/user/restapi/users", [("X-Tenant-Key", self.secrets["ADMIN_TOKEN"])]))
        self.assertEqual(other.requests[-1].all("x-tenant-key"), [self.secrets["SECURENVOY_KEY"]])

    def test_reads_carry_the_read_key_and_writes_the_full_key(self):
        gate = self.push_gate()
        self.assert_vendors(gate.ask("GET", "/push/v1/employees", [self.key()]))
        self.assertEqual(self.vendor.requests[-1].all("x-api-key"), [self.secrets["PUSH_READ_KEY"]])
        self.assert_vendors(gate.ask("POST", "/push/v1/employees/e1/groups", [self.key()], {"group": "a"}))
        self.assertEqual(self.vendor.requests[-1].all("x-api-key"), [self.secrets["PUSH_FULL_KEY"]])

    def test_without_a_read_key_reads_carry_the_full_key_and_the_template_is_filled(self):
        vendor = self.upstream()
        gate = self.gate({"securenvoy": self.securenvoy(vendor.url, credential={
            "header": "Authorization", "value": "APIKEY {base64:key}", "full": {"env": "SECURENVOY_KEY"}})})
        self.assert_vendors(gate.ask("GET", "/securenvoy/api/user/restapi/users", [self.key()]))
        expected = "APIKEY " + base64.b64encode(self.secrets["SECURENVOY_KEY"].encode()).decode()
        self.assertEqual(vendor.requests[-1].all("authorization"), [expected])
        self.assertEqual(vendor.requests[-1].all("x-api-key"), [])

    def test_a_key_from_a_file_is_trimmed(self):
        self.write("secrets/full", "  key-in-a-file \n\n")
        gate = self.push_gate(api={"credential": {"full": {"file": "secrets/full"}}})
        self.assert_vendors(gate.ask("GET", "/push/v1/employees", [self.key()]))
        self.assertEqual(self.vendor.requests[-1].all("x-api-key"), ["key-in-a-file"])

    def test_a_client_may_have_several_tokens_while_one_is_rotated(self):
        hashes = [hashlib.sha256(token).hexdigest() for token in (b"the-new-token", b"the-old-token")]
        gate = self.push_gate(clients={"admin": {"token_sha256": hashes}}, policy={"version": 1, "rules": [
            {"id": "all", "effect": "allow", "when": {"client": "admin", "operation": "*.*"}}]})
        for token in ("the-new-token", "the-old-token"):
            self.assert_vendors(gate.ask("GET", "/push/v1/employees", [("x-api-key", token)]))

    def test_an_answer_that_echoes_the_key_is_withheld(self):
        def echo(request, connection):
            return answer(body=b'{"you sent":"' + request.header("x-api-key").encode() + b'"}')
        gate = self.push_gate(self.upstream(echo))
        response = gate.ask("GET", "/push/v1/employees", [self.key()])
        self.assertNotIn(self.secrets["PUSH_READ_KEY"].encode(), response.raw_head + response.body)
        self.assertTrue(response.status == 502 or not response.whole, response)
        if response.status == 502:
            self.assert_problem(response, 502, "credential-reflected")

    def test_an_answer_that_echoes_the_key_in_pieces_is_withheld(self):
        def echo(request, connection):
            key = request.header("x-api-key").encode()
            connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            for at in range(0, len(key), 5):
                connection.sendall(b"%x\r\n%b\r\n" % (len(key[at:at + 5]), key[at:at + 5]))
                time.sleep(0.05)
            return b"0\r\n\r\n"
        gate = self.push_gate(self.upstream(echo))
        response = gate.ask("GET", "/push/v1/employees", [self.key()])
        self.assertNotIn(self.secrets["PUSH_READ_KEY"].encode(), response.body)
        self.assertTrue(response.status == 502 or not response.whole, response)

    def test_an_answer_that_echoes_a_key_as_it_was_injected_is_withheld(self):
        vendor = self.upstream(lambda request, connection: answer(body=request.header("authorization").encode()))
        gate = self.gate({"securenvoy": self.securenvoy(vendor.url, credential={
            "header": "Authorization", "value": "APIKEY {base64:key}", "full": {"env": "SECURENVOY_KEY"}})})
        response = gate.ask("GET", "/securenvoy/api/user/restapi/users", [self.key()])
        self.assertNotIn(base64.b64encode(self.secrets["SECURENVOY_KEY"].encode()), response.body)
        self.assertTrue(response.status == 502 or not response.whole, response)

    def test_an_answer_that_echoes_the_key_in_a_header_is_withheld(self):
        def echo(request, connection):
            return answer(headers=[("X-You-Sent", request.header("x-api-key"))])
        gate = self.push_gate(self.upstream(echo))
        response = gate.ask("GET", "/push/v1/employees", [self.key()])
        self.assertNotIn(self.secrets["PUSH_READ_KEY"].encode(), response.raw_head + response.body)
        self.assert_problem(response, 502, "credential-reflected")


if __name__ == "__main__":
    main()
