"""The board as a widget: its snapshot, its twins for those who see no widget, and its life."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest
from board_samples import believable, node, pod
from fake_source import PATIENCE, FakeSource

from gitopslab.machinery.objects import Object
from gitopslab.views.board_film import Film
from gitopslab.widgets import base
from gitopslab.widgets.base import close_all, live
from gitopslab.widgets.board import SCRIPT, BoardView


class Cluster(FakeSource):
    """Nodes, pods and events at hand."""

    def __init__(self, nodes: list[Object], pods: list[Object], events: list[Object]) -> None:
        super().__init__()
        self.objects = {"nodes": nodes, "pods": pods, "events": events}

    def state(self) -> tuple[int, dict[str, list[Object]]]:
        return super().state()[0], dict(self.objects)

    def add(self, obj: Object) -> None:
        self.objects["pods"] = [*self.objects["pods"], obj]
        self.change()


@pytest.fixture
def cluster() -> Cluster:
    return Cluster(*believable())


@pytest.fixture(autouse=True)
def _no_view_is_left() -> Iterator[None]:
    yield
    close_all()


def test_the_first_picture_is_there_before_the_widget_is_shown(cluster: Cluster) -> None:
    view = BoardView(lambda: cluster, cluster=("lab", "embedded"), still=True)
    assert next(card["name"] for card in view._snapshot["board"]["nodes"]) == "lab-control-plane"
    assert (view._snapshot["cluster"], view._snapshot["kind"]) == ("lab", "embedded")
    view.close()


def test_a_still_board_starts_no_thread_and_lets_its_source_go(cluster: Cluster) -> None:
    view = BoardView(lambda: cluster, still=True)
    assert not view.is_live
    assert cluster.closed.is_set()
    assert view._snapshot["live"] == "static"
    view.close()


def test_a_still_board_shows_as_a_picture_with_words_and_no_script(cluster: Cluster) -> None:
    view = BoardView(lambda: cluster, still=True)
    bundle = view._repr_mimebundle_()
    assert set(bundle) == {"text/plain", "image/svg+xml", "text/html"}
    assert "demo/big-5d8f7c9b6-9w4tz" in bundle["text/html"]
    assert "<script" not in bundle["text/html"]
    view.close()


def test_a_live_board_brings_its_twins_along(cluster: Cluster) -> None:
    view = BoardView(lambda: cluster)
    data, _ = view._repr_mimebundle_()
    assert set(data) == {"application/vnd.jupyter.widget-view+json", "text/plain", "image/svg+xml"}
    assert data["text/plain"].startswith("cluster: 4 nodes, 22 pods")
    view.close()


def test_a_new_pod_comes_into_the_snapshot(cluster: Cluster) -> None:
    view = BoardView(lambda: cluster)
    arrived = threading.Event()
    view.observe(lambda change: "fresh" in str(change["new"]) and arrived.set(), names="_snapshot")
    cluster.add(pod("fresh", "lab-worker"))
    assert arrived.wait(PATIENCE)
    view.close()


def test_what_looks_the_same_is_not_sent_again(cluster: Cluster) -> None:
    view = BoardView(lambda: cluster, still=True)
    assert view.publish(cluster.state()[1]) is False
    view.close()


def test_a_namespace_is_what_the_twins_show_and_the_browser_gets_them_all(cluster: Cluster) -> None:
    view = BoardView(lambda: cluster, namespace="kube-system", still=True)
    assert "demo/" not in view.text()
    assert view._snapshot["board"]["namespaces"] == ["demo", "kube-system"]
    assert view._options == {"namespace": "kube-system", "system": False, "group": "", "presenter": False}
    view.close()


def test_a_broken_object_is_an_error_in_the_widget_and_not_the_end(cluster: Cluster) -> None:
    view = BoardView(lambda: cluster)
    assert view.publish({"nodes": [{"status": {"allocatable": {"cpu": "much"}}}], "pods": [], "events": []})
    assert "ValueError" in view._snapshot["error"]
    assert len(view._snapshot["board"]["nodes"]) == 4, "the last good picture stays"
    view.close()


def test_a_lost_connection_is_told_and_then_over(cluster: Cluster) -> None:
    view = BoardView(lambda: cluster, still=True)
    view._still = False
    view.publish(cluster.state()[1], "the cluster does not answer")
    assert (view._snapshot["live"], view._snapshot["error"]) == ("lost", "the cluster does not answer")
    view.publish(cluster.state()[1], "")
    assert (view._snapshot["live"], view._snapshot["error"]) == ("live", "")
    view.close()


def test_a_cell_that_is_run_again_shows_the_same_board(cluster: Cluster) -> None:
    sources = [cluster]
    first = live(("lab", "board"), lambda: BoardView(sources.pop))
    assert live(("lab", "board"), lambda: BoardView(sources.pop)) is first, "a second one would find no source left"
    assert first.is_live


def test_a_paused_board_goes_on_with_a_fresh_source_when_asked(cluster: Cluster) -> None:
    sources = [cluster, Cluster([node("later")], [], [])]
    view = BoardView(lambda: sources.pop(0), idle_seconds=60)
    view.stop()
    view._handle_custom_msg({"do": "resume"}, [])
    assert view.is_live
    assert [card["name"] for card in view._snapshot["board"]["nodes"]] == ["later"]
    view.close()


def test_closing_the_views_of_one_owner_leaves_the_others(cluster: Cluster) -> None:
    mine = live(("mine", "board"), lambda: BoardView(lambda: cluster))
    other = live(("other", "board"), lambda: BoardView(lambda: Cluster([], [], [])))
    close_all("mine")
    assert (mine.is_live, other.is_live) == (False, True)
    assert mine._snapshot["live"] == "closed"


def test_the_script_imports_nothing_and_asks_nobody() -> None:
    script = base.script(*SCRIPT)
    assert "import " not in script.replace("cannot import another", "")
    assert not any(word in script for word in ("fetch(", "XMLHttpRequest", "http://localhost", "innerHTML"))
    assert script.count("export default") == 1


def test_a_thread_that_was_told_to_end_lays_no_picture_over_the_next(cluster: Cluster) -> None:
    view = BoardView(lambda: cluster, still=True)
    before = view._snapshot
    assert view.publish({"nodes": [node("late")], "pods": [], "events": []}, "", lambda: True) is False
    assert view._snapshot is before
    view.close()


def test_asking_why_gives_the_film_of_a_decision(cluster: Cluster) -> None:
    asked: list[tuple[str, str]] = []

    def why(namespace: str, name: str) -> Film:
        asked.append((namespace, name))
        return Film(f"{namespace}/{name}", (), (), "lab-worker", (), "")

    view = BoardView(lambda: cluster, why=why, still=True)
    view._handle_custom_msg({"do": "why", "uid": "uid-db-0"}, [])
    assert asked == [("demo", "db-0")]
    assert (view._answer["asked"], view._answer["film"]["winner"]) == (1, "lab-worker")
    view._handle_custom_msg({"do": "why", "uid": "nobody"}, [])
    assert len(asked) == 1
    view.close()


def clock(ahead: float) -> list[Object]:
    """What an embedded cluster says of its clock."""
    now = time.time()
    return [{"received": now, "clock": {"now": now + ahead, "speed": 1, "held": False}}]


def test_ages_are_told_on_the_clusters_own_clock_also_when_only_that_was_moved(cluster: Cluster) -> None:
    cluster.objects["lab"] = clock(3600)
    view = BoardView(lambda: cluster, still=True)
    assert view._snapshot["seconds"] - time.time() == pytest.approx(3600, abs=60)
    assert not view.publish(cluster.objects), "nothing is new"
    cluster.objects["lab"] = clock(7200)
    assert view.publish(cluster.objects)
    assert view._snapshot["seconds"] - time.time() == pytest.approx(7200, abs=60)
    view.close()
