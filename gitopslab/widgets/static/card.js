// The details of one thing, shown beside it on hover and focus; a click or Enter pins them, Escape closes them.
// A popover, so that neither a notebook cell nor its scroll bar cuts it off.

class DetailCard {
  constructor(looks) {
    this.looks = looks;
    this.pinned = false;
    this.shown = null;
    this.element = el("div", { class: "gl-card", popover: "manual", role: "tooltip" });
    this.element.addEventListener("click", (event) => {
      if (event.target.closest(".gl-copy")) this.copy();
      if (event.target.closest(".gl-close")) this.close();
    });
  }

  /**
   * Shows details beside an element; a pinned card stays with its key until it is closed. Details are
   * `{ state, name, status, reason, facts, lists, command, more }`: facts are pairs, lists are `[title, rows]`, and more
   * is an element of the widget's own.
   */
  show(key, details, beside, { pin = false } = {}) {
    if (this.pinned && !pin && this.shown !== key) return;
    this.pinned ||= pin;
    this.shown = key;
    this.beside = beside;
    this.fill(details);
    if (!this.element.isConnected) return;
    if (!this.element.matches(":popover-open")) this.element.showPopover();
    this.place();
  }

  close() {
    this.pinned = false;
    this.shown = null;
    if (this.element.matches(":popover-open")) this.element.hidePopover();
  }

  /** Brings an open card up to date, or closes it when what it shows is gone. */
  follow(detailsOf, elementOf) {
    if (!this.shown) return;
    const details = detailsOf(this.shown);
    const beside = elementOf(this.shown);
    if (!details || !beside?.isConnected) this.close();
    else this.show(this.shown, details, beside, { pin: this.pinned });
  }

  place() {
    if (!this.shown || !this.beside.isConnected) return;
    const beside = this.beside.getBoundingClientRect();
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

  fill({ state, name, status, reason, facts, lists = [], command, more }) {
    this.command = command;
    const head = el(
      "div",
      { class: "gl-card-head" },
      state && glyph(this.looks, state),
      el("div", {}, el("strong", {}, name), el("span", { class: "gl-card-state" }, status)),
      this.pinned && el("button", { class: "gl-close", type: "button", "aria-label": "Close" }, "✕"),
    );
    const known = el("dl", {});
    for (const [term, value] of facts) if (value) known.append(el("dt", {}, term), el("dd", {}, value));
    this.element.classList.toggle("gl-pinned", this.pinned);
    this.element.replaceChildren(
      head,
      reason ? el("p", { class: "gl-card-reason" }, reason) : "",
      known,
      ...lists.flatMap(([title, rows]) => cardList(title, rows)),
      more ?? "",
      command ? el("div", { class: "gl-card-foot" }, el("code", {}, command), this.pinned ? copyButton() : pinHint()) : "",
    );
  }
}

function cardList(title, rows) {
  if (!rows.length) return [];
  const items = rows.map(([name, text, warning]) =>
    el("li", { class: warning && "gl-warning" }, el("b", {}, name), text ? ` ${text}` : ""),
  );
  return [el("h4", {}, title), el("ul", {}, ...items)];
}

/** The lists every object has: conditions that are not true, and its last events. */
function newsLists({ doubts, events }, now) {
  return [
    ["Not true yet", doubts.map(([type, reason, message]) => [type, reason || message])],
    ["Last events", events.map((event) => cardEvent(event, now))],
  ];
}

function cardEvent(event, now) {
  const often = event.count > 1 ? ` (${event.count}×)` : "";
  return [event.reason, `${event.message}${often}, ${ago(event.seconds, now)} ago`, event.type === "Warning"];
}

const copyButton = () => el("button", { class: "gl-copy", type: "button" }, "copy");
const pinHint = () => el("span", { class: "gl-hint" }, "Enter pins");
