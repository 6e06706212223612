"""The anatomy's script in a real browser: parts, switches, and the model."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from held_lab import Lab
from jupyterlab_in_browser import CHROMIUM
from playwright.sync_api import Browser
from widget_page import Shown, chromium, header

from gitopslab.machinery.objects import Object
from gitopslab.views.anatomy import KINDS, SIZES, anatomy
from gitopslab.widgets.anatomy import SCRIPT
from gitopslab.widgets.base import script, sheet

pytestmark = [pytest.mark.browser, pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@pytest.fixture
def shown(browser: Browser) -> Iterator[Shown]:
    page = browser.new_page(viewport={"width": 1120, "height": 900})
    made = Shown(page)
    yield made
    page.close()
    assert made.errors == []


@pytest.fixture(scope="module")
def scenes() -> dict[str, Object]:
    lab = Lab(bare=False)
    lab.advance(30)
    found = {"well": message(lab)}
    lab.controls.switch("scheduler", False)
    lab.controls.switch_node("lab-worker3", power=False)
    found["ill"] = message(lab)
    lab.plane.close()
    return found


def message(lab: Lab) -> Object:
    return {"anatomy": anatomy(lab.objects(KINDS)).as_dict(), **header(seconds=lab.clock.now())}


def render(shown: Shown, snapshot: Object, **options: Any) -> Shown:
    shown.render(script(*SCRIPT), sheet("anatomy"), snapshot, {"sizes": list(SIZES), "power": True, **options})
    return shown


def test_each_node_is_a_card_with_its_parts(shown: Shown, scenes: dict[str, Object]) -> None:
    render(shown, scenes["well"])
    assert shown.texts(".gl-body-head strong") == ["lab-control-plane", "lab-worker", "lab-worker2", "lab-worker3"]
    assert shown.texts(".gl-control-part:visible .gl-organ b") == [
        "API server", "etcd", "controller manager", "scheduler",
    ]  # fmt: skip


def test_parts_and_nodes_are_switched_from_the_picture(shown: Shown, scenes: dict[str, Object]) -> None:
    render(shown, scenes["ill"])
    shown.page.click("role=button[name='start the scheduler of lab-control-plane']")
    shown.page.click("role=button[name='stop the kubelet of lab-worker']")
    shown.page.click("role=button[name='power on lab-worker3']")
    shown.page.click("role=button[name='power off lab-worker2']")
    assert shown.asked() == [
        {"do": "switch", "component": "kube-scheduler", "running": True},
        {"do": "switch", "component": "kubelet", "running": False, "node": "lab-worker"},
        {"do": "power", "node": "lab-worker3", "on": True},
        {"do": "power", "node": "lab-worker2", "on": False},
    ]


def test_a_part_tells_what_it_is_for_and_what_follows_without_it(shown: Shown, scenes: dict[str, Object]) -> None:
    render(shown, scenes["well"])
    shown.page.focus(".gl-organ[data-uid='lab-control-plane/kube-scheduler']")
    words = shown.texts(".gl-card")[0]
    assert "Picks a node for every pod" in words
    assert "New pods stay Pending" in words


def test_losing_one_then_two_of_three_is_played_through(shown: Shown, scenes: dict[str, Object]) -> None:
    render(shown, scenes["well"])
    assert shown.texts(".gl-model-tag") == ["a model: this cluster has one control node"]
    shown.page.click(".gl-member >> nth=0")
    assert shown.texts(".gl-outcome")[0].startswith("2 of 3 answer, 2 are a majority")
    assert "leads" in shown.texts(".gl-member")[1]
    shown.page.click(".gl-member >> nth=1")
    assert shown.texts(".gl-outcome")[0].startswith("1 of 3 answer, 2 would be a majority")
    shown.page.click(".gl-member >> nth=0")
    assert shown.texts(".gl-outcome")[0].startswith("2 of 3 answer")
    shown.page.select_option(".gl-model-head select", "5")
    assert shown.page.locator(".gl-member").count() == 5
    assert shown.page.locator(".gl-lost").count() == 0


def test_the_keyboard_reaches_every_part(shown: Shown, scenes: dict[str, Object]) -> None:
    render(shown, scenes["well"])
    assert shown.page.locator(".gl-organ[tabindex='0']").count() == 1, "Tab enters once"
    shown.page.focus(".gl-organ[tabindex='0']")
    for key in ("ArrowDown", "ArrowRight", "ArrowUp", "End", "Home"):
        shown.page.keyboard.press(key)
    assert shown.page.evaluate("() => document.activeElement.dataset.uid") == "lab-control-plane/kube-apiserver"


def test_what_stops_is_said_politely(shown: Shown, scenes: dict[str, Object]) -> None:
    render(shown, scenes["well"])
    shown.send(scenes["ill"])
    voice = ".gl-unseen[role=status]"
    shown.page.wait_for_function("(voice) => document.querySelector(voice).textContent", arg=voice)
    assert "lab-worker3" in shown.page.locator(voice).text_content()  # type: ignore[operator]


@pytest.mark.parametrize(("presents", "least"), [(False, 12), (True, 20)])
def test_no_text_is_too_small(shown: Shown, scenes: dict[str, Object], presents: bool, least: int) -> None:
    render(shown, scenes["ill"], presenter=presents)
    assert shown.smallest_text() >= least


@pytest.mark.parametrize("width", [1280, 800, 420])
def test_nothing_sticks_out(shown: Shown, scenes: dict[str, Object], width: int) -> None:
    shown.page.set_viewport_size({"width": width, "height": 900})
    render(shown, scenes["ill"])
    assert shown.page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")


def test_taking_it_off_the_page_leaves_nothing_behind(shown: Shown, scenes: dict[str, Object]) -> None:
    render(shown, scenes["ill"])
    shown.page.evaluate("() => cleanUp()")
    assert shown.page.evaluate("() => [listeners(), document.querySelectorAll('.gl-view').length]") == [0, 0]
