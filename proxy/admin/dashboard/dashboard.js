// The dashboard of a gate: brings the gate's news to what shows them, once a frame, and not at all while nobody looks.
import { makeAnswers } from "./answers.js";
import { makeAudit } from "./audit.js";
import { makeDay } from "./day.js";
import { byId, chip, setAttribute, setText } from "./dom.js";
import { fetchHistory, startFeed } from "./feed.js";
import { makeHistory } from "./history.js";
import { makeLimits } from "./limits.js";
import { readDenial, readStatus } from "./model.js";
import { makeRecent } from "./recent.js";
import { makeDecisions, makeDenials } from "./refusals.js";
import { makeStanding, overall } from "./standing.js";
import { NONE, clockTime, plural, seconds, utc, zoneName } from "./text.js";

const LINKS = { connecting: ["wait", "connecting"], live: ["ok", "live"], polling: ["warn", "asked every 2 s"], silent: ["warn", "no news"], lost: ["bad", "connection lost"] };
const HISTORY_EACH = 10_000; // ms

const recent = makeRecent();
const day = makeDay();
let status = null;
let link = "connecting";
let unseen = 0;
let drawing = false;
let startedBefore = null;

const denials = makeDenials(redraw);
const history = makeHistory(day);
const decisions = makeDecisions(byId("decisions"));
const limits = makeLimits(byId("api-cards"), byId("api-empty"));
const views = [makeAudit(), makeStanding()];
const answers = makeAnswers();
const linkChip = chip();
byId("link").append(linkChip.node);
const stateChip = chip();
byId("state").prepend(stateChip.node);

function drawTop() {
  const [level, word, why] = overall(status, link);
  stateChip.set(level, word);
  setAttribute(byId("state"), "data-level", level);
  setText(byId("state-why"), why);
  setAttribute(byId("state-why"), "title", why);
  linkChip.set(...LINKS[link]);
  setAttribute(document.body, "data-link", link);
  setText(byId("announce"), `The gate: ${word}`);
  document.title = `${unseen ? `(${unseen > 99 ? "99+" : unseen}) ` : ""}${word} – sluice${status?.instance ? ` ${status.instance}` : ""}`;
  if (!status) return;
  setText(byId("instance"), status.instance);
  setText(byId("clock"), `${clockTime(status.time)} ${zoneName(status.time)}`);
  setAttribute(byId("clock"), "title", utc(status.time));
  setText(byId("about"), [status.version && `sluice ${status.version}`, `up ${seconds(status.uptime)}`, plural(status.workers ?? 0, "worker"), plural(status.connections ?? 0, "connection"), `${plural(status.streams ?? 0, "page")} open`].join(" · "));
  setAttribute(byId("about"), "title", status.started === null ? null : `started ${utc(status.started)}`);
}

function draw() {
  drawing = false;
  if (document.hidden) return;
  unseen = 0;
  drawTop();
  denials.update();
  if (!status) return;
  answers.update(status, recent, denials.leading(status.time - recent.span));
  limits.update(status, recent);
  decisions.update(status, recent);
  views.forEach((view) => view.update(status));
}

// While the tab is hidden only its title follows.
function redraw() {
  if (document.hidden) return drawTop();
  if (drawing) return;
  drawing = true;
  requestAnimationFrame(draw);
}

async function followHistory() {
  if (document.hidden && day.present()) return;
  const added = day.present() ? await fetchHistory(day.last()) : null;
  if (!added || !day.extend(added)) {
    const whole = await fetchHistory(0);
    if (!whole) return;
    const first = !day.present();
    if (!day.load(whole)) return;
    if (first) recent.begin(whole);
  }
  if (!document.hidden) history.draw();
  redraw();
}

startFeed({
  status(json) {
    status = readStatus(json, Date.now());
    recent.add(status);
    if (status.started !== null && status.started !== startedBefore) {
      if (startedBefore !== null) followHistory();
      startedBefore = status.started;
    }
    denials.begin(status.time);
    redraw();
  },
  denial(json) {
    if (denials.add(readDenial(json)) && document.hidden) unseen += 1;
    redraw();
  },
  link(state) {
    link = state;
    redraw();
  },
});
document.addEventListener("visibilitychange", () => {
  if (document.hidden) return;
  redraw();
  followHistory();
});
followHistory();
setInterval(followHistory, HISTORY_EACH);
setText(byId("clock"), NONE);
redraw();
