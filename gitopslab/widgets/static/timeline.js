// The timeline: lanes of lives and moments above an axis, and (embedded) a way back. Python sends one snapshot
// (views/timeline.py) whenever something changed; between two of them only time passes. Messages back: resume, look, now.

const KEYS = "left and right along a lane · up and down between lanes · Enter pins the details · Escape closes them";
const TICKS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200];
const SPAN_WORDS = { 300: "5 minutes", 900: "15 minutes", 3600: "1 hour", 21600: "6 hours" };

class TimelineView extends View {
  static frame = { name: "timeline", label: "Timeline", keys: KEYS };

  build() {
    const { root, body, tools, legend } = this.frame;
    this.options = { warnings: false, ...this.options };
    this.lanes = new Lanes(this.looks);
    this.past = new PastBoard(this.looks, { now: () => this.now(), window: () => this.window(), ask: (wish) => this.model.send(wish) });
    this.choice = el("select", { "aria-label": "How far back" }, el("option", { value: "" }, "fit"));
    for (const span of this.options.spans) this.choice.append(el("option", { value: span }, SPAN_WORDS[span] ?? `${span} s`));
    this.only = el("button", { class: "gl-toggle", type: "button", "aria-pressed": "false" }, "only warnings");
    this.choice.addEventListener("change", () => this.choose({ span: Number(this.choice.value) || null }));
    this.only.addEventListener("click", () => this.choose({ warnings: !this.options.warnings }));
    tools.prepend(this.choice, this.only);
    this.axis = el("div", { class: "gl-axis", "aria-hidden": "true" }, el("div", {}), el("div", { class: "gl-lane-track" }));
    this.cursor = el("div", { class: "gl-cursor", hidden: true });
    body.append(el("div", { class: "gl-chart" }, this.lanes.element, this.lanes.empty, this.axis, this.cursor));
    if (this.options.past) body.append(this.past.element);
    legend.prepend(this.colours(), this.signs());
    this.said = el("tbody", {});
    root.append(el("div", { class: "gl-unseen" }, eventTable(this.said)));
    this.reach(this.things());
    const timer = setInterval(() => this.tick(), 1000);
    this.ends.push(() => clearInterval(timer), () => this.past.release());
  }

  signs() {
    const sign = (state, word) => el("li", {}, el("span", { class: "gl-mark", "data-state": state }), word);
    return el("ul", { "aria-label": "Signs" }, sign("normal", "event"), sign("warning", "warning"), sign("write", "somebody wrote it"));
  }

  colours() {
    const colour = (look, word) => el("li", {}, el("span", { class: "gl-life-swatch gl-segments" }, el("i", { class: `gl-is-${look}`, style: "inset: 0" })), word);
    const words = { run: "ready or running", pend: "waiting or not ready", fail: "failing", done: "succeeded", term: "deleted or scaled down" };
    return el("ul", { "aria-label": "Bars" }, ...Object.entries(words).map(([look, word]) => colour(look, word)));
  }

  things() {
    const move = (dx, dy) => (_uid, event) => this.move(event, dx, dy);
    return {
      things: ".gl-lanes .gl-life, .gl-lanes .gl-mark",
      columns: () => this.lanes.rows(),
      elementOf: (uid) => this.lanes.elementOf(uid),
      detailsOf: (uid) => this.detailsOf(uid),
      keys: { ArrowLeft: move(-1, 0), ArrowRight: move(1, 0), ArrowUp: move(0, -1), ArrowDown: move(0, 1) },
    };
  }

  move(event, dx, dy) {
    const rows = this.lanes.rows();
    const thing = event.target.closest(".gl-life, .gl-mark");
    const y = rows.findIndex((row) => row.includes(thing));
    const next = dx ? rows[y]?.[rows[y].indexOf(thing) + dx] : nearestAcross(rows[y + dy], thing);
    event.preventDefault();
    next?.focus();
  }

  // ---- following the model ----

  choose(change) {
    Object.assign(this.options, change);
    this.only.setAttribute("aria-pressed", String(this.options.warnings));
    this.draw();
  }

  /** The cluster's time: what it said, and what passed since then at its own pace. */
  now() {
    return this.frame.seconds + ((performance.now() - this.frame.received) / 1000) * (this.speed ?? 1);
  }

  window() {
    const end = this.now();
    return { start: end - (this.options.span ?? this.timeline?.span ?? 300), end };
  }

