"""Traces: what a collector and the vendor are told of a request, and that no collector can hold up a request or the gate."""

import json
import os
import pathlib
import re
import secrets
import socket
import subprocess
import threading
import time

from certificates import Authority
from harness import GateTest, main, wait_until
from otlp_receiver import OtlpReceiver
from raw_http import request_bytes

MODULES = os.environ.get("SLUICE_RECEIVERS", "")
JUDGE = pathlib.Path(__file__).with_name("receivers") / "otlp_judge.mjs"
PARENT = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-(0[01])")


def traceparent(flags="01"):
    trace_id, span_id = secrets.token_hex(16), secrets.token_hex(8)
    return trace_id, span_id, f"00-{trace_id}-{span_id}-{flags}"


class Tracing(GateTest):
    def collector(self, respond=None, **options):
        receiver = OtlpReceiver(respond, **options)
        self.doubles.append(receiver)
        return receiver

    def traced_gate(self, collector, api=None, **tracing):
        url = collector if isinstance(collector, str) else collector.url
        self.received = self.sink()
        return self.push_gate(api=api or {}, tracing={"otlp": url, **tracing}, log={"access": True}, sink=self.received)

    def get(self, gate, *headers, target="/push/v1/employees?limit=2", status=200):
        response = gate.ask("GET", target, [self.key(), *headers])
        self.assertEqual(response.status, status, response)
        return response

    def spans_of(self, gate, *outcomes):
        return sum(gate.metric("sluice_trace_spans_total", outcome=outcome) for outcome in outcomes)

    def trace(self, collector, trace_id):
        return wait_until("the trace", lambda: collector.traces().get(trace_id))

    # --- what is told

    def test_the_spans_of_a_request_that_waits_join_its_callers_trace(self):
        collector = self.collector()
        gate = self.traced_gate(collector, {"limit": {"rate": 3, "burst": 1}})
        self.get(gate)
        trace_id, parent, line = traceparent()
        response = self.get(gate, ("TraceParent", line), ("tracestate", "congo=t61rcWkgMzE"), ("Tracestate", "rojo=00f067aa0ba902b7"))
        waited = int(response.header("sluice-queued-ms"))
        self.assertGreater(waited, 20)
        trace = self.trace(collector, trace_id)
        self.assertEqual(sorted(trace), ["accept", "policy", "queue", "upstream", "whole"])
        whole = trace["whole"]
        self.assertEqual((whole.parent, whole.name), (parent, "GET push.employees.list"))
        self.assertEqual(whole.document["traceState"], "congo=t61rcWkgMzE,rojo=00f067aa0ba902b7")
        request_id = response.header("sluice-request-id")
        for name, value in {"http.request.method": "GET", "url.path": "/v1/employees", "http.response.status_code": 200, "url.scheme": "http",
                            "client.address": "127.0.0.1", "sluice.client": "admin", "sluice.operation": "push.employees.list",
                            "sluice.decision": "allow", "sluice.rules": ["admin-does-everything"], "sluice.queued_ms": waited,
                            "sluice.request_id": request_id}.items():
            self.assertEqual(whole.attributes.get(name), value, name)
        self.assertEqual(whole.resource["service.name"], "sluice")
        for name in ("accept", "policy", "queue", "upstream"):
            self.assertEqual(trace[name].parent, whole.id)
            self.assertLessEqual(whole.start, trace[name].start)
            self.assertLessEqual(trace[name].end, whole.end)
        self.assertLessEqual(abs(trace["queue"].seconds * 1000 - waited), 2)
        self.assertLessEqual(trace["queue"].end, trace["upstream"].end)
        sent = self.vendor.requests[-1]
        self.assertEqual(sent.all("traceparent"), [f"00-{trace_id}-{trace['upstream'].id}-01"])
        self.assertEqual(sent.all("tracestate"), ["congo=t61rcWkgMzE,rojo=00f067aa0ba902b7"])
        upstream = trace["upstream"].attributes
        self.assertEqual((upstream["server.address"], upstream["server.port"]), ("127.0.0.1", self.vendor.port))
        self.assertEqual(upstream["url.full"], f"{self.vendor.url}/v1/employees")
        self.assertEqual((upstream["http.response.status_code"], upstream["sluice.attempts"]), (200, 1))
        self.assertNotIn("limit=2", json.dumps([span.document for span in collector.spans()]))
        access = wait_until("the access line", lambda: gate.said("request", request_id=request_id))[0]
        self.assertEqual(access["trace_id"], trace_id)
        event = wait_until("the event", lambda: self.received.events("request.forwarded", request_id=request_id))[0]
        self.assertEqual(event["data"]["trace_id"], trace_id)

    def test_a_write_has_a_span_of_its_record_and_a_denied_one_none_beyond_the_policy(self):
        collector = self.collector()
        gate = self.traced_gate(collector)
        wrote, _, line = traceparent()
        response = gate.ask("POST", "/push/v1/employees/e1/groups", [self.key(), ("traceparent", line)], {"group": "a"})
        self.assertEqual(response.status, 200)
        trace = self.trace(collector, wrote)
        self.assertEqual(sorted(trace), ["accept", "policy", "queue", "record", "upstream", "whole"])
        self.assertLessEqual(trace["record"].end, trace["upstream"].start)
        denied, _, line = traceparent()
        response = gate.ask("POST", "/push/v1/employees/e1/groups", [self.key("siem"), ("traceparent", line)], {"group": "a"})
        self.assertEqual(response.status, 403)
        trace = self.trace(collector, denied)
        self.assertEqual(sorted(trace), ["accept", "policy", "whole"])
        self.assertNotIn("error.type", trace["whole"].attributes)
        self.assertEqual(trace["whole"].attributes["sluice.decision"], "deny")
        self.assertEqual(trace["whole"].status, {})
        refused, _, line = traceparent()
        self.assertEqual(gate.ask("GET", "/push/v1/employees", [("x-api-key", "nobody's"), ("traceparent", line)]).status, 401)
        self.assertEqual(sorted(self.trace(collector, refused)), ["whole"])

    def test_what_the_vendor_does_not_answer_is_an_error(self):
        collector = self.collector()
        gate = self.traced_gate(collector, {"timeouts": {"response": "200ms"}})
        self.vendor.script = lambda request, connection: time.sleep(1)
        trace_id, _, line = traceparent()
        self.get(gate, ("traceparent", line), status=504)
        trace = self.trace(collector, trace_id)
        for name in ("whole", "upstream"):
            self.assertEqual(trace[name].status["code"], 2)
            self.assertEqual(trace[name].attributes["error.type"], "upstream-timeout")

    def test_a_trace_begins_here_where_the_caller_has_none_that_can_be_read(self):
        collector = self.collector()
        gate = self.traced_gate(collector)
        good = traceparent()[2]
        for headers in ([], [("traceparent", good.upper())], [("traceparent", good + "0")], [("traceparent", good), ("traceparent", good)],
                        [("traceparent", f"00-{'0' * 32}-{'1' * 16}-01")], [("traceparent", "\xff" * 55)]):
            response = self.get(gate, *headers, ("tracestate", "congo=1"))
            sent = self.vendor.requests[-1]
            trace_id, span_id, flags = PARENT.fullmatch(sent.header("traceparent")).groups()
            self.assertEqual((len(sent.all("traceparent")), sent.all("tracestate"), flags), (1, [], "01"))
            self.assertEqual(trace_id, response.header("sluice-request-id").replace("-", ""))
            trace = self.trace(collector, trace_id)
            self.assertEqual(trace["upstream"].id, span_id)
            self.assertIsNone(trace["whole"].parent)

    def test_the_caller_decides_whether_its_trace_is_kept_and_sample_the_others(self):
        collector = self.collector()
        gate = self.traced_gate(collector, sample=0)
        kept, _, line = traceparent("01")
        self.get(gate, ("traceparent", line))
        unkept, _, line = traceparent("00")
        self.get(gate, ("traceparent", line))
        self.assertEqual(PARENT.fullmatch(self.vendor.requests[-1].header("traceparent")).groups()[::2], (unkept, "00"))
        self.get(gate)
        self.assertEqual(PARENT.fullmatch(self.vendor.requests[-1].header("traceparent")).group(3), "00")
        self.trace(collector, kept)
        self.assertEqual(gate.stop(), 0)
        self.assertEqual(list(collector.traces()), [kept])

    def test_identical_reads_share_one_call_though_their_traces_differ(self):
        collector = self.collector()
        gate = self.traced_gate(collector, {"limit": {"rate": 2, "burst": 1}, "coalesce": True})
        self.get(gate)
        ids, threads = [traceparent() for _ in range(3)], []
        for _, _, line in ids:
            threads.append(threading.Thread(target=self.get, args=(gate, ("traceparent", line))))
            threads[-1].start()
        for thread in threads:
            thread.join()
        self.assertEqual(len(self.vendor.requests), 2)
        traces = [self.trace(collector, trace_id) for trace_id, _, _ in ids]
        self.assertEqual(sum("upstream" in trace for trace in traces), 1)

    def test_tracing_begins_and_ends_with_a_reload(self):
        collector = self.collector()
        gate = self.push_gate()
        line = traceparent()[2]
        odd = [("traceparent", line), ("traceparent", "x"), ("tracestate", "A=, =")]
        self.get(gate, *odd)
        self.assertEqual([field for field in self.vendor.requests[-1].headers if field[0].startswith("trace")], odd)
        configuration = json.loads((self.folder / "sluice.yaml").read_text())
        self.write("sluice.yaml", {**configuration, "tracing": {"otlp": collector.url + "/tenant/a?b=c", "service_name": "eu"}})
        gate.reload()
        self.get(gate, *odd)
        wait_until("a trace", collector.traces)
        self.assertEqual(collector.exports[0][0], "/tenant/a?b=c")
        self.assertEqual(collector.spans()[0].resource["service.name"], "eu")
        self.get(gate, *odd)  # what has not been sent yet still goes
        self.write("sluice.yaml", configuration)
        gate.reload()
        wait_until("the last trace", lambda: len(collector.traces()) == 2)
        self.get(gate, *odd)
        self.assertEqual([field for field in self.vendor.requests[-1].headers if field[0].startswith("trace")], odd)
        self.assertEqual(gate.stop(), 0)
        self.assertEqual(len(collector.traces()), 2)

    def test_the_collector_is_verified_and_told_the_headers(self):
        authority = Authority(self.folder)
        collector = self.collector(tls=authority.issue("collector", "DNS:localhost"))
        self.secrets["COLLECTOR_TOKEN"] = "collector-" + secrets.token_hex(12)
        gate = self.traced_gate(collector, headers={"Authorization": {"env": "COLLECTOR_TOKEN"}}, tls={"ca": str(authority.certificate)})
        self.get(gate)
        wait_until("a trace", collector.traces)
        path, headers, _ = collector.exports[0]
        self.assertEqual((path, headers["content-type"], headers["authorization"]),
                         ("/v1/traces", "application/json", self.secrets["COLLECTOR_TOKEN"]))
        self.assertRegex(headers["user-agent"], "^sluice/")
        configuration = json.loads((self.folder / "sluice.yaml").read_text())
        del configuration["tracing"]["tls"]
        self.write("sluice.yaml", configuration)
        gate.reload()
        self.get(gate)
        line = wait_until("the collector not to be trusted", lambda: gate.said("the collector takes no spans"))[0]
        self.assertIn("tls handshake failed", line["reason"])
        self.assertEqual(len(collector.exports), 1)

    def test_what_has_not_been_sent_goes_at_the_end(self):
        collector = self.collector()
        gate = self.traced_gate(collector)
        self.get(gate)
        self.assertEqual(gate.stop(), 0)
        self.assertEqual(len(collector.traces()), 1)

    def test_opentelemetrys_own_definition_reads_every_field(self):
        self.assertTrue((pathlib.Path(MODULES) / "node_modules/@opentelemetry").is_dir(),
                        f"SLUICE_RECEIVERS={MODULES} has no @opentelemetry: run ./dev test once")
        collector = self.collector()
        gate = self.traced_gate(collector, {"timeouts": {"response": "200ms"}})
        self.get(gate, ("traceparent", traceparent()[2]), ("tracestate", "a=1"))
        gate.ask("POST", "/push/v1/employees/e1/groups", [self.key()], {"group": "a"})
        gate.ask("POST", "/push/v1/employees/e1/groups", [self.key("siem")], {"group": "a"})
        gate.ask("GET", "/push/v1/\xff\x80\xe2\x80\xa8", [self.key()])
        gate.ask("GET", "/nothing", [])
        self.vendor.script = lambda request, connection: time.sleep(1)
        self.get(gate, status=504)
        self.assertEqual(gate.stop(), 0)
        self.assertEqual(len(collector.traces()), 6)
        for _, _, body in collector.exports:
            done = subprocess.run(["node", str(JUDGE), MODULES], input=body, capture_output=True, check=True, timeout=60)
            verdict = json.loads(done.stdout)
            self.assertEqual(verdict, {"wrong": None, "spans": len(collector.spans_of(body))})

    # --- collectors in trouble

    def test_a_collector_that_comes_late_gets_what_waited(self):
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = probe.getsockname()[1]
        gate = self.traced_gate(f"http://127.0.0.1:{port}")
        self.get(gate)
        time.sleep(1.2)  # the first attempt
        collector = self.collector(port=port)
        wait_until("the trace", collector.traces)
        wait_until("it to be counted", lambda: self.spans_of(gate, "exported") == 5)
        self.assertEqual(self.spans_of(gate, "dropped", "failed"), 0)

    def test_503_is_asked_again_when_it_says_and_400_is_not(self):
        answers = {1: (503, {"Retry-After": "2"}, b"busy"), 2: (429, {}, b""), 4: (400, {}, b"{}")}
        times = []
        collector = self.collector(lambda number, _: times.append(time.monotonic()) or answers.get(number, (200, {}, b"{}")))
        gate = self.traced_gate(collector)
        self.get(gate)
        wait_until("the third attempt", lambda: len(collector.exports) == 3)
        self.assertGreaterEqual(times[1] - times[0], 1.9)
        self.assertEqual(len({body for _, _, body in collector.exports}), 1)
        wait_until("it to be counted", lambda: self.spans_of(gate, "exported") == 5)
        self.get(gate)
        wait_until("the refusal to be counted", lambda: self.spans_of(gate, "failed") == 5)
        wait_until("it to be said", lambda: len(gate.said("the collector takes no spans")) == 2)
        self.assertEqual([line["reason"] for line in gate.said("the collector takes no spans")], ["it answered 503", "it answered 400"])
        self.assertEqual(len(gate.said("the collector takes spans again")), 1)

    def test_spans_that_were_refused_are_counted_and_said_once(self):
        refusal = json.dumps({"partialSuccess": {"rejectedSpans": "2", "errorMessage": "too old\n"}}).encode()
        collector = self.collector(lambda number, _: (200, {}, refusal))
        gate = self.traced_gate(collector)
        for count in (1, 2):
            self.get(gate)
            wait_until("the refusal to be counted", lambda count=count: self.spans_of(gate, "failed") == 2 * count)
        self.assertEqual(self.spans_of(gate, "exported"), 6)
        self.assertEqual([line["reason"] for line in gate.said("the collector refused spans: further refusals are counted only")], ["too old\n"])

    def test_a_collector_that_never_answers_holds_up_nothing(self):
        asked = threading.Event()
        over = threading.Event()
        self.addCleanup(over.set)

        def hang(number, handler):
            asked.set()
            over.wait(120)
        collector = self.collector(hang)
        gate = self.traced_gate(collector)
        self.get(gate)
        self.assertTrue(asked.wait(20))
        with gate.connect() as connection:
            for _ in range(100):
                connection.send(request_bytes("GET", "/push/v1/employees", [self.key()]))
                self.assertEqual(connection.response().status, 200)
        before = gate.memory()
        with gate.connect() as connection:
            for number in range(899):
                connection.send(request_bytes("GET", "/push/v1/employees", [self.key()]))
                self.assertEqual(connection.response().status, 200, number)
        self.assertEqual(self.spans_of(gate, "dropped"), 5000 - 5 - 2045)
        self.assert_grown_less(gate, before, 16 * 1024 * 1024)
        self.assertEqual(gate.stop(seconds=5), 0)

    def test_answers_of_a_collector_that_is_none_cost_their_spans_only(self):
        def flood(number, handler):
            if number == 1:
                handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 104857600\r\n\r\n")
                for _ in range(1600):
                    handler.wfile.write(b"{" * 65536)
            elif number == 2:
                handler.wfile.write(b"\x00\xff" * 5000)
            elif number == 3:
                handler.wfile.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n")
            else:
                return 200, {}, b"<html>" if number == 4 else b"{}"
            handler.close_connection = True
        collector = self.collector(flood)
        gate = self.traced_gate(collector)
        self.get(gate)
        before = gate.memory()
        for failed in (5, 10, 15):
            wait_until("the answer to be given up", lambda failed=failed: self.spans_of(gate, "failed") == failed)
            self.get(gate)
        wait_until("the next to be taken", lambda: self.spans_of(gate, "exported") == 5)
        self.assertEqual(len(collector.exports), 4)
        self.assert_grown_less(gate, before, 16 * 1024 * 1024)


if __name__ == "__main__":
    main()
