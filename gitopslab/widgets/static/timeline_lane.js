// The lanes of a timeline: a label and a track each, with lives as bars and moments as marks. Places are shares of the
// window of time that is shown; when time passes only the places change.

const MARK_WORDS = { normal: "event", warning: "warning", write: "write" };
const wordsOf = ({ state, title, about, text }) => `${MARK_WORDS[state]} ${title} of ${about}: ${text}`;

class Lanes {
  constructor(looks) {
    this.looks = looks;
    this.things = new Map();
    this.element = el("div", { class: "gl-lanes" });
    this.empty = el("p", { class: "gl-empty", hidden: true }, "Nothing has happened yet in this window of time.");
  }

  /** Draws lanes; `window` is `{ start, end }`, `visible(moment)` says which moments are wanted. */
  draw(lanes, window, visible) {
    this.window = window;
    this.visible = visible;
    this.things = new Map();
    for (const lane of lanes) for (const thing of [...lane.bars, ...lane.moments]) this.things.set(thing.uid, { ...thing, lane });
    keyed(this.element, lanes, (lane) => lane.key, () => this.make(), (row, lane) => this.update(row, lane));
    hide(this.empty, lanes.length > 0);
  }

  /** The window moved on: everything keeps its element and gets another place. */
  slide(window) {
    this.window = window;
    for (const row of this.element.children) this.place(row);
  }

  make() {
    const label = el("div", { class: "gl-lane-label" }, el("span", {}), el("strong", {}), el("em", {}));
    return el("div", { class: "gl-lane", role: "group" }, label, el("div", { class: "gl-lane-track" }, el("div", {}), el("div", {})));
  }

  update(row, lane) {
    const [label, track] = row.children;
    const [lives, marks] = track.children;
    row.glLane = lane;
    row.dataset.level = lane.level;
    say(label.children[0], lane.level ? "" : lane.kind);
    say(label.children[1], lane.title);
    say(label.children[2], lane.note);
    label.title = `${lane.kind} ${lane.title}`;
    row.setAttribute("aria-label", `${lane.kind} ${lane.title}, ${several(lane.moments.length, "moment")}`);
    keyed(lives, lane.bars, (bar) => bar.uid, (bar) => this.makeLife(bar), (life, bar) => this.updateLife(life, bar));
    keyed(marks, lane.moments.filter(this.visible), (one) => one.uid, (one) => this.makeMark(one), (node, one) => this.updateMark(node, one));
    this.place(row);
  }

  makeLife(bar) {
    return el("button", { type: "button", class: "gl-life", "data-uid": bar.uid, tabindex: "-1" }, el("span", { class: "gl-segments" }), el("b", {}));
  }

  updateLife(life, bar) {
    life.glBar = bar;
    life.classList.toggle("gl-over", bar.end !== null);
    life.setAttribute("aria-label", `${bar.name}, ${this.looks[bar.state].word}: ${bar.words}`);
    say(life.lastChild, bar.name);
    keyed(life.firstChild, bar.segments, (part) => part.start + part.state, () => el("i", {}), (part, { state }) => {
      part.className = `gl-is-${this.looks[state].colour}`;
    });
  }

  makeMark(moment) {
    return el("button", { type: "button", class: "gl-mark", "data-uid": moment.uid, tabindex: "-1" });
  }

  updateMark(node, moment) {
    node.glMark = moment;
    node.dataset.state = moment.state;
    node.classList.toggle("gl-several", moment.marks.length > 1);
    node.setAttribute("aria-label", moment.marks.map(wordsOf).join("; "));
  }

  share(seconds) {
    const { start, end } = this.window;
    return Math.min(1, Math.max(0, (seconds - start) / (end - start)));
  }

  place(row) {
    const { start, end } = this.window;
    const [lives, marks] = row.lastChild.children;
    for (const life of lives.children) {
      const { glBar: bar } = life;
      const until = bar.end ?? end;
      hide(life, until < start || bar.start > end);
      const from = this.share(bar.start);
      const width = Math.max(this.share(until) - from, 0.0001);
      Object.assign(life.style, { left: `${from * 100}%`, width: `${width * 100}%` });
      bar.segments.forEach((part, at) => {
        const left = (this.share(part.start) - from) / width;
        const right = (this.share(bar.segments[at + 1]?.start ?? until) - from) / width;
        Object.assign(life.firstChild.children[at].style, { left: `${left * 100}%`, width: `${Math.max(0, right - left) * 100}%` });
      });
    }
    for (const node of marks.children) {
      hide(node, node.glMark.seconds < start || node.glMark.seconds > end + 1);
      node.style.left = `${this.share(node.glMark.seconds) * 100}%`;
    }
  }

  /** What can be reached in each lane, from left to right. */
  rows() {
    const from = (node) => node.getBoundingClientRect().left;
    return [...this.element.children]
      .map((row) => [...row.querySelectorAll(".gl-life, .gl-mark")].filter((node) => !node.hidden).sort((one, other) => from(one) - from(other)))
      .filter((row) => row.length);
  }

  elementOf(uid) {
    return this.element.querySelector(`[data-uid="${CSS.escape(uid)}"]`);
  }
}
