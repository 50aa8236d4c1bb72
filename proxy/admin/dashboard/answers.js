// The three questions, each with its answer in short.
import { byId, chip, setText } from "./dom.js";
import { auditInShort } from "./audit.js";
import { WAITS, stateOf } from "./limits.js";
import { count, percent, plural, seconds } from "./text.js";

function limitInShort(apis) {
  if (apis.length === 0) return ["none", "No API", "the gate names none"];
  const rank = (api) => (api.stopped ? 1e9 : 0) + (api.wait ?? 0) * 1000 + (api.inUse ?? 0);
  const [worst, ...others] = [...apis].sort((a, b) => rank(b) - rank(a));
  const who = worst.busiest || worst.clients[0]?.name;
  const state = stateOf(worst)[1];
  const waits = state === WAITS && worst.waiting > 0 ? `${plural(worst.waiting, "request")} ${worst.waiting === 1 ? "waits" : "wait"}, up to ${seconds(worst.oldest)}` : state === "free" ? "no request waits" : state;
  const rest = others.slice(0, 2).map((api) => `${api.name} ${percent(api.inUse)}`).join(", ");
  return [stateOf(worst)[0], `${worst.name} ${percent(worst.inUse)}${who ? `, mostly ${who}` : ""}`, [waits, rest].filter(Boolean).join("; ")];
}

// `cause`: the most frequent one of these five minutes, or null.
function refusalsInShort(sums, cause) {
  const total = sums.deny + sums.refuse + sums.failed;
  const head = total === 0 ? "None in 5 minutes" : `${count(total)} in 5 minutes`;
  const parts = [["deny", "denied"], ["refuse", "refused"], ["failed", "failed"]].filter(([kind]) => sums[kind] > 0).map(([kind, word]) => `${count(sums[kind])} ${word}`);
  const why = total > 0 && cause ? `most often ${cause.client ? `${cause.client}: ` : ""}${cause.why}` : "";
  return [sums.failed > 0 ? "warn" : "none", head, [parts.join(", "), why].filter(Boolean).join("; ") || "nothing was denied, refused or has failed"];
}

export function makeAnswers() {
  const slots = ["limit", "refused", "audit"].map((name) => {
    const state = chip();
    byId(`answer-${name}`).prepend(state.node);
    return { state, detail: byId(`answer-${name}-detail`) };
  });
  return {
    update(status, recent, cause) {
      [limitInShort(status.apis), refusalsInShort(recent.sums(), cause), auditInShort(status.audit)].forEach(([level, head, detail], i) => {
        slots[i].state.set(level, head);
        setText(slots[i].detail, detail);
      });
    },
  };
}
