"""The dashboard in a real browser, served by the real gate: what it shows, how soon, to whom, and what it bears.

SLUICE_DASHBOARD is the folder with the node_modules of tests/e2e/dashboard; ./dev test installs them there. SLUICE_SCREENSHOTS names
a folder in which the pictures of the pages are kept.
"""

import json
import os
import pathlib
import queue
import socket
import subprocess
import tempfile
import threading
import time
import urllib.parse

from harness import GateTest, PATIENCE, SOURCE, main, wait_until

MODULES = os.environ.get("SLUICE_DASHBOARD", "")
PHONE = {"width": 390, "height": 844}
MARKUP = "<img src=x onerror=\"window.__pwned=1\"><script>window.__pwned=1</script>"
HOSTILE = 8  # answers in made_up.mjs that are no status
LATENCY = """(() => {
  window.__seen = {};
  new MutationObserver((changes) => {
    for (const change of changes) for (const node of change.addedNodes) if (node.dataset?.requestId) window.__seen[node.dataset.requestId] = Date.now();
  }).observe(document.getElementById("denial-rows"), { childList: true });
})()"""
# Nothing that came from the gate became an element, or ran.
UNTOUCHED = """(() => ({ pwned: window.__pwned, images: document.querySelectorAll("img:not(.brand img)").length,
  scripts: document.querySelectorAll("script").length, handlers: document.querySelectorAll("[onerror],[onload],[onclick]").length }))()"""
