// The last five minutes, in memory: at most 300 points of each line, one a second.

const SPAN = 300_000; // ms
const MOST = 300;
const MOST_LINES = 24;

export function makeRecent() {
  const uses = new Map(); // of an API's name: [{time, use, waiting, held}]
  let decisions = []; // [{time, span, allow, deny, refuse, failed}]: counts within `span` ms
  let totals = null;

  const trimmed = (points, now) => points.filter((point) => point.time > now - SPAN).slice(-MOST);
  const columnsOf = (given, names) => {
    const from = Date.parse(given?.from);
    const step = given?.interval_seconds * 1000;
    const count = Math.min(given?.count, 100_000);
    if (!(from > 0 && step > 0 && count > 0)) return [];
    const first = Math.max(0, count - Math.ceil(SPAN / step));
    return Array.from({ length: count - first }, (_, i) => ({ time: from + (first + i) * step, span: step, index: first + i }));
  };
  const finite = (value) => (typeof value === "number" && Number.isFinite(value) && value >= 0 ? Math.min(value, 1e15) : null);

  return {
    span: SPAN,
    use: (name) => uses.get(name) ?? [],
    decisions: () => decisions,

    // How many of each decision in these five minutes.
    sums() {
      const sums = { allow: 0, deny: 0, refuse: 0, failed: 0 };
      for (const point of decisions) for (const kind of Object.keys(sums)) sums[kind] += point[kind] ?? 0;
      return sums;
    },

    // Per second over the last 10 s.
    rate(kind, now) {
      const points = decisions.filter((point) => point.time > now - 10_500);
      const span = points.reduce((sum, point) => sum + point.span, 0);
      return span ? (points.reduce((sum, point) => sum + point[kind], 0) / span) * 1000 : null;
    },

    add(status) {
      const now = status.time;
      for (const api of status.apis) {
        const points = uses.get(api.name) ?? [];
        if (points.length && points.at(-1).time >= now) points.length = points.at(-1).time > now + 5000 ? 0 : points.length - 1; // the clock went back
        points.push({ time: now, use: api.inUse, waiting: api.waiting, held: (api.held ?? 0) > 0 });
        uses.set(api.name, trimmed(points, now));
      }
      for (const name of uses.keys()) if (uses.size > MOST_LINES && !status.apis.some((api) => api.name === name)) uses.delete(name);
      const kinds = Object.keys(status.requests);
      const before = totals;
      totals = { time: now, ...status.requests };
      if (!before || now <= before.time) return;
      const point = { time: now, span: now - before.time };
      for (const kind of kinds) point[kind] = Math.max(0, (totals[kind] ?? 0) - (before[kind] ?? 0));
      const restarted = kinds.some((kind) => (totals[kind] ?? 0) < (before[kind] ?? 0));
      if (!restarted && point.span < SPAN) decisions.push(point);
      decisions = trimmed(decisions, now);
    },

    // What was before the page was opened, from the day's history.
    begin(history) {
      const rows = columnsOf(history);
      for (const api of Array.isArray(history?.apis) ? history.apis.slice(0, MOST_LINES) : []) {
        if (typeof api?.name !== "string") continue;
        const points = uses.get(api.name) ?? [];
        const first = points[0]?.time ?? Infinity;
        const old = rows.filter((row) => row.time < first).map((row) => ({ time: row.time, use: finite(api.in_use?.[row.index]), waiting: finite(api.waiting?.[row.index]), held: false }));
        uses.set(api.name, [...old, ...points].slice(-MOST));
      }
      const first = decisions.length ? decisions[0].time - decisions[0].span : totals?.time ?? Infinity;
      const old = rows.filter((row) => row.time <= first).map((row) => {
        const point = { time: row.time, span: row.span };
        for (const kind of ["allow", "deny", "refuse", "failed"]) point[kind] = finite(history.requests?.[kind]?.[row.index]) ?? 0;
        return point;
      });
      decisions = [...old, ...decisions].slice(-MOST);
    },
  };
}
