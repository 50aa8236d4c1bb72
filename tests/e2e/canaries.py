"""Distinctive secrets, and the search for them in every form that they could leave a process in."""

import base64
import secrets
import urllib.parse


def canary(name):
    """Octets that occur by accident nowhere, some of which percent-encoding changes."""
    return f"{name}+{secrets.token_hex(12)}/{secrets.token_hex(12)}"


def base64_cores(octets):
    """What stands in base64 of any text that holds these octets, however they are aligned: its ends depend on neighbours."""
    for shift in range(3):
        text = base64.b64encode(bytes(shift) + octets).decode().rstrip("=")
        first = (0, 2, 3)[shift]
        last = len(text) - (1 if (shift + len(octets)) % 3 else 0)
        yield text[first:last].encode()


def forms(value):
    """The value, both of its halves, and the whole as it may be encoded."""
    octets = value if isinstance(value, bytes) else value.encode()
    half = len(octets) // 2
    yield octets[:half]
    yield octets[half:]
    for text in base64_cores(octets):
        yield text
        yield text.replace(b"+", b"-").replace(b"/", b"_")
    yield octets.hex().encode()
    yield octets.hex().upper().encode()
    yield urllib.parse.quote_from_bytes(octets, safe="").encode()
    yield urllib.parse.quote_from_bytes(octets, safe="").lower().encode()
    yield "".join(f"%{octet:02x}" for octet in octets).encode()
    yield "".join(f"\\u{octet:04x}" for octet in octets).encode()


def found(canaries, octets):
    """(name, form, where) of everything that is there: name -> value, or a list of values."""
    hits = []
    for name, values in canaries.items():
        for value in values if isinstance(values, list) else [values]:
            for form in set(forms(value)):
                at = octets.find(form)
                if at >= 0:
                    hits.append((name, form, at))
    return hits
