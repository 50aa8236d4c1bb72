"""HTTP/1.1 on a socket, as bytes: what a test sends is exactly what arrives, and what arrives is kept as it came.

`Reader` reads requests and responses alike. It is lenient on purpose: judging what the gate sends is for the tests.
"""

import json
import socket


class Closed(Exception):
    """The peer ended the connection before the message was complete."""


class Message:
    """A request or a response. `whole` is False when the connection ended inside the body."""

    def __init__(self, raw_head):
        lines = raw_head[:-4].split(b"\r\n")
        self.raw_head = raw_head
        self.first_line = lines[0].decode("latin-1")
        self.headers = []
        for line in lines[1:]:
            name, _, value = line.decode("latin-1").partition(":")
            self.headers.append((name, value.strip()))
        self.body = b""
        self.whole = False

    def all(self, name):
        return [value for key, value in self.headers if key.lower() == name.lower()]

    def header(self, name):
        values = self.all(name)
        return values[0] if values else None

    def names(self):
        return [key.lower() for key, _ in self.headers]

    def json(self):
        return json.loads(self.body)

    # Of a response.
    @property
    def status(self):
        return int(self.first_line.split(" ")[1])

    # Of a request.
    @property
    def method(self):
        return self.first_line.split(" ")[0]

    @property
    def target(self):
        return self.first_line.split(" ")[1]

    def __repr__(self):
        return f"<{self.first_line} {dict(self.headers)} {self.body[:300]!r} whole={self.whole}>"


class Reader:
    def __init__(self, connection):
        self.connection = connection
        self.buffer = bytearray()

    def fill(self):
        data = self.connection.recv(262144)
        if not data:
            raise Closed()
        self.buffer += data

    def take(self, length):
        while len(self.buffer) < length:
            self.fill()
        data = bytes(self.buffer[:length])
        del self.buffer[:length]
        return data

    def take_until(self, mark):
        searched = 0
        while True:
            found = self.buffer.find(mark, max(0, searched - len(mark)))
            if found >= 0:
                return self.take(found + len(mark))
            searched = len(self.buffer)
            self.fill()

    def head(self):
        return Message(self.take_until(b"\r\n\r\n"))

    def body(self, message, until_close):
        """Reads the body into `message`, which keeps what arrived when the peer breaks off."""
        received = bytearray()
        try:
            if (message.header("transfer-encoding") or "").lower() == "chunked":
                while True:
                    size = int(self.take_until(b"\r\n").split(b";")[0], 16)
                    if size == 0:
                        break
                    received += self.take(size)
                    self.take(2)
                while self.take_until(b"\r\n") != b"\r\n":
                    pass
            elif message.header("content-length") is not None:
                wanted = int(message.header("content-length"))
                while len(received) < wanted:
                    if not self.buffer:
                        self.fill()
                    received += self.take(min(len(self.buffer), wanted - len(received)))
            elif until_close:
                try:
                    while True:
                        received += self.take(len(self.buffer))
                        self.fill()
                except Closed:
                    pass
            message.whole = True
        except (Closed, OSError, ValueError):
            received += self.buffer
        message.body = bytes(received)
        return message

    def request(self):
        return self.body(self.head(), until_close=False)

    def response(self, method="GET"):
        """The next final response; `interim` keeps the 1xx before it."""
        interim = []
        while True:
            message = self.head()
            if message.status >= 200:
                break
            interim.append(message.status)
        message.interim = interim
        if method == "HEAD" or message.status in (204, 304):
            message.whole = True
            return message
        return self.body(message, until_close=True)


class Connection:
    """A client's connection to the gate, at a (host, port) or at the path of a unix socket."""

    def __init__(self, address, tls=None, server_name=None, timeout=60):
        if isinstance(address, str):
            self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            self.socket.settimeout(timeout)
            self.socket.connect(address)
        else:
            self.socket = socket.create_connection(address, timeout=timeout)
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if tls is not None:
            self.socket = tls.wrap_socket(self.socket, server_hostname=server_name or "localhost")
        self.reader = Reader(self.socket)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def send(self, data):
        self.socket.sendall(data if isinstance(data, bytes) else data.encode("latin-1"))

    def response(self, method="GET"):
        return self.reader.response(method)

    def ends(self, seconds=10):
        """Whether the gate closes this connection without sending anything more."""
        self.socket.settimeout(seconds)
        try:
            return not self.reader.buffer and self.socket.recv(1) == b""
        except ConnectionError:
            return True
        except TimeoutError:
            return False

    def close(self):
        self.socket.close()


def request_bytes(method, target, headers=(), body=None, host="gate.test"):
    """A request as bytes: Host and Content-Length are added unless the headers name them."""
    pairs = list(headers.items()) if isinstance(headers, dict) else list(headers)
    names = [name.lower() for name, _ in pairs]
    if "host" not in names:
        pairs.insert(0, ("Host", host))
    if body is not None and "content-length" not in names and "transfer-encoding" not in names:
        pairs.append(("Content-Length", str(len(body))))
    head = f"{method} {target} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in pairs) + "\r\n"
    return head.encode("latin-1") + (body or b"")
