"""The path's script in a real browser: what is drawn, stepped, switched and said."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from held_lab import Lab
from jupyterlab_in_browser import CHROMIUM
from playwright.sync_api import Browser
from widget_page import Shown, chromium, header

from gitopslab.machinery.objects import Object
from gitopslab.views.path import kinds_for, path
from gitopslab.widgets.base import script, sheet
from gitopslab.widgets.path import SCRIPT

pytestmark = [pytest.mark.browser, pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@pytest.fixture
def shown(browser: Browser) -> Iterator[Shown]:
    page = browser.new_page(viewport={"width": 1120, "height": 720})
    made = Shown(page)
    yield made
    page.close()
    assert made.errors == []


@pytest.fixture(scope="module")
def scenes() -> dict[str, Object]:
    """Snapshots of one Deployment on its way: nothing yet, held up by a stopped scheduler, all well."""
    lab = Lab()
    found = {"before": message(lab)}
    lab.controls.switch("scheduler", False)
    lab.deploy("web", replicas=2)
    lab.advance(5)
    found["stopped"] = message(lab)
    lab.controls.switch("scheduler", True)
    lab.advance(20)
    found["done"] = message(lab)
    lab.plane.close()
    return found


def message(lab: Lab, **told: Any) -> Object:
    made = path(lab.objects(kinds_for("Deployment", "")), "Deployment", "web", "default", now=lab.clock.now())
    return {"path": made.as_dict(), "clock": {"held": False}, **header(seconds=lab.clock.now()), **told}


def render(shown: Shown, snapshot: Object, **options: Any) -> Shown:
    shown.render(script(*SCRIPT), sheet("path"), snapshot, options)
    return shown


def test_the_stations_stand_in_the_order_of_the_chain_on_the_bus(shown: Shown, scenes: dict[str, Object]) -> None:
    render(shown, scenes["done"])
    assert shown.texts(".gl-stations strong") == [
        "You", "Deployment controller", "ReplicaSet controller", "scheduler", "kubelet",
    ]  # fmt: skip
    assert shown.texts(".gl-bus strong") == ["API server", "etcd"]
    assert shown.texts(".gl-verdict") == ["The path is complete: 2 pods ready."]


def test_the_picture_marks_where_the_chain_ends(shown: Shown, scenes: dict[str, Object]) -> None:
    render(shown, scenes["stopped"])
    assert shown.texts(".gl-end strong") == ["scheduler"]
    assert shown.texts(".gl-ends:visible") == ["the chain ends here"]
    assert shown.texts(".gl-stopped strong") == ["scheduler"]
    assert shown.texts(".gl-verdict") == ["Nobody has picked a node: the scheduler is stopped."]


def test_every_station_can_be_stopped_and_started_from_the_picture(shown: Shown, scenes: dict[str, Object]) -> None:
    render(shown, scenes["stopped"])
    shown.page.click("role=button[name='start the scheduler']")
    shown.page.click("role=button[name='stop the Deployment controller']")
    shown.page.click("role=button[name='stop the etcd']")
    assert shown.asked() == [
        {"do": "switch", "component": "kube-scheduler", "running": True},
        {"do": "switch", "component": "deployment-controller", "running": False},
        {"do": "switch", "component": "etcd", "running": False},
    ]


def test_elsewhere_there_are_no_switches_and_no_clock(shown: Shown, scenes: dict[str, Object]) -> None:
    snapshot = {**scenes["done"], "clock": None}
    snapshot["path"] = {**snapshot["path"]}
    for row in ("stations", "bus"):
        snapshot["path"][row] = [{**station, "switchable": False} for station in snapshot["path"][row]]
    render(shown, snapshot)
    assert shown.page.locator(".gl-switch:visible").count() == 0
    assert shown.page.locator("text=hold the clock").is_visible() is False


def test_the_clock_is_held_and_stepped(shown: Shown, scenes: dict[str, Object]) -> None:
    render(shown, scenes["done"])
    assert shown.page.locator("text=one action").is_visible() is False
    shown.page.click("text=hold the clock")
    shown.send({**scenes["done"], "clock": {"held": True}})
    shown.page.click("text=one action")
    shown.page.click("text=clock is held")
    assert shown.asked() == [{"do": "hold", "held": True}, {"do": "step"}, {"do": "hold", "held": False}]


def test_steps_are_read_at_the_readers_pace(shown: Shown, scenes: dict[str, Object]) -> None:
    render(shown, scenes["done"])
    assert shown.texts(".gl-where") == ["step 9 of 9"]
    shown.page.click("text=from the start")
    assert shown.texts(".gl-step h3") == ["You apply Deployment web"]
    shown.page.click(".gl-pace >> text=next")
    shown.page.click(".gl-pace >> text=next")
    shown.page.click(".gl-pace >> text=next")
    assert shown.texts(".gl-acts strong") == ["Deployment controller"]
    assert shown.texts(".gl-acts .gl-sees") == ["sees Deployment web"]
    assert shown.texts(".gl-acts .gl-writes")[0].startswith("writes ReplicaSet web-")
    assert "kubectl get replicaset" in shown.texts(".gl-step code")[0]


def test_a_reader_who_went_back_stays_where_he_is(shown: Shown, scenes: dict[str, Object]) -> None:
    render(shown, scenes["stopped"])
    shown.page.click(".gl-pace >> text=back >> nth=0")
    before = shown.texts(".gl-step h3")
    shown.send(scenes["done"])
    assert shown.texts(".gl-step h3") == before
    assert shown.texts(".gl-where") == ["step 4 of 9"]


def test_a_reader_at_the_end_is_taken_along_step_by_step(shown: Shown, scenes: dict[str, Object]) -> None:
    render(shown, scenes["before"])
    assert shown.texts(".gl-verdict") == ["There is no Deployment web yet. Apply it."]
    assert shown.texts(".gl-empty:visible") == ["Nothing has happened yet."]
    shown.send(scenes["stopped"])
    seen = shown.texts(".gl-where")
    shown.send(scenes["done"])
    shown.page.wait_for_function("() => document.querySelector('.gl-where').textContent === 'step 9 of 9'")
    assert seen == ["step 5 of 5"], "what is over is shown at its end, what comes is followed"


def test_the_keyboard_goes_through_the_steps(shown: Shown, scenes: dict[str, Object]) -> None:
    render(shown, scenes["done"])
    assert shown.page.locator(".gl-step-title[tabindex='0']").count() == 1, "Tab enters once"
    shown.page.focus(".gl-step-title[tabindex='0']")
    reached = []
    for key in ("Home", *["ArrowDown"] * 9, "ArrowUp", "End"):
        shown.page.keyboard.press(key)
        reached.append(shown.texts(".gl-where")[0].split()[1])
    assert reached == ["1", "2", "3", "4", "5", "6", "7", "8", "9", "9", "8", "9"]
    assert shown.page.evaluate("() => document.activeElement.getAttribute('aria-current')") == "step"


def test_what_happens_is_said_politely(shown: Shown, scenes: dict[str, Object]) -> None:
    render(shown, scenes["before"])
    shown.send(scenes["stopped"])
    shown.page.wait_for_function("() => document.querySelector('[role=status]').textContent")
    assert shown.texts("[role=status]")[0].endswith("Nobody has picked a node: the scheduler is stopped.")


def test_the_focus_stays_on_a_switch_that_was_used(shown: Shown, scenes: dict[str, Object]) -> None:
    render(shown, scenes["stopped"])
    shown.page.click("role=button[name='start the scheduler']")
    shown.send(scenes["done"])
    assert shown.page.evaluate("() => document.activeElement.dataset.component") == "kube-scheduler"


@pytest.mark.parametrize(("presents", "least"), [(False, 12), (True, 20)])
def test_no_text_is_too_small(shown: Shown, scenes: dict[str, Object], presents: bool, least: int) -> None:
    render(shown, scenes["stopped"], presenter=presents)
    assert shown.smallest_text() >= least


@pytest.mark.parametrize("width", [1280, 900, 420])
def test_nothing_sticks_out(shown: Shown, scenes: dict[str, Object], width: int) -> None:
    shown.page.set_viewport_size({"width": width, "height": 900})
    render(shown, scenes["stopped"])
    assert shown.page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")


def test_with_reduced_motion_nothing_slides(browser: Browser, scenes: dict[str, Object]) -> None:
    page = browser.new_page(reduced_motion="reduce")
    shown = render(Shown(page), scenes["done"])
    page.evaluate("() => { document.body.dataset.moved = ''; const plain = Element.prototype.animate;"
                  "Element.prototype.animate = function (frames, options) { document.body.dataset.moved +="
                  "JSON.stringify(frames); return plain.call(this, frames, options) } }")  # fmt: skip
    page.click(".gl-pace >> text=back >> nth=0")
    assert "transform" not in str(page.evaluate("() => document.body.dataset.moved"))
    assert shown.errors == []
    page.close()


def test_names_are_text_and_never_markup(shown: Shown, scenes: dict[str, Object]) -> None:
    snapshot = {**scenes["done"], "path": {**scenes["done"]["path"], "subject": "Pod <img src=x>"}}
    render(shown, snapshot)
    assert shown.page.locator(".gl-path img").count() == 0


def test_taking_it_off_the_page_leaves_nothing_behind(shown: Shown, scenes: dict[str, Object]) -> None:
    render(shown, scenes["stopped"])
    shown.page.evaluate("() => cleanUp()")
    assert shown.page.evaluate("() => [listeners(), document.querySelectorAll('.gl-view').length]") == [0, 0]
