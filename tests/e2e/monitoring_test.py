#!/usr/bin/env python3
"""The alerts and the dashboard of config/monitoring, judged by promtool and by a real Prometheus that scrapes a real gate: every name
and label that they use is one that the gate exports."""

import http.client
import json
import re
import socket
import subprocess
import time
import unittest
import urllib.parse

import harness
from harness import SOURCE, wait_until
from observed_gate import HISTOGRAM, Observed, families_of, promtool

MONITORING = SOURCE / "config" / "monitoring"
# What a scrape adds by itself.
SCRAPED = {"up": {"instance", "job"}}
ADDED = {"instance", "job"}


class Rules(unittest.TestCase):
    def test_promtool_takes_the_rules(self):
        status, text = promtool("check", "rules", "--lint=all", "--lint-fatal", MONITORING / "alerts.yaml")
        self.assertEqual(status, 0, text)

    def test_each_alert_fires_on_a_series_made_up_for_it_and_is_silent_on_another(self):
        status, text = promtool("test", "rules", MONITORING / "alerts.test.yaml")
        self.assertEqual(status, 0, text)
        tests = re.findall(r"^  - name: (\w+) (fires|is silent)$", (MONITORING / "alerts.test.yaml").read_text(), re.M)
        self.assertEqual(sorted(tests), sorted((name, how) for name in alerts() for how in ("fires", "is silent")))

    def test_each_alert_says_how_bad_it_is_what_it_is_and_what_to_do(self):
        for name, rule in alerts().items():
            with self.subTest(alert=name):
                self.assertIn(rule["labels"]["severity"], ("critical", "warning", "info"))
                self.assertGreater(len(rule["annotations"]["summary"]), 10)
                self.assertGreater(len(rule["annotations"]["description"]), 60)


def alerts():
    """By Debian's own python3-yaml, in another process: the rules by name."""
    script = "import json, sys, yaml; print(json.dumps(yaml.safe_load(open(sys.argv[1]))))"
    done = subprocess.run(["/usr/bin/python3", "-c", script, str(MONITORING / "alerts.yaml")], capture_output=True, text=True, check=True)
    return {rule["alert"]: rule for group in json.loads(done.stdout)["groups"] for rule in group["rules"]}


def dashboard():
    return json.loads((MONITORING / "grafana.json").read_text())


def expressions():
    """(where, PromQL) of the alerts and of the dashboard, whose variables are replaced as Grafana would."""
    for name, rule in alerts().items():
        yield f"alert {name}", rule["expr"]
    document = dashboard()
    queries = [(f"panel {panel['title']}", target["expr"]) for panel in document["panels"] for target in panel.get("targets", [])]
    queries += [("annotation", annotation["expr"]) for annotation in document["annotations"]["list"]]
    for place, expression in queries:
        for variable, value in (("$instance", ".*"), ("$api", ".*"), ("$client", ".*"), ("$__rate_interval", "1m")):
            expression = expression.replace(variable, value)
        yield place, expression