  draw() {
    const snapshot = this.model.get("_snapshot");
    if (!snapshot?.timeline) return this.frame.drawError(snapshot?.error);
    const before = this.timeline;
    this.timeline = snapshot.timeline;
    this.speed = snapshot.live === "live" ? snapshot.speed : 0;
    const { events, warnings } = this.timeline;
    const giveFocusBack = this.hand.hold();
    this.frame.draw(snapshot, `${several(events, "event")}${warnings ? `, ${several(warnings, "warning")}` : ""}`);
    this.lanes.draw(this.timeline.lanes, this.window(), (moment) => !this.options.warnings || moment.state === "warning");
    this.drawAxis();
    this.past.draw(snapshot.past);
    this.drawCursor();
    this.card.follow((uid) => this.detailsOf(uid), (uid) => this.lanes.elementOf(uid));
    giveFocusBack();
    if (before) this.announce(before);
    this.drawTable();
  }

  tick() {
    if (!this.timeline || !this.speed) return;
    this.lanes.slide(this.window());
    this.past.follow();
    this.drawCursor();
  }

  drawAxis() {
    const { start, end } = this.window();
    const span = end - start;
    const step = TICKS.find((each) => span / each <= 7) ?? 14400;
    const marks = Array.from({ length: Math.floor(span / step) + 1 }, (_, at) => at * step);
    keyed(this.axis.lastChild, marks, (past) => past, () => el("span", {}), (tick, past) => {
      tick.style.left = `${(1 - past / span) * 100}%`;
      say(tick, past ? `${ago(0, past)} ago` : "now");
    });
  }

  drawCursor() {
    const { start, end } = this.window();
    const { seconds } = this.past;
    hide(this.cursor, seconds === null || seconds === undefined || seconds < start);
    if (seconds) this.cursor.style.setProperty("--gl-at", (seconds - start) / (end - start));
  }

  detailsOf(uid) {
    const thing = this.lanes.things.get(uid);
    if (!thing) return null;
    return thing.segments ? lifeDetails(thing, this.now(), this.looks) : momentDetails(thing, this.now());
  }

  announce(before) {
    const known = new Set(marksOf(before).map(wordsOf));
    for (const mark of marksOf(this.timeline)) {
      if (!known.has(wordsOf(mark))) this.frame.voice.tell(`${MARK_WORDS[mark.state]}: ${mark.title} of ${mark.about}.`);
    }
  }

  drawTable() {
    const marks = marksOf(this.timeline).sort((one, other) => other.seconds - one.seconds).slice(0, 100);
    const make = () => el("tr", {}, ...COLUMNS.map(() => el("td", {})));
    keyed(this.said, marks, wordsOf, make, (row, mark) => {
      const cells = [mark.about, MARK_WORDS[mark.state], mark.title, mark.text];
      cells.forEach((cell, at) => say(row.children[at], cell));
    });
  }
}

const COLUMNS = ["Object", "Sign", "Reason", "What it says"];

function eventTable(rows) {
  const heads = el("tr", {}, ...COLUMNS.map((name) => el("th", { scope: "col" }, name)));
  return el("table", {}, el("caption", {}, "What happened, newest first"), el("thead", {}, heads), rows);
}

function lifeDetails(bar, now, looks) {
  const until = bar.end === null ? "now" : `${ago(bar.end, now)} ago`;
  const facts = [["from", `${ago(bar.start, now)} ago`], ["to", until]];
  const turns = bar.segments.length > 1 ? [["Turns", bar.segments.map((part) => [looks[part.state].word, `${ago(part.start, now)} ago`])]] : [];
  return { state: bar.state, name: bar.name, status: `${bar.lane.kind} · ${looks[bar.state].word}`, reason: "", facts: [["", bar.words], ...facts], lists: turns, command: bar.command };
}

const marksOf = (timeline) => timeline.lanes.flatMap((lane) => lane.moments.flatMap((moment) => moment.marks));

function momentDetails({ state, seconds, marks }, now) {
  const [first] = marks;
  const facts = [["when", `${ago(seconds, now)} ago`]];
  const look = state === "warning" ? "failed" : null;
  const command = (marks.find((mark) => mark.state === state) ?? first).command;
  if (marks.length === 1) {
    if (first.count > 1) facts.push(["how often", `${first.count} times`]);
    return { state: look, name: first.title, status: first.about, reason: first.text, facts, command };
  }
  const rows = marks.map((mark) => [mark.title, `${mark.text}${mark.count > 1 ? ` (${mark.count}×)` : ""}`, mark.state === "warning"]);
  return { state: look, name: several(marks.length, "event"), status: first.about, facts, lists: [["In this order", rows]], command };
}

/** Of another lane the thing that is nearest in time. */
function nearestAcross(row, thing) {
  const middle = ({ left, right }) => (left + right) / 2;
  const here = middle(thing.getBoundingClientRect());
  const away = (other) => Math.abs(middle(other.getBoundingClientRect()) - here);
  return row?.reduce((best, other) => (away(other) < away(best) ? other : best));
}

export default widget(TimelineView);
