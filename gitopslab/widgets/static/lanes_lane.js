// One lane: who it is and how it was told to work, a card a step, the same steps on a scale of time, and what differs from
// Git now.

class Lane {
  constructor(looks, outcomes) {
    Object.assign(this, { looks, outcomes });
    this.mark = glyph(looks, "pending");
    this.tool = el("h4", {});
    this.title = el("p", { class: "gl-ln-title" });
    this.sentence = el("p", { class: "gl-ln-sentence" });
    this.facts = el("ul", { class: "gl-ln-facts" });
    this.steps = el("ol", { class: "gl-ln-steps" });
    this.marks = el("div", { class: "gl-ln-marks-in-time" });
    this.end = el("span", {});
    const scale = el("div", { class: "gl-ln-scale", "aria-hidden": "true" }, this.marks, el("span", {}, "push"), this.end);
    this.drift = el("ul", { class: "gl-ln-drift" });
    const who = el("div", { class: "gl-ln-who" }, el("div", { class: "gl-ln-head" }, this.mark, this.tool), this.title, this.sentence, this.facts);
    this.element = el("section", { class: "gl-ln-lane" }, who, el("div", { class: "gl-ln-what" }, this.steps, scale), this.drift);
  }

  draw(lane, commit, at) {
    this.element.setAttribute("aria-label", lane.tool);
    reshape(this.mark, this.looks, lane.state);
    say(this.tool, lane.tool);
    say(this.title, lane.title);
    say(this.sentence, lane.sentence);
    keyed(this.facts, lane.facts, (fact) => fact, (fact) => el("li", { class: "gl-tag" }, fact), () => {});
    const steps = commit?.steps[at] ?? [];
    keyed(this.steps, steps, (step) => step.word, (step) => this.makeStep(step), (item, step) => this.updateStep(item, step, commit));
    this.drawScale(steps, commit);
    this.drawDrift(lane);
  }

  makeStep(step) {
    const parts = { mark: glyph(this.looks, "pending"), when: el("b", {}), note: el("p", {}) };
    const item = el("li", {}, el("div", {}, parts.mark, el("strong", {}, step.word), parts.when), parts.note);
    item.glParts = parts;
    return item;
  }

  updateStep(item, step, commit) {
    const { mark, when, note } = item.glParts;
    const [state, words] = this.outcomes[step.outcome];
    item.dataset.outcome = step.outcome;
    hide(mark, !state);
    if (state) reshape(mark, this.looks, state);
    const after = step.seconds ? afterPush(step.seconds - commit.seconds) : "";
    say(when, step.outcome === "done" ? after : [spoken(words), after].filter(Boolean).join(", "));
    say(note, step.note);
  }

  /** Both lanes share one scale, so that one looks at once who was first. */
  drawScale(steps, commit) {
    const all = commit?.steps.flat().filter(({ seconds }) => seconds) ?? [];
    const span = Math.max(1, ...all.map(({ seconds }) => seconds - commit.seconds));
    say(this.end, all.length ? afterPush(span) : "");
    const told = steps.filter(({ seconds, outcome }) => seconds && this.outcomes[outcome][0]);
    keyed(this.marks, told, (step) => step.word, (step) => glyph(this.looks, this.outcomes[step.outcome][0]), (mark, step) => {
      reshape(mark, this.looks, this.outcomes[step.outcome][0]);
      mark.style.left = `${Math.min(1, Math.max(0, (step.seconds - commit.seconds) / span)) * 100}%`;
      mark.title = spoken(step.word);
    });
  }

  drawDrift({ drift, more }) {
    hide(this.drift, !drift.length);
    const rows = [...drift, ...(more ? [{ more }] : [])];
    keyed(this.drift, rows, (row) => (row.more ? "more" : `${row.object} ${row.path}`), () => el("li", {}, glyph(this.looks, "notready"), el("span", {}, el("strong", {}), el("code", {}), el("span", {}), el("em", {}))), (item, row) => {
      const [mark, words] = item.children;
      const [object, path, what, fate] = words.children;
      hide(mark, Boolean(row.more));
      say(object, row.more ? `and ${row.more} more` : row.object);
      say(path, row.path || "");
      hide(path, !row.path);
      say(what, row.more ? "" : [row.words, row.owner && `set by ${row.owner}`].filter(Boolean).map(spoken).join(", "));
      say(fate, row.fate || "");
    });
  }
}

/** A time from the push on: +2 s, +1 m 5 s, +1 h 2 m; as views/lanes/text.py says it. */
function afterPush(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  const two = (large, unit, small, rest) => (rest ? `+${large} ${unit} ${rest} ${small}` : `+${large} ${unit}`);
  if (whole < 60) return `+${whole} s`;
  const minutes = Math.floor(whole / 60);
  return minutes < 60 ? two(minutes, "m", "s", whole % 60) : two(Math.floor(minutes / 60), "h", "m", minutes % 60);
}
