// The lines of the graph, behind its cards: from the corners that Python computed, in units, to paths in pixels.

const ARROWS = new Set(["owns", "selects", "routes", "claims"]);
const CORNER = 7;

class GraphLines {
  constructor() {
    this.svg = svg("svg", { class: "gl-lines", "aria-hidden": "true" });
    this.marks = svg("g", {});
    this.paths = svg("g", {});
    this.svg.append(this.paths, this.marks);
    this.labels = el("div", { class: "gl-line-labels", "aria-hidden": "true" });
  }

  /** Draws lines; a unit is so many pixels across and down. */
  draw(lines, across, down) {
    const at = ([x, y]) => [x * across, y * down];
    const rows = lines.map((line) => ({ line, key: keyOf(line), points: line.points.map(at) }));
    keyed(this.paths, rows, (row) => row.key, ({ line }) => makeLine(line), (path, { line, points }) => {
      Object.assign(path.dataset, { kind: line.kind, look: line.look });
      path.glEnds = new Set([...line.sources, ...line.targets]);
      const d = rounded(points);
      if (path.glD === d) return;
      path.glD = d;
      for (const part of path.children) part.setAttribute("d", d);
    });
    keyed(this.marks, rows, (row) => row.key, ({ line }) => markOf(line), (mark, { line, points }) => {
      mark.glEnds = new Set([...line.sources, ...line.targets]);
      const [x, y] = line.kind === "binds" && line.look === "line" ? middle(points) : points.at(-1);
      mark.setAttribute("transform", `translate(${x} ${y})`);
    });
    const labelled = lines.filter((line) => line.label);
    keyed(this.labels, labelled, keyOf, () => el("span", {}), (label, line) => {
      const [x, y] = at(line.label_at);
      Object.assign(label.style, { left: `${x}px`, top: `${y}px` });
      label.glEnds = new Set([...line.sources, ...line.targets]);
      say(label, line.label);
    });
  }

  /** Marks the lines that begin or end at one of these; without any, none is dimmed. Gives all that they touch. */
  light(key) {
    const touched = new Set(key ? [key] : []);
    for (const part of [...this.paths.children, ...this.marks.children, ...this.labels.children]) {
      const lit = Boolean(key) && part.glEnds.has(key);
      part.classList.toggle("gl-lit", lit);
      part.classList.toggle("gl-dim", Boolean(key) && !lit);
      if (lit) for (const end of part.glEnds) touched.add(end);
    }
    return touched;
  }
}

const keyOf = ({ kind, sources, targets, look }) => [kind, look, sources[0], targets[0] ?? ""].join(" ");
const middle = (points) => [(points[0][0] + points.at(-1)[0]) / 2, points.at(-1)[1]];

function makeLine({ kind, look }) {
  const line = svg("g", { class: "gl-line" }, svg("path", {}));
  if (kind === "routes" && look === "line") line.append(svg("path", { class: "gl-core" }));
  return line;
}

function markOf({ kind, look, targets }) {
  if (look !== "line") return svg("path", { class: `gl-end gl-${look}`, d: targets.length ? "" : "M-4 -4 4 4M4 -4 -4 4" });
  if (kind === "binds") return svg("g", { class: "gl-end" }, svg("path", { d: "M-5 -1H5V6H-5Z" }), svg("path", { d: "M-3 -1V-3.5a3 3 0 0 1 6 0V-1" }));
  return svg("path", { class: "gl-end", d: ARROWS.has(kind) ? "M0 0l-7 -3.6v7.2z" : "" });
}

/** A path through points with round corners. */
function rounded(points) {
  let d = `M${points[0].join(" ")}`;
  for (let at = 1; at < points.length - 1; at += 1) {
    const [before, corner, after] = points.slice(at - 1, at + 2);
    d += `L${toward(corner, before).join(" ")}Q${corner.join(" ")} ${toward(corner, after).join(" ")}`;
  }
  return `${d}L${points.at(-1).join(" ")}`;
}

function toward([x, y], [toX, toY]) {
  const length = Math.hypot(toX - x, toY - y);
  const share = length ? Math.min(CORNER, length / 2) / length : 0;
  return [x + (toX - x) * share, y + (toY - y) * share].map((value) => Math.round(value * 10) / 10);
}

function svg(tag, attributes, ...children) {
  const node = document.createElementNS(SVG_NS, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}
