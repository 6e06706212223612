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
    const tile = el("button", attributes, glyph(this.looks, pod.state), ...parts.flatMap((part) => [part, " "]));
    tile.children[3].append(el("span", {}), el("span", {}));
    this.byUid.set(pod.uid, tile);
    return tile;
  }

  /** Brings a tile up to date; does nothing when nothing that shows has changed. */
  update(tile, pod, density) {
    const { state, status, ready, containers, restarts, short, rest } = pod;
    const signature = [pod.because, pod.nominated, state, status, ready, containers, restarts, short, rest, pod.node, pod.reason, density].join("|");
    if (tile.glSignature === signature) return;
    tile.glSignature = signature;
    const [mark, name, readiness, remainder, restarted] = tile.children;
    reshape(mark, this.looks, state);
    Object.assign(tile.dataset, { state, density, system: pod.system });
    say(name, short);
    say(readiness, `${ready}/${containers}`);
    const [head, tail] = this.secondLine(pod);
    say(remainder.firstChild, head);
    say(remainder.lastChild, tail);
    say(restarted, restarts ? `↻${restarts}` : "");
    // What is read aloud begins with what is seen, so that one can also say it to choose the tile.
    const seen = [short, `${ready}/${containers}`, head + tail, restarted.textContent].filter(Boolean).join(" ");
    tile.setAttribute("aria-label", `${seen}: ${this.words(pod)}`);
  }

  forget(pods) {
    for (const uid of this.byUid.keys()) if (!pods.has(uid)) this.byUid.delete(uid);
  }

  /**
   * What makes the pod unique while it is well, what is the matter when it is not; in two parts, because where room
   * is short the first is cut: of 7c5ddbdf54-x7k2p the end tells pods apart.
   */
  secondLine({ state, status, rest, namespace, because, nominated }) {
    if (because) return [because, ""];
    if (nominated) return [`room on ${nominated}`, ""];
    if (state === "notready") return [this.looks.notready.word, ""];
    if (state !== "ready" && state !== "running") return [status, ""];
    const dash = rest.lastIndexOf("-");
    return dash < 0 ? [rest || namespace, ""] : [rest.slice(0, dash), rest.slice(dash)];
  }

  words(pod) {
    const parts = [`pod ${pod.name}`, `namespace ${pod.namespace}`, this.looks[pod.state].word];
    parts.push(`${pod.ready} of ${pod.containers} containers ready`);
    if (pod.restarts) parts.push(`${pod.restarts} restarts`);
    parts.push(pod.node ? `on ${pod.node}` : "without a node");
    if (pod.reason) parts.push(pod.reason);
    return parts.join(", ");
  }
}
