// A gate that is made up, for trying the dashboard and for what a real gate cannot show in a test: a day's history, thirty clients,
// trouble of every kind, names that are markup, and answers that are no status at all. Given the same time it says the same.

export const MARKUP = `<img src=x onerror="window.__pwned=1"><script>window.__pwned=1</script>`;

const APIS = [
  { name: "push", upstream: "api.pushsecurity.com", rate: 10, busy: 0.92, clients: 30 },
  { name: "securenvoy", upstream: "acme.eu.securenvoy.directory", rate: 10, busy: 0.38, clients: 6 },
  { name: "push-eu", upstream: "eu.pushsecurity.example", rate: 2.5, busy: 0.08, clients: 2 },
];
const NAMES = ["soar", "siem", "edr-sync", "hr-onboarding", "reports", "nightly-export", MARKUP, "a-client-with-a-name-that-is-far-too-long-for-any-column-of-a-table"];
const client = (index) => NAMES[index] ?? `runner-${index}`;

// Steady noise in 0..1.
const noise = (seed) => {
  const value = Math.sin(seed * 12.9898) * 43758.5453;
  return value - Math.floor(value);
};
const round = (value) => Number(value.toPrecision(3));
const iso = (time) => new Date(time).toISOString();

// How much of an API's limit is in use at a time: a day's wave, a nightly export, and noise.
function use(api, time) {
  const hour = (time / 3_600_000) % 24;
  const wave = 0.55 + 0.4 * Math.sin(((hour - 8) / 24) * 2 * Math.PI);
  const burst = hour % 6 < 0.4 ? 0.9 : 0;
  const slow = 0.25 * Math.sin(time / 37_000 + api.rate);
  return Math.max(0, Math.min(1, api.busy * wave + burst * api.busy + slow * api.busy + 0.15 * (noise(Math.floor(time / 1000) + api.rate) - 0.5)));
}

function clientsOf(api, inUse, waiting) {
  const weights = Array.from({ length: Math.min(api.clients, 20) }, (_, i) => (0.4 + noise(i + api.rate)) / (i + 1));
  const sum = weights.reduce((a, b) => a + b);
  return weights.map((weight, i) => ({
    name: client(i), share: round(weight / sum), per_second: round((weight / sum) * inUse * api.rate),
    waiting: Math.round(waiting * [0.7, 0.1, 0.2][i]) || 0,
  }));
}

function apiOf(api, time) {
  const inUse = use(api, time);
  const waiting = inUse > 0.85 ? Math.round((inUse - 0.85) * 200) : 0;
  const held = api.name === "push-eu" && Math.floor(time / 1000) % 60 < 8;
  return {
    name: api.name, upstream: api.upstream,
    limit: { rate: api.rate, burst: api.rate, in_use: round(inUse), per_second: round(inUse * api.rate), held_seconds: held ? 2.5 : 0, rejections: held ? 4 : 3 },
    wait_seconds: held ? 2.5 : round(waiting / api.rate), waiting, oldest_seconds: waiting ? round(waiting / api.rate + 0.3) : 0,
    clients: clientsOf(api, inUse, waiting), busiest: waiting ? client(0) : null,
    keys: [{ key: "read", fingerprint: "sha256:5f2a91c0", state: "usable" },
           api.name === "securenvoy" ? { key: "full", fingerprint: "sha256:90aa17be", state: "refused", upstream_status: 401, refused_at: iso(time - 900_000) }
                                     : { key: "full", fingerprint: "sha256:c41d00ee", state: "usable" }],
    connections: { active: Math.round(inUse * 6), idle: 2 },
  };
}

const HASH = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

