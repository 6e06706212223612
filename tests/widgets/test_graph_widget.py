"""The graph as a widget: its snapshot, its edges as data, its twins."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fake_source import FakeSource

from gitopslab.machinery.objects import Object
from gitopslab.widgets import base
from gitopslab.widgets.graph import KINDS, SCRIPT, GraphView


class Cluster(FakeSource):
    """A Service and a pod that it selects, or no longer."""

    def __init__(self) -> None:
        super().__init__()
        self.labels = {"app": "web"}

    def state(self) -> tuple[int, dict[str, list[Object]]]:
        service = {"metadata": {"name": "web", "namespace": "shop"}, "spec": {"selector": {"app": "web"}}}
        ready = {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}
        metadata = {"name": "a", "namespace": "shop", "labels": self.labels}
        pod = {"metadata": metadata, "spec": {"nodeName": "n"}, "status": ready}
        return super().state()[0], {"services": [service], "pods": [pod], "nodes": [{"metadata": {"name": "n"}}]}


@pytest.fixture
def view() -> Iterator[GraphView]:
    made = GraphView(Cluster, cluster=("lab", "embedded"), namespace="shop", still=True)
    yield made
    made.close()


def test_its_edges_are_data(view: GraphView) -> None:
    assert [str(edge) for edge in view.edges] == ["Service/web selects Pod/a (app=web)", "Pod/a scheduled Node/n"]
    assert view.missing == ()


def test_the_snapshot_follows_a_change_of_labels(view: GraphView) -> None:
    source = Cluster()
    source.labels = {"app": "wbe"}
    assert view.publish(source.state()[1])
    assert [notice["reason"] for notice in view._snapshot["graph"]["notices"]] == [
        "selector app=web matches 0 of 1 pods"
    ]
    assert [str(each) for each in view.missing] == ["Service/web: selector app=web matches 0 of 1 pods"]


def test_what_looks_the_same_is_not_sent_again(view: GraphView) -> None:
    assert view.publish(Cluster().state()[1]) is False


def test_a_still_graph_is_a_picture_with_words(view: GraphView) -> None:
    bundle = view._repr_mimebundle_()
    assert bundle["text/plain"].startswith("lab (embedded): namespace shop, 3 objects, 2 relations")
    assert "<svg" in bundle["image/svg+xml"]


def test_it_follows_the_fifteen_kinds_and_nodes_and_events() -> None:
    assert len(KINDS) == 17


def test_the_script_imports_nothing_and_asks_nobody() -> None:
    script = base.script(*SCRIPT)
    assert not any(word in script for word in ("fetch(", "XMLHttpRequest", "http://localhost", "innerHTML"))
    assert script.count("export default") == 1
