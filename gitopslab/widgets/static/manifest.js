// The manifest: a YAML text with every field explained, and what the API server has against it at its line.
// Python sends one snapshot (views/sheet); the messages sent back are {do: "check"} and nothing else.

const KEYS = "up and down go from field to field · left to what holds it, right into it · Enter pins the explanation · Escape closes it";

class ManifestView extends View {
  static frame = { name: "manifest", label: "Manifest", keys: KEYS };

  build() {
    const { body, tools } = this.frame;
    this.sheet = new Sheet();
    this.again = el("button", { class: "gl-toggle", type: "button", title: "Ask the API server once more, without applying anything" }, "check again");
    this.again.addEventListener("click", () => this.model.send({ do: "check" }));
    tools.prepend(this.again);
    this.verdict = el("p", { class: "gl-verdict" }, glyph(this.looks, "ready"), el("span", {}));
    body.append(this.verdict, this.sheet.element);
    this.reach({
      things: ".gl-field",
      columns: () => [this.sheet.fields()],
      elementOf: (uid) => this.sheet.elementOf(uid),
      detailsOf: (uid) => this.sheet.details(uid),
      keys: sheetKeys(this.sheet),
    });
  }

  draw() {
    const snapshot = this.model.get("_snapshot");
    if (!snapshot?.sheet) return this.frame.drawError(snapshot?.error);
    const { sheet } = snapshot;
    const giveFocusBack = this.hand.hold();
    this.frame.draw(snapshot, sheet.title);
    hide(this.verdict, !sheet.verdict);
    reshape(this.verdict.firstChild, this.looks, sheet.is_sound ? "ready" : "failed");
    if (this.verdict.lastChild.textContent !== sheet.verdict) this.frame.voice.tell(sheet.verdict);
    say(this.verdict.lastChild, sheet.verdict);
    this.sheet.draw(sheet);
    this.card.follow((uid) => this.sheet.details(uid), (uid) => this.sheet.elementOf(uid));
    giveFocusBack();
  }
}

export default widget(ManifestView);
