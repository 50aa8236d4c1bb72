// A day's history in memory: columns of numbers, one sample each ten seconds, of bounded length. NaN where there is none.

const MOST_SAMPLES = 8640;
const LEAST_SAMPLES = 360; // a gate that has just begun has an hour of which most is empty
const MOST = { apis: 12, webhooks: 24 };
const API_COLUMNS = ["in_use", "sent_per_second", "waiting", "wait_seconds", "rejections"];
const WEBHOOK_COLUMNS = ["backlog", "lag_seconds"];
export const DECISIONS = ["allow", "deny", "refuse", "failed"];

function column(given, count) {
  const values = new Float64Array(count).fill(NaN);
  if (!Array.isArray(given)) return values;
  const skip = Math.max(0, given.length - count); // the newest, should they be more than was said
  for (let i = 0; i < count && i + skip < given.length; i++) {
    const value = given[i + skip];
    if (typeof value === "number" && Number.isFinite(value) && value >= 0) values[i] = Math.min(value, 1e15);
  }
  return values;
}

// {from, step, count, columns: Map of [kind, measure, name] as JSON}. null when it is no history.
function read(json) {
  const from = Date.parse(json?.from);
  const step = json?.interval_seconds * 1000;
  const given = json?.count;
  if (!(from > 0) || !(step >= 1000 && step <= 3_600_000) || !Number.isInteger(given) || given < 1 || given > 1e6) return null;
  const count = Math.min(given, MOST_SAMPLES);
  const columns = new Map();
  const take = (kind, measure, name, values) => columns.set(JSON.stringify([kind, measure, name]), column(values, count));
  const named = (list, most) => (Array.isArray(list) ? list.slice(0, most).filter((entry) => typeof entry?.name === "string") : []);
  for (const api of named(json.apis, MOST.apis)) for (const measure of API_COLUMNS) take("api", measure, api.name, api[measure]);
  for (const hook of named(json.webhooks, MOST.webhooks)) for (const measure of WEBHOOK_COLUMNS) take("webhook", measure, hook.name, hook[measure]);
  for (const kind of DECISIONS) take("requests", kind, "", json.requests?.[kind]);
  return { from: from + (given - count) * step, step, count, empty: 0, columns };
}

// With `more` samples of nothing before the first, or without as many of the first.
function shifted(day, more) {
  const columns = new Map();
  for (const [key, values] of day.columns) {
    const moved = new Float64Array(day.count + more).fill(NaN);
    if (more > 0) moved.set(values, more);
    else moved.set(values.subarray(-more));
    columns.set(key, moved);
  }
  return { ...day, from: day.from - more * day.step, count: day.count + more, empty: Math.max(0, day.empty + more), columns };
}

export function makeDay() {
  let day = null;
  const end = () => (day ? day.from + day.count * day.step : 0); // when the next sample is due

  return {
    present: () => day !== null,
    from: () => day.from,
    step: () => day.step,
    count: () => day?.count ?? 0,
    last: () => (day ? end() - day.step : 0),

    // Whether it was a history.
    load(json) {
      const next = read(json);
      if (next) day = next.count < LEAST_SAMPLES ? shifted(next, LEAST_SAMPLES - next.count) : next;
      return next !== null;
    },

    // Adds the samples after the last. False when they do not follow it: then the whole is to be loaded again.
    extend(json) {
      if (json?.count === 0) return true;
      const next = read(json);
      if (!day || !next || next.step !== day.step) return false;
      const missing = Math.round((next.from - end()) / day.step);
      if (missing < 0 || missing > 6) return false;
      const count = day.count + missing + next.count;
      const columns = new Map();
      for (const [key, added] of next.columns) {
        const values = new Float64Array(count).fill(NaN);
        if (day.columns.has(key)) values.set(day.columns.get(key));
        values.set(added, day.count + missing);
        columns.set(key, values);
      }
      const less = Math.max(Math.min(day.empty, count - day.count), count - MOST_SAMPLES);
      day = shifted({ ...day, count, columns }, -less);
      return true;
    },

    // The names of what has a measure, in the gate's order.
    names: (kind, measure) => [...(day?.columns.keys() ?? [])].map((key) => JSON.parse(key)).filter(([k, m]) => k === kind && m === measure).map(([, , name]) => name),
    values: (kind, measure, name) => day?.columns.get(JSON.stringify([kind, measure, name])) ?? new Float64Array(0),
  };
}

// At most two points for each pixel: the least and the greatest of the samples in it, in the order in which they came, so that no
// peak is lost. Gives [x in 0..width, value], or null for a gap.
export function decimate(values, width) {
  const count = values.length;
  const x = (i) => (count > 1 ? (i / (count - 1)) * width : width);
  const points = [];
  if (count <= 2 * width) {
    for (let i = 0; i < count; i++) points.push(Number.isNaN(values[i]) ? null : [x(i), values[i]]);
    return points;
  }
  for (let pixel = 0; pixel < width; pixel++) {
    const end = Math.floor(((pixel + 1) * count) / width);
    let least = -1;
    let most = -1;
    for (let i = Math.floor((pixel * count) / width); i < end; i++) {
      if (Number.isNaN(values[i])) continue;
      if (least < 0 || values[i] < values[least]) least = i;
      if (most < 0 || values[i] > values[most]) most = i;
    }
    if (least < 0) {
      points.push(null);
      continue;
    }
    const [first, second] = least < most ? [least, most] : [most, least];
    points.push([x(first), values[first]]);
    if (second !== first) points.push([x(second), values[second]]);
  }
  return points;
}
