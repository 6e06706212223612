// The cards of a tree in a grid, and the lines between them: each card has a stub to its left, each owner one to its right,
// and an owner of several a bar that joins them.

class TreeCards {
  constructor(looks) {
    this.looks = looks;
    this.bars = el("div", { class: "gl-tr-bars", "aria-hidden": "true" });
    this.grid = el("div", { class: "gl-tr-grid" });
    this.element = el("div", { class: "gl-tr-cards" }, this.bars, this.grid);
  }

  draw(cards, open) {
    const parents = new Set(cards.map(({ parent }) => parent));
    this.element.style.setProperty("--down", 1 + Math.max(0, ...cards.map(({ row }) => row)));
    this.cards = new Map(cards.map((card) => [card.key, card]));
    keyed(this.grid, cards, (card) => card.key, () => this.make(), (node, card) => this.update(node, card, parents, open));
    keyed(this.bars, barsOf(cards), (bar) => bar.key, () => el("i", {}), (bar, { column, from, to }) => {
      bar.style.gridArea = `${from + 1} / ${column + 1} / ${to + 1}`;
    });
  }

  make() {
    const parts = { health: glyph(this.looks, "ready"), sync: disc(this.looks, "ready"), kind: el("span", {}), name: el("b", {}), words: el("span", { class: "gl-tr-words" }), count: el("span", {}) };
    const title = el("span", { class: "gl-tr-name" }, parts.kind, parts.name);
    const node = el("button", { class: "gl-tr-card", type: "button", tabindex: "-1" }, parts.health, parts.sync, title, el("span", { class: "gl-tr-line" }, parts.words, parts.count));
    node.glParts = parts;
    return node;
  }

  update(node, card, parents, open) {
    const { health, sync, kind, name, count, words } = node.glParts;
    const isFold = card.is_fold;
    node.dataset.uid = card.key;
    node.dataset.kind = card.kind;
    node.dataset.look = isFold ? "fold" : "card";
    node.dataset.health = card.health.state;
    node.dataset.sync = card.sync.state;
    node.classList.toggle("gl-tr-child", Boolean(card.parent));
    node.classList.toggle("gl-tr-owner", parents.has(card.key));
    node.style.gridArea = `${card.row + 1} / ${card.depth + 1}`;
    for (const [mark, { state }] of [[health, card.health], [sync, card.sync]]) {
      mark.hidden = !state;
      if (state) reshape(mark, this.looks, state);
    }
    sync.classList.add("gl-disc"); // reshaping sets the class anew
    say(kind, isFold ? "" : card.kind);
    say(name, card.short);
    say(count, card.count);
    say(words, [card.health.word, card.sync.word].filter(Boolean).join(" · "));
    if (isFold) node.setAttribute("aria-expanded", String(open.has(card.key)));
    else node.removeAttribute("aria-expanded");
    const told = [isFold ? spoken(card.name) : `${card.kind} ${card.name}`, card.count, card.health.word && `${spoken("health")} ${spoken(card.health.word)}`, card.sync.word && `sync ${spoken(card.sync.word)}`];
    node.setAttribute("aria-label", told.filter(Boolean).join(", "));
    node.title = isFold ? "" : card.name;
  }

  elementOf(key) {
    return this.grid.querySelector(`[data-uid="${CSS.escape(key)}"]`);
  }

  /** The cards of each column, from top to bottom. */
  columns() {
    const found = [];
    for (const node of this.grid.children) (found[this.cards.get(node.dataset.uid).depth] ??= []).push(node);
    return found.filter(Boolean).map((column) => column.sort((one, other) => this.row(one) - this.row(other)));
  }

  row(node) {
    return this.cards.get(node.dataset.uid).row;
  }

  /** Marks the way from Git to a card. */
  light(key) {
    const way = new Set();
    for (let card = this.cards.get(key); card; card = this.cards.get(card.parent)) way.add(card.key);
    for (const node of this.grid.children) node.classList.toggle("gl-lit", way.has(node.dataset.uid));
  }
}

/** The sync mark: the shape of a state in a disc. */
function disc(looks, state) {
  const mark = glyph(looks, state);
  mark.classList.add("gl-disc");
  return mark;
}

function barsOf(cards) {
  const byKey = new Map(cards.map((card) => [card.key, card]));
  const last = new Map();
  for (const card of cards) if (byKey.has(card.parent)) last.set(card.parent, Math.max(last.get(card.parent) ?? 0, card.row));
  return [...last].map(([key, to]) => ({ key, column: byKey.get(key).depth + 1, from: byKey.get(key).row, to })).filter(({ from, to }) => to > from);
}
