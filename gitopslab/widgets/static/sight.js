// Tells Python whether somebody sees a widget: what costs something is asked only then. Out of sight is a cell that was
// scrolled away or closed, and a page behind another.

class Sight {
  constructor(model, root) {
    this.model = model;
    this.who = String(Math.random());
    this.watch = new IntersectionObserver((entries) => {
      this.inside = entries.at(-1).isIntersecting;
      this.tell();
    });
    this.watch.observe(root);
    this.turn = ({ type }) => this.tell(type === "pagehide");
    document.addEventListener("visibilitychange", this.turn);
    addEventListener("pagehide", this.turn);
  }

  tell(leaves = false) {
    const seen = Boolean(this.inside) && !leaves && document.visibilityState === "visible";
    if (seen === this.seen) return;
    this.seen = seen;
    try {
      this.model.send({ do: "see", who: this.who, seen });
    } catch {
      // Its kernel is gone, and with it whoever would be told.
    }
  }

  release() {
    this.watch.disconnect();
    document.removeEventListener("visibilitychange", this.turn);
    removeEventListener("pagehide", this.turn);
    this.tell(true);
  }
}
