// The card of one node: its name, what is special about it, how full it is, and its pods.
// The more pods, the smaller they are drawn: tiles, then glyphs, then a count an owner. None is ever left out.

const ONE_COLUMN_TO = 6; // up to so many pods a tile has the whole width
const GLYPHS_FROM = 24; // more pods than this: glyphs without words
const COUNTS_FROM = 60; // more than this: a count an owner
const CROWDED_NODES = 12; // more nodes than this: glyphs everywhere

class NodeCards {
  constructor(looks, tiles) {
    this.looks = looks;
    this.tiles = tiles;
    this.element = el("div", { class: "gl-nodes" });
  }

  /** Draws all nodes; `visible(pod)` and `folded(pod)` say what the reader chose to see, and how. */
  draw(nodes, visible, folded, group = "") {
    Object.assign(this, { visible, folded, crowded: nodes.length > CROWDED_NODES });
    const make = (row) => (row.heading ? el("h3", { class: "gl-group-name" }) : this.make());
    keyed(this.element, withHeadings(nodes, group), (row) => row.heading ?? row.name, make, (card, row) => {
      if (row.heading) return say(card, row.words);
      card.dataset.node = row.name;
      this.update(card, row);
    });
  }

  get(name) {
    return this.element.querySelector(`.gl-node[data-node="${CSS.escape(name)}"]`);
  }

  make() {
    const parts = {
      mark: glyph(this.looks, "ready"),
      name: el("strong", {}),
      chips: el("div", { class: "gl-chips" }),
      cpu: makeBar("CPU"),
      memory: makeBar("memory"),
      pods: el("div", { class: "gl-pods" }),
      empty: el("p", { class: "gl-empty" }),
      system: el("div", { class: "gl-system" }),
    };
    const card = el(
      "div",
      { class: "gl-node", role: "group" },
      el("div", { class: "gl-node-head" }, parts.mark, parts.name),
      parts.chips,
      el("div", {}, parts.cpu, parts.memory),
      el("div", { class: "gl-room" }, parts.pods, parts.empty),
      parts.system,
    );
    card.glParts = parts;
    return card;
  }

  update(card, node) {
    const { mark, name, chips, cpu, memory, pods, empty, system } = card.glParts;
    reshape(mark, this.looks, node.ready ? "ready" : "failed");
    mark.title = node.status;
    say(name, node.name);
    card.title = node.version ? `kubelet ${node.version}, at most ${node.pod_limit} pods` : "";
    card.classList.toggle("gl-control", node.control_plane);
    card.classList.toggle("gl-cordoned", node.cordoned);
    card.classList.toggle("gl-down", !node.ready);
    card.setAttribute("aria-label", nodeWords(node));
    this.drawChips(chips, node);
    this.drawBar(cpu, node, node.cpu, node.cpu_text, (pod) => pod.cpu);
    this.drawBar(memory, node, node.memory, node.memory_text, (pod) => pod.memory);
    const shown = node.pods.filter(this.visible);
    const main = shown.filter((pod) => !this.folded(pod));
    this.drawPods(pods, main);
    this.drawSystem(system, shown.filter(this.folded));
    hide(empty, main.length > 0);
    say(empty, shown.length ? "only system pods" : "no pods");
  }

  drawChips(chips, node) {
    const rows = [{ text: node.zone, title: "Zone", look: "gl-zone" }];
    if (node.control_plane) rows.push({ text: "control plane", title: "Runs the API server, the controllers and the scheduler", look: "gl-role" });
    if (!node.ready) rows.push({ text: node.status, title: "Its kubelet has not reported for a while", look: "gl-bad" });
    if (node.cordoned) rows.push({ text: "cordoned", title: "No new pods are placed here; kubectl uncordon undoes it", look: "gl-cordon" });
    for (const [short, full] of node.taints) rows.push({ text: short, title: `Taint ${full}: only pods that tolerate it come here`, look: "gl-taint" });
    const make = (row) => el("span", { class: `gl-tag ${row.look}`, title: row.title }, row.text);
    keyed(chips, rows.filter((row) => row.text), (row) => row.text, make, () => {});
  }

  drawBar(bar, node, room, text, amount) {
    say(bar.children[1], text);
    const parts = node.pods.filter((pod) => amount(pod) > 0);
    const make = (pod) => el("i", { "data-uid": pod.uid, class: pod.system ? "gl-hatched" : null });
    keyed(bar.lastElementChild, parts, (pod) => pod.uid, make, (part, pod) => {
      const width = `${room ? Math.min(100, (100 * amount(pod)) / room).toFixed(2) : 0}%`;
      if (part.glWidth !== width) part.style.width = part.glWidth = width;
      part.classList.toggle("gl-aside", !this.visible(pod));
    });
  }

  drawPods(list, pods) {
    const density = this.density(pods.length);
    list.dataset.density = density;
    list.dataset.columns = pods.length <= ONE_COLUMN_TO ? "one" : "more";
    if (density === "count") return this.drawCounts(list, pods);
    keyed(list, pods, (pod) => pod.uid, (pod) => this.tiles.of(pod), (tile, pod) => this.tiles.update(tile, pod, density));
  }

  density(count) {
    if (count > COUNTS_FROM) return "count";
    return count > GLYPHS_FROM || this.crowded ? "glyph" : "tile";
  }

  drawCounts(list, pods) {
    const groups = new Map();
    for (const pod of pods) groups.set(pod.owner || pod.name, [...(groups.get(pod.owner || pod.name) ?? []), pod]);
    const make = () => el("button", { type: "button", class: "gl-group", tabindex: "-1" }, el("b", {}), el("span", {}));
    keyed(list, [...groups], ([owner]) => `group ${owner}`, make, (group, [owner, members]) => {
      const states = Object.keys(this.looks).filter((state) => members.some((pod) => pod.state === state));
      const words = states.map((state) => `${members.filter((pod) => pod.state === state).length} ${this.looks[state].word}`);
      say(group.firstChild, `${owner.split("/").at(-1)} ×${members.length}`);
      group.title = `${owner}: ${words.join(", ")}`;
      group.setAttribute("aria-label", group.title);
      group.dataset.uids = members.map((pod) => pod.uid).join(" ");
      group.lastChild.replaceChildren(...states.map((state) => glyph(this.looks, state)));
    });
  }

  drawSystem(row, pods) {
    hide(row, !pods.length);
    const label = { uid: "label" };
    const make = (pod) => (pod === label ? el("span", { class: "gl-system-name" }, "system") : this.tiles.of(pod));
    keyed(row, [label, ...pods], (pod) => pod.uid, make, (tile, pod) => pod !== label && this.tiles.update(tile, pod, "glyph"));
  }
}

/** The nodes, and before each group of them a heading with how many there are. */
function withHeadings(nodes, group) {
  if (!group) return nodes;
  const rows = [];
  for (const node of nodes) {
    const value = labelOf(node, group);
    const heading = `group ${value}`;
    if (rows.findLast((row) => row.heading)?.heading !== heading) {
      const count = nodes.filter((each) => labelOf(each, group) === value).length;
      rows.push({ heading, words: `${value || "without the label"} · ${several(count, "node")}` });
    }
    rows.push(node);
  }
  return rows;
}

function makeBar(name) {
  return el("div", { class: "gl-bar" }, el("span", {}, name), el("span", { class: "gl-amount" }), el("div", { class: "gl-track" }));
}

function nodeWords(node) {
  const cordoned = node.cordoned ? ", cordoned" : "";
  return `Node ${node.name}, ${node.status}${cordoned}, ${node.pods.length} pods, CPU ${node.cpu_text}, memory ${node.memory_text}`;
}
