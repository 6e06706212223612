// The steps of a decision: a rail of marks (squares filter, circles score), what the plugin asks, what came of it.

class Steps {
  constructor(go) {
    this.go = go;
    this.rail = el("div", { class: "gl-dc-rail", role: "group", "aria-label": "Steps" });
    this.back = this.button("◀", "Step back", () => this.go(this.at - 1));
    this.next = this.button("▶", "Step on", () => this.go(this.at + 1));
    this.count = el("span", { class: "gl-dc-count" });
    this.name = el("strong", {});
    this.asks = el("span", { class: "gl-dc-asks" });
    this.told = el("p", { class: "gl-dc-told" });
    const line = el("div", { class: "gl-dc-line" }, this.back, this.next, this.count, this.name, this.asks);
    this.element = el("div", { class: "gl-dc-steps" }, this.rail, line, this.told);
  }

  button(sign, label, press) {
    const made = el("button", { class: "gl-dc-press", type: "button", "aria-label": label, title: label }, sign);
    made.addEventListener("click", press);
    return made;
  }

  draw(steps, at) {
    this.at = at;
    const numbered = steps.map((step, number) => ({ ...step, number, isFirst: step.kind !== steps[number - 1]?.kind }));
    keyed(this.rail, numbered, (step) => step.number, () => this.mark(), (mark, step) => this.drawMark(mark, step));
    const step = steps[at];
    say(this.count, `${at + 1} of ${steps.length}`);
    say(this.name, nameOf(step));
    say(this.asks, step.asks);
    say(this.told, step.told);
    this.back.disabled = at === 0;
    this.next.disabled = at === steps.length - 1;
  }

  drawMark(mark, step) {
    const { kind, number, isFirst, out } = step;
    Object.assign(mark.dataset, { kind, out: out.length > 0, past: number <= this.at });
    if (isFirst && kind in PLURAL) mark.dataset.first = spoken(PLURAL[kind]);
    else delete mark.dataset.first;
    mark.setAttribute("aria-current", number === this.at ? "step" : "false");
    mark.setAttribute("aria-label", `${spoken("Step")} ${number + 1}: ${nameOf(step)}${out.length ? `, ${spoken(`${out.length} out`)}` : ""}`);
    mark.title = nameOf(step);
    say(mark, { start: "start", end: "outcome" }[kind] ?? "");
    mark.onclick = () => this.go(number);
  }

  mark() {
    return el("button", { class: "gl-dc-mark", type: "button", tabindex: "-1" });
  }
}

const PLURAL = { filter: "filters", score: "scores" };

function nameOf(step) {
  return step.plugin || spoken(step.kind === "start" ? "Start" : "Outcome");
}
