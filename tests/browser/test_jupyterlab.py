"""The notebooks in a real JupyterLab, in a real browser: what a learner sees."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from jupyterlab_in_browser import CHROMIUM, Browser, OpenLab, browser

pytestmark = [pytest.mark.browser, pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")]

TILE = ".gl-board .gl-pod"


@pytest.fixture
def shown() -> Iterator[Browser]:
    """A browser of its own for each test."""
    with browser() as opened:
        yield opened


# Those that show other kinds of widgets; tests/notebooks runs every notebook, unsolved and solved, without a browser.
MEANT_TO_FAIL = {
    "00-start-here": ["bad-image"],
    "01-containers-are-building-blocks": ["missing-file"],
    "04-anatomy-of-a-cluster": ["cordon"],
    "05-from-pod-to-node": ["too-big"],
    "08-updates-and-self-healing": ["bad-image"],
}
WITH_A_BOARD = ("00", "04", "08")


@pytest.mark.parametrize("notebook", MEANT_TO_FAIL)
def test_a_notebook_runs_from_top_to_bottom_and_asks_nobody_else(lab: OpenLab, shown: Browser, notebook: str) -> None:
    shown.open(lab.address(f"{notebook}.ipynb"))
    failed = [cell["id"] for cell in shown.run_all() if cell["error"]]
    assert failed == MEANT_TO_FAIL[notebook], "one cell is meant to fail, and only that one"
    assert notebook[:2] not in WITH_A_BOARD or shown.page.locator(".gl-board .gl-node").count() == 4
    assert shown.hosts - {""} == {"127.0.0.1"}
    assert shown.errors == []


def test_a_pod_made_in_a_terminal_comes_on_the_board(lab: OpenLab, shown: Browser) -> None:
    shown.open(lab.address("00-start-here.ipynb"))
    shown.run_until("open-lab")
    shown.page.wait_for_selector(".gl-board .gl-node", timeout=60_000)
    lab.gitopslab("kubectl", "run", "from-terminal", "--image=nginx:1.27")
    shown.page.wait_for_selector(f"{TILE}:has-text('from-terminal')", timeout=20_000)
    lab.gitopslab("kubectl", "delete", "pod", "from-terminal", "--wait=false")
    shown.page.wait_for_selector(f"{TILE}:has-text('from-terminal')", state="detached", timeout=20_000)


def test_keys_in_a_widget_are_its_own_but_those_that_run_a_cell_run_it(lab: OpenLab, shown: Browser) -> None:
    shown.open(lab.address("00-start-here.ipynb"))
    shown.run_until("open-lab")
    shown.page.wait_for_selector(".gl-board .gl-node", timeout=60_000)
    count = "() => window.jupyterapp.shell.currentWidget.content.widgets.length"
    cells = shown.page.evaluate(count)
    shown.page.locator(".gl-board .gl-glyph").last.click()
    shown.page.keyboard.press("d")
    shown.page.keyboard.press("d")
    assert shown.page.evaluate(count) == cells
    active = "() => window.jupyterapp.shell.currentWidget.content.activeCell.model.id"
    assert shown.page.evaluate(active) == "open-lab"
    shown.page.keyboard.press("Shift+Enter")
    shown.page.wait_for_function(f"() => ({active})() === 'see'")


def test_restarting_the_kernel_loses_nothing_of_the_cluster(lab: OpenLab, shown: Browser) -> None:
    lab.gitopslab("kubectl", "create", "configmap", "kept", "--from-literal=a=b")
    shown.open(lab.address("00-start-here.ipynb"))
    shown.page.evaluate("() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()")
    assert "kept" in lab.gitopslab("kubectl", "get", "configmap", "kept", "-o", "name")
    shown.run_until("open-lab")
    shown.page.wait_for_selector(".gl-board .gl-node", timeout=60_000)


def test_the_notebook_a_learner_opened_is_a_copy_of_his_own(lab: OpenLab) -> None:
    assert {path.name for path in Path(lab.folder).glob("*.ipynb")} >= {"00-start-here.ipynb"}
