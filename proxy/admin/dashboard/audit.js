// Is the audit behind: what is on disk, and each webhook's part of it.
import { byId, chip, copyButton, el, setAttribute, setText, show, sync } from "./dom.js";
import { NONE, count, moment, plural, seconds, utc } from "./text.js";

const BEHIND = 60; // s; further behind, the gate names a webhook in /readyz

export function hookState(hook) {
  if (hook.disabled) return ["bad", "disabled: it answered 410"];
  if (hook.suspended) return ["bad", "suspended: it fails again and again"];
  if (hook.lag > BEHIND) return ["warn", "behind"];
  if (hook.lastError) return ["warn", "trying again"];
  return hook.lag === null ? ["none", "unknown"] : ["ok", "delivering"];
}

const waiting = (number) => `${plural(number, "event")} ${number === 1 ? "waits" : "wait"}`;

// In a sentence: [level, headline, detail].
export function auditInShort(audit) {
  const waits = audit.webhooks.reduce((sum, hook) => sum + (hook.backlog ?? 0), 0);
  if (audit.usable === false) return ["bad", "Cannot be written", audit.trouble || "the spool is not usable"];
  if (audit.usable === null) return ["none", "Unknown", "the gate says nothing of its audit"];
  if (audit.webhooks.length === 0) return ["ok", "On disk", "no webhook is configured"];
  const off = audit.webhooks.filter((hook) => hook.disabled || hook.suspended);
  const names = off.map((hook) => hook.name).join(", ");
  const [late] = audit.webhooks.filter((hook) => hookState(hook)[0] === "warn" || hook.lag > BEHIND).sort((a, b) => (b.lag ?? 0) - (a.lag ?? 0));
  if (late) return ["warn", `${seconds(late.lag)} behind`, `${late.name}: ${waiting(late.backlog)}${late.lastError ? `; ${late.lastError}` : ""}${off.length ? `; off: ${names}` : ""}`];
  if (off.length) return ["bad", `${off.length} of ${audit.webhooks.length} webhooks off`, `${names} ${off.length === 1 ? "gets" : "get"} nothing`];
  return ["ok", "Up to date", waiting(waits)];
}

function hookRow() {
  const state = chip();
  const name = el("span", { class: "name" });
  const error = el("p", { class: "sub muted reason" });
  const values = ["backlog", "lag", "delivered", "failed"].map((label) => {
    const value = el("dd");
    return { value, node: el("div", {}, el("dt", {}, label), value) };
  });
  const node = el("li", {}, el("p", { class: "bar" }, name, state.node), error, el("dl", { class: "facts" }, ...values.map((one) => one.node)));
  return {
    node,
    update(hook) {
      setText(name, hook.name);
      state.set(...hookState(hook));
      setText(error, hook.lastError + (hook.deadLetters > 0 ? `${hook.lastError ? "; " : ""}given up: ${count(hook.deadLetters)}` : ""));
      show(error, error.textContent !== "");
      [count(hook.backlog), seconds(hook.lag), count(hook.delivered), count(hook.failed)].forEach((text, i) => setText(values[i].value, text));
    },
  };
}

// Names and values: items are [label, value, title, level].
export function factList(root, items) {
  sync(root, items, ([label]) => label, ([label]) => {
    const value = el("dd");
    return {
      node: el("div", {}, el("dt", {}, label), value),
      update([, text, title, level]) {
        if (text instanceof Node) {
          if (value.firstChild !== text) value.replaceChildren(text);
          return;
        }
        setText(value, text || NONE);
        setAttribute(value, "title", title || null);
        setAttribute(value, "data-level", level || null);
      },
    };
  });
}

export function makeAudit() {
  const key = copyButton("checkpoint key");
  return {
    update({ audit, time }) {
      const points = audit.checkpoints;
      const items = [
        ["spool", audit.usable === null ? NONE : audit.usable ? "usable" : audit.trouble || "not usable", "", audit.usable === false ? "bad" : null],
        ["last event", audit.lastSequence === null ? NONE : `no. ${count(audit.lastSequence)}`],
      ];
      if (points.key || points.trouble) {
        key.set(points.key, points.key.length > 24 ? `${points.key.slice(0, 20)}…` : points.key);
        items.push(["last checkpoint", points.sequence ? `no. ${count(points.sequence)}, ${moment(points.time, time)}` : "none yet", utc(points.time), null]);
        if (points.trouble) items.push(["checkpoints", points.trouble, "", "warn"]);
        if (points.key) items.push(["checkpoint key", key.node]);
      } else {
        items.push(["checkpoints", "not signed: audit.checkpoint_key names no key"]);
      }
      factList(byId("audit-facts"), items);
      sync(byId("webhook-rows"), audit.webhooks, (hook) => hook.name, hookRow);
      show(byId("webhook-empty"), audit.webhooks.length === 0);
    },
  };
}
