// The model of a control plane that loses nodes: as many members as the reader likes, each lost or there at a click.
// What follows was computed in Python, for each size and each number of lost members.

class QuorumModel {
  constructor(looks, sizes) {
    Object.assign(this, { looks, sizes, size: 3, lost: new Set() });
    this.choice = el("select", { "aria-label": "How many control nodes" }, ...sizes.map((size) => el("option", { value: size }, several(size, "control node"))));
    this.choice.value = String(this.size);
    this.choice.addEventListener("change", () => this.resize(Number(this.choice.value)));
    this.badge = el("span", { class: "gl-tag gl-model-tag" }, "a model");
    this.members = el("div", { class: "gl-members" });
    this.title = el("p", { class: "gl-outcome" }, glyph(looks, "ready"), el("strong", {}));
    this.lines = el("ul", {});
    this.told = el("div", { class: "gl-outcome-box", role: "status" }, this.title, this.lines);
    const head = el("div", { class: "gl-model-head" }, el("h3", {}, "What if a control node is lost?"), this.badge, this.choice);
    this.element = el("section", { class: "gl-model", "aria-label": "What if a control node is lost" }, head, this.members, this.told);
    this.members.addEventListener("click", (event) => this.click(event));
  }

  draw(outcomes, isModel) {
    this.outcomes = outcomes;
    say(this.badge, isModel ? "a model: this cluster has one control node" : "a model, beside the real nodes above");
    this.show();
  }

  resize(size) {
    this.size = size;
    this.lost = new Set();
    this.show();
  }

  click(event) {
    const member = event.target.closest(".gl-member");
    if (!member) return;
    const number = Number(member.dataset.member);
    if (!this.lost.delete(number)) this.lost.add(number);
    this.show();
  }

  show() {
    const outcome = this.outcomes[this.sizes.indexOf(this.size)][this.lost.size];
    const numbers = Array.from({ length: this.size }, (_, at) => at + 1);
    const works = outcome.state !== "failed";
    const leader = works ? numbers.find((number) => !this.lost.has(number)) : null;
    const make = (number) => el("button", { type: "button", class: "gl-member", "data-member": number }, glyph(this.looks, "ready"), el("b", {}, `control node ${number}`), el("span", {}));
    keyed(this.members, numbers, (number) => number, make, (member, number) => {
      const lost = this.lost.has(number);
      reshape(member.firstChild, this.looks, lost ? "failed" : works ? "ready" : "notready");
      member.classList.toggle("gl-lost", lost);
      member.setAttribute("aria-pressed", String(lost));
      const role = number === leader ? "API server, etcd (leads)" : "API server, etcd";
      say(member.lastChild, lost ? "lost: click to bring it back" : works ? `${role}` : "answers, but may not decide");
    });
    reshape(this.title.firstChild, this.looks, outcome.state);
    say(this.title.lastChild, outcome.title);
    keyed(this.lines, outcome.lines, (line) => line, (line) => el("li", {}, line), () => {});
  }
}
