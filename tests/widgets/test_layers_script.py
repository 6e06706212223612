"""The layers' script in a real browser: stacks, sharing, files, keys."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from jupyterlab_in_browser import CHROMIUM
from layer_samples import pictured
from playwright.sync_api import Browser
from widget_page import Shown, header

from gitopslab.views.layers import Layers
from gitopslab.widgets.base import script, sheet
from gitopslab.widgets.layers import SCRIPT

pytestmark = [pytest.mark.browser, pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")]


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Layers:
    return pictured(tmp_path_factory.mktemp("images"))


@pytest.fixture
def shown(chromium: Browser, both: Layers) -> Iterator[Shown]:
    page = chromium.new_page(viewport={"width": 1280, "height": 720})
    made = Shown(page)
    made.render(script(*SCRIPT), sheet("layers"), message(both))
    yield made
    page.close()
    assert made.errors == []


def message(layers: Layers) -> dict[str, Any]:
    return {"layers": layers.as_dict(), **header(live="", seconds=1.0)}


def focused(shown: Shown) -> str:
    return " ".join(str(shown.page.evaluate("() => document.activeElement.textContent")).split())


def test_the_lowest_layer_is_at_the_bottom(shown: Shown) -> None:
    words = shown.texts(".gl-stack >> nth=0 >> .gl-words")
    assert words == ['CMD ["python" "app.py"]', "ENV VERSION=1", "COPY . .", "WORKDIR /app", "gitopslab base python"]
    assert shown.texts(".gl-summary")[0].startswith("2 layers shared")
    assert len(shown.texts(".gl-shared")) == 4


def test_arrows_go_through_both_stacks_and_enter_pins_the_files(shown: Shown) -> None:
    shown.page.focus(".gl-step >> nth=0")
    for _number in range(2):
        shown.page.keyboard.press("ArrowDown")
    assert focused(shown).startswith("COPY . .")
    shown.page.keyboard.press("ArrowRight")
    assert shown.page.evaluate("() => document.activeElement.closest('.gl-stack').ariaLabel") == "web:2"
    shown.page.keyboard.press("Enter")
    shown.page.wait_for_selector(".gl-card.gl-pinned")
    assert "+ app/app.py" in shown.texts(".gl-card")[0]
    shown.page.keyboard.press("Escape")
    assert shown.page.locator(".gl-card:popover-open").count() == 0


def test_a_shared_layer_is_marked_in_both_stacks(shown: Shown) -> None:
    shown.page.hover(".gl-shared >> nth=0")
    assert shown.page.locator(".gl-step.gl-hot").count() == 2


def test_what_differs_is_below(shown: Shown) -> None:
    assert shown.texts(".gl-settings tbody tr") == ["Env VERSION 1 2"]
    assert shown.texts(".gl-files li") == ["~ changed app/app.py 10B", "+ added app/needs.txt 0B"]


def test_no_text_is_smaller_than_it_may_be(shown: Shown) -> None:
    assert shown.smallest_text() >= 12
