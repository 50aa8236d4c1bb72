"""What bypass_test.py sends: requests that a vendor's server might read differently from the gate, and plain ones that only
look odd. policy/THREATS.md has a line for each, by its name.

The policy forbids what the attempts are after: credentials, deletions, the user "boss", the query fields `fields` and `email`, a
`limit` over 100, the path /v1/admin, the header X-Debug, the member ownerId, and merging more than two.
"""

POLICY = {"version": 1, "rules": [
    {"id": "open", "effect": "allow", "when": {"client": "admin", "operation": ["*.*", "push.unknown", "securenvoy.unknown"]}},
    {"id": "no-credentials", "effect": "deny", "when": {"tag": ["credential-read", "credential-write"]}},
    {"id": "no-deletions", "effect": "deny", "when": {"tag": "destructive"}},
    {"id": "not-the-boss", "effect": "deny", "when": {"operation": "securenvoy.users.*", "param": {"userId": "boss"}}},
    {"id": "not-that-name", "effect": "deny", "when": {"operation": "securenvoy.users.*", "param": {"username": "groups"}}},
    {"id": "no-admin", "effect": "deny", "when": {"api": "push", "path": ["/v1/admin", "/v1/admin/**"]}},
    {"id": "no-fields", "effect": "deny", "when": {"api": "push", "query": {"fields": {"present": True}}}},
    {"id": "no-email", "effect": "deny", "when": {"api": "securenvoy", "query": {"email": {"present": True}}}},
    {"id": "page-cap", "effect": "require", "when": {"api": "push", "access": "read"},
     "query": {"limit": {"type": "integer", "maximum": 100}}},
    {"id": "no-debug", "effect": "deny", "when": {"header": {"x-debug": {"present": True}}}},
    {"id": "no-owner", "effect": "deny", "when": {"operation": "push.apps.update", "body": {"/ownerId": {"present": True}}}},
    {"id": "merge-cap", "effect": "require", "when": {"operation": "push.employees.merge"},
     "body": {"/secondaryEmployeeIds": {"maxItems": 2}}},
]}
BASE = "/api/user/restapi"
SE = "/securenvoy" + BASE
JSON = "Content-Type: application/json"
GROUPS = "/push/v1/employees/e1/groups"
USER = SE + "/users/u2"


def ask(method, target, *lines, body=None, host="gate.test", key="{key}"):
    """The octets of a request; {key} stands for the client's credential."""
    body = body.encode() if isinstance(body, str) else body
    head = [f"{method} {target} HTTP/1.1", f"Host: {host}", key, *lines]
    if body is not None and not any(line.lower().startswith(("transfer-encoding", "content-length")) for line in lines):
        head.append(f"Content-Length: {len(body)}")
    return "\r\n".join(line for line in head if line).encode("latin-1") + b"\r\n\r\n" + (body or b"")


def get(target, *lines, **options):
    return ask("GET", target, *lines, **options)


def users(segments):
    return get(SE + "/users/" + segments)


def put(body, *lines):
    return ask("PUT", USER, *(lines or [JSON]), body=body)


def group(body, *lines):
    return ask("POST", GROUPS, *lines, body=body)


def merge(body, path="/push/v1/employees/e1/merge", *lines):
    return ask("POST", path, *(lines or [JSON]), body=body)


THREE = '{"secondaryEmployeeIds":["a","b","c"]}'
NAME = '{"group":"a"}'


def chunked(*chunks, trailer=""):
    return "".join(f"{len(chunk):x}\r\n{chunk}\r\n" for chunk in chunks) + f"0\r\n{trailer}\r\n"


