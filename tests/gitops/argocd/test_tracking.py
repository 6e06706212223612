"""How objects are marked as an Application's: by the tracking id, and by the label of earlier days."""

from __future__ import annotations

import pytest
from argocd_cluster import Argo, config_map
from projects import Project

from gitopslab.gitops.argocd.kinds import INSTANCE_LABEL, TRACKING_ID
from gitopslab.gitops.argocd.state import Key
from gitopslab.gitops.argocd.tracking import Method, stamp, tracked
from gitopslab.machinery.objects import Object


def named(name: str, **metadata: object) -> Object:
    """A ConfigMap."""
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, **metadata}}


def method(name: str) -> Method:
    """A tracking method."""
    return Method.named(name, "")


@pytest.mark.parametrize(("text", "expected"), [
    ("app:<group>/<kind>:<namespace>/<name>", ("app", Key("<group>", "<kind>", "<namespace>", "<name>"))),
    ("ns_app:/Service:default/ui", ("ns_app", Key("", "Service", "default", "ui"))),
    ("app:rbac.authorization.k8s.io/ClusterRole:ns/system:controller:x",
     ("app", Key("rbac.authorization.k8s.io", "ClusterRole", "ns", "system:controller:x"))),
    ("app", None), ("app:group/kind/ns/name", None), ("app:group:kind:ns/name", None), ("", None),
])  # fmt: skip
def test_an_id_is_read(text: str, expected: object) -> None:
    assert tracked(named("x", annotations={TRACKING_ID: text})) == expected


def test_an_object_is_marked_with_all_that_tells_it_from_its_copies() -> None:
    obj = named("a")
    stamp(obj, "app", "shop")
    assert obj["metadata"]["annotations"] == {TRACKING_ID: "app:/ConfigMap:shop/a"}
    assert "labels" not in obj["metadata"]


def test_definitions_are_not_marked() -> None:
    obj = {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": "x"}}
    stamp(obj, "app", "shop")
    assert obj["metadata"] == {"name": "x"}


@pytest.mark.parametrize(("instance", "label"), [
    ("app", "app"), ("a" * 63, "a" * 63), ("a" * 70, "a" * 63), ("a" * 60 + "---bcd", "a" * 60),
])  # fmt: skip
def test_a_label_beside_the_id_holds_what_fits(instance: str, label: str) -> None:
    obj = named("a")
    stamp(obj, instance, "shop", method("annotation+label"))
    assert obj["metadata"]["labels"] == {INSTANCE_LABEL: label}
    assert obj["metadata"]["annotations"][TRACKING_ID].startswith(f"{instance}:")


@pytest.mark.parametrize(("name", "annotated", "labelled"), [
    ("annotation", True, False), ("label", False, True), ("annotation+label", True, True), ("nonsense", True, False),
])  # fmt: skip
def test_the_method_can_be_set(argo: Argo, project: Project, name: str, annotated: bool, labelled: bool) -> None:
    data = {"application.resourceTrackingMethod": name}
    argo.api.create(named("argocd-cm", namespace="argocd") | {"data": data})
    project.commit({"a.yaml": config_map("a")})
    argo.application(project.url)
    argo.sync()
    metadata = argo.get("configmaps", "a", "default")["metadata"]
    assert (TRACKING_ID in metadata["annotations"], INSTANCE_LABEL in metadata.get("labels", {})) == (
        annotated,
        labelled,
    )
    project.commit({"a.yaml": None, "b.yaml": config_map("b")})
    argo.refresh()
    assert argo.resources() == {"ConfigMap/a": "OutOfSync", "ConfigMap/b": "OutOfSync"}


def test_moving_from_the_label_to_the_id_is_no_difference(argo: Argo, project: Project) -> None:
    settings = named("argocd-cm", namespace="argocd") | {"data": {"application.resourceTrackingMethod": "label"}}
    argo.api.create(settings)
    project.commit({"a.yaml": config_map("a")})
    argo.application(project.url)
    argo.sync()
    argo.api.patch("configmaps", "argocd-cm", {"data": None}, "argocd")
    argo.plane.settle()
    argo.refresh()
    assert argo.resources() == {"ConfigMap/a": "Synced"}


def test_a_label_alone_is_not_cut_and_refused_when_it_is_too_long(argo: Argo, project: Project) -> None:
    data = {"application.resourceTrackingMethod": "label"}
    argo.api.create(named("argocd-cm", namespace="argocd") | {"data": data})
    project.commit({"a.yaml": config_map("a")})
    argo.application(project.url, "a" * 70)
    argo.sync("a" * 70)
    phase, message = argo.operation("a" * 70) or ("", "")
    assert phase == "Failed"
    assert "must be no more than 63" in message
