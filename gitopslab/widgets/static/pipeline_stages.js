// The stages of a pipeline: a column each, a card a job, and behind them the lines from what is needed to what needs it.
// Below them the jobs of the file that are left out. One card at a time can be reached with Tab; arrows go on from there.

class Stages {
  constructor(looks, statuses, choose) {
    Object.assign(this, { looks, statuses, choose });
    this.cards = new Map();
    this.lines = document.createElementNS(SVG_NS, "svg");
    this.lines.setAttribute("class", "gl-pl-lines");
    this.lines.setAttribute("aria-hidden", "true");
    this.columns = el("div", { class: "gl-pl-columns" });
    this.board = el("div", { class: "gl-pl-board" }, this.lines, this.columns);
    this.out = el("ul", { class: "gl-pl-out" });
    this.outTitle = el("h4", {}, "left out");
    this.element = el("div", { class: "gl-pl-stages" }, this.board, this.outTitle, this.out);
    this.element.addEventListener("click", (event) => {
      const card = event.target.closest(".gl-pl-job");
      if (card) this.choose(card.dataset.job);
    });
    this.watch = new ResizeObserver(oncePerFrame(() => this.drawLines()));
    this.watch.observe(this.board);
  }

  release() {
    this.watch.disconnect();
  }

  draw(pipeline, chosen) {
    const jobs = [...pipeline.stages.flatMap((stage) => stage.jobs), ...pipeline.left_out];
    this.cards = new Map(jobs.map((job) => [job.name, job]));
    this.pipeline = pipeline;
    this.chosen = chosen;
    keyed(this.columns, pipeline.stages, (stage) => stage.name, (stage) => this.makeColumn(stage), (column, stage) => {
      keyed(column.lastChild, stage.jobs, (job) => job.name, (job) => this.makeCard(job), (item, job) => this.update(item.firstChild, job));
    });
    hide(this.board, !pipeline.stages.length);
    hide(this.outTitle, !pipeline.left_out.length);
    keyed(this.out, pipeline.left_out, (job) => job.name, (job) => this.makeCard(job), (item, job) => this.update(item.firstChild, job));
    const all = this.all();
    if (!all.some((card) => card.tabIndex === 0)) all[0]?.setAttribute("tabindex", "0");
    this.drawLines();
  }

  makeColumn(stage) {
    return el("section", { class: "gl-pl-column", "aria-label": `stage ${stage.name}` }, el("h4", {}, stage.name), el("ul", {}));
  }

  makeCard(job) {
    const parts = { mark: glyph(this.looks, "pending"), name: el("strong", {}), note: el("span", {}) };
    const card = el("button", { class: "gl-pl-job", type: "button", tabindex: "-1", "data-job": job.name }, parts.mark, el("span", { class: "gl-pl-words" }, parts.name, parts.note));
    card.glParts = parts;
    return el("li", {}, card);
  }

  update(card, job) {
    const { mark, name, note } = card.glParts;
    reshape(mark, this.looks, this.statuses[job.status]?.[0] || "terminating");
    card.dataset.status = job.status;
    card.setAttribute("aria-pressed", String(job.name === this.chosen));
    say(name, job.name);
    say(note, job.status === "out" ? job.why : aboutJob(job));
  }

  all() {
    return [...this.element.querySelectorAll(".gl-pl-job")];
  }

  /** Moves the focus with an arrow key; false when the key is none of its own. */
  go(key) {
    const here = document.activeElement?.closest?.(".gl-pl-job");
    const moves = { ArrowDown: 1, ArrowUp: -1, ArrowRight: "right", ArrowLeft: "left", Home: "first", End: "last" };
    if (!here || !(key in moves)) return false;
    const all = this.all();
    const lists = [...this.columns.querySelectorAll("ul"), this.out].map((list) => [...list.querySelectorAll(".gl-pl-job")]).filter((list) => list.length);
    const column = lists.findIndex((list) => list.includes(here));
    const row = lists[column].indexOf(here);
    const move = moves[key];
    const beside = lists[column + (move === "right" ? 1 : -1)];
    const target = { first: all[0], last: all.at(-1), right: beside?.[Math.min(row, beside.length - 1)], left: beside?.[Math.min(row, beside.length - 1)] }[move] ?? all[all.indexOf(here) + move];
    if (target) {
      here.tabIndex = -1;
      target.tabIndex = 0;
      target.focus();
    }
    return true;
  }

  drawLines() {
    const frame = this.board.getBoundingClientRect();
    const places = new Map([...this.columns.querySelectorAll(".gl-pl-job")].map((card) => [card.dataset.job, card.getBoundingClientRect()]));
    const paths = [];
    for (const job of this.pipeline?.stages.flatMap((stage) => stage.jobs) ?? []) {
      for (const need of job.needs ?? []) {
        const [from, to] = [places.get(need), places.get(job.name)];
        if (from && to) paths.push({ key: `${need}>${job.name}`, d: needLine(from, to, frame), lit: [need, job.name].includes(this.chosen) });
      }
    }
    keyed(this.lines, paths, (path) => path.key, () => document.createElementNS(SVG_NS, "path"), (line, { d, lit }) => {
      line.setAttribute("d", d);
      line.setAttribute("class", lit ? "gl-pl-lit" : "");
    });
  }
}

/** What is special about a job, in a few words. */
function aboutJob(job) {
  const needs = job.needs && `needs ${job.needs.join(", ") || "nothing"}`;
  const lasted = job.seconds != null && `${job.seconds.toFixed(1)} s`;
  return [job.word, ...job.notes, needs, lasted].filter(Boolean).join(" · ");
}

function needLine(from, to, frame) {
  const [y1, y2] = [from.top + from.height / 2 - frame.top, to.top + to.height / 2 - frame.top];
  const x2 = to.left - frame.left;
  if (to.left < from.right) return `M${x2} ${y1}C${x2 - 16} ${y1} ${x2 - 16} ${y2} ${x2} ${y2}`;
  const x1 = from.right - frame.left;
  const middle = (x1 + x2) / 2;
  return `M${x1} ${y1}C${middle} ${y1} ${middle} ${y2} ${x2} ${y2}`;
}
