// What /status and /events say, as the views may rely on it: every field there, of its type, bounded. A number that is none is
// null, a text that is none is "", and lists are cut: a broken gate must not break the page that shows so.
import { visible } from "./text.js";

const MOST = { apis: 24, clients: 20, parts: 60, webhooks: 60, keys: 12, findings: 20, rules: 60, tags: 12 };

const number = (value, least = 0) => (typeof value === "number" && Number.isFinite(value) ? Math.min(Math.max(value, least), 1e15) : null);
const text = (value, most) => (typeof value === "string" ? visible(value, most) : typeof value === "number" ? String(value) : "");
const record = (value) => (value !== null && typeof value === "object" && !Array.isArray(value) ? value : {});
const list = (value, most) => (Array.isArray(value) ? value.slice(0, most) : []);
const LAST_TIME = 8.64e15; // of a Date
function time(value) {
  const at = typeof value === "string" ? Date.parse(value) : typeof value === "number" ? value : NaN;
  return Number.isFinite(at) && at > 0 && at < LAST_TIME ? at : null;
}

function apiOf(given) {
  const api = record(given);
  const limit = record(api.limit);
  const clients = list(api.clients, MOST.clients).map((entry) => {
    const client = record(entry);
    return { name: text(client.name, 120) || "no name", waiting: number(client.waiting), perSecond: number(client.per_second), share: number(client.share) };
  });
  return {
    name: text(api.name, 80) || "no name", upstream: text(api.upstream, 120),
    rate: number(limit.rate), burst: number(limit.burst), inUse: number(limit.in_use), perSecond: number(limit.per_second),
    held: number(limit.held_seconds), rejections: number(limit.rejections),
    stopped: api.wait_seconds === null, wait: number(api.wait_seconds), waiting: number(api.waiting), oldest: number(api.oldest_seconds),
    clients, busiest: text(api.busiest, 120),
    keys: list(api.keys, MOST.keys).map((entry) => {
      const key = record(entry);
      return { name: text(key.key, 80), fingerprint: text(key.fingerprint, 80), state: text(key.state, 40), status: number(key.upstream_status), refusedAt: time(key.refused_at) };
    }),
    connections: { active: number(record(api.connections).active), idle: number(record(api.connections).idle) },
  };
}

function reloadOf(given) {
  const reload = record(given);
  const tally = record(reload.count);
  return {
    cause: text(reload.cause, 200), time: time(reload.time), takenUp: reload.taken_up !== false,
    counts: { takenUp: number(tally.taken_up), rejected: number(tally.rejected) },
    findings: list(reload.findings, MOST.findings).map((entry) => {
      const finding = record(entry);
      const place = [text(finding.file, 200), text(finding.line), text(finding.column)].filter(Boolean).join(":");
      return { place, severity: text(finding.severity, 20), message: text(finding.message, 500) };
    }),
  };
}

function auditOf(given) {
  const audit = record(given);
  const points = record(audit.checkpoints);
  return {
    usable: typeof audit.usable === "boolean" ? audit.usable : null, trouble: text(audit.trouble), lastSequence: number(audit.last_sequence),
    checkpoints: { key: text(points.key, 300), sequence: number(points.sequence), time: time(points.time), trouble: text(points.trouble) },
    webhooks: list(audit.webhooks, MOST.webhooks).map((entry) => {
      const hook = record(entry);
      return {
        name: text(hook.name, 80) || "no name", backlog: number(hook.backlog), lag: number(hook.lag_seconds), delivered: number(hook.delivered),
        failed: number(hook.failed), deadLetters: number(hook.dead_letters), suspended: hook.suspended === true, disabled: hook.disabled === true,
        lastError: text(hook.last_error),
      };
    }),
  };
}

function storeOf(given) {
  if (given === undefined || given === null) return null;
  const store = record(given);
  return {
    up: store.up === true, detail: text(store.detail),
    apis: list(store.apis, MOST.apis).map((entry) => {
      const api = record(entry);
      return { name: text(api.name, 80), standing: text(api.standing, 80), shared: number(record(api.seats).shared), all: number(record(api.seats).all) };
    }),
  };
}

export function readStatus(given, now) {
  const status = record(given);
  const requests = record(status.requests);
  const policy = record(status.policy);
  return {
    version: text(status.version, 40), instance: text(status.instance, 80), time: time(status.time) ?? now, started: time(status.started),
    uptime: number(status.uptime_seconds), ready: typeof status.ready === "boolean" ? status.ready : null, draining: status.draining === true,
    workers: number(status.workers), connections: number(status.connections), streams: number(status.streams),
    parts: list(status.parts, MOST.parts).map((entry) => {
      const part = record(entry);
      return { name: text(part.name, 80) || "no name", ready: part.ready !== false, detail: text(part.detail) };
    }),
    requests: { allow: number(requests.allow), deny: number(requests.deny), refuse: number(requests.refuse), failed: number(requests.failed) },
    shadow: Object.entries(record(status.shadow)).slice(0, MOST.rules).map(([rule, times]) => ({ rule: visible(rule, 80), times: number(times) })),
    policy: { file: text(policy.file, 300), sha256: text(policy.sha256, 64), rules: number(policy.rules), since: time(policy.since) },
    reload: reloadOf(status.reload), apis: list(status.apis, MOST.apis).map(apiOf), store: storeOf(status.rate_limit_store), audit: auditOf(status.audit),
  };
}

const TYPES = ["denied", "refused", "failed"];

export function readDenial(given) {
  const entry = record(given);
  const at = time(entry.time);
  const id = text(entry.request_id, 80);
  return {
    key: `${text(entry.id, 40)} ${id} ${at}`, id, time: at, type: TYPES.includes(entry.type) ? entry.type : "refused", client: text(entry.client, 120),
    source: text(entry.source_ip, 60), api: text(entry.api, 80), operation: text(entry.operation, 120), method: text(entry.method, 20),
    path: text(entry.path, 1000), status: number(entry.status), reason: text(entry.reason, 500),
    rules: list(entry.rules, MOST.tags).map((rule) => text(rule, 80)).filter(Boolean),
  };
}
