// The gate's news: its event stream, or its status asked for again and again where there is no stream to be had.
// EventSource connects again by itself; what it gives up on (an answer that is no stream) is tried anew from here.

const POLL = 2000; // ms
const STREAM_AGAIN = 30_000; // while polling
const SILENT = 5000; // a stream says something each second
const DEAD = 15_000;

const parsed = (text) => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

// on.status(json), on.denial(json), on.link(state): live, polling, silent or lost. Each is called for news only.
export function startFeed(on) {
  let source = null;
  let news = performance.now();
  let triedAt = 0;
  let state = "";

  function link(next) {
    if (next === state) return;
    state = next;
    on.link(next);
  }

  function heard(kind, data) {
    const json = typeof data === "string" ? parsed(data) : data;
    if (json === undefined) return;
    news = performance.now();
    if (source) link("live");
    on[kind](json);
  }

  async function poll() {
    try {
      const answer = await fetch("/status", { signal: AbortSignal.timeout(5000), cache: "no-store" });
      if (!answer.ok) throw new Error(`status ${answer.status}`);
      const json = await answer.json();
      link("polling");
      heard("status", json);
      if (Array.isArray(json?.latest_denials)) json.latest_denials.slice(0, 200).reverse().forEach((entry) => heard("denial", entry));
      setTimeout(performance.now() - triedAt > STREAM_AGAIN ? open : poll, POLL);
    } catch {
      link("lost");
      setTimeout(open, POLL);
    }
  }

  function close() {
    source?.close();
    source = null;
  }

  function open() {
    close();
    triedAt = news = performance.now();
    const stream = new EventSource("/events");
    source = stream;
    stream.addEventListener("status", (event) => heard("status", event.data));
    stream.addEventListener("denial", (event) => heard("denial", event.data));
    stream.addEventListener("error", () => {
      if (source !== stream) return;
      if (stream.readyState !== EventSource.CLOSED) return link("lost");
      close();
      poll();
    });
  }

  // A connection may die without a word.
  setInterval(() => {
    if (!source || state !== "live" && state !== "silent") return;
    const quiet = performance.now() - news;
    if (quiet > DEAD) {
      link("lost");
      open();
    } else if (quiet > SILENT) {
      link("silent");
    }
  }, 1000);
  open();
}

// The samples of the day, or those after `since` (ms). null when they cannot be had.
export async function fetchHistory(since) {
  try {
    const query = since ? `?since=${encodeURIComponent(new Date(since).toISOString())}` : "";
    const answer = await fetch(`/history${query}`, { signal: AbortSignal.timeout(20_000), cache: "no-store" });
    return answer.ok ? await answer.json() : null;
  } catch {
    return null;
  }
}
