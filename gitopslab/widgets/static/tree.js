// A tree from Git to pods: source, reconciler, objects, and what they own, a column each. Every card has two marks: a square
// for health and a disc for sync. Python sends one snapshot (views/tree); which folds are open is this script's own.

const KEYS = "arrows go from card to card · Enter pins the details, or opens a fold · Escape closes · c copies the command";

class TreeView extends View {
  static frame = { name: "tree", label: "Tree", keys: KEYS };

  build() {
    const { body, legend } = this.frame;
    this.tellSight();
    this.open = new Set();
    this.cards = new TreeCards(this.looks);
    const headings = (this.options.columns ?? []).map((heading, at) => el("span", { style: `grid-column: ${at + 1}` }, heading));
    this.heads = el("div", { class: "gl-tr-heads", "aria-hidden": "true" }, ...headings);
    this.empty = el("p", { class: "gl-empty" });
    this.plane = el("div", { class: "gl-tr-plane" }, this.heads, this.cards.element);
    body.append(this.empty, el("div", { class: "gl-tr-room" }, this.plane));
    legend.prepend(marksLegend(this.looks));
    // Before the hand's own click, which would pin details.
    this.cards.element.addEventListener("click", (event) => this.toggle(event), true);
    this.reach({
      things: ".gl-tr-card",
      columns: () => this.cards.columns(),
      elementOf: (key) => this.cards.elementOf(key),
      detailsOf: (key) => this.details(key),
      lit: (key) => this.cards.light(key),
    });
  }

  draw() {
    const snapshot = this.model.get("_snapshot");
    if (!snapshot?.tree) return this.frame.drawError(snapshot?.error);
    const before = this.tree;
    this.tree = snapshot.tree;
    const count = this.tree.cards.filter(({ depth, is_fold }) => depth > 1 && !is_fold).length;
    this.frame.draw(snapshot, `${this.tree.title} · ${several(count, "object")}`);
    say(this.empty, `There is no ${this.tree.title} here yet; it shows as soon as there is.`);
    hide(this.empty, this.tree.cards.length > 0);
    hide(this.plane, !this.tree.cards.length);
    this.drawCards();
    if (before) this.announce(before);
  }

  drawCards() {
    const giveFocusBack = this.hand.hold();
    this.shown = placed(this.tree.cards, this.open);
    this.byKey = new Map(this.shown.map((card) => [card.key, card]));
    const across = 1 + Math.max(0, ...this.shown.map(({ depth }) => depth));
    this.plane.style.setProperty("--across", across);
    [...this.heads.children].forEach((head, at) => hide(head, at >= across));
    this.cards.draw(this.shown, this.open);
    this.card.follow((key) => this.details(key), (key) => this.cards.elementOf(key));
    giveFocusBack();
  }

  toggle(event) {
    const key = event.target.closest(".gl-tr-card")?.dataset.uid;
    if (!this.byKey.get(key)?.is_fold) return;
    event.stopPropagation();
    if (!this.open.delete(key)) this.open.add(key);
    this.drawCards();
  }

  details(key) {
    const card = this.byKey.get(key);
    if (!card || card.is_fold) return null;
    const { health, sync } = card;
    const facts = [["health", [health.word, health.why].filter(Boolean).map(spoken).join(": ")], ["sync", [sync.word, sync.why].filter(Boolean).map(spoken).join(": ")], ["namespace", card.namespace], [card.depth > 1 ? "count" : "revision", card.count], ["age", card.since ? ago(card.since, this.frame.now()) : ""]];
    const lists = [["Not as in Git", card.differs.map((field) => [field, ""])], ["Last events", card.events.map((event) => cardEvent(event, this.frame.now()))]];
    return { state: health.state || sync.state, name: card.name, status: card.kind, reason: health.state === "failed" ? health.why : "", facts, lists, command: card.command };
  }

  announce(before) {
    const known = new Map(before.cards.map((card) => [card.key, card]));
    for (const card of this.tree.cards) {
      const old = known.get(card.key);
      if (!old || card.is_fold) continue;
      for (const what of ["health", "sync"]) {
        if (old[what].word !== card[what].word && card[what].word) this.frame.voice.tell(`${card.kind} ${card.name}: ${spoken(card[what].word)}.`);
      }
    }
  }
}

/** The cards that show with these folds open, each with its row: beside its first child, and each leaf in a row of its own. */
function placed(cards, open) {
  const shown = cards.filter(({ fold }) => !fold || open.has(fold));
  const parents = new Set(shown.map(({ parent }) => parent));
  const rows = new Map();
  let row = 0;
  for (const card of shown) if (!parents.has(card.key)) rows.set(card.key, row++);
  for (const card of [...shown].reverse()) rows.set(card.parent, Math.min(rows.get(card.parent) ?? row, rows.get(card.key)));
  return shown.map((card) => ({ ...card, row: rows.get(card.key) }));
}

function marksLegend(looks) {
  const marks = [["ready", "works"], ["notready", "under way"], ["failed", "fails"], ["terminating", "ends, or unknown"]].map(([state, words]) => el("li", {}, glyph(looks, state), words));
  const discs = [["ready", "as in Git"], ["succeeded", "applied, not compared"], ["notready", "not as in Git"]].map(([state, words]) => el("li", {}, disc(looks, state), words));
  return el("ul", {}, el("li", { class: "gl-tr-kind" }, "health"), ...marks, el("li", { class: "gl-tr-kind" }, "sync"), ...discs);
}

export default widget(TreeView);