# Name: (octets, status). Nothing of these may arrive at a vendor.
STOPPED = {
    # Paths
    "a path in another case": (get(SE + "/CREDENTIALS/u1"), 403),
    "an encoded letter": (get(SE + "/%63redentials/u1"), 403),
    "a segment that is encoded whole": (get(SE + "/%63%72%65%64%65%6E%74%69%61%6C%73/u1"), 403),
    "a letter encoded twice": (get(SE + "/%2563redentials/u1"), 403),
    "a letter encoded three times": (get(SE + "/%252563redentials/u1"), 403),
    "an id encoded twice": (users("b%256Fss"), 403),
    "a literal with a long s": (get(SE + "/u%C5%BFers/boss"), 403),
    "a literal with a dotless i": (get(SE + "/credent%C4%B1als/u1"), 403),
    "a literal in full width": (get(SE + "/%EF%BD%83redentials/u1"), 403),
    "a path in another case where case counts": (merge(THREE, "/push/v1/Employees/e1/MERGE"), 403),
    "a template in another case where case counts": (get("/push/V1/ADMIN/keys"), 403),
    "an encoded slash": (get("/push/v1/admin%2Fkeys"), 400),
    "a slash encoded twice": (get("/push/v1/admin%252Fkeys"), 400),
    "a slash encoded three times": (get("/push/v1/admin%25252Fkeys"), 400),
    "a slash in full width": (get("/push/v1/admin%EF%BC%8Fkeys"), 400),
    "a slash behind a percent sign in full width": (get("/push/v1/admin%EF%BC%852Fkeys"), 400),
    "an encoded backslash": (get("/push/v1/admin%5Ckeys"), 400),
    "a raw backslash": (get("/push/v1\\admin"), 400),
    "a backslash in full width": (get("/push/v1/admin%EF%BC%BCkeys"), 400),
    "an overlong slash": (get("/push/v1/admin%C0%AFkeys"), 400),
    "an overlong dot": (get("/push/v1/x/%C0%AE%C0%AE/admin"), 400),
    "invalid UTF-8": (get("/push/v1/admin%FF"), 400),
    "a lone surrogate in UTF-8": (get("/push/v1/admin%ED%A0%80"), 400),
    "a slash as %u002f": (get("/push/v1/admin%u002fkeys"), 400),
    "a letter as %u0063": (get(SE + "/%u0063redentials/u1"), 400),
    "a raw octet above ASCII": (get("/push/v1/adm\xedn"), 400),
    "a percent sign without digits": (get("/push/v1/admin%2"), 400),
    "a dot segment": (get("/push/v1/x/../admin"), 400),
    "a single dot": (get("/push/v1/./admin"), 400),
    "an encoded dot segment": (get("/push/v1/x/%2e%2E/admin"), 400),
    "a dot segment encoded twice": (get("/push/v1/x/%252e%252e/admin"), 400),
    "a dot segment with a parameter": (get("/push/v1/x/..;a/admin"), 400),
    "a dot segment and a space": (get("/push/v1/x/..%20/admin"), 400),
    "a dot segment in full width": (get("/push/v1/x/%EF%BC%8E%EF%BC%8E/admin"), 400),
    "a segment of three dots": (get("/push/v1/.../admin"), 400),
    "a repeated slash": (get("/push/v1//admin"), 400),
    "a trailing slash": (ask("DELETE", USER + "/"), 403),
    "a trailing slash behind a template": (get("/push/v1/admin/"), 403),
    "two trailing slashes": (ask("DELETE", USER + "//"), 400),
    "a parameter on a literal": (get(SE + "/credentials;x=1/u1"), 403),
    "a parameter on an id": (users("boss;admin"), 403),
    "an encoded parameter on an id": (users("boss%3Badmin"), 403),
    "a parameter behind a semicolon in full width": (users("boss%EF%BC%9Badmin"), 403),
    "a segment that is only a parameter": (get(SE + "/;x/credentials/u1"), 400),
    "a dot behind an id": (users("boss."), 403),
    "a dot behind a literal": (get(SE + "/credentials./u1"), 403),
    "a space behind an id": (users("boss%20"), 403),
    "a space before an id": (users("%20boss"), 403),
    "a no-break space behind an id": (users("boss%C2%A0"), 403),
    "a stream behind an id": (users("boss::$DATA"), 403),
    "a suffix behind an id": (users("boss.json"), 403),
    "a suffix behind a literal": (get("/push/v1/admin.json"), 403),
    "an id in another case": (users("BOSS"), 403),
    "an id in full width": (users("%EF%BD%82%EF%BD%8F%EF%BD%93%EF%BD%93"), 403),
    "a zero-width space in an id": (users("bo%E2%80%8Bss"), 403),
    "an encoded NUL": (users("boss%00"), 400),
    "an encoded line end": (users("boss%0D%0A"), 400),
    "a control character beyond ASCII": (users("boss%C2%85"), 400),
    "an encoded question mark": (users("boss%3Fx"), 400),
    "an encoded number sign": (users("boss%23x"), 400),
    "a raw number sign": (users("boss#x"), 400),
    "a path of two operations": (get(SE + "/users/username/groups"), 403),
    # Which API
    "a prefix in another case": (get("/PUSH/v1/admin"), 404),
    "an encoded prefix": (get("/p%75sh/v1/admin"), 404),
    "a way out of the prefix": (get("/push/..%2fsecurenvoy" + BASE + "/credentials/u1"), 400),
    "an absolute form of another host": (get("http://push.gate.test/v1/admin", host="securenvoy.gate.test"), 400),
    "two Hosts": (get("/v1/findings", "Host: securenvoy.gate.test", host="push.gate.test"), 400),
    "a Host with a user": (get("/v1/admin", host="securenvoy.gate.test@push.gate.test"), 400),
    "a Host with a list": (get("/v1/admin", host="push.gate.test, securenvoy.gate.test"), 400),
    # Queries
    "a parameter twice": (get("/push/v1/findings?limit=5&limit=1000"), 403),
    "a parameter as an array": (get("/push/v1/findings?limit[]=1000"), 403),
    "a parameter with an index": (get("/push/v1/findings?limit[0]=1000"), 403),
    "a parameter with encoded brackets": (get("/push/v1/findings?limit%5B%5D=1000"), 403),
    "a parameter as a member": (get("/push/v1/findings?filter[limit]=1000"), 403),
    "a parameter behind a dot": (get("/push/v1/findings?q.fields=a"), 403),
    "a parameter behind a semicolon": (get("/push/v1/findings?a=1;fields=b"), 403),
    "a parameter cut by a semicolon": (get("/push/v1/findings?limit=1000;x"), 403),
    "a parameter behind an entity": (get("/push/v1/findings?a=1&amp;fields=b"), 403),
    "a space before a parameter": (get("/push/v1/findings?+limit=1000"), 403),
    "a space behind a parameter": (get("/push/v1/findings?limit%20=1000"), 403),
    "an encoded parameter": (get("/push/v1/findings?%66ields=a"), 403),
    "a parameter encoded twice": (get("/push/v1/findings?%2566ields=a"), 400),
    "an encoded equals sign": (get("/push/v1/findings?fields%3Da"), 403),
    "a parameter without a value": (get("/push/v1/findings?fields"), 403),
    "a parameter in another case": (get(SE + "/users?EMail=a"), 403),
    "a parameter with a dotless i": (get(SE + "/users?ema%C4%B1l=a"), 400),
    "a NUL in a parameter's name": (get("/push/v1/findings?fields%00=a"), 400),
    "a NUL in a value": (get("/push/v1/findings?limit=10%0000"), 403),
    "a value encoded twice": (get("/push/v1/findings?limit=1%2530%2530%2530"), 403),
    "a number with an exponent": (get("/push/v1/findings?limit=1e3"), 403),
    "a number in hexadecimal": (get("/push/v1/findings?limit=0x3e8"), 403),
    "a number with a plus sign": (get("/push/v1/findings?limit=%2B1000"), 403),
    "a number in full width": (get("/push/v1/findings?limit=%EF%BC%91000"), 403),
    "an empty number": (get("/push/v1/findings?limit="), 403),
    "invalid UTF-8 in a query": (get("/push/v1/findings?a=%FF"), 400),
    "%u in a query": (get("/push/v1/findings?%u0066ields=a"), 400),
    # Methods
    "a method in lower case": (ask("delete", USER), 501),
    "a method that HTTP does not know": (ask("DELETED", USER), 501),
    "a method in a query": (ask("POST", USER + "?_method=DELETE"), 400),
    "a method in a query by the header's name": (ask("POST", USER + "?X-HTTP-Method-Override=DELETE"), 400),
    "a method in a form": (ask("POST", USER, "Content-Type: application/x-www-form-urlencoded", body="_method=DELETE"), 415),
    "a method in a multipart form": (ask("POST", USER, "Content-Type: multipart/form-data; boundary=x",
                                         body='--x\r\nContent-Disposition: form-data; name="_method"\r\n\r\nDELETE\r\n--x--'), 415),
    "a method in JSON": (ask("POST", USER, JSON, body='{"_method":"DELETE"}'), 400),
    "HEAD for GET": (ask("HEAD", SE + "/credentials/u1"), 403),
    "a range of a credential": (get(SE + "/credentials/u1", "Range: bytes=0-3"), 403),
    "TRACE": (ask("TRACE", "/push/v1/findings"), 405),
    # Bodies
    "a key twice": (put('{"city":"a","city":"b"}'), 400),
    "a key twice by an escape": (put('{"city":"a","c\\u0069ty":"b"}'), 400),
    "a key twice in another case": (put('{"city":"a","City":"b"}'), 400),
    "a key twice below another": (put('{"customAttributes":[{"id":"a","id":"b"}]}'), 400),
    "an escaped key": (put('{"\\u0070assword":"x"}'), 403),
    "a key in another case": (put('{"PassWord":"x"}'), 403),
    "a key with a long s": (put('{"pa\\u017f\\u017fword":"x"}'), 403),
    "a key with a dotless i": (put('{"isLocked":true,"\\u0131sEnabled":true}'), 400),
    "a key in another case where case counts": (ask("PATCH", "/push/v1/apps/a1", JSON, body='{"OwnerId":"e1"}'), 400),
    "a cap in another case": (merge('{"secondaryEmployeeIds":["a"],"SecondaryEmployeeIds":["a","b","c"]}'), 400),
    "a key with a Kelvin sign": (put('{"isLoc\\u212aed":true,"isLocked":false}'), 400),
    "a key with a NUL": (put('{"password\\u0000":"x"}'), 400),
    "a null for a value": (ask("PATCH", "/push/v1/apps/a1", JSON, body='{"ownerId":null}'), 403),
    "a key of a prototype": (ask("PATCH", "/push/v1/apps/a1", JSON, body='{"__proto__":{"ownerId":"e1"}}'), 400),
    "two JSON texts": (group('{"group":"a"}{"group":"b"}', JSON), 400),
    "two JSON texts on two lines": (group('{"group":"a"}\n{"group":"b"}', JSON), 400),
    "a byte order mark": (group(b'\xef\xbb\xbf{"group":"a"}', JSON), 400),
    "a comment": (group('{"group":"a"/*,"group":"b"*/}', JSON), 400),
    "a trailing comma": (group('{"group":"a",}', JSON), 400),
    "single quotes": (group("{'group':'a'}", JSON), 400),
    "NaN": (group('{"group":"a","x":NaN}', JSON), 400),
    "a number out of range": (group('{"group":"a","x":1e999}', JSON), 400),
    "an escaped lone surrogate": (group('{"group":"\\ud800"}', JSON), 400),
    "invalid UTF-8 in a body": (group(b'{"group":"\xff"}', JSON), 400),
    "a raw NUL behind a body": (group(b'{"group":"a"}\x00,"x":1}', JSON), 400),
    "deep nesting": (group('{"group":"a","x":' + "[" * 70 + "]" * 70 + "}", JSON), 400),
    "UTF-16": (group('{"group":"a"}'.encode("utf-16-le"), JSON), 400),
    "UTF-16 that says so": (group('{"group":"a"}'.encode("utf-16-le"), JSON + "; charset=utf-16"), 415),
    "UTF-7": (group("{+ACI-group+ACI-:+ACI-a+ACI-}", JSON + "; charset=utf-7"), 415),
    "Latin-1": (group(b'{"group":"\xe9"}', JSON + "; charset=iso-8859-1"), 415),
    "a charset twice": (group(NAME, JSON + "; charset=utf-8; charset=utf-7"), 415),
    "no content type": (group(NAME), 415),
    "an empty content type": (group(NAME, "Content-Type: "), 415),
    "a form": (group("group=a", "Content-Type: application/x-www-form-urlencoded"), 415),
    "JSON that claims to be a form": (group(NAME, "Content-Type: application/x-www-form-urlencoded"), 415),
    "a multipart form": (group("--x--", "Content-Type: multipart/form-data; boundary=x"), 415),
    "text/json": (group(NAME, "Content-Type: text/json"), 415),
    "text/plain": (group(NAME, "Content-Type: text/plain"), 415),
    "a form that ends in +json": (group(NAME, "Content-Type: application/x-www-form-urlencoded+json"), 415),
    "multipart that ends in +json": (group(NAME, "Content-Type: multipart/form-data+json"), 415),
    "a list of content types": (group(NAME, "Content-Type: application/json, text/plain"), 415),
    "a content type twice": (group(NAME, JSON, "Content-Type: text/plain"), 415),
    "a content type with an underscore": (group(NAME, JSON, "Content_Type: application/x-www-form-urlencoded"), 415),
    "a coded body": (group(b"\x1f\x8b\x08", JSON, "Content-Encoding: gzip"), 415),
    "a coding that does nothing": (group(NAME, JSON, "Content-Encoding: identity"), 415),
    "no body where one is needed": (ask("POST", GROUPS), 400),
    "a body of white space": (group(" ", JSON), 400),
    "a body of null": (group("null", JSON), 400),
    "a text for a list": (merge('{"secondaryEmployeeIds":"a,b,c"}'), 400),
    "an object for a list": (merge('{"secondaryEmployeeIds":{"$values":["a","b","c"]}}'), 400),
    "a list in a list": (merge('{"secondaryEmployeeIds":[["a","b","c"]]}'), 400),
    "a list around the body": (merge("[" + THREE + "]"), 400),
    "a body in chunks": (merge(chunked(THREE[:9], THREE[9:]), "/push/v1/employees/e1/merge", JSON, "Transfer-Encoding: chunked"), 403),
    "a body over the limit": (group('{"group":"' + "a" * 70000 + '"}', JSON), 413),
    "a body in chunks over the limit": (group(chunked('{"group":"' + "a" * 70000 + '"}'), JSON, "Transfer-Encoding: chunked"), 413),
    # Headers
    "a header with an underscore": (get("/push/v1/findings", "X_Debug: 1"), 403),
    "a header twice": (get("/push/v1/findings", "X-Debug: 0", "x-debug: 1"), 403),
    "an empty header": (get("/push/v1/findings", "X-Debug:"), 403),
    "a folded header": (get("/push/v1/findings", "X-A: b", " X-Debug: 1"), 400),
    "a space before the colon": (get("/push/v1/findings", "X-Debug : 1"), 400),
    "a bare line feed": (get("/push/v1/findings", "X-A: b\nX-Debug: 1"), 400),
    "a bare carriage return": (get("/push/v1/findings", "X-A: b\rX-Debug: 1"), 400),
    "a NUL in a header": (get("/push/v1/findings", "X-A: b\0c"), 400),
    "two credentials": (get("/push/v1/findings", "Authorization: Bearer x"), 401),
    "a credential twice": (get("/push/v1/findings", "{key}"), 401),
    "a credential with an underscore": (get("/push/v1/findings", "X_Api_Key: x"), 401),
    "a credential in a query": (get("/push/v1/findings?x-api-key={token}", key=""), 401),
    "an expectation nobody knows": (get("/push/v1/findings", "Expect: something"), 417),
    # Framing
    "a length and chunked": (group(chunked(NAME), JSON, "Content-Length: 13", "Transfer-Encoding: chunked"), 400),
    "two lengths": (group(NAME, JSON, "Content-Length: 13", "Content-Length: 0"), 400),
    "chunked with an underscore and a length": (group(chunked(THREE), JSON, "Content-Length: 5", "Transfer_Encoding: chunked"), 400),
    "a coding that is not chunked": (group(NAME, JSON, "Transfer-Encoding: gzip, chunked"), 501),
    "chunked behind a comma": (group(chunked(NAME), JSON, "Transfer-Encoding: ,chunked"), 400),
    "a head that asks for another protocol": (get("/push/v1/admin", "Connection: upgrade", "Upgrade: h2c"), 403),
}

