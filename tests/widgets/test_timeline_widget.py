"""The timeline as a widget: its snapshot, its memory of what is gone, and its way back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from fake_source import FakeSource
from held_lab import Lab

from gitopslab.errors import gone
from gitopslab.machinery.objects import Object, name_of
from gitopslab.views.timeline import KINDS
from gitopslab.widgets.base import close_all
from gitopslab.widgets.timeline import TimelineView


class Cluster(FakeSource):
    """What a control plane in memory holds."""

    def __init__(self, lab: Lab) -> None:
        super().__init__()
        self.lab = lab

    def state(self) -> tuple[int, dict[str, list[Object]]]:
        return super().state()[0], self.lab.objects(KINDS)


class Past:
    """The history of a control plane in memory."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab

    def at(self, seconds: float) -> tuple[int, dict[str, list[Object]]]:
        store, revision = self.lab.plane.store, self.lab.controls.revision_at(seconds)
        if seconds < 0:
            raise gone("too old resource version")
        return revision, {
            kind: [record.copy() for record in store.list_at(kind, revision)] for kind in ("nodes", "pods", "events")
        }


@pytest.fixture
def lab() -> Iterator[Lab]:
    made = Lab()
    made.deploy("web")
    made.advance(20)
    yield made
    close_all()
    made.plane.close()


def view(lab: Lab, **more: Any) -> TimelineView:
    return TimelineView(lambda: Cluster(lab), cluster=("lab", "embedded"), **more)


def told(shown: TimelineView, **wish: Any) -> None:
    shown._handle_custom_msg(wish, [])


def test_the_snapshot_is_on_the_clusters_own_clock(lab: Lab) -> None:
    shown = view(lab, still=True)
    assert shown._snapshot["seconds"] == pytest.approx(lab.clock.now())
    assert shown._snapshot["speed"] == 0
    assert shown._snapshot["timeline"]["lanes"][0]["title"] == "web"
    shown.close()


def test_a_still_timeline_is_a_picture_with_words(lab: Lab) -> None:
    bundle = view(lab, still=True)._repr_mimebundle_()
    assert set(bundle) == {"text/plain", "image/svg+xml", "text/html"}
    assert bundle["text/plain"].startswith("Timeline: ")


def test_a_pod_that_goes_while_it_is_watched_stays_on_it(lab: Lab) -> None:
    shown = view(lab)
    (old,) = lab.pods()
    lab.api.delete("pods", name_of(old), "default")
    lab.advance(5)
    shown.publish(lab.objects(KINDS))
    lanes = shown._snapshot["timeline"]["lanes"]
    assert [bar["end"] is None for lane in lanes if lane["level"] for bar in lane["bars"]] == [False, True]
    shown.close()


def test_it_goes_back_and_returns(lab: Lab) -> None:
    shown = view(lab, history=Past(lab))
    then = lab.clock.now()
    (old,) = lab.pods()
    lab.api.delete("deployments.apps", "web", "default")
    lab.advance(60)
    told(shown, do="look", seconds=then)
    past = shown._snapshot["past"]
    assert past["seconds"] == then
    assert [pod["name"] for node in past["board"]["nodes"] for pod in node["pods"]] == [name_of(old)]
    shown.publish(lab.objects(KINDS))
    assert shown._snapshot["past"] == past, "what happens now does not end the look back"
    told(shown, do="now")
    assert shown._snapshot["past"] is None
    shown.close()


def test_a_moment_that_is_forgotten_is_told_kindly(lab: Lab) -> None:
    shown = view(lab, history=Past(lab))
    told(shown, do="look", seconds=-5)
    assert "too old resource version" in shown._snapshot["error"]
    shown.close()


@pytest.mark.parametrize("wish", [{"do": "look", "seconds": "then"}, {"do": "look"}, {"do": "dance"}, {}])
def test_a_wish_that_makes_no_sense_does_nothing(lab: Lab, wish: Object) -> None:
    shown = view(lab, history=Past(lab))
    told(shown, **wish)
    assert shown._snapshot["past"] is None
    shown.close()


def test_on_another_cluster_there_is_no_way_back(lab: Lab) -> None:
    shown = view(lab)
    told(shown, do="look", seconds=lab.clock.now())
    assert shown._snapshot["past"] is None
    assert shown._options["past"] is False
    shown.close()
