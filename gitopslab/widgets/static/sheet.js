// A sheet: YAML line by line, beside each line what its field means, below it what is wrong with it.
// Used by the manifest and by the table's details; Python (views/sheet) has put every line in pieces already.

class Sheet {
  /** `hand` and `card` are the widget's own, for a sheet may be a part of it. */
  constructor() {
    this.element = el("div", { class: "gl-sheet", role: "group" });
  }

  draw(sheet) {
    this.sheet = sheet;
    this.element.setAttribute("aria-label", `YAML of ${sheet.title}`);
    const told = new Set();
    const rows = sheet.lines.map((line) => ({ line, help: helpOf(line, sheet.fields, told) }));
    const make = () => el("div", { class: "gl-line-row" });
    keyed(this.element, rows, ({ line }) => line.number, make, (row, { line, help }) => {
      const signature = JSON.stringify([line, help?.path, help?.sentence]);
      if (row.glSignature === signature) return;
      row.glSignature = signature;
      row.classList.toggle("gl-wrong", line.problems.length > 0);
      row.replaceChildren(
        el("span", { class: "gl-number", "aria-hidden": "true" }, String(line.number)),
        el("code", { class: "gl-code", style: `--gl-indent: ${hanging(line.spans)}` }, ...line.spans.map((span, at) => this.piece(line, span, at))),
        el("span", { class: "gl-help-text" }, help && !line.problems.length ? `${help.words ? `${help.words} · ` : ""}${help.sentence}` : ""),
        ...line.problems.map(({ text, hint }) => el("p", { class: "gl-problem" }, el("b", {}, text), hint ? ` ${hint}` : "")),
      );
    });
  }

  piece(line, { text, look, field }, at) {
    if (field < 0) return el("span", { class: `gl-y-${look}` }, text);
    const { words, sentence, path } = this.sheet.fields[field];
    const wrong = line.problems.map((problem) => `Wrong: ${problem.text}`).join(" ");
    const label = [`${text}, line ${line.number}: ${path}`, words, wrong, sentence].filter(Boolean).join(". ");
    return el("button", { type: "button", class: "gl-field", tabindex: "-1", "data-uid": `${line.number}:${at}`, "data-field": field, "aria-label": label }, text);
  }

  fieldOf(uid) {
    const [number, at] = uid.split(":").map(Number);
    const line = this.sheet?.lines[number - 1];
    const span = line?.spans[at];
    return span && span.field >= 0 ? { line, help: this.sheet.fields[span.field] } : null;
  }

  elementOf(uid) {
    return this.element.querySelector(`[data-uid="${CSS.escape(uid)}"]`);
  }

  details(uid) {
    const found = this.fieldOf(uid);
    if (!found) return null;
    const { line, help } = found;
    const wrong = line.problems.map(({ text, hint }) => `${text}${hint ? ` (${hint})` : ""}`).join(" ");
    return {
      state: line.problems.length ? "failed" : "",
      name: help.path,
      status: [help.type || "unknown", help.is_required && "required"].filter(Boolean).join(" · "),
      reason: wrong,
      facts: [["one of", help.choices.join(", ")], ["when left out", help.default]],
      more: el("div", { class: "gl-description" }, ...help.description.split(/\n+/).map((text) => el("p", {}, text))),
    };
  }

  fields() {
    return [...this.element.querySelectorAll(".gl-field")];
  }

  /** The field that the one at hand is a part of, or its first part: `spec` of `spec.replicas`. */
  relative(thing, outward) {
    const paths = this.fields().map((field) => [field, this.sheet.fields[field.dataset.field].path]);
    const at = paths.findIndex(([field]) => field === thing);
    const own = paths[at]?.[1] ?? "";
    const [before, after] = [paths.slice(0, at).reverse(), paths.slice(at + 1)];
    const parent = own.slice(0, Math.max(own.lastIndexOf("."), 0));
    const found = outward ? before.find(([, path]) => path === parent) : after.slice(0, 1).find(([, path]) => path.startsWith(`${own}.`));
    return found?.[0];
  }
}

/** The field a line is about, when it has not been explained further up. */
function helpOf(line, fields, told) {
  const span = line.spans.find(({ field }) => field >= 0 && !told.has(field));
  if (span) told.add(span.field);
  return span && fields[span.field];
}

/** What the arrows do in a sheet: up and down through the fields, left to what holds one, right to its first part. */
function sheetKeys(sheet) {
  const move = (outward) => (uid, event) => {
    event.preventDefault();
    sheet.relative(event.target, outward)?.focus();
  };
  return { ArrowLeft: move(true), ArrowRight: move(false) };
}

/** How far what does not fit is set in on the next line: deeper than its key, as YAML would have it. */
function hanging(spans) {
  const text = spans.map((span) => span.text).join("");
  return text.search(/[^ -]|$/) + 2;
}
