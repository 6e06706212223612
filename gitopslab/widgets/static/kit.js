// What every widget of the lab draws with: elements, glyphs, keyed lists, motion, announcements.
// It is put before a widget's own script (widgets/base.py), because a module loaded by a notebook cannot import another.
// It knows nothing of clusters; the shapes of the glyphs come from Python (views/palette.py).

const SVG_NS = "http://www.w3.org/2000/svg";

/** The words of another language by the English ones, where a # stands for a number; null in English. */
let dictionary = null;

/** Those of them that have a * where a name stands, as patterns. */
let sentences = [];

/** What was said lately: the same words are drawn again and again. */
const said = new Map();

/** Has everything that is drawn from now on speak the language that Python was asked for. */
function speak(model) {
  dictionary = model.get("_options")?.words ?? null;
  said.clear();
  const quoted = (text) => text.replace(/[.+?^${}()|[\]\\]/g, "\\$&").replaceAll("*", "(.+?)").replaceAll("#", `(${NUMBER.source})`);
  sentences = Object.entries(dictionary ?? {}).filter(([text]) => text.includes("*")).map(([text, said]) => [new RegExp(`^${quoted(text)}$`), said]);
}

/** A text in the language that is spoken, part by part where it has parts; what has no translation stays as it is. */
function spoken(text) {
  if (!dictionary || typeof text !== "string") return text;
  if (said.size > 2000) said.clear();
  if (!said.has(text)) said.set(text, text.split(" · ").map(spokenPart).join(" · "));
  return said.get(text);
}

const NUMBER = /\d+(?:\.\d+)?(?:[KMGT]i)?/g;

function spokenPart(text) {
  const numbers = text.match(NUMBER) ?? [];
  const known = dictionary[text] ?? dictionary[text.replace(NUMBER, "#")];
  if (known) return known.replace(/#/g, () => numbers.shift() ?? "#");
  for (const [pattern, sentence] of sentences) {
    const names = pattern.exec(text)?.slice(1);
    if (names) return sentence.replace(/[*#]/g, () => spokenName(names.shift() ?? ""));
  }
  return text;
}

/** What stands at a place of a sentence: a text of its own, or several with semicolons, commas or an "and" between them. */
function spokenName(name) {
  const whole = spokenPart(name);
  const joint = ["; ", ", ", " and "].find((one) => name.includes(one));
  return whole !== name || !joint ? whole : name.split(joint).map(spokenName).join(joint.replace("and", spokenPart));
}

const SPOKEN_ATTRIBUTES = new Set(["title", "aria-label", "placeholder"]);

/** An element with attributes and children; strings become text, never HTML. */
function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) node.setAttribute(name, "");
    else if (value !== false && value != null) node.setAttribute(name, SPOKEN_ATTRIBUTES.has(name) ? spoken(value) : value);
  }
  node.append(...children.filter((child) => child != null && child !== false).map(spoken));
  return node;
}

/** Sets text in the language that is spoken. */
function say(node, text) {
  put(node, spoken(text));
}

