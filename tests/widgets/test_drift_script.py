"""The drift's script in a real browser: a row a field, its owner, its outlook, and the way around with the keyboard."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from delivery_samples import Delivered, drawn_drift
from jupyterlab_in_browser import CHROMIUM
from playwright.sync_api import Browser
from widget_page import Shown, header

from gitopslab.machinery.objects import Object
from gitopslab.views.drift import Drift
from gitopslab.views.drift.model import FATES, STATES
from gitopslab.widgets.base import script, sheet
from gitopslab.widgets.drift import SCRIPT

pytestmark = [pytest.mark.browser, pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")]

FOCUSED = "() => document.activeElement.dataset.at"
FIELD = ".gl-df-row[data-state]"


class ShownDrift(Shown):
    """A drift in a page."""

    def show(self, drift: Drift) -> ShownDrift:
        self.render(script(*SCRIPT), sheet("drift"), message(drift), {"states": STATES, "fates": FATES})
        return self


def message(drift: Drift) -> Object:
    return {"drift": drift.as_dict(), **header(seconds=0)}


@pytest.fixture(scope="module")
def drift() -> Drift:
    shop = Delivered()
    drawn = drawn_drift(shop)
    shop.lab.plane.close()
    return drawn


@pytest.fixture
def shown(chromium: Browser) -> Iterator[ShownDrift]:
    page = chromium.new_page(viewport={"width": 1280, "height": 720})
    made = ShownDrift(page)
    yield made
    page.close()
    assert made.errors == []


def test_each_difference_is_a_row_with_its_owner_and_outlook(shown: ShownDrift, drift: Drift) -> None:
    shown.show(drift)
    assert shown.texts(".gl-df-verdict") == ["3 fields of 2 objects differ from Git."]
    assert shown.texts(FIELD) == [
        "metadata.labels.mine — yes kubectl-label"
        " removed: Flux takes over what kubectl-label set, at its next reconcile, within 10m0s",
        "data.greeting hello good day kubectl-edit put back at its next reconcile, within 10m0s",
        "data.checksum — 1a2b3c my-operator left alone: Git does not name it, and Flux leaves my-operator its fields",
        "spec.replicas 2 5 kubectl (scale) put back at its next reconcile, within 10m0s",
    ]


def test_every_field_shows_when_asked(shown: ShownDrift, drift: Drift) -> None:
    shown.show(drift)
    shown.page.get_by_text("every field").click()
    assert shown.page.locator(FIELD).count() == sum(len(each.rows) for each in drift.objects)
    told = shown.texts(f'{FIELD}[data-at="Deployment/shop-flux/web spec.template.spec.containers[name=c].image"]')
    assert told == ["spec.template.spec.containers[name=c].image nginx:1.27 nginx:1.27 kustomize-controller the same"]


def test_one_object_alone_shows_all_its_fields(shown: ShownDrift, drift: Drift) -> None:
    shown.show(drift)
    shown.page.get_by_label("Of which object").select_option("Deployment/shop-flux/web")
    assert shown.page.locator(".gl-df-title").count() == 1
    assert shown.page.locator(FIELD).count() == len(drift.objects[1].rows)


def test_arrows_go_from_row_to_row_and_a_row_keeps_the_focus(shown: ShownDrift, drift: Drift) -> None:
    shown.show(drift)
    shown.page.locator(".gl-df-row").first.focus()
    visited = []
    for key in ("ArrowDown", "ArrowDown", "ArrowUp", "End"):
        shown.page.keyboard.press(key)
        visited.append(shown.page.evaluate(FOCUSED).rpartition(" ")[2])
    assert visited == ["metadata.labels.mine", "data.greeting", "metadata.labels.mine", "spec.replicas"]
    shown.send(message(drift))
    assert shown.page.evaluate(FOCUSED) == "Deployment/shop-flux/web spec.replicas"
    assert shown.page.locator('.gl-df-row[tabindex="0"]').count() == 1, "Tab enters the table once"
    shown.page.keyboard.press("e")
    assert shown.page.get_by_text("every field").get_attribute("aria-pressed") == "true"


def test_no_text_is_too_small_and_nothing_is_left_behind(shown: ShownDrift, drift: Drift) -> None:
    shown.show(drift)
    assert shown.smallest_text() >= 12
    shown.page.evaluate("() => cleanUp()")
    assert shown.page.evaluate("() => listeners()") == 0
