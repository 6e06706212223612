// The graph: the objects of a namespace in fixed columns, with the lines between them and what is missing.
// Python sends one snapshot (views/graph) with every place and every corner; this script draws it and changes only what
// differs. The one message it sends back is {do: "resume"}.

const KEYS = "arrows go from card to card · Enter pins the details · Escape closes them · c copies the command";
const MOST_NOTICES = 6;

class GraphView extends View {
  static frame = { name: "graph", label: "Graph", keys: KEYS };

  build() {
    const { root, body, legend, counts } = this.frame;
    this.items = new GraphItems(this.looks);
    this.lines = new GraphLines();
    this.notices = el("ul", { class: "gl-notices", "aria-label": "Missing relations" });
    this.heads = el("div", { class: "gl-heads" });
    this.boxes = el("div", { class: "gl-cards", "aria-hidden": "true" });
    this.cards = el("div", { class: "gl-cards" });
    this.plane = el("div", { class: "gl-plane" }, this.boxes, this.lines.svg, this.heads, this.lines.labels, this.cards);
    this.empty = el("p", { class: "gl-empty" }, "Nothing here yet: apply something, and it appears.");
    this.meanings = el("ul", { "aria-label": "Lines" });
    this.rows = el("tbody", {});
    counts.setAttribute("aria-label", "Objects and relations");
    body.append(this.notices, this.empty, el("div", { class: "gl-scroll" }, this.plane));
    legend.prepend(this.meanings);
    root.append(el("div", { class: "gl-unseen" }, relationsTable(this.rows)));
    this.reach({
      things: ".gl-item",
      columns: () => this.columns(),
      elementOf: (key) => this.items.get(key),
      detailsOf: (key) => this.details(key),
      lit: (key) => this.light(key),
    });
    this.describe = notTooOften(2000, () => this.drawTable());
    const resized = new ResizeObserver(() => this.graph && this.drawLines());
    resized.observe(this.plane);
    this.ends.push(this.describe.cancel, () => resized.disconnect(), () => clearTimeout(this.arrival));
  }

  // ---- following the model ----

  draw() {
    const snapshot = this.model.get("_snapshot");
    if (!snapshot?.graph) return this.frame.drawError(snapshot?.error);
    const before = this.graph && this.byKey;
    this.graph = snapshot.graph;
    this.byKey = new Map(this.graph.items.map((item) => [item.key, item]));
    const giveFocusBack = this.hand.hold();
    this.drawHead(snapshot);
    this.drawNotices();
    this.drawCards(Boolean(before));
    this.drawLines();
    if (before) this.announce(before);
    this.items.forget(this.byKey);
    this.card.follow((key) => this.details(key), (key) => this.items.get(key));
    giveFocusBack();
    this.describe();
  }

  drawHead(snapshot) {
    const { items, folded, scope } = this.graph;
    const count = items.reduce((sum, item) => sum + (item.look === "ghost" ? 0 : item.holds), 0);
    const rest = folded ? ` · ${folded} of them folded` : "";
    this.frame.draw(snapshot, `${scope} · ${several(count, "object")}${rest}`);
    hide(this.empty, items.length > 0);
    const make = ([kind, meaning]) => el("li", { title: meaning }, sample(kind), this.graph.verbs[kind]);
    keyed(this.meanings, this.graph.meanings, ([kind]) => kind, make, () => {});
  }

  drawNotices() {
    const rows = this.graph.notices.slice(0, MOST_NOTICES).map((notice) => ({ ...notice, id: `${notice.key} ${notice.reason}` }));
    const more = this.graph.notices.length - rows.length;
    if (more > 0) rows.push({ id: "more", text: "", reason: `and ${more} more` });
    const make = (row) => (row.id === "more" ? el("li", { class: "gl-empty" }) : noticeOf(this.looks, row));
    keyed(this.notices, rows, (row) => row.id, make, (item, row) => row.id === "more" && say(item, row.reason));
    hide(this.notices, !rows.length);
  }

  drawCards(fades) {
    const { items, headings, height, width } = this.graph;
    this.plane.style.setProperty("--height", height);
    this.plane.style.setProperty("--across", width);
    const make = (heading) => el("span", { class: `gl-heading gl-of-${heading.look}` }, el("b", {}, heading.text));
    keyed(this.heads, headings, ({ text, look, y }) => `${look} ${text} ${look === "band" ? y : ""}`, make, (head, { x, y }) => {
      head.style.setProperty("--x", x);
      head.style.setProperty("--y", y);
    });
    const boxes = this.graph.boxes.map(([x, y, width, height], at) => ({ at, x, y, width, height }));
    keyed(this.boxes, boxes, (box) => box.at, () => el("div", { class: "gl-box" }), place);
    const fresh = (item) => {
      const card = this.items.make(item);
      if (fades) card.animate([{ opacity: 0 }, { opacity: 1 }], 280);
      return card;
    };
    keyed(this.cards, items, (item) => item.key, fresh, (card, item) => this.items.update(card, item));
    // Cards slide to a new place, but not while the window is drawn wider.
    this.cards.classList.toggle("gl-moving", fades);
    clearTimeout(this.arrival);
    this.arrival = setTimeout(() => this.cards.classList.remove("gl-moving"), 400);
  }

