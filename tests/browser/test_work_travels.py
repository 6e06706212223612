"""A self-learner in a real JupyterLab: saves the work, downloads it, loses everything, and has it back."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from jupyterlab_in_browser import CHROMIUM, Browser, OpenLab, browser

pytestmark = [pytest.mark.browser, pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")]

_RUN = """async (source) => {
  const { commands, shell } = window.jupyterapp;
  await commands.execute('notebook:insert-cell-below');
  shell.currentWidget.content.activeCell.model.sharedModel.setSource(source);
  void commands.execute('notebook:run-cell');
}"""
_SAID = """(words) => window.jupyterapp.shell.currentWidget.content.activeCell.node.innerText.includes(words)"""


@pytest.fixture
def shown() -> Iterator[Browser]:
    with browser() as opened:
        yield opened


def run(shown: Browser, source: str, words: str) -> None:
    shown.page.evaluate(_RUN, source)
    shown.page.wait_for_function(_SAID, arg=words, timeout=60_000)


def test_work_is_downloaded_and_brought_back(lab: OpenLab, shown: Browser, tmp_path: Path) -> None:
    shown.open(lab.address("00-start-here.ipynb"))
    shown.run_until("open-lab")
    shown.page.wait_for_selector(".gl-board .gl-node", timeout=60_000)
    (lab.folder / "notes.md").write_text("mine")
    run(shown, 'lab.start("00-1"); lab.scale("deployment/hello", 5)', "scaled")
    run(shown, 'lab.check("00-1")', "Done")
    run(shown, "lab.save()", "Download my-work.zip")
    with shown.page.expect_download() as started:
        shown.page.locator("a[download]", has_text="Download my-work.zip").click()
    started.value.save_as(tmp_path / "my-work.zip")
    names = zipfile.ZipFile(tmp_path / "my-work.zip").namelist()
    assert {"folder/notes.md", "folder/.gitopslab/progress.json", "cluster/store.db"} <= set(names)

    (lab.folder / "notes.md").unlink()
    (lab.folder / ".gitopslab" / "progress.json").unlink()
    lab.gitopslab("reset")
    run(shown, 'lab.load("my-work.zip")', "are back")
    run(shown, 'lab.check("00-1")', "Done")
    assert (lab.folder / "notes.md").read_text() == "mine"
    assert (lab.folder / ".gitopslab" / "progress.json").exists()
    assert shown.errors == []
