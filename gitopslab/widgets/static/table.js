// The table: rows in the server's own columns, a filter, and beside it the YAML of the row that is open.
// Python sends one snapshot (views/table) and, when asked with {do: "open", key}, the sheet behind a row in `_answer`.

const KEYS = "up and down go from row to row · Enter opens the YAML, right goes into it · / filters · Escape closes";
const MOST_ROWS = 500; // more are counted in a last line: a filter finds them

class TableView extends View {
  static frame = { name: "table", label: "Table", keys: KEYS };

  build() {
    const { root, body, tools } = this.frame;
    this.wide = Boolean(this.options.wide);
    this.sheet = new Sheet();
    this.filter = el("input", { type: "search", placeholder: "filter", "aria-label": "Filter the rows by words", size: "14" });
    this.filter.addEventListener("input", () => this.drawRows());
    this.toggle = el("button", { class: "gl-toggle", type: "button", "aria-pressed": "false", title: "Also the columns of kubectl get -o wide" }, "wide");
    this.toggle.addEventListener("click", () => this.widen());
    tools.prepend(this.filter, this.toggle);
    this.heads = el("tr", {});
    this.rows = el("tbody", {});
    this.caption = el("caption", { class: "gl-unseen" });
    this.empty = el("p", { class: "gl-empty" });
    const table = el("table", { class: "gl-rows" }, this.caption, el("thead", {}, this.heads), this.rows);
    this.panelTitle = el("strong", {});
    this.shut = el("button", { class: "gl-close", type: "button", "aria-label": "Close the YAML" }, "✕");
    this.sheet.element.tabIndex = 0; // it scrolls, so the keyboard must be able to scroll it
    this.shut.addEventListener("click", () => this.open(""));
    const head = el("div", { class: "gl-panel-head" }, this.panelTitle, this.shut);
    this.panel = el("section", { class: "gl-panel", "aria-label": "YAML of the row", hidden: true }, head, this.sheet.element);
    body.append(el("div", { class: "gl-rows-room" }, table, this.empty), this.panel);
    this.rows.addEventListener("click", (event) => this.pick(event));
    root.addEventListener("keydown", (event) => {
      // The first Escape closes an explanation, the next one the YAML.
      if (event.key === "Escape" && !this.panel.hidden && !this.card.shown) this.open("");
    });
    this.reach({
      things: ".gl-row-name, .gl-field",
      columns: () => [this.names(), this.sheet.fields()],
      elementOf: (uid) => this.nameOf(uid) ?? this.sheet.elementOf(uid),
      detailsOf: (uid) => (this.nameOf(uid) ? null : this.sheet.details(uid)),
      keys: { ArrowLeft: (uid, event) => this.left(event), ArrowRight: (uid, event) => this.right(uid, event), "/": (uid, event) => this.find(event) },
    });
    this.follow("_answer", () => this.drawPanel());
    const clock = setInterval(() => this.drawAges(), 1000);
    this.ends.push(() => clearInterval(clock));
  }

  // ---- following the model ----

  draw() {
    const snapshot = this.model.get("_snapshot");
    if (!snapshot?.table) return this.frame.drawError(snapshot?.error);
    const before = this.table;
    this.table = snapshot.table;
    const giveFocusBack = this.hand.hold();
    this.frame.draw(snapshot, `${this.table.plural} · ${this.table.scope}`);
    say(this.caption, `${this.table.plural}, ${this.table.scope}`);
    this.drawHeads();
    this.drawRows();
    if (before) this.announce(before);
    giveFocusBack();
    if (!before) this.drawPanel(); // after a reload the answer is there before anybody asks
  }

  columns() {
    return this.table.columns.map((column, at) => ({ ...column, at })).filter(({ wide }) => this.wide || !wide);
  }

  drawHeads() {
    this.toggle.setAttribute("aria-pressed", String(this.wide));
    hide(this.toggle, !this.table.columns.some(({ wide }) => wide));
    const make = ({ name, description }) => el("th", { scope: "col", title: description }, name);
    keyed(this.heads, this.columns(), ({ name }) => name, make, () => {});
  }

  found() {
    const words = this.filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    const columns = this.columns();
    const matches = ({ cells }) => {
      const text = columns.map(({ at }) => cells[at]).join(" ").toLowerCase();
      return words.every((word) => text.includes(word));
    };
    return this.table.rows.filter(matches);
  }

