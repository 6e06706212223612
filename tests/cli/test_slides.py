"""Slides of an executed notebook, in headless Chromium: what a room sees, and what a presenter's keys do."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import widget_page
from decision_samples import a_choice, nowhere
from jupyterlab_in_browser import CHROMIUM
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from playwright.sync_api import Browser, Page

from gitopslab.cli.pages import as_slides
from gitopslab.views.decision_svg import decision_svg

pytestmark = [
    pytest.mark.skipif(not CHROMIUM, reason="Chromium is not installed"),
    pytest.mark.browser,
]
_SMALLEST_OF_PICTURES = """() => Math.min(...[...document.querySelectorAll("svg[role=img] text")].map((text) =>
  parseFloat(getComputedStyle(text).fontSize) * text.getScreenCTM().a))"""


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with widget_page.chromium() as opened:
        yield opened


def opened(chromium: Browser, folder: Path, *cells: object, width: int = 1280, height: int = 720) -> Page:
    (folder / "slides.html").write_text(as_slides(new_notebook(cells=list(cells)), "slides"), encoding="utf-8")
    page = chromium.new_page(viewport={"width": width, "height": height})
    page.goto((folder / "slides.html").as_uri())
    return page


def picture(svg: str) -> object:
    return new_code_cell("lab.explain(pod)", outputs=[new_output("display_data", {"text/html": svg})])


def place(page: Page) -> str:
    return page.inner_text(".gl-place")


@pytest.mark.parametrize("width", [1280, 1920])
def test_a_decision_is_read_from_the_last_row(chromium: Browser, tmp_path: Path, width: int) -> None:
    cells = [new_markdown_cell("# Why?"), picture(decision_svg(a_choice())), picture(decision_svg(nowhere()))]
    page = opened(chromium, tmp_path, *cells, width=width, height=width * 9 // 16)
    assert page.evaluate(_SMALLEST_OF_PICTURES) >= 20 * width / 1280
    assert page.evaluate("document.documentElement.scrollWidth") == width


def test_a_slide_that_is_longer_than_the_window_is_read_to_its_end_before_the_next(
    chromium: Browser, tmp_path: Path
) -> None:
    long = "# Long\n\n" + "\n\n".join(f"line {number}" for number in range(16))
    page = opened(chromium, tmp_path, new_markdown_cell(long), new_markdown_cell("# Next"))
    page.keyboard.press("PageDown")
    assert place(page) == "1 / 2"
    assert page.get_by_text("line 15").bounding_box()["y"] < 720  # type: ignore[index]
    page.keyboard.press("PageDown")
    assert place(page) == "2 / 2"
    page.keyboard.press("PageUp")
    assert place(page) == "1 / 2"
    page.keyboard.press("End")
    assert place(page) == "2 / 2"


def test_the_notes_tell_what_comes_next(chromium: Browser, tmp_path: Path) -> None:
    told = new_markdown_cell("Ask the room first.", metadata={"slideshow": {"slide_type": "notes"}})
    page = opened(chromium, tmp_path, new_markdown_cell("# One"), told, new_markdown_cell("# Two"))
    assert not page.get_by_text("Ask the room first.").is_visible()
    with page.expect_popup() as notes:
        page.keyboard.press("n")
    assert notes.value.inner_text("body").split("\n\n") == ["1 / 2", "Ask the room first.", "Then: Two"]
