// The table of a drift: a body an object, whose first row names it, and a row a field. One row at a time can be reached with
// Tab; arrows go on from there.

const DRIFT_COLUMNS = ["Field", "In Git", "Live", "Set by", "What becomes of it"];

class DriftRows {
  constructor(looks, states, fates) {
    Object.assign(this, { looks, states, fates });
    const head = el("thead", {}, el("tr", {}, ...DRIFT_COLUMNS.map((name) => el("th", { scope: "col" }, name))));
    this.table = el("table", { class: "gl-df-rows" }, head);
    this.element = el("div", { class: "gl-df-room" }, this.table);
  }

  draw(objects, every) {
    const held = document.activeElement?.closest?.(".gl-df-row")?.dataset.at;
    keyed(this.table, [{ key: "head" }, ...objects], ({ key }) => key, (object) => (object.key === "head" ? this.table.tHead : this.makeBody(object)), (body, object) => object.key !== "head" && this.update(body, object, every));
    hide(this.element, !objects.length);
    this.rove(this.all().find((row) => row.dataset.at === held) ?? this.current);
    // A row that was moved has lost the focus.
    if (held && document.activeElement !== this.current) this.current?.focus({ preventScroll: true });
  }

  makeBody(object) {
    const name = el("th", { scope: "rowgroup", colspan: String(DRIFT_COLUMNS.length) }, el("span", { class: "gl-df-object" }, glyph(this.looks, "ready"), el("strong", {}, object.key), el("span", {})));
    return el("tbody", {}, el("tr", { class: "gl-df-row gl-df-title", tabindex: "-1", "data-at": object.key }, name));
  }

  update(body, object, every) {
    const differs = object.rows.filter(({ state }) => state !== "same");
    const [mark, , told] = body.firstChild.firstChild.firstChild.children;
    reshape(mark, this.looks, differs.some(({ fate }) => fate !== "left") ? "notready" : "ready");
    const same = object.rows.length - differs.length;
    say(told, [differs.length && several(differs.length, "difference"), `${several(same, "field")} as in Git`].filter(Boolean).map(spoken).join(", "));
    const rows = [{ path: "\u0000" }, ...(every ? object.rows : differs)];
    keyed(body, rows, ({ path }) => path, (row) => (row.path === "\u0000" ? body.firstChild : this.makeRow(object, row)), (item, row) => row.path !== "\u0000" && this.updateRow(item, row));
  }

  makeRow(object, row) {
    const field = el("th", { scope: "row" }, el("span", { class: "gl-df-field" }, glyph(this.looks, "ready"), el("code", {}, row.path || "the object")));
    const cells = [el("td", {}, el("code", {})), el("td", {}, el("code", {})), el("td", {}), el("td", {}, el("span", { class: "gl-df-fate" }))];
    return el("tr", { class: "gl-df-row", tabindex: "-1", "data-at": `${object.key} ${row.path}` }, field, ...cells);
  }

  updateRow(item, row) {
    const [field, git, live, owners, fate] = item.children;
    const [state, words] = this.states[row.state];
    item.dataset.state = row.state;
    item.dataset.fate = row.fate;
    reshape(field.firstChild.firstChild, this.looks, state);
    field.firstChild.firstChild.setAttribute("title", spoken(words));
    put(git.firstChild, row.git || (row.state === "extra" ? "—" : '""'));
    put(live.firstChild, row.live || (row.state === "missing" ? "—" : '""'));
    put(owners, row.owners.join(", ") || "—");
    say(fate.firstChild, row.outlook || words);
  }

  all() {
    return [...this.table.querySelectorAll(".gl-df-row")];
  }

  rove(row) {
    const all = this.all();
    this.current = all.includes(row) ? row : all[0];
    for (const each of all) each.tabIndex = each === this.current ? 0 : -1;
  }

  /** Moves the focus with an arrow key; false when the key is none of its own. */
  go(key) {
    const all = this.all();
    const at = all.indexOf(document.activeElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: all.length - 1 }[key];
    if (at < 0 || to === undefined) return false;
    if (all[to]) {
      this.rove(all[to]);
      all[to].focus();
    }
    return true;
  }
}
