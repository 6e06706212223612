// The board: node cards with their pods, capacity bars, and the pods that wait for a node.
// Python sends one snapshot (views/board.py) whenever something changed; this script draws it and changes only what
// differs. It asks the cluster nothing; the messages it sends back are {do: "resume"} and {do: "why", uid}, which is
// answered in `_answer` by the film of a decision.

const MOST_MOVES = 24; // more changes at once than this are shown without travel
const MOST_MOVES_CROWDED = 6; // travelling tiles are painted anew in every frame, and a crowded board paints slowly
const TRAVEL_MS = 340;
const KEYS = "arrows go from pod to pod · Enter pins the details · w tells why there · Escape closes · c copies the command";

class BoardView extends View {
  static frame = { name: "board", label: "Board", keys: KEYS };

  // ---- the fixed parts ----

  build() {
    const { root, body, tools, counts, legend } = this.frame;
    this.options = { ...this.options };
    this.pods = new Map();
    this.tiles = new Tiles(this.looks);
    this.tray = new Tray(this.tiles);
    this.nodes = new NodeCards(this.looks, this.tiles);
    this.menus = new BoardMenus((change) => this.choose(change));
    this.system = el("button", { class: "gl-toggle", type: "button", title: "Show the pods of the cluster itself as tiles" }, "system pods");
    this.system.addEventListener("click", () => this.choose({ system: !this.options.system }));
    tools.prepend(...this.menus.elements, this.system);
    this.film = new FilmPlayer({
      layer: this.frame.layer,
      cardOf: (node) => this.nodes.get(node),
      tileOf: (name) => this.tileNamed(name),
      voice: this.frame.voice,
      ended: () => this.hand.current?.focus({ preventScroll: true }),
    });
    counts.setAttribute("aria-label", "Pods by state");
    body.append(this.tray.element, this.nodes.element);
    body.before(this.film.element);
    legend.prepend(bars());
    this.rows = el("tbody", {});
    root.append(el("div", { class: "gl-unseen" }, tableOf(this.rows)));
    this.reach({
      things: ".gl-pod, .gl-group",
      columns: () => this.columns(),
      elementOf: (uid) => this.tiles.get(uid),
      detailsOf: (uid) => this.details(uid),
      keys: { w: (uid) => this.why(uid) },
    });
    this.follow("_answer", () => this.showFilm());
    this.describe = notTooOften(2000, () => this.drawTable());
    this.ends.push(this.describe.cancel, () => this.film.clear());
  }

  // ---- following the model ----

  choose(change) {
    Object.assign(this.options, change);
    this.draw();
  }

  draw() {
    const snapshot = this.model.get("_snapshot");
    if (!snapshot?.board) return this.frame.drawError(snapshot?.error);
    const before = this.board && this.pods;
    this.board = snapshot.board;
    this.pods = new Map(this.allPods().map((pod) => [pod.uid, pod]));
    this.visible = ({ namespace }) => [namespace, ""].includes(this.options.namespace ?? "");
    const giveFocusBack = this.hand.hold();
    const moves = before ? this.leaving(before) : [];
    this.drawHead(snapshot);
    this.drawParts();
    if (before) {
      this.move(moves, before);
      this.announce(before);
    }
    this.tiles.forget(this.pods);
    this.card.follow((uid) => this.details(uid), (uid) => this.tiles.get(uid));
    giveFocusBack();
    this.film.draw();
    this.describe();
  }

  details(uid) {
    const pod = this.pods.get(uid);
    return pod && { ...podDetails(pod, this.looks, this.frame.now()), more: this.whyButton(uid) };
  }

  // ---- choosing, and asking why ----

  /** The nodes in the order of their group. */
  grouped() {
    const { group } = this.options;
    if (!group) return this.board.nodes;
    const value = (node) => labelOf(node, group) || "\uffff"; // what has no such label comes last
    return [...this.board.nodes].sort((one, other) => value(one).localeCompare(value(other), "en", { numeric: true }));
  }

  /** Rings the pods of what was chosen; everything else dims, nothing is removed. */
  ring() {
    const choice = this.board.choices.find(({ key }) => key === this.options.select);
    const chosen = new Set(choice?.pods ?? []);
    this.frame.root.classList.toggle("gl-choosing", Boolean(choice));
    for (const part of this.frame.root.querySelectorAll(".gl-pod, .gl-track i, .gl-group")) {
      const uids = part.dataset.uids?.split(" ") ?? [part.dataset.uid];
      part.classList.toggle("gl-ringed", uids.some((uid) => chosen.has(uid)));
    }
  }

  whyButton(uid) {
    const button = el("button", { type: "button", class: "gl-why" }, "Why this node?");
    if (!this.pods.get(uid).node) say(button, "Why no node?");
    button.addEventListener("click", () => this.why(uid));
    return button;
  }

  why(uid) {
    this.card.close();
    this.model.send({ do: "why", uid });
  }

  showFilm() {
    const { film, asked } = this.model.get("_answer") ?? {};
    if (!film || asked === this.asked) return;
    this.asked = asked;
    this.film.show(film);
    this.film.element.querySelector("button:not([disabled])")?.focus({ preventScroll: true });
  }

  tileNamed(name) {
    const pod = [...this.pods.values()].find((each) => `${each.namespace}/${each.name}` === name);
    return pod && this.tiles.get(pod.uid);
  }

  columns() {
    const lists = this.frame.root.querySelectorAll(".gl-tray, .gl-node");
    return [...lists].map((list) => [...list.querySelectorAll(".gl-pod, .gl-group")]);
  }

