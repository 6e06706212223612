// The presenter's bar, at the foot of the page: one key for the next step, notes in a window for the second screen, and
// the way back to a section's start. It moves through the notebook with JupyterLab's own commands, and reads the notes
// from the notebook: what is said, what runs next, what comes after. Python is asked only to go back.

const NEXT_KEYS = ["PageDown"];
const BACK_KEY = "F9";
const SIZES = { "--jp-content-font-size1": "20px", "--jp-code-font-size": "20px", "--jp-ui-font-size1": "20px", "--jp-ui-font-size0": "20px", "--jp-ui-font-size2": "20px", "--jp-cell-prompt-width": "92px" };
const TICK = 500;
const LEAST_MORE = 40; // pixels below the window that are worth a step
const MEANT_TO_FAIL = "raises-exception";

/** The notebook on screen, through the application where the lab exposes it. */
class Pages {
  get app() {
    return window.jupyterapp;
  }

  get notebook() {
    return this.app?.shell?.currentWidget?.content;
  }

  get kernel() {
    return this.app?.shell?.currentWidget?.sessionContext?.session?.kernel;
  }

  get cells() {
    return this.notebook?.widgets ?? [];
  }

  get active() {
    return this.notebook?.activeCellIndex ?? -1;
  }

  indexOf(id) {
    return this.cells.findIndex((cell) => cell.model.id === id);
  }

  /** Runs the active cell and goes on. What was run stays at the top, and is seen to its end before the next one runs. */
  async next() {
    if (this.scrollOn()) return;
    const ran = this.cells[this.active];
    if (!ran) return;
    this.ran = ran.model.type === "code" ? ran.node : null;
    const done = this.app.commands.execute("notebook:run-cell-and-select-next");
    this.settle();
    await done;
    this.settle();
  }

  /** Begins with what was run last: the cell that began the presentation may have shown something beside the bar. */
  recall() {
    this.ran = this.cells.slice(0, this.active).findLast((cell) => cell.model.type === "code")?.node ?? null;
    if (this.ran) requestAnimationFrame(() => this.settle());
  }

  settle() {
    if (this.ran) this.ran.scrollIntoView({ block: "start" });
    else this.cells[this.active]?.node.scrollIntoView({ block: "nearest" });
  }

  /** Shows more of what was run last, if there is more of it below. */
  scrollOn() {
    const outer = this.notebook?.node.querySelector(".jp-WindowedPanel-outer");
    const more = outer && this.ran ? this.ran.getBoundingClientRect().bottom - outer.getBoundingClientRect().bottom : 0;
    if (more > LEAST_MORE) outer.scrollBy({ top: Math.min(more + LEAST_MORE, outer.clientHeight * 0.8) });
    return more > LEAST_MORE;
  }

  show(index) {
    this.ran = null;
    if (index < 0 || index >= this.cells.length) return;
    this.notebook.activeCellIndex = index;
    this.notebook.mode = "command";
    this.cells[index].node.scrollIntoView({ block: "start" });
  }

  /** These cells look as if they had never run. */
  clear(cells) {
    for (const cell of cells) if (cell.model.type === "code") cell.model.clearExecution?.();
  }
}

class PresenterView {
  constructor(model) {
    speak(model);
    this.model = model;
    this.pages = new Pages();
    this.began = Date.now();
    this.build();
    this.listen();
    this.dress(true);
    this.pages.recall();
    this.draw();
    this.timer = setInterval(() => this.draw(), TICK);
  }

  destroy() {
    clearInterval(this.timer);
    document.removeEventListener("keydown", this.onKey, true);
    this.model.off("change:_snapshot", this.onReturn);
    this.model.off("change:_options", this.onOptions);
    this.dress(false);
    this.notes?.close();
    this.bar.remove();
  }

  build() {
    this.where = el("strong", { class: "gl-where" });
    this.clock = el("span", { class: "gl-clock" });
    this.told = el("span", { class: "gl-told", role: "status" });
    this.nextButton = this.button("Next step", "Page Down", () => this.next());
    this.backButton = this.button("Start of section", BACK_KEY, () => this.back());
    this.notesButton = this.button("Notes", "for the second screen", () => this.openNotes());
    this.bar = el("div", { class: "gl-presenter-bar", role: "toolbar", "aria-label": "Presenter" });
    this.bar.append(this.where, this.told, this.clock, this.notesButton, this.backButton, this.nextButton);
    for (const earlier of document.querySelectorAll(".gl-presenter-bar")) earlier.remove();
    document.body.append(this.bar);
  }

  button(label, title, act) {
    const button = el("button", { type: "button", title }, label);
    button.addEventListener("click", () => act());
    return button;
  }

  listen() {
    this.onKey = (event) => this.key(event);
    this.onReturn = () => this.returned();
    this.onOptions = () => this.model.get("_options")?.presenter === false && this.destroy();
    document.addEventListener("keydown", this.onKey, true);
    this.model.on("change:_snapshot", this.onReturn);
    this.model.on("change:_options", this.onOptions);
  }

