// What the gate stands on: its state in words, its parts, the policy, the keys, the shared limits, the rules on trial.
import { byId, chip, copyButton, el, setAttribute, setText, show, sync } from "./dom.js";
import { factList } from "./audit.js";
import { NONE, count, moment, plural, utc } from "./text.js";

const fine = (part) => part.detail === "" || part.detail === "ok";
const named = (parts) => parts.slice(0, 3).map((part) => `${part.name}${fine(part) ? "" : `: ${part.detail}`}`).join("; ") + (parts.length > 3 ? `; and ${parts.length - 3} more` : "");

// [level, word, why]. `link` is the state of the connection to the gate.
export function overall(status, link) {
  if (link === "lost") return ["bad", "Connection to the gate lost", status ? "trying again; the figures are the last that came" : "trying again"];
  if (!status) return ["wait", "Connecting", "asking the gate for its figures"];
  if (link === "silent") return ["warn", "The gate is silent", "no figures for more than 5 s"];
  const down = status.parts.filter((part) => !part.ready);
  if (status.draining) return ["warn", "Draining", "takes no new requests, finishes those under way"];
  if (down.length || status.ready === false) return ["bad", "Not ready", down.length ? named(down) : "the gate names no part"];
  if (status.ready === null) return ["none", "Unknown", "the answer of the gate has no state"];
  const troubled = status.parts.filter((part) => !fine(part));
  return troubled.length ? ["warn", "Ready, with trouble", named(troubled)] : ["ok", "Ready", "every part is well"];
}

function partRow() {
  const state = chip();
  const name = el("span", { class: "name" });
  const detail = el("span", { class: "muted reason" });
  return {
    node: el("li", {}, state.node, name, detail),
    update(part) {
      state.set(!part.ready ? "bad" : fine(part) ? "ok" : "warn", !part.ready ? "down" : fine(part) ? "ok" : "trouble");
      setText(name, part.name);
      setText(detail, fine(part) ? "" : part.detail);
    },
  };
}

function findingRow() {
  const place = el("code");
  const message = el("span", { class: "reason" });
  return {
    node: el("li", {}, place, message),
    update(finding) {
      setText(place, finding.place);
      setText(message, `${finding.severity ? `${finding.severity}: ` : ""}${finding.message}`);
    },
  };
}

const KEY_LEVELS = { usable: "ok", refused: "bad", lost: "bad" };

function keyRow() {
  const cells = [el("th", { scope: "row", role: "rowheader" }), el("td", { role: "cell" }), el("td", { role: "cell", class: "mono" })];
  const state = chip();
  const why = el("span", { class: "sub muted" });
  const node = el("tr", { role: "row" }, ...cells, el("td", { role: "cell" }, state.node, why));
  return {
    node,
    update({ api, key, now }) {
      [api, key.name, key.fingerprint].forEach((text, i) => setText(cells[i], text));
      state.set(KEY_LEVELS[key.state] ?? "none", key.state || "unknown");
      setText(why, key.state === "refused" ? `${count(key.status)} at ${moment(key.refusedAt, now)}` : "");
      setAttribute(why, "title", utc(key.refusedAt) || null);
    },
  };
}

function storeRow() {
  const cells = [el("th", { scope: "row", role: "rowheader" }), el("td", { role: "cell" }), el("td", { role: "cell", class: "number" })];
  return {
    node: el("tr", { role: "row" }, ...cells),
    update: (api) => [api.name, api.standing, `${count(api.shared)} of ${count(api.all)}`].forEach((text, i) => setText(cells[i], text)),
  };
}

function trialRow() {
  const rule = el("code");
  const times = el("span", { class: "number" });
  return {
    node: el("li", {}, rule, times),
    update(entry) {
      setText(rule, entry.rule);
      setText(times, plural(entry.times ?? 0, "time"));
    },
  };
}

export function makeStanding() {
  const hash = copyButton("policy hash");
  const store = chip();
  byId("store-state").append(store.node);
  return {
    update(status) {
      const { policy, reload, time } = status;
      sync(byId("part-rows"), status.parts, (part) => part.name, partRow);
      hash.set(policy.sha256, policy.sha256 ? `${policy.sha256.slice(0, 12)}…` : "");
      const last = !reload.cause ? "none since the start" : `${reload.takenUp ? "taken up" : "rejected"}, ${moment(reload.time, time)}: ${reload.cause}`;
      factList(byId("policy-facts"), [
        ["file", policy.file], ["SHA-256", policy.sha256 ? hash.node : NONE], ["rules", count(policy.rules)], ["in force since", moment(policy.since, time), utc(policy.since)],
        ["last reload", last, utc(reload.time), reload.takenUp ? null : "bad"],
        ["reloads", reload.cause ? `${count(reload.counts.takenUp)} taken up, ${count(reload.counts.rejected)} rejected` : NONE],
      ]);
      const findings = reload.takenUp ? [] : reload.findings;
      sync(byId("finding-rows"), findings, (finding) => `${finding.place} ${finding.message}`, findingRow);
      show(byId("findings"), findings.length > 0);
      const keys = status.apis.flatMap((api) => api.keys.map((key) => ({ api: api.name, key, now: time }))).slice(0, 60);
      sync(byId("key-rows"), keys, ({ api, key }) => `${api} ${key.name} ${key.fingerprint}`, keyRow);
      show(byId("key-table"), keys.length > 0);
      show(byId("key-empty"), keys.length === 0);
      show(byId("store"), status.store !== null);
      if (status.store) {
        store.set(status.store.up ? "ok" : "bad", status.store.up ? "reached" : `lost: ${status.store.detail}`);
        sync(byId("store-rows"), status.store.apis, (api) => api.name, storeRow);
      }
      sync(byId("trial-rows"), status.shadow, (entry) => entry.rule, trialRow);
      show(byId("trial-empty"), status.shadow.length === 0);
    },
  };
}
