"""axe finds nothing serious in a widget, in either theme, also with a row, a film or the details open."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import widget_page
from axe_playwright_python.sync_playwright import Axe
from board_samples import NOW, believable
from graph_samples import BROKEN, SHOP, apply, objects_of
from jupyterlab_in_browser import CHROMIUM
from playwright.sync_api import Browser
from widget_page import Shown, header

from gitopslab import errors
from gitopslab.controlplane.daemon.assembly import ControlPlane
from gitopslab.machinery.clock import JumpableClock
from gitopslab.machinery.objects import Object
from gitopslab.views.board import board
from gitopslab.views.fields import Fields
from gitopslab.views.graph import graph, graph_message
from gitopslab.views.sheet import sheet, sheet_message
from gitopslab.views.table import table
from gitopslab.widgets import base
from gitopslab.widgets import board as board_widget
from gitopslab.widgets import graph as graph_widget
from gitopslab.widgets import manifest as manifest_widget
from gitopslab.widgets import table as table_widget

pytestmark = [pytest.mark.browser, pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")]

Show = Callable[[Shown, dict[str, list[Object]]], None]
POD = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: web\n"


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with widget_page.chromium() as opened:
        yield opened


@pytest.fixture(scope="module")
def shop() -> dict[str, list[Object]]:
    plane = ControlPlane(JumpableClock())
    plane.settle()
    apply(plane, SHOP)
    apply(plane, BROKEN)
    plane.advance(75)
    found = objects_of(plane)
    plane.close()
    return found


def explained() -> Object:
    said = {0: errors.bad_request('strict decoding error: unknown field "spec"')}
    return sheet_message(sheet(POD, lambda *_: Fields({}, "v1", "Pod"), said, checked=True))


def show_board(shown: Shown, _shop: object) -> None:
    drawn = {"board": board(*believable()).as_dict(), **header(seconds=NOW)}
    shown.render(base.script(*board_widget.SCRIPT), base.sheet("board"), drawn)
    shown.page.focus(".gl-pod[data-uid='uid-db-0']")


def show_graph(shown: Shown, shop: dict[str, list[Object]]) -> None:
    drawn = {"graph": graph_message(graph(shop, namespace="shop")), **header(seconds=NOW)}
    shown.render(base.script(*graph_widget.SCRIPT), base.sheet("graph"), drawn)


def show_table(shown: Shown, _shop: object) -> None:
    columns = [{"name": "Name", "format": "name", "description": "Unique.", "priority": 0}]
    rows = [{"cells": ["web"], "object": {"metadata": {"name": "web", "namespace": "demo"}}}]
    printed = {"columnDefinitions": columns, "rows": rows}
    drawn = table(printed, [], kind="Pod", plural="pods", namespace="demo", now=NOW)
    shown.render(
        base.script(*table_widget.SCRIPT),
        base.sheet("sheet", "table"),
        {"table": drawn.as_dict(), **header(seconds=NOW)},
    )
    shown.page.click(".gl-row-name")
    shown.page.evaluate("(answer) => model.set('_answer', answer)", {"key": "demo/web", "sheet": explained()})
    shown.page.wait_for_selector(".gl-panel .gl-field")


def show_manifest(shown: Shown, _shop: object) -> None:
    drawn = {"sheet": explained(), **header(live="", seconds=NOW)}
    shown.render(base.script(*manifest_widget.SCRIPT), base.sheet("sheet", "manifest"), drawn)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    "show", [show_board, show_graph, show_table, show_manifest], ids=lambda show: show.__name__[5:]
)
def test_axe_finds_nothing_serious(chromium: Browser, shop: dict[str, list[Object]], show: Show, scheme: Any) -> None:
    page = chromium.new_page(viewport={"width": 1280, "height": 900}, color_scheme=scheme, reduced_motion="reduce")
    shown = Shown(page)
    show(shown, shop)
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
