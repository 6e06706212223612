// A pipeline: a column a stage, lines for needs, the jobs that are left out, and of the chosen job its rules, its commands
// and its log. Python sends one snapshot (views/pipeline.py); another event or a job's log is asked of it: {do: "event" |
// "log" | "play" | "cancel" | "retry"}.

const KEYS = "arrows go from job to job · Enter shows its rules, commands and log · Escape closes them";

class PipelineView extends View {
  static frame = { name: "pipeline", label: "Pipeline", keys: KEYS };

  build() {
    const send = (wish) => this.model.send(wish);
    this.statuses = this.options.statuses;
    this.stages = new Stages(this.looks, this.statuses, (name) => this.choose(name));
    this.details = new JobDetails(send, () => this.choose(""));
    this.event = new EventChoice(this.options.events, (wish) => send({ do: "event", ...wish }));
    this.verdict = el("p", { class: "gl-pl-verdict" }, glyph(this.looks, "pending"), el("span", {}));
    this.frame.tools.prepend(this.event.kind, this.event.ref);
    this.frame.body.append(this.verdict, this.stages.element, this.details.element);
    this.frame.body.addEventListener("keydown", (event) => this.press(event));
    this.ends.push(() => this.stages.release());
  }

  draw() {
    const snapshot = this.model.get("_snapshot");
    const pipeline = snapshot?.pipeline;
    this.frame.drawError(snapshot?.error);
    if (!pipeline) return;
    const before = this.pipeline;
    this.pipeline = pipeline;
    this.frame.draw(snapshot, pipeline.title);
    reshape(this.verdict.firstChild, this.looks, this.statuses[pipeline.status]?.[0] || "terminating");
    say(this.verdict.lastChild, pipeline.sentence);
    this.event.draw(snapshot.event);
    this.stages.draw(pipeline, this.chosen);
    this.drawDetails(snapshot.log);
    if (before && before.sentence !== pipeline.sentence) this.frame.voice.tell(pipeline.sentence);
  }

  drawDetails(log) {
    const job = this.stages.cards.get(this.chosen);
    this.details.draw(job, this.pipeline.workflow, log && job && log.id === job.id ? log.text : "");
  }

  choose(name) {
    this.chosen = name === this.chosen ? "" : name;
    this.stages.draw(this.pipeline, this.chosen);
    const job = this.stages.cards.get(this.chosen);
    this.drawDetails(this.model.get("_snapshot").log);
    if (job) this.frame.voice.tell(`${job.name}: ${job.word}. ${job.why}`);
    if (job?.id) this.model.send({ do: "log", job: job.id });
  }

  press(event) {
    if (isTyping(event.target) || event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.key === "Escape" && this.chosen) this.choose("");
    else if (!this.stages.go(event.key)) return;
    event.preventDefault();
  }
}

/** The event that a file is asked about; nothing of it is there when a pipeline really ran. */
class EventChoice {
  constructor(events, ask) {
    this.kind = el("select", { "aria-label": "Event" }, ...(events ?? []).map((kind) => el("option", { value: kind }, kind.replaceAll("_", " "))));
    this.ref = el("input", { "aria-label": "Branch or tag", size: "12", spellcheck: "false" });
    for (const tool of [this.kind, this.ref]) hide(tool, !events?.length);
    const send = () => ask({ kind: this.kind.value, ref: this.ref.value.trim() });
    this.kind.addEventListener("change", () => {
      this.ref.value = "";
      send();
    });
    this.ref.addEventListener("change", send);
  }

  draw(event) {
    if (!event) return;
    this.kind.value = event.kind;
    if (document.activeElement !== this.ref) this.ref.value = event.ref;
  }
}

export default widget(PipelineView);
