"""Receivers of events for the files of config/audit/: one that a test scripts, and verify_event.py as it stands there."""

import http.client
import http.server
import json
import os
import subprocess
import sys
import threading

from harness import SOURCE

EXAMPLES = SOURCE / "config/audit"
VERIFIER = EXAMPLES / "verify_event.py"


class Endpoint:
    """A receiver: `judge(path, headers, body)` gives status and document. What it took is in `taken`."""

    def __init__(self, judge, consents=False):
        self.taken, self.refused, self.asked = [], [], []
        endpoint = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status, document = judge(self.path, self.headers, body)
                (endpoint.taken if status < 300 else endpoint.refused).append((self.path, self.headers, body))
                reply = document if isinstance(document, bytes) else json.dumps(document).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(reply)))
                self.end_headers()
                self.wfile.write(reply)

            def do_OPTIONS(self):
                endpoint.asked.append(self.headers["WebHook-Request-Origin"])
                self.send_response(200)
                if consents:
                    self.send_header("WebHook-Allowed-Origin", endpoint.asked[-1])
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


class Verifier:
    """verify_event.py --listen. `lines` has what it printed, unless that goes to a file."""

    def __init__(self, secret, *arguments, stdout=subprocess.PIPE, **environment):
        self.popen = subprocess.Popen([sys.executable, "-B", VERIFIER, "--listen", "127.0.0.1:0", "--secret-env", "S", *arguments],
                                      stdin=subprocess.DEVNULL, stdout=stdout, stderr=subprocess.PIPE,
                                      env={**os.environ, "S": secret, **environment})
        self.address = ("127.0.0.1", int(self.popen.stderr.readline().rpartition(b":")[2]))
        self.url = "http://127.0.0.1:%d" % self.address[1]
        self.lines, self.complaints = [], []
        self.readers = [threading.Thread(target=into.extend, args=(stream,), daemon=True)
                        for stream, into in ((self.popen.stdout, self.lines), (self.popen.stderr, self.complaints)) if stream]
        for reader in self.readers:
            reader.start()

    def post(self, headers, body):
        connection = http.client.HTTPConnection(*self.address, timeout=20)
        connection.request("POST", "/", body, headers)
        status = connection.getresponse().status
        connection.close()
        return status

    def stop(self):
        self.popen.terminate()
        self.popen.wait(10)
        for reader in self.readers:
            reader.join(5)
        for stream in filter(None, (self.popen.stdout, self.popen.stderr)):
            stream.close()
