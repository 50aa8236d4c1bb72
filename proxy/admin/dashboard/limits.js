// Who is using the limit: a card for each API, with five minutes as a moving picture and its clients.
import { chip, el, setAttribute, setText, show, svg, sync } from "./dom.js";
import { paths, reader } from "./plot.js";
import { NONE, clockTime, count, decimal, percent, perSecond, seconds } from "./text.js";

const WIDTH = 300; // a unit is a second
const HEIGHT = 80;
const STRIP = 20;
const GAP = 25_000; // ms without a value
const FIRST_CLIENTS = 6;
const NOTICED = 0.5; // s; a shorter wait is pacing that nobody notices

export const WAITS = "requests wait";

export function stateOf(api) {
  if (api.stopped) return ["bad", "nothing is sent"];
  if (api.held > 0) return ["warn", `held ${seconds(api.held)} by a 429`];
  if (api.waiting > 0 || api.wait >= NOTICED) return ["warn", WAITS];
  if (api.inUse >= 0.8) return ["warn", "nearly used up"];
  return api.inUse === null ? ["none", "unknown"] : ["ok", "free"];
}

function liveChart(name) {
  const area = svg("path", { class: "area" });
  const line = svg("path", { class: "line" });
  const held = svg("path", { class: "held" });
  const waits = svg("path", { class: "waits" });
  const flat = { preserveAspectRatio: "none", "aria-hidden": "true" };
  const grid = svg("path", { class: "grid", d: `M0 ${HEIGHT / 2}H${WIDTH}M60 0V${HEIGHT}M120 0V${HEIGHT}M180 0V${HEIGHT}M240 0V${HEIGHT}` });
  const surface = el("div", { class: "surface" },
    svg("svg", { ...flat, class: "use", viewBox: `0 0 ${WIDTH} ${HEIGHT}` }, held, grid, area, line),
    svg("svg", { ...flat, class: "strip", viewBox: `0 0 ${WIDTH} ${STRIP}` }, waits));
  const readout = el("p", { class: "readout" });
  const node = el("div", { class: "live" }, readout, surface, el("div", { class: "axis", "aria-hidden": "true" }, el("span", {}, "5 min ago"), el("span", {}, "now")));
  let points = [];
  let end = 0;
  const x = (time) => WIDTH - (end - time) / 1000;
  const words = (point) => `${clockTime(point.time)}: ${percent(point.use)} in use, ${count(point.waiting)} waiting${point.held ? ", held by a 429" : ""}`;
  const reading = reader(surface, `${name}: share of its limit in use, last 5 minutes; arrow keys read a value`, {
    count: () => points.length, place: (i) => x(points[i].time) / WIDTH, step: () => 1, page: () => 60, describe: (i) => words(points[i]),
    nearest(fraction) {
      let best = 0;
      points.forEach((point, i) => { if (Math.abs(x(point.time) - fraction * WIDTH) < Math.abs(x(points[best].time) - fraction * WIDTH)) best = i; });
      return best;
    },
    read(i) {
      const most = points.reduce((a, b) => Math.max(a, b.use ?? 0), 0);
      const longest = points.reduce((a, b) => Math.max(a, b.waiting ?? 0), 0);
      setText(readout, i !== null ? words(points[i]) : `limit in use: at most ${percent(most)}; waiting: at most ${count(longest)}`);
    },
  });

  function draw() {
    const marks = [];
    points.forEach((point, i) => {
      if (i && point.time - points[i - 1].time > GAP) marks.push(null);
      marks.push(point.use === null ? null : [x(point.time), HEIGHT - Math.min(point.use, 1) * (HEIGHT - 2)]);
    });
    const use = paths(marks, HEIGHT);
    setAttribute(line, "d", use.line || null);
    setAttribute(area, "d", use.area || null);
    const longest = Math.max(5, ...points.map((point) => point.waiting ?? 0));
    let bars = "";
    let bands = "";
    points.forEach((point, i) => {
      const left = i ? Math.max(x(points[i - 1].time), x(point.time) - GAP / 1000) : x(point.time) - 1;
      const width = (x(point.time) - left).toFixed(1);
      if (point.waiting > 0) {
        const height = Math.max(1.5, (point.waiting / longest) * STRIP).toFixed(1);
        bars += `M${left.toFixed(1)} ${STRIP}v-${height}h${width}v${height}z`;
      }
      if (point.held) bands += `M${left.toFixed(1)} 0h${width}v${HEIGHT}h-${width}z`;
    });
    setAttribute(waits, "d", bars || null);
    setAttribute(held, "d", bands || null);
  }

  return {
    node,
    update(next, now) {
      const chosen = reading.chosen();
      const time = chosen === null ? null : points[chosen]?.time;
      points = next.filter((point) => point.time <= now && point.time > now - WIDTH * 1000);
      end = now;
      draw();
      // What is being read stays, though the picture moves on.
      if (time !== null && points.length) reading.choose(Math.max(0, points.findIndex((point) => point.time >= time)));
      else reading.refresh();
    },
  };
}

