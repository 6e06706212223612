"""The graph of a namespace with all fifteen kinds: its relations, where cards stand, how lines run, what is folded."""

from __future__ import annotations

import copy
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator

import pytest
from graph_samples import BROKEN, SHOP, apply, objects_of

from gitopslab.controlplane.daemon.assembly import ControlPlane
from gitopslab.machinery.clock import JumpableClock
from gitopslab.machinery.objects import Object
from gitopslab.views.graph import Graph, Item, graph, graph_message, graph_svg, graph_text
from gitopslab.views.graph.folding import MOST_ITEMS
from gitopslab.views.graph.model import CARD
from gitopslab.views.relations import KINDS

Objects = dict[str, list[Object]]


@pytest.fixture(scope="module")
def shop() -> Iterator[Objects]:
    """What the control plane made of the shop."""
    plane = ControlPlane(JumpableClock())
    plane.settle()
    apply(plane, SHOP)
    plane.advance(75)
    yield objects_of(plane)
    plane.close()


@pytest.fixture
def broken(plane: ControlPlane) -> Graph:
    """A namespace in which a Service finds nobody and a pod misses a Secret."""
    apply(plane, "{apiVersion: v1, kind: Namespace, metadata: {name: shop}}")
    apply(plane, BROKEN)
    plane.advance(5)
    return graph(objects_of(plane), namespace="shop")


def drawn(objects: Objects) -> Graph:
    return graph(objects, cluster="lab", namespace="shop")


def item(of: Graph, kind: str, name: str = "") -> Item:
    return next(each for each in of.items if each.kind == kind and each.name.startswith(name))


def places(of: Graph) -> dict[str, tuple[float, float]]:
    return {each.key: (each.x, each.y) for each in of.items}


def test_all_fifteen_kinds_are_related(shop: Objects) -> None:
    ends = {ref.kind for edge in drawn(shop).edges for ref in (edge.source, edge.target)}
    assert ends == set(KINDS.values())


@pytest.mark.parametrize(
    "chain",
    [
        ["Ingress routes Service", "Service selects Pod"],
        ["StatefulSet claims PersistentVolumeClaim", "PersistentVolumeClaim binds PersistentVolume",
         "PersistentVolume provided StorageClass"],
        ["CronJob owns Job", "Job owns Pod"],
        ["Deployment owns ReplicaSet", "ReplicaSet owns Pod"],
        ["Pod mounts ConfigMap", "Pod mounts Secret", "Pod mounts PersistentVolumeClaim", "Pod scheduled Node"],
        ["DaemonSet owns Pod", "Namespace holds Deployment"],
    ],
    ids=lambda chain: chain[0],
)  # fmt: skip
def test_its_edges_hold_the_chains_of_the_course(shop: Objects, chain: list[str]) -> None:
    found = {f"{edge.source.kind} {edge.kind} {edge.target.kind}" for edge in drawn(shop).edges}
    assert found >= set(chain)


def test_a_column_is_a_function_of_the_kind(shop: Objects) -> None:
    columns = {each.kind: int(each.x) for each in drawn(shop).items}
    assert columns == {
        "Ingress": 0, "Service": 1, "Deployment": 2, "StatefulSet": 2, "DaemonSet": 2, "CronJob": 2, "ReplicaSet": 3,
        "Job": 3, "Pod": 4, "Node": 5, "ConfigMap": 0, "Secret": 1, "PersistentVolumeClaim": 3, "PersistentVolume": 4,
        "StorageClass": 5,
    }  # fmt: skip


@pytest.mark.parametrize("which", ["shop", "broken"])
def test_no_two_cards_lie_upon_each_other(shop: Objects, broken: Graph, which: str) -> None:
    cards = (drawn(shop) if which == "shop" else broken).items
    for at, one in enumerate(cards):
        for other in cards[at + 1 :]:
            apart = one.right <= other.x or other.right <= one.x
            assert apart or one.y + one.height <= other.y or other.y + other.height <= one.y, (one.key, other.key)


def test_no_line_runs_over_a_card(shop: Objects) -> None:
    of = drawn(shop)
    for line in of.lines:
        for (ax, ay), (bx, by) in zip(line.points, line.points[1:], strict=False):
            for card in of.items:
                across = min(ax, bx) < card.right - 0.01 and max(ax, bx) > card.x + 0.01
                down = min(ay, by) < card.y + card.height - 0.01 and max(ay, by) > card.y + 0.01
                assert not (across and down), (line.kind, line.sources, card.key)


