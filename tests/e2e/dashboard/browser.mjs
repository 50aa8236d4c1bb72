// A browser that does what dashboard_test.py says: npm's playwright-core drives Debian's Chromium, and npm's axe-core judges.
// usage: node browser.mjs MODULES. A JSON array [command, arguments...] a line on stdin; a JSON line {ok} or {error} on stdout for each.
import { execFileSync } from "node:child_process";
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { createInterface } from "node:readline";
import * as madeUp from "./made_up.mjs";

const modules = createRequire(`${resolve(process.argv[2])}/`);
const { chromium } = modules("playwright-core");
const axe = readFileSync(modules.resolve("axe-core/axe.min.js"), "utf8");

const executablePath = execFileSync("sh", ["-c", "command -v chromium"], { encoding: "utf8" }).trim();
// As root in a container there is no sandbox, and little shared memory.
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"] });
let page = null;
let said = null;
const plan = { history: null, status: null, events: null };

const json = (route, what) => route.fulfill({ contentType: "application/json", body: JSON.stringify(what) });

// Before anything of the page runs: violations of its policy, and a tab that can be hidden.
function prepare() {
  window.__violations = [];
  document.addEventListener("securitypolicyviolation", (event) => window.__violations.push(`${event.violatedDirective} ${event.blockedURI}`));
  let hidden = false;
  Object.defineProperty(document, "hidden", { get: () => hidden });
  window.__hide = (value) => {
    hidden = value;
    document.dispatchEvent(new Event("visibilitychange"));
  };
}

const commands = {
  async open(url, { scheme = "light", width = 1280, height = 900, motion = "no-preference", zone = "Europe/London", routes = {} } = {}) {
    await page?.context().close();
    const context = await browser.newContext({ colorScheme: scheme, viewport: { width, height }, reducedMotion: motion, timezoneId: zone, hasTouch: width < 500, permissions: ["clipboard-read", "clipboard-write"] });
    page = await context.newPage();
    said = { console: [], errors: [], requests: [], dialogs: 0 };
    page.on("console", (message) => said.console.push(`${message.type()}: ${message.text()}`));
    page.on("pageerror", (error) => said.errors.push(String(error.stack)));
    page.on("request", (request) => said.requests.push(request.url()));
    page.on("dialog", (dialog) => {
      said.dialogs += 1;
      dialog.dismiss();
    });
    await page.addInitScript(prepare);
    Object.assign(plan, { history: null, status: null, events: null }, routes);
    if (routes.hostile !== undefined) plan.status = madeUp.hostile(Date.now())[routes.hostile];
    const at = (path) => (asked) => new URL(asked).pathname === path;
    if (plan.history === "day") await page.route(at("/history"), (route) => json(route, madeUp.history(Date.now())));
    if (plan.events === "none") await page.route(at("/events"), (route) => route.fulfill({ status: 503, body: "no more streams" }));
    if (plan.status !== null || routes.hostile !== undefined) await page.route(at("/status"), (route) => json(route, plan.status));
    await page.goto(url);
  },
  status(what) {
    plan.status = what;
  },
  madeUp: (name, ...given) => madeUp[name](...given),
  evaluate: (expression) => page.evaluate(expression),
  // By asking again and again: playwright's waitForFunction evaluates in the page, which the page's policy forbids.
  async wait(expression, milliseconds) {
    for (const end = Date.now() + milliseconds; ; ) {
      const value = await page.evaluate(expression);
      if (value) return value;
      if (Date.now() > end) throw new Error(`waited ${milliseconds} ms for ${expression}`);
      await new Promise((done) => setTimeout(done, 20));
    }
  },
  said: () => said,
  press: (key) => page.keyboard.press(key),
  click: (selector) => page.click(selector),
  fill: (selector, text) => page.fill(selector, text),
  hover: (selector, x, y) => page.hover(selector, { position: { x, y } }),
  async screenshot(path) {
    await page.screenshot({ path, fullPage: true });
  },
  async axe() {
    await page.evaluate(axe);
    const found = await page.evaluate(() => axe.run(document, { resultTypes: ["violations"] }));
    return found.violations.map(({ id, nodes }) => `${id}: ${nodes.slice(0, 5).map((node) => `${node.target.join(" ")} (${node.failureSummary})`).join("; ")}`);
  },
  async close() {
    await browser.close();
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const [name, ...given] = JSON.parse(line);
  try {
    console.log(JSON.stringify({ ok: (await commands[name](...given)) ?? null }));
  } catch (error) {
    console.log(JSON.stringify({ error: `${name}: ${error.message}` }));
  }
}
await browser.close();