  key(event) {
    const act = NEXT_KEYS.includes(event.key) ? () => this.next() : event.key === BACK_KEY ? () => this.back() : null;
    if (!act || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    event.stopPropagation();
    act();
  }

  /** Large type everywhere, and nothing beside the notebook. */
  dress(on) {
    for (const [name, size] of Object.entries(SIZES)) {
      if (on) document.body.style.setProperty(name, size);
      else document.body.style.removeProperty(name);
    }
    document.body.classList.toggle("gl-presenting", on);
    if (on) this.pages.app?.shell?.collapseLeft?.();
  }

  // ---- where we are ----

  get sections() {
    return this.model.get("_snapshot")?.sections ?? [];
  }

  /** The section of the active cell: its number, or -1. */
  get here() {
    const starts = this.sections.map(({ id }) => this.pages.indexOf(id));
    return starts.findLastIndex((at) => at >= 0 && at <= this.pages.active);
  }

  cellsOf(section) {
    const after = this.sections[this.sections.findIndex(({ id }) => id === section.id) + 1];
    return this.pages.cells.slice(this.pages.indexOf(section.id), after ? this.pages.indexOf(after.id) : undefined);
  }

  hasRun(section) {
    return this.cellsOf(section).some((cell) => cell.model.type === "code" && (cell.model.executionCount || cell.model.executionState === "running"));
  }

  draw() {
    const at = this.here;
    const title = this.sections[at]?.title ?? "";
    say(this.where, title ? `${at + 1} of ${this.sections.length} · ${title}` : "Open the notebook that is presented");
    say(this.clock, this.elapsed());
    this.drawNotes(at, title);
  }

  elapsed() {
    const seconds = Math.floor((Date.now() - this.began) / 1000);
    return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
  }

  // ---- steps ----

  async next() {
    say(this.told, "");
    await this.pages.next();
    this.draw();
  }

  /** Also out of a cell that never ends: it is interrupted first. Where nothing has run yet, it is the section before. */
  async back() {
    const until = this.sections.slice(0, this.here + 1);
    const section = until.findLast((each) => this.hasRun(each)) ?? until.at(-1);
    if (!section || this.asked) return;
    this.asked = { section, since: performance.now() };
    this.backButton.disabled = true;
    say(this.told, "going back …");
    await this.pages.kernel?.interrupt();
    this.model.send({ do: "back", section: section.id });
  }

  returned() {
    const { error } = this.model.get("_snapshot");
    if (!this.asked) return;
    const { section, since } = this.asked;
    this.asked = null;
    this.backButton.disabled = false;
    if (!error) this.pages.clear(this.cellsOf(section));
    this.pages.show(this.pages.indexOf(section.id));
    say(this.told, error || `back in ${((performance.now() - since) / 1000).toFixed(1)} s`);
    this.draw();
  }

  // ---- notes ----

  openNotes() {
    this.notes = window.open("", "gitopslab-notes", "popup,width=900,height=700");
    if (!this.notes) return say(this.told, "the browser keeps new windows back; allow them for this page");
    const { document: page } = this.notes;
    page.title = "Notes";
    page.body.replaceChildren(...["h1", "pre", "h2", "div", "h2", "p"].map((tag) => page.createElement(tag)));
    page.body.style.cssText = "font: 20px/1.4 system-ui, sans-serif; margin: 1.5em; background: #16181D; color: #E9ECF2";
    page.addEventListener("keydown", this.onKey, true);
    this.draw();
  }

  drawNotes(at, title) {
    if (!this.notes || this.notes.closed) return;
    const [head, next, saidHead, said, afterHead, after] = this.notes.document.body.children;
    const { cells, active } = this.pages;
    say(head, `${title || "…"} · ${this.elapsed()}`);
    say(next, wordsOf(cells[active]));
    next.style.cssText = "white-space: pre-wrap; border-left: .3em solid #3C8CE3; padding-left: .8em";
    say(saidHead, "To say");
    say(said, cells.slice(0, active + 1).map(noteOf).findLast(Boolean) ?? "");
    said.style.whiteSpace = "pre-wrap";
    say(afterHead, "Then");
    say(after, [wordsOf(cells[active + 1]).split("\n")[0], this.sections[at + 1] && `next section: ${this.sections[at + 1].title}`].filter(Boolean).join(" · "));
  }
}

/** What a step is: the code that runs, or the text that is read. */
function wordsOf(cell) {
  if (!cell) return "the end";
  const fails = (cell.model.getMetadata?.("tags") ?? []).includes(MEANT_TO_FAIL);
  const source = cell.model.sharedModel.getSource();
  return `${fails ? "(meant to fail)\n" : ""}${cell.model.type === "markdown" ? plain(source) : source}`;
}

/** What there is to say about a cell: the author's notes, else its text. */
function noteOf(cell) {
  const notes = cell.model.getMetadata?.("gitopslab")?.notes;
  return notes || (cell.model.type === "markdown" ? plain(cell.model.sharedModel.getSource()) : "");
}

export default {
  render({ model, el: root }) {
    const view = new PresenterView(model);
    root.append(el("p", { class: "gl-presenter-told" }, `Presenting: Page Down is the next step, ${BACK_KEY} goes back to the start of the section; lab.present(False) ends it.`));
    return () => view.destroy();
  },
};

/** Markdown as it is said aloud: without its marks. */
const plain = (text) => text.replace(/^#+ /gm, "").replace(/\*\*|`/g, "");
