"""The board's script in a real browser, with a model that a test changes: what is drawn, moved, said and asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from board_samples import NOW, believable, crowd, node, pod, running, waiting
from jupyterlab_in_browser import CHROMIUM
from playwright.sync_api import Browser
from widget_page import Shown, header

from gitopslab.machinery.objects import Object, name_of
from gitopslab.views.board import board
from gitopslab.views.palette import DARK, LIGHT
from gitopslab.widgets.base import script, sheet
from gitopslab.widgets.board import SCRIPT

pytestmark = [pytest.mark.browser, pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")]

Parts = tuple[list[Object], list[Object], list[Object]]


class ShownBoard(Shown):
    """A board in a page."""

    def show(self, parts: Parts, options: Object | None = None, **told: Any) -> ShownBoard:
        self.render(script(*SCRIPT), sheet("board"), message(parts, **told), options)
        return self

    def change(self, parts: Parts, **told: Any) -> None:
        self.send(message(parts, **told))

    def focused(self) -> str:
        return str(self.page.evaluate("() => document.activeElement.dataset.uid ?? ''"))

    def is_open(self) -> bool:
        return bool(self.page.evaluate("() => document.querySelector('.gl-card').matches(':popover-open')"))


def message(parts: Parts, **told: Any) -> Object:
    return {"board": board(*parts).as_dict(), **header(seconds=NOW, **told)}


@pytest.fixture
def shown(chromium: Browser) -> Iterator[ShownBoard]:
    page = chromium.new_page(viewport={"width": 1280, "height": 720})
    made = ShownBoard(page)
    yield made
    page.close()
    assert made.errors == []


def moved(change: Callable[[dict[str, Object]], None]) -> Parts:
    """The believable cluster after a change to its pods by name."""
    nodes, pods, events = believable()
    by_name = {name_of(obj): obj for obj in pods}
    change(by_name)
    return nodes, list(by_name.values()), events


BIG = "big-5d8f7c9b6-9w4tz"


def placed(by_name: dict[str, Object]) -> None:
    by_name[BIG]["spec"]["nodeName"] = "lab-worker3"
    by_name[BIG]["status"] = waiting("ContainerCreating")


def test_each_node_is_a_card_with_its_pods_and_its_load(shown: ShownBoard) -> None:
    shown.show(believable())
    assert shown.texts(".gl-node-head") == ["lab-control-plane", "lab-worker", "lab-worker2", "lab-worker3"]
    assert shown.texts(".gl-node:nth-child(1) .gl-tag") == ["zone-a", "control plane", "NoSchedule control-plane"]
    assert shown.texts(".gl-node:nth-child(2) .gl-amount") == ["1.6 of 4", "2.1Gi of 8Gi"]
    assert shown.page.locator(".gl-node:nth-child(4) .gl-pods .gl-pod").count() == 2


def test_the_tray_says_once_why_replicas_wait(shown: ShownBoard) -> None:
    shown.show(believable())
    assert shown.texts(".gl-tray h3")[0] == "Waiting for a node (2)"
    sentences = [text for text in shown.texts(".gl-waiting p:visible") if text]
    assert sentences == ["No node fits: 1 has a taint it does not tolerate, 3 have too little free CPU."]


def test_pods_in_trouble_are_pointed_at(shown: ShownBoard) -> None:
    shown.show(believable())
    assert shown.texts(".gl-pointer")[1].startswith("api on lab-worker3 Container main keeps ending")
    shown.page.click(".gl-pointer >> nth=1")
    assert shown.focused() == "uid-api-6f9d8b7c5-l2v8n"
    assert shown.is_open()


def test_the_header_counts_every_state_and_names_the_cluster(shown: ShownBoard) -> None:
    shown.show(believable())
    assert shown.texts(".gl-title")[0] == "lab embedded 4 nodes · 22 pods"
    assert shown.texts(".gl-counts li") == [
        "14 ready", "1 not ready", "3 pending", "2 failing", "1 succeeded", "1 terminating",
    ]  # fmt: skip


def test_a_pod_that_gets_a_node_travels_from_the_tray_and_arrives(shown: ShownBoard) -> None:
    shown.show(believable())
    shown.page.evaluate(
        """() => { window.travelled = 0;
           const count = (changes) => changes.forEach((change) => { window.travelled += change.addedNodes.length });
           new MutationObserver(count).observe(document.querySelector('.gl-layer'), { childList: true }) }"""
    )
    shown.change(moved(placed))
    assert shown.page.evaluate("() => travelled") == 1
    shown.page.wait_for_function("() => !document.querySelector('.gl-layer .gl-pod')")
    tile = shown.page.locator(f".gl-node:nth-child(4) [data-uid='uid-{BIG}'].gl-pod")
    assert tile.is_visible()
    assert shown.texts(".gl-tray h3")[0] == "Waiting for a node (1)"


def test_with_reduced_motion_nothing_travels(chromium: Browser) -> None:
    page = chromium.new_page(reduced_motion="reduce")
    shown = ShownBoard(page).show(believable())
    shown.change(moved(placed))
    assert page.locator(".gl-layer .gl-pod").count() == 0
    assert page.locator(f".gl-node:nth-child(4) [data-uid='uid-{BIG}'].gl-pod").is_visible()
    page.close()


def test_a_tile_is_the_same_element_for_as_long_as_its_pod_lives(shown: ShownBoard) -> None:
    shown.show(believable())
    shown.page.evaluate("() => { document.querySelector('.gl-pod[data-uid=uid-db-0]').mark = 1 }")

    def unready(by_name: dict[str, Object]) -> None:
        by_name["db-0"]["status"] = running(ready=False)

    shown.change(moved(unready))
    tile = "document.querySelector('.gl-pod[data-uid=uid-db-0]')"
    assert shown.page.evaluate(f"() => [{tile}.mark, {tile}.dataset.state]") == [1, "notready"]


def test_hover_shows_the_details_and_leaving_hides_them(shown: ShownBoard) -> None:
    shown.show(believable())
    shown.page.hover(".gl-pod[data-uid='uid-api-6f9d8b7c5-l2v8n']")
    shown.page.wait_for_selector(".gl-card:popover-open", timeout=2000)
    words = shown.texts(".gl-card")[0]
    for part in ("failing · CrashLoopBackOff", "Deployment api", "BackOff", "kubectl logs"):
        assert part in words
    shown.page.mouse.move(5, 700)
    shown.page.wait_for_function("() => !document.querySelector('.gl-card').matches(':popover-open')")


def test_a_part_of_a_bar_and_its_pod_light_up_together(shown: ShownBoard) -> None:
    shown.show(believable())
    shown.page.hover(".gl-node:nth-child(3) .gl-track i[data-uid='uid-db-0'] >> nth=0")
    assert shown.page.locator(".gl-pod.gl-hot").get_attribute("data-uid") == "uid-db-0"


def test_the_keyboard_reaches_every_pod(shown: ShownBoard) -> None:
    shown.show(believable())
    assert shown.page.locator(".gl-pod[tabindex='0']").count() == 1, "Tab enters once"
    shown.page.focus(".gl-pod[tabindex='0']")
    reached = {shown.focused()}
    for column in range(5):
        shown.page.keyboard.press("Home")
        for _ in range(column):
            shown.page.keyboard.press("ArrowRight")
        for _ in range(8):
            reached.add(shown.focused())
            shown.page.keyboard.press("ArrowDown")
        for _ in range(8):
            reached.add(shown.focused())
            shown.page.keyboard.press("ArrowUp")
    assert len(reached) == 22


def test_enter_pins_the_details_and_escape_closes_them(shown: ShownBoard) -> None:
    shown.show(believable())
    shown.page.focus(".gl-pod[data-uid='uid-db-0']")
    shown.page.keyboard.press("Enter")
    shown.page.hover(".gl-title")
    assert shown.is_open()
    assert shown.page.locator(".gl-card.gl-pinned strong").inner_text() == "db-0"
    shown.page.keyboard.press("Escape")
    assert not shown.is_open()


def test_the_focus_stays_with_a_pod_that_moves(shown: ShownBoard) -> None:
    shown.show(believable())
    shown.page.focus(f".gl-pod[data-uid='uid-{BIG}']")
    shown.change(moved(placed))
    assert shown.focused() == f"uid-{BIG}"


def test_changes_are_read_aloud_in_one_polite_sentence(shown: ShownBoard) -> None:
    shown.show(believable())
    shown.change(moved(placed))
    voice = shown.page.locator("[role=status][aria-live=polite]")
    shown.page.wait_for_function("() => document.querySelector('[role=status]').textContent")
    assert voice.inner_text() == f"{BIG} is placed on lab-worker3."


def test_a_hidden_table_says_the_same(shown: ShownBoard) -> None:
    shown.show(believable())
    shown.page.wait_for_selector(".gl-unseen tbody tr", state="attached")
    assert shown.page.locator(".gl-unseen tbody tr").count() == 22


def test_a_namespace_can_be_chosen_and_the_bars_stay(shown: ShownBoard) -> None:
    shown.show(believable())
    shown.page.select_option("select[aria-label='Namespace']", "kube-system")
    assert shown.page.locator(".gl-tray .gl-pod").count() == 0
    assert "etcd" in shown.texts(".gl-node:nth-child(1) .gl-name")
    seen = shown.page.locator(".gl-node .gl-pod").count()
    assert shown.texts(".gl-title")[0] == f"lab embedded 4 nodes · {seen} pods"
    assert shown.texts(".gl-counts li")[0] == f"{seen} ready"
    assert shown.page.locator(".gl-node:nth-child(2) .gl-track i.gl-aside").count() > 0


def test_system_pods_are_glyphs_until_one_asks_for_tiles(shown: ShownBoard) -> None:
    shown.show(believable())
    first = shown.page.locator(".gl-node").first
    assert first.locator(".gl-system .gl-pod").count() == 5
    assert "only system pods" in first.inner_text()
    shown.page.click(".gl-toggle")
    assert first.locator(".gl-pods .gl-pod[data-density=tile]").count() == 5


@pytest.mark.parametrize(
    ("count", "density", "drawn"),
    [(24, "tile", 24), (25, "glyph", 25), (61, "count", 1)],
    ids=["some", "many", "crowd"],
)
def test_the_more_pods_the_smaller_and_none_is_dropped(shown: ShownBoard, count: int, density: str, drawn: int) -> None:
    pods = [pod(f"web-{number}", "a", owner="ReplicaSet/web") for number in range(count)]
    shown.show(([node("a")], pods, []))
    assert shown.page.locator(".gl-pods").get_attribute("data-density") == density
    assert shown.page.locator(".gl-pods > button").count() == drawn
    if density == "count":
        assert shown.texts(".gl-group") == ["web \u00d761"]


def test_errors_and_a_lost_connection_are_seen(shown: ShownBoard) -> None:
    shown.show(believable(), live="lost", error="the cluster does not answer")
    assert shown.page.locator(".gl-error").inner_text() == "the cluster does not answer"
    assert shown.texts(".gl-live") == ["no connection"]


def test_a_paused_board_asks_to_go_on(shown: ShownBoard) -> None:
    shown.show(believable(), live="paused", note="nothing changed for 30 minutes")
    shown.page.click(".gl-live")
    assert shown.page.evaluate("() => sent") == [{"do": "resume"}]


@pytest.mark.parametrize(("scheme", "theme"), [("light", LIGHT), ("dark", DARK)])
@pytest.mark.parametrize("says", ["system", "JupyterLab"])
def test_the_theme_is_jupyters_or_else_the_systems(
    chromium: Browser, scheme: Any, theme: dict[str, str], says: str
) -> None:
    other: Any = "dark" if scheme == "light" else "light"
    # without motion, because colours change gently
    page = chromium.new_page(color_scheme=scheme if says == "system" else other, reduced_motion="reduce")
    shown = ShownBoard(page).show(believable())
    if says == "JupyterLab":
        page.evaluate("(light) => { document.body.dataset.jpThemeLight = light }", str(scheme == "light").lower())
    colour = page.evaluate("() => getComputedStyle(document.querySelector('.gl-is-fail')).backgroundColor")
    assert colour == "rgb({}, {}, {})".format(*bytes.fromhex(theme["fail"][1:]))
    assert shown.errors == []
    page.close()


@pytest.mark.parametrize(("width", "across"), [(1280, 4), (850, 4), (520, 2), (260, 1)])
def test_cards_wrap_where_room_is_short(shown: ShownBoard, width: int, across: int) -> None:
    shown.page.set_viewport_size({"width": width, "height": 900})
    shown.show(believable())
    tops = shown.page.evaluate("() => [...document.querySelectorAll('.gl-node')].map((card) => card.offsetTop)")
    assert tops.count(tops[0]) == across
    assert shown.page.evaluate("() => document.documentElement.scrollWidth <= innerWidth"), "nothing sticks out"


def test_names_are_text_and_never_markup(shown: ShownBoard) -> None:
    shown.show(([node("<b>a</b>")], [pod("<img src=x>", "<b>a</b>")], []))
    assert shown.texts(".gl-node strong") == ["<b>a</b>"]
    assert shown.page.locator(".gl-board img").count() == 0


def test_a_change_of_500_pods_redraws_only_what_differs(shown: ShownBoard) -> None:
    nodes, pods, events = crowd()
    shown.show((nodes, pods, events))
    shown.page.evaluate(
        """() => { window.touched = new Set(); new MutationObserver((changes) => changes.forEach((change) =>
           touched.add(change.target.closest?.('.gl-pod')?.dataset.uid))).observe(document.querySelector('.gl-nodes'),
           { subtree: true, childList: true, attributes: true, characterData: true }) }"""
    )
    pods[7]["status"] = running(ready=False)
    shown.change((nodes, pods, events))
    touched = shown.page.evaluate("() => [...touched].filter(Boolean)")
    assert touched == [pods[7]["metadata"]["uid"]]


def test_nodes_are_grouped_by_a_label_from_a_menu(shown: ShownBoard) -> None:
    shown.show(believable())
    shown.page.select_option("select[aria-label='Group the nodes']", "topology.kubernetes.io/zone")
    assert shown.texts(".gl-group-name") == ["zone-a · 2 nodes", "zone-b · 1 node", "zone-c · 1 node"]
    assert shown.texts(".gl-node-head") == ["lab-control-plane", "lab-worker", "lab-worker2", "lab-worker3"]
    shown.page.select_option("select[aria-label='Group the nodes']", "")
    assert shown.page.locator(".gl-group-name").count() == 0


def test_the_tools_are_one_stop_of_tab_and_arrows_go_through_them(shown: ShownBoard) -> None:
    shown.show(believable())
    assert shown.page.locator(".gl-tools > [tabindex='0']").count() == 1
    shown.page.focus(".gl-tools > [tabindex='0']")
    labels = []
    for _ in range(4):
        labels.append(
            shown.page.evaluate("() => document.activeElement.ariaLabel ?? document.activeElement.textContent")
        )
        shown.page.keyboard.press("ArrowRight")
    assert labels == ["Whose pods stand out", "Group the nodes", "Namespace", "system pods"]
    assert shown.page.evaluate("() => document.activeElement.textContent") == "system pods", "it is the last"
    shown.page.keyboard.press("ArrowLeft")
    assert shown.page.locator(".gl-tools > [tabindex='0']").get_attribute("aria-label") == "Namespace"
    assert shown.page.locator("select[aria-label='Namespace']").input_value() == "", "an arrow chooses nothing"


def test_what_is_chosen_rings_its_pods_and_dims_the_rest(shown: ShownBoard) -> None:
    shown.show(believable())
    before = shown.page.locator(".gl-pod").count()
    shown.page.select_option("select[aria-label='Whose pods stand out']", "Deployment/demo/web")
    ringed = shown.page.locator(".gl-pod.gl-ringed").evaluate_all("(tiles) => tiles.map((tile) => tile.dataset.uid)")
    assert len(ringed) == 5
    assert all(uid.startswith("uid-web-") for uid in ringed)
    assert shown.page.locator(".gl-pod").count() == before, "nothing is removed"


FILM = {
    "pod": f"demo/{BIG}",
    "frames": [
        {"kind": "start", "title": "big", "told": "It asks for 6 CPU."},
        {"kind": "filter", "title": "NodeResourcesFit", "told": "lab-worker is out, 1 left."},
        {"kind": "end", "title": "Outcome", "told": "Only lab-worker3 can take it."},
    ],
    "marks": [
        {"node": "lab-worker", "frame": 1, "kind": "out", "text": "needs 6 CPU, 2.4 free", "share": 0},
        {"node": "lab-worker3", "frame": 2, "kind": "winner", "text": "chosen", "share": 0},
    ],
    "winner": "lab-worker3",
    "victims": [],
    "room": "",
    "seconds": 0.9,
}


def play(shown: ShownBoard, film: Object = FILM) -> None:
    shown.page.evaluate("(film) => model.set('_answer', { asked: 1, film })", film)
    shown.page.wait_for_selector(".gl-film:not([hidden])")
    shown.page.wait_for_function("() => document.querySelector('.gl-film-count').textContent === '3 of 3'")


def test_w_asks_why_and_the_film_ends_at_the_winner(shown: ShownBoard) -> None:
    shown.show(believable())
    shown.page.focus(f".gl-pod[data-uid='uid-{BIG}']")
    shown.page.keyboard.press("w")
    assert shown.asked()[-1] == {"do": "why", "uid": f"uid-{BIG}"}
    play(shown)
    assert shown.texts(".gl-node[data-film=out] .gl-node-verdict") == ["\u2715 needs 6 CPU, 2.4 free"]
    assert shown.texts(".gl-node[data-film=winner] .gl-node-head") == ["lab-worker3"]
    assert shown.page.locator(".gl-layer .gl-pod").count() == 1, "the tile slid to the winner"


def test_the_film_can_be_stepped_through_and_put_away(shown: ShownBoard) -> None:
    shown.show(believable())
    play(shown)
    shown.page.focus("[aria-label='Step back']")
    shown.page.keyboard.press("ArrowLeft")
    assert shown.texts(".gl-film-words") == ["NodeResourcesFit lab-worker is out, 1 left."]
    assert shown.page.locator(".gl-node[data-film=winner]").count() == 0
    assert shown.page.locator(".gl-layer .gl-pod").count() == 0
    shown.page.keyboard.press("ArrowLeft")
    assert shown.page.locator(".gl-node[data-film]").count() == 0
    shown.page.keyboard.press("Escape")
    assert shown.page.locator(".gl-film").is_hidden()


def test_the_verdicts_of_a_film_stay_when_the_board_is_drawn_anew(shown: ShownBoard) -> None:
    shown.show(believable())
    play(shown)
    nodes, pods, events = believable()
    shown.send({"board": board(nodes, pods[:-3], events).as_dict(), **header(seconds=NOW)})
    shown.page.select_option("select[aria-label='Group the nodes']", "topology.kubernetes.io/zone")
    assert shown.texts(".gl-node[data-film=out] .gl-node-verdict") == ["\u2715 needs 6 CPU, 2.4 free"]
    assert shown.texts(".gl-node[data-film=winner] .gl-node-verdict") == ["\u2713 chosen"]


def test_with_reduced_motion_the_film_moves_nothing(chromium: Browser) -> None:
    page = chromium.new_page(reduced_motion="reduce")
    made = ShownBoard(page).show(believable())
    play(made)
    assert page.locator(".gl-layer .gl-pod").count() == 0
    assert made.errors == []
    page.close()


def test_a_victim_is_marked_before_it_leaves(shown: ShownBoard) -> None:
    shown.show(believable())
    frames = [
        FILM["frames"][0],
        {"kind": "preempt", "title": "Preemption", "told": "db-0 must leave."},
        FILM["frames"][2],
    ]
    play(shown, {**FILM, "frames": frames, "winner": "", "room": "lab-worker2", "victims": ["demo/db-0"]})
    assert shown.page.locator(".gl-victim").get_attribute("data-uid") == "uid-db-0"


def test_no_text_is_smaller_than_12_pixels_nor_20_for_a_room(shown: ShownBoard) -> None:
    shown.show(believable())
    assert shown.smallest_text() >= 12
    shown.show(believable(), {"presenter": True})
    assert shown.smallest_text() >= 20


def test_taking_it_off_the_page_leaves_nothing_behind(shown: ShownBoard) -> None:
    shown.show(believable())
    shown.page.evaluate("() => cleanUp()")
    assert shown.page.evaluate("() => [listeners(), document.querySelectorAll('.gl-board').length]") == [0, 0]