export function status(time, started = time - 7_300_000) {
  const up = Math.max(0, Math.floor((time - started) / 1000));
  const behind = Math.floor(time / 1000) % 240;
  return {
    version: "0.1.0", instance: "gate-1.example", time: iso(time), started: iso(started), uptime_seconds: up, draining: false, ready: true,
    parts: [
      { name: "configuration", ready: true, detail: "policy.yaml:14:7: error: unknown operation 'push.employees.merg', did you mean 'push.employees.merge'?" },
      { name: "policy", ready: true, detail: "ok" }, { name: "credentials", ready: true, detail: "securenvoy full key refused with 401" },
      { name: "audit", ready: true, detail: "ok" }, { name: "rate_limit_store", ready: true, detail: "ok" },
      { name: "webhook:siem", ready: true, detail: "ok" }, { name: "webhook:channel", ready: true, detail: "behind: connection refused" },
      { name: "webhook:old", ready: true, detail: "disabled: it answered 410" }, { name: "serving", ready: true, detail: "ok" },
    ],
    policy: { file: "/etc/sluice/policy.yaml", sha256: HASH, rules: 14, since: iso(started) },
    reload: {
      cause: "policy.yaml changed", time: iso(time - 4_000_000), taken_up: false, count: { taken_up: 3, rejected: 1 },
      findings: [{ file: "/etc/sluice/policy.yaml", line: 14, column: 7, severity: "error", rule: "unknown-operation", message: "unknown operation 'push.employees.merg', did you mean 'push.employees.merge'?" }],
    },
    workers: 2, connections: 41, streams: 1,
    requests: { allow: 128_400 + up * 9, deny: 240 + Math.floor(up / 7), refuse: 96 + Math.floor(up / 11), failed: 4 + Math.floor(up / 900) },
    shadow: { "office-hours": 211, "no-bulk-merge": 3 },
    apis: APIS.map((api) => apiOf(api, time)),
    rate_limit_store: { up: true, detail: "ok", apis: APIS.map(({ name }) => ({ name, standing: "shares", seats: { shared: 2, all: 3 } })) },
    audit: {
      usable: true, trouble: "", last_sequence: 391_204 + up * 12,
      checkpoints: { key: "ed25519:7d1f", sequence: 391_000 + up * 12, time: iso(time - 42_000), trouble: "" },
      webhooks: [
        { name: "siem", backlog: 2, lag_seconds: 0.4, delivered: 391_000 + up * 12, failed: 3, dead_letters: 0, suspended: false, disabled: false, last_error: "" },
        { name: "channel", backlog: 40 + behind, lag_seconds: 190 + behind, delivered: 4_120, failed: 12, dead_letters: 1, suspended: false, disabled: false, last_error: "connect to 10.1.2.3:443: connection refused" },
        { name: "old", backlog: 0, lag_seconds: 0, delivered: 880, failed: 1, dead_letters: 0, suspended: false, disabled: true, last_error: "the receiver answered 410" },
      ],
    },
  };
}

const DENIALS = [
  { type: "denied", client: "soar", api: "push", operation: "push.employees.merge", method: "POST", path: "/v1/employees/e1/merge", status: 403, reason: "At most two employees may be merged at once.", rules: ["merge-cap"] },
  { type: "denied", client: "siem", api: "securenvoy", operation: "securenvoy.credentials.get", method: "GET", path: "/credentials/u1", status: 403, reason: "no rule allows it", rules: [] },
  { type: "refused", client: null, api: "push", operation: null, method: "GET", path: "/v1/employees", status: 401, reason: "the token is no client's", rules: [] },
  { type: "denied", client: MARKUP, api: "push", operation: "push.unknown", method: "GET", path: `/v1/${MARKUP}`, status: 403, reason: MARKUP, rules: [MARKUP, "no-credential-writes"] },
  { type: "refused", client: "nightly-export", api: "push", operation: "push.accounts.list", method: "GET", path: "/v1/accounts?limit=200&after=eyJpZCI6ImFjY18wMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAifQ%3D%3D", status: 429, reason: "a turn would come after 12 s, later than the queue's max_wait of 9 s", rules: [] },
  { type: "failed", client: "edr-sync", api: "securenvoy", operation: "securenvoy.users.list", method: "GET", path: "/users", status: 504, reason: "the vendor did not answer within 30 s", rules: [] },
  { type: "denied", client: "reports", api: "push", operation: "push.unknown", method: "DELETE", path: "/v1/\u202egnp.exe\u0007\u001b[31m/%00", status: 403, reason: "Credentials are changed in the SecurEnvoy console only.", rules: ["no-credential-writes", "no-deletions"] },
];

