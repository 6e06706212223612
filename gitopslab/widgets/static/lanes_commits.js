// The newest commits as a row of buttons, newest first. One at a time can be reached with Tab; arrows go on from there.

class Commits {
  constructor(looks, outcomes, choose) {
    Object.assign(this, { looks, outcomes, choose });
    this.element = el("div", { class: "gl-ln-commits", role: "group", "aria-label": "Commits, newest first" });
    this.element.addEventListener("click", (event) => {
      const button = event.target.closest(".gl-ln-commit");
      if (button) this.choose(button.dataset.at);
    });
  }

  draw(commits, chosen) {
    keyed(this.element, commits, (commit) => commit.sha, (commit) => this.make(commit), (button, commit) => {
      button.setAttribute("aria-pressed", String(commit.sha === chosen));
      const marks = commit.steps.map((steps) => this.outcomes[standing(steps)]?.[0] || "terminating");
      keyed(button.firstChild, marks.map((state, at) => ({ state, at })), ({ at }) => at, ({ state }) => glyph(this.looks, state), (mark, { state }) => reshape(mark, this.looks, state));
      const words = commit.steps.map((steps) => this.outcomes[standing(steps)]?.[1]).map(spoken).join(", ");
      button.setAttribute("aria-label", `commit ${commit.sha.slice(0, 8)}, ${commit.subject}, ${spoken("by")} ${commit.author}: ${words}`);
    });
    const all = this.all();
    const current = all.find((button) => button === document.activeElement) ?? all.find((button) => button.getAttribute("aria-pressed") === "true") ?? all[0];
    for (const button of all) button.tabIndex = button === current ? 0 : -1;
  }

  make(commit) {
    const words = el("span", { class: "gl-ln-subject" }, el("strong", {}, commit.subject), el("code", {}, commit.sha.slice(0, 8)));
    return el("button", { class: "gl-ln-commit", type: "button", tabindex: "-1", "data-at": commit.sha }, el("span", { class: "gl-ln-marks" }), words);
  }

  all() {
    return [...this.element.querySelectorAll(".gl-ln-commit")];
  }

  /** Moves the focus with an arrow key; false when the key is none of its own. */
  go(key) {
    const all = this.all();
    const at = all.indexOf(document.activeElement);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: all.length - 1 }[key];
    if (at < 0 || to === undefined) return false;
    const next = all[to];
    if (next) {
      for (const button of all) button.tabIndex = button === next ? 0 : -1;
      next.focus();
    }
    return true;
  }
}

/** How a commit stands in one lane: what goes wrong or goes on counts before what is done, that before what nobody tells. */
function standing(steps) {
  const outcomes = steps.map(({ outcome }) => outcome);
  return ["failed", "now", "waiting", "done"].find((outcome) => outcomes.includes(outcome)) ?? "untold";
}
