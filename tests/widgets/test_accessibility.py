"""axe finds nothing serious in any widget, in either theme, also with a row or the details open."""

from __future__ import annotations

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from jupyterlab_in_browser import CHROMIUM
from playwright.sync_api import Browser
from widget_page import Shown
from widget_scenes import Scene, scenes

pytestmark = [pytest.mark.browser, pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")]

WIDGETS = (
    "board", "decision", "graph", "path", "timeline", "table", "anatomy", "manifest", "pipeline", "layers", "lanes",
    "tree", "drift",
)  # fmt: skip
DETAILED = "[data-uid][tabindex='0']"  # what opens its details when it has the focus


@pytest.fixture(scope="module")
def known() -> dict[str, Scene]:
    return scenes()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", WIDGETS)
def test_axe_finds_nothing_serious(chromium: Browser, known: dict[str, Scene], name: str, scheme: Any) -> None:
    page = chromium.new_page(viewport={"width": 1280, "height": 900}, color_scheme=scheme, reduced_motion="reduce")
    known[name].show(Shown(page))
    if page.locator(DETAILED).count():
        page.locator(DETAILED).first.focus()
    page.wait_for_timeout(250)
    answer = Axe().run(page, context=".gl-view").response
    serious = [
        (each["id"], each["help"], [node["html"][:140] for node in each["nodes"][:3]])
        for each in answer["violations"]
        if each["impact"] in ("serious", "critical")
    ]
    page.close()
    assert len(answer["passes"]) > 10, "it looked at something"
    assert serious == []