export function denial(number, time) {
  const hex = (1_000_000 + number * 7919).toString(16).padStart(12, "0");
  return { id: String(number), time: iso(time), request_id: `0192f3a0-7c1e-7a44-9d3e-${hex}`, source_ip: `10.2.3.${number % 250}`, ...DENIALS[number % DENIALS.length] };
}

// `count` samples until `time`; or those after `since`.
export function history(time, count = 8640, since = 0) {
  const step = 10_000;
  const last = Math.floor(time / step) * step;
  const first = Math.max(last - (count - 1) * step, since ? Math.floor(since / step) * step + step : 0);
  const times = [];
  for (let at = first; at <= last; at += step) times.push(at);
  const column = (of) => times.map((at, i) => { const value = of(at, i); return value === null ? null : round(value); });
  const wait = (api, at) => Math.max(0, use(api, at) - 0.85) * 20;
  return {
    interval_seconds: 10, from: iso(first), count: times.length,
    apis: APIS.map((api, n) => ({
      name: api.name,
      sent_per_second: column((at) => (n === 2 && at < last - 30_000_000 ? null : use(api, at) * api.rate)),
      in_use: column((at) => (n === 2 && at < last - 30_000_000 ? null : use(api, at))),
      waiting: column((at) => Math.round(wait(api, at) * api.rate)), wait_seconds: column((at) => wait(api, at)),
      rejections: column((at) => (noise(at / 1000 + n) > 0.998 ? 1 : 0)),
    })),
    requests: {
      allow: column((at) => Math.round(90 * use(APIS[0], at))), deny: column((at) => Math.floor(noise(at / 1000) * noise(at / 7000) * 4)),
      refuse: column((at) => Math.floor(noise(at / 3000) * 2.2)), failed: column((at) => (noise(at / 5000) > 0.997 ? 2 : 0)),
    },
    webhooks: ["siem", "channel"].map((name, n) => ({
      name, backlog: column((at) => (n ? Math.max(0, 400 * Math.sin(at / 9_000_000)) : noise(at / 1000) * 4)),
      lag_seconds: column((at) => (n ? Math.max(0, 300 * Math.sin(at / 9_000_000)) : noise(at / 2000))),
    })),
  };
}

// Answers that are JSON and no status: what a page has to bear.
export function hostile(time) {
  const huge = 1e308;
  const clients = Array.from({ length: 10_000 }, (_, i) => ({ name: i % 2 ? MARKUP : "x".repeat(i < 100 ? 5000 : 50), waiting: i % 3 ? huge : -5, per_second: i % 5 ? null : huge, share: i % 7 ? 7e9 : "much" }));
  const broken = status(time);
  return [
    null, [], 7, "text", {}, { apis: null, audit: 5, parts: "no", requests: [], policy: null, shadow: null, ready: "yes" },
    { ...broken, time: "not a time", started: 1e30, apis: [null, 7, "x", {}, { name: MARKUP, limit: null, clients: null, keys: 9 }, { ...apiOf(APIS[0], time), wait_seconds: null }] },
    { ...broken, ready: false, parts: Array.from({ length: 5000 }, (_, i) => ({ name: MARKUP, ready: i % 2 === 0, detail: i % 3 ? MARKUP : null })),
      requests: { allow: huge, deny: -huge, refuse: "1", failed: null }, shadow: Object.fromEntries(Array.from({ length: 5000 }, (_, i) => [`rule-${i}${MARKUP}`, huge])),
      policy: { file: "f".repeat(100_000), sha256: MARKUP, rules: huge, since: -huge },
      apis: Array.from({ length: 500 }, (_, i) => ({ ...apiOf(APIS[0], time), limit: { rate: 0, burst: -1, in_use: huge, per_second: huge, held_seconds: huge, rejections: huge }, wait_seconds: huge, waiting: huge, oldest_seconds: huge, clients: i < 2 ? clients : [], busiest: MARKUP, keys: Array(i < 2 ? 1000 : 1).fill({ key: MARKUP, state: MARKUP }) })),
      audit: { usable: false, trouble: MARKUP, last_sequence: huge, checkpoints: { time: huge }, webhooks: Array(3000).fill({ name: MARKUP, backlog: huge, lag_seconds: -huge, last_error: MARKUP, disabled: "no" }) } },
  ];
}
