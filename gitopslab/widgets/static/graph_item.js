// One card of the graph: a button, kept for as long as its object is there, that slides when its place changes.

class GraphItems {
  constructor(looks) {
    this.looks = looks;
    this.byKey = new Map();
  }

  get(key) {
    return this.byKey.get(key);
  }

  make(item) {
    const parts = ["gl-item-name", "gl-item-count", "gl-item-word"].map((name) => el("span", { class: name }));
    const card = el("button", { type: "button", class: "gl-item", "data-uid": item.key, tabindex: "-1" }, glyph(this.looks, ""), ...parts);
    card.children[1].append(el("b", {}), el("b", {}), el("span", {}));
    card.children[3].append(el("span", {}), el("span", {}));
    this.byKey.set(item.key, card);
    return card;
  }

  /** Brings a card up to date; does nothing when nothing that shows has changed. */
  update(card, item) {
    const signature = JSON.stringify([item.state, item.word, item.count, item.trend, item.look, item.title, item.second, item.reason]);
    place(card, item);
    if (card.glSignature === signature) return;
    card.glSignature = signature;
    const [mark, name, count, word] = card.children;
    hide(mark, !item.state);
    if (item.state) reshape(mark, this.looks, item.state);
    Object.assign(card.dataset, { look: item.look, state: item.state, kind: item.kind, trend: item.trend });
    const dash = item.rest && item.title && item.title !== item.short;
    const [begin, end] = dash ? [item.short, ""] : nameInTwo(item.title);
    say(name.children[0], begin);
    say(name.children[1], end);
    say(name.children[2], dash ? `-${item.rest}` : "");
    say(count, item.count);
    const [head, tail] = item.look === "chip" ? ["", ""] : inTwo(item);
    say(word.firstChild, head);
    say(word.lastChild, tail);
    const seen = [item.title, item.count, item.look === "chip" ? "" : item.second].filter(Boolean).join(" ");
    card.setAttribute("aria-label", [seen, this.words(item)].filter(Boolean).join(": "));
  }

  words(item) {
    const state = item.state ? this.looks[item.state].word : "";
    const what = item.holds > 1 ? `${item.holds} of kind ${item.kind}` : `${item.kind} ${item.name || "that is missing"}`;
    return [what, item.namespace && `namespace ${item.namespace}`, state, item.word, item.reason].filter(Boolean).join(", ");
  }

  forget(keys) {
    for (const key of this.byKey.keys()) if (!keys.has(key)) this.byKey.delete(key);
  }
}

/** A name in two parts: the first is cut where room is short, and the end tells nodes and volumes apart. */
function nameInTwo(name = "") {
  const at = Math.max(0, name.length - 4);
  return [name.slice(0, at), name.slice(at)];
}

/** The second line in two parts, because where room is short the first is cut: the end of a name tells pods apart. */
function inTwo({ kind, second, rest }) {
  const dash = kind === "Pod" && second === rest ? rest.lastIndexOf("-") : -1;
  return dash < 0 ? [second, ""] : [second.slice(0, dash), second.slice(dash)];
}

/** Where a card stands, in units that the style sheet turns into pixels. */
function place(card, { x, y, width, height }) {
  const where = [x, y, width, height].join(" ");
  if (card.glPlace === where) return;
  card.glPlace = where;
  for (const [name, value] of Object.entries({ x, y, w: width, h: height })) card.style.setProperty(`--${name}`, value);
}
