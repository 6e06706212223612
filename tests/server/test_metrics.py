from __future__ import annotations

from collections.abc import Mapping

import pytest
from builders import ADMIN, pod

from gitopslab.controlplane.runtime.metrics import Usage
from gitopslab.controlplane.server.local import LocalApi
from gitopslab.controlplane.server.store import Store
from gitopslab.controlplane.server.verbs import Verbs
from gitopslab.errors import NotFoundError
from gitopslab.machinery.clock import JumpableClock, timestamp
from gitopslab.machinery.objects import Object, name_of

PODS, NODES = "pods.metrics.k8s.io", "nodes.metrics.k8s.io"


class Kubelets:
    """Every container uses 1.5 millicores and 3 MiB; every node but ``silent`` a core and a GiB."""

    def containers(self, pod: Object, at: float) -> Mapping[str, Usage]:
        statuses = pod["status"].get("containerStatuses") or ()
        return {one["name"]: Usage(1_500_000, 3 * 1024**2) for one in statuses if "running" in one["state"]}

    def node(self, node: Object, at: float) -> Usage | None:
        return None if name_of(node) == "silent" else Usage(10**9, 1024**3)


@pytest.fixture
def api(clock: JumpableClock) -> LocalApi:
    verbs = Verbs(Store(), clock)
    verbs.serve_metrics(Kubelets())
    found = LocalApi(verbs, ADMIN)
    for name in ("default", "other"):
        found.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
        found.create({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default", "namespace": name}})
    return found


def start(api: LocalApi, clock: JumpableClock, name: str, namespace: str = "default", **labels: str) -> None:
    made = api.create(pod(name, namespace, metadata={"labels": labels}))
    running = {"name": "c", "state": {"running": {"startedAt": timestamp(clock.now())}}}
    status = {**made["status"], "phase": "Running", "containerStatuses": [running]}
    api.update({**made, "status": status}, "status")


def test_a_container_is_measured_from_its_tenth_second_on(api: LocalApi, clock: JumpableClock) -> None:
    clock.jump(6)
    start(api, clock, "web")
    clock.jump(9)  # the sample of second 15 comes 9 seconds after the start
    assert api.list(PODS) == []
    clock.jump(15)
    assert [name_of(found) for found in api.list(PODS)] == ["web"]


def test_pod_metrics_show_the_last_sample(api: LocalApi, clock: JumpableClock) -> None:
    start(api, clock, "web", app="web")
    begun = clock.now()
    clock.jump(40)
    assert api.get(PODS, "web", "default") == {
        "kind": "PodMetrics",
        "apiVersion": "metrics.k8s.io/v1beta1",
        "metadata": {
            "name": "web",
            "namespace": "default",
            "creationTimestamp": timestamp(begun + 40),
            "labels": {"app": "web"},
        },
        "timestamp": timestamp(begun + 30),
        "window": "15s",
        "containers": [{"name": "c", "usage": {"cpu": "1500u", "memory": "3Mi"}}],
    }


def test_the_first_window_is_as_long_as_the_container_is_old(api: LocalApi, clock: JumpableClock) -> None:
    clock.jump(3)
    start(api, clock, "web")
    clock.jump(12)
    assert api.get(PODS, "web", "default")["window"] == "12s"


def test_metrics_are_listed_by_namespace_and_selectors(api: LocalApi, clock: JumpableClock) -> None:
    start(api, clock, "a", app="one")
    start(api, clock, "b", app="two")
    start(api, clock, "c", "other", app="one")
    clock.jump(30)
    assert [name_of(found) for found in api.list(PODS)] == ["a", "b", "c"]
    assert [name_of(found) for found in api.list(PODS, "default", labels="app=one")] == ["a"]
    assert [name_of(found) for found in api.list(PODS, fields="metadata.name=c")] == ["c"]


def test_a_node_whose_kubelet_is_silent_is_left_out(api: LocalApi) -> None:
    for name in ("node", "silent"):
        api.create({"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}})
    assert [(name_of(found), found["usage"]) for found in api.list(NODES)] == [("node", {"cpu": "1", "memory": "1Gi"})]
    with pytest.raises(NotFoundError, match=r'nodes\.metrics\.k8s\.io "silent" not found'):
        api.get(NODES, "silent")


def test_what_is_not_there_has_no_metrics(api: LocalApi) -> None:
    with pytest.raises(NotFoundError, match=r'^pods "nope" not found'):
        api.get(PODS, "nope", "default")
    api.create(pod("new"))
    with pytest.raises(NotFoundError, match=r'^pods\.metrics\.k8s\.io "default/new" not found'):
        api.get(PODS, "new", "default")


def test_a_cluster_without_metrics_does_not_know_the_kind(clock: JumpableClock) -> None:
    with pytest.raises(NotFoundError, match="could not find the requested resource"):
        LocalApi(Verbs(Store(), clock), ADMIN).list(PODS)
