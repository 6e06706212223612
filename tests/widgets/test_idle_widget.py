"""The warning before an idle session ends: shown in time, gone at a sign of life, saving when asked."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from jupyterlab_in_browser import CHROMIUM
from widget_page import Shown, chromium

from gitopslab.errors import LabError
from gitopslab.widgets.base import script, sheet
from gitopslab.widgets.idle import IdleView


def test_saving_tells_the_file_and_counts() -> None:
    view = IdleView(10, lambda: "my-work.zip")
    view.asked({"do": "here"})
    assert "file" not in view._snapshot
    view.asked({"do": "save"})
    view.asked({"do": "save"})
    assert (view._snapshot["file"], view._snapshot["saved"]) == ("my-work.zip", 2)
    assert view.text() == "This session ends after 10 minutes in which nothing happens."
    view.close()


def test_what_cannot_be_saved_is_told() -> None:
    def full() -> str:
        raise LabError("the disk is full")

    view = IdleView(10, full)
    view.asked({"do": "save"})
    assert view._snapshot["error"] == "the disk is full"
    view.close()


@pytest.fixture
def shown() -> Iterator[Shown]:
    with chromium() as opened:
        page = opened.new_page()
        page.clock.install()
        yield Shown(page)


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")
def test_the_bar_comes_before_the_end_and_goes_at_a_sign_of_life(shown: Shown) -> None:
    view = IdleView(10, lambda: "my-work.zip")
    shown.render(script("kit.js", "idle.js"), sheet("idle"), view._snapshot)
    view.close()
    bar = shown.page.locator(".gl-idle-bar")
    shown.page.clock.run_for(6 * 60_000)
    assert not bar.is_visible()
    shown.page.clock.run_for(90_000)
    assert bar.is_visible()
    assert "ends in 2:" in bar.inner_text()
    assert shown.asked() == []
    bar.locator("button", has_text="I am here").click()
    assert not bar.is_visible()
    assert shown.asked() == [{"do": "here"}]
    shown.page.clock.run_for(11 * 60_000)
    assert "may have ended" in bar.inner_text()
    bar.locator("button", has_text="Save my work").click()
    assert bar.is_visible(), "it does not run away from the hand"
    assert shown.asked()[-1] == {"do": "save"}
    assert shown.errors == []
