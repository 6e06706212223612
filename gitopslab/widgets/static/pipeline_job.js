// The chosen job: why it is in, its rules for the event, its commands, its log, and what can be done with its run.

const CAN = { manual: [["play", "run it"]], scheduled: [["play", "run it now"]], running: [["cancel", "cancel"]], pending: [["cancel", "cancel"]], failed: [["retry", "run it again"]], warning: [["retry", "run it again"]], success: [["retry", "run it again"]], canceled: [["retry", "run it again"]] };
const OUTCOMES = { matched: "✓ matched", "passed over": "passed over", "not reached": "not reached" };

class JobDetails {
  constructor(ask, close) {
    this.ask = ask;
    this.title = el("strong", {});
    this.why = el("p", {});
    this.actions = el("span", { class: "gl-pl-actions" });
    const closing = el("button", { class: "gl-close", type: "button", "aria-label": "Close" }, "×");
    closing.addEventListener("click", close);
    this.workflow = el("ol", { class: "gl-pl-rules" });
    this.rules = el("ol", { class: "gl-pl-rules" });
    this.script = el("pre", { tabindex: "0", "aria-label": "Commands" });
    this.log = el("pre", { class: "gl-pl-log", tabindex: "0", "aria-label": "Log" });
    this.heads = Object.fromEntries(["workflow:rules", "rules", "commands", "log"].map((name) => [name, el("h4", {}, name)]));
    const head = el("div", { class: "gl-card-head" }, el("div", {}, this.title, this.why), this.actions, closing);
    this.element = el("section", { class: "gl-pl-details", "aria-label": "Job", hidden: true }, head,
      this.heads["workflow:rules"], this.workflow, this.heads.rules, this.rules, this.heads.commands, this.script, this.heads.log, this.log);
  }

  draw(job, workflow, log) {
    hide(this.element, !job);
    if (!job) return;
    say(this.title, `${job.name}: ${job.word}`);
    say(this.why, job.why && `It is ${job.status === "out" ? "left out" : "in"}, because ${job.why}.`);
    this.drawActions(job);
    this.drawRules(this.workflow, this.heads["workflow:rules"], workflow);
    this.drawRules(this.rules, this.heads.rules, job.rules);
    this.drawText(this.script, this.heads.commands, job.script.map((line) => `$ ${line}`).join("\n"));
    this.drawText(this.log, this.heads.log, log);
  }

  drawActions(job) {
    const can = job.id ? (CAN[job.status] ?? []) : [];
    keyed(this.actions, can, ([what]) => `${what} ${job.id}`, ([what, words]) => {
      const button = el("button", { class: "gl-toggle", type: "button" }, words);
      button.addEventListener("click", () => this.ask({ do: what, job: job.id }));
      return button;
    }, () => {});
  }

  drawRules(list, head, rules) {
    hide(head, !rules.length);
    hide(list, !rules.length);
    keyed(list, rules.map((rule, at) => ({ ...rule, at })), (rule) => rule.at, () => el("li", {}, el("code", {}), el("b", {}), el("span", {})), (item, rule) => {
      item.dataset.outcome = rule.outcome;
      say(item.children[0], rule.text);
      say(item.children[1], OUTCOMES[rule.outcome]);
      say(item.children[2], `${rule.why} (line ${rule.line})`);
    });
  }

  drawText(block, head, text) {
    hide(head, !text);
    hide(block, !text);
    const atEnd = block.scrollTop + block.clientHeight >= block.scrollHeight - 4;
    say(block, text || "");
    if (atEnd) block.scrollTop = block.scrollHeight;
  }
}
