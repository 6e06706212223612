// Cuts an executed page into slides and goes through them. KINDS tells of each cell, in Jupyter's words, whether it begins
// a slide, goes on, is left out or is only for the notes.

const BEGINS = ["slide", "subslide"];
const cells = [...document.querySelectorAll(".jp-Cell")].map((node) => [KINDS[node.id.replace(/^cell-id=/, "")] ?? "-", node]);
const slides = [];
for (const [kind, node] of cells) {
  if (kind === "skip") continue;
  if (BEGINS.includes(kind) || !slides.length) slides.push({ shown: [], notes: "" });
  if (kind === "notes") slides.at(-1).notes += node.innerText;
  else slides.at(-1).shown.push(node);
}

let at = Math.min(Math.max(Number(location.hash.slice(1)) - 1, 0), slides.length - 1) || 0;
let notes = null;
const place = document.body.appendChild(Object.assign(document.createElement("p"), { className: "gl-place" }));

function show(to) {
  at = Math.min(Math.max(to, 0), slides.length - 1);
  const shown = new Set(slides[at].shown);
  for (const [, node] of cells) node.hidden = !shown.has(node);
  history.replaceState(null, "", `#${at + 1}`);
  place.textContent = `${at + 1} / ${slides.length}`;
  scrollTo(0, 0);
  if (notes && !notes.closed) tell();
}

function tell() {
  const next = slides[at + 1]?.shown[0]?.textContent.trim().split(/\n|¶/)[0] ?? "the end";
  notes.document.body.innerText = `${place.textContent}\n\n${slides[at].notes || slides[at].shown[0]?.innerText || ""}\n\nThen: ${next}`;
}

const KEYS = {
  ArrowRight: 1, PageDown: 1, " ": 1, ArrowLeft: -1, PageUp: -1, Home: -Infinity, End: Infinity,
};

// A slide that is longer than the window is read to its end before the next one comes.
function go(step) {
  const before = scrollY;
  if (Math.abs(step) === 1) scrollBy({ top: step * innerHeight * 0.8, behavior: "instant" });
  if (scrollY === before) show(at + step);
}

function key(event) {
  if (event.key in KEYS) go(KEYS[event.key]);
  else if (event.key === "n") {
    notes = open("", "gitopslab-notes", "popup,width=800,height=600");
    notes.document.body.style.font = "22px/1.4 system-ui, sans-serif";
    notes.document.onkeydown = key;
    tell();
  } else return;
  event.preventDefault();
}

document.addEventListener("keydown", key);
addEventListener("hashchange", () => show(Number(location.hash.slice(1)) - 1));
show(at);
