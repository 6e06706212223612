"""Typed relations: who belongs to whom, and what is asked for and is not there."""

from __future__ import annotations

from typing import Any

import pytest

from gitopslab.machinery.objects import Object
from gitopslab.views.relations import Ref, inventory, related

MADE = "2026-01-01T00:00:00Z"


def obj(name: str, *, owner: str = "", labels: Object | None = None, uid: str = "", **parts: Any) -> Object:
    """An object of any kind; ``owner`` is ``Kind/name``, whose uid is its name."""
    references = []
    if owner:
        kind, called = owner.split("/")
        references = [{"kind": kind, "name": called, "uid": called, "controller": True}]
    metadata = {"name": name, "namespace": "shop", "uid": uid or name, "creationTimestamp": MADE}
    return {"metadata": {**metadata, "labels": labels or {}, "ownerReferences": references}, **parts}


def wide(name: str, **parts: Any) -> Object:
    """A cluster-wide object."""
    return {"metadata": {"name": name, "uid": name, "creationTimestamp": MADE}, **parts}


def pod(name: str, *, ready: bool = True, phase: str = "Running", **changes: Any) -> Object:
    conditions = [{"type": "Ready", "status": str(ready)}, {"type": "PodScheduled", "status": "True"}]
    spec = {"nodeName": "n1", "containers": [{"name": "c"}], **changes.pop("spec", {})}
    return obj(name, spec=spec, status={"phase": phase, "conditions": conditions}, **changes)


def links(**objects: list[Object]) -> tuple[set[str], set[str]]:
    """What is related, and what is missing, as sentences; every pod has its node."""
    edges, missing = related(inventory({"nodes": [wide("n1")], **objects}))
    told = {str(edge) for edge in edges if edge.kind != "scheduled"}
    return told, {str(each) for each in missing}


def test_owners_lead_from_the_deployment_to_the_pod() -> None:
    told, missing = links(
        deployments=[obj("web")],
        replicasets=[obj("web-1", owner="Deployment/web")],
        pods=[pod("web-1-a", owner="ReplicaSet/web-1")],
    )
    assert told == {"Deployment/web owns ReplicaSet/web-1", "ReplicaSet/web-1 owns Pod/web-1-a"}
    assert missing == set()


def test_an_owner_of_the_same_name_but_another_uid_is_not_the_owner() -> None:
    told, missing = links(replicasets=[obj("web", uid="younger")], pods=[pod("web-a", owner="ReplicaSet/web")])
    assert told == set()
    assert missing == {"Pod/web-a: its owner ReplicaSet/web is gone, so the garbage collector will remove it"}


def test_a_service_selects_by_label_and_tells_its_selector() -> None:
    service = obj("web", spec={"selector": {"tier": "front", "app": "web"}})
    told, _ = links(services=[service], pods=[pod("a", labels={"app": "web", "tier": "front"}), pod("b")])
    assert told == {"Service/web selects Pod/a (app=web,tier=front)"}


@pytest.mark.parametrize(
    ("pods", "reason"),
    [
        ([pod("a"), pod("b")], "selector app=web matches 0 of 2 pods"),
        ([pod("a", labels={"app": "web"}, phase="Succeeded"), pod("b")], "selector app=web matches 0 of 1 pods"),
        ([pod("a", labels={"app": "web"}, ready=False)], "selector app=web matches 1, but none is ready"),
    ],
    ids=["no such label", "only a finished one", "not ready"],
)
def test_a_service_without_pods_says_why(pods: list[Object], reason: str) -> None:
    _, missing = links(services=[obj("web", spec={"selector": {"app": "web"}})], pods=pods)
    assert missing == {f"Service/web: {reason}"}


def test_a_port_by_name_must_be_named_by_a_container() -> None:
    service = obj("web", spec={"selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": "http"}]})
    _, missing = links(services=[service], pods=[pod("a", labels={"app": "web"})])
    assert missing == {"Service/web: targetPort http is the name of no port of its pods"}


def route(service: str, port: object) -> Object:
    backend = {"service": {"name": service, "port": port}}
    return {"rules": [{"host": "shop.test", "http": {"paths": [{"path": "/", "backend": backend}]}}]}


def test_an_ingress_routes_to_a_service() -> None:
    told, missing = links(
        ingresses=[obj("web", spec=route("web", {"number": 80}))], services=[obj("web", spec={"ports": [{"port": 80}]})]
    )
    assert (told, missing) == ({"Ingress/web routes Service/web (shop.test/ → 80)"}, set())


@pytest.mark.parametrize(
    ("spec", "reason"),
    [
        (route("wbe", {"number": 80}), "shop.test/ leads to no Service wbe"),
        (route("web", {"number": 81}), "shop.test/ leads to port 81, which Service/web does not have"),
        ({"tls": [{"secretName": "cert"}]}, "Secret/cert, the TLS certificate, does not exist"),
    ],
    ids=["no such service", "no such port", "no certificate"],
)
def test_an_ingress_that_leads_nowhere_says_why(spec: Object, reason: str) -> None:
    _, missing = links(ingresses=[obj("in", spec=spec)], services=[obj("web", spec={"ports": [{"port": 80}]})])
    assert missing == {f"Ingress/in: {reason}"}


