"""Widgets speak the language of the learner's folder; what a cluster calls things stays as it is."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from board_samples import believable
from fake_source import FakeSource
from jupyterlab_in_browser import CHROMIUM
from widget_page import Shown, chromium

from gitopslab.machinery.language import drawn, speak, words
from gitopslab.machinery.objects import Object
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
    assert drawn("web-7c5ddbdf54-x7k2p") == "web-7c5ddbdf54-x7k2p"
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
