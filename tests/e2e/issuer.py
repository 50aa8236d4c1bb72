"""An issuer of tokens: npm's `jose` at work (receivers/issuer.mjs), and a server that publishes its keys, or lies, or hangs."""

import base64
import http.server
import json
import os
import pathlib
import subprocess
import threading
import time

MODULES = os.environ.get("SLUICE_RECEIVERS", "")
SCRIPT = pathlib.Path(__file__).with_name("receivers") / "issuer.mjs"


def b64(data):
    """base64url without padding."""
    if not isinstance(data, (bytes, str)):
        data = json.dumps(data, separators=(",", ":"))
    if isinstance(data, str):
        data = data.encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Issuer:
    """Keys and tokens. `jwks` has the public keys made so far."""

    def __init__(self, name="https://idp.example", audience="sluice"):
        self.name, self.audience, self.keys = name, audience, {}
        self.popen = subprocess.Popen(["node", str(SCRIPT), MODULES], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, op, **request):
        self.popen.stdin.write(json.dumps({"op": op, **request}) + "\n")
        self.popen.stdin.flush()
        line = self.popen.stdout.readline()
        if not line:
            raise AssertionError("the issuer has ended")
        return json.loads(line)

    def stop(self):
        self.popen.stdin.close()
        self.popen.wait(10)
        self.popen.stdout.close()

    def key(self, name, alg, **options):
        self.keys[name] = self.ask("key", name=name, alg=alg, **options)["jwk"]
        return self.keys[name]

    @property
    def jwks(self):
        return {"keys": list(self.keys.values())}

    def claims(self, **changes):
        """What a good token says; a claim that is None is left out."""
        now = int(time.time())
        claims = {"iss": self.name, "aud": self.audience, "sub": "robot", "iat": now, "exp": now + 600, **changes}
        return {name: value for name, value in claims.items() if value is not None}

    def token(self, key, header=None, **changes):
        """As jose makes it."""
        alg = self.keys[key]["alg"]
        return self.ask("sign", key=key, header={"alg": alg, "kid": key, **(header or {})}, claims=self.claims(**changes))["token"]

    def forge(self, key, header, claims=None, how=None):
        """Signed whatever it says: header and claims may be texts."""
        text = b64(header) + "." + b64(self.claims() if claims is None else claims)
        return text + "." + self.ask("raw", key=key, text=text, how=how or self.keys[key]["alg"])["signature"]

    def judge(self, token):
        """What jose says of the token."""
        options = {"issuer": self.name, "audience": self.audience, "algorithms": ["RS256", "ES256"], "clockTolerance": 60,
                   "requiredClaims": ["exp", "sub"]}
        return self.ask("judge", token=token, jwks=self.jwks, options=options)


class KeyServer:
    """Publishes `document`; or answers `raw`, octets; or hangs until `go` is set. `asked` counts."""

    def __init__(self, document, tls=None):
        self.document, self.raw, self.asked, self.headers = document, None, 0, {}
        self.go = threading.Event()
        self.go.set()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                outer.asked += 1
                outer.go.wait(60)
                if outer.raw is not None:
                    self.wfile.write(outer.raw)
                    self.close_connection = True
                    return
                body = json.dumps(outer.document).encode()
                self.send_response(200)
                for name, value in outer.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

            def handle(self):
                try:
                    super().handle()
                except OSError:
                    pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        if tls is not None:
            self.server.socket = tls.wrap_socket(self.server.socket, server_side=True)
        self.port = self.server.server_address[1]
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}/jwks.json"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.go.set()
        self.server.shutdown()
        self.server.server_close()