# Name: (octets, the line that the vendor gets, its body, header names that it may not get). Let through, but without what
# would have given it another meaning.
DISARMED = {
    "a method in a header": (ask("POST", "/push/v1/other", "X-HTTP-Method-Override: DELETE"), "POST /v1/other", b"",
                             ["x-http-method-override"]),
    "a method in a header with underscores": (ask("POST", "/push/v1/other", "X_HTTP_Method_Override: DELETE"), "POST /v1/other", b"",
                                              ["x_http_method_override"]),
    "a path in a header": (get("/push/v1/findings", "X-Original-URL: /v1/admin", "X-Rewrite-URL: /v1/admin"), "GET /v1/findings",
                           b"", ["x-original-url", "x-rewrite-url"]),
    "a host in a header": (get("/push/v1/findings", "X-Forwarded-Host: admin.test", "Forwarded: host=admin.test"), "GET /v1/findings",
                           b"", ["x-forwarded-host", "forwarded"]),
    "a coding with an underscore": (group(NAME, JSON, "Content_Encoding: gzip"), "POST /v1/employees/e1/groups", NAME.encode(),
                                    ["content_encoding"]),
    "a header that Connection takes off": (get("/push/v1/findings", "Connection: x-debug", "X-Debug: 1"), "GET /v1/findings", b"",
                                           ["x-debug"]),
    "a header in a trailer": (group(chunked(NAME, trailer="X-Debug: 1\r\n"), JSON, "Transfer-Encoding: chunked"),
                              "POST /v1/employees/e1/groups", NAME.encode(), ["x-debug", "trailer", "transfer-encoding"]),
    "a request hidden in the body of a GET": (get("/push/v1/findings", body="GET /v1/admin HTTP/1.1\r\nHost: a\r\n\r\n"),
                                              "GET /v1/findings", b"GET /v1/admin HTTP/1.1\r\nHost: a\r\n\r\n", []),
    "a prefix on a vendor's host": (get("/securenvoy" + BASE + "/users", host="push.gate.test"),
                                    "GET /securenvoy" + BASE + "/users", b"", []),
    "an expectation that the gate answers": (group(NAME, JSON, "Expect: 100-continue"), "POST /v1/employees/e1/groups",
                                             NAME.encode(), ["expect"]),
}


