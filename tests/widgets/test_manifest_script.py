"""The manifest's script in a real browser: lines, explanations, mistakes, keys."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from jupyterlab_in_browser import CHROMIUM
from playwright.sync_api import Browser
from widget_page import Shown, header

from gitopslab import errors
from gitopslab.controlplane.http.openapi import openapi_document
from gitopslab.machinery.kinds import Catalog
from gitopslab.views.fields import Fields
from gitopslab.views.sheet import sheet as explained
from gitopslab.views.sheet import sheet_message
from gitopslab.widgets.base import script, sheet
from gitopslab.widgets.manifest import SCRIPT

pytestmark = [pytest.mark.browser, pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")]

SERVICE = """\
apiVersion: v1
kind: Service
metadata:
  name: web
spec:
  selector: {app: web}
  prots:
    - port: 80
"""
UNKNOWN = errors.bad_request('strict decoding error: unknown field "spec.prots"')


def explain(api_version: str, kind: str) -> Fields:
    document = openapi_document(Catalog(), "", "v1")
    return Fields(orjson.loads(document or b"{}"), api_version, kind)


def message(text: str = SERVICE, **said: Any) -> dict[str, Any]:
    told = sheet_message(explained(text, explain, said.get("said"), checked=True))
    return {"sheet": told, **header(live="", seconds=1.0)}


@pytest.fixture
def shown(chromium: Browser) -> Iterator[Shown]:
    page = chromium.new_page(viewport={"width": 1280, "height": 720})
    made = Shown(page)
    made.render(script(*SCRIPT), sheet("sheet", "manifest"), message(said={0: UNKNOWN}))
    yield made
    page.close()
    assert made.errors == []


def focused(shown: Shown) -> str:
    return str(shown.page.evaluate("() => document.activeElement.textContent"))


def test_every_line_is_there_and_the_mistake_is_below_its_line(shown: Shown) -> None:
    code = shown.page.locator(".gl-code").all_text_contents()
    assert "\n".join(code) + "\n" == SERVICE
    assert shown.texts(".gl-wrong .gl-problem") == ['unknown field "spec.prots" did you mean ports?']
    assert shown.texts(".gl-wrong .gl-number") == ["7"]
    assert shown.texts(".gl-verdict") == ["One thing is wrong: line 7. Nothing was applied."]


def test_the_meaning_of_a_line_stands_beside_it_and_in_full_on_focus(shown: Shown) -> None:
    assert shown.texts(".gl-help-text")[3].startswith("string · Name must be unique within a namespace")
    shown.page.focus(".gl-field >> nth=3")
    shown.page.wait_for_selector(".gl-card:popover-open")
    words = shown.texts(".gl-card")[0]
    assert words.startswith("metadata.name string")
    assert "Cannot be updated" in words


def test_the_keyboard_goes_from_field_to_field_and_in_and_out(shown: Shown) -> None:
    assert shown.page.locator(".gl-field[tabindex='0']").count() == 1
    shown.page.focus(".gl-field[tabindex='0']")
    for key, lands in [
        ("ArrowDown", "kind"),
        ("ArrowDown", "metadata"),
        ("ArrowRight", "name"),
        ("ArrowLeft", "metadata"),
        ("End", "port"),
        ("ArrowLeft", "prots"),
        ("Home", "apiVersion"),
    ]:
        shown.page.keyboard.press(key)
        assert focused(shown) == lands, key


def test_enter_pins_the_explanation_and_escape_closes_it(shown: Shown) -> None:
    shown.page.focus(".gl-field >> nth=0")
    shown.page.keyboard.press("Enter")
    assert shown.page.locator(".gl-card.gl-pinned:popover-open").count() == 1
    shown.page.keyboard.press("Escape")
    assert shown.page.locator(".gl-card:popover-open").count() == 0


def test_checking_again_asks_python_and_keeps_the_place(shown: Shown) -> None:
    shown.page.click("text=check again")
    assert shown.asked() == [{"do": "check"}]
    shown.page.focus(".gl-field >> nth=2")
    shown.send(message(SERVICE.replace("prots", "ports")))
    assert focused(shown) == "metadata"
    assert shown.texts(".gl-verdict") == ["The API server would accept it."]
    assert shown.page.locator(".gl-wrong").count() == 0


def test_a_text_is_never_markup(shown: Shown) -> None:
    shown.send(message('apiVersion: v1\nkind: Service\nmetadata: {name: "<img src=x>"}\n'))
    assert shown.page.locator(".gl-sheet img").count() == 0


def test_no_text_is_smaller_than_12_pixels_nor_20_for_a_room(shown: Shown) -> None:
    assert shown.smallest_text() >= 12
    shown.render(script(*SCRIPT), sheet("sheet", "manifest"), message(), {"presenter": True})
    assert shown.smallest_text() >= 20


def test_a_narrow_cell_keeps_the_text_and_leaves_the_rest_to_the_card(shown: Shown) -> None:
    shown.page.set_viewport_size({"width": 480, "height": 720})
    assert shown.page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    assert shown.page.locator(".gl-help-text").first.is_hidden()
