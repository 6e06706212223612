// Pointer and keys: hover and focus open the details of a thing, a click or Enter pins them, arrows go from one to the
// next. Things are elements with `data-uid`; something else may point at one with `data-points`.

const HOVER_MS = 90;

class Hand {
  /**
   * `things` selects what the arrows reach, `columns()` gives them as they stand, `elementOf(uid)` and `detailsOf(uid)`
   * know them, `lit(uid)` is told which one is meant, and `keys` maps further keys to what they do with a uid.
   */
  constructor(root, card, { things, columns, elementOf, detailsOf, lit = () => {}, keys = {} }) {
    Object.assign(this, { root, card, things, columns, elementOf, detailsOf, lit, keys });
    this.reposition = () => (card.pinned ? card.place() : card.close());
    root.addEventListener("pointerover", (event) => this.hover(event));
    root.addEventListener("pointerleave", () => this.leave());
    root.addEventListener("click", (event) => this.click(event));
    root.addEventListener("keydown", (event) => this.key(event));
    root.addEventListener("focusin", (event) => this.focus(event));
    addEventListener("scroll", this.reposition, { capture: true, passive: true });
    addEventListener("resize", this.reposition);
  }

  release() {
    clearTimeout(this.patience);
    removeEventListener("scroll", this.reposition, { capture: true });
    removeEventListener("resize", this.reposition);
    this.card.close();
  }

  hover(event) {
    if (event.target.closest(".gl-card")) return clearTimeout(this.patience);
    const { uid, points } = event.target.closest("[data-uid], [data-points]")?.dataset ?? {};
    const wanted = uid ?? points ?? null;
    if (wanted === this.hot) return;
    this.light(wanted);
    clearTimeout(this.patience);
    this.patience = setTimeout(() => (wanted ? this.open(wanted) : this.closeUnlessPinned()), HOVER_MS);
  }

  leave() {
    clearTimeout(this.patience);
    this.light(null);
    this.closeUnlessPinned();
  }

  closeUnlessPinned() {
    if (!this.card.pinned) this.card.close();
  }

  /** Marks everything that stands for a thing. */
  light(uid) {
    this.hot = uid;
    for (const part of this.root.querySelectorAll(".gl-hot")) part.classList.remove("gl-hot");
    if (uid) for (const part of this.root.querySelectorAll(`[data-uid="${CSS.escape(uid)}"]`)) part.classList.add("gl-hot");
    this.lit(uid);
  }

  open(uid, options) {
    const details = this.detailsOf(uid);
    const beside = this.elementOf(uid);
    if (details && beside?.isConnected) this.card.show(uid, details, beside, options);
    else this.closeUnlessPinned();
  }

  click(event) {
    const target = event.target.closest("[data-uid], [data-points]");
    if (!target || event.target.closest(".gl-card")) return;
    const uid = target.dataset.uid ?? target.dataset.points;
    const again = this.card.pinned && this.card.shown === uid;
    this.card.close();
    this.elementOf(uid)?.focus({ preventScroll: !target.dataset.points });
    if (again) this.card.close();
    else this.open(uid, { pin: true });
  }

  focus(event) {
    const thing = event.target.closest(this.things);
    if (!thing) return;
    this.current = thing;
    this.rove();
    if (!thing.dataset.uid) return;
    this.light(thing.dataset.uid);
    this.open(thing.dataset.uid);
  }

  key(event) {
    if (event.key === "Escape") return this.card.close();
    const thing = event.target.closest(this.things);
    if (!thing || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "c") return this.card.copy();
    if (this.keys[event.key]) return this.keys[event.key](thing.dataset.uid, event);
    const next = this.neighbour(thing, event.key);
    if (!next) return;
    event.preventDefault();
    next.focus();
  }

  neighbour(thing, key) {
    const columns = this.columns().filter((things) => things.length);
    const x = columns.findIndex((things) => things.includes(thing));
    if (x < 0) return null;
    const y = columns[x].indexOf(thing);
    const moves = {
      ArrowUp: () => columns[x][y - 1],
      ArrowDown: () => columns[x][y + 1],
      ArrowLeft: () => nearest(columns[x - 1], thing),
      ArrowRight: () => nearest(columns[x + 1], thing),
      Home: () => columns[0][0],
      End: () => columns.at(-1).at(-1),
    };
    return moves[key]?.();
  }

  /** Exactly one thing can be reached with Tab; the arrows do the rest. */
  rove() {
    if (!this.current?.isConnected) this.current = this.root.querySelector(this.things);
    if (this.roving === this.current) return;
    this.roving?.setAttribute("tabindex", "-1");
    this.roving = this.current;
    this.roving?.setAttribute("tabindex", "0");
  }

  /** Remembers which thing has the focus; the answer gives it back, because an element that is moved loses it. */
  hold() {
    const held = this.root.contains(document.activeElement) && document.activeElement === this.current;
    return () => {
      this.rove();
      if (held && document.activeElement !== this.current) this.current?.focus({ preventScroll: true });
    };
  }
}

/** The one at the same height, or nearly. */
function nearest(column, thing) {
  const top = thing.getBoundingClientRect().top;
  const away = (other) => Math.abs(other.getBoundingClientRect().top - top);
  return column?.reduce((best, other) => (away(other) < away(best) ? other : best));
}
