// The card with a pod's details, shown beside its tile on hover and focus; a click or Enter pins it, Escape closes it.
// It is a popover, so that neither a notebook cell nor its scroll bar cuts it off.

class PodCard {
  constructor(looks, now) {
    this.looks = looks;
    this.now = now;
    this.pinned = false;
    this.shown = null;
    this.element = el("div", { class: "gl-card", popover: "manual", role: "tooltip" });
    this.element.addEventListener("click", (event) => {
      if (event.target.closest(".gl-copy")) this.copy();
      if (event.target.closest(".gl-close")) this.close();
    });
  }

  /** Shows a pod beside its tile; a pinned card stays with its pod until it is closed. */
  show(pod, tile, { pin = false } = {}) {
    if (this.pinned && !pin && this.shown !== pod.uid) return;
    this.pinned ||= pin;
    this.shown = pod.uid;
    this.tile = tile;
    this.fill(pod);
    if (!this.element.isConnected) return;
    if (!this.element.matches(":popover-open")) this.element.showPopover();
    this.place();
  }

  close() {
    this.pinned = false;
    this.shown = null;
    if (this.element.matches(":popover-open")) this.element.hidePopover();
  }

  /** Brings an open card up to date, or closes it when its pod is gone. */
  follow(pods, tiles) {
    if (!this.shown) return;
    const pod = pods.get(this.shown);
    const tile = tiles.get(this.shown);
    if (!pod || !tile?.isConnected) this.close();
    else this.show(pod, tile, { pin: this.pinned });
  }

  place() {
    if (!this.shown || !this.tile.isConnected) return;
    const beside = this.tile.getBoundingClientRect();
    const { offsetWidth: width, offsetHeight: height } = this.element;
    const right = beside.right + 8 + width <= innerWidth;
    const left = right ? beside.right + 8 : Math.max(4, beside.left - 8 - width);
    const top = Math.min(Math.max(4, beside.top - 6), Math.max(4, innerHeight - height - 4));
    Object.assign(this.element.style, { left: `${left}px`, top: `${top}px` });
  }

  async copy() {
    await navigator.clipboard?.writeText(this.command);
    const button = this.element.querySelector(".gl-copy");
    if (button) say(button, "copied");
  }

  fill(pod) {
    this.command = pod.command;
    const word = this.looks[pod.state].word;
    const head = el(
      "div",
      { class: "gl-card-head" },
      glyph(this.looks, pod.state),
      el("div", {}, el("strong", {}, pod.name), el("span", { class: "gl-card-state" }, cardStatus(pod, word))),
      this.pinned && el("button", { class: "gl-close", type: "button", "aria-label": "Close" }, "✕"),
    );
    const facts = el("dl", {});
    for (const [name, value] of cardFacts(pod, this.now())) {
      if (value) facts.append(el("dt", {}, name), el("dd", {}, value));
    }
    this.element.classList.toggle("gl-pinned", this.pinned);
    this.element.replaceChildren(
      head,
      pod.reason ? el("p", { class: "gl-card-reason" }, pod.reason) : "",
      facts,
      ...cardList("Not true yet", pod.doubts.map(([type, reason, message]) => [type, reason || message])),
      ...cardList("Last events", pod.events.map((event) => cardEvent(event, this.now()))),
      el("div", { class: "gl-card-foot" }, el("code", {}, pod.command), this.pinned ? copyButton() : pinHint()),
    );
  }
}

function cardStatus(pod, word) {
  return pod.status.toLowerCase() === word || pod.status === "Running" ? word : `${word} · ${pod.status}`;
}

function cardFacts(pod, now) {
  return [
    ["namespace", pod.namespace],
    ["made by", pod.owner ? pod.owner.replace("/", " ") : "nobody: a bare pod"],
    ["node", pod.node || "none yet"],
    ["containers", `${pod.ready} of ${pod.containers} ready${pod.restarts ? `, restarted ${pod.restarts}×` : ""}`],
    ["image", pod.images],
    ["requests", pod.asks],
    ["age", ago(pod.since, now)],
  ];
}

function cardEvent(event, now) {
  const often = event.count > 1 ? ` (${event.count}×)` : "";
  return [event.reason, `${event.message}${often}, ${ago(event.seconds, now)} ago`, event.type === "Warning"];
}

function cardList(title, rows) {
  if (!rows.length) return [];
  const items = rows.map(([name, text, warning]) =>
    el("li", { class: warning && "gl-warning" }, el("b", {}, name), text ? ` ${text}` : ""),
  );
  return [el("h4", {}, title), el("ul", {}, ...items)];
}

const copyButton = () => el("button", { class: "gl-copy", type: "button" }, "copy");
const pinHint = () => el("span", { class: "gl-hint" }, "Enter pins");
