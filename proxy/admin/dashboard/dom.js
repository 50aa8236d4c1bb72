// Elements, text and attributes: the only ways by which anything gets onto the page. What the gate says is never markup.

const SVG = "http://www.w3.org/2000/svg";

export const byId = (id) => document.getElementById(id);

function filled(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined && value !== false) node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

export const el = (tag, attributes = {}, ...children) => filled(document.createElement(tag), attributes, children);
export const svg = (tag, attributes = {}, ...children) => filled(document.createElementNS(SVG, tag), attributes, children);

// Touches the page only where something is different, so that a selection and a reader's place in it survive.
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

export function setAttribute(node, name, value) {
  if (value === null || value === false) {
    if (node.hasAttribute(name)) node.removeAttribute(name);
  } else {
    const text = value === true ? "" : String(value);
    if (node.getAttribute(name) !== text) node.setAttribute(name, text);
  }
}

export const show = (node, visible) => setAttribute(node, "hidden", !visible);

// A shape beside each state's words, as colours alone say nothing to many.
export function icon(level) {
  return svg("svg", { class: "icon", viewBox: "0 0 16 16", "aria-hidden": "true" }, svg("use", { href: `#icon-${level}` }));
}

// A state in words with its shape: level is ok, warn, bad, wait or none.
export function chip() {
  const image = icon("none");
  const words = el("span");
  const node = el("span", { class: "chip", "data-level": "none" }, image, words);
  return {
    node,
    set(level, text) {
      setAttribute(node, "data-level", level);
      setAttribute(image.firstChild, "href", `#icon-${level}`);
      setText(words, text);
    },
  };
}

const keptViews = new WeakMap();

// Gives `parent` one child for each item, in order: those of the same key are kept and updated, others made and removed.
// `make()` returns {node, update(item)}.
export function sync(parent, items, keyOf, make) {
  const before = keptViews.get(parent) ?? new Map();
  const now = new Map();
  items.forEach((item, index) => {
    let key = keyOf(item);
    if (now.has(key)) key += `\n${index}`; // of the same name
    now.set(key, before.get(key) ?? make(item));
  });
  for (const [key, view] of before) if (!now.has(key)) view.node.remove();
  let place = parent.firstElementChild;
  let index = 0;
  for (const view of now.values()) {
    if (view.node === place) place = place.nextElementSibling;
    else parent.insertBefore(view.node, place);
    view.update(items[index++]);
  }
  keptViews.set(parent, now);
}

// Puts text on the clipboard. Browsers offer one to pages of HTTPS and loopback only: elsewhere what is selected is copied.
async function copied(text, node) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text).then(() => true, () => false);
  getSelection().selectAllChildren(node);
  return document.execCommand("copy");
}

export function copyButton(label) {
  const words = el("span", { class: "mono" });
  const button = el("button", { type: "button", class: "copy" }, words, icon("copy"), el("span", { class: "unseen" }, `copy the ${label}`));
  let text = "";
  button.addEventListener("click", async () => {
    const done = await copied(text, words);
    button.dataset.done = done ? "copied" : "select and copy it";
    setTimeout(() => delete button.dataset.done, 1500);
  });
  return {
    node: button,
    set(whole, shown) {
      text = whole;
      setText(words, shown);
      setAttribute(button, "title", whole);
      show(button, whole !== "");
    },
  };
}
