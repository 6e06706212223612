"""A presenter goes through a notebook from the keyboard in JupyterLab, and comes back from a cell that hangs."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from jupyterlab_in_browser import CHROMIUM, Browser, OpenLab, browser

pytestmark = [pytest.mark.browser, pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")]

BAR = ".gl-presenter-bar"
_INSERT = """async (source) => {
  const { commands, shell } = window.jupyterapp;
  await commands.execute('notebook:insert-cell-below');
  shell.currentWidget.content.activeCell.model.sharedModel.setSource(source);
}"""
_RUN_ACTIVE = "() => void window.jupyterapp.commands.execute('notebook:run-cell')"
_ACTIVE = "() => window.jupyterapp.shell.currentWidget.content.activeCell.model.id"
_GO_TO = """(id) => {
  const { content } = window.jupyterapp.shell.currentWidget;
  content.activeCellIndex = content.widgets.findIndex((cell) => cell.model.id === id);
}"""
_COUNT = """(id) => window.jupyterapp.shell.currentWidget.content.widgets
  .find((cell) => cell.model.id === id).model.executionCount"""
_TOLD_BACK = "() => /back in/.test(document.querySelector('.gl-presenter-bar .gl-told').innerText)"
_BUSY = "() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.status === 'busy'"
_SMALL = """() => [...document.querySelectorAll('.gl-presenter-bar *, .jp-Notebook .jp-RenderedMarkdown p')]
  .filter((node) => node.checkVisibility() && node.innerText?.trim())
  .map((node) => parseFloat(getComputedStyle(node).fontSize)).filter((size) => size < 20)"""

_ENDS = """() => ['.jp-WindowedPanel-outer', '#jp-bottom-panel', '.gl-presenter-bar']
  .map((name) => [...document.querySelectorAll(name)].find((node) => node.checkVisibility()).getBoundingClientRect())
  .map(({ top, bottom }) => [top, bottom])"""


@pytest.fixture
def shown() -> Iterator[Browser]:
    with browser(width=1280, height=720) as opened:
        yield opened


def pods(lab: OpenLab) -> list[str]:
    return lab.gitopslab("kubectl", "get", "pods", "-o", "name").split()


def press_until(shown: Browser, key: str, cell: str) -> None:
    """Press a key until a cell is the active one; each press waits until its cell has run."""
    for _ in range(20):
        if shown.page.evaluate(_ACTIVE) == cell:
            return
        shown.page.keyboard.press(key)
        shown.page.wait_for_function("() => !document.querySelector('.jp-Notebook .jp-mod-active .jp-mod-busy')")
        shown.page.wait_for_timeout(100)
    raise AssertionError(f"{cell} was not reached")


def test_one_key_a_step_and_one_key_back_to_the_start_of_the_section(lab: OpenLab, shown: Browser) -> None:
    page = shown.page
    shown.open(lab.address("00-start-here.ipynb"))
    shown.run_until("open-lab")
    page.wait_for_selector(".gl-board .gl-node", timeout=60_000)
    page.evaluate(_INSERT, "lab.present()")
    page.evaluate(_RUN_ACTIVE)
    page.wait_for_selector(BAR, timeout=60_000)
    assert page.evaluate(_SMALL) == []
    (_, cells), (status, foot), (bar, _) = page.evaluate(_ENDS)
    assert status - 10 <= cells <= status, "cells reach down to the status line"
    assert foot <= bar, "and nothing is behind the bar"

    page.evaluate(_GO_TO, "see")
    press_until(shown, "PageDown", "get-pod")
    page.wait_for_function(
        "() => document.querySelector('.gl-presenter-bar .gl-where').innerText.includes('See it work')"
    )
    assert "pod/hello" in pods(lab)

    # a heading is the end of the section before as long as nothing below it has run
    page.evaluate(_GO_TO, "predict")
    page.keyboard.press("F9")
    page.wait_for_function(_TOLD_BACK)
    assert page.evaluate(_ACTIVE) == "see"
    assert "pod/hello" not in pods(lab)

    press_until(shown, "PageDown", "get-pod")
    assert "pod/hello" in pods(lab)
    page.evaluate(_INSERT, "import time; time.sleep(600)")
    page.evaluate(_RUN_ACTIVE)
    page.wait_for_function(_BUSY)
    page.keyboard.press("F9")
    page.wait_for_function(_TOLD_BACK)
    assert page.evaluate(_ACTIVE) == "see"
    assert "pod/hello" not in pods(lab)
    assert page.evaluate(_COUNT, "apply-pod") is None, "the section looks as if it had never run"
    took = float(page.locator(f"{BAR} .gl-told").inner_text().split()[2])
    assert took < 6, "seconds; on a quiet machine under two"
    assert shown.hosts - {""} == {"127.0.0.1"}
    assert shown.errors == []


def test_notes_are_in_a_window_of_their_own(lab: OpenLab, shown: Browser) -> None:
    page = shown.page
    shown.open(lab.address("00-start-here.ipynb"))
    shown.run_until("open-lab")
    page.evaluate(_INSERT, "lab.present()")
    page.evaluate(_RUN_ACTIVE)
    page.wait_for_selector(BAR, timeout=60_000)
    page.evaluate(_GO_TO, "apply-pod")
    with page.context.expect_page() as opened:
        page.locator(f"{BAR} button:has-text('Notes')").click()
    notes = opened.value
    notes.wait_for_function("() => document.querySelector('pre')?.innerText.includes('kind: Pod')")
    assert "Here is a whole manifest" in notes.inner_text("div")
    assert "See it work" in notes.inner_text("h1")
