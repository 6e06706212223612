// The steps of a path as a list, and the one that is looked at in full. The reader decides the pace: arrows go from step
// to step. At the last step the list follows by itself, one step at a time, as more happens.

const FOLLOW_MS = 900;

class Steps {
  constructor(onShow) {
    this.onShow = onShow;
    this.steps = [];
    this.at = -1;
    this.following = true;
    this.list = el("ol", { class: "gl-steps" });
    this.empty = el("p", { class: "gl-empty" }, "Nothing has happened yet.");
    this.detail = el("section", { class: "gl-step", "aria-label": "The step in full" });
    this.element = el("div", { class: "gl-story" }, el("div", {}, this.buttons(), this.list, this.empty), this.detail);
    this.list.addEventListener("click", (event) => this.click(event));
    this.element.addEventListener("keydown", (event) => this.key(event));
    this.detail.addEventListener("click", (event) => event.target.closest(".gl-copy") && this.copy());
  }

  release() {
    clearTimeout(this.timer);
  }

  buttons() {
    const make = (word, label, to) => {
      const button = el("button", { class: "gl-toggle", type: "button", "aria-label": label, title: label }, word);
      button.addEventListener("click", () => this.go(to()));
      return button;
    };
    this.back = make("back", "the step before", () => this.at - 1);
    this.next = make("next", "the next step", () => this.at + 1);
    this.where = el("span", { class: "gl-where" });
    this.first = make("from the start", "back to the first step", () => 0);
    return el("div", { class: "gl-pace" }, this.back, this.next, this.where, this.first);
  }

  /** Takes in the steps as they are now; the one that was looked at stays, unless the reader is following. */
  draw(steps) {
    const begun = this.steps.length > 0;
    if (!sameStory(steps, this.steps)) this.at = Math.min(this.at, steps.length - 1);
    this.steps = steps;
    hide(this.empty, steps.length > 0);
    const make = () => el("button", { type: "button", class: "gl-step-title", tabindex: "-1" }, el("span", {}), el("time", {}));
    const times = steps.map((step) => step.seconds).filter(Boolean);
    const first = Math.min(...times);
    const slow = Math.max(...times) - first >= 1; // Kubernetes notes whole seconds; within one there is nothing to tell
    const item = () => el("li", {}, make());
    keyed(this.list, steps.map((step, at) => ({ step, at })), ({ at }) => at, item, (line, { step, at }) => {
      const button = line.firstChild;
      button.dataset.at = at;
      button.classList.toggle("gl-failing", step.state === "failed");
      say(button.firstChild, step.title);
      say(button.lastChild, slow && step.seconds ? `+${Math.round(step.seconds - first)} s` : "");
    });
    if (!begun && steps.length) this.at = steps.length - 1; // what is over is shown at its end
    this.show(false);
    this.follow();
  }

  /** One step further, as long as the reader was at the end and there is more. */
  follow() {
    clearTimeout(this.timer);
    if (!this.following || this.at >= this.steps.length - 1) return;
    this.timer = setTimeout(() => {
      this.at += 1;
      this.show(true);
      this.follow();
    }, this.at < 0 ? 0 : FOLLOW_MS);
  }

  go(at) {
    if (!this.steps[at]) return;
    clearTimeout(this.timer);
    this.at = at;
    this.following = at === this.steps.length - 1;
    this.show(true);
  }

  show(moving) {
    const step = this.steps[this.at];
    for (const line of this.list.children) {
      const here = Number(line.firstChild.dataset.at) === this.at;
      line.firstChild.toggleAttribute("aria-current", here);
      if (here) line.firstChild.setAttribute("aria-current", "step");
      line.firstChild.setAttribute("tabindex", here ? "0" : "-1");
    }
    this.back.disabled = this.at <= 0;
    this.next.disabled = this.at >= this.steps.length - 1;
    this.first.disabled = this.steps.length === 0;
    say(this.where, this.steps.length ? `step ${this.at + 1} of ${this.steps.length}` : "");
    this.fill(step);
    this.onShow(step, moving);
  }

  fill(step) {
    const signature = JSON.stringify(step ?? null);
    if (this.signature === signature) return;
    this.signature = signature;
    hide(this.detail, !step);
    if (!step) return;
    const copy = el("button", { class: "gl-copy", type: "button" }, "copy");
    this.detail.replaceChildren(
      el("h3", {}, step.title),
      el("p", {}, step.sentence),
      step.details.length ? el("ul", {}, ...step.details.map((line) => el("li", {}, line))) : "",
      el("div", { class: "gl-card-foot" }, el("code", {}, step.command), copy),
    );
  }

  async copy() {
    await navigator.clipboard?.writeText(this.steps[this.at].command);
    say(this.detail.querySelector(".gl-copy"), "copied");
  }

  click(event) {
    const button = event.target.closest(".gl-step-title");
    if (button) this.go(Number(button.dataset.at));
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const moves = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 };
    const ends = { Home: 0, End: this.steps.length - 1 };
    const to = event.key in moves ? this.at + moves[event.key] : ends[event.key];
    if (to === undefined || !this.steps[to]) return;
    event.preventDefault();
    this.go(to);
    this.list.querySelector("[aria-current]")?.focus({ preventScroll: true });
  }
}

/** Whether these are the same steps, or the same and more. */
function sameStory(steps, before) {
  return before.every((step, at) => steps[at]?.title === step.title);
}