def plain(method, path, body=None, api="push", lines=(JSON,)):
    """A request that arrives as it is, but for the prefix."""
    octets = ask(method, f"/{api}{path}", *(lines if body is not None else ()), body=body)
    return octets, f"{method} {path}", body.encode() if isinstance(body, str) else body or b""


def se(method, path, body=None):
    return plain(method, BASE + path, body, "securenvoy")


# Name: (octets, the line that the vendor gets, its body).
LEGITIMATE = {
    "a list": plain("GET", "/v1/employees"),
    "a list with a page": plain("GET", "/v1/findings?limit=100&nextToken=abc"),
    "a token in Base64": plain("GET", "/v1/findings?nextToken=a%2Fb%2Bc%3D%3D"),
    "an equals sign in a value": plain("GET", "/v1/findings?nextToken=abc=="),
    "an ampersand in a value": plain("GET", "/v1/findings?q=a%26b"),
    "an address in a query": plain("GET", "/v1/accounts?email=jane.doe%2Bx%40acme.example"),
    "a space in a value": plain("GET", "/v1/findings?q=a+b%20c"),
    "a percent sign in a value": plain("GET", "/v1/findings?q=100%25"),
    "a semicolon in a value that no rule names": plain("GET", "/v1/findings?q=a;b"),
    "brackets that no rule names": plain("GET", "/v1/browserExtensions?permissions[]=tabs&permissions[]=cookies"),
    "a list in a value": plain("GET", "/v1/browserExtensions?permissions=tabs,cookies"),
    "a name that only contains a forbidden one": plain("GET", "/v1/findings?my_fields=a&fieldset=b"),
    "a question mark in a query": plain("GET", "/v1/findings?q=a?b/c"),
    "an empty query": plain("GET", "/v1/findings?"),
    "empty parameters": plain("GET", "/v1/findings?&&a=&"),
    "letters beyond ASCII in a query": plain("GET", "/v1/findings?q=J%C3%B6rg"),
    "a time in a query": plain("GET", "/v1/findings?creationTimestampAfter=2026-01-01T00:00:00Z"),
    "HEAD of a list": plain("HEAD", "/v1/employees"),
    "an id with capitals": plain("GET", "/v1/detections/DET-0A1B"),
    "an id that is a UUID": plain("GET", "/v1/detections/0190163d-8694-739b-aea5-966c26f8ad91"),
    "an id with a colon": plain("GET", "/v1/detections/urn:det:1"),
    "an id with a dot": plain("GET", "/v1/detections/v1.2"),
    "an id with a percent sign": plain("GET", "/v1/detections/100%25"),
    "an id with a plus sign": plain("GET", "/v1/detections/a+b"),
    "an id with a space": plain("GET", "/v1/detections/a%20b"),
    "an id with sub-delimiters": plain("GET", "/v1/detections/~a!b$c'(d)*,=@"),
    "an id with a semicolon that no rule forbids": plain("GET", "/v1/detections/a;b"),
    "an encoded letter that nothing forbids": plain("GET", "/v1/%65mployees"),
    "an operation that no catalogue knows": plain("GET", "/v1/blockedUrls/u1"),
    "a new operation with a body": plain("POST", "/v1/blockedUrls", '{"url":"https://x.test/?a=b;c"}'),
    "a form where no other method is known": plain("POST", "/v1/blockedUrls", "url=x",
                                                   lines=("Content-Type: application/x-www-form-urlencoded",)),
    "adding to a group": plain("POST", "/v1/employees/e1/groups", '{"group":"Engineering team"}'),
    "a DELETE with a body": plain("DELETE", "/v1/employees/e1/groups", '{"group":"a"}'),
    "a merge of two": plain("POST", "/v1/employees/e1/merge", '{"secondaryEmployeeIds":["a","b"]}'),
    "a null that unsets": plain("PATCH", "/v1/apps/a1", '{"notes":null}'),
    "a member that no catalogue names": plain("PATCH", "/v1/apps/a1", '{"notes":"x","newField":{"a":[1,2.50,1e2]}}'),
    "escapes in a value": plain("PATCH", "/v1/apps/a1", '{"notes":"\\u00e9 \\ud83d\\ude00 \\/ \\u0000"}'),
    "white space in a body": plain("PATCH", "/v1/apps/a1", ' {\r\n\t"notes" : "x" } \n'),
    "letters beyond ASCII in a body": plain("PATCH", "/v1/apps/a1", '{"notes":"Jörg ışık １"}'),
    "a charset that is UTF-8": plain("PATCH", "/v1/apps/a1", '{"notes":"x"}', lines=("Content-Type: application/json; charset=UTF-8",)),
    "a vendor's JSON type": plain("PATCH", "/v1/apps/a1", '{"notes":"x"}', lines=("Content-Type: application/merge-patch+json",)),
    "a user by name": se("GET", "/users/username/jane.doe@acme.example"),
    "a user with a plus sign": se("GET", "/users/username/jane+x@acme.example"),
    "a user with letters beyond ASCII": se("GET", "/users/username/J%C3%B6rg"),
    "a user with decomposed letters": se("GET", "/users/username/Jo%CC%88rg"),
    "a Turkish user": se("GET", "/users/username/%C4%B1%C5%9F%C4%B1k"),
    "a Japanese user": se("GET", "/users/username/%EF%BD%A1%E5%B1%B1%E7%94%B0"),
    "a name that ends in a dot": se("GET", "/users/username/Sam%20Jr."),
    "a path in the vendor's other case": se("GET", "/Users/u2/Groups"),
    "a page of users": se("GET", "/users?pageSize=50&page=2&sort=username&sortOrder=asc"),
    "an update without credentials": se("PUT", "/users/u2", '{"City":"Leeds","isEnabled":true}'),
    "members in a list": se("POST", "/groups/g1/assignusers", '["u1","u2"]'),
    "a POST without a body": se("POST", "/groups/g1/assignusers"),
    "an empty list": se("POST", "/users/u2/assigngroups", "[]"),
}
