"""``lab.explain`` on a running cluster, through its API alone."""

from __future__ import annotations

import pytest

from gitopslab import errors
from gitopslab.lab import Lab

pytestmark = pytest.mark.process

POD = """
apiVersion: v1
kind: Pod
metadata: {name: %s}
spec:
  containers: [{name: web, image: "nginx:1.27", resources: {requests: {cpu: "%s"}}}]
"""
DEPLOYMENT = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: %d
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers: [{name: web, image: "nginx:1.27", resources: {limits: {cpu: "%s"}}}]
"""


def waiting(lab: Lab, name: str = "big", cpu: str = "64") -> str:
    """A pod that fits nowhere, and what its event says."""
    lab.apply(POD % (name, cpu))
    lab.wait(f"pod/{name}", lambda pod: bool(pod["status"].get("conditions")))
    return str(lab.events(f"pod/{name}")[-1]["message"])


def test_a_pending_pod_is_explained_in_the_words_of_its_event(lab: Lab) -> None:
    said = waiting(lab)
    why = lab.explain("pod/big")
    assert why.message == said
    assert said in why.text
    assert why.node is None
    assert {row["node"]: row["plugin"] for row in why.rows} == {
        "lab-control-plane": "TaintToleration",
        "lab-worker": "NodeResourcesFit",
        "lab-worker2": "NodeResourcesFit",
        "lab-worker3": "NodeResourcesFit",
    }
    assert why.row("lab-worker3")["detail"] == "needs 64 CPU, 2 of 2 free"


def test_a_pod_that_runs_is_explained_with_every_score(lab: Lab) -> None:
    lab.apply(POD % ("small", "100m"))
    lab.wait("pod/small")
    why = lab.explain("pod", "small")
    placed = lab.get("pod/small")["spec"]["nodeName"]
    assert why.node == placed
    assert why.row(placed)["is_here"]
    assert why.row(placed)["total"] == sum(why.row(placed)["scores"].values()) > 0


def test_a_what_if_applies_nothing(lab: Lab) -> None:
    waiting(lab)
    before = lab.get("pod/big")["metadata"]["resourceVersion"]
    why = lab.explain("pod/big")
    smaller = why.what_if(cpu="500m", tolerates="node-role.kubernetes.io/control-plane")
    assert smaller.node is not None
    assert smaller.changes == ("it asks for 500m cpu; it tolerates node-role.kubernetes.io/control-plane",)
    assert smaller.row("lab-control-plane")["was"] == "out"
    assert why.node is None
    assert lab.get("pod/big")["metadata"]["resourceVersion"] == before


def test_what_ifs_about_the_cluster_are_chained(lab: Lab) -> None:
    waiting(lab, "gpu", "3")
    lab.wait("pod/gpu", "create")
    why = lab.explain("pod/gpu").with_taint("lab-worker", "gpu=true:NoSchedule").cordoned("lab-worker2")
    assert why.row("lab-worker")["detail"] == "taint gpu=true:NoSchedule is not tolerated"
    assert why.row("lab-worker2")["plugin"] == "NodeUnschedulable"
    open_again = why.without_taint("gpu").uncordoned("lab-worker2")
    assert {row["state"] for row in open_again.rows if row["node"] in ("lab-worker", "lab-worker2")} <= {
        "fits",
        "chosen",
    }
    assert why.with_node("huge", cpu=64).row("huge")["was"] == "new"
    assert [row["node"] for row in why.without_node("lab-worker3").rows] == [
        "lab-control-plane",
        "lab-worker",
        "lab-worker2",
    ]
    labelled = lab.explain("pod/gpu").what_if(node_selector={"disk": "ssd"})
    assert labelled.node is None
    assert labelled.with_label("lab-worker2", "disk=ssd").node == "lab-worker2"
    assert labelled.with_label("lab-worker2", "disk=ssd").without_label("lab-worker2", "disk").node is None


def test_a_workload_is_explained_by_its_pod_that_waits(lab: Lab) -> None:
    lab.apply(DEPLOYMENT % (1, "64"))
    lab.wait("deployment/web", lambda found: found["status"].get("unavailableReplicas") == 1)
    lab.wait("pods", lambda pod: bool(pod["status"].get("conditions")), labels="app=web")
    assert lab.explain("deployment/web").picture.pod.rpartition("/")[2].startswith("web-")


def test_a_manifest_is_explained_before_it_is_applied(lab: Lab) -> None:
    """With the cluster's own defaults: the limit is the request."""
    why = lab.explain(DEPLOYMENT % (1, "64"))
    assert why.picture.asks == "64 CPU"
    assert why.node is None
    assert len(lab.list("pods")) == 0


def test_a_manifest_of_a_pod_whose_name_is_taken_is_explained_too(lab: Lab) -> None:
    lab.apply(POD % ("taken", "100m"))
    assert lab.explain(POD % ("taken", "64")).node is None


def test_an_invalid_manifest_is_refused_as_the_server_would(lab: Lab) -> None:
    with pytest.raises(errors.InvalidError, match="name"):
        lab.explain((POD % ("x", "1")).replace("name: web", "name: Not_A_Name"))


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda why: why.what_if(), "nothing is to be otherwise"),
        (lambda why: why.what_if(cpu="many"), "'many' is no amount of cpu"),
        (lambda why: why.what_if(cpu="1", container="nginx"), "no container 'nginx'"),
        (lambda why: why.with_taint("lab-worker", "gpu"), "'gpu' is no taint"),
        (lambda why: why.without_taint("gpu"), "no node has the taint 'gpu'"),
        (lambda why: why.without_taint("gpu", "lab-worker"), "lab-worker has no taint 'gpu'"),
        (lambda why: why.cordoned("worker-9"), "there is no node 'worker-9'"),
        (lambda why: why.row("worker-9"), "there is no node 'worker-9'"),
        (lambda why: why.without_pod("ghost"), "there is no pod 'ghost'"),
    ],
)
def test_a_wrong_what_if_says_what_is_there(lab: Lab, ask: object, message: str) -> None:
    why = lab.explain(POD % ("x", "1"))
    with pytest.raises(errors.LabError, match=message) as caught:
        ask(why)  # type: ignore[operator]
    assert caught.value.hint


def test_something_without_pods_cannot_be_explained(lab: Lab) -> None:
    with pytest.raises(errors.LabError, match="no pod, nor anything that makes pods"):
        lab.explain("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n")
    lab.apply(DEPLOYMENT % (0, "1"))
    with pytest.raises(errors.LabError, match="has no pods to explain"):
        lab.explain("deployment/web")


def test_a_still_lab_shows_a_picture(lab: Lab) -> None:
    why = lab.explain(POD % ("x", "1"))
    shown = why.static()._repr_mimebundle_()
    assert shown["text/plain"] == why.text == repr(why)
    assert shown["image/svg+xml"].startswith("<svg")


def test_figures_for_papers_say_what_the_pictures_say(lab: Lab) -> None:
    why = lab.explain(POD % ("x", "1"))
    assert lab.plot.decision(why).text == why.text
    assert lab.plot.decision(why.what_if(cpu="64"), dark=True).text.count("refused") == 4
    assert "lab-worker3" in lab.plot.board().text
