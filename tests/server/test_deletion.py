from __future__ import annotations

from typing import Any

import pytest
from builders import config_map, deployment, pod

from gitopslab.controlplane.server.local import LocalApi
from gitopslab.errors import ConflictError, NotFoundError
from gitopslab.machinery.clock import JumpableClock, timestamp
from gitopslab.machinery.objects import Object


def exists(api: LocalApi, resource: str, name: str) -> bool:
    try:
        api.get(resource, name, "default")
    except NotFoundError:
        return False
    return True


def on_a_node(api: LocalApi, name: str = "web", **spec: Any) -> Object:
    api.create(pod(name, spec=spec))
    api.bind(name, "default", "lab-worker")
    return api.get("pods", name, "default")


def test_an_object_without_finalizers_is_gone_at_once(api: LocalApi) -> None:
    api.create(config_map("a"))
    api.delete("configmaps", "a", "default")
    assert not exists(api, "configmaps", "a")


def test_a_finalizer_holds_the_object_until_it_is_removed(api: LocalApi, clock: JumpableClock) -> None:
    api.create(config_map("held", metadata={"finalizers": ["example.com/hold"]}))
    api.delete("configmaps", "held", "default")
    held = api.get("configmaps", "held", "default")["metadata"]
    assert (held["deletionTimestamp"], held["deletionGracePeriodSeconds"]) == (timestamp(clock.now()), 0)
    api.patch("configmaps", "held", {"metadata": {"finalizers": None}}, "default")
    assert not exists(api, "configmaps", "held")


def test_a_pod_no_node_runs_is_gone_at_once(api: LocalApi) -> None:
    api.create(pod("web"))
    api.delete("pods", "web", "default")
    assert not exists(api, "pods", "web")


def test_watchers_see_a_pod_marked_before_it_is_gone(api: LocalApi, clock: JumpableClock) -> None:
    api.create(pod("web"))
    _, watch = api.watch("pods")
    api.delete("pods", "web", "default")
    marked, gone = watch.poll()
    assert (marked.type, gone.type) == ("MODIFIED", "DELETED")
    for event in (marked, gone):
        metadata = event.object["metadata"]
        assert (metadata["deletionTimestamp"], metadata["deletionGracePeriodSeconds"]) == (timestamp(clock.now()), 0)
    assert int(marked.object["metadata"]["resourceVersion"]) < int(gone.object["metadata"]["resourceVersion"])


def test_what_has_no_grace_is_not_marked(api: LocalApi) -> None:
    api.create(config_map("a"))
    _, watch = api.watch("configmaps")
    api.delete("configmaps", "a", "default")
    (gone,) = watch.poll()
    assert "deletionTimestamp" not in gone.object["metadata"]


def test_a_pod_on_a_node_waits_for_its_kubelet(api: LocalApi, clock: JumpableClock) -> None:
    before = on_a_node(api)
    api.delete("pods", "web", "default")
    waiting = api.get("pods", "web", "default")["metadata"]
    assert (waiting["deletionTimestamp"], waiting["deletionGracePeriodSeconds"]) == (timestamp(clock.now() + 30), 30)
    assert waiting["generation"] == before["metadata"]["generation"] + 1
    api.delete("pods", "web", "default", grace_seconds=0, uid=waiting["uid"])
    assert not exists(api, "pods", "web")


def test_a_second_deletion_may_only_shorten_the_grace(api: LocalApi) -> None:
    on_a_node(api)
    for wished, left in ((10, 10), (20, 10), (None, 10), (5, 5)):
        api.delete("pods", "web", "default", grace_seconds=wished)
        assert api.get("pods", "web", "default")["metadata"]["deletionGracePeriodSeconds"] == left


def test_a_shorter_grace_counts_from_the_first_deletion(api: LocalApi, clock: JumpableClock) -> None:
    on_a_node(api)
    asked = clock.now()
    api.delete("pods", "web", "default")
    clock.jump(7)
    api.delete("pods", "web", "default", grace_seconds=10)
    assert api.get("pods", "web", "default")["metadata"]["deletionTimestamp"] == timestamp(asked + 10)


def test_a_pod_with_a_finalizer_stays_after_its_kubelet_has_stopped_it(api: LocalApi) -> None:
    api.create(pod("web", metadata={"finalizers": ["example.com/hold"]}))
    api.bind("web", "default", "lab-worker")
    api.delete("pods", "web", "default")
    api.delete("pods", "web", "default", grace_seconds=0)
    assert api.get("pods", "web", "default")["metadata"]["deletionGracePeriodSeconds"] == 0
    api.patch("pods", "web", {"metadata": {"finalizers": None}}, "default")
    assert not exists(api, "pods", "web")


@pytest.mark.parametrize(
    ("propagation", "finalizers"),
    [("Foreground", ["foregroundDeletion"]), ("Orphan", ["orphan"])],
)
def test_a_propagation_policy_becomes_a_finalizer_for_the_garbage_collector(
    api: LocalApi, propagation: Any, finalizers: list[str]
) -> None:
    api.create(deployment("web"))
    api.delete("deployments.apps", "web", "default", propagation=propagation)
    assert api.get("deployments.apps", "web", "default")["metadata"]["finalizers"] == finalizers


def test_a_replication_controller_leaves_its_pods_behind_unless_it_is_told_not_to(api: LocalApi) -> None:
    template = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "nginx:1.27"}]}}
    head = {"apiVersion": "v1", "kind": "ReplicationController", "metadata": {"name": "rc", "namespace": "default"}}
    api.create({**head, "spec": {"replicas": 0, "selector": {"a": "b"}, "template": template}})
    api.delete("replicationcontrollers", "rc", "default")
    assert api.get("replicationcontrollers", "rc", "default")["metadata"]["finalizers"] == ["orphan"]
    api.delete("replicationcontrollers", "rc", "default", propagation="Background")
    assert not exists(api, "replicationcontrollers", "rc")


def test_preconditions_protect_another_object_of_the_same_name(api: LocalApi) -> None:
    api.create(config_map("a"))
    with pytest.raises(
        ConflictError, match=r"ConfigMap \"a\": the UID in the precondition \(other\) does not match the UID in record "
    ):
        api.delete("configmaps", "a", "default", uid="other")
    assert exists(api, "configmaps", "a")


def test_a_namespace_waits_for_its_own_finalizer(api: LocalApi) -> None:
    api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "team"}})
    api.delete("namespaces", "team")
    team = api.get("namespaces", "team")
    assert (team["status"]["phase"], team["spec"]["finalizers"]) == ("Terminating", ["kubernetes"])
    team["spec"]["finalizers"] = []
    api.update(team, subresource="finalize")
    with pytest.raises(NotFoundError, match='namespaces "team" not found'):
        api.get("namespaces", "team")
