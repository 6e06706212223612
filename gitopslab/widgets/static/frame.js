// The frame of every widget: whose cluster it is, tools, how the connection is, errors, a legend with the keys, a layer
// for what moves, one voice. A widget puts its own parts in `tools`, `counts`, `body` and `legend`, and calls `draw` with
// each snapshot.

const LIVE_WORDS = { live: "live", paused: "paused: resume", static: "snapshot", lost: "no connection", closed: "ended" };

const NOT_THE_NOTEBOOKS = "data-lm-suppress-shortcuts";
const runsCell = (event) => event.key === "Enter" && (event.shiftKey || event.ctrlKey || event.metaKey || event.altKey) && !isTyping(event.target);

class Frame {
  /** `name` is the widget's class in CSS, `label` what it is, `keys` what the keyboard does in it. */
  constructor(model, root, { name, label, keys }) {
    speak(model);
    Object.assign(this, { model, label, keys });
    this.root = el("div", { class: `gl-view gl-${name}`, role: "region", "aria-label": label });
    this.title = el("div", { class: "gl-title" }, el("strong", {}), el("span", { class: "gl-kind" }), el("span", { class: "gl-size" }));
    this.counts = el("ul", { class: "gl-counts" });
    this.bar = new Toolbar();
    this.tools = this.bar.element;
    this.live = el("button", { class: "gl-live", type: "button" });
    this.error = el("div", { class: "gl-error", role: "alert", hidden: true });
    this.body = el("div", { class: "gl-body" });
    this.layer = el("div", { class: "gl-layer", "aria-hidden": "true" });
    this.voice = new Voice();
    this.build(root);
    this.follow();
  }

  build(root) {
    this.help = el("button", { class: "gl-help", type: "button", "aria-label": "Keys", "aria-expanded": "false", title: "Keys" }, "?");
    this.told = el("span", { class: "gl-keys" });
    this.legend = el("div", { class: "gl-legend" }, this.told, this.help);
    this.tools.append(this.live);
    const head = el("div", { class: "gl-head" }, this.title, this.counts, this.tools);
    this.root.append(head, this.error, this.body, this.legend, this.layer, this.voice.element);
    root.append(this.root);
  }

  follow() {
    this.live.addEventListener("click", () => this.model.send({ do: "resume" }));
    this.help.addEventListener("click", () => this.tellKeys());
    // A key in a widget is not a command of the notebook, where "d d" deletes the cell. JupyterLab asks the very element
    // that has the focus: its selectors end there, so that an attribute further up comes too late.
    this.root.addEventListener("focusin", ({ target }) => target.setAttribute(NOT_THE_NOTEBOOKS, "true"));
    // But the keys that run a cell run it from here too. JupyterLab listens at the document, so this is said before that.
    this.pass = (event) => this.root.contains(event.target) && event.target.toggleAttribute(NOT_THE_NOTEBOOKS, !runsCell(event));
    window.addEventListener("keydown", this.pass, true);
    this.root.addEventListener("keydown", (event) => event.key === "?" && !isTyping(event.target) && this.tellKeys());
    this.dress = () => this.root.classList.toggle("gl-presenter", Boolean(this.model.get("_options")?.presenter));
    this.leave = () => this.drawLive({ live: "closed", note: "its kernel was restarted or stopped; run the cell again" });
    this.model.on("change:_options", this.dress);
    this.model.on("comm_live_update", this.leave);
    this.dress();
  }

  release() {
    window.removeEventListener("keydown", this.pass, true);
    this.model.off("change:_options", this.dress);
    this.model.off("comm_live_update", this.leave);
    this.voice.speak.cancel();
    this.root.remove();
  }

  /** Everything a snapshot says of itself; `size` is how much there is, in words. */
  draw({ cluster, kind, live, note, error, seconds, speed = 1 }, size) {
    if (seconds !== this.seconds) this.received = performance.now();
    Object.assign(this, { seconds, speed });
    const [name, tag, amount] = this.title.children;
    say(name, cluster || "cluster");
    say(tag, kind || "");
    hide(tag, !kind);
    say(amount, size);
    this.root.setAttribute("aria-label", `${this.label} of cluster ${cluster}`);
    this.drawLive({ live, note });
    this.drawError(error);
    this.bar.rove();
  }

  drawLive({ live, note }) {
    Object.assign(this.live, { disabled: live !== "paused", title: note || "" });
    hide(this.live, !live);
    this.live.dataset.live = live;
    say(this.live, LIVE_WORDS[live] ?? live);
  }

  drawError(error) {
    hide(this.error, !error);
    say(this.error, error || "");
  }

  tellKeys() {
    say(this.told, this.told.textContent ? "" : this.keys);
    this.help.setAttribute("aria-expanded", String(Boolean(this.told.textContent)));
  }

  /** The snapshot's clock may be a lab clock that was moved; only what passed since then is ours. */
  now() {
    return this.seconds + ((performance.now() - this.received) / 1000) * this.speed;
  }
}

/** The tools are one stop of Tab; left and right go from one to the next. */
class Toolbar {
  constructor() {
    this.element = el("div", { class: "gl-tools", role: "toolbar", "aria-label": "Tools" });
    this.element.addEventListener("keydown", (event) => this.key(event));
    this.element.addEventListener("focusin", ({ target }) => this.rove(target));
  }

  tools() {
    return [...this.element.children].filter((tool) => !tool.hidden && !tool.disabled);
  }

  rove(current = this.current) {
    const tools = this.tools();
    this.current = tools.includes(current) ? current : tools[0];
    for (const tool of this.element.children) {
      const place = tool === this.current ? 0 : -1;
      if (tool.tabIndex !== place || !tool.hasAttribute("tabindex")) tool.tabIndex = place;
    }
  }

  key(event) {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    const tools = this.tools();
    const next = by && tools[tools.indexOf(event.target) + by];
    if (!next || isAmidText(event.target, by)) return;
    event.preventDefault(); // an arrow would also choose another option of a menu
    next.focus();
  }
}

/** Whether the caret can still go that way. */
function isAmidText({ selectionStart: at, value }, by) {
  return typeof at === "number" && at !== (by < 0 ? 0 : value.length);
}

const isTyping = (target) => Boolean(target.closest("input, textarea, select"));