  drawRows() {
    const found = this.found();
    const columns = this.columns();
    const make = (row) => this.makeRow(row);
    keyed(this.rows, found.slice(0, MOST_ROWS), ({ key }) => key, make, (line, row) => this.updateRow(line, row, columns));
    const { length: all } = this.table.rows;
    const more = found.length - MOST_ROWS;
    const none = all ? `None of the ${all} rows holds these words.` : `No ${this.table.plural}: ${this.table.scope}.`;
    hide(this.empty, found.length > 0 && more <= 0);
    say(this.empty, found.length ? `and ${more} more: filter to see them` : none);
    this.drawAges();
  }

  makeRow({ key }) {
    const open = el("button", { type: "button", class: "gl-row-name", tabindex: "-1", "data-uid": key, "aria-expanded": "false" });
    const line = el("tr", { "data-key": key });
    line.glOpen = open;
    line.glMark = glyph(this.looks, "");
    line.glCells = [];
    return line;
  }

  updateRow(line, { key, state, cells, born }, columns) {
    line.glBorn = born;
    line.classList.toggle("gl-opened", key === this.opened);
    line.glOpen.setAttribute("aria-expanded", String(key === this.opened));
    const signature = columns.map(({ at }) => at).join();
    if (line.glColumns !== signature) this.layOut(line, columns, signature);
    if (state) reshape(line.glMark, this.looks, state);
    hide(line.glMark, !state);
    line.glCells.forEach((cell, place) => {
      const { is_age: isAge, at } = columns[place];
      if (isAge || cell.textContent === cells[at]) return;
      if (cell.glDrawn && !calm()) cell.animate([{ background: "var(--gl-flash)" }, {}], 900);
      say(cell.glText, cells[at]);
      cell.glDrawn = true;
    });
  }

  /** The cells of a row anew: one holds the button that opens it, one the age. */
  layOut(line, columns, signature) {
    line.glColumns = signature;
    line.glAge = null;
    const holder = Math.max(0, columns.findIndex((column) => column.is_name));
    line.glCells = columns.map(({ is_age: isAge }, place) => {
      const cell = el("td", {}, place === holder ? el("span", { class: "gl-row-head" }, line.glMark, line.glOpen) : "");
      cell.glText = place === holder ? line.glOpen : cell;
      if (isAge) line.glAge = cell;
      return cell;
    });
    line.replaceChildren(...line.glCells);
  }

  drawAges() {
    const now = this.frame.now();
    for (const { glAge: cell, glBorn: born } of this.rows.children) if (cell) say(cell, born ? ago(born, now) : "<unknown>");
  }

  // ---- opening a row ----

  names() {
    return [...this.rows.querySelectorAll(".gl-row-name")];
  }

  nameOf(uid) {
    return this.rows.querySelector(`.gl-row-name[data-uid="${CSS.escape(uid)}"]`);
  }

  pick(event) {
    const key = event.target.closest("tr")?.dataset.key;
    if (key) this.open(key === this.opened ? "" : key);
  }

  open(key) {
    if (!key) this.nameOf(this.opened)?.focus({ preventScroll: true });
    this.opened = key;
    this.model.send({ do: "open", key });
    if (!key) hide(this.panel, true);
    this.drawRows();
  }

  drawPanel() {
    const { key = "", sheet } = this.model.get("_answer") ?? {};
    if (this.opened === undefined) this.opened = key;
    if (key !== this.opened) return;
    hide(this.panel, !key);
    this.frame.root.classList.toggle("gl-split", Boolean(key));
    if (!key) return;
    const giveFocusBack = this.hand.hold();
    const name = key.split("/").at(-1);
    say(this.panelTitle, sheet ? sheet.title : `${name} is gone`);
    hide(this.sheet.element, !sheet);
    if (sheet) this.sheet.draw(sheet);
    this.drawRows();
    giveFocusBack();
  }

  left(event) {
    event.preventDefault();
    const field = event.target.closest(".gl-field");
    if (field) (this.sheet.relative(field, true) ?? this.nameOf(this.opened))?.focus();
  }

  right(uid, event) {
    event.preventDefault();
    const field = event.target.closest(".gl-field");
    if (field) this.sheet.relative(field, false)?.focus();
    else if (!this.panel.hidden) this.sheet.fields()[0]?.focus();
  }

  find(event) {
    event.preventDefault();
    this.filter.focus();
  }

  widen() {
    this.wide = !this.wide;
    this.drawHeads();
    this.drawRows();
  }

  announce(before) {
    const were = new Map(before.rows.map((row) => [row.key, row]));
    for (const row of this.table.rows) {
      const was = were.get(row.key);
      if (!was) this.frame.voice.tell(`${row.name} is new.`);
      else if (was.state !== row.state && row.state) this.frame.voice.tell(`${row.name} is ${this.looks[row.state].word}.`);
      were.delete(row.key);
    }
    for (const row of were.values()) this.frame.voice.tell(`${row.name} is gone.`);
  }
}

export default widget(TableView);