USES = {
    "volume": ({"volumes": [{"name": "v", "configMap": {"name": "conf"}}]}, "ConfigMap/conf (volume v)"),
    "secret volume": ({"volumes": [{"name": "v", "secret": {"secretName": "key"}}]}, "Secret/key (volume v)"),
    "projected": (
        {"volumes": [{"name": "v", "projected": {"sources": [{"secret": {"name": "key"}}]}}]}, "Secret/key (volume v)",
    ),
    "environment": (
        {"containers": [{"name": "c", "envFrom": [{"configMapRef": {"name": "conf"}}]}]},
        "ConfigMap/conf (environment)",
    ),
    "variable": (
        {"containers": [
            {"name": "c", "env": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "key", "key": "k"}}}]},
        ]},
        "Secret/key (variable A)",
    ),
    "claim": (
        {"volumes": [{"name": "v", "persistentVolumeClaim": {"claimName": "data"}}]},
        "PersistentVolumeClaim/data (volume v)",
    ),
    "pull secret": ({"imagePullSecrets": [{"name": "key"}]}, "Secret/key (pull secret)"),
}  # fmt: skip


@pytest.mark.parametrize(("spec", "told"), USES.values(), ids=USES)
def test_pods_mount_what_they_read(spec: Object, told: str) -> None:
    there, missing = links(
        pods=[pod("a", spec=spec)],
        configmaps=[obj("conf")],
        secrets=[obj("key", data={"k": "dg=="})],
        persistentvolumeclaims=[obj("data", spec={"volumeName": "pv"})],
        persistentvolumes=[wide("pv", spec={})],
    )
    assert {each for each in there if each.startswith("Pod")} == {f"Pod/a mounts {told}"}
    assert missing == set()
    _, without = links(pods=[pod("a", spec=spec)])
    assert len(without) == 1
    assert without.pop().startswith(f"Pod/a: {told.partition(' ')[0]}, its ")


def test_what_is_optional_is_not_missed_and_a_key_can_be_missing() -> None:
    def reads(**how: Any) -> Object:
        variable = {"name": "A", "valueFrom": {"configMapKeyRef": how}}
        return pod("a", spec={"containers": [{"name": "c", "env": [variable]}]})

    assert links(pods=[reads(name="conf", key="k", optional=True)])[1] == set()
    assert links(pods=[reads(name="conf", key="k")], configmaps=[obj("conf")])[1] == {
        "Pod/a: ConfigMap/conf has no key k"
    }


def test_storage_leads_from_the_set_to_the_class() -> None:
    template = {"metadata": {"name": "data"}}
    told, missing = links(
        statefulsets=[obj("db", spec={"volumeClaimTemplates": [template]})],
        persistentvolumeclaims=[
            obj("data-db-0", spec={"volumeName": "pv"}),
            obj("data-dbx-0", spec={"volumeName": "pv"}),
        ],
        persistentvolumes=[wide("pv", spec={"storageClassName": "fast"})],
        storageclasses=[wide("fast")],
    )
    assert told == {
        "StatefulSet/db claims PersistentVolumeClaim/data-db-0",
        "PersistentVolumeClaim/data-db-0 binds PersistentVolume/pv",
        "PersistentVolumeClaim/data-dbx-0 binds PersistentVolume/pv",
        "PersistentVolume/pv provided StorageClass/fast",
    }
    assert missing == set()


@pytest.mark.parametrize(
    ("spec", "reason"),
    [
        ({"volumeName": "pv"}, "its volume pv does not exist"),
        ({}, "no volume fits it, and it names no StorageClass that could make one"),
        ({"storageClassName": "lazy"}, "gets its volume when the first pod that uses it has a node"),
        ({"storageClassName": "eager"}, "has no volume yet"),
    ],
    ids=["gone", "no class", "waits for a pod", "being made"],
)
def test_a_claim_without_a_volume_says_why(spec: Object, reason: str) -> None:
    lazy = wide("lazy", volumeBindingMode="WaitForFirstConsumer")
    _, missing = links(persistentvolumeclaims=[obj("data", spec=spec)], storageclasses=[lazy, wide("eager")])
    assert missing == {f"PersistentVolumeClaim/data: {reason}"}


def test_a_class_that_does_not_exist_is_missed() -> None:
    _, missing = links(persistentvolumeclaims=[obj("data", spec={"storageClassName": "fsat"})])
    assert "PersistentVolumeClaim/data: StorageClass/fsat does not exist" in missing


def test_a_pod_is_on_its_node_since_it_was_placed() -> None:
    placed = pod("a")
    placed["status"]["conditions"][1]["lastTransitionTime"] = "2026-01-01T00:00:07Z"
    edges, _ = related(inventory({"nodes": [wide("n1")], "pods": [placed]}))
    assert [(edge.kind, edge.source, edge.target) for edge in edges] == [
        ("scheduled", Ref("Pod", "a", "shop"), Ref("Node", "n1"))
    ]
    assert edges[0].since == 1767225607.0


def test_a_pod_without_a_node_says_why() -> None:
    waits = pod("a", spec={"nodeName": ""})
    reason = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}
    waits["status"] = {
        "phase": "Pending",
        "conditions": [{**reason, "message": "0/1 nodes are available: 1 Insufficient cpu."}],
    }
    _, missing = links(pods=[waits])
    assert missing == {"Pod/a: No node fits: 1 has too little free CPU"}


def test_a_namespace_holds_what_nobody_made() -> None:
    told, _ = links(
        namespaces=[wide("shop")], deployments=[obj("web")], replicasets=[obj("web-1", owner="Deployment/web")]
    )
    assert told == {"Namespace/shop holds Deployment/web", "Deployment/web owns ReplicaSet/web-1"}


def test_what_every_namespace_has_is_left_out() -> None:
    volume = {"name": "kube-api-access", "projected": {"sources": [{"configMap": {"name": "kube-root-ca.crt"}}]}}
    told, missing = links(pods=[pod("a", spec={"volumes": [volume]})], configmaps=[obj("kube-root-ca.crt")])
    assert (told, missing) == (set(), set())