  allPods() {
    return [...this.board.pending, ...this.board.nodes.flatMap((node) => node.pods)];
  }

  drawParts() {
    const { namespace, system } = this.options;
    const folded = (pod) => pod.system && !system && namespace !== pod.namespace;
    const placed = this.board.nodes.flatMap((node) => node.pods).filter(this.visible);
    this.frame.root.classList.toggle("gl-crowded", this.board.nodes.length > CROWDED_NODES);
    this.tray.draw(this.board.pending.filter(this.visible), placed.filter((pod) => pod.state === "failed"));
    this.nodes.draw(this.grouped(), this.visible, folded, this.options.group);
    this.ring();
  }

  drawHead(snapshot) {
    const seen = [...this.pods.values()].filter(this.visible);
    this.frame.draw(snapshot, `${several(this.board.nodes.length, "node")} · ${several(seen.length, "pod")}`);
    this.drawCounts(seen.map(({ state }) => state));
    this.menus.draw(this.board, this.options);
    this.system.setAttribute("aria-pressed", String(Boolean(this.options.system)));
  }

  /** The counts are the legend too, so every state is there, also with none in it. */
  drawCounts(seen) {
    const states = Object.keys(this.looks).filter((state) => state !== "running" || seen.includes(state));
    const make = (state) => el("li", {}, glyph(this.looks, state), el("b", {}), this.looks[state].word);
    keyed(this.frame.counts, states, (state) => state, make, (item, state) => {
      const count = seen.filter((each) => each === state).length;
      item.classList.toggle("gl-none", !count);
      say(item.children[1], String(count));
    });
  }

  // ---- motion: only what really happened moves ----

  /** Where the tiles are that will go or move, read before anything changes. */
  leaving(before) {
    const changed = [...before].filter(([uid, pod]) => this.pods.get(uid)?.node !== pod.node);
    const most = this.board.nodes.length > CROWDED_NODES ? MOST_MOVES_CROWDED : MOST_MOVES;
    this.still = changed.length + [...this.pods.keys()].filter((uid) => !before.has(uid)).length > most;
    if (this.still) return [];
    this.door = this.tray.head.getBoundingClientRect();
    return changed
      .map(([uid]) => ({ uid, tile: this.tiles.get(uid), gone: !this.pods.has(uid) }))
      .filter(({ tile }) => tile?.isConnected)
      .map((move) => ({ ...move, from: move.tile.getBoundingClientRect() }));
  }

  move(moves, before) {
    if (this.still) return;
    const fresh = [...this.pods.values()].filter((pod) => !before.has(pod.uid));
    const arrivals = fresh.map((pod) => this.arrival(pod));
    const staying = [...moves.filter((move) => !move.gone), ...arrivals].filter(({ tile }) => tile?.isConnected);
    const origin = staying.length || moves.length ? this.frame.layer.getBoundingClientRect() : null;
    for (const move of staying) move.to = move.tile.getBoundingClientRect();
    for (const { gone, tile, from } of moves) if (gone && from.width) fade(this.frame.layer, origin, tile, from);
    for (const { tile, from, to } of staying) {
      if (from?.width && to.width) travel(this.frame.layer, origin, tile, from, to, TRAVEL_MS);
      else tile.animate([{ opacity: 0 }, { opacity: 1 }], 220);
    }
  }

  /** A new pod that has a node already came through the tray too, only faster than the eye. */
  arrival(pod) {
    const scheduled = pod.node && !pod.owner.startsWith("Node/");
    return { tile: this.tiles.get(pod.uid), from: scheduled ? this.door : null };
  }

  // ---- words for those who do not see it ----

  announce(before) {
    for (const pod of this.pods.values()) {
      const was = before.get(pod.uid);
      if (!was) this.frame.voice.tell(`${pod.name} is new${pod.node ? ` on ${pod.node}` : ", without a node"}.`);
      else if (was.node !== pod.node) this.frame.voice.tell(`${pod.name} is placed on ${pod.node}.`);
      else if (was.state !== pod.state) this.frame.voice.tell(`${pod.name} is ${this.looks[pod.state].word}.`);
    }
    for (const [uid, pod] of before) if (!this.pods.has(uid)) this.frame.voice.tell(`${pod.name} is gone.`);
  }

  drawTable() {
    const pods = [...this.pods.values()].filter(this.visible);
    const make = () => el("tr", {}, ...COLUMNS.map(() => el("td", {})));
    keyed(this.rows, pods, (pod) => pod.uid, make, (row, pod) => cellsOf(pod).forEach((cell, at) => say(row.children[at], cell)));
  }
}

function bars() {
  const swatch = (look, word) => el("li", {}, el("span", { class: `gl-swatch ${look}` }), word);
  return el("ul", { "aria-label": "Bars" }, swatch("", "requested by pods"), swatch("gl-hatched", "by system pods"), swatch("gl-free", "free"));
}

const labelOf = (node, key) => node.labels.find(([name]) => name === key)?.[1] ?? "";

const COLUMNS = ["Pod", "Namespace", "Node", "State", "Ready", "Restarts", "Why"];

function tableOf(rows) {
  const heads = el("tr", {}, ...COLUMNS.map((name) => el("th", { scope: "col" }, name)));
  return el("table", {}, el("caption", {}, "Pods and their nodes"), el("thead", {}, heads), rows);
}

function cellsOf(pod) {
  const ready = `${pod.ready} of ${pod.containers}`;
  return [pod.name, pod.namespace, pod.node || "none yet", pod.status, ready, String(pod.restarts), pod.reason];
}

export default widget(BoardView);
