// What if: other requests, or taints that the pod tolerates. Python decides again; nothing is applied.

class WhatIf {
  constructor(send) {
    this.cpu = el("input", { type: "text", size: "7", placeholder: "as it is", spellcheck: "false", "aria-label": "CPU it asks for" });
    this.memory = el("input", { type: "text", size: "7", placeholder: "as it is", spellcheck: "false", "aria-label": "Memory it asks for" });
    this.taints = el("span", { class: "gl-dc-taints", role: "group", "aria-label": "Taints it tolerates" });
    const decide = el("button", { class: "gl-toggle", type: "submit" }, "decide again");
    this.undo = el("button", { class: "gl-toggle", type: "button", hidden: true }, "as it is");
    this.undo.addEventListener("click", () => this.clear(send));
    const field = (word, input) => el("label", {}, word, input);
    this.form = el("form", {}, field("CPU ", this.cpu), field("memory ", this.memory), this.taints, decide, this.undo);
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      send(this.wish());
    });
    this.note = el("span", { class: "gl-hint" }, "Nothing is applied.");
    this.element = el("details", { class: "gl-dc-whatif" }, el("summary", {}, "What if it asked for something else?"), this.form, this.note);
  }

  wish() {
    const tolerates = [...this.taints.querySelectorAll("input:checked")].map((box) => box.value);
    return { do: "what-if", cpu: this.cpu.value.trim(), memory: this.memory.value.trim(), tolerates };
  }

  clear(send) {
    this.form.reset();
    send({ do: "what-is" });
  }

  /** The taints that refused the pod are those worth tolerating; once offered they stay. */
  draw(decision) {
    const told = decision.rows.map((row) => /^taint (\S+) is not tolerated$/.exec(row.detail)?.[1]).filter(Boolean);
    this.offered = [...new Set([...(this.offered ?? []), ...told])];
    const make = (taint) => el("label", { class: "gl-tag" }, el("input", { type: "checkbox", value: taint }), `tolerate ${taint}`);
    keyed(this.taints, this.offered, (taint) => taint, make, () => {});
    hide(this.undo, decision.changes.length === 0);
    if (decision.changes.length) this.element.open = true;
  }
}
