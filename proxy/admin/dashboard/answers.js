// The three questions, each with its answer in short.
import { byId, chip, setText } from "./dom.js";
import { auditInShort } from "./audit.js";
import { stateOf } from "./limits.js";
import { clockTime, count, percent, seconds } from "./text.js";

function limitInShort(apis) {
  if (apis.length === 0) return ["none", "No API", "the gate names none"];
  const rank = (api) => (api.stopped ? 1e9 : 0) + (api.wait ?? 0) * 1000 + (api.inUse ?? 0);
  const [worst, ...others] = [...apis].sort((a, b) => rank(b) - rank(a));
  const who = worst.busiest || worst.clients[0]?.name;
  const state = stateOf(worst)[1];
  const waits = worst.wait > 0.05 && !(worst.held > 0) ? `a new request waits ${seconds(worst.wait)}` : state === "free" ? "no request waits" : state;
  const rest = others.slice(0, 2).map((api) => `${api.name} ${percent(api.inUse)}`).join(", ");
  return [stateOf(worst)[0], `${worst.name} ${percent(worst.inUse)}${who ? `, mostly ${who}` : ""}`, [waits, rest].filter(Boolean).join("; ")];
}

function refusalsInShort(sums, latest) {
  const total = sums.deny + sums.refuse + sums.failed;
  const head = total === 0 ? "None in 5 minutes" : `${count(total)} in 5 minutes`;
  const parts = [["deny", "denied"], ["refuse", "refused"], ["failed", "failed"]].filter(([kind]) => sums[kind] > 0).map(([kind, word]) => `${count(sums[kind])} ${word}`);
  const last = latest ? `last ${clockTime(latest.time)}, ${latest.client || "not known"}${latest.rules[0] ? `: ${latest.rules[0]}` : ""}` : "";
  return [sums.failed > 0 ? "warn" : "none", head, [parts.join(", "), last].filter(Boolean).join("; ") || "nothing was denied, refused or has failed"];
}

export function makeAnswers() {
  const slots = ["limit", "refused", "audit"].map((name) => {
    const state = chip();
    byId(`answer-${name}`).prepend(state.node);
    return { state, detail: byId(`answer-${name}-detail`) };
  });
  return {
    update(status, recent, latest) {
      [limitInShort(status.apis), refusalsInShort(recent.sums(), latest), auditInShort(status.audit)].forEach(([level, head, detail], i) => {
        slots[i].state.set(level, head);
        setText(slots[i].detail, detail);
      });
    },
  };
}
