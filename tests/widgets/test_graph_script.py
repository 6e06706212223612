"""The graph's script in a real browser: cards, lines, what is lit, what the keyboard reaches, what is said."""

from __future__ import annotations

import copy
from collections.abc import Iterator

import pytest
from graph_samples import BROKEN, SHOP, apply, objects_of
from jupyterlab_in_browser import CHROMIUM
from playwright.sync_api import Browser
from widget_page import Shown, header

from gitopslab.controlplane.daemon.assembly import ControlPlane
from gitopslab.machinery.clock import JumpableClock
from gitopslab.machinery.objects import Object
from gitopslab.views.graph import graph, graph_message
from gitopslab.widgets.base import script, sheet
from gitopslab.widgets.graph import SCRIPT

pytestmark = [pytest.mark.browser, pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")]

Objects = dict[str, list[Object]]


class ShownGraph(Shown):
    """A graph in a page."""

    def show(self, objects: Objects, options: Object | None = None) -> ShownGraph:
        self.render(script(*SCRIPT), sheet("graph"), message(objects), options)
        return self

    def change(self, objects: Objects) -> None:
        self.send(message(objects))

    def focused(self) -> str:
        return str(self.page.evaluate("() => document.activeElement.dataset.uid ?? ''"))


def message(objects: Objects) -> Object:
    return {"graph": graph_message(graph(objects, namespace="shop")), **header(seconds=1767225700.0)}


@pytest.fixture(scope="module")
def shop() -> Objects:
    plane = ControlPlane(JumpableClock())
    plane.settle()
    apply(plane, SHOP)
    apply(plane, BROKEN)
    plane.advance(75)
    found = objects_of(plane)
    plane.close()
    return found


@pytest.fixture
def shown(chromium: Browser) -> Iterator[ShownGraph]:
    page = chromium.new_page(viewport={"width": 1280, "height": 900})
    made = ShownGraph(page)
    yield made
    page.close()
    assert made.errors == []


CARD = ".gl-item[data-uid='{}']"


def test_every_item_is_a_card_and_every_relation_a_line(shown: ShownGraph, shop: Objects) -> None:
    shown.show(shop)
    of = graph(shop, namespace="shop")
    assert shown.page.locator(".gl-item").count() == len(of.items)
    assert shown.page.locator(".gl-lines .gl-line").count() == len(of.lines) + len(of.meanings)
    assert shown.texts(CARD.format("Deployment/shop/web")) == ["web 3/3 ready"]


def test_lines_end_where_cards_are(shown: ShownGraph, shop: Objects) -> None:
    shown.show(shop)
    line = next(line for line in graph(shop, namespace="shop").lines if line.kind == "routes")
    ends = """([key]) => {
      const card = document.querySelector(`.gl-item[data-uid="${key}"]`).getBoundingClientRect();
      const path = document.querySelector(".gl-plane .gl-line[data-kind=routes] path");
      const end = path.getPointAtLength(path.getTotalLength());
      const plane = document.querySelector(".gl-plane").getBoundingClientRect();
      return [end.x + plane.left - card.left, end.y + plane.top - card.top - card.height / 2];
    }"""
    across, down = shown.page.evaluate(ends, [line.targets[0]])
    assert abs(across) < 1.5
    assert abs(down) < 1.5


def test_where_room_is_short_the_ends_of_names_are_still_read(shown: ShownGraph, shop: Objects) -> None:
    shown.page.set_viewport_size({"width": 820, "height": 900})
    shown.show(shop)
    ends = """(cards) => cards.map((card) => {
      const [begin, end] = card.querySelector(".gl-item-name").children;
      const cut = begin.scrollWidth > begin.clientWidth;
      return [cut, end.textContent, end.getBoundingClientRect().right <= card.getBoundingClientRect().right];
    })"""
    nodes = shown.page.locator(".gl-item[data-kind=Node]").evaluate_all(ends)
    assert sorted(nodes) == [[True, "ker2", True], [True, "ker3", True], [True, "rker", True]]


def test_a_missing_relation_is_told_with_its_reason_and_leads_to_its_card(shown: ShownGraph, shop: Objects) -> None:
    shown.show(shop)
    assert shown.texts(".gl-notice")[0].startswith("Service/api selector app=api-server matches 0 of ")
    shown.page.click(".gl-notice >> nth=0")
    assert shown.focused() == "Service/shop/api"
    assert shown.page.locator(".gl-line[data-look=stub]").count() == 2


def test_hover_lights_what_it_has_to_do_with_and_dims_the_rest(shown: ShownGraph, shop: Objects) -> None:
    shown.show(shop)
    shown.page.hover(CARD.format("Service/shop/db"))
    lit = shown.page.locator(".gl-item:not(.gl-dim)").evaluate_all("(cards) => cards.map((card) => card.dataset.uid)")
    assert sorted(lit) == ["Pod/shop/db-0", "Pod/shop/db-1", "Service/shop/db"]
    shown.page.wait_for_selector(".gl-card:popover-open", timeout=2000)
    assert "selects Pod/db-0 (app=db)" in shown.texts(".gl-card")[0]
    shown.page.mouse.move(2, 2)
    assert shown.page.locator(".gl-dim").count() == 0


def test_the_keyboard_reaches_every_card_and_enters_once(shown: ShownGraph, shop: Objects) -> None:
    shown.show(shop)
    assert shown.page.locator(".gl-item[tabindex='0']").count() == 1
    shown.page.focus(".gl-item[tabindex='0']")
    reached = set()
    for column in range(6):
        shown.page.keyboard.press("Home")
        for _ in range(column):
            shown.page.keyboard.press("ArrowRight")
        for key in ("ArrowUp", "ArrowDown"):
            for _ in range(14):
                shown.page.keyboard.press(key)
                reached.add(shown.focused())
    assert reached == {each.key for each in graph(shop, namespace="shop").items}


def test_enter_pins_and_escape_closes(shown: ShownGraph, shop: Objects) -> None:
    shown.show(shop)
    shown.page.focus(CARD.format("Pod/shop/db-0"))
    shown.page.keyboard.press("Enter")
    shown.page.hover(".gl-title")
    assert shown.texts(".gl-card.gl-pinned strong") == ["db-0"]
    shown.page.keyboard.press("Escape")
    assert shown.page.locator(".gl-card:popover-open").count() == 0


def test_a_change_of_state_moves_nothing_and_is_told(shown: ShownGraph, shop: Objects) -> None:
    shown.show(shop)
    places = """() => [...document.querySelectorAll('.gl-item')]
      .map((card) => [card.dataset.uid, card.offsetLeft, card.offsetTop])"""
    before = shown.page.evaluate(places)
    later = copy.deepcopy(shop)
    pod = next(pod for pod in later["pods"] if pod["metadata"]["name"] == "db-0")
    pod["status"]["conditions"] = [{"type": "Ready", "status": "False"}]
    shown.change(later)
    assert shown.page.evaluate(places) == before
    assert shown.page.locator(CARD.format("Pod/shop/db-0")).get_attribute("data-state") == "notready"
    shown.page.wait_for_function("() => document.querySelector('[role=status]').textContent.includes('db-0')")


def test_a_hidden_table_says_the_same(shown: ShownGraph, shop: Objects) -> None:
    shown.show(shop)
    shown.page.wait_for_selector(".gl-unseen tbody tr", state="attached")
    rows = shown.texts(".gl-unseen tbody tr")
    assert any("Service" in row and "selects Pod/db-0" in row for row in rows)


def test_no_text_is_smaller_than_12_pixels_nor_20_for_a_room(shown: ShownGraph, shop: Objects) -> None:
    shown.show(shop)
    assert shown.smallest_text() >= 12
    shown.show(shop, {"presenter": True})
    assert shown.smallest_text() >= 20


def test_a_narrow_cell_scrolls_inside_the_graph(shown: ShownGraph, shop: Objects) -> None:
    shown.page.set_viewport_size({"width": 500, "height": 900})
    shown.show(shop)
    assert shown.page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")


def test_taking_it_off_the_page_leaves_nothing_behind(shown: ShownGraph, shop: Objects) -> None:
    shown.show(shop)
    shown.page.evaluate("() => cleanUp()")
    assert shown.page.evaluate("() => [listeners(), document.querySelectorAll('.gl-graph').length]") == [0, 0]