def names_and_labels(expression):
    """Each metric of a PromQL expression with the labels that are asked of it, and the labels it is grouped by. What stands in
    quotes is no name; Prometheus has parsed the expression before."""
    bare = re.sub(r'"(?:[^"\\]|\\.)*"', '""', expression)
    metrics = [(found.group(1), set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", found.group(2) or "")))
               for found in re.finditer(r"\b((?:sluice|process)_\w+|up)\b(?!\s*\()(?:\{([^}]*)\})?", bare)]
    grouped = set()
    for found in re.finditer(r"\b(?:by|on|ignoring|group_left|group_right)\s*\(([^)]*)\)", bare):
        grouped |= set(found.group(1).replace(",", " ").split())
    return metrics, grouped


class Dashboard(unittest.TestCase):
    def test_its_panels_stand_beside_each_other_and_are_explained(self):
        taken, panels = {}, dashboard()["panels"]
        self.assertEqual(len({panel["id"] for panel in panels}), len(panels))
        for panel in panels:
            place = panel["gridPos"]
            self.assertLessEqual(place["x"] + place["w"], 24, panel["title"])
            for cell in ((x, y) for x in range(place["x"], place["x"] + place["w"]) for y in range(place["y"], place["y"] + place["h"])):
                self.assertNotIn(cell, taken, f"{panel['title']} stands on {taken.get(cell)}")
                taken[cell] = panel["title"]
            if panel["type"] != "row":
                self.assertTrue(panel["description"].endswith("."), panel["title"])
                self.assertEqual({target["datasource"]["uid"] for target in panel["targets"]}, {"${datasource}"}, panel["title"])

    def test_it_has_a_row_for_each_question(self):
        rows = [panel["title"] for panel in dashboard()["panels"] if panel["type"] == "row"]
        self.assertEqual(rows, ["Limits", "Decisions", "Latency", "Audit", "Health"])


class Prometheus:
    """A real one, on loopback, that scrapes a gate each half second."""

    def __init__(self, test, gate):
        with socket.socket() as chosen:
            chosen.bind(("127.0.0.1", 0))
            self.port = chosen.getsockname()[1]
        test.write("rules.yaml", (MONITORING / "alerts.yaml").read_text())
        test.write("prometheus.yaml", {
            "global": {"scrape_interval": "500ms", "scrape_timeout": "500ms", "evaluation_interval": "1s"}, "rule_files": ["rules.yaml"],
            "scrape_configs": [{"job_name": "sluice", "static_configs": [{"targets": ["%s:%d" % gate.admin]}]}]})
        self.process = subprocess.Popen(
            ["prometheus", f"--config.file={test.folder}/prometheus.yaml", f"--storage.tsdb.path={test.folder}/tsdb",
             f"--web.listen-address=127.0.0.1:{self.port}", "--log.level=error"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        test.addCleanup(self.stop)
        wait_until("prometheus to be ready", lambda: self.get("/-/ready")[0] == 200, 60)

    def stop(self):
        self.process.terminate()
        self.process.wait(20)

    def get(self, path):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        except OSError:
            return 0, ""
        finally:
            connection.close()

    def query_range(self, expression):
        """Over the last minute."""
        now = time.time()
        return self.query(expression, "query_range", start=now - 60, end=now, step=0.5)

    def query(self, expression, how="query", **options):
        status, text = self.get(f"/api/v1/{how}?" + urllib.parse.urlencode({"query": expression, **options}))
        document = json.loads(text)
        if status != 200 or document["status"] != "success":
            raise AssertionError(f"{expression}: {text}")
        return document["data"]["result"]


class Expressions(Observed):
    def test_every_one_is_understood_and_asks_for_what_the_gate_exports(self):
        gate = self.observed_gate()
        self.use(gate)
        prometheus = Prometheus(self, gate)
        wait_until("the scrapes", lambda: prometheus.query("count_over_time(sluice_build_info[1m]) > 3"))
        families = families_of(gate.get_admin("/metrics")[1])
        known = {name: labels | ADDED for name, (_, labels) in families.items()} | SCRAPED
        for name, (kind, labels) in families.items():
            if kind == "histogram":
                known.update({name + end: labels | ADDED for end in HISTOGRAM})
        wrong = []
        for place, expression in expressions():
            prometheus.query(expression)
            metrics, grouped = names_and_labels(expression)
            if not metrics:
                wrong.append(f"{place}: no metric in {expression}")
            everything = set()
            for name, labels in metrics:
                everything |= known.get(name, set())
                if name not in known:
                    wrong.append(f"{place}: {name} is not exported")
                elif not labels <= known[name]:
                    wrong.append(f"{place}: {name} has no {labels - known[name]}")
            if not grouped <= everything:
                wrong.append(f"{place}: no {grouped - everything}")
        self.assertEqual(wrong, [])
        self.assert_rules(prometheus)

    def assert_rules(self, prometheus):
        """The rules run in a real Prometheus, and none of them fires at a gate that is well."""
        rules = json.loads(prometheus.get("/api/v1/rules")[1])["data"]["groups"][0]["rules"]
        self.assertEqual({rule["name"] for rule in rules}, set(alerts()))
        wait_until("the rules to run", lambda: all(
            rule["health"] == "ok" for rule in json.loads(prometheus.get("/api/v1/rules")[1])["data"]["groups"][0]["rules"]))
        pending = [alert["labels"]["alertname"] for alert in json.loads(prometheus.get("/api/v1/alerts")[1])["data"]["alerts"]]
        self.assertEqual(pending, [])

    def test_each_panel_of_a_gate_in_use_shows_something(self):
        gate = self.observed_gate()
        prometheus = Prometheus(self, gate)
        def scrapes():
            return sum(float(series["value"][1]) for series in prometheus.query("count_over_time(sluice_build_info[1m])"))
        wait_until("a scrape before any request", scrapes)
        for _ in range(2):
            self.use(gate)
            before = scrapes()
            # The first one may have begun before the last request.
            wait_until("two scrapes between requests", lambda least=before: scrapes() >= least + 2)
        empty = {}
        for place, expression in expressions():
            if place.startswith("panel"):
                empty.setdefault(place, []).append(not prometheus.query_range(expression))
        self.assertEqual([place for place, none in empty.items() if all(none)], [])

    def test_variables_of_the_dashboard_are_labels_of_the_gate(self):
        families = families_of(self.observed_gate().get_admin("/metrics")[1])
        for variable in dashboard()["templating"]["list"]:
            if variable["type"] == "query":
                name, label = re.fullmatch(r"label_values\((\w+), (\w+)\)", variable["definition"]).groups()
                self.assertIn(label, families[name][1] | ADDED)


if __name__ == "__main__":
    harness.main()
