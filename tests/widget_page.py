"""A widget's script alone in a page of headless Chromium, with a model that a test changes.

Shared by the tests of every widget's script: no kernel, no JupyterLab, so a test takes a fraction of a second.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

from jupyterlab_in_browser import CHROMIUM, FLAGS
from playwright.sync_api import Browser, Page, sync_playwright

from gitopslab.machinery.objects import Object
from gitopslab.views.palette import STATES

_HARNESS = """async ([script, sheet, state]) => {
  const style = document.createElement("style");
  style.textContent = sheet;
  document.head.append(style);
  const heard = {};
  window.sent = [];
  window.model = {
    get: (name) => state[name],
    set: (name, value) => { state[name] = value; for (const tell of heard[`change:${name}`] ?? []) tell(); },
    on: (name, tell) => (heard[name] ??= []).push(tell),
    off: (name, tell) => { heard[name] = (heard[name] ?? []).filter((known) => known !== tell); },
    send: (message) => window.sent.push(message),
  };
  const module = await import(URL.createObjectURL(new Blob([script], { type: "text/javascript" })));
  const root = document.body.appendChild(document.createElement("div"));
  window.cleanUp = await module.default.render({ model, el: root });
  window.listeners = () => Object.values(heard).flat().length;
}"""
_NEXT_FRAME = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
_SMALLEST = """() => {
  const sizes = [];
  const walker = document.createTreeWalker(document.querySelector(".gl-view"), NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const { parentElement: holder, textContent: text } = walker.currentNode;
    if (!text.trim() || !holder.checkVisibility() || holder.closest(".gl-unseen")) continue;
    sizes.push([parseFloat(getComputedStyle(holder).fontSize), text.trim().slice(0, 40)]);
  }
  return sizes.sort((one, other) => one[0] - other[0])[0];
}"""


class Shown:
    """A widget in a page; ``errors`` holds what went wrong in it and every address it asked."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.errors: list[str] = []
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("request", lambda request: request.url.startswith("blob:") or self.errors.append(request.url))

    def render(self, script: str, sheet: str, snapshot: Object, options: Mapping[str, Any] | None = None) -> None:
        """Draw a snapshot on an empty page."""
        looks = {state: asdict(look) for state, look in STATES.items()}
        state = {"_snapshot": snapshot, "_looks": looks, "_options": dict(options or {})}
        self.page.set_content("<body></body>")
        self.page.evaluate(_HARNESS, [script, sheet, state])

    def send(self, snapshot: Object) -> None:
        """Another snapshot, and wait until it is drawn."""
        self.set("_snapshot", snapshot)

    def set(self, field: str, value: Object) -> None:
        """Another value of a field of the model, and wait until it is drawn."""
        self.page.evaluate("([field, value]) => model.set(field, value)", [field, value])
        self.page.evaluate(_NEXT_FRAME)

    def asked(self) -> list[Object]:
        """What the widget sent to Python."""
        sent: list[Object] = self.page.evaluate("() => sent")
        return sent

    def texts(self, selector: str) -> list[str]:
        return [" ".join(text.split()) for text in self.page.locator(selector).all_inner_texts()]

    def smallest_text(self) -> float:
        """The size of the smallest text that can be seen, in pixels."""
        size, text = self.page.evaluate(_SMALLEST)
        print(f"smallest text: {size} px, {text!r}")  # noqa: T201 - shown when the test fails
        return float(size)


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser for all tests of a module."""
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, headless=True, args=FLAGS)
        yield opened
        opened.close()


def header(**told: Any) -> Object:
    """The part of a snapshot that every widget has."""
    return {"cluster": "lab", "kind": "embedded", "live": "live", "note": "", "error": "", **told}
