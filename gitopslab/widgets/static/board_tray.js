// The tray beside the nodes: pods that wait for a node, each with its reason, and below them the pods in trouble.

const MOST_WAITING = 40; // the rest is counted in a last line
const MOST_TROUBLED = 6;

class Tray {
  constructor(tiles) {
    this.tiles = tiles;
    this.head = el("h3", {});
    this.list = el("div", { class: "gl-tray-list" });
    this.rest = el("p", { class: "gl-empty" });
    this.trouble = el("div", { class: "gl-trouble" });
    this.element = el("section", { class: "gl-tray", "aria-label": "Pods without a node" }, this.head, this.list, this.rest, this.trouble);
  }

  draw(waiting, troubled) {
    say(this.head, waiting.length ? `Waiting for a node (${waiting.length})` : "Waiting for a node");
    this.drawWaiting(waiting.slice(0, MOST_WAITING));
    const more = waiting.length - MOST_WAITING;
    say(this.rest, waiting.length ? `and ${more} more` : "Every pod has a node.");
    hide(this.rest, waiting.length > 0 && more <= 0);
    this.drawTrouble(troubled);
  }

  drawWaiting(pods) {
    const make = (pod) => el("div", { class: "gl-waiting" }, this.tiles.of(pod), el("p", {}));
    const rows = pods.map((pod, at) => ({ pod, last: pods[at + 1]?.owner !== pod.owner || pods[at + 1]?.reason !== pod.reason }));
    keyed(this.list, rows, ({ pod }) => pod.uid, ({ pod }) => make(pod), (item, { pod, last }) => {
      this.tiles.update(item.firstElementChild, pod, "tile");
      say(item.lastElementChild, pod.reason);
      // Replicas that wait for the same reason share one sentence.
      hide(item.lastElementChild, !last);
    });
  }

  drawTrouble(pods) {
    const rows = pods.slice(0, MOST_TROUBLED).map((pod) => ({ key: pod.uid, pod }));
    if (pods.length) rows.unshift({ key: "head", text: `Needs attention (${pods.length})` });
    const make = ({ pod }) => (pod ? pointerTo(pod) : el("h3", {}));
    keyed(this.trouble, rows, (row) => row.key, make, (item, { pod, text }) => {
      if (!pod) return say(item, text);
      say(item.firstChild, pod.short);
      say(item.children[1], ` on ${pod.node}`);
      say(item.lastChild, pod.reason || pod.status);
    });
  }
}

function pointerTo(pod) {
  return el("button", { type: "button", class: "gl-pointer", "data-points": pod.uid }, el("b", {}), el("span", {}), el("p", {}));
}
