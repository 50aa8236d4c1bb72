// What all charts share: paths of lines and areas, and reading a value by pointer, touch or keyboard.
import { el, setAttribute } from "./dom.js";

const near = (value) => Math.round(value * 100) / 100;

// Points are [x, y] or null for a gap. Returns {line, area}; the area goes down to `base`.
export function paths(points, base) {
  let line = "";
  let area = "";
  let start = null;
  let last = null;
  const close = () => {
    if (last) area += `V${near(base)}H${near(start[0])}Z`;
    last = null;
  };
  for (const point of points) {
    if (!point) {
      close();
      continue;
    }
    const [x, y] = [near(point[0]), near(point[1])];
    line += last ? `L${x} ${y}` : `M${x} ${y}h.01`; // a dot, should it stay alone
    area += last ? `L${x} ${y}` : `M${x} ${y}`;
    if (!last) start = point;
    last = point;
  }
  close();
  return { line, area };
}

// A surface on which a value is read. chart: {count(), places() -> the fraction of the width of each value's place by
// place(i), nearest(fraction), step(), page(), describe(i) -> text, read(i or null)}.
export function reader(surface, label, chart) {
  const cursor = el("div", { class: "cursor", hidden: true });
  surface.append(cursor);
  setAttribute(surface, "role", "slider");
  setAttribute(surface, "tabindex", "0");
  setAttribute(surface, "aria-label", label);
  setAttribute(surface, "aria-valuemin", 0);
  let chosen = null;

  function refresh() {
    const last = Math.max(0, chart.count() - 1);
    if (chosen !== null) chosen = Math.min(chosen, last);
    const at = chosen ?? last;
    setAttribute(surface, "aria-valuemax", last);
    setAttribute(surface, "aria-valuenow", at);
    setAttribute(surface, "aria-valuetext", chart.count() ? chart.describe(at) : "no value yet");
    setAttribute(cursor, "hidden", chosen === null || !chart.count());
    if (chosen !== null && chart.count()) cursor.style.setProperty("inset-inline-start", `${near(chart.place(chosen) * 100)}%`);
    chart.read(chosen !== null && chart.count() ? chosen : null);
  }

  function choose(index) {
    chosen = index === null || !chart.count() ? null : Math.min(Math.max(index, 0), chart.count() - 1);
    refresh();
  }

  const pointed = (event) => {
    const box = surface.getBoundingClientRect();
    choose(chart.nearest((event.clientX - box.left) / box.width));
  };
  surface.addEventListener("pointermove", pointed);
  surface.addEventListener("pointerdown", pointed);
  surface.addEventListener("pointerleave", (event) => event.pointerType === "mouse" && choose(null));
  surface.addEventListener("blur", () => choose(null));
  surface.addEventListener("keydown", (event) => {
    const at = chosen ?? chart.count() - 1;
    const step = event.shiftKey ? 1 : chart.step();
    const moves = {
      ArrowLeft: at - step, ArrowDown: at - step, ArrowRight: at + step, ArrowUp: at + step,
      PageDown: at - chart.page(), PageUp: at + chart.page(), Home: 0, End: chart.count() - 1, Escape: null,
    };
    if (!(event.key in moves) || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    choose(moves[event.key]);
  });
  refresh();
  return { refresh, choose, chosen: () => chosen };
}
