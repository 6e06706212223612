"""The official ``kubernetes`` client: typed and dynamic calls, patches, apply, errors."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from kubernetes import client, utils
from kubernetes.client import exceptions
from kubernetes.dynamic import DynamicClient
from kubernetes.dynamic import exceptions as dynamic_exceptions
from watching import events, first

pytestmark = pytest.mark.process

_APPLY = "application/apply-patch+yaml"


def config_map(name: str, **data: str) -> client.V1ConfigMap:
    return client.V1ConfigMap(
        api_version="v1", kind="ConfigMap", metadata=client.V1ObjectMeta(name=name), data=data or None
    )


def deployment(name: str, replicas: int = 2) -> dict[str, Any]:
    labels = {"app": name}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "c", "image": "nginx:1.27"}]}}
    spec = {"replicas": replicas, "selector": {"matchLabels": labels}, "template": template}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": spec}


def status_of(error: exceptions.ApiException) -> dict[str, Any]:
    assert error.body is not None
    found: dict[str, Any] = json.loads(error.body)
    return found


def test_typed_objects_go_in_and_come_out_as_they_were(core: client.CoreV1Api, namespace: str) -> None:
    made = core.create_namespaced_config_map(namespace, config_map("a", key="value"))
    read = core.read_namespaced_config_map("a", namespace)
    assert read == made
    assert (read.data, read.metadata.uid is not None) == ({"key": "value"}, True)
    read.data["more"] = "x"
    replaced = core.replace_namespaced_config_map("a", namespace, read)
    assert replaced.data == {"key": "value", "more": "x"}
    assert int(replaced.metadata.resource_version) > int(read.metadata.resource_version)
    gone = core.delete_namespaced_config_map("a", namespace)
    assert (gone["status"], gone["details"]["uid"]) == ("Success", read.metadata.uid)


@pytest.mark.parametrize(
    ("content_type", "patch"),
    [
        ("application/merge-patch+json", {"data": {"a": None, "b": "2"}}),
        ("application/strategic-merge-patch+json", {"data": {"a": None, "b": "2"}}),
        (
            "application/json-patch+json",
            [{"op": "remove", "path": "/data/a"}, {"op": "add", "path": "/data/b", "value": "2"}],
        ),
    ],
    ids=["merge", "strategic", "json"],
)
def test_every_kind_of_patch_is_understood(
    core: client.CoreV1Api, namespace: str, content_type: str, patch: Any
) -> None:
    core.create_namespaced_config_map(namespace, config_map("a", a="1"))
    patched = core.patch_namespaced_config_map("a", namespace, patch, _content_type=content_type)
    assert patched.data == {"b": "2"}


def test_apply_creates_owns_and_conflicts(core: client.CoreV1Api, namespace: str) -> None:
    def apply(manager: str, value: str, **options: Any) -> client.V1ConfigMap:
        body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"key": value}}
        return core.patch_namespaced_config_map(
            "a", namespace, body, field_manager=manager, _content_type=_APPLY, **options
        )

    assert apply("one", "1").metadata.managed_fields[0].operation == "Apply"
    with pytest.raises(exceptions.ConflictException) as raised:
        apply("two", "2")
    assert status_of(raised.value)["details"]["causes"][0] == {
        "reason": "FieldManagerConflict",
        "message": 'conflict with "one"',
        "field": ".data.key",
    }
    taken = apply("two", "2", force=True)
    assert {entry.manager: entry.fields_v1 for entry in taken.metadata.managed_fields} == {
        "two": {"f:data": {"f:key": {}}}
    }


def test_a_stale_write_a_taken_name_a_missing_object_and_nonsense_have_errors_of_their_own(
    core: client.CoreV1Api, namespace: str
) -> None:
    made = core.create_namespaced_config_map(namespace, config_map("a"))
    core.patch_namespaced_config_map("a", namespace, {"data": {"k": "v"}})
    made.data = {"k": "w"}
    with pytest.raises(exceptions.ConflictException) as stale:
        core.replace_namespaced_config_map("a", namespace, made)
    with pytest.raises(exceptions.ConflictException) as taken:
        core.create_namespaced_config_map(namespace, config_map("a"))
    with pytest.raises(exceptions.NotFoundException) as missing:
        core.read_namespaced_config_map("b", namespace)
    with pytest.raises(exceptions.UnprocessableEntityException) as nonsense:
        core.create_namespaced_config_map(namespace, config_map("Not_A_Name"))
    with pytest.raises(exceptions.BadRequestException) as unreadable:
        core.list_namespaced_config_map(namespace, label_selector="a b")
    reasons = [status_of(raised.value)["reason"] for raised in (stale, taken, missing, nonsense, unreadable)]
    assert reasons == ["Conflict", "AlreadyExists", "NotFound", "Invalid", "BadRequest"]
    assert status_of(nonsense.value)["details"]["causes"][0]["field"] == "metadata.name"


def test_a_dry_run_answers_and_keeps_nothing(core: client.CoreV1Api, namespace: str) -> None:
    made = core.create_namespaced_config_map(namespace, config_map("a"), dry_run="All")
    assert made.metadata.uid
    with pytest.raises(exceptions.NotFoundException):
        core.read_namespaced_config_map("a", namespace)


def test_an_unknown_field_is_refused_warned_of_or_dropped(core: client.CoreV1Api, namespace: str) -> None:
    core.create_namespaced_config_map(namespace, config_map("a"))
    patch = {"dta": {"k": "v"}}
    with pytest.raises(exceptions.UnprocessableEntityException) as refused:
        core.patch_namespaced_config_map("a", namespace, patch, field_validation="Strict")
    assert 'strict decoding error: unknown field "dta"' in status_of(refused.value)["message"]
    call = core.patch_namespaced_config_map_with_http_info
    _, _, headers = call("a", namespace, patch, field_validation="Warn")
    assert headers["Warning"] == '299 - "unknown field \\"dta\\""'
    _, _, headers = call("a", namespace, patch, field_validation="Ignore")
    assert "Warning" not in headers


def test_lists_come_in_chunks_that_show_one_moment(core: client.CoreV1Api, namespace: str) -> None:
    for name in "abcde":
        core.create_namespaced_config_map(namespace, config_map(name, k="v"), _preload_content=False)
    chunk = core.list_namespaced_config_map(namespace, limit=2, field_selector="metadata.name!=kube-root-ca.crt")
    moment, names = chunk.metadata.resource_version, []
    core.delete_namespaced_config_map("e", namespace)
    while True:
        names += [item.metadata.name for item in chunk.items]
        assert chunk.metadata.resource_version == moment
        if not chunk.metadata._continue:
            break
        chunk = core.list_namespaced_config_map(
            namespace, limit=2, field_selector="metadata.name!=kube-root-ca.crt", _continue=chunk.metadata._continue
        )
    assert names == list("abcde")


def test_a_deployment_lives_its_whole_life(official: client.ApiClient, core: client.CoreV1Api, namespace: str) -> None:
    apps = client.AppsV1Api(official)
    apps.create_namespaced_deployment(namespace, deployment("web"))
    ready = first(lambda found: found.status.ready_replicas == 2, apps.list_namespaced_deployment, namespace)
    assert [condition.type for condition in ready.status.conditions] == ["Available", "Progressing"]
    scaled = apps.patch_namespaced_deployment_scale("web", namespace, {"spec": {"replicas": 3}})
    assert scaled.spec.replicas == 3
    first(lambda found: found.status.available_replicas == 3, apps.list_namespaced_deployment, namespace)
    pods = core.list_namespaced_pod(namespace, label_selector="app=web").items
    assert len(pods) == 3
    assert {owner.kind for pod in pods for owner in pod.metadata.owner_references} == {"ReplicaSet"}
    assert isinstance(core.read_namespaced_pod_log(pods[0].metadata.name, namespace), str)
    apps.delete_namespaced_deployment("web", namespace, propagation_policy="Background")
    with pytest.raises(exceptions.NotFoundException):
        apps.read_namespaced_deployment("web", namespace)


def test_an_eviction_ends_a_pod(core: client.CoreV1Api, namespace: str) -> None:
    spec = {"containers": [{"name": "c", "image": "nginx:1.27"}], "terminationGracePeriodSeconds": 0}
    core.create_namespaced_pod(namespace, {"metadata": {"name": "p"}, "spec": spec})
    first(lambda pod: pod.status.phase == "Running", core.list_namespaced_pod, namespace)
    since = core.list_namespaced_pod(namespace).metadata.resource_version
    core.create_namespaced_pod_eviction("p", namespace, {"metadata": {"name": "p"}})
    kinds = (event["type"] for event in events(core.list_namespaced_pod, namespace, resource_version=since))
    assert "DELETED" in kinds


def test_every_kind_is_discovered_and_can_be_listed(official: client.ApiClient) -> None:
    dynamic = DynamicClient(official)
    found = {(resource.group_version, resource.kind) for resource in dynamic.resources.search()}
    assert {("v1", "Pod"), ("apps/v1", "Deployment"), ("batch/v1", "CronJob")} <= found
    listable = [resource for resource in dynamic.resources.search() if "list" in (getattr(resource, "verbs", ()) or ())]
    kinds = {resource.kind: resource.get().kind for resource in listable if not resource.kind.endswith("List")}
    assert all(listed == f"{kind}List" for kind, listed in kinds.items())
    assert len(kinds) > 30


def test_dynamic_objects_are_applied_changed_and_gone(official: client.ApiClient, namespace: str) -> None:
    dynamic = DynamicClient(official)
    deployments = dynamic.resources.get(api_version="apps/v1", kind="Deployment")
    applied = deployments.server_side_apply(deployment("web", 0), namespace=namespace, field_manager="me")
    assert applied.metadata.managedFields[0].manager == "me"
    patch = {"spec": {"template": {"spec": {"containers": [{"name": "c", "image": "nginx:1.28"}]}}}}
    patched = deployments.patch(patch, name="web", namespace=namespace)
    assert [(c.name, c.image) for c in patched.spec.template.spec.containers] == [("c", "nginx:1.28")]
    with pytest.raises(dynamic_exceptions.ConflictError):
        deployments.server_side_apply(deployment("web", 0), namespace=namespace, field_manager="me")
    deployments.delete(name="web", namespace=namespace)
    with pytest.raises(dynamic_exceptions.NotFoundError):
        deployments.get(name="web", namespace=namespace)


def test_a_file_of_several_manifests_is_created(
    official: client.ApiClient, core: client.CoreV1Api, namespace: str, tmp_path: Path
) -> None:
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "web"},
        "spec": {"selector": {"app": "web"}, "ports": [{"port": 80}]},
    }
    (tmp_path / "all.yaml").write_text(yaml.safe_dump_all([deployment("web", 0), service]))
    utils.create_from_yaml(official, str(tmp_path / "all.yaml"), namespace=namespace)
    assert core.read_namespaced_service("web", namespace).spec.ports[0].target_port == 80
