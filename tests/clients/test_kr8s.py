"""``kr8s``: what it looks like to somebody who writes a script with it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import kr8s
import pytest
from kr8s.objects import ConfigMap, Deployment, Node, Pod, new_class

pytestmark = [
    pytest.mark.process,
    # it names the versions it was tried with; a real server of ours would make it say the same
    pytest.mark.filterwarnings("ignore:Kubernetes version .* is not supported"),
]


@pytest.fixture
def api(kubeconfig: Path, namespace: str) -> Any:
    """kr8s in the test's own namespace."""
    made = kr8s.api(kubeconfig=str(kubeconfig))
    made.namespace = namespace
    return made


def deployment(name: str, api: Any, replicas: int = 1) -> Deployment:
    labels = {"app": name}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "c", "image": "nginx:1.27"}]}}
    spec = {"replicas": replicas, "selector": {"matchLabels": labels}, "template": template}
    body = {"metadata": {"name": name, "namespace": api.namespace}, "spec": spec}
    return Deployment(body, api=api)


def pod(name: str, api: Any) -> Pod:
    spec = {"containers": [{"name": "c", "image": "nginx:1.27"}]}
    return Pod({"metadata": {"name": name, "namespace": api.namespace}, "spec": spec}, api=api)


def test_it_knows_the_server_and_who_it_is(api: Any) -> None:
    assert api.version()["major"] == "1"
    assert api.whoami() == "kubernetes-admin"
    assert api.lookup_kind("deploy") == ("deployment.apps/v1", "deployments", True)
    assert {"v1", "apps/v1"} <= set(api.api_versions())


def test_objects_are_created_labelled_annotated_patched_and_deleted(api: Any, namespace: str) -> None:
    body = {"metadata": {"name": "a", "namespace": namespace}, "data": {"k": "v"}}
    made = ConfigMap(body, api=api)
    made.create()
    made.label(env="dev", team="a")
    made.label("team-")
    made.annotate(note="x")
    made.patch([{"op": "replace", "path": "/data/k", "value": "w"}], type="json")
    [found] = api.get("configmaps", "a", namespace=namespace)
    assert (dict(found.labels), dict(found.annotations)) == ({"env": "dev"}, {"note": "x"})
    assert found.raw["data"] == {"k": "w"}
    assert [one.name for one in api.get("cm", namespace=namespace, label_selector={"env": "dev"})] == ["a"]
    made.delete()
    assert not made.exists()
    with pytest.raises(kr8s.NotFoundError):
        made.refresh()


def test_a_pod_is_waited_for_read_and_deleted(api: Any) -> None:
    made = pod("web", api)
    made.create()
    made.wait("condition=Ready", timeout=60)
    assert made.ready()
    assert made.status.phase == "Running"
    assert isinstance(list(made.logs()), list)
    made.delete(grace_period=1)
    made.wait("delete", timeout=60)


def test_a_deployment_is_scaled_until_its_pods_are_ready(api: Any) -> None:
    made = deployment("web", api)
    made.create()
    made.wait("condition=Available", timeout=60)
    made.scale(3)
    assert made.replicas == 3
    made.wait("jsonpath='{.status.readyReplicas}'=3", timeout=60)
    assert {found.metadata.labels.app for found in made.pods()} == {"web"}
    assert len(made.pods()) == 3


def test_a_watch_tells_changes_as_they_happen(api: Any, namespace: str) -> None:
    made = ConfigMap({"metadata": {"name": "a", "namespace": namespace}}, api=api)
    made.create()
    seen = []
    for event, found in api.watch("configmaps", namespace=namespace, field_selector="metadata.name=a"):
        seen.append((event, found.name))
        if event == "ADDED":
            found.patch({"data": {"k": "v"}})
        if event == "MODIFIED":
            found.delete()
        if event == "DELETED":
            break
    assert seen == [("ADDED", "a"), ("MODIFIED", "a"), ("DELETED", "a")]


def test_nodes_are_cordoned_and_tainted(api: Any) -> None:
    node: Node = next(found for found in api.get("nodes") if found.name == "lab-worker3")
    node.cordon()
    node.refresh()
    assert node.spec.unschedulable
    node.uncordon()
    node.taint("only", "us", effect="NoSchedule")
    node.refresh()
    assert {"key": "only", "value": "us", "effect": "NoSchedule"} in node.spec.taints
    node.patch({"spec": {"taints": None}})


def test_a_long_list_comes_in_pages(api: Any, namespace: str) -> None:
    names = [f"c{number:03}" for number in range(120)]  # kr8s asks for a hundred at a time
    for name in names:
        ConfigMap({"metadata": {"name": name, "namespace": namespace}}, api=api).create()
    found = [one.name for one in api.get("configmaps", namespace=namespace)]
    assert [name for name in found if name.startswith("c")] == names


def test_kinds_that_it_has_no_class_for_work_too(api: Any, namespace: str) -> None:
    leases = new_class("Lease", version="coordination.k8s.io/v1")
    made = leases({"metadata": {"name": "mine", "namespace": namespace}, "spec": {"holderIdentity": "me"}}, api=api)
    made.create()
    [found] = api.get("leases.coordination.k8s.io", "mine", namespace=namespace)
    assert found.spec.holderIdentity == "me"


def test_a_refusal_tells_what_the_server_said(api: Any, namespace: str) -> None:
    with pytest.raises(kr8s.ServerError, match="Invalid value") as refused:
        ConfigMap({"metadata": {"name": "Not_A_Name", "namespace": namespace}}, api=api).create()
    assert refused.value.status["reason"] == "Invalid"
