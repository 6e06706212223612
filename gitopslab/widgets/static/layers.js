// The layers: an image as a stack that grows upwards, each layer with its instruction, size and files; two images side by
// side, with what they share marked. Python sends one snapshot (views/layers) and is asked nothing.

const KEYS = "up and down go from layer to layer · left and right to the other image · Enter pins the files · Escape closes them";

const MOST_IN_CARD = 24;

class LayersView extends View {
  static frame = { name: "layers", label: "Layers", keys: KEYS };

  build() {
    const { body, legend } = this.frame;
    this.summary = el("p", { class: "gl-summary" });
    this.stacks = el("div", { class: "gl-stacks" });
    this.difference = el("section", { class: "gl-difference", "aria-label": "What differs", hidden: true });
    body.append(this.summary, this.stacks, this.difference);
    this.legendOfSharing = el("li", { hidden: true }, el("span", { class: "gl-swatch gl-sharing" }), "the very same layer in both: it is pulled and kept once");
    legend.prepend(el("ul", {}, el("li", {}, el("span", { class: "gl-swatch" }), "size, beside the biggest layer here"), this.legendOfSharing));
    this.reach({
      things: ".gl-step",
      columns: () => [...this.stacks.children].map((stack) => [...stack.querySelectorAll(".gl-step")]),
      elementOf: (uid) => this.stacks.querySelector(`[data-uid="${CSS.escape(uid)}"]`),
      detailsOf: (uid) => this.details(uid),
      lit: (uid) => this.light(uid),
    });
  }

  draw() {
    const snapshot = this.model.get("_snapshot");
    if (!snapshot?.layers) return this.frame.drawError(snapshot?.error);
    const { stacks, summary } = snapshot.layers;
    this.layers = snapshot.layers;
    this.rows = new Map(stacks.flatMap((stack) => stack.rows.map((row) => [row.key, row])));
    const giveFocusBack = this.hand.hold();
    this.frame.draw(snapshot, stacks[0].platform);
    this.frame.root.setAttribute("aria-label", `Layers of ${stacks.map(({ name }) => name).join(" and ")}`);
    say(this.summary, `${summary[0].toUpperCase()}${summary.slice(1)}.`);
    this.stacks.replaceChildren(...stacks.map((stack) => this.makeStack(stack)));
    this.stacks.classList.toggle("gl-two", stacks.length > 1);
    hide(this.legendOfSharing, stacks.length < 2);
    this.drawDifference();
    giveFocusBack();
  }

  makeStack({ name, digest, size, rows }) {
    const head = el("header", {}, el("h3", {}, name), el("p", { class: "gl-soft" }, `${size} · `, el("code", { title: digest }, shortDigest(digest))));
    // The lowest layer is the first of the list and the last on screen: the sheet turns the order round.
    const steps = rows.toReversed().map((row) => el("li", {}, this.makeStep(row)));
    return el("section", { class: "gl-stack", "aria-label": name }, head, el("ol", { reversed: true }, ...steps));
  }

  makeStep({ key, text, digest, size, share, shared, files, more }) {
    const button = el("button", { type: "button", tabindex: "-1", "data-uid": key, class: `gl-step${digest ? " gl-layer-step" : ""}${shared ? " gl-shared" : ""}` });
    button.append(el("span", { class: "gl-words" }, text || "(no instruction is told)"));
    if (!digest) return button;
    const amount = el("span", { class: "gl-load" }, el("i", { style: `width: ${Math.max(share * 100, 1.5)}%` }));
    const told = [shortDigest(digest), shared && "shared", count(files.length + more, "path")].filter(Boolean).join(" · ");
    button.append(el("span", { class: "gl-amount" }, size), el("span", { class: "gl-told" }, told), amount);
    return button;
  }

  details(uid) {
    const row = this.rows.get(uid);
    if (!row) return null;
    const { text, digest, size, shared, files, more } = row;
    const items = files.slice(0, MOST_IN_CARD).map(({ mark, path, size: bytes }) => [`${mark} ${path}`, bytes]);
    const left = files.length - items.length + more;
    if (left) items.push([`and ${left} more`, ""]);
    return {
      name: text || "a step without a word",
      status: digest ? "a layer" : "settings only: no layer, nothing to pull",
      facts: [["size", size], ["digest", digest], ["shared", shared ? "with the other image: it is there once" : ""]],
      lists: [["What it brings", items]],
    };
  }

  /** Marks the same layer in the other image too. */
  light(uid) {
    const { digest, shared } = this.rows?.get(uid) ?? {};
    if (!shared) return;
    for (const [key, row] of this.rows) if (row.digest === digest) this.hand.elementOf(key)?.classList.add("gl-hot");
  }

  drawDifference() {
    const { files, more, settings } = this.layers;
    hide(this.difference, !files.length && !settings.length);
    const rows = settings.map(([name, before, after]) =>
      el("tr", {}, el("th", { scope: "row" }, name), el("td", {}, before || "–"), el("td", {}, after || "–")),
    );
    const head = el("tr", {}, ...["Setting", "first", "second"].map((word) => el("th", { scope: "col" }, word)));
    const items = files.map(({ mark, path, size }) => el("li", { class: FILE_CLASSES[mark] }, el("b", { title: FILE_WORDS[mark] }, mark), el("span", { class: "gl-unseen" }, FILE_WORDS[mark]), ` ${path} `, el("span", { class: "gl-soft" }, size)));
    if (more) items.push(el("li", {}, `and ${more} more`));
    this.difference.replaceChildren(
      el("h3", {}, "What differs"),
      rows.length ? el("table", { class: "gl-settings" }, el("thead", {}, head), el("tbody", {}, ...rows)) : "",
      items.length ? el("ul", { class: "gl-files" }, ...items) : "",
    );
  }
}

const FILE_WORDS = { "+": "added", "~": "changed", "-": "removed" };
const FILE_CLASSES = { "+": "gl-added", "~": "gl-changed", "-": "gl-removed" };
const shortDigest = (digest) => digest.replace("sha256:", "").slice(0, 12);
const count = (number, word) => `${number} ${word}${number === 1 ? "" : "s"}`;

export default widget(LayersView);
