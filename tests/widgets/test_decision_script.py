"""The decision's script in a real browser: what is drawn at each step, by keyboard, and what it asks for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from decision_samples import a_choice, crowd, nowhere, one_left
from jupyterlab_in_browser import CHROMIUM
from playwright.sync_api import Browser
from widget_page import Shown, header

from gitopslab.machinery.objects import Object
from gitopslab.views.decision import Explained
from gitopslab.views.decision_text import GLYPHS
from gitopslab.widgets.base import script, sheet
from gitopslab.widgets.decision import SCRIPT

pytestmark = [pytest.mark.browser, pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")]


class ShownDecision(Shown):
    """A decision in a page."""

    def show(self, found: Explained, **options: Any) -> ShownDecision:
        self.render(script(*SCRIPT), sheet("decision"), message(found), {"glyphs": GLYPHS, **options})
        return self

    def states(self) -> dict[str, str]:
        read = "(lines) => lines.map((line) => [line.dataset.node, line.dataset.state])"
        return dict(self.page.locator(".gl-dc-table tbody tr").evaluate_all(read))

    def row(self, node: str) -> str:
        return self.texts(f'tr[data-node="{node}"]')[0]

    def step(self) -> list[str]:
        return [self.texts(f".gl-dc-{part}")[0] for part in ("line strong", "told")]


def message(found: Explained, **told: Any) -> Object:
    return {"decision": found.as_dict(), **header(seconds=0, live="static", **told)}


@pytest.fixture
def shown(chromium: Browser) -> Iterator[ShownDecision]:
    page = chromium.new_page(viewport={"width": 1280, "height": 720})
    made = ShownDecision(page)
    yield made
    page.close()
    assert made.errors == []


def test_it_begins_with_the_outcome(shown: ShownDecision) -> None:
    shown.show(a_choice())
    assert shown.texts(".gl-dc-headline") == ["lab-worker3 is best with 653 points."]
    assert shown.states() == {
        "lab-control-plane": "out",
        "lab-worker": "fits",
        "lab-worker2": "fits",
        "lab-worker3": "chosen",
    }
    assert shown.row("lab-worker3").endswith("300 (3 \u00d7 100) 85 200 (2 \u00d7 100) 68 653")
    assert "taint node-role.kubernetes.io/control-plane:NoSchedule is not tolerated" in shown.row("lab-control-plane")
    assert shown.step() == ["Outcome", "PodTopologySpread decides: without it lab-worker2 would be best."]


def test_the_event_is_there_word_for_word(shown: ShownDecision) -> None:
    shown.show(nowhere())
    assert shown.texts(".gl-dc-message") == [nowhere().message]


def test_it_is_stepped_through_with_the_keyboard(shown: ShownDecision) -> None:
    shown.show(a_choice())
    shown.page.locator(".gl-dc-table tbody tr").first.focus()
    shown.page.keyboard.press("Home")
    assert shown.step()[0] == "Start"
    assert set(shown.states().values()) == {"open"}
    for _ in range(3):
        shown.page.keyboard.press("ArrowRight")
    assert shown.step() == ["TaintToleration", "lab-control-plane is out, 3 left."]
    assert shown.states()["lab-control-plane"] == "out"
    assert shown.states()["lab-worker3"] == "open"
    for _ in range(3):
        shown.page.keyboard.press("ArrowRight")
    assert shown.step()[0] == "NodeResourcesFit"
    assert shown.row("lab-worker").endswith("300 (3 \u00d7 100) 67 367"), "points add up as plugins have their turn"
    shown.page.keyboard.press("ArrowLeft")
    assert shown.row("lab-worker").endswith("300 (3 \u00d7 100) 300")
    shown.page.keyboard.press("End")
    assert shown.step()[0] == "Outcome"


def test_the_keyboard_goes_from_node_to_node_and_each_is_told(shown: ShownDecision) -> None:
    shown.show(nowhere())
    focused = "() => document.activeElement.dataset.node"
    shown.page.locator(".gl-dc-table tbody tr").first.focus()
    shown.page.keyboard.press("ArrowDown")
    assert shown.page.evaluate(focused) == "lab-worker"
    shown.page.wait_for_function("() => document.querySelector('[role=status]').textContent.includes('needs 5 CPU')")
    for _ in range(9):
        shown.page.keyboard.press("ArrowUp")
    assert shown.page.evaluate(focused) == "lab-control-plane"
    assert shown.page.locator('.gl-dc-table tbody tr[tabindex="0"]').count() == 1, "Tab enters the rows once"


def test_marks_and_buttons_go_to_a_step(shown: ShownDecision) -> None:
    shown.show(nowhere())
    shown.page.locator('.gl-dc-mark[data-out="true"]').first.click()
    assert shown.step()[0] == "TaintToleration"
    shown.page.get_by_label("Step on").click()
    assert shown.step()[0] == "NodeResourcesFit"
    shown.page.get_by_label("Step back").click()
    assert shown.page.locator('[aria-current="step"]').get_attribute("title") == "TaintToleration"


def test_a_what_if_is_asked_for_and_drawn_with_what_it_changed(shown: ShownDecision) -> None:
    shown.show(one_left())
    shown.page.locator(".gl-dc-whatif summary").click()
    shown.page.get_by_label("CPU it asks for").fill("500m")
    shown.page.locator(".gl-dc-taints input").check()
    shown.page.get_by_text("decide again").click()
    taint = "node-role.kubernetes.io/control-plane:NoSchedule"
    assert shown.asked() == [{"do": "what-if", "cpu": "500m", "memory": "", "tolerates": [taint]}]
    shown.send(message(a_choice()))
    assert shown.texts(".gl-dc-changes") == ["What if: it asks for 500m cpu"]
    assert "was refused" in shown.row("lab-worker")
    shown.page.get_by_text("as it is", exact=True).click()
    assert shown.asked()[-1] == {"do": "what-is"}


def test_rows_keep_their_place_from_step_to_step(shown: ShownDecision) -> None:
    shown.show(a_choice())
    where = "() => [...document.querySelectorAll('.gl-dc-table tbody tr')].map((l) => (l.glSeen ??= l.dataset.node))"
    before = shown.page.evaluate(where)
    shown.page.locator(".gl-dc-mark").first.click()
    assert shown.page.evaluate(where) == before
    shown.send(message(one_left()))
    assert shown.page.evaluate(where) == before, "the same elements, in the same order"


def test_many_nodes_are_folded_into_a_sentence(shown: ShownDecision) -> None:
    shown.show(crowd())
    assert shown.page.locator(".gl-dc-table tbody tr").count() == 40
    assert shown.texts(".gl-view .gl-empty")[0].startswith("Not drawn: ")


def test_names_are_text_and_never_markup(shown: ShownDecision) -> None:
    found = nowhere().as_dict()
    found["rows"][0]["node"] = "<img src=x>"
    shown.render(
        script(*SCRIPT), sheet("decision"), {"decision": found, **header(seconds=0, live="static")}, {"glyphs": GLYPHS}
    )
    assert shown.page.locator(".gl-view img").count() == 0


@pytest.mark.parametrize("width", [1280, 820, 480])
def test_nothing_sticks_out(shown: ShownDecision, width: int) -> None:
    shown.page.set_viewport_size({"width": width, "height": 900})
    shown.show(a_choice())
    assert shown.page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")


def test_no_text_is_smaller_than_12_pixels_nor_20_for_a_room(shown: ShownDecision) -> None:
    shown.show(a_choice())
    assert shown.smallest_text() >= 12
    shown.show(a_choice(), presenter=True)
    assert shown.smallest_text() >= 20


def test_taking_it_off_the_page_leaves_nothing_behind(shown: ShownDecision) -> None:
    shown.show(a_choice())
    shown.page.evaluate("() => cleanUp()")
    assert shown.page.evaluate("() => [listeners(), document.querySelectorAll('.gl-view').length]") == [0, 0]
