// Two lanes: the newest commits as a row of buttons, and of the chosen one what Flux and Argo CD did, on one scale of time.
// Python sends one snapshot (views/lanes); a button asks for what it says: {do: "act", what: "drift" | "prune" | "revert"},
// and the answer comes as `_answer`.

const KEYS = "left and right go from commit to commit · Enter shows one · Escape goes back to the newest";
const ACTIONS = {
  drift: ["drift", "Change an object in the cluster, as kubectl would"],
  prune: ["prune", "Remove a file by a commit, and push it"],
  revert: ["revert", "Undo the newest commit with git revert, and push it"],
};

class LanesView extends View {
  static frame = { name: "commit-lanes", label: "Lanes", keys: KEYS };

  build() {
    const { outcomes, actions } = this.options;
    this.tellSight();
    this.commits = new Commits(this.looks, outcomes, (sha) => this.choose(sha));
    this.rows = el("div", { class: "gl-ln-rows" });
    this.lanes = new Map();
    this.makeLane = () => new Lane(this.looks, outcomes);
    this.said = el("p", { class: "gl-ln-said", hidden: true });
    this.trouble = el("p", { class: "gl-ln-trouble", hidden: true });
    this.buttons = (actions ?? []).map((what) => this.button(what));
    this.frame.tools.prepend(...this.buttons);
    this.frame.body.append(this.trouble, this.said, this.commits.element, this.rows);
    this.frame.legend.prepend(legend(this.looks, outcomes));
    this.frame.body.addEventListener("keydown", (event) => this.press(event));
    this.follow("_answer", () => this.answer(this.model.get("_answer")));
  }

  button(what) {
    const [words, title] = ACTIONS[what] ?? [what, ""];
    const button = el("button", { class: "gl-toggle", type: "button", title, "data-what": what }, words);
    button.addEventListener("click", () => this.ask(what));
    return button;
  }

  ask(what) {
    if (this.waiting) return;
    this.wait(what);
    this.tell(`${what} …`);
    this.model.send({ do: "act", what });
  }

  /** One thing at a time; the buttons keep the focus, so they are not disabled. */
  wait(what) {
    this.waiting = what;
    for (const button of this.buttons) button.setAttribute("aria-disabled", String(Boolean(what)));
  }

  answer({ said, error } = {}) {
    this.wait("");
    this.tell(said || "");
    this.frame.drawError(error);
    if (said) this.frame.voice.tell(said);
  }

  tell(words) {
    say(this.said, words);
    hide(this.said, !words);
  }

  draw() {
    const snapshot = this.model.get("_snapshot");
    const lanes = snapshot?.lanes;
    this.frame.drawError(snapshot?.error);
    if (!lanes) return;
    const before = this.shown;
    this.shown = lanes;
    this.frame.draw(snapshot, lanes.project);
    say(this.trouble, lanes.trouble);
    hide(this.trouble, !lanes.trouble);
    this.drawLanes();
    if (before) this.announce(before);
  }

  drawLanes() {
    const { commits, lanes } = this.shown;
    if (!commits.some((commit) => commit.sha === this.chosen)) this.chosen = "";
    const chosen = commits.find((commit) => commit.sha === this.chosen) ?? commits[0];
    this.commits.draw(commits, chosen?.sha);
    keyed(this.rows, lanes.map((lane, at) => ({ lane, at })), ({ lane }) => lane.tool, () => {
      const made = this.makeLane();
      made.element.glLane = made;
      return made.element;
    }, (element, { lane, at }) => element.glLane.draw(lane, chosen, at));
  }

  choose(sha) {
    this.chosen = sha === this.shown.commits[0]?.sha ? "" : sha;
    this.drawLanes();
  }

  press(event) {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.key === "Escape") this.choose("");
    else if (!this.commits.go(event.key)) return;
    event.preventDefault();
  }

  /** What became of the newest commit, one sentence a step. */
  announce(before) {
    const [commit] = this.shown.commits;
    const old = before.commits.find(({ sha }) => sha === commit?.sha);
    this.shown.lanes.forEach((lane, at) => {
      const known = new Set((old?.steps[at] ?? []).map(({ word, outcome }) => word + outcome));
      for (const { word, outcome, note } of commit?.steps[at] ?? []) {
        if (known.has(word + outcome) || !["done", "failed"].includes(outcome)) continue;
        this.frame.voice.tell(`${lane.tool}: ${outcome === "failed" ? `${spoken(`not ${word}`)}: ${spoken(note)}` : spoken(word)}.`);
      }
      const drifted = lane.drift.length + lane.more;
      if (drifted !== (before.lanes[at]?.drift.length ?? 0) + (before.lanes[at]?.more ?? 0)) {
        this.frame.voice.tell(`${lane.tool}: ${drifted ? spoken(`${several(drifted, "difference")} from Git`) : spoken("as in Git again")}.`);
      }
    });
  }
}

function legend(looks, outcomes) {
  return el("ul", {}, ...Object.values(outcomes).map(([state, words]) => el("li", {}, state ? glyph(looks, state) : el("span", { class: "gl-ln-unasked" }), words)));
}

export default widget(LanesView);
