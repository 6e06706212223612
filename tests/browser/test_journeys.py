"""Whole journeys in JupyterLab: an attendee does notebook 00, a presenter runs notebook 05 from the keyboard."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from jupyterlab_in_browser import CHROMIUM, Browser, OpenLab, browser

pytestmark = [pytest.mark.browser, pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")]

SOLVED = {
    "do-00-1": 'lab.scale("deployment/hello", 5)',
    "do-00-2": 'lab.kubectl("create deployment shop --image=nginx:1.27"); lab.kubectl("delete pod shop")',
}
_GO_TO = """(id) => {
  const { content } = window.jupyterapp.shell.currentWidget;
  content.activeCellIndex = content.widgets.findIndex((cell) => cell.model.id === id);
}"""
_OUTPUT = """(id) => window.jupyterapp.shell.currentWidget.content.widgets
  .find((cell) => cell.model.id === id).outputArea.node.innerText"""
_STANDS = """() => {
  const { content } = window.jupyterapp.shell.currentWidget;
  return [content.activeCell.model.id, Math.round(content.node.querySelector('.jp-WindowedPanel-outer').scrollTop)];
}"""
_DRAWN = """() => [...document.querySelectorAll('.jupyter-widgets-view')].every((view) =>
  view.querySelector('.gl-view, .gl-presenter-told'))"""
_IN_VIEW = """() => {
  const { content } = window.jupyterapp.shell.currentWidget;
  const { top, bottom } = content.node.querySelector('.jp-WindowedPanel-outer').getBoundingClientRect();
  const inside = (y) => y >= top - 1 && y <= bottom + 41;
  return content.widgets.filter((cell) => cell.model.executionCount && cell.node.isConnected).flatMap((cell) => {
    const place = cell.node.getBoundingClientRect();
    const parts = [inside(place.top) && 'top', inside(place.bottom) && 'end'];
    return parts.filter(Boolean).map((part) => `${part} of ${cell.model.id}`);
  });
}"""
_IDLE = """() => {
  const { content, sessionContext } = window.jupyterapp.shell.currentWidget;
  const above = content.widgets.slice(0, content.activeCellIndex).filter((cell) => cell.model.type === 'code');
  return sessionContext.session.kernel.status === 'idle' && above.every((cell) => cell.model.executionCount);
}"""
"""All that was asked for has run; a kernel that has not been told yet is idle, too."""


@pytest.fixture
def shown() -> Iterator[Browser]:
    with browser(width=1280, height=720) as opened:
        yield opened


def test_an_attendee_does_notebook_00_and_both_exercises(lab: OpenLab, shown: Browser) -> None:
    page = shown.page
    shown.open(lab.address("00-start-here.ipynb"))
    shown.run_until("turn")
    page.wait_for_function(_IDLE, timeout=90_000)
    for cell, line in SOLVED.items():
        page.evaluate(_GO_TO, cell)
        page.keyboard.press("Shift+Enter")
        page.wait_for_function(f"() => ({_OUTPUT})('{cell}').includes('Not yet')", timeout=60_000)
        page.evaluate(_GO_TO, cell)
        page.keyboard.press("Enter")
        page.locator(".jp-mod-active .cm-line", has_text="# your lines here").click()
        page.keyboard.press("End")
        page.keyboard.type("\n" + line)
        page.keyboard.press("Shift+Enter")
        page.wait_for_function(f"() => ({_OUTPUT})('{cell}').includes('Done:')", timeout=60_000)
    assert lab.gitopslab("kubectl", "get", "pods", "-n", "exercise-00-2", "-o", "name").count("shop") == 1
    assert shown.errors == []


def test_a_presenter_runs_notebook_05_from_the_keyboard(lab: OpenLab, shown: Browser) -> None:
    page = shown.page
    shown.open(lab.address("05-from-pod-to-node.ipynb"))
    shown.run_until("check-machine")
    page.wait_for_function(_IDLE, timeout=90_000)
    page.evaluate("() => window.jupyterapp.commands.execute('notebook:insert-cell-below')")
    page.evaluate(
        "() => window.jupyterapp.shell.currentWidget.content.activeCell.model.sharedModel.setSource('lab.present()')"
    )
    page.keyboard.press("Shift+Enter")
    page.wait_for_selector(".gl-presenter-bar", timeout=60_000)
    seen: set[str] = set()
    for _ in range(80):
        cell, at = page.evaluate(_STANDS)
        if cell == "turn":
            break
        page.keyboard.press("PageDown")
        page.wait_for_function(f"([cell, at]) => ({_STANDS})().some((now, i) => now !== [cell, at][i])", arg=[cell, at])
        page.wait_for_function(_IDLE, timeout=60_000)
        page.wait_for_function(_DRAWN)
        seen |= set(page.evaluate(_IN_VIEW))
    assert page.evaluate(_STANDS)[0] == "turn"
    for explained in ("explain-first", "big-pod", "what-if", "deployment"):
        assert {f"top of {explained}", f"end of {explained}"} <= seen, "an output is seen to its end"
    assert "giant" in lab.gitopslab("kubectl", "get", "pods", "-o", "name")
    assert "Your turn" in page.inner_text(".gl-presenter-bar .gl-where")
    lab.gitopslab("kubectl", "delete", "pods", "--all", "--wait=false")
    assert shown.errors == []