def test_nothing_moves_when_something_changes_its_state(shop: Objects) -> None:
    before, later = places(drawn(shop)), copy.deepcopy(shop)
    for pod in later["pods"]:
        pod["status"] = {"phase": "Pending"}
    for deployment in later["deployments"]:
        deployment["status"] = {}
    assert {key: place for key, place in places(drawn(later)).items() if key in before} == before


def test_nothing_above_moves_when_something_comes_and_its_column_stays(shop: Objects) -> None:
    before, later = places(drawn(shop)), copy.deepcopy(shop)
    later["deployments"].append({"metadata": {"name": "zzz", "namespace": "shop", "uid": "z"}, "spec": {"replicas": 0}})
    after = places(drawn(later))
    band = {"ConfigMap", "Secret", "PersistentVolumeClaim", "PersistentVolume", "StorageClass"}
    for key, (x, y) in before.items():
        assert after[key][0] == x
        if key.partition("/")[0] not in band:
            assert after[key][1] == y, key


def test_the_order_in_which_objects_come_does_not_matter(shop: Objects) -> None:
    turned = {kind: list(reversed(objects)) for kind, objects in shop.items()}
    assert places(drawn(turned)) == places(drawn(shop))


def test_a_service_stands_beside_the_pods_it_selects(shop: Objects) -> None:
    of = drawn(shop)
    assert item(of, "Service", "web").y == item(of, "Deployment", "web").y == item(of, "Ingress", "web").y
    assert item(of, "Service", "db").y == item(of, "StatefulSet", "db").y


def test_a_volume_stands_beside_its_claim(shop: Objects) -> None:
    of = drawn(shop)
    bound = {edge.source.name: edge.target.name for edge in of.edges if edge.kind == "binds"}
    assert len(bound) == 2
    for claim, volume in bound.items():
        assert item(of, "PersistentVolumeClaim", claim).y == item(of, "PersistentVolume", volume).y


def rollout(plane: ControlPlane) -> Graph:
    apply(plane, SHOP)
    plane.advance(20)
    container = {"name": "web", "image": "nginx:1.28"}
    patch = {"spec": {"template": {"spec": {"containers": [container]}}}}
    plane.api.patch("deployments.apps", "web", patch, "shop", type="strategic")
    for _ in range(100):
        of = graph(objects_of(plane), namespace="shop")
        sets = [each for each in of.items if each.kind == "ReplicaSet"]
        if len(sets) == 2 and all(each.count[:1] != "0" for each in sets):
            return of
        plane.advance(0.2)
    raise AssertionError("never both at once")


def test_in_a_rollout_both_replica_sets_stand_together_with_their_counts(plane: ControlPlane) -> None:
    newer, older = sorted((each for each in rollout(plane).items if each.kind == "ReplicaSet"), key=lambda each: each.y)
    assert (newer.word, newer.trend, older.word, older.trend) == ("revision 2", "grows", "revision 1", "shrinks")
    assert (newer.second, older.second) == ("▲ revision 2", "▼ revision 1")
    assert int(newer.count[-1]) + int(older.count[-1]) >= 3
    assert newer.x == older.x


def test_older_empty_replica_sets_are_one_card(shop: Objects) -> None:
    later = copy.deepcopy(shop)
    current = next(each for each in later["replicasets"] if each["metadata"]["name"].startswith("web"))
    for revision in (0, 1, 2):
        old = copy.deepcopy(current)
        old["metadata"].update(name=f"web-old{revision}", uid=f"old{revision}")
        old["metadata"]["annotations"]["deployment.kubernetes.io/revision"] = "0"
        old["spec"]["replicas"], old["status"] = 0, {"replicas": 0}
        later["replicasets"].append(old)
    fold = next(each for each in drawn(later).items if each.look == "fold")
    assert (fold.title, fold.holds, fold.word) == ("3 older", 3, "0 replicas, kept to undo")


def test_what_is_missing_is_a_red_stub_to_a_ghost_with_the_reason(broken: Graph) -> None:
    assert [(notice.text, notice.reason) for notice in broken.notices] == [
        ("Service/api", "selector app=api-server matches 0 of 1 pods"),
        ("Pod/lonely", "Secret/api-key, its environment, does not exist"),
    ]
    stubs = {line.sources[0]: line for line in broken.lines if line.look == "stub"}
    assert set(stubs) == {"Service/shop/api", "Pod/shop/lonely"}
    ghosts = {each.title: each.word for each in broken.items if each.look == "ghost"}
    assert ghosts == {"no pods": "selector app=api-server matches 0 of 1 pods", "api-key": "does not exist"}
    assert item(broken, "Service", "api").state == "failed"


