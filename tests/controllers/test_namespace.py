"""What a namespace is born with, and how it goes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from builders import config_map, deployment, pod

from gitopslab.machinery.objects import Object, annotations_of

if TYPE_CHECKING:
    from conftest import Cluster


def namespace(name: str = "team") -> Object:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


def conditions(cluster: Cluster) -> dict[str, tuple[str, str, str]]:
    found = cluster.get("namespaces", "team", "")["status"]["conditions"]
    return {each["type"]: (each["status"], each["reason"], each["message"]) for each in found}


def test_a_namespace_is_born_with_an_account_and_the_root_certificate(cluster: Cluster) -> None:
    cluster.create(namespace())
    cluster.settle()
    assert cluster.names("serviceaccounts", "team") == ["default"]
    published = cluster.get("configmaps", "kube-root-ca.crt", "team")
    assert published["data"] == {"ca.crt": "CERTIFICATE"}
    assert annotations_of(published)["kubernetes.io/description"].startswith("Contains a CA bundle")


def test_both_come_back_when_deleted_or_changed(cluster: Cluster) -> None:
    cluster.delete("serviceaccounts", "default")
    cluster.delete("configmaps", "kube-root-ca.crt")
    assert cluster.has("serviceaccounts", "default")
    cluster.patch("configmaps", "kube-root-ca.crt", {"data": {"ca.crt": "forged"}})
    assert cluster.get("configmaps", "kube-root-ca.crt")["data"] == {"ca.crt": "CERTIFICATE"}


def test_a_deleted_namespace_takes_its_content_along(cluster: Cluster) -> None:
    cluster.create(namespace())
    cluster.settle()
    cluster.create(deployment("web", namespace="team", replicas=2))
    cluster.create(config_map("settings", namespace="team"))
    cluster.settle()
    cluster.delete("namespaces", "team", "")
    assert cluster.has("configmaps", "settings", "team")
    cluster.advance(5)
    assert not cluster.has("namespaces", "team", "")
    for resource in ("pods", "deployments.apps", "configmaps", "serviceaccounts", "events"):
        assert cluster.list(resource, "team") == []


def test_pods_go_first_and_are_not_spoken_of(cluster: Cluster) -> None:
    cluster.create(namespace())
    cluster.settle()
    cluster.create(pod("slow", namespace="team"))
    cluster.settle()
    cluster.stage.stuck.update(("n1", "n2", "n3"))
    cluster.delete("namespaces", "team", "")
    cluster.advance(5)
    assert cluster.get("namespaces", "team", "")["status"]["phase"] == "Terminating"
    assert cluster.has("configmaps", "kube-root-ca.crt", "team")
    assert conditions(cluster)["NamespaceContentRemaining"] == (
        "False",
        "ContentRemoved",
        "All content successfully removed",
    )
    cluster.api.delete("pods", "slow", "team", grace_seconds=0)
    cluster.settle()
    assert not cluster.has("namespaces", "team", "")


def test_a_finalizer_in_the_namespace_is_reported_until_it_is_gone(cluster: Cluster) -> None:
    cluster.create(namespace())
    cluster.settle()
    cluster.create(config_map("held", namespace="team", metadata={"finalizers": ["example.com/hold"]}))
    cluster.delete("namespaces", "team", "")
    cluster.advance(5)
    assert conditions(cluster) == {
        "NamespaceDeletionDiscoveryFailure": (
            "False",
            "ResourcesDiscovered",
            "All resources successfully discovered",
        ),
        "NamespaceDeletionGroupVersionParsingFailure": (
            "False",
            "ParsedGroupVersions",
            "All legacy kube types successfully parsed",
        ),
        "NamespaceDeletionContentFailure": (
            "False",
            "ContentDeleted",
            "All content successfully deleted, may be waiting on finalization",
        ),
        "NamespaceContentRemaining": (
            "True",
            "SomeResourcesRemain",
            "Some resources are remaining: configmaps. has 1 resource instances",
        ),
        "NamespaceFinalizersRemaining": (
            "True",
            "SomeFinalizersRemain",
            "Some content in the namespace has finalizers remaining: example.com/hold in 1 resource instances",
        ),
    }
    cluster.patch("configmaps", "held", {"metadata": {"finalizers": None}}, "team")
    assert cluster.has("namespaces", "team", "")
    cluster.advance(8)
    assert not cluster.has("namespaces", "team", "")


def test_an_emptied_namespace_that_somebody_else_holds_has_no_finalizers_in_its_spec(cluster: Cluster) -> None:
    cluster.create({**namespace(), "metadata": {"name": "team", "finalizers": ["example.com/hold"]}})
    cluster.settle()
    cluster.delete("namespaces", "team", "")
    cluster.advance(20)
    assert cluster.get("namespaces", "team", "")["spec"] == {}
