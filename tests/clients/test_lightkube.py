"""``lightkube``: its typed client."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from lightkube import ALL_NS, Client, KubeConfig
from lightkube.core.exceptions import ApiError
from lightkube.generic_resource import create_namespaced_resource
from lightkube.models.apps_v1 import DeploymentSpec
from lightkube.models.autoscaling_v1 import ScaleSpec
from lightkube.models.core_v1 import Container, PodSpec, PodTemplateSpec
from lightkube.models.meta_v1 import LabelSelector, ObjectMeta
from lightkube.resources.apps_v1 import Deployment
from lightkube.resources.core_v1 import ConfigMap, Node, Pod
from lightkube.types import CascadeType, PatchType, on_error_retry

pytestmark = pytest.mark.process


@pytest.fixture
def lightkube(kubeconfig: Path, namespace: str) -> Iterator[Client]:
    """The client in the test's own namespace."""
    with Client(KubeConfig.from_file(str(kubeconfig)), namespace=namespace, field_manager="lightkube") as made:
        yield made


def config_map(name: str, **data: str) -> ConfigMap:
    return ConfigMap(metadata=ObjectMeta(name=name), data=data)


def deployment(name: str, replicas: int) -> Deployment:
    labels = {"app": name}
    pods = PodTemplateSpec(
        metadata=ObjectMeta(labels=labels), spec=PodSpec(containers=[Container(name="c", image="nginx:1.27")])
    )
    spec = DeploymentSpec(replicas=replicas, selector=LabelSelector(matchLabels=labels), template=pods)
    return Deployment(metadata=ObjectMeta(name=name), spec=spec)


def test_objects_are_created_read_replaced_patched_and_deleted(lightkube: Client) -> None:
    made = lightkube.create(config_map("a", k="v"))
    assert lightkube.get(ConfigMap, "a").data == {"k": "v"}
    made.data["k"] = "w"
    assert lightkube.replace(made).data == {"k": "w"}
    patched = lightkube.patch(ConfigMap, "a", {"data": {"k": None, "n": "1"}}, patch_type=PatchType.MERGE)
    assert patched.data == {"n": "1"}
    lightkube.set(ConfigMap, "a", labels={"env": "dev"})
    assert [found.metadata.name for found in lightkube.list(ConfigMap, labels={"env": "dev"})] == ["a"]
    lightkube.delete(ConfigMap, "a")
    with pytest.raises(ApiError) as missing:
        lightkube.get(ConfigMap, "a")
    assert (missing.value.status.code, missing.value.status.reason) == (404, "NotFound")


def test_apply_is_repeatable_and_tells_conflicts(lightkube: Client) -> None:
    def wanted(value: str) -> ConfigMap:
        return ConfigMap(apiVersion="v1", kind="ConfigMap", metadata=ObjectMeta(name="a"), data={"k": value})

    first = lightkube.apply(wanted("1"))
    assert lightkube.apply(wanted("1")).metadata.resourceVersion == first.metadata.resourceVersion
    with pytest.raises(ApiError) as conflict:
        lightkube.apply(wanted("2"), field_manager="other")
    assert (conflict.value.status.reason, conflict.value.status.details.causes[0].field) == ("Conflict", ".data.k")
    assert lightkube.apply(wanted("2"), field_manager="other", force=True).data == {"k": "2"}


def test_lists_in_chunks_and_of_all_namespaces_are_complete(lightkube: Client) -> None:
    for name in "abcde":
        lightkube.create(config_map(name, mine="yes"))
    listed = lightkube.list(ConfigMap, chunk_size=2)
    assert [found.metadata.name for found in listed] == [*"abcde", "kube-root-ca.crt"]
    assert listed.resourceVersion
    everywhere = lightkube.list(ConfigMap, namespace=ALL_NS, fields={"metadata.namespace": lightkube.namespace})
    assert len(list(everywhere)) == 6
    assert len(list(lightkube.list(Node))) == 4


def test_a_watch_goes_on_where_a_list_ended(lightkube: Client) -> None:
    lightkube.create(config_map("before"))
    listed = lightkube.list(ConfigMap)
    assert "before" in [found.metadata.name for found in listed]
    lightkube.create(config_map("after"))
    lightkube.delete(ConfigMap, "before")
    stream = lightkube.watch(ConfigMap, resource_version=listed.resourceVersion, server_timeout=60)
    assert [(kind, found.metadata.name) for kind, found in (next(stream), next(stream))] == [
        ("ADDED", "after"),
        ("DELETED", "before"),
    ]


def test_a_watch_of_forgotten_history_starts_over(lightkube: Client, forget_history: Callable[[], None]) -> None:
    lightkube.create(config_map("kept"))
    listed = lightkube.list(ConfigMap)
    assert list(listed)
    lightkube.create(config_map("missed"))
    forget_history()
    stream = lightkube.watch(
        ConfigMap, resource_version=listed.resourceVersion, server_timeout=60, on_error=on_error_retry
    )
    names = {next(stream)[1].metadata.name for _ in range(3)}
    assert names == {"kept", "missed", "kube-root-ca.crt"}


def test_a_deployment_is_waited_for_and_scaled(lightkube: Client) -> None:
    lightkube.create(deployment("web", 1))
    lightkube.wait(Deployment, "web", for_conditions=["Available"])
    scale = Deployment.Scale(metadata=ObjectMeta(name="web"), spec=ScaleSpec(replicas=2))
    assert lightkube.replace(scale, "web").spec.replicas == 2
    for _, found in lightkube.watch(Deployment, fields={"metadata.name": "web"}, server_timeout=60):
        if found.status.readyReplicas == 2:
            break
    pods = [found.metadata.name for found in lightkube.list(Pod, labels={"app": "web"})]
    assert len(pods) == 2
    assert isinstance(list(lightkube.log(pods[0])), list)
    lightkube.delete(Deployment, "web", cascade=CascadeType.FOREGROUND)
    for kind, _ in lightkube.watch(Deployment, fields={"metadata.name": "web"}, server_timeout=60):
        if kind == "DELETED":
            break
    assert list(lightkube.list(Pod, labels={"app": "web"})) == [], "the foreground waits for all that it owns"


def test_many_are_deleted_at_once(lightkube: Client) -> None:
    for name in "ab":
        lightkube.create(config_map(name))
    lightkube.deletecollection(ConfigMap)
    left = {found.metadata.name for found in lightkube.list(ConfigMap)}
    assert left <= {"kube-root-ca.crt"}, "only what its controller makes anew"


def test_generic_resources_need_no_model(lightkube: Client) -> None:
    leases = create_namespaced_resource("coordination.k8s.io", "v1", "Lease", "leases")
    lightkube.create(leases(metadata={"name": "mine"}, spec={"holderIdentity": "me"}))
    assert lightkube.get(leases, "mine")["spec"] == {"holderIdentity": "me"}
