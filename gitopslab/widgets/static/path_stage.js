// The stage of a path: the stations in a row, the API server and etcd as the bus below, which everything passes.
// The link of the station that acts shows what it sees (up) and what it writes (down); only the current step moves.

const STATION_LOOKS = { done: "ready", waiting: "pending", failed: "failed", stopped: "failed" };
const STATE_WORDS = { idle: "not reached yet", done: "has acted", waiting: "its turn", failed: "could not", stopped: "stopped" };
const SLIDE_MS = 320;

class Stage {
  constructor(looks, onSwitch) {
    this.looks = looks;
    this.onSwitch = onSwitch;
    this.row = el("div", { class: "gl-stations" });
    this.bus = el("div", { class: "gl-bus" });
    this.element = el("div", { class: "gl-stage" }, this.row, this.bus);
    this.element.addEventListener("click", (event) => this.click(event));
  }

  click(event) {
    const button = event.target.closest(".gl-switch");
    if (button) this.onSwitch(button.dataset.component, button.dataset.running !== "true");
  }

  draw(path) {
    this.row.style.setProperty("--gl-columns", path.stations.length);
    keyed(this.row, path.stations, (one) => one.key, () => this.make(), (column, one) => this.update(column, one, path.end));
    keyed(this.bus, path.bus, (one) => one.key, () => this.make(), (column, one) => this.update(column, one, path.end));
  }

  make() {
    const parts = {
      mark: glyph(this.looks, "pending"),
      title: el("strong", {}),
      within: el("span", { class: "gl-within" }),
      toggle: el("button", { class: "gl-switch", type: "button" }),
      sees: el("p", { class: "gl-sees" }, el("b", {}, "sees"), " ", el("span", {})),
      writes: el("p", { class: "gl-writes" }, el("b", {}, "writes"), " ", el("span", {})),
      ends: el("p", { class: "gl-ends" }),
    };
    const head = el("div", { class: "gl-station" }, parts.mark, el("div", {}, parts.title, parts.within), parts.toggle);
    const link = el("div", { class: "gl-link" }, parts.sees, parts.writes, parts.ends);
    const column = el("div", { class: "gl-column", role: "group" }, head, link);
    column.glParts = parts;
    return column;
  }

  update(column, station, end) {
    const { mark, title, within, toggle, ends } = column.glParts;
    const stopped = station.running === false;
    reshape(mark, this.looks, STATION_LOOKS[station.state] ?? "pending");
    column.dataset.state = station.state;
    column.classList.toggle("gl-stopped", stopped);
    say(title, station.title);
    say(within, stopped ? "stopped" : station.within);
    column.title = stopped ? station.without : station.role;
    column.setAttribute("aria-label", `${station.title}, ${stopped ? "stopped" : STATE_WORDS[station.state]}`);
    this.drawToggle(toggle, station);
    const ended = station.key === end.station && end.state !== "done";
    column.classList.toggle("gl-end", ended);
    say(ends, ended ? (end.state === "waiting" ? "the chain is here" : "the chain ends here") : "");
  }

  drawToggle(toggle, { key, title, running, switchable }) {
    hide(toggle, !switchable);
    toggle.dataset.component = key;
    toggle.dataset.running = String(running !== false);
    say(toggle, running === false ? "start" : "stop");
    toggle.setAttribute("aria-label", `${running === false ? "start" : "stop"} the ${title}`);
  }

  /** Shows one step at its station; `moving` lets what it saw rise and what it wrote sink. */
  show(step, moving) {
    for (const column of [...this.row.children, ...this.bus.children]) {
      const { sees, writes } = column.glParts;
      const acts = step !== undefined && this.keyOf(column) === step.actor;
      column.classList.toggle("gl-acts", acts);
      column.classList.toggle("gl-failing", acts && step.state === "failed");
      say(sees.lastChild, acts ? step.sees : "");
      say(writes.lastChild, acts ? step.writes : "");
      hide(sees, !acts || !step.sees);
      hide(writes, !acts || !step.writes);
      if (acts && moving) this.move(sees, writes);
    }
  }

  keyOf(column) {
    return column.glParts.toggle.dataset.component;
  }

  move(sees, writes) {
    const slide = (node, from, delay) => {
      const steps = calm() ? [{ opacity: 0 }, { opacity: 1 }] : [{ opacity: 0, transform: `translateY(${from}px)` }, { opacity: 1, transform: "none" }];
      if (!node.hidden) node.animate(steps, { duration: SLIDE_MS, delay, easing: "ease-out", fill: "backwards" });
    };
    slide(sees, 22, 0);
    slide(writes, -22, sees.hidden ? 0 : SLIDE_MS * 0.7);
  }
}
