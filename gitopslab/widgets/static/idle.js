// A bar that warns before an idle session ends. While somebody moves the mouse or types, Python is told now and then, so
// that the server does not take a reader for absent. When nobody has for most of the time, a countdown is shown.

const SIGNS = ["pointermove", "keydown", "wheel"];
const TICK = 1000;
const TELL_EVERY = 60_000;
const WARN_AFTER = 0.7;

class IdleView {
  constructor(model, root) {
    this.model = model;
    this.seen = this.told = Date.now();
    this.build(root);
    this.onSign = () => this.sign();
    this.onSaved = () => this.saved();
    for (const sign of SIGNS) document.addEventListener(sign, this.onSign, { capture: true, passive: true });
    model.on("change:_snapshot", this.onSaved);
    this.timer = setInterval(() => this.draw(), TICK);
  }

  destroy() {
    clearInterval(this.timer);
    for (const sign of SIGNS) document.removeEventListener(sign, this.onSign, { capture: true });
    this.model.off("change:_snapshot", this.onSaved);
    this.bar.remove();
  }

  build(root) {
    const { words } = this.model.get("_snapshot");
    this.save = el("button", { type: "button", class: "gl-idle-save" }, words.save);
    this.error = el("span", { role: "alert" });
    root.append(el("p", { class: "gl-idle-rule" }, `${words.rule} `, this.save, " ", this.error));
    this.text = el("span", { role: "alert" });
    const stay = el("button", { type: "button" }, words.stay);
    const again = el("button", { type: "button" }, words.save);
    this.bar = el("div", { class: "gl-idle-bar", hidden: true }, this.text, stay, again);
    stay.addEventListener("click", () => hide(this.bar, true));
    for (const button of [this.save, again]) button.addEventListener("click", () => this.model.send({ do: "save" }));
    for (const earlier of document.querySelectorAll(".gl-idle-bar")) earlier.remove();
    document.body.append(this.bar);
  }

  /** Somebody is there. */
  sign() {
    this.seen = Date.now();
    if (this.seen - this.told > TELL_EVERY) {
      this.told = this.seen;
      this.model.send({ do: "here" });
    }
  }

  draw() {
    const { minutes, words } = this.model.get("_snapshot");
    const left = minutes * 60 - (Date.now() - this.seen) / 1000;
    // it stays under the hand that moves to its buttons
    hide(this.bar, left > minutes * 60 * (1 - WARN_AFTER) && !this.bar.matches(":hover"));
    if (this.bar.hidden) return;
    const whole = Math.max(0, Math.ceil(left));
    say(this.text, left > 0 ? `${words.warning} ${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}` : words.ended);
  }

  saved() {
    const { file, error } = this.model.get("_snapshot");
    say(this.error, error || "");
    if (!file) return;
    const settings = JSON.parse(document.getElementById("jupyter-config-data")?.textContent || "{}");
    const folder = (window.jupyterapp?.shell?.currentWidget?.context?.path ?? "").split("/").slice(0, -1);
    const path = [...folder, file].map(encodeURIComponent).join("/");
    const link = el("a", { href: `${settings.baseUrl || "/"}files/${path}`, download: file });
    document.body.append(link);
    link.click();
    link.remove();
  }
}

export default {
  render({ model, el: root }) {
    const view = new IdleView(model, root);
    return () => view.destroy();
  },
};
