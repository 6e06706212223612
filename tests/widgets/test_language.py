"""Widgets speak the language of the learner's folder; what a cluster calls things stays as it is."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from board_samples import believable
from decision_samples import nowhere
from delivery_samples import Delivered, drawn_drift, drawn_lanes, drawn_tree
from fake_source import FakeSource
from jupyterlab_in_browser import CHROMIUM
from pipeline_samples import plan
from widget_page import Shown, chromium, header

from gitopslab.machinery.language import drawn, speak, words
from gitopslab.machinery.objects import Object
from gitopslab.views.board import board
from gitopslab.views.board_text import board_text
from gitopslab.views.decision_text import decision_text
from gitopslab.views.drift import drift_svg, drift_text
from gitopslab.views.drift.model import FATES, STATES
from gitopslab.views.lanes import lanes_svg, lanes_text
from gitopslab.views.pipeline_text import pipeline_text
from gitopslab.views.tree import tree_text
from gitopslab.widgets import drift
from gitopslab.widgets.base import script, sheet
from gitopslab.widgets.board import KINDS, SCRIPT, BoardView


class Cluster(FakeSource):
    def state(self) -> tuple[int, dict[str, list[Object]]]:
        return 1, dict(zip(KINDS, believable(), strict=False))


@pytest.fixture
def dutch() -> Iterator[None]:
    speak("nl")
    yield
    speak("en")


def test_the_browser_gets_the_words_of_another_language_and_none_in_english(dutch: None) -> None:
    view = BoardView(Cluster, still=True)
    assert view._options["words"]["Waiting for a node (#)"] == "Wacht op een node (#)"
    view.close()
    speak("en")
    view = BoardView(Cluster, still=True)
    assert "words" not in view._options
    view.close()


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")
def test_a_board_in_dutch(dutch: None) -> None:
    view = BoardView(Cluster, still=True)
    with chromium() as opened:
        shown = Shown(opened.new_page())
        shown.render(script(*SCRIPT), sheet("board"), dict(view._snapshot), {"words": dict(words("widgets"))})
        text = shown.page.inner_text(".gl-view")
        assert "Wacht op een node (2)" in text
        assert "aangevraagd door pods" in text
        assert "Waiting" not in text
        assert "hebben te weinig vrije CPU" in text, "sentences are translated in the browser as they are here"
        assert "lab-worker2" in text
        assert shown.page.get_attribute(".gl-counts", "aria-label") is not None
        assert shown.errors == []
    view.close()


def test_a_still_picture_speaks_it_too(dutch: None) -> None:
    view = BoardView(Cluster, still=True)
    data = view._repr_mimebundle_()
    assert "Wacht op een node (2)" in data["image/svg+xml"]
    assert "Hetzelfde in woorden" in data["text/html"]
    assert "lab-worker2" in data["image/svg+xml"]
    view.close()


def test_numbers_and_parts_are_kept(dutch: None) -> None:
    assert drawn("4 nodes · 12 objects") == "4 nodes · 12 objecten"
    assert drawn("and 3 more") == "en nog 3"
    for name in (
        "web-7c5ddbdf54-x7k2p",
        "default",
        "kube-system",
        "lab-worker",
        "web",
        "app",
        "main",
        "pod default/web",
    ):
        assert drawn(name) == name, "what a learner or a cluster named stays"
    speak("en")
    assert drawn("and 3 more") == "and 3 more"


def test_sentences_with_names_in_them(dutch: None) -> None:
    assert (
        drawn("The Deployment controller makes ReplicaSet web-54f9")
        == "De Deployment-controller maakt ReplicaSet web-54f9"
    )
    kubelets = "The kubelets of lab-worker and lab-worker2 start containers"
    assert drawn(kubelets) == "De kubelets van lab-worker and lab-worker2 starten containers"
    no_room = "No node fits: 1 has a taint it does not tolerate (gpu), 3 have too little free CPU."
    assert (
        drawn(no_room)
        == "Geen node past: 1 heeft een taint die hij niet verdraagt (gpu), 3 hebben te weinig vrije CPU."
    )
    for text, said in words("widgets").items():
        assert text.count("*") == said.count("*"), text


@pytest.fixture
def shop() -> Iterator[Delivered]:
    made = Delivered()
    yield made
    made.lab.plane.close()


def test_a_drift_in_dutch(dutch: None, shop: Delivered) -> None:
    found = drawn_drift(shop)
    assert drift_text(found).splitlines() == [
        "Kustomization flux-system/shop (Flux) bij 8c4e02d1: 3 velden van 2 objecten verschillen van Git.",
        "◔ ConfigMap/shop-flux/words: 2 velden zoals in Git",
        "    ◔ metadata.labels.mine: niets in Git, yes live, gezet door kubectl-label · weggehaald: Flux neemt over"
        " wat kubectl-label zette, bij de volgende reconcile, binnen 10m0s",
        "    ✕ data.greeting: hello in Git, good day live, gezet door kubectl-edit"
        " · wordt bij de volgende reconcile, binnen 10m0s teruggezet",
        "    ◔ data.checksum: niets in Git, 1a2b3c live, gezet door my-operator"
        " · met rust gelaten: Git noemt het niet, en Flux laat my-operator zijn velden",
        "◔ Deployment/shop-flux/web: 6 velden zoals in Git",
        "    ✕ spec.replicas: 2 in Git, 5 live, gezet door kubectl (scale)"
        " · wordt bij de volgende reconcile, binnen 10m0s teruggezet",
    ]
    assert "3 velden van 2 objecten verschillen van Git." in drift_svg(found)


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")
def test_a_drift_in_dutch_in_a_browser(dutch: None, shop: Delivered) -> None:
    message = {"drift": drawn_drift(shop).as_dict(), **header(seconds=0)}
    with chromium() as opened:
        shown = Shown(opened.new_page())
        options = {"states": STATES, "fates": FATES, "words": dict(words("widgets"))}
        shown.render(script(*drift.SCRIPT), sheet("drift"), message, options)
        assert shown.texts(".gl-df-verdict") == ["3 velden van 2 objecten verschillen van Git."]
        text = shown.page.inner_text(".gl-view")
        assert "weggehaald: Flux neemt over wat kubectl-label zette, bij de volgende reconcile, binnen 10m0s" in text
        assert "3 verschillen, 2 velden zoals in Git" in text
        assert "differ" not in text
        assert shown.errors == []


def test_lanes_in_dutch_leave_the_tools_their_own_words(dutch: None, shop: Delivered) -> None:
    found = drawn_lanes(shop)
    text = lanes_text(found)
    assert "2 nieuwste commits met Flux en Argo CD" in text
    assert "(vraagt Git elke 1m0s, herstelt elke 10m0s, prunet)" in text
    assert "✓ opgehaald +1 s · ✓ toegepast +2 s · ✓ gezond +4 s" in text
    assert "Applied revision: main@sha1:8c4e02d1" in text
    assert "Synced to 8c4e02d1, Healthy" in text
    assert ">gepusht door Learner<" in lanes_svg(found)


def test_a_tree_in_dutch(dutch: None, shop: Delivered) -> None:
    text = tree_text(drawn_tree(shop))
    assert "13 objecten, 1 niet zoals in Git" in text
    assert "✓ Current · ◔ wijkt af" in text
    assert "nog 4 Pods · ✓ alles is in orde" in text
    assert "1 oude ReplicaSet · ■ geschaald naar 0" in text


def test_a_scheduling_decision_in_dutch_keeps_the_message_of_kubernetes(dutch: None) -> None:
    found = nowhere()
    text = decision_text(found)
    assert "pod default/big vraagt om 5 CPU" in text
    assert "Geen node past: 1 heeft een taint die hij niet verdraagt, 3 hebben te weinig vrije CPU." in text
    assert "NodeResourcesFit: heeft 5 CPU nodig, 2.5 van 4 vrij" in text
    assert "0/4 nodes are available: " in text
    told = [drawn(step.told) for step in found.steps]
    assert told[0] == "Hij vraagt om 5 CPU. 4 nodes."
    assert "lab-worker, lab-worker2 en lab-worker3 vallen af, geen enkele over." in told
    assert told[-1] == "NodeResourcesFit weigerde 3 van 4 nodes."


def test_a_pipeline_and_a_board_in_dutch_words(dutch: None) -> None:
    text = pipeline_text(plan())
    assert text.startswith("Pipeline voor een push op branch main: Hij zou 4 jobs draaien in 3 stages.")
    assert "unit: zou draaien  heeft nodig: build_dev, lint" in text
    assert "build_prod: geen van zijn rules past" in text
    nodes, pods, *_ = believable()
    text = board_text(board(nodes, pods))
    assert "2 pods zonder node" in text
    assert "cpu 0.65 van 4 · geheugen 400Mi van 8Gi" in text
    assert "Zijn node, lab-worker, haalt het image op en maakt de containers." in text