def test_many_pods_are_glyphs_in_a_box_to_which_the_lines_lead(shop: Objects) -> None:
    of = drawn(crowded(shop, 20))
    chips = [each for each in of.items if each.look == "chip"]
    assert len(chips) == 20
    (left, top, width, height) = of.boxes[0]
    assert all(left <= chip.x and chip.right <= left + width and top <= chip.y for chip in chips)
    assert all(chip.y + chip.height <= top + height for chip in chips)
    owns = [line for line in of.lines if line.kind == "owns" and line.sources[0].startswith("ReplicaSet/shop/many")]
    assert [len(line.targets) for line in owns] == [20]


def test_more_than_150_are_folded_by_owner_and_the_broken_stay_open(shop: Objects) -> None:
    later = crowded(shop, MOST_ITEMS)
    later["pods"][-1]["status"] = {"phase": "Failed"}
    of = drawn(later)
    fold = next(
        each for each in of.items if each.look == "fold" and each.key.startswith("Pods of ReplicaSet/shop/many")
    )
    assert (fold.title, fold.holds) == (f"{MOST_ITEMS - 1} pods", MOST_ITEMS - 1)
    assert [each.state for each in of.items if each.kind == "Pod" and each.name.startswith("many")] == ["failed"]
    assert of.folded >= MOST_ITEMS - 1
    assert len(of.items) < 50
    assert len([edge for edge in of.edges if edge.kind == "owns"]) > MOST_ITEMS, "as data nothing is folded"


def crowded(shop: Objects, count: int) -> Objects:
    """The shop with a Deployment of many pods."""
    later = copy.deepcopy(shop)
    made = {"namespace": "shop", "creationTimestamp": "2026-01-01T00:00:00Z"}
    owner = {"kind": "Deployment", "name": "many", "uid": "many", "controller": True}
    later["deployments"].append({"metadata": {"name": "many", "uid": "many", **made}, "spec": {"replicas": count}})
    later["replicasets"].append(
        {
            "metadata": {"name": "many-1", "uid": "many-1", "ownerReferences": [owner], **made},
            "spec": {"replicas": count},
        }
    )
    maker = {"kind": "ReplicaSet", "name": "many-1", "uid": "many-1", "controller": True}
    ready = {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}
    for number in range(count):
        metadata = {"name": f"many-1-{number:03}", "uid": f"many-{number}", "ownerReferences": [maker], **made}
        spec = {"nodeName": "lab-worker", "containers": [{"name": "c"}]}
        later["pods"].append({"metadata": metadata, "spec": spec, "status": ready})
    return later


def test_the_text_says_what_is_missing_first_and_then_everything(shop: Objects, broken: Graph) -> None:
    lines = graph_text(broken).splitlines()
    assert lines[0] == "cluster: namespace shop, 3 objects, 3 relations, 2 missing"
    assert lines[1] == " ✕ Service/api: selector app=api-server matches 0 of 1 pods"
    assert "    routes to Service/web (shop.test/ → 80)" in graph_text(drawn(shop)).splitlines()


def test_the_picture_is_sound_and_loads_nothing(shop: Objects) -> None:
    picture = graph_svg(drawn(shop))
    root = ElementTree.fromstring(picture)
    assert root.tag.endswith("svg")
    assert "http" not in picture.replace("http://www.w3.org/2000/svg", "")
    sizes = [float(each.attrib["font-size"]) for each in root.iter("{http://www.w3.org/2000/svg}text")]
    assert min(sizes) >= 12


def test_the_message_tells_each_card_its_relations_both_ways(shop: Objects) -> None:
    message = graph_message(drawn(shop))
    assert ["is selected by", "Service/db", "app=db"] in message["related"]["Pod/shop/db-0"]
    assert ["selects", "Pod/db-0", "app=db"] in message["related"]["Service/shop/db"]
    assert message["width"] == 5 + CARD


def test_the_values_of_a_secret_are_nowhere_in_the_message(shop: Objects) -> None:
    assert "c2VjcmV0" not in str(graph_message(drawn(shop)))


def test_all_namespaces_have_a_heading_each_and_the_clusters_own_are_left_out(shop: Objects) -> None:
    of = graph(shop)
    assert [heading.text for heading in of.headings if heading.look == "namespace"] == ["default", "shop"]
    assert not [each for each in of.items if each.namespace == "kube-system"]
    assert [each for each in graph(shop, system=True).items if each.namespace == "kube-system"]


def test_an_empty_namespace_is_an_empty_graph() -> None:
    of = graph({}, namespace="nothing")
    assert (of.items, of.edges, graph_text(of)) == ((), (), "cluster: namespace nothing, 0 objects, 0 relations")
