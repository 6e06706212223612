// Git against the cluster: one table, a group of rows an object, a row a field. Python sends one snapshot (views/drift);
// whether the fields that are as in Git show, and of which object, is this script's own.

const KEYS = "arrows go from field to field · Home and End to the first and last · e shows every field";

class DriftView extends View {
  static frame = { name: "drift", label: "Drift", keys: KEYS };

  build() {
    const { states, fates } = this.options;
    this.tellSight();
    this.rows = new DriftRows(this.looks, states, fates);
    this.verdict = el("p", { class: "gl-df-verdict" }, glyph(this.looks, "pending"), el("span", {}));
    this.every = el("button", { class: "gl-toggle", type: "button", "aria-pressed": "false" }, "every field");
    this.which = el("select", { "aria-label": "Of which object" });
    this.every.addEventListener("click", () => this.toggle());
    this.which.addEventListener("change", () => this.drawRows());
    this.frame.tools.prepend(this.which, this.every);
    this.frame.body.append(this.verdict, this.rows.element);
    this.frame.legend.prepend(el("ul", {}, ...Object.values(states).map(([state, words]) => el("li", {}, glyph(this.looks, state), words))));
    this.frame.body.addEventListener("keydown", (event) => this.press(event));
  }

  draw() {
    const snapshot = this.model.get("_snapshot");
    const drift = snapshot?.drift;
    if (!drift) return this.frame.drawError(snapshot?.error);
    const before = this.drift;
    this.drift = drift;
    const commit = drift.commit ? ` ${spoken("at")} ${drift.commit.slice(0, 8)}` : "";
    this.frame.draw(snapshot, drift.title + commit);
    reshape(this.verdict.firstChild, this.looks, drift.state);
    say(this.verdict.lastChild, drift.sentence);
    this.drawWhich();
    this.drawRows();
    if (before && before.sentence !== drift.sentence) this.frame.voice.tell(drift.sentence);
  }

  drawWhich() {
    const chosen = this.which.value;
    const wanted = [{ key: "", name: "all objects" }, ...this.drift.objects.map(({ key }) => ({ key, name: key }))];
    keyed(this.which, wanted, ({ key }) => key, ({ key, name }) => el("option", { value: key }, name), () => {});
    this.which.value = wanted.some(({ key }) => key === chosen) ? chosen : "";
  }

  drawRows() {
    const only = this.which.value;
    const objects = this.drift.objects.filter(({ key }) => !only || key === only);
    this.rows.draw(objects, this.all || Boolean(only));
  }

  toggle() {
    this.all = !this.all;
    this.every.setAttribute("aria-pressed", String(this.all));
    this.drawRows();
  }

  press(event) {
    if (isTyping(event.target) || event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.key === "e") this.toggle();
    else if (!this.rows.go(event.key)) return;
    event.preventDefault();
  }
}

export default widget(DriftView);
