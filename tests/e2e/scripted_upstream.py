"""A vendor that does what the test says, byte for byte, and remembers what it was sent."""

import socket
import ssl
import threading

from raw_http import Closed, Reader


def answer(status=200, body=b"{}", headers=(), reason="OK"):
    """A whole response as bytes."""
    lines = [f"HTTP/1.1 {status} {reason}", *(f"{name}: {value}" for name, value in headers)]
    names = [name.lower() for name, _ in headers]
    if "content-length" not in names and "transfer-encoding" not in names:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def end_listening(listener, accepting):
    """Closes a listener after the thread that accepts there has ended. One that still waited in accept(2) could, once the kernel
    restarts the call, find the next listener behind the same number, and answer for it."""
    listener.shutdown(socket.SHUT_RDWR)
    accepting.join()
    listener.close()


class ScriptedUpstream:
    """`script(request, connection)` is called with each request: the bytes that it returns are sent and the connection stays
    open; None closes the connection, after whatever the script sent itself. `reads_body` False calls it after the head. With
    `tls`, a certificate and a key, it speaks TLS; `client_ca` makes it require a certificate of that authority."""

    def __init__(self, script=None, tls=None, reads_body=True, client_ca=None, tls_version=None):
        self.script = script or (lambda request, connection: answer(headers=[("Content-Type", "application/json")]))
        self.reads_body = reads_body
        self.requests = []
        self.connections = 0
        self.resumed = []  # of each TLS connection, whether it resumed a session
        self.client_names = []  # of each TLS connection, the common name of its certificate
        self.octets = bytearray()  # everything that arrived and was parsed, over all connections
        self.lock = threading.Lock()
        self.open = set()
        self.tls = None
        if tls:
            self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.tls.load_cert_chain(*tls)
            if client_ca:
                self.tls.verify_mode = ssl.CERT_REQUIRED
                self.tls.load_verify_locations(client_ca)
            if tls_version:
                self.tls.minimum_version = self.tls.maximum_version = tls_version
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port = self.listener.getsockname()[1]
        self.accepting = threading.Thread(target=self.accept, daemon=True)
        self.accepting.start()

    @property
    def url(self):
        return f"{'https' if self.tls else 'http'}://{'localhost' if self.tls else '127.0.0.1'}:{self.port}"

    def accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with self.lock:
                self.connections += 1
                self.open.add(connection)
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        plain = connection
        try:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self.tls:
                connection = self.tls.wrap_socket(connection, server_side=True)
                subject = dict(pair[0] for pair in (connection.getpeercert() or {}).get("subject", ()))
                with self.lock:
                    self.resumed.append(connection.session_reused)
                    self.client_names.append(subject.get("commonName"))
            reader = Reader(connection)
            while True:
                request = reader.head()
                if self.reads_body:
                    reader.body(request, until_close=False)
                with self.lock:
                    self.requests.append(request)
                    self.octets += request.raw_head + request.body
                reply = self.script(request, connection)
                if reply is None:
                    return
                connection.sendall(reply)
        except (Closed, OSError, ssl.SSLError):
            pass
        finally:
            with self.lock:
                self.open.discard(plain)
            connection.close()

    def targets(self):
        with self.lock:
            return [f"{request.method} {request.target}" for request in self.requests]

    def break_connections(self):
        with self.lock:
            connections = list(self.open)
        for connection in connections:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def stop(self):
        end_listening(self.listener, self.accepting)
        self.break_connections()
