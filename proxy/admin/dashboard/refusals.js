// What is refused and why: requests by decision, and the latest of those that did not go through.
import { byId, chip, copyButton, el, setAttribute, setText, show, svg, sync } from "./dom.js";
import { NONE, clockTime, count, decimal, moment, plural, utc } from "./text.js";

const MOST_OF_EACH = 50; // of those that policy denied, and of all others
const KINDS = [["allow", "allowed"], ["deny", "denied"], ["refuse", "refused"], ["failed", "failed"]];
const LEVELS = { denied: "bad", refused: "warn", failed: "none" };
const BIN = 10_000; // ms
const TELL_EVERY = 15_000; // ms

function tile(kind, label) {
  const rate = el("strong");
  const total = el("span", { class: "muted" });
  const bars = svg("path", { class: "bars" });
  const node = el("div", { class: "tile", "data-kind": kind }, el("dt", {}, label), el("dd", {}, el("span", { class: "headline" }, rate, el("span", { class: "muted" }, " /s")), total),
    svg("svg", { class: "spark", viewBox: "0 0 300 24", preserveAspectRatio: "none", "aria-hidden": "true" }, bars));
  return {
    node,
    update(status, recent) {
      setText(rate, decimal(recent.rate(kind, status.time)));
      setText(total, `${count(status.requests[kind])} since the start`);
      const bins = new Map(); // of ten seconds, by when they begin
      for (const point of recent.decisions()) {
        const begin = Math.floor((point.time - 1) / BIN) * BIN;
        bins.set(begin, (bins.get(begin) ?? 0) + point[kind]);
      }
      const most = Math.max(1, ...bins.values());
      let path = "";
      for (const [begin, number] of bins) {
        const left = 300 - (status.time - begin) / 1000;
        if (number > 0) path += `M${left.toFixed(1)} 24v-${((number / most) * 23).toFixed(1)}h${BIN / 1000 - 1}V24z`;
      }
      setAttribute(bars, "d", path || null);
    },
  };
}

export function makeDecisions(root) {
  const tiles = KINDS.map(([kind, label]) => tile(kind, label));
  root.append(...tiles.map((one) => one.node));
  return { update: (status, recent) => tiles.forEach((one) => one.update(status, recent)) };
}

// What was refused or failed may have been allowed by its rules: they are no reason then.
const deniers = (entry) => (entry.type === "denied" ? entry.rules : []);

function denialRow(entry) {
  const state = chip();
  state.set(LEVELS[entry.type], entry.status === null ? entry.type : `${entry.type} ${entry.status}`);
  const when = el("time", { datetime: entry.time === null ? null : new Date(entry.time).toISOString(), title: utc(entry.time) });
  const id = copyButton("request id");
  id.set(entry.id, entry.id.length > 12 ? `…${entry.id.slice(-8)}` : entry.id);
  const cell = (label, ...parts) => el("td", { role: "cell", "data-label": label }, ...parts);
  const node = el("tr", { role: "row", "data-type": entry.type, "data-request-id": entry.id },
    cell("time", when), cell("decision", state.node),
    cell("client", el("span", { class: "name" }, entry.client || "not known"), el("span", { class: "muted sub" }, entry.source)),
    cell("request", el("span", { class: "name" }, entry.operation || entry.api || NONE), el("code", { class: "sub" }, `${entry.method} ${entry.path}`)),
    cell("why", el("span", { class: "reason" }, entry.reason || NONE), el("span", { class: "rules" }, ...deniers(entry).map((rule) => el("code", { class: "tag" }, rule)))),
    cell("request id", id.node));
  return { node, update: () => setText(when, moment(entry.time, Date.now())) };
}

const searchable = (entry) => [entry.client, entry.source, entry.api, entry.operation, entry.method, entry.path, entry.reason, entry.id, entry.status, ...entry.rules].join("\n").toLowerCase();

// Newest first: as the gate keeps them, so that a flood of refusals does not push out a denial. `changed` is called when there is something to draw.
export function makeDenials(changed) {
  const rows = byId("denial-rows");
  const search = byId("denial-search");
  const kinds = [...document.querySelectorAll("[data-filter]")];
  const hold = byId("denial-hold");
  const empty = byId("denial-empty");
  const told = byId("denial-news");
  let entries = [];
  let held = null;
  const known = new Set();
  let untold = 0;
  let toldAt = 0;
  let since = null; // what was kept before the page came is no news

  const wanted = () => new Set(kinds.filter((box) => box.checked).map((box) => box.dataset.filter));
  [...kinds, search].forEach((input) => input.addEventListener("input", changed));
  hold.addEventListener("click", () => {
    held = held ? null : entries;
    changed();
  });
  byId("denial-clear").addEventListener("click", () => {
    kinds.forEach((box) => { box.checked = true; });
    search.value = "";
    search.focus();
    changed();
  });

  function tell() {
    if (!untold || performance.now() - toldAt < TELL_EVERY) return;
    setText(told, `${plural(untold, "request")} more denied, refused or failed, the latest at ${clockTime(entries[0]?.time ?? null)}`);
    toldAt = performance.now();
    untold = 0;
  }

  return {
    add(entry) {
      if (known.has(entry.key)) return false;
      const place = entries.findIndex((other) => (other.time ?? 0) <= (entry.time ?? 0));
      entries = place < 0 ? [...entries, entry] : [...entries.slice(0, place), entry, ...entries.slice(place)];
      const kept = { denied: 0, other: 0 };
      entries = entries.filter((one) => (kept[one.type === "denied" ? "denied" : "other"] += 1) <= MOST_OF_EACH);
      known.clear();
      entries.forEach((one) => known.add(one.key));
      const news = since !== null && entry.time >= since;
      if (news) untold += 1;
      return news;
    },
    // From which time of the gate on an entry is news.
    begin(time) {
      since ??= time;
    },
    // Of those that are kept and came after `time`: whose are most, and why; {client, why} or null.
    leading(time) {
      const times = new Map();
      let most = null;
      for (const entry of entries) {
        if (entry.time === null || entry.time < time) continue;
        const cause = { client: entry.client, why: deniers(entry)[0] || entry.reason || entry.type };
        const key = JSON.stringify(cause);
        times.set(key, (times.get(key) ?? 0) + 1);
        if (most === null || times.get(key) > times.get(most)) most = key;
      }
      return most === null ? null : JSON.parse(most);
    },
    update() {
      const types = wanted();
      const words = search.value.trim().toLowerCase();
      const from = held ?? entries;
      const shown = from.filter((entry) => types.has(entry.type) && (!words || searchable(entry).includes(words)));
      sync(rows, shown, (entry) => entry.key, denialRow);
      for (const box of kinds) setText(box.parentElement.querySelector(".count"), count(from.filter((entry) => entry.type === box.dataset.filter).length));
      const more = held ? entries.filter((entry) => !held.includes(entry)).length : 0;
      setAttribute(hold, "aria-pressed", held !== null);
      setText(hold, held ? `Held: show ${more} new` : "Hold the list");
      show(byId("denial-table"), shown.length > 0);
      show(empty, shown.length === 0);
      setText(byId("denial-empty-text"), entries.length ? "None of the latest fits the filter." : "Nothing has been denied, refused or has failed since the gate started.");
      show(byId("denial-clear"), entries.length > 0);
      tell();
    },
  };
}
