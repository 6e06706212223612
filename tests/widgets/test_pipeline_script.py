"""The pipeline's script in a real browser: stages and lines, the chosen job, other events, what it asks for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from jupyterlab_in_browser import CHROMIUM
from pipeline_samples import plan, told
from playwright.sync_api import Browser
from widget_page import Shown, header

from gitopslab import ci
from gitopslab.machinery.objects import Object
from gitopslab.views.pipeline import STATUSES, Pipeline, recorded
from gitopslab.widgets.base import script, sheet
from gitopslab.widgets.pipeline import EVENTS, SCRIPT

pytestmark = [pytest.mark.browser, pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")]


class ShownPipeline(Shown):
    """A pipeline in a page."""

    def show(self, pipeline: Pipeline, *, events: tuple[str, ...] = EVENTS, **told: Any) -> ShownPipeline:
        options = {"statuses": STATUSES, "events": events}
        self.render(script(*SCRIPT), sheet("pipeline"), message(pipeline, **told), options)
        return self

    def card(self, name: str) -> Any:
        return self.page.locator(f'.gl-pl-job[data-job="{name}"]')


def message(pipeline: Pipeline, kind: str = "push", ref: str = "main", **told: Any) -> Object:
    event = {"kind": kind, "ref": ref}
    return {"pipeline": pipeline.as_dict(), "event": event, **header(seconds=0, live="static", **told)}


@pytest.fixture
def shown(chromium: Browser) -> Iterator[ShownPipeline]:
    page = chromium.new_page(viewport={"width": 1280, "height": 720})
    made = ShownPipeline(page)
    yield made
    page.close()
    assert made.errors == []


def test_stages_are_columns_and_needs_are_lines(shown: ShownPipeline) -> None:
    shown.show(plan())
    assert shown.texts(".gl-pl-column h4") == ["build", "test", "deploy"]
    assert shown.texts(".gl-pl-verdict") == ["It would run 4 jobs in 3 stages."]
    assert shown.page.locator(".gl-pl-lines path").count() == 2
    assert shown.texts(".gl-pl-out li") == ["build_prod none of its rules matches"]
    lefts = [shown.card(name).bounding_box()["x"] for name in ("build_dev", "unit", "deploy")]
    assert lefts == sorted(lefts)


def test_a_chosen_job_shows_its_rules_and_commands(shown: ShownPipeline) -> None:
    shown.show(plan())
    shown.card("build_dev").click()
    assert shown.texts(".gl-pl-details strong") == ["build_dev: would run"]
    rules = shown.page.locator(".gl-pl-rules li:visible")
    assert rules.evaluate_all("(items) => items.map((item) => item.dataset.outcome)") == ["passed over", "matched"]
    assert shown.texts("pre:visible") == ["$ make $ make install"]
    shown.page.keyboard.press("Escape")
    assert shown.page.locator(".gl-pl-details").is_hidden()


def test_a_job_that_is_left_out_says_why(shown: ShownPipeline) -> None:
    shown.show(plan())
    shown.card("build_prod").click()
    assert "left out, because none of its rules matches" in shown.texts(".gl-pl-details p")[0]


def test_arrows_go_from_job_to_job(shown: ShownPipeline) -> None:
    shown.show(plan())
    focused = "() => document.activeElement.dataset.job"
    shown.card("build_dev").focus()
    visited = []
    for key in ("ArrowRight", "ArrowDown", "ArrowRight", "ArrowLeft", "End", "Home"):
        shown.page.keyboard.press(key)
        visited.append(shown.page.evaluate(focused))
    assert visited == ["lint", "unit", "deploy", "lint", "build_prod", "build_dev"]
    assert shown.page.locator('.gl-pl-job[tabindex="0"]').count() == 1, "Tab enters the jobs once"


def test_another_event_is_asked_for_and_drawn(shown: ShownPipeline) -> None:
    shown.show(plan())
    shown.page.get_by_label("Event", exact=True).select_option("tag")
    shown.page.get_by_label("Branch or tag").fill("v1.2.3")
    shown.page.get_by_label("Branch or tag").press("Enter")
    assert shown.asked() == [
        {"do": "event", "kind": "tag", "ref": ""},
        {"do": "event", "kind": "tag", "ref": "v1.2.3"},
    ]
    shown.send(message(plan(ci.Event("tag", tag="v1.2.3")), "tag", "v1.2.3"))
    assert shown.card("build_prod").get_attribute("data-status") == "created"
    assert shown.card("build_dev").get_attribute("data-status") == "out"


def test_a_run_can_be_repeated_and_its_log_read(shown: ShownPipeline) -> None:
    shown.show(recorded(told()), events=())
    assert shown.page.get_by_label("Event", exact=True).is_hidden()
    shown.card("unit").click()
    shown.send({**message(recorded(told())), "log": {"id": 4, "text": "$ make test\nERROR: Job failed: exit code 1"}})
    assert "ERROR: Job failed: exit code 1" in shown.texts(".gl-pl-log")[0]
    shown.page.get_by_text("run it again").click()
    assert shown.asked() == [{"do": "log", "job": 4}, {"do": "retry", "job": 4}]


def test_no_text_is_too_small(shown: ShownPipeline) -> None:
    shown.show(plan())
    shown.card("build_dev").click()
    assert shown.smallest_text() >= 12


def test_it_leaves_nothing_behind(shown: ShownPipeline) -> None:
    shown.show(plan())
    shown.page.evaluate("() => cleanUp()")
    assert shown.page.evaluate("() => listeners()") == 0