/** Sets text as it is, and only when it differs, so that nothing is laid out again for nothing. */
function put(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** Hides or shows, and touches the element only when that differs. */
function hide(node, hidden) {
  if (node.hidden !== hidden) node.hidden = hidden;
}

/** The shape of a state in a square of its colour. */
function glyph(looks, state) {
  const svg = document.createElementNS(SVG_NS, "svg");
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.setAttribute("aria-hidden", "true");
  for (const kind of ["stroke", "fill"]) {
    const path = document.createElementNS(SVG_NS, "path");
    path.setAttribute("class", `gl-${kind}`);
    svg.append(path);
  }
  const square = el("span", {}, svg);
  reshape(square, looks, state);
  return square;
}

/** Gives a glyph another state; cheaper than a new one when hundreds change. */
function reshape(square, looks, state) {
  if (square.glState === state) return;
  square.glState = state;
  const look = looks[state] ?? { colour: "term" };
  square.className = `gl-glyph gl-is-${look.colour}`;
  const [stroke, fill] = square.firstChild.children;
  stroke.setAttribute("d", look.stroke || "");
  fill.setAttribute("d", look.fill || "");
}

/**
 * Makes the children of a parent follow a list: an element a key, moved only when its place changed.
 * `make(item)` gives a new element, `update(element, item)` brings one up to date.
 */
function keyed(parent, items, key, make, update) {
  const before = parent.glKeyed ?? new Map();
  const after = new Map(items.map((item) => [key(item), item]));
  // What goes must go first: in the way, it would make every element behind it look moved.
  for (const [name, node] of before) if (!after.has(name) && node.parentNode === parent) node.remove();
  let place = parent.firstElementChild;
  for (const [name, item] of after) {
    const node = before.get(name) ?? make(item);
    update(node, item);
    if (node === place) place = place.nextElementSibling;
    else parent.insertBefore(node, place);
    after.set(name, node);
  }
  parent.glKeyed = after;
}

/** Calls a function once in the next frame, however often it is asked. */
function oncePerFrame(work) {
  let asked = 0;
  const ask = () => {
    asked ||= requestAnimationFrame(() => {
      asked = 0;
      work();
    });
  };
  ask.cancel = () => cancelAnimationFrame(asked);
  return ask;
}

/** Calls a function at most once in so many milliseconds, and once more for what came in between. */
function notTooOften(milliseconds, work) {
  let timer = 0;
  let last = -Infinity;
  const ask = () => {
    if (timer) return;
    timer = setTimeout(() => {
      timer = 0;
      last = performance.now();
      work();
    }, Math.max(0, last + milliseconds - performance.now()));
  };
  ask.cancel = () => clearTimeout(timer);
  return ask;
}

const calm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

/**
 * Lets a copy of a tile travel in a layer above everything, and shows the tile itself when it has arrived.
 * `origin` is where the layer is: the caller reads all places first, because reading one between two changes
 * makes the browser lay out everything again.
 */
function travel(layer, origin, tile, from, to, milliseconds) {
  if (calm()) {
    tile.animate([{ opacity: 0 }, { opacity: 1 }], 200);
    return;
  }
  const ghost = ghostOf(layer, origin, tile, to);
  tile.style.opacity = "0"; // and not hidden: it must be able to keep the focus
  const dx = from.left - to.left;
  const dy = from.top - to.top;
  const motion = ghost.animate(
    [{ transform: `translate(${dx}px, ${dy}px)` }, { transform: "none" }],
    { duration: milliseconds, easing: "cubic-bezier(.3,.8,.3,1)" },
  );
  motion.onfinish = motion.oncancel = () => {
    ghost.remove();
    tile.style.opacity = "";
  };
}

/** Lets what was removed fade where it was. */
function fade(layer, origin, tile, at) {
  const ghost = ghostOf(layer, origin, tile, at);
  const end = calm() ? { opacity: 0 } : { opacity: 0, transform: "scale(.85)" };
  ghost.animate([{ opacity: 1 }, end], { duration: 280, easing: "ease-out" }).onfinish = () => ghost.remove();
}

function ghostOf(layer, origin, tile, at) {
  const ghost = tile.cloneNode(true);
  ghost.removeAttribute("data-uid");
  ghost.setAttribute("tabindex", "-1");
  Object.assign(ghost.style, {
    position: "absolute",
    opacity: "",
    margin: "0",
    left: `${at.left - origin.left}px`,
    top: `${at.top - origin.top}px`,
    width: `${at.width}px`,
    height: `${at.height}px`,
  });
  layer.append(ghost);
  return ghost;
}

/** One polite voice for screen readers, at most one sentence a second. */
class Voice {
  constructor() {
    this.element = el("div", { class: "gl-unseen", role: "status", "aria-live": "polite" });
    this.waiting = [];
    this.speak = notTooOften(1000, () => {
      const said = this.waiting.splice(0);
      say(this.element, said.length > 2 ? `${said.length} changes; last: ${said.at(-1)}` : said.join(" "));
    });
  }

  tell(sentence) {
    this.waiting.push(sentence);
    this.speak();
  }
}

/** How long ago, exactly as kubectl says it: 45s, 5m30s, 12m, 3h5m, 26h, 2d3h, 400d, 2y35d. */
function ago(seconds, now) {
  const past = Math.max(0, Math.floor(now - seconds));
  const two = (whole, unit, rest, small) => (rest ? `${whole}${unit}${rest}${small}` : `${whole}${unit}`);
  const [minutes, hours] = [Math.floor(past / 60), Math.floor(past / 3600)];
  const days = Math.floor(hours / 24);
  if (past < 120) return `${past}s`;
  if (minutes < 10) return two(minutes, "m", past % 60, "s");
  if (hours < 3) return `${minutes}m`;
  if (hours < 8) return two(hours, "h", minutes % 60, "m");
  if (hours < 48) return `${hours}h`;
  if (days < 8) return two(days, "d", hours % 24, "h");
  if (days < 2 * 365) return `${days}d`;
  return days < 8 * 365 ? two(Math.floor(days / 365), "y", days % 365, "d") : `${Math.floor(days / 365)}y`;
}

/** A number with its noun: 1 pod, 2 pods. */
const several = (count, noun) => `${count} ${noun}${count === 1 ? "" : "s"}`;
