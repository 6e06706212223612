// The path of an apply: a stage of stations, and the steps they took. Python sends one snapshot (views/path.py) whenever
// something changed. What the reader does with stations and the clock is asked of Python: {do: "switch" | "hold" | "step"}.

const KEYS = "arrows go from step to step · Home and End to the first and last · Tab reaches the switches";

class PathView extends View {
  static frame = { name: "path", label: "Path of an apply", keys: KEYS };

  build() {
    const { body, tools } = this.frame;
    this.stage = new Stage(this.looks, (component, running) => this.model.send({ do: "switch", component, running }));
    this.steps = new Steps((step, moving) => this.stage.show(step, moving));
    this.verdict = el("p", { class: "gl-verdict" }, glyph(this.looks, "pending"), el("span", {}));
    this.hold = el("button", { class: "gl-toggle", type: "button", title: "While the clock is held, no component acts" }, "hold the clock");
    this.step = el("button", { class: "gl-toggle", type: "button", title: "Let one component do one thing" }, "one action");
    this.hold.addEventListener("click", () => this.model.send({ do: "hold", held: this.hold.getAttribute("aria-pressed") !== "true" }));
    this.step.addEventListener("click", () => this.model.send({ do: "step" }));
    tools.prepend(this.hold, this.step);
    body.append(this.verdict, this.stage.element, this.steps.element);
    this.ends.push(() => this.steps.release());
  }

  draw() {
    const snapshot = this.model.get("_snapshot");
    if (!snapshot?.path) return this.frame.drawError(snapshot?.error);
    const { path, clock } = snapshot;
    const before = this.path;
    this.path = path;
    this.frame.draw(snapshot, path.subject);
    this.drawClock(clock);
    const look = { done: "ready", waiting: "pending", failed: "failed", stopped: "failed" }[path.end.state];
    reshape(this.verdict.firstChild, this.looks, look);
    this.verdict.dataset.state = path.end.state;
    say(this.verdict.lastChild, path.end.sentence);
    this.stage.draw(path);
    this.steps.draw(path.steps);
    if (before) this.announce(before);
  }

  drawClock(clock) {
    hide(this.hold, !clock);
    hide(this.step, !clock?.held);
    this.hold.setAttribute("aria-pressed", String(Boolean(clock?.held)));
    say(this.hold, clock?.held ? "clock is held" : "hold the clock");
  }

  announce(before) {
    for (const step of this.path.steps.slice(before.steps.length)) this.frame.voice.tell(`${step.title}.`);
    if (this.path.end.sentence !== before.end.sentence) this.frame.voice.tell(this.path.end.sentence);
  }
}

export default widget(PathView);
