// The day's history as small pictures of one time axis, one for each line, and as a table of hours.
import { byId, el, setAttribute, setText, show, svg, sync } from "./dom.js";
import { DECISIONS, decimate } from "./day.js";
import { paths, reader } from "./plot.js";
import { NONE, clockTime, count, decimal, hourMinute, moment, percent, perSecond, seconds, utc, visible, zoneName } from "./text.js";

const HEIGHT = 44;
const MOST_ROWS = 12;
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const WORDS = { allow: "allowed", deny: "denied", refuse: "refused", failed: "failed" };

// What can be looked at: [kind, measure, title, format, top of the scale or null for the greatest value].
const API = {
  in_use: ["in use", percent, 1], sent_per_second: ["sent", perSecond, null], waiting: ["waiting", count, null],
  wait_seconds: ["wait of a new request", seconds, null], rejections: ["429s of the vendor", count, null],
};
const WEBHOOK = { backlog: ["events waiting", count, null], lag_seconds: ["behind", seconds, null] };

function linesOf(day, choice) {
  const named = (kind, table, measure) => day.names(kind, measure).map((name) => {
    const [title, format, top] = table[measure];
    return { name: `${visible(name, 60)}: ${title}`, values: day.values(kind, measure, name), format, top };
  });
  const decision = (kind) => ({ name: `${WORDS[kind]}, in 10 s`, values: day.values("requests", kind, ""), format: decimal, top: null, kind });
  if (choice in API) return named("api", API, choice);
  if (choice in WEBHOOK) return named("webhook", WEBHOOK, choice);
  if (choice === "decisions") return DECISIONS.map(decision);
  return [...named("api", API, "in_use").slice(0, 6), ...["deny", "refuse", "failed"].map(decision), ...named("webhook", WEBHOOK, "lag_seconds").slice(0, 3)];
}

function greatest(values) {
  let at = -1;
  for (let i = 0; i < values.length; i++) if (!Number.isNaN(values[i]) && (at < 0 || values[i] > values[at])) at = i;
  return at;
}

function lineRow() {
  const name = el("span", { class: "name" });
  const value = el("span", { class: "number value" });
  const most = el("span", { class: "muted number" });
  const grid = svg("path", { class: "grid" });
  const area = svg("path", { class: "area" });
  const line = svg("path", { class: "line" });
  const picture = svg("svg", { preserveAspectRatio: "none", "aria-hidden": "true" }, grid, area, line);
  const node = el("div", { class: "row" }, el("p", { class: "row-head" }, name, most, value), picture);
  return {
    node,
    read: (text) => setText(value, text),
    update({ line: given, day, width, gridPath }) {
      setText(name, given.name);
      setAttribute(node, "data-kind", given.kind ?? null);
      const peak = greatest(given.values);
      setText(most, peak < 0 ? "no value" : `most ${given.format(given.values[peak])} at ${hourMinute(day.from() + peak * day.step())}`);
      const top = Math.max(given.top ?? 0, peak < 0 ? 0 : given.values[peak]) || 1;
      const points = decimate(given.values, width).map((point) => point && [point[0], HEIGHT - 1 - (point[1] / top) * (HEIGHT - 3)]);
      given.points = points.length;
      const drawn = paths(points, HEIGHT);
      setAttribute(picture, "viewBox", `0 0 ${width} ${HEIGHT}`);
      setAttribute(line, "d", drawn.line || null);
      setAttribute(area, "d", drawn.area || null);
      setAttribute(grid, "d", gridPath || null);
    },
  };
}

// Whole hours of the viewer's zone, or parts of one, as many as there is room for: [fraction of the width, label].
function ticks(from, to, width) {
  const room = Math.max(1, Math.floor(width / 64));
  const minutes = (to - from) / MINUTE;
  const step = [5, 10, 15, 30, 60, 120, 180, 240, 360, 720].find((every) => minutes / every <= room) ?? 1440;
  const at = new Date(from);
  at.setMinutes(0, 0, 0);
  const found = [];
  for (let guard = 0; at <= to && guard < 2000; guard++) {
    if (at >= from && (at.getHours() * 60 + at.getMinutes()) % step === 0) found.push([(at - from) / (to - from || 1), hourMinute(at)]);
    at.setTime(at.getTime() + Math.min(step, 60) * MINUTE);
  }
  return found;
}

function tickMark() {
  const node = el("span");
  return {
    node,
    update([place, label]) {
      setText(node, label);
      node.style.setProperty("inset-inline-start", `${(place * 100).toFixed(2)}%`);
      setAttribute(node, "data-edge", place < 0.04 ? "start" : place > 0.96 ? "end" : null);
    },
  };
}

