"""The table's script in a real browser: columns, the filter, opening a row, keys, ages, what is said."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest
from jupyterlab_in_browser import CHROMIUM
from playwright.sync_api import Browser
from widget_page import Shown, header

from gitopslab.machinery.clock import timestamp
from gitopslab.machinery.objects import Object
from gitopslab.views.fields import Fields
from gitopslab.views.sheet import sheet, sheet_message
from gitopslab.views.table import table
from gitopslab.widgets import base
from gitopslab.widgets.table import SCRIPT

pytestmark = [pytest.mark.browser, pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")]

NOW = 1767225600.0
COLUMNS = [
    {"name": "Name", "format": "name", "description": "Unique.", "priority": 0},
    {"name": "Status", "description": "In one word.", "priority": 0},
    {"name": "Age", "description": "Since it was made.", "priority": 0},
    {"name": "Node", "description": "Where.", "priority": 1},
]
PODS = {"web-a": "Running", "web-b": "Pending", "db-0": "Running"}


def message(pods: dict[str, str], columns: list[Object] = COLUMNS, **told: Any) -> Object:
    made = {"namespace": "demo", "creationTimestamp": timestamp(NOW - 330)}
    rows = [
        {"cells": [name, status, "5m30s", "n1"], "object": {"metadata": {"name": name, **made}}}
        for name, status in pods.items()
    ]
    objects = [{"metadata": {"name": name, **made}, "status": {"phase": status}} for name, status in pods.items()]
    printed = {"columnDefinitions": columns, "rows": rows}
    drawn = table(printed, objects, kind="Pod", plural="pods", namespace="demo", now=NOW)
    return {"table": drawn.as_dict(), **header(seconds=NOW, **told)}


def answer(name: str) -> Object:
    text = f"apiVersion: v1\nkind: Pod\nmetadata:\n  name: {name}\n"
    return {"key": f"demo/{name}", "sheet": sheet_message(sheet(text, lambda *_: Fields({}, "v1", "Pod")))}


@pytest.fixture
def shown(chromium: Browser) -> Iterator[Shown]:
    page = chromium.new_page(viewport={"width": 1280, "height": 720})
    made = Shown(page)
    made.render(base.script(*SCRIPT), base.sheet("sheet", "table"), message(PODS))
    yield made
    page.close()
    assert made.errors == []


def open_row(shown: Shown, name: str) -> None:
    shown.page.click(f".gl-row-name[data-uid='demo/{name}']")
    assert shown.asked()[-1] == {"do": "open", "key": f"demo/{name}"}
    shown.page.evaluate("(answer) => model.set('_answer', answer)", answer(name))
    shown.page.wait_for_selector(".gl-panel:not([hidden]) .gl-field")


def focused(shown: Shown) -> str:
    return str(shown.page.evaluate("() => document.activeElement.textContent"))


def test_rows_are_the_servers_and_wide_shows_more(shown: Shown) -> None:
    assert shown.texts("th") == ["Name", "Status", "Age"]
    assert shown.texts("tbody tr") == ["web-a Running 5m30s", "web-b Pending 5m30s", "db-0 Running 5m30s"]
    shown.page.click("text=wide")
    assert shown.texts("th") == ["Name", "Status", "Age", "Node"]
    assert shown.page.get_attribute("th >> nth=1", "title") == "In one word."


def test_words_filter_the_rows_and_none_is_told(shown: Shown) -> None:
    shown.page.fill("input[type=search]", "run WEB")
    assert shown.texts(".gl-row-name") == ["web-a"]
    shown.page.fill("input[type=search]", "nobody")
    assert shown.texts(".gl-rows-room .gl-empty") == ["None of the 3 rows holds these words."]


def test_a_row_opens_beside_the_table_and_closes_again(shown: Shown) -> None:
    open_row(shown, "web-b")
    assert shown.texts(".gl-panel-head strong") == ["Pod web-b"]
    assert shown.page.get_attribute(".gl-row-name[data-uid='demo/web-b']", "aria-expanded") == "true"
    shown.page.click("[aria-label='Close the YAML']")
    assert shown.page.locator(".gl-panel").is_hidden()
    assert shown.asked()[-1] == {"do": "open", "key": ""}
    assert focused(shown) == "web-b"


def test_the_keyboard_opens_a_row_and_goes_in_and_out(shown: Shown) -> None:
    assert shown.page.locator(".gl-row-name[tabindex='0']").count() == 1
    shown.page.focus(".gl-row-name[tabindex='0']")
    shown.page.keyboard.press("ArrowDown")
    assert focused(shown) == "web-b"
    shown.page.keyboard.press("Enter")
    shown.page.evaluate("(answer) => model.set('_answer', answer)", answer("web-b"))
    shown.page.wait_for_selector(".gl-panel:not([hidden]) .gl-field")
    for key, lands in [("ArrowRight", "apiVersion"), ("ArrowDown", "kind"), ("ArrowLeft", "web-b")]:
        shown.page.keyboard.press(key)
        assert focused(shown) == lands
    shown.page.keyboard.press("Escape")
    assert shown.page.locator(".gl-panel").is_hidden()
    shown.page.keyboard.press("/")
    assert shown.page.evaluate("() => document.activeElement.type") == "search"


def test_a_change_keeps_the_row_its_focus_and_what_is_open(shown: Shown) -> None:
    open_row(shown, "web-b")
    shown.page.evaluate("() => { document.querySelector('tr[data-key=\"demo/web-b\"]').mark = 1 }")
    shown.page.focus(".gl-row-name[data-uid='demo/web-b']")
    shown.send(message({**PODS, "web-b": "Failed", "web-c": "Pending"}))
    assert focused(shown) == "web-b"
    assert shown.page.evaluate("() => document.querySelector('tr[data-key=\"demo/web-b\"]').mark") == 1
    assert shown.page.locator(".gl-panel").is_visible()
    shown.page.wait_for_function("() => document.querySelector('[role=status]').textContent")
    assert shown.texts("[role=status]") == ["web-b is failing. web-c is new."]


def test_a_row_that_is_gone_is_said_to_be(shown: Shown) -> None:
    open_row(shown, "web-b")
    shown.page.evaluate("() => model.set('_answer', { key: 'demo/web-b', sheet: null })")
    shown.page.wait_for_selector("text=web-b is gone")


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(5, "5s"), (119, "119s"), (120, "2m"), (150, "2m30s"), (600, "10m"), (10800, "3h"), (11100, "3h5m"), (30000, "8h"),
     (200000, "2d7h"), (800000, "9d"), (70000000, "2y80d"), (300000000, "9y")],
)  # fmt: skip
def test_ages_are_spelled_as_kubectl_spells_them(shown: Shown, seconds: int, said: str) -> None:
    later = copy.deepcopy(message(PODS))
    for row in later["table"]["rows"]:
        row["born"] = NOW - seconds
    later["seconds"] = NOW + 0.001
    shown.send(later)
    assert shown.texts("tbody tr:first-child td:nth-child(3)") == [said]


def test_no_text_is_smaller_than_12_pixels_nor_20_for_a_room(shown: Shown) -> None:
    assert shown.smallest_text() >= 12
    shown.render(base.script(*SCRIPT), base.sheet("sheet", "table"), message(PODS), {"presenter": True})
    assert shown.smallest_text() >= 20


def test_names_are_text_and_never_markup(shown: Shown) -> None:
    shown.send(message({"<img src=x>": "Running"}))
    assert shown.page.locator("tbody img").count() == 0


def test_taking_it_off_the_page_leaves_nothing_behind(shown: Shown) -> None:
    shown.page.evaluate("() => cleanUp()")
    assert shown.page.evaluate("() => [listeners(), document.querySelectorAll('.gl-table').length]") == [0, 0]