function clientRow() {
  const name = el("span", { class: "name" });
  const bar = el("span", { class: "fill" });
  const share = el("span", { class: "number" });
  const rate = el("span", { class: "number" });
  const waits = el("span", { class: "number" });
  const node = el("tr", { role: "row" }, el("th", { scope: "row", role: "rowheader" }, name, el("span", { class: "track", "aria-hidden": "true" }, bar)),
    el("td", { role: "cell" }, share), el("td", { role: "cell" }, rate), el("td", { role: "cell" }, waits));
  return {
    node,
    update({ client, busiest }) {
      setText(name, client.name);
      setAttribute(name, "title", client.name);
      setAttribute(node, "data-busiest", busiest ? "yes" : null);
      bar.style.setProperty("inline-size", `${Math.min(100, (client.share ?? 0) * 100).toFixed(1)}%`);
      setText(share, percent(client.share));
      setText(rate, perSecond(client.perSecond));
      setText(waits, count(client.waiting));
      setAttribute(waits, "data-level", client.waiting > 0 ? "warn" : null);
    },
  };
}

function fact(label) {
  const value = el("dd");
  return {
    node: el("div", {}, el("dt", {}, label), value),
    set(text) {
      setText(value, text);
      setAttribute(value, "title", text);
    },
  };
}

let cards = 0;

function apiCard(first) {
  const id = `api-${++cards}`;
  const state = chip();
  const upstream = el("span", { class: "muted clip" });
  const name = el("h3", { id }, first.name);
  const use = el("strong", { class: "big" });
  const sent = el("span", { class: "muted" });
  const facts = { wait: fact("new client waits"), waiting: fact("waiting"), busiest: fact("caused by"), rejections: fact("vendor’s 429s") };
  const chart = liveChart(first.name);
  const rows = el("tbody", { role: "rowgroup" });
  const header = (text) => el("th", { scope: "col", role: "columnheader" }, text);
  const more = el("button", { type: "button", class: "quiet", "aria-expanded": "false" });
  const nobody = el("p", { class: "empty" }, "Nobody has called in the last 10 seconds, and nobody waits.");
  const table = el("table", { class: "clients", role: "table", "aria-labelledby": id },
    el("thead", { role: "rowgroup" }, el("tr", { role: "row" }, header("client"), header("share"), header("rate"), header("waits"))), rows);
  let all = false;
  let last = null;
  more.addEventListener("click", () => {
    all = !all;
    setAttribute(more, "aria-expanded", all);
    clients(last);
  });

  function clients(api) {
    const shown = api.clients.filter((client, i) => all || i < FIRST_CLIENTS);
    sync(rows, shown.map((client) => ({ client, busiest: api.busiest !== "" && client.name === api.busiest })), ({ client }) => client.name, clientRow);
    show(table, api.clients.length > 0);
    show(nobody, api.clients.length === 0);
    show(more, api.clients.length > FIRST_CLIENTS);
    const waiting = api.clients.slice(FIRST_CLIENTS).reduce((sum, client) => sum + (client.waiting ?? 0), 0);
    setText(more, all ? "fewer" : `${api.clients.length - FIRST_CLIENTS} more${waiting ? `, ${count(waiting)} waiting` : ""}`);
  }

  const node = el("article", { class: "card api", "aria-labelledby": id },
    el("header", {}, name, upstream, state.node),
    el("div", { class: "api-body" },
      el("div", {},
        el("p", { class: "headline" }, use, el("span", {}, " in use "), sent),
        chart.node,
        el("dl", { class: "facts" }, ...Object.values(facts).map((one) => one.node))),
      el("div", { class: "who" }, table, nobody, more)));
  return {
    node,
    update({ api, points, now }) {
      last = api;
      setText(name, api.name);
      setText(upstream, api.upstream);
      state.set(...stateOf(api));
      setText(use, percent(api.inUse));
      setText(sent, `${decimal(api.perSecond)} of ${decimal(api.rate)}/s, burst ${decimal(api.burst)}`);
      facts.wait.set(api.stopped ? "not sent" : api.wait !== null && api.wait < 0.05 ? "none" : seconds(api.wait));
      facts.waiting.set(api.waiting > 0 ? `${count(api.waiting)}, up to ${seconds(api.oldest)}` : count(api.waiting));
      facts.busiest.set(api.busiest || (api.waiting > 0 ? NONE : "nobody"));
      facts.rejections.set(count(api.rejections));
      chart.update(points, now);
      clients(api);
    },
  };
}

export function makeLimits(root, empty) {
  return {
    update(status, recent) {
      sync(root, status.apis.map((api) => ({ ...api, api, points: recent.use(api.name), now: status.time })), (api) => api.name, (api) => apiCard(api));
      show(empty, status.apis.length === 0);
    },
  };
}