LIVE = "document.body.dataset.link === 'live' && document.querySelectorAll('#api-cards .api').length > 0"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Browser:
    """browser.mjs, asked a command at a time."""

    def __init__(self):
        self.process = subprocess.Popen(["node", SOURCE / "tests/e2e/dashboard/browser.mjs", MODULES], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.answers, self.errors = queue.Queue(), []
        for work in (self.collect, lambda: self.errors.extend(self.process.stderr)):
            threading.Thread(target=work, daemon=True).start()

    def collect(self):
        for line in self.process.stdout:
            self.answers.put(json.loads(line))
        self.answers.put({"error": "the browser has ended"})

    def __getattr__(self, name):
        return lambda *given: self.ask(name, *given)

    def ask(self, name, *given):
        self.process.stdin.write(json.dumps([name, *given]) + "\n")
        self.process.stdin.flush()
        try:
            answer = self.answers.get(timeout=120 * PATIENCE)
        except queue.Empty:
            answer = {"error": f"{name}: no answer"}
        if "error" in answer:
            raise AssertionError(answer["error"] + "\n" + "".join(self.errors[-20:]))
        return answer["ok"]

    def wait(self, expression, seconds=20):
        return self.ask("wait", expression, int(seconds * PATIENCE * 1000))

    def stop(self):
        self.process.stdin.close()
        try:
            self.process.wait(20 * PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()


class Dashboard(GateTest):
    @classmethod
    def setUpClass(cls):
        if not (pathlib.Path(MODULES) / "node_modules" / "playwright-core").is_dir():
            raise AssertionError(f"SLUICE_DASHBOARD={MODULES} has no node_modules: run ./dev test once")
        cls.browser = Browser()
        kept = os.environ.get("SLUICE_SCREENSHOTS")
        cls.pictures = pathlib.Path(kept or tempfile.mkdtemp(prefix="sluice-screenshots-"))
        cls.pictures.mkdir(parents=True, exist_ok=True)
        print(f"screenshots: {cls.pictures}", flush=True)

    @classmethod
    def tearDownClass(cls):
        cls.browser.stop()

    def start_gate(self, **sections):
        """A gate in front of Push whose policy refuses merges with a reason that is markup."""
        vendor = self.simulate("push", "--key", self.secrets["PUSH_FULL_KEY"], "--read-key", self.secrets["PUSH_READ_KEY"])
        policy = {"version": 1, "rules": [
            {"id": "everything", "effect": "allow", "when": {"client": ["admin", "soar"], "operation": "*.*"}},
            {"id": "no-merges", "effect": "deny", "when": {"operation": "push.employees.merge"}, "reason": MARKUP},
            {"id": "on-trial", "effect": "deny", "mode": "shadow", "when": {"client": "soar"}},
        ]}
        self.file = self.configuration({"push": self.push(f"http://127.0.0.1:{vendor.port}", limit={"rate": 10, "burst": 10})}, policy, **sections)
        self.running = self.serve(self.file)
        self.url = "http://%s:%d/" % self.running.admin
        return self.running

    def open(self, **options):
        self.browser.open(self.url, options)

    def live(self, **options):
        self.open(**options)
        self.browser.wait(LIVE)

    def deny(self, client="soar", target="/push/v1/employees/e1/merge"):
        """A request that the policy denies; returns its id and when it was sent."""
        sent = time.time()
        answer = self.running.ask("POST", target, [self.key(client)], {"secondaryEmployeeIds": ["e2"]})
        self.assertEqual(answer.status, 403, answer)
        return answer.header("sluice-request-id"), sent

    def shown(self, request_id):
        return self.browser.wait(f"document.querySelector('#denial-rows [data-request-id=\"{request_id}\"]')?.textContent")

    def text(self, selector):
        return self.browser.evaluate(f"document.querySelector({json.dumps(selector)})?.textContent ?? null")

    def assert_quiet(self, outside_of_origin=()):
        """No error, no warning, no dialog, no breach of the policy of content, and no request to anywhere else."""
        said = self.browser.said()
        self.assertEqual((said["console"], said["errors"], said["dialogs"]), ([], [], 0))
        self.assertEqual(self.browser.evaluate("window.__violations"), [])
        self.assertEqual([url for url in said["requests"] if not url.startswith(self.url)], list(outside_of_origin))

    def assert_no_sideways_scroll(self):
        wide = self.browser.evaluate("""[...document.querySelectorAll("body *")].filter((node) => node.getBoundingClientRect().right > innerWidth + 1 && node.checkVisibility()
          && !node.closest(".scroll, .sideways, .unseen, .headline, svg")).map((node) => node.tagName + "." + node.className).slice(0, 5)""")
        self.assertEqual((self.browser.evaluate("document.documentElement.scrollWidth"), wide), (self.browser.evaluate("innerWidth"), []))

    # --- how it looks, and to whom it speaks

    def test_is_whole_in_light_in_dark_and_on_a_phone(self):
        gate = self.start_gate()
        for _ in range(5):
            self.assertEqual(gate.ask("GET", "/push/v1/employees", [self.key("soar")]).status, 200)
        denied, _ = self.deny()
        for name, options in (("light", {}), ("dark", {"scheme": "dark"}), ("phone", PHONE), ("phone-dark", {**PHONE, "scheme": "dark", "motion": "reduce"})):
            with self.subTest(name):
                self.live(**options)
                self.shown(denied)
                self.browser.wait("document.querySelector('#history-lines .row') !== null", 30)
                self.browser.evaluate("document.getElementById('history-details').open = true")
                self.browser.wait("document.querySelector('#history-table-rows tr') !== null")
                self.assertEqual(self.browser.axe(), [])
                self.assert_no_sideways_scroll()
                self.browser.screenshot(str(self.pictures / f"{name}.png"))
                self.assert_quiet()

    def test_is_whole_in_trouble_of_every_kind(self):
        self.start_gate()
        now = int(time.time() * 1000)
        status = self.browser.madeUp("status", now)
        status["latest_denials"] = [self.browser.madeUp("denial", number, now - number * 1000) for number in range(20)]
        status["apis"][0].update(wait_seconds=None, waiting=27, busiest=MARKUP)
        status["apis"][1].update(wait_seconds=2.5, waiting=3)
        status["parts"][3] = {"name": "audit", "ready": False, "detail": "the disk is full"}
        status["ready"] = False
        status["audit"].update(usable=False, trouble="the disk is full")
        for name, options in (("trouble-light", {}), ("trouble-dark", {"scheme": "dark"}), ("trouble-phone", PHONE)):
            with self.subTest(name):
                self.open(**options, routes={"events": "none", "status": status, "history": "day"})
                self.browser.wait("document.querySelectorAll('#denial-rows tr').length === 20")
                self.browser.wait("document.querySelectorAll('#history-lines .row').length === 8")
                self.assertEqual((self.text("#state .chip"), self.text("#state-why")), ("Not ready", "audit: the disk is full"))
                self.assertEqual(self.text("#api-cards .chip"), "nothing is sent")
                self.assertEqual(self.text("#answer-audit .chip"), "Cannot be written")
                self.assertEqual(self.browser.axe(), [])
                self.assert_no_sideways_scroll()
                self.browser.screenshot(str(self.pictures / f"{name}.png"))
                self.assertEqual(self.browser.said()["errors"], [])

    def test_shows_the_figures_of_the_gate(self):
        gate = self.start_gate()
        self.live()
        self.assertEqual(self.text("#state .chip"), "Ready")
        self.assertEqual(self.text("#api-cards h3"), "push")
        self.assertIn("no webhook is configured", self.text("#answer-audit-detail"))
        self.assertIn("No webhook is configured", self.text("#webhook-empty"))
        for _ in range(12):
            gate.ask("GET", "/push/v1/employees", [self.key("soar")])
        self.browser.wait("document.querySelector('#api-cards .clients .name')?.textContent === 'soar'")
        self.browser.wait("parseInt(document.querySelector('#api-cards .big').textContent) > 0")
        self.browser.wait("document.querySelector('#trial-rows')?.textContent.includes('on-trial')")
        status = json.loads(gate.get_admin("/status")[1])
        self.assertIn(status["policy"]["sha256"], self.browser.evaluate("document.querySelector('#policy-facts button').title"))
        self.assertEqual(self.browser.evaluate("document.querySelectorAll('#part-rows li').length"), len(status["parts"]))
        self.assertEqual(self.browser.evaluate("document.querySelectorAll('#key-rows tr').length"), 2)
        self.browser.wait("document.querySelector('[data-kind=allow] dd').textContent.includes('12 since the start')")
        self.assert_quiet()

    def test_answers_the_three_questions_in_short(self):
        self.start_gate()
        now = int(time.time() * 1000)
        status = self.browser.madeUp("status", now)
        status["apis"] = status["apis"][:1]
        status["apis"][0].update(wait_seconds=0.1, waiting=25, oldest_seconds=3.7, busiest="siem")
        status["apis"][0]["limit"].update(in_use=1, held_seconds=0)
        denial = {**self.browser.madeUp("denial", 1, now), "type": "denied", "client": "soar", "rules": ["merge-cap"]}
        status["latest_denials"] = [{**denial, "id": number, "request_id": f"r{number}", "client": "soar" if number else "siem"} for number in range(4)]
        status["audit"]["webhooks"] = [
            {"name": "siem", "backlog": 1, "lag_seconds": 0.1, "last_error": ""},
            {"name": "channel", "backlog": 213, "lag_seconds": 18, "last_error": "connection refused"}]
        self.open(routes={"events": "none", "status": status, "history": "day"})
        self.browser.wait("document.querySelectorAll('#denial-rows tr').length === 4")
        self.assertEqual(self.text("#answer-limit"), "push 100 %, mostly siem")
        self.assertEqual(self.text("#answer-limit-detail"), "25 requests wait, up to 3.7 s")
        self.browser.wait("document.querySelector('#answer-refused-detail').textContent.endsWith('; most often soar: merge-cap')")
        self.assertEqual(self.text("#answer-audit"), "18 s behind")
        self.assertEqual(self.text("#answer-audit-detail"), "channel: 213 events wait; connection refused")

    def test_shows_a_rejected_change_and_where_it_is_wrong(self):
        gate = self.start_gate()
        self.live()
        self.write("policy.yaml", {"version": 1, "rules": [{"id": "wrong", "effect": "allow", "when": {"client": "nobody"}}]})
        gate.reload(422)
        self.browser.wait("document.querySelector('#finding-rows')?.textContent.includes('policy.yaml:')")
        self.browser.wait("document.querySelector('#state .chip').textContent === 'Ready, with trouble'")
        self.assertRegex(self.text("#policy-facts"), r"rejected, \d\d:\d\d:\d\d: ")
        self.assert_quiet()

    # --- how soon

    def test_a_denial_appears_within_a_second_of_its_request(self):
        self.start_gate()
        self.live()
        self.browser.evaluate(LATENCY)
        late = []
        for _ in range(5):
            request_id, sent = self.deny()
            seen = self.browser.wait(f"window.__seen[{json.dumps(request_id)}]")
            late.append(seen - sent * 1000)
        print(f"a denial appeared after {', '.join(f'{milliseconds:.0f}' for milliseconds in late)} ms", flush=True)
        self.assertLess(max(late), 10_000 * PATIENCE)

    def test_draws_a_day_at_once_and_no_finer_than_it_can_be_seen(self):
        self.start_gate()
        self.live(routes={"history": "day"})
        drawn = self.browser.wait("""(() => { const [entry] = performance.getEntriesByName("history-draw"); const [frame] = performance.getEntriesByName("history-frame");
          return frame?.detail.samples === 8640 && { draw: entry.duration, frame: frame.duration, ...entry.detail }; })()""")
        print(f"24 h in {drawn['rows']} lines of {drawn['samples']}: drawn in {drawn['draw']:.1f} ms, on the screen after {drawn['frame']:.1f} ms, {drawn['points']} points", flush=True)
        self.assertEqual(drawn["rows"], 8)
        self.assertLess(drawn["draw"], 500 * PATIENCE)
        self.assertLessEqual(drawn["points"], 2 * drawn["width"] * drawn["rows"])
        self.assertEqual(self.browser.evaluate("performance.getEntriesByType('measure').length"), 2)
        longest = self.browser.evaluate("Math.max(...[...document.querySelectorAll('#history-lines .line')].map((line) => line.getAttribute('d').split(/[ML]/).length - 1))")
        self.assertLessEqual(longest, 2 * drawn["width"])
        self.assert_quiet()

    def test_a_page_that_stays_open_asks_for_what_is_new_of_the_day(self):
        self.start_gate()
        self.live()
        self.browser.wait("document.querySelector('#history-lines .row') !== null", 30)
        before = self.text("#history-span")
        self.browser.wait(f"document.getElementById('history-span').textContent !== {json.dumps(before)}", 40)
        paths = [url[len(self.url):] for url in self.browser.said()["requests"] if url.startswith(self.url + "history?")]
        self.assertTrue(paths and all(path.startswith("history?since=") for path in paths), paths)
        self.assert_quiet()

    def test_a_value_of_the_day_is_read_by_pointer_and_by_keyboard(self):
        self.start_gate()
        self.live(routes={"history": "day"})
        self.browser.wait("document.querySelector('#history-lines .row') !== null")
        read = "document.getElementById('history-time').textContent"
        self.assertEqual(self.browser.evaluate(read), "now")
        self.browser.hover("#history-surface", 200, 20)
        self.assertRegex(self.browser.evaluate(read), r"\d\d:\d\d:\d\d")
        self.browser.evaluate("document.getElementById('history-surface').focus()")
        self.browser.press("Home")
        self.assertEqual(self.browser.evaluate("document.getElementById('history-surface').getAttribute('aria-valuenow')"), "0")
        self.browser.press("PageUp")
        self.assertEqual(self.browser.evaluate("document.getElementById('history-surface').getAttribute('aria-valuenow')"), "360")
        self.assertRegex(self.browser.evaluate("document.getElementById('history-surface').getAttribute('aria-valuetext')"), r"\d\d:\d\d:\d\d: push: in use \d+ %")
        self.browser.press("Escape")
        self.assertEqual(self.browser.evaluate(read), "now")

    # --- what it bears

    def test_what_callers_send_and_what_rules_say_stays_text(self):
        gate = self.start_gate()
        self.live()
        before = self.browser.evaluate(UNTOUCHED)
        denied, _ = self.deny()
        self.assertIn(MARKUP, self.shown(denied))
        path = "/push/v1/" + urllib.parse.quote(MARKUP, safe="<>=\"'()")
        for target in (path, "/push/v1/<script>window.__pwned=1</script>", "/push/v1/%3Cimg%20src=x%20onerror=%22window.__pwned=1%22%3E", "/push/v1/%E2%80%AEgnp.exe%1B%5B31m"):
            answer = gate.ask("GET", target, [self.key("siem")])
            self.assertIn(answer.status, (400, 403), answer)
            if answer.header("sluice-request-id"):
                self.shown(answer.header("sluice-request-id"))
        self.assertEqual(self.browser.evaluate(UNTOUCHED), before)
        self.assertIsNone(before.get("pwned"))
        self.assert_quiet()

    def test_bears_answers_that_are_no_status(self):
        self.start_gate()
        now = int(time.time() * 1000)
        good = self.browser.madeUp("status", now)
        good["apis"][0]["clients"][0]["name"] = MARKUP
        for number in range(HOSTILE):
            with self.subTest(number):
                self.open(**PHONE, routes={"events": "none", "hostile": number, "history": "day"})
                self.browser.wait("document.body.dataset.link === 'polling'")
                self.browser.wait("document.querySelector('#history-lines .row') !== null")
                self.browser.evaluate("new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")
                said = self.browser.said()
                self.assertEqual(said["errors"], [])
                self.assert_no_sideways_scroll()
                for selector, most in (("#api-cards > *", 24), (".clients tbody tr", 24 * 20), ("#part-rows > *", 60), ("#webhook-rows > *", 60), ("#trial-rows > *", 60), ("#key-rows > *", 60)):
                    self.assertLessEqual(self.browser.evaluate(f"document.querySelectorAll({json.dumps(selector)}).length"), most, selector)
                self.assertEqual(self.browser.evaluate(UNTOUCHED), {"images": 0, "scripts": 1, "handlers": 0})
                self.browser.status(good)  # and it goes on as if nothing had been
                self.browser.wait("document.querySelectorAll('#api-cards .api').length === 3")
                self.browser.wait("document.querySelector('#api-cards h3').textContent === 'push'")
                self.assertEqual(self.browser.evaluate(UNTOUCHED), {"images": 0, "scripts": 1, "handlers": 0})

    def test_asks_for_the_status_where_there_is_no_stream_and_keeps_a_hundred_denials(self):
        self.start_gate()
        now = int(time.time() * 1000)
        status = self.browser.madeUp("status", now)
        status["latest_denials"] = [self.browser.madeUp("denial", number, now - number) for number in range(200)]
        self.open(routes={"events": "none", "status": status})
        self.browser.wait("document.body.dataset.link === 'polling'")
        self.browser.wait("document.querySelectorAll('#denial-rows tr').length === 100")
        self.assertEqual(self.text("#denial-rows tr time"), self.browser.evaluate(f"new Intl.DateTimeFormat('en-GB', {{hour: '2-digit', minute: '2-digit', second: '2-digit'}}).format({now})"))
        self.browser.click("[data-filter=refused]")
        self.browser.click("[data-filter=failed]")
        self.browser.wait("document.querySelector('#denial-rows [data-type=refused], #denial-rows [data-type=failed]') === null")
        self.browser.fill("#denial-search", "merge-cap")
        self.browser.wait("[...document.querySelectorAll('#denial-rows tr')].every((row) => row.textContent.includes('merge-cap'))")
        self.browser.fill("#denial-search", "no such words")
        self.browser.wait("!document.getElementById('denial-empty').hidden")
        self.browser.click("#denial-clear")
        self.browser.wait("document.querySelectorAll('#denial-rows tr').length === 100")
        self.browser.click("#denial-rows .copy")
        self.browser.wait("document.querySelector('#denial-rows .copy').dataset.done === 'copied'")
        self.assertEqual(self.browser.evaluate("navigator.clipboard.readText()"), status["latest_denials"][0]["request_id"])

    def test_a_flood_of_refusals_pushes_no_denial_out(self):
        self.start_gate()
        now = int(time.time() * 1000)
        status = self.browser.madeUp("status", now)
        refused = [{**self.browser.madeUp("denial", number, now - number), "type": "refused", "rules": ["everyone-reads"]} for number in range(150)]
        status["latest_denials"] = [*refused, {**self.browser.madeUp("denial", 150, now - 1000), "type": "denied", "rules": ["merge-cap"]}]
        self.open(routes={"events": "none", "status": status})
        self.browser.wait("document.querySelectorAll('#denial-rows tr').length === 51")
        self.assertEqual(self.browser.evaluate("[...document.querySelectorAll('#denial-rows .tag')].map((tag) => tag.textContent)"), ["merge-cap"])

    def test_says_that_the_gate_is_lost_and_comes_back_with_it(self):
        admin = free_port()
        gate = self.start_gate(admin={"address": f"127.0.0.1:{admin}"})
        self.live()
        self.assertEqual(gate.stop(), 0)
        self.browser.wait("document.body.dataset.link === 'lost'")
        self.browser.wait("document.querySelector('#state .chip').textContent === 'Connection to the gate lost'")
        self.browser.wait("document.getElementById('announce').textContent.includes('lost')")
        self.browser.screenshot(str(self.pictures / "lost.png"))
        self.running = self.serve(self.file)
        self.browser.wait(LIVE, 40)
        self.browser.wait("document.querySelector('#state .chip').textContent === 'Ready'")
        denied, _ = self.deny()
        self.shown(denied)
        self.assertEqual(self.browser.said()["errors"], [])

    def test_draws_nothing_while_nobody_looks(self):
        self.start_gate()
        self.live()
        self.browser.evaluate("window.__hide(true)")
        clock = self.text("#clock")
        denied, _ = self.deny()
        self.browser.wait("document.title.startsWith('(1) ')")
        self.assertIsNone(self.browser.evaluate(f"document.querySelector('[data-request-id=\"{denied}\"]')"))
        self.browser.evaluate("window.__hide(false)")
        self.shown(denied)
        self.browser.wait(f"document.getElementById('clock').textContent !== {json.dumps(clock)}")
        self.browser.wait("!document.title.startsWith('(')")

    # --- by keyboard

    def test_everything_is_reached_by_the_keyboard_and_shows_it(self):
        self.start_gate()
        denied, _ = self.deny()
        self.live(height=600, motion="reduce")
        self.shown(denied)
        self.browser.wait("document.querySelector('#history-lines .row') !== null")
        wanted = set(self.browser.evaluate("""[...document.querySelectorAll("a[href], button, input, select, summary, [tabindex='0']")].filter((node) => node.checkVisibility())
          .map((node, i) => { node.dataset.stop = i; return String(i); })"""))
        reached, unseen = set(), []
        for _ in range(len(wanted) + 5):
            self.browser.press("Tab")
            stop = self.browser.evaluate("""(() => { const node = document.activeElement; const box = node.getBoundingClientRect(); const look = getComputedStyle(node);
              const covered = node.closest(".top, .skip") ? 0 : document.querySelector(".top").offsetHeight;
              const outlined = look.outlineStyle !== "none" && parseFloat(look.outlineWidth) >= 1;
              return { stop: node.dataset?.stop, seen: outlined && box.bottom > covered && box.top < innerHeight, what: node.outerHTML.slice(0, 120) }; })()""")
            reached.add(stop.get("stop"))
            if stop.get("stop") and not stop["seen"]:
                unseen.append(stop["what"])
        self.assertEqual(wanted - reached, set())
        self.assertEqual(unseen, [])


if __name__ == "__main__":
    main()
