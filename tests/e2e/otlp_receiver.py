"""A collector of traces (OTLP over HTTP, as JSON) that answers as the test says, and reads what it was sent with Python's own
library."""

import http.server
import json
import ssl
import threading


def attributes(of):
    """Names to values, as plain Python."""
    def plain(value):
        (kind, inner), = value.items()
        if kind == "arrayValue":
            return [plain(one) for one in inner.get("values", [])]
        return int(inner) if kind == "intValue" else inner
    return {one["key"]: plain(one["value"]) for one in of.get("attributes", [])}


class Span:
    def __init__(self, document, resource):
        self.document, self.resource = document, resource
        self.name, self.id, self.trace_id = document["name"], document["spanId"], document["traceId"]
        self.parent = document.get("parentSpanId")
        self.kind, self.status = document["kind"], document.get("status", {})
        self.attributes = attributes(document)
        self.start, self.end = int(document["startTimeUnixNano"]), int(document["endTimeUnixNano"])

    @property
    def seconds(self):
        return (self.end - self.start) / 1e9

    def __repr__(self):
        return json.dumps(self.document)


class OtlpReceiver:
    """`respond(number, handler)` is asked before the number-th answer (from 1): (status, headers, body), or None if it has
    answered itself. Without it: 200 and an empty ExportTraceServiceResponse. `port`: 0 lets the system choose."""

    def __init__(self, respond=None, tls=None, port=0):
        self.respond = respond or (lambda number, handler: (200, {}, b"{}"))
        self.exports = []  # (path, headers, body), refused ones included
        self.taken = []    # spans of those answered with 200
        self.lock = threading.Lock()
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                with receiver.lock:
                    receiver.exports.append((self.path, headers, body))
                    number = len(receiver.exports)
                reply = receiver.respond(number, self)
                if reply is None:
                    return
                status, fields, text = reply
                if status == 200:
                    with receiver.lock:
                        receiver.taken += receiver.spans_of(body)
                self.send_response(status)
                for name, value in {"Content-Type": "application/json", "Content-Length": str(len(text)), **fields}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            allow_reuse_address = True

            def handle_error(self, *_):
                pass

        self.server = Server(("127.0.0.1", port), Handler)
        self.port = self.server.server_address[1]
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*tls)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.url = f"{'https' if tls else 'http'}://{'localhost' if tls else '127.0.0.1'}:{self.port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @staticmethod
    def spans_of(body):
        return [Span(span, attributes(part["resource"])) for part in json.loads(body)["resourceSpans"]
                for scope in part["scopeSpans"] for span in scope["spans"]]

    def spans(self, trace_id=None):
        with self.lock:
            return [span for span in self.taken if trace_id in (None, span.trace_id)]

    def traces(self):
        """The spans of each trace by their name; those of the whole and of the vendor's call as "whole" and "upstream"."""
        found = {}
        for span in self.spans():
            name = {2: "whole", 3: "upstream"}.get(span.kind, span.name)
            found.setdefault(span.trace_id, {})[name] = span
        return found

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
