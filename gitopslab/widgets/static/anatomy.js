// The anatomy: a card a node with the parts that run on it, and the model of losing control nodes. Python sends one
// snapshot (views/anatomy.py) whenever something changed. Messages back: resume, switch, power.

const KEYS = "arrows go from part to part · Enter pins the details · Escape closes them · Tab reaches the switches";

class AnatomyView extends View {
  static frame = { name: "anatomy", label: "Anatomy", keys: KEYS };

  build() {
    this.organs = new Map();
    this.nodes = el("div", { class: "gl-bodies" });
    this.note = el("p", { class: "gl-empty", hidden: true });
    this.quorum = new QuorumModel(this.looks, this.options.sizes);
    this.frame.body.append(this.note, this.nodes, this.quorum.element);
    this.nodes.addEventListener("click", (event) => this.click(event));
    this.reach({
      things: ".gl-organ",
      columns: () => [...this.nodes.children].map((node) => [...node.querySelectorAll(".gl-organ")]),
      elementOf: (uid) => this.nodes.querySelector(`.gl-organ[data-uid="${CSS.escape(uid)}"]`),
      detailsOf: (uid) => this.detailsOf(uid),
    });
  }

  click(event) {
    const { power, node, component, running } = event.target.closest(".gl-switch")?.dataset ?? {};
    if (power) this.model.send({ do: "power", node, on: power === "on" });
    else if (component) this.model.send({ do: "switch", component, running: running !== "true", ...(component === "kubelet" ? { node } : {}) });
  }

  draw() {
    const snapshot = this.model.get("_snapshot");
    if (!snapshot?.anatomy) return this.frame.drawError(snapshot?.error);
    const before = this.anatomy && this.organs;
    this.anatomy = snapshot.anatomy;
    const { nodes, note, outcomes, is_model: isModel } = this.anatomy;
    this.organs = new Map(nodes.flatMap((node) => [...node.control, ...node.every].map((organ) => [organ.uid, { ...organ, node: node.name }])));
    const giveFocusBack = this.hand.hold();
    this.frame.draw(snapshot, several(nodes.length, "node"));
    hide(this.note, !note);
    say(this.note, note);
    keyed(this.nodes, nodes, (node) => node.name, () => this.make(), (body, node) => this.update(body, node));
    this.quorum.draw(outcomes, isModel);
    this.card.follow((uid) => this.detailsOf(uid), (uid) => this.hand.elementOf(uid));
    giveFocusBack();
    if (before) this.announce(before);
  }

  make() {
    const head = el("div", { class: "gl-body-head" }, glyph(this.looks, "ready"), el("strong", {}), el("button", { type: "button", class: "gl-switch" }));
    const control = el("div", { class: "gl-organs gl-control-part" });
    return el("div", { class: "gl-node-body", role: "group" }, head, control, el("div", { class: "gl-organs" }), el("p", { class: "gl-empty" }));
  }

  update(body, node) {
    const [head, control, every, others] = body.children;
    reshape(head.firstChild, this.looks, node.ready ? "ready" : "failed");
    say(head.children[1], node.name);
    const power = head.lastChild;
    hide(power, !this.options.power);
    Object.assign(power.dataset, { power: node.dark ? "on" : "off", node: node.name });
    say(power, node.dark ? "power on" : "power off");
    power.setAttribute("aria-label", `power ${node.dark ? "on" : "off"} ${node.name}`);
    body.classList.toggle("gl-dark", node.dark);
    body.classList.toggle("gl-control", node.control_plane);
    body.setAttribute("aria-label", `${node.control_plane ? "control plane" : "worker"} ${node.name}, ${node.ready ? "Ready" : "NotReady"}`);
    hide(control, !node.control.length);
    for (const [list, organs] of [[control, node.control], [every, node.every]]) {
      keyed(list, organs, (organ) => organ.uid, (organ) => this.makeOrgan(organ, node), (item, organ) => this.updateOrgan(item, organ));
    }
    say(others, node.others ? `and ${several(node.others, "other pod")}` : "no other pods");
  }

  makeOrgan(organ, node) {
    const face = el("button", { type: "button", class: "gl-organ", "data-uid": organ.uid, tabindex: "-1" }, glyph(this.looks, organ.state), el("b", {}), el("span", {}));
    return el("div", { class: "gl-organ-row" }, face, el("button", { type: "button", class: "gl-switch", "data-component": organ.name, "data-node": node.name }));
  }

  updateOrgan(row, organ) {
    const [face, toggle] = row.children;
    reshape(face.firstChild, this.looks, organ.state);
    say(face.children[1], organ.title);
    say(face.children[2], organ.state === "ready" && organ.status === "Running" ? "" : organ.status); // a mark says it
    face.setAttribute("aria-label", `${organ.title} ${organ.status}: ${organ.role}`);
    hide(toggle, !organ.switchable);
    toggle.dataset.running = String(organ.running);
    say(toggle, organ.running ? "stop" : "start");
    toggle.setAttribute("aria-label", `${organ.running ? "stop" : "start"} the ${organ.title} of ${toggle.dataset.node}`);
    row.classList.toggle("gl-stopped", !organ.running);
  }

  detailsOf(uid) {
    const organ = this.organs.get(uid);
    if (!organ) return null;
    const facts = [["what for", organ.role], ["without it", organ.without], ["run as", organ.home], ["pods here", organ.pods.join(", ")]];
    return { state: organ.state, name: organ.title, status: `${organ.node} · ${organ.status}`, reason: "", facts, command: organ.command };
  }

  announce(before) {
    for (const organ of this.organs.values()) {
      const was = before.get(organ.uid);
      if (was && was.state !== organ.state) this.frame.voice.tell(`The ${organ.title} of ${organ.node} is ${organ.status}.`);
    }
  }
}

export default widget(AnatomyView);
