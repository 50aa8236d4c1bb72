#!/usr/bin/env python3
"""A vendor that permits 10 requests a second from a bucket of 10 and says 429 to the rest: a strict token bucket, empty at the
start, that counts a request when the whole of it has arrived. Before that a random 1 to 30 ms pass, as on a network. On SIGTERM
it prints when it served and when it refused. usage: vendor.py PORT KEY"""

import asyncio
import json
import random
import signal
import sys
import time

RATE, DEPTH = 10, 10
JITTER = (0.001, 0.030)
BODY = b'{"employees":[]}'


class Vendor:
    def __init__(self, key):
        self.key = key.encode()
        self.level, self.at = 0.0, time.monotonic()
        self.served, self.refused = [], []

    def admits(self):
        now = time.monotonic()
        self.level = min(DEPTH, self.level + (now - self.at) * RATE)
        self.at = now
        if self.level < 1:
            self.refused.append(now)
            return False
        self.level -= 1
        self.served.append(now)
        return True

    async def serve(self, reader, writer):
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).split(b"\r\n")
                fields = dict(line.lower().split(b": ", 1) for line in head[1:] if b": " in line)
                await reader.readexactly(int(fields.get(b"content-length", 0)))
                await asyncio.sleep(random.uniform(*JITTER))
                if fields.get(b"x-api-key") != self.key:
                    status = b"403 Forbidden"
                else:
                    status = b"200 OK" if self.admits() else b"429 Too Many Requests"
                writer.write(b"HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" %
                             (status, len(BODY), BODY))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


async def main():
    vendor, ended = Vendor(sys.argv[2]), asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    await asyncio.start_server(vendor.serve, "127.0.0.1", int(sys.argv[1]), backlog=1024)
    await ended.wait()
    print(json.dumps({"served": vendor.served, "refused": vendor.refused}), flush=True)


if __name__ == "__main__":
    asyncio.run(main())
