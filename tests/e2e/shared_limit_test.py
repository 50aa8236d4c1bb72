"""Gates that share the vendor's limit through a real Redis: together they never exceed it, whatever happens to one of them or to
the store, and each says where it stands (interface sections 2, 5 and 7)."""

import json
import signal
import socket
import threading
import time
from collections import Counter

from certificates import Authority
from harness import GateTest, PATIENCE, main, wait_until
from pacing_test import Bucket
from redis_server import RedisServer
from scripted_upstream import answer, end_listening


class Vendor(Bucket):
    """Counts who sent what, too: the query names the gate."""

    def __init__(self, rate, burst):
        super().__init__(rate, burst)
        self.seen = []

    def script(self, request, connection):
        reply = super().script(request, connection)
        self.seen.append((time.monotonic(), request.target.partition("?")[2]))
        return reply

    def count(self, since, until=float("inf")):
        counts = {}
        for at, gate in list(self.seen):
            if since <= at < until:
                counts[gate] = counts.get(gate, 0) + 1
        return counts


class FalseServer:
    """Takes connections, and says one thing to each that speaks, or nothing."""

    def __init__(self, says):
        self.says, self.connections = says, []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"redis://127.0.0.1:{self.listener.getsockname()[1]}"
        self.accepting = threading.Thread(target=self.accept, daemon=True)
        self.accepting.start()

    def accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.connections.append(connection)
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        try:
            while connection.recv(65536):
                if self.says:
                    connection.sendall(self.says)
                    return connection.close()
        except OSError:
            pass

    def stop(self):
        end_listening(self.listener, self.accepting)
        for connection in self.connections:
            connection.close()


class Pieces(FalseServer):
    """Passes everything on to a store, its answers in pieces of seven octets."""

    def __init__(self, redis):
        self.redis = redis
        super().__init__(b"")

    def serve(self, connection):
        store = socket.create_connection(("127.0.0.1", self.redis.port))
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        threading.Thread(target=self.bring, args=(store, connection), daemon=True).start()
        try:
            while data := connection.recv(65536):
                store.sendall(data)
        except OSError:
            pass
        store.close()

    def bring(self, store, connection):
        try:
            while data := store.recv(65536):
                for at in range(0, len(data), 7):
                    connection.sendall(data[at:at + 7])
                    time.sleep(0.0002)
        except OSError:
            pass


