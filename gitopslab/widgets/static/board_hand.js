// Pointer and keys on the board: hover and focus open the details, a click or Enter pins them, arrows go from pod to pod.

const HOVER_MS = 90;

class Hand {
  constructor(root, tiles, card, podOf) {
    Object.assign(this, { root, tiles, card, podOf });
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

  /** Marks a pod's tile and its part of the bars. */
  light(uid) {
    this.hot = uid;
    for (const part of this.root.querySelectorAll(".gl-hot")) part.classList.remove("gl-hot");
    if (uid) for (const part of this.root.querySelectorAll(`[data-uid="${CSS.escape(uid)}"]`)) part.classList.add("gl-hot");
  }

  open(uid, options) {
    const pod = this.podOf(uid);
    const tile = this.tiles.get(uid);
    if (pod && tile?.isConnected) this.card.show(pod, tile, options);
  }

  click(event) {
    const target = event.target.closest(".gl-pod, .gl-pointer, .gl-track i");
    if (!target) return;
    const uid = target.dataset.uid ?? target.dataset.points;
    const again = this.card.pinned && this.card.shown === uid;
    this.card.close();
    this.tiles.get(uid)?.focus({ preventScroll: true });
    if (again) this.card.close();
    else this.open(uid, { pin: true });
  }

  focus(event) {
    const tile = event.target.closest(".gl-pod, .gl-group");
    if (!tile) return;
    this.current = tile;
    this.rove();
    if (!tile.dataset.uid) return;
    this.light(tile.dataset.uid);
    this.open(tile.dataset.uid);
  }

  key(event) {
    if (event.key === "Escape") return this.card.close();
    const tile = event.target.closest(".gl-pod, .gl-group");
    if (!tile || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "c") return this.card.copy();
    const next = this.neighbour(tile, event.key);
    if (!next) return;
    event.preventDefault();
    next.focus();
  }

  columns() {
    const lists = this.root.querySelectorAll(".gl-tray, .gl-node");
    return [...lists].map((list) => [...list.querySelectorAll(".gl-pod, .gl-group")]).filter((tiles) => tiles.length);
  }

  neighbour(tile, key) {
    const columns = this.columns();
    const x = columns.findIndex((tiles) => tiles.includes(tile));
    if (x < 0) return null;
    const y = columns[x].indexOf(tile);
    const aside = (to) => columns[to]?.[Math.min(y, columns[to].length - 1)];
    const moves = {
      ArrowUp: () => columns[x][y - 1],
      ArrowDown: () => columns[x][y + 1],
      ArrowLeft: () => aside(x - 1),
      ArrowRight: () => aside(x + 1),
      Home: () => columns[0][0],
      End: () => columns.at(-1).at(-1),
    };
    return moves[key]?.();
  }

  /** Exactly one tile can be reached with Tab; the arrows do the rest. */
  rove() {
    if (!this.current?.isConnected) this.current = this.root.querySelector(".gl-pod, .gl-group");
    if (this.roving === this.current) return;
    this.roving?.setAttribute("tabindex", "-1");
    this.roving = this.current;
    this.roving?.setAttribute("tabindex", "0");
  }

  /** Remembers which tile has the focus; the answer gives it back, because an element that is moved loses it. */
  hold() {
    const held = this.root.contains(document.activeElement) && document.activeElement === this.current;
    return () => {
      this.rove();
      if (held && document.activeElement !== this.current) this.current?.focus({ preventScroll: true });
    };
  }
}