  drawLines() {
    const { width, height } = this.graph;
    const across = this.plane.clientWidth / width;
    const down = this.plane.clientHeight / height;
    if (across && down) this.lines.draw(this.graph.lines, across, down);
    if (this.hand?.hot) this.light(this.hand.hot);
  }

  // ---- pointing ----

  light(key) {
    const touched = this.lines.light(this.byKey?.has(key) ? key : null);
    for (const card of this.cards.children) card.classList.toggle("gl-dim", touched.size > 1 && !touched.has(card.dataset.uid));
  }

  columns() {
    const columns = new Map();
    for (const item of [...this.graph.items].sort((one, other) => one.x - other.x || one.y - other.y)) {
      const column = Math.floor(item.x);
      columns.set(column, [...(columns.get(column) ?? []), this.items.get(item.key)]);
    }
    return [...columns.values()];
  }

  details(key) {
    const item = this.byKey.get(key);
    if (!item) return null;
    const word = item.state ? this.looks[item.state].word : "";
    const said = item.word && item.word.toLowerCase() !== word ? item.word : "";
    return {
      state: item.state,
      name: item.name || item.title,
      status: [item.kind, word, said].filter(Boolean).join(" · "),
      reason: item.reason,
      facts: [["namespace", item.namespace], ["count", item.count], ["age", item.since ? ago(item.since, this.frame.now()) : ""]],
      lists: [["Relations", this.relations(key)], ...newsLists(item, this.frame.now())],
      command: item.command,
    };
  }

  relations(key) {
    const { related } = this.graph;
    return (related[key] ?? []).map(([verb, other, label]) => [verb, label ? `${other} (${label})` : other]);
  }

  // ---- words for those who do not see it ----

  announce(before) {
    for (const item of this.graph.items) {
      const was = before.get(item.key);
      const name = `${item.kind} ${item.name}`;
      if (!was) this.frame.voice.tell(item.look === "ghost" ? `${item.reason}.` : `${name} is new.`);
      else if (was.state !== item.state && item.state) this.frame.voice.tell(`${name} is ${this.looks[item.state].word}.`);
    }
    for (const [key, item] of before) if (!this.byKey.has(key) && item.look !== "ghost") this.frame.voice.tell(`${item.kind} ${item.name} is gone.`);
  }

  drawTable() {
    const rows = this.graph.items.flatMap((item) => {
      const links = this.relations(item.key).map(([verb, other]) => `${verb} ${other}`).join("; ");
      return item.look === "ghost" ? [] : [{ key: item.key, cells: [item.kind, item.name, item.state && this.looks[item.state].word, item.reason || item.word, links] }];
    });
    const make = () => el("tr", {}, ...RELATION_COLUMNS.map(() => el("td", {})));
    keyed(this.rows, rows, (row) => row.key, make, (row, { cells }) => cells.forEach((cell, at) => say(row.children[at], cell || "")));
  }
}

const RELATION_COLUMNS = ["Kind", "Name", "State", "Details", "Relations"];

function relationsTable(rows) {
  const heads = el("tr", {}, ...RELATION_COLUMNS.map((name) => el("th", { scope: "col" }, name)));
  return el("table", {}, el("caption", {}, "Objects and their relations"), el("thead", {}, heads), rows);
}

function noticeOf(looks, { key, text, reason, is_broken }) {
  const mark = glyph(looks, is_broken ? "failed" : "pending");
  return el("li", {}, el("button", { type: "button", class: "gl-notice", tabindex: "-1", "data-points": key }, mark, el("b", {}, text), ` ${reason}`));
}

/** A short line as it is drawn, for the legend. */
function sample(kind) {
  const line = makeLine({ kind, look: "line" });
  line.dataset.kind = kind;
  line.dataset.look = "line";
  for (const path of line.children) path.setAttribute("d", "M1 7H33");
  const mark = markOf({ kind, look: "line", targets: [""] });
  mark.setAttribute("transform", kind === "binds" ? "translate(17 7)" : "translate(34 7)");
  return svg("svg", { class: "gl-sample gl-lines", viewBox: "0 0 35 14", "aria-hidden": "true" }, line, mark);
}

export default widget(GraphView);