class SharedLimit(GateTest):
    def setUp(self):
        super().setUp()
        self.loaded = []
        self.addCleanup(self.end_load)
        self.bucket = Vendor(10, 10)
        self.vendor = self.upstream(self.bucket.script)
        self.gates = 0

    def redis(self, **options):
        server = RedisServer(self.folder, **options)
        self.doubles.append(server)
        self.secrets["REDIS_PASSWORD"] = server.password
        return server

    def replica(self, url, replicas=3, ca=None, password=True, **api):
        """One more gate on the shared limit; its name is in `gate.label`."""
        store = {"redis": url, "replicas": replicas}
        if password:
            store["password"] = {"env": "REDIS_PASSWORD"}
        if ca:
            store["ca"] = str(ca)
        path = self.configuration({"push": self.push(self.vendor.url, limit={"rate": 10, "burst": 10}, **api)}, rate_limit_store=store)
        self.gates += 1
        config = json.loads(path.read_text())
        config["audit"]["spool"] = f"audit-{self.gates}.db"
        gate = self.serve(self.write(f"gate-{self.gates}.yaml", config))
        gate.label = f"gate-{self.gates}"
        return gate

    def load(self, gate, callers=6):
        """Keeps a gate busy until the test ends or the gate does; what callers were told is in `gate.statuses`
        and `gate.errors`."""
        gate.statuses, gate.errors, gate.busy = [], [], True

        def call():
            while gate.busy:
                try:
                    gate.statuses.append(gate.ask("GET", f"/push/v1/employees?{gate.label}", [self.key()]).status)
                except Exception as error:
                    gate.errors.append(repr(error))
                    time.sleep(0.1)
        threads = [threading.Thread(target=call, daemon=True) for _ in range(callers)]
        self.loaded.append((gate, threads))
        for thread in threads:
            thread.start()

    def end_load(self):
        for gate, _ in self.loaded:
            gate.busy = False
        for _, threads in self.loaded:
            for thread in threads:
                thread.join(20)

    def part(self, gate):
        status, text = gate.get_admin("/readyz")
        return status, json.dumps(json.loads(text))

    def stories(self, gates):
        """What each gate told its callers, what reached the vendor of it, and how it sees the shared limit."""
        sent = self.bucket.count(0)
        return "\n".join(f"{gate.label}: sent {sent.get(gate.label, 0)}, answered {Counter(gate.statuses)}, callers' errors {Counter(gate.errors)}, "
                         f"{json.loads(gate.get_admin('/status')[1])['rate_limit_store']}, queued {gate.metric('sluice_queue_depth', client='tester')}"
                         for gate in gates)

    def wait_ready(self, gate):
        wait_until(f"{gate.label} to be ready", lambda: gate.get_admin("/readyz")[0] == 200)

    def assert_unusable(self, gate, why):
        """Nothing was ever reached: nothing is sent, and everything says so."""
        wait_until(f"readiness to say {why!r}", lambda: why in self.part(gate)[1])
        self.assertEqual(self.part(gate)[0], 503)
        self.assertIn("nothing is sent to push", self.part(gate)[1])
        self.assertEqual(gate.metric("sluice_rate_limit_store_up"), 0)
        self.assertEqual(json.loads(gate.get_admin("/status")[1])["rate_limit_store"]["apis"][0]["standing"], "never-reached")
        response = gate.ask("GET", "/push/v1/employees?x", [self.key()])
        self.assert_problem(response, 503, "rate-limit-unavailable")
        self.assertRegex(response.header("retry-after"), r"^[1-9]\d*$")
        time.sleep(1.5)
        said = [line for line in gate.said("the rate limit store is out of use") if why in line["why"]]
        self.assertEqual(len(said), 1, gate.text())
        self.assertEqual(self.bucket.seen, [])
        self.assertNotIn(self.secrets["REDIS_PASSWORD"], gate.text())

    # --- together

    def test_three_gates_share_the_limit_through_everything(self):
        authority = Authority(self.folder)
        redis = self.redis(tls=(authority.certificate, *authority.issue("localhost", "DNS:localhost")))
        gates = [self.replica(redis.url, ca=authority.certificate) for _ in range(3)]
        for gate in gates:
            self.wait_ready(gate)
            self.load(gate)
        time.sleep(2)
        since = time.monotonic()
        time.sleep(10)
        counts = self.bucket.count(since)
        print("shares in 10 s:", counts)
        self.assertGreaterEqual(sum(counts.values()), 85, self.stories(gates))
        for gate in gates:
            self.assertAlmostEqual(counts.get(gate.label, 0), sum(counts.values()) / 3, delta=6, msg=self.stories(gates))

        gates[2].stop(signal.SIGKILL)
        gates[2].busy = False
        since = time.monotonic() + 2
        time.sleep(6)
        print("after kill -9, in 4 s:", self.bucket.count(since))
        self.assertLessEqual(sum(self.bucket.count(since).values()), 31)  # two thirds, and what the bucket made up for
        gates[2] = self.replica(redis.url, ca=authority.certificate)
        self.wait_ready(gates[2])
        self.load(gates[2])

        redis.stop()
        wait_until("all to go on alone", lambda: all("goes on alone with 1/3" in self.part(gate)[1] for gate in gates))
        for gate in gates:
            self.assertEqual(self.part(gate)[0], 200)
            self.assertEqual(gate.metric("sluice_rate_limit_store_up"), 0)
        since = time.monotonic()
        time.sleep(6)
        counts = self.bucket.count(since)
        print("alone, in 6 s:", counts)
        for gate in gates:
            self.assertAlmostEqual(counts[gate.label], 20, delta=3)
        redis.start()  # with nothing in it
        wait_until("all to share again", lambda: all(gate.metric("sluice_rate_limit_store_up") == 1 for gate in gates))
        time.sleep(3)
        redis.run("FLUSHALL")
        time.sleep(2)
        since = time.monotonic()
        time.sleep(5)
        counts = self.bucket.count(since)
        print("shared again, in 5 s:", counts)
        self.assertGreaterEqual(sum(counts.values()), 40)
        self.assertEqual(self.bucket.exceeded, 0)
        self.assertEqual(set(gates[0].statuses) - {200}, set())

    def test_a_gate_that_leaves_makes_room_at_once(self):
        redis = self.redis()
        first = self.replica(redis.url, replicas=1)
        self.wait_ready(first)
        second = self.replica(redis.url, replicas=1)
        wait_until("the second to say that there is no seat", lambda: "1 other processes share its limit" in self.part(second)[1])
        self.assertEqual(self.part(second)[0], 503)
        self.assert_problem(second.ask("GET", "/push/v1/employees?x", [self.key()]), 503, "rate-limit-unavailable")
        wait_until("the log to say so", lambda: second.said("more processes share the limit than `replicas` says: nothing is sent"))
        self.assertEqual(self.bucket.seen, [])
        first.stop()
        started = time.monotonic()
        self.wait_ready(second)
        self.assertLess(time.monotonic() - started, 2 * PATIENCE)
        self.assert_vendors(second.ask("GET", "/push/v1/employees?x", [self.key()]))

    def test_a_gate_that_ends_leaves_its_seat(self):
        redis = self.redis()
        gate = self.replica(redis.url)
        self.wait_ready(gate)
        self.assert_vendors(gate.ask("GET", "/push/v1/employees?x", [self.key()]))
        self.assertNotEqual(redis.run("HGET", "sluice:{push}:limit", "t0"), "L")
        gate.stop()
        self.assertEqual(redis.run("HGET", "sluice:{push}:limit", "t0"), "L")
        self.assertEqual(redis.run("HGET", "sluice:{push}:limit", "o0"), "")

    def test_answers_may_come_in_pieces(self):
        pieces = Pieces(self.redis())
        self.doubles.append(pieces)
        gate = self.replica(pieces.url, replicas=1)
        self.wait_ready(gate)
        for _ in range(10):
            self.assert_vendors(gate.ask("GET", "/push/v1/employees?x", [self.key()]))
        self.assertEqual(gate.said("the rate limit store is out of use"), [])
        self.assertEqual(len(pieces.connections), 1)

    # --- a store that is none

    def test_a_wrong_password_is_named_and_nothing_is_sent(self):
        redis = self.redis()
        self.secrets["REDIS_PASSWORD"] = "wrong-" + redis.password
        self.assert_unusable(self.replica(redis.url), "it refuses the password")

    def test_a_missing_password_is_named(self):
        self.assert_unusable(self.replica(self.redis().url, password=False), "it asks for a password")

    def test_a_server_that_speaks_http_is_named(self):
        self.secrets["REDIS_PASSWORD"] = "unused-password"
        server = FalseServer(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")
        self.doubles.append(server)
        self.assert_unusable(self.replica(server.url), "it does not speak the Redis protocol")

    def test_a_server_that_says_nothing_is_named(self):
        self.secrets["REDIS_PASSWORD"] = "unused-password"
        server = FalseServer(b"")
        self.doubles.append(server)
        self.assert_unusable(self.replica(server.url), "it does not answer in time")

    def test_an_answer_that_makes_no_sense_is_named(self):
        self.secrets["REDIS_PASSWORD"] = "unused-password"
        server = FalseServer(b"*2147483647\r\n")
        self.doubles.append(server)
        self.assert_unusable(self.replica(server.url), "it does not speak the Redis protocol")

    def test_a_password_that_the_server_quotes_is_not_in_the_log(self):
        self.secrets["REDIS_PASSWORD"] = "quoted-password"
        server = FalseServer(b"-ERR unknown command 'AUTH', with args beginning with: 'quoted-password'\r\n")
        self.doubles.append(server)
        self.assert_unusable(self.replica(server.url), "it refuses the password with ERR")

    def test_a_read_only_replica_is_named(self):
        master = self.redis()
        copy = self.redis(replica_of=master, password=master.password)
        self.assert_unusable(self.replica(copy.url), "it is a read-only replica")

    def test_a_gate_becomes_ready_when_the_store_is_there(self):
        redis = self.redis()
        redis.stop()
        gate = self.replica(redis.url)
        wait_until("readiness to name the store", lambda: "cannot connect" in self.part(gate)[1])
        self.assertEqual(self.part(gate)[0], 503)
        redis.start()
        self.wait_ready(gate)
        self.assert_vendors(gate.ask("GET", "/push/v1/employees?x", [self.key()]))
        self.assertEqual(gate.metric("sluice_rate_limit_store_up"), 1)


if __name__ == "__main__":
    main()
