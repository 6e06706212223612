"""The resource tree: what an Application manages, and what comes of it."""

from __future__ import annotations

from typing import Any

import pytest

from gitopslab.gitops.argocd.nodes import networking_of
from gitopslab.gitops.argocd.podinfo import pod_info
from gitopslab.gitops.argocd.state import Key
from gitopslab.gitops.argocd.tree import application_tree, orphans
from gitopslab.machinery.objects import Object


def obj(version: str, kind: str, name: str, owner: Object | None = None, **rest: Any) -> Object:
    metadata: Object = {"name": name, "namespace": "web", "uid": f"{kind}-{name}", **rest.pop("metadata", {})}
    if owner is not None:
        reference = {"apiVersion": owner["apiVersion"], "kind": owner["kind"], "name": owner["metadata"]["name"]}
        metadata["ownerReferences"] = [{**reference, "uid": owner["metadata"]["uid"]}]
    return {"apiVersion": version, "kind": kind, "metadata": metadata, **rest}


def managed(kind: str, name: str, group: str = "", version: str = "v1") -> Object:
    return {"group": group, "version": version, "kind": kind, "namespace": "web", "name": name}


def names(tree: Object) -> list[str]:
    return [f"{node['kind']}/{node['name']}" for node in tree["nodes"]]


DEPLOYMENT = obj("apps/v1", "Deployment", "web", spec={"replicas": 1}, status={})
REVISION = {"annotations": {"deployment.kubernetes.io/revision": "2"}}
REPLICAS = obj("apps/v1", "ReplicaSet", "web-1", DEPLOYMENT, metadata=REVISION)
POD = obj(
    "v1", "Pod", "web-1-a", REPLICAS,
    spec={"nodeName": "worker-1", "containers": [{"name": "c", "image": "web:1"}], "restartPolicy": "Always"},
    status={
        "phase": "Running",
        "containerStatuses": [{"name": "c", "ready": True, "restartCount": 2, "state": {"running": {}}}],
    },
)  # fmt: skip


def test_what_comes_of_a_managed_object_follows_it() -> None:
    tree = application_tree(
        [managed("Deployment", "web", "apps")], [POD, obj("v1", "Pod", "other"), REPLICAS, DEPLOYMENT]
    )
    assert names(tree) == ["Deployment/web", "ReplicaSet/web-1", "Pod/web-1-a"]
    pod = tree["nodes"][2]
    assert pod["parentRefs"] == [managed("ReplicaSet", "web-1", "apps") | {"uid": "ReplicaSet-web-1"}]
    assert pod["images"] == ["web:1"]
    assert pod["health"] == {"status": "Progressing"}
    assert tree["nodes"][1]["info"] == [{"name": "Revision", "value": "Rev:2"}]


def test_a_pod_tells_why_it_is_as_it_is() -> None:
    assert pod_info(POD) == [
        ("Status Reason", "Running"), ("Node", "worker-1"), ("Containers", "1/1"), ("Restart Count", "2"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        ({"phase": "Pending"}, "Pending"),
        (
            {"containerStatuses": [{"name": "c", "state": {"waiting": {"reason": "ErrImagePull"}}}]},
            "ErrImagePull",
        ),
        (
            {"phase": "Failed", "containerStatuses": [{"name": "c", "state": {"terminated": {"exitCode": 3}}}]},
            "ExitCode:3",
        ),
        (
            {"phase": "Pending", "initContainerStatuses": [{"name": "i", "state": {"running": {}}}]},
            "Init:0/1",
        ),
    ],
)  # fmt: skip
def test_a_pods_reason_is_that_of_kubectl(status: Object, reason: str) -> None:
    pod = obj("v1", "Pod", "a", spec={"initContainers": [{"name": "i"}], "containers": [{"name": "c"}]}, status=status)
    assert pod_info(pod)[0] == ("Status Reason", reason)


def test_a_service_is_no_parent_of_the_pods_it_looks_for() -> None:
    service = obj("v1", "Service", "web", spec={"selector": {"app": "web"}})
    pod = obj("v1", "Pod", "a", metadata={"labels": {"app": "web"}})
    tree = application_tree([managed("Service", "web")], [service, pod])
    assert names(tree) == ["Service/web"]
    assert tree["nodes"][0]["networkingInfo"] == {"targetLabels": {"app": "web"}}
    assert networking_of(pod) == {"labels": {"app": "web"}}


