// The film of a decision on the board: filters cross out nodes in order, scores show as small bars, and the tile slides
// in a straight line to the winner. Python (views/board_film.py) has said what happens in which frame; here it is played,
// and stepped through. Nothing of the cluster moves: it is what the scheduler thought, not what it did.

const SLIDE_MS = 380;

class FilmPlayer {
  /** `cardOf(node)` is a node's card, `tileOf(pod)` the tile of `namespace/name`, `ended()` is told when it is put away. */
  constructor({ layer, cardOf, tileOf, voice, ended }) {
    Object.assign(this, { layer, cardOf, tileOf, voice, ended });
    this.back = filmButton("◀", "Step back", () => this.go(this.at - 1));
    this.play = filmButton("⟳", "Play again", () => this.run());
    this.next = filmButton("▶", "Step on", () => this.go(this.at + 1));
    this.shut = filmButton("✕", "Put the film away", () => this.end());
    this.count = el("span", { class: "gl-film-count" });
    this.title = el("strong", {});
    this.told = el("span", { class: "gl-film-told" });
    const words = el("p", { class: "gl-film-words" }, this.title, " ", this.told);
    this.element = el("section", { class: "gl-film", "aria-label": "Why this node", hidden: true }, this.back, this.next, this.play, this.count, words, this.shut);
    this.element.addEventListener("keydown", (event) => this.key(event));
  }

  /** Shows a film from its first frame and plays it. */
  show(film) {
    this.clear();
    this.film = film;
    hide(this.element, false);
    this.run();
  }

  run() {
    clearTimeout(this.timer);
    const pause = (this.film.seconds * 1000) / Math.max(this.film.frames.length - 1, 1);
    this.go(0);
    const on = () => {
      this.go(this.at + 1);
      if (this.at < this.film.frames.length - 1) this.timer = setTimeout(on, pause);
    };
    this.timer = setTimeout(on, pause);
  }

  go(at) {
    const { frames } = this.film;
    this.at = Math.min(Math.max(at, 0), frames.length - 1);
    if (at === this.at) clearTimeout(this.timer);
    const frame = frames[this.at];
    say(this.count, `${this.at + 1} of ${frames.length}`);
    say(this.title, frame.title);
    say(this.told, frame.told);
    const held = document.activeElement;
    this.back.disabled = this.at === 0;
    this.next.disabled = this.at === frames.length - 1;
    // A button that is switched off loses the focus, and with it the keyboard would be lost.
    if (held === this.back && this.back.disabled) this.next.focus({ preventScroll: true });
    if (held === this.next && this.next.disabled) this.back.focus({ preventScroll: true });
    this.forgetGhost();
    this.draw(frame.kind);
    if (frame.kind === "end") this.slide(this.film.winner || this.film.room);
    if (this.at === frames.length - 1) this.voice.tell(frame.told);
  }

  /** Brings every card to this frame; called again when the board was drawn anew. */
  draw(kind = this.film?.frames[this.at]?.kind) {
    if (!this.film || this.element.hidden) return;
    this.wipe();
    for (const mark of this.film.marks) if (mark.frame <= this.at) this.mark(mark);
    for (const victim of this.film.victims) this.tileOf(victim)?.classList.toggle("gl-victim", ["preempt", "end"].includes(kind));
  }

  mark({ node, kind, text, share }) {
    const card = this.cardOf(node);
    if (!card) return;
    card.dataset.film = kind;
    card.querySelector(`.gl-verdict-${kind}`)?.remove();
    const words = kind === "score" ? `${text} points` : text;
    const note = el("p", { class: `gl-node-verdict gl-verdict-${kind}` }, el("span", {}, `${FILM_SIGNS[kind]} ${words}`));
    if (kind === "score") note.append(el("i", { style: `width: ${Math.round(share * 100)}%` }));
    card.append(note);
  }

  slide(node) {
    const tile = this.tileOf(this.film.pod);
    const card = this.cardOf(node);
    if (!tile || !card || tile.closest(".gl-node") === card || calm()) return;
    const origin = this.layer.getBoundingClientRect();
    const [from, to] = [tile.getBoundingClientRect(), card.getBoundingClientRect()];
    const ghost = ghostOf(this.layer, origin, tile, from);
    const path = `translate(${to.left + 12 - from.left}px, ${to.top + to.height / 2 - from.top}px)`;
    this.ghost = ghost;
    ghost.animate([{ transform: "none" }, { transform: path }], { duration: SLIDE_MS, easing: "ease-in-out", fill: "forwards" });
  }

  forgetGhost() {
    this.ghost?.remove();
    this.ghost = null;
  }

  wipe() {
    const root = this.element.closest(".gl-view");
    for (const note of root?.querySelectorAll(".gl-node-verdict") ?? []) note.remove();
    for (const card of root?.querySelectorAll(".gl-node[data-film]") ?? []) delete card.dataset.film;
    for (const tile of root?.querySelectorAll(".gl-victim") ?? []) tile.classList.remove("gl-victim");
  }

  clear() {
    clearTimeout(this.timer);
    this.wipe();
    this.forgetGhost();
    this.film = null;
  }

  end() {
    this.clear();
    hide(this.element, true);
    this.ended();
  }

  key(event) {
    const moves = { ArrowLeft: -1, ArrowRight: 1 };
    if (event.key === "Escape") this.end();
    else if (event.key in moves) this.go(this.at + moves[event.key]);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
}

const FILM_SIGNS = { out: "✕", score: "", winner: "✓" };

function filmButton(sign, label, press) {
  const button = el("button", { type: "button", class: "gl-film-button", "aria-label": label, title: label }, sign);
  button.addEventListener("click", press);
  return button;
}
