// The tiles: one button a pod, kept for as long as the pod lives, wherever it moves.

class Tiles {
  constructor(looks) {
    this.looks = looks;
    this.byUid = new Map();
  }

  get(uid) {
    return this.byUid.get(uid);
  }

  /** The tile of a pod, made at first sight. */
  of(pod) {
    const known = this.byUid.get(pod.uid);
    if (known) return known;
    const parts = ["gl-name", "gl-ready", "gl-rest", "gl-restarts"].map((name) => el("span", { class: name }));
    const attributes = { type: "button", class: "gl-pod", "data-uid": pod.uid, tabindex: "-1" };
    const tile = el("button", attributes, glyph(this.looks, pod.state), ...parts);
    this.byUid.set(pod.uid, tile);
    return tile;
  }

  /** Brings a tile up to date; does nothing when nothing that shows has changed. */
  update(tile, pod, density) {
    const { state, status, ready, containers, restarts, short, rest } = pod;
    const signature = [state, status, ready, containers, restarts, short, rest, pod.node, pod.reason, density].join("|");
    if (tile.glSignature === signature) return;
    tile.glSignature = signature;
    const [mark, name, readiness, remainder, restarted] = tile.children;
    reshape(mark, this.looks, state);
    Object.assign(tile.dataset, { state, density, system: pod.system });
    say(name, short);
    say(readiness, `${ready}/${containers}`);
    say(remainder, this.secondLine(pod));
    say(restarted, restarts ? `↻${restarts}` : "");
    tile.setAttribute("aria-label", this.words(pod));
  }

  forget(pods) {
    for (const uid of this.byUid.keys()) if (!pods.has(uid)) this.byUid.delete(uid);
  }

  /** What makes the pod unique while it is well, what is the matter when it is not. */
  secondLine({ state, status, rest, namespace }) {
    if (state === "ready" || state === "running") return rest || namespace;
    return state === "notready" ? this.looks.notready.word : status;
  }

  words(pod) {
    const parts = [`Pod ${pod.name}`, `namespace ${pod.namespace}`, this.looks[pod.state].word];
    parts.push(`${pod.ready} of ${pod.containers} containers ready`);
    if (pod.restarts) parts.push(`${pod.restarts} restarts`);
    parts.push(pod.node ? `on ${pod.node}` : "without a node");
    if (pod.reason) parts.push(pod.reason);
    return parts.join(", ");
  }
}
