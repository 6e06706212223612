"""The lanes' script in a real browser: commits, steps in time, drift, and what its buttons ask for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from delivery_samples import NEW, OLD, Delivered, drawn_lanes
from jupyterlab_in_browser import CHROMIUM
from playwright.sync_api import Browser
from widget_page import Shown, header

from gitopslab.machinery.objects import Object
from gitopslab.views.lanes import Lanes, Step
from gitopslab.views.lanes.model import OUTCOMES
from gitopslab.widgets.base import script, sheet
from gitopslab.widgets.lanes import SCRIPT

pytestmark = [pytest.mark.browser, pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")]

ACTIONS = ["drift", "prune", "revert"]
FOCUSED = "() => document.activeElement.dataset.at"


class ShownLanes(Shown):
    """Lanes in a page."""

    def show(self, lanes: Lanes, **told: Any) -> ShownLanes:
        options = {"outcomes": OUTCOMES, "actions": ACTIONS}
        self.render(script(*SCRIPT), sheet("lanes"), message(lanes, **told), options)
        return self

    def answer(self, **told: Any) -> None:
        self.set("_answer", told)


def message(lanes: Lanes, **told: Any) -> Object:
    return {"lanes": lanes.as_dict(), **header(seconds=0, **told)}


@pytest.fixture(scope="module")
def lanes() -> Lanes:
    shop = Delivered()
    drawn = drawn_lanes(shop)
    shop.lab.plane.close()
    return drawn


@pytest.fixture
def shown(chromium: Browser) -> Iterator[ShownLanes]:
    page = chromium.new_page(viewport={"width": 1280, "height": 720})
    made = ShownLanes(page)
    yield made
    page.close()
    assert made.errors == []


def test_the_newest_commit_is_shown_in_two_lanes(shown: ShownLanes, lanes: Lanes) -> None:
    shown.show(lanes)
    assert shown.texts(".gl-ln-lane h4") == ["Flux", "Argo CD"]
    steps = ["fetched +1 s", "applied +2 s", "healthy +4 s Health check passed in 2s"]
    assert shown.texts(".gl-ln-lane:nth-child(1) .gl-ln-steps li") == steps
    assert shown.texts(".gl-ln-lane:nth-child(2) .gl-ln-steps li") == ["compared +2 s", "synced +3 s", "healthy +6 s"]


def test_both_lanes_share_one_scale_of_time(shown: ShownLanes, lanes: Lanes) -> None:
    shown.show(lanes)
    places = [
        [round(mark["x"]) for mark in shown.page.locator(f".gl-ln-lane:nth-child({at}) .gl-ln-marks-in-time > *")
         .evaluate_all("(marks) => marks.map((mark) => ({ x: mark.getBoundingClientRect().x }))")]
        for at in (1, 2)
    ]  # fmt: skip
    assert places[0][1] == places[1][0], "+2 s is at the same place in both"
    assert places[0] == sorted(places[0])
    assert places[1][-1] > places[0][-1]


def test_drift_is_told_in_each_lane(shown: ShownLanes, lanes: Lanes) -> None:
    shown.show(lanes)
    assert shown.texts(".gl-ln-drift li") == [
        "Deployment/shop-flux/web spec.replicas 2 in Git, 5 live, set by kubectl (scale)"
        " put back at its next reconcile, within 10m0s",
        "Deployment/shop-argo/web spec.replicas 2 in Git, 5 live, set by kubectl (scale)"
        " put back at once (selfHeal is on)",
    ]


def test_another_commit_is_chosen_with_the_keyboard(shown: ShownLanes, lanes: Lanes) -> None:
    shown.show(lanes)
    shown.page.locator(".gl-ln-commit").first.focus()
    visited = []
    for key in ("ArrowRight", "ArrowRight", "ArrowLeft", "End"):
        shown.page.keyboard.press(key)
        visited.append(shown.page.evaluate(FOCUSED))
    assert visited == [OLD, OLD, NEW, OLD]
    shown.page.keyboard.press("Enter")
    assert shown.texts(".gl-ln-lane:nth-child(2) .gl-ln-steps li")[1] == "synced +2 s"
    shown.page.keyboard.press("Escape")
    assert shown.texts(".gl-ln-lane:nth-child(2) .gl-ln-steps li")[1] == "synced +3 s"
    assert shown.page.locator('.gl-ln-commit[tabindex="0"]').count() == 1, "Tab enters the commits once"


def test_a_chosen_commit_stays_chosen_when_another_comes(shown: ShownLanes, lanes: Lanes) -> None:
    shown.show(lanes)
    shown.page.locator(".gl-ln-commit").nth(1).click()
    newer = replace(lanes.commits[0], sha="f" * 40, subject="Newer")
    shown.send(message(replace(lanes, commits=(newer, *lanes.commits))))
    pressed = shown.page.locator('.gl-ln-commit[aria-pressed="true"]')
    assert pressed.get_attribute("data-at") == OLD


def test_buttons_ask_once_and_tell_what_was_done(shown: ShownLanes, lanes: Lanes) -> None:
    shown.show(lanes)
    drift, revert = (shown.page.locator(f'button[data-what="{what}"]') for what in ("drift", "revert"))
    drift.click()
    revert.dispatch_event("click")
    acts = [wish for wish in shown.asked() if wish["do"] == "act"]
    assert acts == [{"do": "act", "what": "drift"}], "one thing at a time"
    shown.answer(what="drift", said="kubectl scale deployment/web --replicas=6", error="", number=1)
    assert shown.texts(".gl-ln-said") == ["kubectl scale deployment/web --replicas=6"]
    revert.click()
    shown.answer(what="revert", said="", error="The first commit cannot be undone", number=2)
    assert shown.texts(".gl-error") == ["The first commit cannot be undone"]
    assert shown.page.locator(".gl-ln-said").is_hidden()


def test_one_tool_alone_is_one_lane(shown: ShownLanes, lanes: Lanes) -> None:
    commits = tuple(replace(commit, steps=commit.steps[1:]) for commit in lanes.commits)
    shown.show(replace(lanes, lanes=lanes.lanes[1:], commits=commits))
    assert shown.texts(".gl-ln-lane h4") == ["Argo CD"]


def test_what_fails_says_why_and_what_nobody_asks_is_told_so(shown: ShownLanes, lanes: Lanes) -> None:
    steps = (
        Step("fetched", "done", 1.0),
        Step("applied", "failed", 2.0, "kustomize build failed"),
        Step("healthy", "unasked"),
    )
    newest = replace(lanes.commits[0], seconds=0.0, steps=(steps, lanes.commits[0].steps[1]))
    shown.show(replace(lanes, commits=(newest,)))
    told = shown.texts(".gl-ln-lane:nth-child(1) .gl-ln-steps li")
    assert told == ["fetched +1 s", "applied failed, +2 s kustomize build failed", "healthy not asked"]


def test_trouble_with_git_is_told(shown: ShownLanes, lanes: Lanes) -> None:
    shown.show(replace(lanes, commits=(), trouble="waal/shop cannot be read: repository not found"))
    assert shown.texts(".gl-ln-trouble") == ["waal/shop cannot be read: repository not found"]


def test_no_text_is_too_small(shown: ShownLanes, lanes: Lanes) -> None:
    shown.show(lanes)
    assert shown.smallest_text() >= 12


def test_it_leaves_nothing_behind(shown: ShownLanes, lanes: Lanes) -> None:
    shown.show(lanes)
    shown.page.evaluate("() => cleanUp()")
    assert shown.page.evaluate("() => listeners()") == 0
