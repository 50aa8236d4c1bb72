"""Requests: the check that the proxies do the same work, wrk, and connections that are held open."""

import http.client
import json
import re
import socket
import subprocess

from programs import HERE, TARGET, Problem, find
from raw_http import Reader, request_bytes


def get(address, headers, target=TARGET):
    connection = http.client.HTTPConnection(*address, timeout=20)
    try:
        connection.request("GET", target, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read(), answer.headers
    finally:
        connection.close()


def check_same_work(site, proxies):
    """Each proxy passes the vendor's answer on for the client's token, and refuses another. (The vendor refuses what does not
    carry its key, its Host and a Via.)"""
    vendor = ("127.0.0.1", site.vendor_ports["plain"])
    status, expected, _ = get(vendor, {"x-api-key": site.vendor_key, "Via": "1.1 test"}, "/v1/employees")
    refused = get(vendor, {"x-api-key": site.token, "Via": "1.1 test"}, "/v1/employees")[0]
    if (status, refused) != (200, 403):
        raise Problem(f"the vendor answers {status} to its key and {refused} to another, not 200 and 403")
    for proxy in proxies:
        status, body, headers = get(proxy.address, {"x-api-key": site.token})
        if (status, body) != (200, expected):
            raise Problem(f"{proxy.name} answers {status}, not the vendor's 200: {body!r}")
        if not (headers["X-Request-Id"] or headers["Sluice-Request-Id"]):
            raise Problem(f"{proxy.name} gives the answer no request id")
        for wrong in ({"x-api-key": site.token + "x"}, {"x-api-key": site.vendor_key}, {}):
            status = get(proxy.address, wrong)[0]
            if status != 401:
                raise Problem(f"{proxy.name} answers {status} to a wrong token, not 401")


def wrk(site, proxy, connections, seconds):
    """Runs wrk, whose result is a dictionary: see wrk.lua. Every request has to be answered, with 2xx."""
    url = f"http://{proxy.address[0]}:{proxy.address[1]}{TARGET}"
    command = [find("wrk"), "-t", "1", "-c", str(connections), "-d", f"{seconds}s", "--latency", "-s", str(HERE / "wrk.lua"),
               "-H", f"x-api-key: {site.token}", url]
    done = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 60)
    found = re.search(r"^RESULT (.*)$", done.stdout, re.MULTILINE)
    if not found:
        raise Problem(f"wrk said no result: {done.stdout}{done.stderr}")
    result = json.loads(found.group(1))
    if result["failed"] or result["refused"] or not result["requests"]:
        raise Problem(f"{proxy.name} at {connections} connections: {result['requests']} answers, {result['failed']} requests "
                      f"failed, {result['refused']} were refused")
    return result


class IdleConnections:
    """Keep-alive connections that have been used once each and stay open until the end of the `with`."""

    def __init__(self, site, address, count):
        self.request = request_bytes("GET", TARGET, [("x-api-key", site.token)])
        self.address, self.count, self.sockets = address, count, []

    def __enter__(self):
        try:
            for _ in range(self.count):
                self.sockets.append(self.connect())
        except BaseException:
            self.close()
            raise
        return self

    def connect(self):
        connection = socket.create_connection(self.address, timeout=20)
        connection.sendall(self.request)
        response = Reader(connection).response()
        if response.status != 200 or not response.whole:
            raise Problem(f"connection {len(self.sockets) + 1} was answered {response}")
        return connection

    def still_open(self):
        """How many of them the proxy has not closed."""
        return sum(1 for connection in self.sockets if is_open(connection))

    def close(self):
        for connection in self.sockets:
            connection.close()

    def __exit__(self, *_):
        self.close()


def is_open(connection):
    """Whether the peer has neither ended nor said anything."""
    connection.setblocking(False)
    try:
        connection.recv(1)
        return False
    except BlockingIOError:
        return True
    except OSError:
        return False
