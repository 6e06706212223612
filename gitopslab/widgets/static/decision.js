// A scheduling decision: the steps, and a row a node. Python sends one snapshot (views/decision.py), and another one after
// each what-if; this script lets the reader go through it at any pace. It begins at the end: the outcome.

const KEYS = "left and right go from step to step · Home and End to the first and the last · up and down from node to node";

class DecisionView extends View {
  static frame = { name: "decision", label: "Scheduling decision", keys: KEYS };

  build() {
    const { glyphs } = this.options;
    this.steps = new Steps((at) => this.go(at));
    this.rows = new NodeRows(this.looks, glyphs, (row) => this.tellRow(row));
    this.whatIf = new WhatIf((wish) => this.model.send(wish));
    this.changes = el("p", { class: "gl-dc-changes" });
    this.headline = el("p", { class: "gl-dc-headline" });
    this.more = el("p", { class: "gl-empty" });
    this.message = el("p", { class: "gl-dc-message" });
    const table = el("div", { class: "gl-dc-scroll" }, this.rows.element);
    this.frame.body.append(this.changes, this.headline, this.steps.element, table, this.more, this.message, this.whatIf.element);
    this.frame.legend.prepend(legend(this.looks, glyphs));
    this.frame.body.addEventListener("keydown", (event) => this.press(event));
  }

  draw() {
    const snapshot = this.model.get("_snapshot");
    const found = snapshot?.decision;
    this.frame.drawError(snapshot?.error);
    if (!found) return;
    const isFirst = !this.found;
    this.found = found;
    this.frame.draw(snapshot, `pod ${found.pod} · asks for ${found.asks}`);
    say(this.changes, found.changes.length ? `What if: ${found.changes.join("; ")}` : "");
    hide(this.changes, !found.changes.length);
    say(this.headline, found.headline);
    say(this.more, found.folded);
    say(this.message, [found.message, found.said && `The cluster's scheduler last said: ${found.said}`].filter(Boolean).join(" "));
    this.whatIf.draw(found);
    this.go(found.steps.length - 1);
    if (!isFirst) this.frame.voice.tell(found.headline);
  }

  go(at) {
    const last = this.found.steps.length - 1;
    this.at = Math.max(0, Math.min(last, at));
    this.steps.draw(this.found.steps, this.at);
    this.rows.draw(this.found, this.at);
  }

  tellRow(row) {
    const told = row.state === "out" ? `${row.plugin}: ${row.detail}` : row.scores.map((score) => `${score.plugin} ${score.total}`).join(", ");
    this.frame.voice.tell(`${row.node}. ${told || this.found.headline}`);
  }

  press(event) {
    if (isTyping(event.target) || event.altKey || event.ctrlKey || event.metaKey) return;
    const steps = { ArrowLeft: this.at - 1, ArrowRight: this.at + 1, Home: 0, End: this.found.steps.length - 1 };
    const rows = { ArrowUp: -1, ArrowDown: 1 };
    if (event.key in steps) this.walk(steps[event.key]);
    else if (event.key in rows) this.rows.go(rows[event.key]);
    else return;
    event.preventDefault();
  }

  walk(at) {
    this.go(at);
    const step = this.found.steps[this.at];
    this.frame.voice.tell(`${nameOf(step)}. ${step.told}`);
  }
}

function legend(looks, glyphs) {
  const words = { chosen: "chosen", fits: "fits", out: "refused", open: "not decided yet" };
  const items = Object.entries(words).map(([state, word]) => el("li", {}, glyph(looks, glyphs[state] ?? "pending"), word));
  return el("ul", { "aria-label": "Verdicts" }, ...items);
}

export default widget(DecisionView);