// One row for each hour: the mean and the greatest value of each line.
function tableRows(day, lines) {
  const hours = new Map();
  for (let i = 0; i < day.count(); i++) {
    const hour = Math.floor((day.from() + i * day.step()) / HOUR) * HOUR;
    if (!hours.has(hour)) hours.set(hour, lines.map(() => ({ sum: 0, count: 0, most: 0 })));
    hours.get(hour).forEach((cell, n) => {
      const value = lines[n].values[i];
      if (Number.isNaN(value)) return;
      cell.sum += value;
      cell.count += 1;
      cell.most = Math.max(cell.most, value);
    });
  }
  return [...hours].filter(([, cells]) => cells.some((cell) => cell.count)).reverse();
}

function fillTable(day, lines) {
  const header = (text, scope) => el("th", { scope, role: scope === "col" ? "columnheader" : "rowheader" }, text);
  const head = el("tr", { role: "row" }, header("hour from", "col"), ...lines.map((line) => header(line.name, "col")));
  const rows = tableRows(day, lines).map(([hour, cells]) => el("tr", { role: "row" }, header(moment(hour, null), "row"),
    ...cells.map((cell, n) => el("td", { role: "cell", class: "number" }, cell.count ? `${lines[n].format(cell.sum / cell.count)}, most ${lines[n].format(cell.most)}` : NONE))));
  byId("history-table-head").replaceChildren(head);
  byId("history-table-rows").replaceChildren(...rows);
}

export function makeHistory(day) {
  const root = byId("history-lines");
  const surface = byId("history-surface");
  const select = byId("history-measure");
  const details = byId("history-details");
  let lines = [];
  let views = [];

  const timeOf = (i) => day.from() + i * day.step();
  const reading = reader(surface, "The day's history; arrow keys read the values of a time", {
    count: () => day.count(), place: (i) => (day.count() > 1 ? i / (day.count() - 1) : 1), nearest: (fraction) => Math.round(fraction * (day.count() - 1)),
    step: () => Math.max(1, Math.round(day.count() / Math.max(1, surface.clientWidth))), page: () => Math.round(HOUR / day.step()),
    describe: (i) => `${moment(timeOf(i), null)}: ${lines.map((line) => `${line.name} ${Number.isNaN(line.values[i]) ? "none" : line.format(line.values[i])}`).join("; ")}`,
    read(i) {
      const at = i ?? day.count() - 1;
      views.forEach((view, n) => view.read(at < 0 || Number.isNaN(lines[n].values[at]) ? NONE : lines[n].format(lines[n].values[at])));
      const label = byId("history-time");
      setText(label, i === null ? "now" : moment(timeOf(i), Date.now()));
      setAttribute(label, "title", i === null ? null : utc(timeOf(i)));
    },
  });

  function draw() {
    const begin = performance.now();
    show(byId("history-body"), day.present());
    show(byId("history-empty"), !day.present());
    if (!day.present()) return;
    const width = Math.max(1, Math.round(root.clientWidth));
    const [from, to] = [day.from(), day.last()];
    const marks = ticks(from, to, width);
    const gridPath = marks.map(([place]) => `M${(place * width).toFixed(1)} 0V${HEIGHT}`).join("");
    lines = linesOf(day, select.value).slice(0, MOST_ROWS);
    views = [];
    sync(root, lines.map((line) => ({ line, day, width, gridPath })), ({ line }) => line.name, () => {
      const view = lineRow();
      view.node.view = view;
      return view;
    });
    views = [...root.children].map((node) => node.view);
    sync(byId("history-axis"), marks, ([, label]) => label, tickMark);
    setText(byId("history-span"), `${clockTime(from)} to ${clockTime(to)}, ${zoneName(to)}`);
    show(byId("history-none"), lines.length === 0);
    reading.refresh();
    if (details.open) fillTable(day, lines);
    measure(begin, { points: lines.reduce((sum, line) => sum + line.points, 0), rows: lines.length, width, samples: day.count() });
  }

  // How long it took, for whoever asks the browser: the last drawing only.
  function measure(begin, detail) {
    performance.clearMeasures("history-draw");
    performance.measure("history-draw", { start: begin, detail });
    requestAnimationFrame(() => setTimeout(() => {
      performance.clearMeasures("history-frame");
      performance.measure("history-frame", { start: begin, detail });
    }));
  }

  select.addEventListener("input", draw);
  details.addEventListener("toggle", () => details.open && day.present() && fillTable(day, lines));
  new ResizeObserver(() => day.present() && draw()).observe(root);
  return { draw };
}
