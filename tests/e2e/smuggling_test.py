"""Requests that two parsers read differently: refused, and nothing of a hidden second request ever reaches the vendor."""

from harness import GateTest, main
from raw_http import Closed

HIDDEN = "GET /v1/hidden HTTP/1.1\r\nHost: a\r\n\r\n"
LINE = "POST /push/v1/employees/e1/groups HTTP/1.1\r\nHost: gate.test\r\nContent-Type: application/json\r\n{key}\r\n"
BODY = '{"group":"a"}'  # 13 octets, d in hexadecimal
CHUNKS = "d\r\n" + BODY + "\r\n0\r\n\r\n"

AMBIGUOUS = {
    "a length and chunked": LINE + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n" + CHUNKS + HIDDEN,
    "chunked and a length": LINE + "Transfer-Encoding: chunked\r\nContent-Length: 13\r\n\r\n" + CHUNKS + HIDDEN,
    "two lengths": LINE + "Content-Length: 13\r\nContent-Length: 0\r\n\r\n" + BODY + HIDDEN,
    "a list of lengths": LINE + "Content-Length: 13, 0\r\n\r\n" + BODY + HIDDEN,
    "a signed length": LINE + "Content-Length: +13\r\n\r\n" + BODY + HIDDEN,
    "a negative length": LINE + "Content-Length: -1\r\n\r\n" + BODY + HIDDEN,
    "a length in hexadecimal": LINE + "Content-Length: 0xd\r\n\r\n" + BODY + HIDDEN,
    "an empty length": LINE + "Content-Length: \r\n\r\n" + BODY + HIDDEN,
    "a length too large": LINE + "Content-Length: 18446744073709551629\r\n\r\n" + BODY + HIDDEN,
    "space before the colon": LINE + "Content-Length : 13\r\n\r\n" + BODY + HIDDEN,
    "an empty coding": LINE + "Transfer-Encoding: \r\n\r\n" + CHUNKS + HIDDEN,
    "a coding after a comma": LINE + "Transfer-Encoding: ,chunked\r\n\r\n" + CHUNKS + HIDDEN,
    "an unknown coding": LINE + "Transfer-Encoding: x, chunked\r\n\r\n" + CHUNKS + HIDDEN,
    "chunked twice": LINE + "Transfer-Encoding: chunked, chunked\r\n\r\n" + CHUNKS + HIDDEN,
    "chunked in two fields": LINE + "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n" + CHUNKS + HIDDEN,
    "chunked misspelt": LINE + "Transfer-Encoding: xchunked\r\n\r\n" + CHUNKS + HIDDEN,
    "a folded coding": LINE + "Transfer-Encoding:\r\n chunked\r\n\r\n" + CHUNKS + HIDDEN,
    "a folded length": LINE + "Content-Length:\r\n 13\r\n\r\n" + BODY + HIDDEN,
    "chunked in HTTP/1.0": LINE.replace("HTTP/1.1", "HTTP/1.0") + "Transfer-Encoding: chunked\r\n\r\n" + CHUNKS + HIDDEN,
    "a bare line feed in the head": LINE + "X: a\nContent-Length: 13\r\n\r\n" + BODY + HIDDEN,
    "a bare carriage return in a value": LINE + "X: a\rContent-Length: 0\r\nContent-Length: 13\r\n\r\n" + BODY + HIDDEN,
    "an empty value and a bare carriage return": LINE + "X:\rContent-Length: 13\r\n\r\n" + BODY + HIDDEN,
    "a head ended by CR LF CR": LINE + "Content-Length: 13\r\n\rX" + BODY + HIDDEN,
    "a NUL in a value": LINE + "X: a\0b\r\nContent-Length: 13\r\n\r\n" + BODY + HIDDEN,
    "an empty field name": LINE + ": x\r\nContent-Length: 13\r\n\r\n" + BODY + HIDDEN,
    "a field name with a space": LINE + "Content-Length 13: x\r\n\r\n" + BODY + HIDDEN,
    "a chunk size with a sign": LINE + "Transfer-Encoding: chunked\r\n\r\n+" + CHUNKS + HIDDEN,
    "a chunk size with 0x": LINE + "Transfer-Encoding: chunked\r\n\r\n0x" + CHUNKS + HIDDEN,
    "a chunk size too large": LINE + "Transfer-Encoding: chunked\r\n\r\n1000000000000000d\r\n" + BODY + "\r\n0\r\n\r\n" + HIDDEN,
    "a bare line feed after a chunk size": LINE + "Transfer-Encoding: chunked\r\n\r\nd\n" + BODY + "\r\n0\r\n\r\n" + HIDDEN,
    "chunk data longer than its size": LINE + "Transfer-Encoding: chunked\r\n\r\nc\r\n" + BODY + "\r\n0\r\n\r\n" + HIDDEN,
    "a fragment in the target": LINE.replace("/groups", "/groups#x") + "Content-Length: 13\r\n\r\n" + BODY + HIDDEN,
    "two spaces in the request line": LINE.replace("POST /", "POST  /") + "Content-Length: 13\r\n\r\n" + BODY + HIDDEN,
    "a tab in the request line": LINE.replace("POST /", "POST\t/") + "Content-Length: 13\r\n\r\n" + BODY + HIDDEN,
    "a userinfo in Host": LINE.replace("gate.test", "a@gate.test") + "Content-Length: 13\r\n\r\n" + BODY + HIDDEN,
    "two Hosts": LINE + "Host: push.test\r\nContent-Length: 13\r\n\r\n" + BODY + HIDDEN,
    "another protocol": LINE.replace("HTTP/1.1", "RTSP/1.0") + "Content-Length: 13\r\n\r\n" + BODY + HIDDEN,
    "octets over 127 in the target": LINE.replace("e1", "e\xff") + "Content-Length: 13\r\n\r\n" + BODY + HIDDEN,
}
# Bodies that end before the hidden octets do: these are a second request, unknown to policy, and answered as such.
HONEST = {
    "a body and a second request": LINE + "Content-Length: 13\r\n\r\n" + BODY + HIDDEN,
    "chunks and a second request": LINE + "Transfer-Encoding: chunked\r\n\r\n" + CHUNKS + HIDDEN,
}


class Smuggling(GateTest):
    def responses(self, gate, text):
        """The statuses of everything answered until the gate closes, or stops answering."""
        statuses = []
        with gate.connect(timeout=2) as connection:
            connection.send(text.replace("{key}", "x-api-key: " + self.secrets["ADMIN_TOKEN"]))
            try:
                while True:
                    statuses.append(connection.response().status)
            except (Closed, OSError):
                return statuses

    def test_ambiguous_requests_are_refused_once_and_the_connection_is_closed(self):
        gate = self.push_gate()
        for what, text in AMBIGUOUS.items():
            with self.subTest(what=what):
                statuses = self.responses(gate, text)
                self.assertEqual(len(statuses), 1, statuses)
                self.assertIn(statuses[0], (400, 404, 501, 505, 413))
        self.assertEqual(self.vendor.targets(), [])
        self.assertNotIn(b"hidden", bytes(self.vendor.octets))

    def test_a_second_request_is_a_request_of_its_own(self):
        gate = self.push_gate()
        for what, text in HONEST.items():
            with self.subTest(what=what):
                self.assertEqual(self.responses(gate, text)[0], 200)
        self.assertEqual(self.vendor.targets(), ["POST /v1/employees/e1/groups"] * 2)
        self.assertNotIn(b"hidden", bytes(self.vendor.octets))


if __name__ == "__main__":
    main()
