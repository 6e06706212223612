"""The tree's script in a real browser: places and lines, two marks, folds, and the way around with the keyboard."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from delivery_samples import Delivered, drawn_tree
from jupyterlab_in_browser import CHROMIUM
from playwright.sync_api import Browser
from widget_page import Shown, header

from gitopslab.machinery.objects import Object
from gitopslab.views.tree import Mark, Tree
from gitopslab.views.tree.model import COLUMNS
from gitopslab.widgets.base import script, sheet
from gitopslab.widgets.tree import SCRIPT

pytestmark = [pytest.mark.browser, pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")]

CUT = """() => [...document.querySelectorAll('.gl-tr-name, .gl-tr-line > span')]
  .filter((node) => node.scrollWidth > node.clientWidth + 1 && getComputedStyle(node).overflow !== 'visible'
    || node.getBoundingClientRect().right > node.closest('.gl-tr-card').getBoundingClientRect().right)
  .map((node) => node.innerText)"""
STRAY = """() => {
  const stub = (node) => node.getBoundingClientRect().top + parseFloat(getComputedStyle(node, '::before').top);
  const stubs = [...document.querySelectorAll('.gl-tr-child')].map(stub);
  const ends = [...document.querySelectorAll('.gl-tr-bars i')].map((bar) => bar.getBoundingClientRect().bottom);
  return ends.filter((end) => !stubs.some((at) => Math.abs(at - end) < 3));
}"""
FOCUSED = "() => document.activeElement.getAttribute('aria-label')"


class ShownTree(Shown):
    """A tree in a page."""

    def show(self, tree: Tree, **options: bool) -> ShownTree:
        self.render(script(*SCRIPT), sheet("tree"), message(tree), {"columns": COLUMNS, **options})
        return self

    def fold(self, name: str) -> None:
        self.page.locator(".gl-tr-card", has_text=name).click()


def message(tree: Tree) -> Object:
    return {"tree": tree.as_dict(), **header(seconds=0)}


@pytest.fixture(scope="module")
def tree() -> Tree:
    shop = Delivered()
    drawn = drawn_tree(shop)
    shop.lab.plane.close()
    return drawn


@pytest.fixture
def shown(chromium: Browser) -> Iterator[ShownTree]:
    page = chromium.new_page(viewport={"width": 1280, "height": 720})
    made = ShownTree(page)
    yield made
    page.close()
    assert made.errors == []


def test_python_is_told_whether_it_is_seen(shown: ShownTree, tree: Tree) -> None:
    shown.show(tree)
    said = "(seen) => sent.at(-1)?.do === 'see' && sent.at(-1).seen === seen"
    shown.page.wait_for_function(said, arg=True)
    shown.page.evaluate("() => { document.querySelector('.gl-view').style.marginTop = '3000px'; }")
    shown.page.wait_for_function(said, arg=False)
    shown.page.evaluate("() => document.querySelector('.gl-view').scrollIntoView()")
    shown.page.wait_for_function(said, arg=True)
    shown.page.evaluate("() => cleanUp()")
    shown.page.wait_for_function(said, arg=False)
    assert len({each["who"] for each in shown.asked()}) == 1


def test_each_step_from_git_is_a_column(shown: ShownTree, tree: Tree) -> None:
    shown.show(tree)
    lefts = [
        shown.page.locator(f'.gl-tr-card[data-kind="{kind}"]').first.bounding_box()["x"]
        for kind in ("GitRepository", "Kustomization", "Deployment", "ReplicaSet", "Pod")
    ]
    assert lefts == sorted(set(lefts))
    assert shown.texts(".gl-tr-heads span") == list(COLUMNS)


@pytest.mark.parametrize("presenter", [False, True])
def test_a_long_name_is_read_to_its_end_and_lines_still_meet_the_cards(
    shown: ShownTree, tree: Tree, presenter: bool
) -> None:
    name = "recommendation-service-of-the-shop"
    cards = [replace(card, name=name, short=name) if card.kind == "Deployment" else card for card in tree.cards]
    shown.show(replace(tree, cards=tuple(cards)), presenter=presenter)
    card = shown.page.locator('.gl-tr-card[data-kind="Deployment"]')
    assert (card.get_attribute("title"), name in (card.get_attribute("aria-label") or "")) == (name, True)
    assert shown.page.evaluate(CUT) == []
    assert shown.page.evaluate(STRAY) == []


def test_health_and_sync_are_two_marks(shown: ShownTree, tree: Tree) -> None:
    shown.show(tree)
    card = shown.page.locator('.gl-tr-card[data-kind="Deployment"]')
    assert card.locator(".gl-glyph:visible").count() == 2
    assert card.locator(".gl-disc:visible").count() == 1, "sync is round"
    assert card.get_attribute("aria-label") == "Deployment web, 9/9, health Current, sync drifted"
    assert shown.page.locator('.gl-tr-card[data-kind="Pod"] .gl-disc:visible').count() == 0, "a pod is in no commit"


def test_a_fold_opens_and_closes(shown: ShownTree, tree: Tree) -> None:
    shown.show(tree)
    before = shown.page.locator('.gl-tr-card[data-look="card"][data-kind="Pod"]').count()
    shown.fold("4 more Pods")
    assert shown.page.locator('.gl-tr-card[data-look="card"][data-kind="Pod"]').count() == before + 4
    assert shown.page.locator('[aria-expanded="true"]').count() == 1
    shown.send(message(tree))
    assert shown.page.locator('[aria-expanded="true"]').count() == 1, "another snapshot leaves it open"
    shown.fold("4 more Pods")
    assert shown.page.locator('.gl-tr-card[data-look="card"][data-kind="Pod"]').count() == before


def test_arrows_go_along_the_tree(shown: ShownTree, tree: Tree) -> None:
    shown.show(tree)
    shown.page.locator(".gl-tr-card").first.focus()
    visited = []
    for key in ("ArrowRight", "ArrowRight", "ArrowDown", "ArrowRight", "Home"):
        shown.page.keyboard.press(key)
        visited.append(shown.page.evaluate(FOCUSED).split(",")[0].partition("-")[0])
    assert visited == [
        "Kustomization shop",
        "ConfigMap words",
        "Deployment web",
        "ReplicaSet web",
        "GitRepository shop",
    ]
    assert shown.page.locator('.gl-tr-card[tabindex="0"]').count() == 1, "Tab enters the tree once"


def test_details_tell_both_answers_and_what_differs(shown: ShownTree, tree: Tree) -> None:
    shown.show(tree)
    shown.page.locator('.gl-tr-card[data-kind="Deployment"]').click()
    (told,) = shown.texts(".gl-card")
    assert "health Current" in told
    assert "sync drifted: put back at its next reconcile, within 10m0s" in told
    assert "spec.replicas: 2 → 9" in told
    assert "kubectl describe deployment web -n shop-flux" in told
    shown.page.keyboard.press("Escape")
    shown.page.locator(".gl-card").wait_for(state="hidden")


def test_a_change_is_told_to_screen_readers(shown: ShownTree, tree: Tree) -> None:
    shown.show(tree)
    cards = tuple(
        replace(card, health=Mark("failed", "Failed")) if card.kind == "Deployment" else card for card in tree.cards
    )
    shown.send(message(replace(tree, cards=cards)))
    shown.page.wait_for_function("() => document.querySelector('[role=status]').textContent")
    assert shown.texts("[role=status]") == ["Deployment web: Failed."]


def test_nothing_there_yet_is_told(shown: ShownTree, tree: Tree) -> None:
    shown.show(Tree("Application argocd/shop", ""))
    assert shown.texts(".gl-empty") == ["There is no Application argocd/shop here yet; it shows as soon as there is."]


def test_no_text_is_too_small_and_nothing_is_left_behind(shown: ShownTree, tree: Tree) -> None:
    shown.show(tree)
    assert shown.smallest_text() >= 12
    shown.page.evaluate("() => cleanUp()")
    assert shown.page.evaluate("() => listeners()") == 0


def test_beside_the_file_browser_of_a_small_screen_every_column_is_in_view(shown: ShownTree, tree: Tree) -> None:
    shown.page.set_viewport_size({"width": 850, "height": 720})  # what JupyterLab leaves of 1280 pixels
    shown.show(tree)
    room = shown.page.locator(".gl-tr-room")
    assert room.evaluate("(node) => node.scrollWidth - node.clientWidth") == 0
    names = shown.page.locator(".gl-tr-card", has_text="shop").locator("b")
    assert names.evaluate_all("(all) => all.map((one) => one.scrollWidth > one.clientWidth)") == [False, False]
