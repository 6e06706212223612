// The rows of a decision: a node each, with how it stands at a step: still in, refused and why, or its points so far.
// A table, so that it reads as one; the order of rows never changes.

const REASONS = { chosen: "the only one left, so nothing is scored", fits: "still in", unseen: "enough others were found before" };

class NodeRows {
  constructor(looks, glyphs, choose) {
    Object.assign(this, { looks, glyphs, choose });
    this.head = el("tr", {});
    this.body = el("tbody", {});
    this.caption = el("caption", { class: "gl-unseen" });
    this.element = el("table", { class: "gl-dc-table" }, this.caption, el("thead", {}, this.head), this.body);
    this.element.addEventListener("focusin", (event) => this.enter(event.target.closest("tbody tr")));
    this.element.addEventListener("click", (event) => this.enter(event.target.closest("tbody tr")));
  }

  /** Draws the decision as it stands after step number `at`. */
  draw(decision, at) {
    Object.assign(this, { decision, at });
    const step = decision.steps[at];
    this.judged = new Set(decision.steps.slice(0, at + 1).filter((each) => each.kind === "filter").map((each) => each.plugin));
    const scored = decision.steps.slice(0, at + 1).filter((each) => each.kind === "score").map((each) => each.plugin);
    this.plugins = step.kind === "end" ? decision.scorers : scored;
    this.isOver = step.kind === "end";
    this.current = step.plugin;
    say(this.caption, `Nodes, after step ${at + 1} of ${decision.steps.length}`);
    this.drawHead();
    keyed(this.body, decision.rows, (row) => row.node, () => el("tr", { tabindex: "-1" }), (line, row) => this.update(line, row));
    if (!this.body.querySelector('[tabindex="0"]')) this.body.firstElementChild?.setAttribute("tabindex", "0");
  }

  drawHead() {
    const heads = this.plugins.length ? ["node", ...this.plugins, "points"] : ["node", "verdict"];
    const make = () => el("th", { scope: "col" });
    keyed(this.head, heads, (name) => name, make, (cell, name) => {
      if (cell.glName === name) return cell.classList.toggle("gl-dc-now", name === this.current);
      cell.glName = name;
      cell.replaceChildren(...breakable(spoken(name)));
      cell.classList.toggle("gl-dc-now", name === this.current);
    });
  }

  update(line, row) {
    const stand = this.standOf(row);
    line.glRow = row;
    line.dataset.state = stand;
    line.dataset.node = row.node;
    line.classList.toggle("gl-dc-new", stand === "out" && row.plugin === this.current);
    const isScored = this.plugins.length && stand !== "out" && row.scores.length;
    const cells = [this.nameCell(row, stand), ...(isScored ? this.scoreCells(row) : [this.verdictCell(row, stand)])];
    keyed(line, cells, (cell) => cell.key, (cell) => cell.make(), (element, cell) => cell.draw(element));
  }

  nameCell(row, stand) {
    return {
      key: "name",
      make: () => {
        const name = el("div", { class: "gl-dc-name" }, el("strong", {}), el("span", { class: "gl-dc-second" }));
        return el("th", { scope: "row" }, el("div", { class: "gl-dc-node" }, glyph(this.looks, "pending"), name));
      },
      draw: (cell) => {
        const [mark, name] = cell.firstElementChild.children;
        reshape(mark, this.looks, this.glyphs[stand] ?? "pending");
        say(name.children[0], row.node);
        say(name.children[1], [row.zone, row.is_here && "runs here", row.was && `${spoken("was")} ${spoken(WORDS[row.was])}`].filter(Boolean).join(" · "));
      },
    };
  }

  /** How a node stands: refused once the plugin's step has come; chosen or fitting only at the end. */
  standOf(row) {
    if (row.state === "unseen") return "unseen";
    if (row.state === "out") return this.isOver || this.judged.has(row.plugin) ? "out" : "open";
    return this.isOver ? row.state : "open";
  }

  verdictCell(row, stand) {
    const span = this.plugins.length ? this.plugins.length + 1 : 1;
    return {
      key: "verdict",
      make: () => el("td", { class: "gl-dc-verdict" }, el("b", {}), el("span", {})),
      draw: (cell) => {
        cell.colSpan = span;
        say(cell.children[0], stand === "out" ? row.plugin || "refused" : "");
        say(cell.children[1], stand === "out" ? row.detail : REASONS[stand] ?? "still in");
      },
    };
  }

  scoreCells(row) {
    const scores = new Map(row.scores.map((score) => [score.plugin, score]));
    const sum = this.plugins.reduce((total, plugin) => total + (scores.get(plugin)?.total ?? 0), 0);
    const total = { key: "total", make: () => el("td", { class: "gl-dc-total" }), draw: (cell) => say(cell, String(this.isOver ? row.total : sum)) };
    return [...this.plugins.map((plugin) => scoreCell(plugin, scores.get(plugin), plugin === this.current)), total];
  }

  // ---- focus ----

  enter(line) {
    if (!line) return;
    for (const other of this.body.children) other.setAttribute("tabindex", other === line ? "0" : "-1");
    this.choose(line.glRow);
  }

  /** Moves the focus by so many rows. */
  go(by) {
    const lines = [...this.body.children];
    const at = lines.indexOf(this.body.querySelector('[tabindex="0"]'));
    lines[Math.max(0, Math.min(lines.length - 1, at + by))]?.focus();
  }
}

const WORDS = { chosen: "chosen", fits: "fitting", out: "refused", unseen: "not looked at", new: "not there" };

function scoreCell(plugin, score, isNow) {
  return {
    key: plugin,
    make: () => el("td", { class: "gl-dc-score" }, el("span", {}), el("i", { "aria-hidden": "true" }, el("i", {}))),
    draw: (cell) => {
      const { total = 0, points = 0, weight = 1 } = score ?? {};
      cell.classList.toggle("gl-dc-now", isNow);
      say(cell.children[0], weight > 1 && points ? `${total} (${weight} \u00d7 ${points})` : String(total));
      cell.children[1].firstElementChild.style.width = `${points}%`;
    },
  };
}

/** A plugin's name that may break between its words. */
function breakable(name) {
  return name.split(/(?<=[a-z])(?=[A-Z])/).flatMap((word, at) => (at ? [el("wbr"), word] : [word]));
}
