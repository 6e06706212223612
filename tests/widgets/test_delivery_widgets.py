"""Lanes, tree and drift from one source: still twins, what is remembered, and errors that are told."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from delivery_samples import ARGO_PLACE, FLUX_PLACE, NEW, Delivered

from gitopslab.errors import LabError
from gitopslab.machinery.objects import Object
from gitopslab.widgets.drift import DriftView
from gitopslab.widgets.lanes import LanesView
from gitopslab.widgets.tree import TreeView

FLUX = ("Kustomization", "flux-system", "shop")
ARGO = ("Application", "argocd", "shop")


class Source:
    """A source with one state that a test changes."""

    error = ""

    def __init__(self, objects: dict[str, list[Object]]) -> None:
        self.objects = objects
        self.seen: list[bool] = []

    def see(self, seen: bool) -> None:
        self.seen.append(seen)

    def start(self) -> None:
        pass

    def close(self) -> None:
        pass

    def state(self) -> tuple[int, dict[str, list[Object]]]:
        return 1, self.objects

    def wait(self, seen: int, timeout: float) -> bool:
        return False

    def wait_synced(self, timeout: float) -> bool:
        return True


@pytest.fixture
def shop() -> Iterator[Delivered]:
    made = Delivered()
    yield made
    made.lab.plane.close()


def source(shop: Delivered, **git: Any) -> Source:
    """All that is followed, with what Git says."""
    rendered = {
        "Kustomization flux-system/shop": {"commit": NEW, "objects": shop.git(FLUX_PLACE), "trouble": ""},
        "Application argocd/shop": {"commit": NEW, "objects": shop.git(ARGO_PLACE), "trouble": ""},
    }
    told = {"commits": shop.commits(), "rendered": rendered, "trouble": ""} | git
    return Source(
        shop.objects(shop.source(), shop.kustomization(), shop.application({"selfHeal": True})) | {"git": [told]}
    )


def test_still_ones_are_pictures_with_words(shop: Delivered) -> None:
    shop.scale(FLUX_PLACE, 5)
    given = source(shop)
    lanes = LanesView(lambda: given, "waal/shop", [FLUX, ARGO], still=True)
    for view in (lanes, TreeView(lambda: given, FLUX, still=True), DriftView(lambda: given, FLUX, still=True)):
        data = view._repr_mimebundle_()
        assert "spec.replicas" in data["text/plain"]
        assert data["image/svg+xml"].startswith("<svg")
        assert not view.is_live


def test_trouble_with_git_is_told_by_each(shop: Delivered) -> None:
    trouble = {"commit": "", "objects": [], "trouble": "repository not found"}
    given = source(
        shop,
        trouble="waal/shop cannot be read: repository not found",
        rendered={"Kustomization flux-system/shop": trouble},
    )
    lanes = LanesView(lambda: given, "waal/shop", [FLUX], still=True)
    assert "✕ waal/shop cannot be read: repository not found" in lanes.text()
    assert "Git cannot be compared: repository not found" in DriftView(lambda: given, FLUX, still=True).text()
    assert "✓ Current · ■ applied" in TreeView(lambda: given, FLUX, still=True).text()


def test_before_anything_is_there_they_say_so(shop: Delivered) -> None:
    empty = Source({})
    assert TreeView(lambda: empty, ARGO, still=True).text() == "Application argocd/shop: 0 objects"
    assert DriftView(lambda: empty, ARGO, still=True).text() == "Application argocd/shop: It is not there yet."
    assert LanesView(lambda: empty, "waal/shop", [ARGO], still=True).text() == (
        "waal/shop: 0 newest commits with neither Flux nor Argo CD"
    )


def test_an_action_gives_its_sentence_and_an_unknown_one_is_refused(shop: Delivered) -> None:
    given = source(shop)
    view = LanesView(lambda: given, "waal/shop", [FLUX], actions={"drift": lambda: "kubectl scale"}, still=True)
    assert view.act("drift") == "kubectl scale"
    with pytest.raises(LabError, match="There is: drift"):
        view.act("revert")


def test_the_tree_of_an_application_needs_no_git(shop: Delivered) -> None:
    given = source(shop, rendered={})
    assert "Deployment web 2/2 · ✓ Healthy · ✓ Synced" in TreeView(lambda: given, ARGO, still=True).text()


def see(view: TreeView, who: str, seen: bool) -> None:
    view.asked({"do": "see", "who": who, "seen": seen})


def test_git_is_asked_while_one_of_the_browsers_shows_it(shop: Delivered) -> None:
    given = source(shop)
    view = TreeView(lambda: given, FLUX)
    see(view, "one", True)
    see(view, "other", True)
    see(view, "one", False)
    assert given.seen == [True, True, True, True], "at first whoever runs the cell looks"
    see(view, "other", False)
    assert given.seen[-1] is False
    view.close()


def test_what_nobody_saw_is_followed_anew_when_a_cell_asks(shop: Delivered) -> None:
    opened: list[Source] = []

    def fresh() -> Source:
        opened.append(source(shop))
        return opened[-1]

    view = TreeView(fresh, FLUX)
    view.resume()
    assert len(opened) == 1, "it is live"
    see(view, "one", False)
    view.resume()
    assert (len(opened), opened[-1].seen, view.is_live) == (2, [False], True)
    view.close()
