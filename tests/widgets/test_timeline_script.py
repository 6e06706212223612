"""The timeline's script in a real browser: where things stand, how time passes, and the way back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from builders import pod
from held_lab import Lab
from jupyterlab_in_browser import CHROMIUM
from playwright.sync_api import Browser
from widget_page import Shown, chromium, header

from gitopslab.machinery.objects import Object
from gitopslab.views.board import board
from gitopslab.views.timeline import KINDS, SPANS, timeline
from gitopslab.widgets.base import script
from gitopslab.widgets.timeline import SCRIPT, SHEETS

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
    """Snapshots of a cluster: two workloads and a warning; the same with one more pod; and a look back."""
    lab = Lab()
    lab.deploy("web", replicas=2)
    lab.deploy("big", cpu="9")
    lab.advance(30)
    found = {"first": message(lab)}
    objects = lab.objects(("nodes", "pods", "events"))
    shown = board(objects["nodes"], objects["pods"], objects["events"]).as_dict()
    found["past"] = {**found["first"], "past": {"seconds": lab.clock.now() - 15, "revision": 812, "board": shown}}
    lab.apply(pod("later"))
    lab.advance(10)
    found["second"] = message(lab)
    lab.plane.close()
    return found


def message(lab: Lab) -> Object:
    made = timeline(lab.objects(KINDS), now=lab.clock.now())
    return {"timeline": made.as_dict(), "speed": 0, "past": None, **header(seconds=lab.clock.now())}


def render(shown: Shown, snapshot: Object, **options: Any) -> Shown:
    shown.render(script(*SCRIPT), script(*SHEETS), snapshot, {"spans": list(SPANS), "past": True, **options})
    return shown


def place(shown: Shown, selector: str) -> tuple[float, float]:
    left, right = shown.page.evaluate(
        "(selector) => { const { left, right } = document.querySelector(selector).getBoundingClientRect();"
        "const track = document.querySelector('.gl-lane-track').getBoundingClientRect();"
        "return [left, right].map((x) => (x - track.left) / track.width) }",
        selector,
    )
    return left, right


def test_lanes_stand_below_each_other_with_their_lives(shown: Shown, scenes: dict[str, Object]) -> None:
    render(shown, scenes["first"])
    assert shown.texts(".gl-lane[data-level='0'] .gl-lane-label") == ["Deployment big", "Deployment web"]
    assert shown.page.locator(".gl-lane[data-level='1']").count() == 3
    assert shown.texts(".gl-lane[data-level='0'] .gl-life") == ["revision 1", "revision 1"]


def test_a_life_reaches_from_its_birth_to_now(shown: Shown, scenes: dict[str, Object]) -> None:
    render(shown, scenes["first"])
    left, right = place(shown, ".gl-lane[data-level='0'] .gl-life")
    assert left == pytest.approx(0.5, abs=0.02), "30 of 60 seconds"
    assert right == pytest.approx(1, abs=0.01)


def test_another_window_moves_everything_and_keeps_every_element(shown: Shown, scenes: dict[str, Object]) -> None:
    render(shown, scenes["first"])
    shown.page.evaluate("() => { document.querySelector('.gl-life').kept = true }")
    shown.page.select_option(".gl-tools select", "300")
    left, _ = place(shown, ".gl-lane[data-level='0'] .gl-life")
    assert left == pytest.approx(0.9, abs=0.02)
    assert shown.page.evaluate("() => document.querySelector('.gl-life').kept")


def test_time_passes_between_snapshots_at_the_clusters_pace(shown: Shown, scenes: dict[str, Object]) -> None:
    render(shown, {**scenes["first"], "speed": 60})
    before, _ = place(shown, ".gl-lane[data-level='0'] .gl-life")
    shown.page.wait_for_function(
        "(before) => parseFloat(document.querySelector('.gl-life').style.left) / 100 < before - 0.2", arg=before
    )


def test_a_held_clock_stands_still(shown: Shown, scenes: dict[str, Object]) -> None:
    render(shown, scenes["first"])
    before = place(shown, ".gl-life")
    shown.page.wait_for_timeout(1100)
    assert place(shown, ".gl-life") == before


def test_a_moment_tells_all_that_happened_in_it(shown: Shown, scenes: dict[str, Object]) -> None:
    render(shown, scenes["first"])
    shown.page.focus(".gl-lane:last-child .gl-mark.gl-several")
    words = shown.texts(".gl-card")[0]
    assert "events" in words
    assert words.index("Scheduled") < words.index("Pulling") < words.index("Started")


def test_only_warnings_can_be_left(shown: Shown, scenes: dict[str, Object]) -> None:
    render(shown, scenes["first"])
    shown.page.click("text=only warnings")
    states = shown.page.locator(".gl-lanes .gl-mark").evaluate_all("(marks) => marks.map((mark) => mark.dataset.state)")
    assert states == ["warning"]


def test_the_keyboard_goes_along_lanes_and_between_them(shown: Shown, scenes: dict[str, Object]) -> None:
    render(shown, scenes["first"])
    assert shown.page.locator(".gl-lanes [tabindex='0']").count() == 1, "Tab enters once"
    shown.page.focus(".gl-lanes [tabindex='0']")
    lane = "() => document.activeElement.closest('.gl-lane').getAttribute('aria-label').split(',')[0]"
    assert shown.page.evaluate(lane) == "Deployment big"
    shown.page.keyboard.press("ArrowDown")
    assert shown.page.evaluate(lane).startswith("Pod ")
    shown.page.keyboard.press("End")
    shown.page.keyboard.press("ArrowLeft")
    assert shown.page.locator(".gl-card:popover-open").count() == 1
    shown.page.keyboard.press("Escape")
    assert shown.page.locator(".gl-card:popover-open").count() == 0


def test_what_is_new_is_said_politely(shown: Shown, scenes: dict[str, Object]) -> None:
    render(shown, scenes["first"])
    shown.send(scenes["second"])
    shown.page.wait_for_function("() => document.querySelector('[role=status]').textContent")
    assert "of pod/later" in shown.texts("[role=status]")[0]


def test_a_hidden_table_says_what_happened(shown: Shown, scenes: dict[str, Object]) -> None:
    render(shown, scenes["first"])
    assert shown.page.locator(".gl-unseen tbody tr").count() == scenes["first"]["timeline"]["events"]


def test_the_slider_asks_for_a_moment_and_for_now(shown: Shown, scenes: dict[str, Object]) -> None:
    render(shown, scenes["first"])
    shown.page.locator(".gl-slider").fill("500")
    shown.page.wait_for_function("() => sent.length")
    (wish,) = shown.asked()
    assert wish["do"] == "look"
    assert wish["seconds"] == pytest.approx(scenes["first"]["seconds"] - 30, abs=1)
    shown.page.locator(".gl-slider").fill("1000")
    shown.page.wait_for_function("() => sent.length > 1")
    assert shown.asked()[1] == {"do": "now"}


def test_the_slider_moves_with_the_arrow_keys(shown: Shown, scenes: dict[str, Object]) -> None:
    render(shown, scenes["first"])
    shown.page.focus(".gl-slider")
    for _ in range(3):
        shown.page.keyboard.press("ArrowLeft")
    shown.page.wait_for_function("() => sent.length")
    assert shown.asked()[-1]["do"] == "look"


def test_the_board_is_shown_as_it_was_with_a_line_at_that_moment(shown: Shown, scenes: dict[str, Object]) -> None:
    render(shown, scenes["past"])
    assert shown.texts(".gl-when") == ["as it was 15s ago (revision 812)"]
    assert shown.page.locator(".gl-past-board .gl-node").count() == 4
    assert shown.texts(".gl-past-board .gl-tray h3")[0] == "Waiting for a node (1)"
    assert place(shown, ".gl-cursor")[0] == pytest.approx(0.75, abs=0.01)
    shown.page.click("text=back to now")
    assert shown.asked() == [{"do": "now"}]
    shown.send(scenes["first"])
    assert shown.page.locator(".gl-past-board").is_visible() is False


def test_elsewhere_there_is_no_way_back(shown: Shown, scenes: dict[str, Object]) -> None:
    render(shown, scenes["first"], past=False)
    assert shown.page.locator(".gl-slider").count() == 0


@pytest.mark.parametrize(("presents", "least"), [(False, 12), (True, 20)])
def test_no_text_is_too_small(shown: Shown, scenes: dict[str, Object], presents: bool, least: int) -> None:
    render(shown, scenes["past"], presenter=presents)
    assert shown.smallest_text() >= least


@pytest.mark.parametrize("width", [1280, 900, 480])
def test_nothing_sticks_out(shown: Shown, scenes: dict[str, Object], width: int) -> None:
    shown.page.set_viewport_size({"width": width, "height": 900})
    render(shown, scenes["past"])
    assert shown.page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")


def test_taking_it_off_the_page_leaves_nothing_behind(shown: Shown, scenes: dict[str, Object]) -> None:
    render(shown, scenes["past"])
    shown.page.evaluate("() => cleanUp()")
    assert shown.page.evaluate("() => [listeners(), document.querySelectorAll('.gl-view').length]") == [0, 0]
