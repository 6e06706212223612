"""What counts as done, and how long to wait for it."""

from __future__ import annotations

from typing import Any

import pytest

from gitopslab.clusters.waiting import Predicate, is_ready, wait_until
from gitopslab.errors import LabError
from gitopslab.machinery.objects import Object


def workload(kind: str, wanted: int = 3, *, observed: int = 2, spec: Object | None = None, **status: Any) -> Object:
    return {
        "kind": kind,
        "metadata": {"name": "web", "generation": 2},
        "spec": {"replicas": wanted, **(spec or {})},
        "status": {"observedGeneration": observed, **status},
    }


def conditioned(kind: str, condition: str, status: str) -> Object:
    return {"kind": kind, "metadata": {}, "status": {"conditions": [{"type": condition, "status": status}]}}


ALL_NEW = {"replicas": 3, "updatedReplicas": 3, "availableReplicas": 3, "readyReplicas": 3}


@pytest.mark.parametrize(
    ("obj", "ready"),
    [
        pytest.param(workload("Deployment", **ALL_NEW), True, id="rollout complete"),
        pytest.param(workload("Deployment", **{**ALL_NEW, "replicas": 4}), False, id="an old pod is left"),
        pytest.param(workload("Deployment", **{**ALL_NEW, "availableReplicas": 2}), False, id="one is not available"),
        pytest.param(workload("Deployment", observed=1, **ALL_NEW), False, id="the change is not seen yet"),
        pytest.param(workload("Deployment", 0), True, id="scaled to nothing"),
        pytest.param(workload("ReplicaSet", **ALL_NEW), True, id="ReplicaSet"),
        pytest.param(workload("StatefulSet", currentRevision="a", updateRevision="b", **ALL_NEW), False, id="updating"),
        pytest.param(workload("StatefulSet", currentRevision="b", updateRevision="b", **ALL_NEW), True, id="updated"),
        pytest.param(
            workload("DaemonSet", desiredNumberScheduled=2, updatedNumberScheduled=2, numberAvailable=1),
            False,
            id="DaemonSet",
        ),
        pytest.param(conditioned("Pod", "Ready", "True"), True, id="pod ready"),
        pytest.param(conditioned("Pod", "Ready", "False"), False, id="pod not ready"),
        pytest.param({"kind": "Pod", "metadata": {}, "status": {"phase": "Pending"}}, False, id="pod just made"),
        pytest.param(conditioned("Job", "Complete", "True"), True, id="job done"),
        pytest.param({"kind": "Job", "metadata": {}, "status": {}}, False, id="job running"),
        pytest.param({"kind": "ConfigMap", "metadata": {}}, True, id="nothing to wait for"),
        pytest.param(
            {"kind": "PersistentVolumeClaim", "metadata": {}, "status": {"phase": "Pending"}}, False, id="unbound"
        ),
    ],
)
def test_ready_means_that_all_asked_for_is_done(obj: Object, ready: bool) -> None:
    assert is_ready(obj) is ready


POD = conditioned("Pod", "Ready", "True")


@pytest.mark.parametrize(
    ("wish", "found", "reached"),
    [
        ("ready", [POD], True),
        ("ready", [], False),
        ("condition=Ready", [POD], True),
        ("condition=ready=False", [POD], False),
        ("condition=Other", [POD], False),
        ("delete", [], True),
        ("delete", [POD], False),
        ("create", [POD], True),
        (lambda obj: obj["kind"] == "Pod", [POD, POD], True),
        (lambda obj: True, [], False),
    ],
    ids=[
        "ready", "nothing is not ready", "condition", "condition is false", "condition is absent", "deleted",
        "not deleted", "created", "function", "function of nothing",
    ],
)  # fmt: skip
def test_a_wish_is_true_of_every_object(wish: str | Predicate, found: list[Object], reached: bool) -> None:
    assert wait_until(lambda: found, wish, 0) == (reached, found)


def test_waiting_asks_again_until_the_wish_is_true() -> None:
    states = iter([[], [conditioned("Pod", "Ready", "False")], [POD]])
    assert wait_until(lambda: next(states), "ready", 5)[0]


def test_a_wish_that_cannot_be_read_is_refused_with_the_spellings() -> None:
    with pytest.raises(LabError, match="cannot wait for 'redy'"):
        wait_until(list, "redy", 0)
