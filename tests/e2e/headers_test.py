"""What passes, what is dropped and what is added, either way (interface section 5, "Forwarding")."""

from harness import GateTest, main
from raw_http import request_bytes
from scripted_upstream import answer

# Fields of the caller that never reach the vendor.
DROPPED = {
    "Keep-Alive": "timeout=5", "TE": "trailers",
    "Proxy-Connection": "keep-alive", "Upgrade": "h2c",
    "X-Forwarded-For": "10.0.0.1", "X-Forwarded-Host": "evil.test", "X-Forwarded-Proto": "https", "Forwarded": "for=10.0.0.1",
    "X-HTTP-Method-Override": "DELETE", "X_HTTP_Method_Override": "DELETE", "X-HTTP-Method": "DELETE",
    "X-Method-Override": "DELETE", "X-Method_Override": "DELETE", "X-HTTP-Override": "DELETE",
    "X-Original-URL": "/admin", "X_Original_URL": "/admin", "X-Rewrite-URL": "/admin", "x-rewrite_url": "/admin",
}
PASSED = {
    "User-Agent": "axonius/7.0", "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    "Accept": "application/json", "X-Custom": "kept; as=\"it came\"", "Accept-Language": "en", "Cookie": "a=b",
}


class Headers(GateTest):
    def test_fields_of_the_caller_that_must_not_reach_the_vendor_are_dropped(self):
        gate = self.push_gate()
        for name, value in DROPPED.items():
            with self.subTest(name=name):
                self.assert_vendors(gate.ask("GET", "/push/v1/employees", [self.key(), (name, value)]))
                sent = [have.replace("_", "-") for have in self.vendor.requests[-1].names()]
                self.assertNotIn(name.lower().replace("_", "-"), sent)

    def test_a_proxys_credential_is_never_passed_on(self):
        gate = self.push_gate()
        gate.ask("GET", "/push/v1/employees", [self.key(), ("Proxy-Authorization", "Basic YTpi")])
        self.assertNotIn(b"YTpi", bytes(self.vendor.octets))

    def test_what_connection_names_does_not_reach_the_vendor_nor_does_the_caller_choose_its_connection(self):
        gate = self.push_gate()
        self.assert_vendors(gate.ask("GET", "/push/v1/employees", [
            self.key(), ("Connection", "close"), ("Connection", "x-one , X-Two"), ("X-One", "1"), ("x-two", "2"), ("X-Three", "3")]))
        sent = self.vendor.requests[-1]
        self.assertEqual((sent.all("x-one"), sent.all("x-two"), sent.all("x-three")), ([], [], ["3"]))
        self.assertNotIn("close", [value.lower() for value in sent.all("connection")])

    def test_connection_cannot_be_used_to_drop_what_the_gate_adds(self):
        gate = self.push_gate()
        for named in ("x-api-key", "host", "content-length, x-api-key", "via"):
            with self.subTest(named=named):
                response = gate.ask("POST", "/push/v1/employees/e1/groups", [self.key(), ("Connection", named)], {"group": "a"})
                if response.status == 200:
                    sent = self.vendor.requests[-1]
                    self.assertEqual(sent.all("x-api-key"), [self.secrets["PUSH_FULL_KEY"]])
                    self.assertEqual(sent.all("host"), [f"127.0.0.1:{self.vendor.port}"])
                    self.assertEqual(sent.json(), {"group": "a"})
                else:
                    self.assertIn(response.status, (400, 401))

    def test_other_fields_pass_unchanged_in_order(self):
        gate = self.push_gate()
        self.assert_vendors(gate.ask("GET", "/push/v1/employees",
                                     [self.key(), *PASSED.items(), ("X-Twice", "1"), ("X-Twice", "2")]))
        sent = self.vendor.requests[-1]
        for name, value in PASSED.items():
            self.assertEqual(sent.all(name), [value], name)
        self.assertEqual(sent.all("x-twice"), ["1", "2"])

    def test_host_is_the_vendors_and_via_is_added(self):
        gate = self.push_gate()
        self.assert_vendors(gate.ask("GET", "/push/v1/employees", [self.key(), ("Host", "whatever.test:8080")]))
        sent = self.vendor.requests[-1]
        self.assertEqual(sent.all("host"), [f"127.0.0.1:{self.vendor.port}"])
        self.assertEqual(sent.all("via"), ["1.1 sluice"])

    def test_accept_encoding_is_limited_to_what_the_gate_can_read(self):
        gate = self.push_gate()
        self.assert_vendors(gate.ask("GET", "/push/v1/employees", [self.key(), ("Accept-Encoding", "br, zstd, gzip, compress")]))
        asked = ",".join(self.vendor.requests[-1].all("accept-encoding")).lower()
        for coding in ("br", "zstd", "compress", "*"):
            self.assertNotIn(coding, [part.split(";")[0].strip() for part in asked.split(",")])

    def test_path_query_and_body_arrive_byte_for_byte(self):
        gate = self.push_gate(policy={"version": 1, "rules": [
            {"id": "all", "effect": "allow", "when": {"client": "admin", "operation": ["*.*", "push.unknown"]}}]})
        for target in ("/v1/employees?a=%20b&a=c+d&&x=%41&nextToken=a%2Fb%3D%3D", "/v1/accounts?email=j%C3%B6rg%40x.test",
                       "/v1/other/~a!b$c'(d)*+,;=:@%41", "/v1/employees?", "/v1/employees?q=a?b/c"):
            with self.subTest(target=target):
                self.assert_vendors(gate.ask("GET", "/push" + target, [self.key()]))
                self.assertEqual(self.vendor.requests[-1].target, target)
        for body in (b'{ "group" :\n "caf\xc3\xa9 \\u00e9" , "extra": [1.0, 1e2, null] }\r\n', b'{"group":"a"}'):
            self.assert_vendors(gate.ask("POST", "/push/v1/employees/e%201/groups",
                                         [self.key(), ("Content-Type", "application/json; charset=UTF-8")], body))
            self.assertEqual(self.vendor.requests[-1].body, body)
            self.assertEqual(self.vendor.requests[-1].target, "/v1/employees/e%201/groups")
            self.assertEqual(self.vendor.requests[-1].all("content-type"), ["application/json; charset=UTF-8"])

    def test_a_delete_carries_its_body(self):
        gate = self.push_gate()
        self.assert_vendors(gate.ask("DELETE", "/push/v1/employees/e1/groups", [self.key()], {"group": "a"}))
        self.assertEqual(self.vendor.requests[-1].json(), {"group": "a"})

    def test_a_response_passes_but_for_its_hop_by_hop_fields(self):
        gate = self.push_gate(self.upstream(lambda request, connection: answer(
            404, b'{"message":"no such employee"}', reason="Not Here", headers=[
                ("Content-Type", "application/json"), ("X-Vendor", "1"), ("X-Vendor", "2"), ("Set-Cookie", "a=b"),
                ("Connection", "x-hop"), ("X-Hop", "1"), ("Keep-Alive", "timeout=5"), ("Proxy-Authenticate", "Basic"),
                ("ETag", '"x"'), ("Location", "/v1/elsewhere"), ("Retry-After", "3")])))
        response = self.assert_vendors(gate.ask("GET", "/push/v1/detections/d1", [self.key()]), 404)
        self.assertEqual(response.body, b'{"message":"no such employee"}')
        self.assertEqual(response.all("x-vendor"), ["1", "2"])
        for name in ("set-cookie", "etag", "location", "retry-after", "content-type"):
            self.assertEqual(len(response.all(name)), 1, name)
        for name in ("x-hop", "keep-alive", "proxy-authenticate"):
            self.assertEqual(response.all(name), [], name)

    def test_a_request_that_did_not_wait_has_no_queued_ms(self):
        gate = self.push_gate()
        gate.ask("GET", "/push/v1/employees", [self.key()])  # a gate that has just started takes the vendor's bucket for spent
        self.assertIsNone(gate.ask("GET", "/push/v1/employees", [self.key()]).header("sluice-queued-ms"))

    def test_a_vendors_own_sluice_fields_are_not_mistaken_for_the_gates(self):
        gate = self.push_gate(self.upstream(lambda request, connection: answer(
            headers=[("Sluice-Origin", "gate"), ("Sluice-Request-Id", "forged")])))
        response = gate.ask("GET", "/push/v1/employees", [self.key()])
        self.assertEqual(len(response.all("sluice-request-id")), 1)
        self.assertNotEqual(response.header("sluice-request-id"), "forged")
        self.assertEqual(response.all("sluice-origin"), [])

    def test_head_and_204_and_304_have_no_body_and_the_connection_goes_on(self):
        def script(request, connection):
            if request.method == "HEAD":
                return b"HTTP/1.1 200 OK\r\nContent-Length: 1234\r\n\r\n"
            status = int(request.target.rpartition("/")[2])
            return f"HTTP/1.1 {status} X\r\nETag: \"a\"\r\n\r\n".encode()
        gate = self.push_gate(self.upstream(script))
        with gate.connect() as connection:
            for method, path, status in (("GET", "204", 204), ("GET", "304", 304), ("GET", "204", 204)):
                connection.send(request_bytes(method, f"/push/v1/detections/{path}", [self.key()]))
                self.assertEqual(connection.response(method).status, status)
            self.assertEqual(bytes(connection.reader.buffer), b"")


if __name__ == "__main__":
    main()