def test_what_is_not_there_is_missing() -> None:
    tree = application_tree([managed("ConfigMap", "gone")], [])
    assert tree["nodes"] == [
        {"kind": "ConfigMap", "namespace": "web", "name": "gone", "version": "v1", "health": {"status": "Missing"}}
    ]


def test_claims_belong_to_the_statefulset_that_made_them() -> None:
    template = {"metadata": {"name": "data"}}
    database = obj("apps/v1", "StatefulSet", "db", spec={"volumeClaimTemplates": [template]})
    claims = [obj("v1", "PersistentVolumeClaim", name) for name in ("data-db-0", "data-other-0")]
    tree = application_tree([managed("StatefulSet", "db", "apps")], [database, *claims])
    assert names(tree) == ["StatefulSet/db", "PersistentVolumeClaim/data-db-0"]


def test_a_token_belongs_to_its_service_account() -> None:
    annotations = {"kubernetes.io/service-account.name": "ci", "kubernetes.io/service-account.uid": "ServiceAccount-ci"}
    token = obj("v1", "Secret", "ci", type="kubernetes.io/service-account-token", metadata={"annotations": annotations})
    tree = application_tree([managed("ServiceAccount", "ci")], [obj("v1", "ServiceAccount", "ci"), token])
    assert names(tree) == ["ServiceAccount/ci", "Secret/ci"]


@pytest.mark.parametrize(("version", "kind"), [
    ("v1", "Endpoints"), ("discovery.k8s.io/v1", "EndpointSlice"), ("coordination.k8s.io/v1", "Lease"), ("v1", "Event"),
    ("authentication.k8s.io/v1", "TokenReview"), ("certificates.k8s.io/v1", "CertificateSigningRequest"),
])  # fmt: skip
def test_kinds_that_are_excluded_are_not_shown(version: str, kind: str) -> None:
    service = obj("v1", "Service", "web")
    assert names(application_tree([managed("Service", "web")], [service, obj(version, kind, "web", service)])) == [
        "Service/web"
    ]


def test_a_node_tells_which_object_it_is_and_since_when() -> None:
    since = {"creationTimestamp": "2026-01-01T00:00:00Z"}
    (node,) = application_tree([managed("Secret", "a")], [obj("v1", "Secret", "a", metadata=since)])["nodes"]
    assert node == {
        "kind": "Secret", "namespace": "web", "name": "a", "version": "v1", "uid": "Secret-a",
        "createdAt": "2026-01-01T00:00:00Z",
    }  # fmt: skip


def test_endpoint_slices_are_not_shown() -> None:
    service = obj("v1", "Service", "web")
    slices = obj("discovery.k8s.io/v1", "EndpointSlice", "web-x", service)
    assert names(application_tree([managed("Service", "web")], [service, slices])) == ["Service/web"]


def test_an_ingress_tells_its_urls_and_where_they_lead() -> None:
    paths = [{"path": "/shop/*", "backend": {"service": {"name": "web"}}}]
    ingress = obj(
        "networking.k8s.io/v1", "Ingress", "web", spec={"rules": [{"host": "a.example", "http": {"paths": paths}}]}
    )
    assert networking_of(ingress) == {
        "targetRefs": [{"kind": "Service", "namespace": "web", "name": "web"}],
        "externalURLs": ["http://a.example/shop/"],
    }


def test_a_link_that_would_run_a_script_is_left_out() -> None:
    links = {
        "link.argocd.argoproj.io/a": "javascript:alert(1)",
        "link.argocd.argoproj.io/b": "Docs|https://example.org",
    }
    service = obj("v1", "Service", "web", metadata={"annotations": links}, spec={"selector": {"app": "web"}})
    assert networking_of(service) == {"targetLabels": {"app": "web"}, "externalURLs": ["Docs|https://example.org"]}


def test_orphans_are_what_nobody_owns_when_the_project_wants_to_know() -> None:
    objects = [POD, REPLICAS, DEPLOYMENT, obj("v1", "ConfigMap", "left"), obj("v1", "ConfigMap", "kube-root-ca.crt")]
    objects += [obj("v1", "ServiceAccount", "default"), obj("v1", "Secret", "mine")]
    owned = [Key("apps", "Deployment", "web", "web")]
    assert orphans({"spec": {}}, "web", objects, owned) == []
    rules = {"orphanedResources": {"ignore": [{"kind": "Secret", "name": "m*"}]}}
    assert orphans({"spec": rules}, "web", objects, owned) == [Key("", "ConfigMap", "web", "left")]
