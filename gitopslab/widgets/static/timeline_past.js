// The way back: a slider over the window of time, and the board as it was at that moment. The board is drawn by the parts
// of the board widget; what it shows, Python reads from the cluster's history.

const LOOK_MS = 120;
const STEPS = 1000;

class PastBoard {
  constructor(looks, { now, window, ask }) {
    Object.assign(this, { now, window, ask });
    this.tiles = new Tiles(looks);
    this.tray = new Tray(this.tiles);
    this.nodes = new NodeCards(looks, this.tiles);
    this.slider = el("input", { type: "range", min: "0", max: String(STEPS), value: String(STEPS), class: "gl-slider", "aria-label": "Go back in time" });
    this.where = el("output", { class: "gl-when" });
    this.back = el("button", { type: "button", class: "gl-toggle" }, "back to now");
    this.board = el("div", { class: "gl-past-board", hidden: true }, this.tray.element, this.nodes.element);
    this.element = el("section", { class: "gl-past", "aria-label": "The board as it was" },
      el("div", { class: "gl-way-back" }, el("span", {}, "go back"), this.slider), el("div", { class: "gl-then" }, this.where, this.back), this.board);
    this.look = notTooOften(LOOK_MS, () => this.send());
    this.slider.addEventListener("input", () => this.look());
    this.back.addEventListener("click", () => this.leave());
  }

  release() {
    this.look.cancel();
  }

  /** The moment that the slider stands at; null at its right end, which is now. */
  get moment() {
    if (Number(this.slider.value) >= STEPS) return null;
    const { start, end } = this.window();
    return start + ((end - start) * Number(this.slider.value)) / STEPS;
  }

  send() {
    const seconds = this.moment;
    this.ask(seconds === null ? { do: "now" } : { do: "look", seconds });
  }

  leave() {
    this.slider.value = String(STEPS);
    this.slider.focus({ preventScroll: true });
    this.ask({ do: "now" });
  }

  /** Shows the board of a moment, or nothing; the slider follows the moment as time moves on. */
  draw(past) {
    const shown = Boolean(past);
    hide(this.board, !shown);
    hide(this.back, !shown);
    this.seconds = past?.seconds ?? null;
    this.revision = past?.revision;
    this.follow();
    if (!shown) return;
    const { nodes, pending } = past.board;
    const visible = () => true;
    const troubled = nodes.flatMap((node) => node.pods).filter((pod) => pod.state === "failed");
    this.tray.draw(pending, troubled);
    this.nodes.draw(nodes, visible, (pod) => pod.system);
    this.tiles.forget(new Map([...pending, ...nodes.flatMap((node) => node.pods)].map((pod) => [pod.uid, pod])));
  }

  follow() {
    const { start, end } = this.window();
    if (this.seconds !== null && document.activeElement !== this.slider) {
      this.slider.value = String(Math.max(0, Math.round(((this.seconds - start) / (end - start)) * STEPS)));
    }
    const words = this.seconds === null ? "the right end is now" : `as it was ${ago(this.seconds, this.now())} ago (revision ${this.revision})`;
    say(this.where, words);
    this.slider.setAttribute("aria-valuetext", this.seconds === null ? "now" : `${ago(this.seconds, this.now())} ago`);
  }
}
