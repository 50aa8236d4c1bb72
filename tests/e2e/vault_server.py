"""A Vault that answers as the real one does, over TLS: KV version 2, the token's own lookup and renewal, and the Kubernetes login.
The shapes are those of developer.hashicorp.com/vault/api-docs: secret/kv/kv-v2, auth/kubernetes, auth/token."""

import json
import secrets

from scripted_upstream import ScriptedUpstream, answer

REQUEST_ID = "5a2d5f3c-0a6c-7d43-0c7a-3e6b2b8a7f11"


def document(status, body, headers=()):
    return answer(status, json.dumps(body).encode() + b"\n", [("Content-Type", "application/json"), ("Cache-Control", "no-store"), *headers])


def envelope(**members):
    return {"request_id": REQUEST_ID, "lease_id": "", "renewable": False, "lease_duration": 0, "data": None, "wrap_info": None,
            "warnings": None, "auth": None, "mount_type": "", **members}


def errors(status, *texts):
    return document(status, {"errors": list(texts)})


class VaultServer:
    """`secrets` has the newest version of each path, None for one that was deleted; `tokens` those that are valid, with the
    seconds that they last. `respond(request)` may answer before it, with bytes."""

    def __init__(self, tls, tokens=(), jwt=None, role="sluice"):
        self.secrets, self.tokens = {}, dict.fromkeys(tokens, 0)
        self.jwt, self.role, self.logins, self.renewals = jwt, role, 0, 0
        self.lease, self.secret_lease, self.respond, self.destroyed = 3600, 0, None, set()
        self.server = ScriptedUpstream(self.script, tls=tls)
        self.url, self.stop = self.server.url, self.server.stop

    def targets(self):
        return self.server.targets()

    @property
    def requests(self):
        return self.server.requests

    def script(self, request, connection):
        if self.respond is not None:
            ready = self.respond(request)
            if ready is not None:
                return ready
        path = request.target.removeprefix("/v1/")
        if path == "auth/kubernetes/login":
            return self.log_in(request)
        token = request.header("x-vault-token")
        if token not in self.tokens:
            return errors(403, "2 errors occurred:\n\t* permission denied\n\t* invalid token\n\n")
        if path == "auth/token/lookup-self":
            return self.look_up(token)
        if path == "auth/token/renew-self":
            self.renewals += 1
            return document(200, envelope(auth=self.auth(token)))
        return self.read(path)

    def auth(self, token):
        return {"client_token": token, "accessor": "vWxWgvDx4sYyTQnYtZBQnZXg", "policies": ["default", "sluice"],
                "token_policies": ["default", "sluice"], "metadata": {"role": self.role}, "lease_duration": self.lease,
                "renewable": True, "entity_id": "3d2b6f39-c1a5-2b7b-5ad5-2c1e5b8c0a11", "token_type": "service", "orphan": True,
                "mfa_requirement": None, "num_uses": 0}

    def log_in(self, request):
        body = json.loads(request.body)
        if body.get("role") != self.role:
            return errors(400, f'invalid role name "{body.get("role")}"')
        if body.get("jwt") != self.jwt:
            return errors(403, "permission denied")
        self.logins += 1
        token = f"hvs.login-{self.logins}-{secrets.token_hex(12)}"
        self.tokens[token] = self.lease
        return document(200, envelope(auth=self.auth(token)))

    def look_up(self, token):
        ttl = self.tokens[token]
        return document(200, envelope(data={
            "accessor": "vWxWgvDx4sYyTQnYtZBQnZXg", "creation_time": 1523979354, "creation_ttl": ttl, "display_name": "token", "entity_id": "",
            "expire_time": None, "explicit_max_ttl": 0, "id": token, "meta": None, "num_uses": 0, "orphan": True,
            "path": "auth/token/create", "policies": ["default", "sluice"], "renewable": ttl > 0, "ttl": ttl, "type": "service"}))

    def read(self, path):
        metadata = {"created_time": "2026-03-22T02:24:06.945319214Z", "custom_metadata": None, "deletion_time": "", "destroyed": False,
                    "version": 2}
        if path in self.destroyed:
            return document(404, envelope(data={"data": None, "metadata": {**metadata, "destroyed": True}}, mount_type="kv"))
        if path not in self.secrets:
            return errors(404)
        if self.secrets[path] is None:
            return document(404, envelope(data={"data": None, "metadata": {**metadata, "deletion_time": "2026-03-22T02:36:43.986212308Z"}},
                                          mount_type="kv"))
        return document(200, envelope(lease_duration=self.secret_lease, data={"data": self.secrets[path], "metadata": metadata},
                                      mount_type="kv"))
