"""Fields that a Kustomization leaves to others (``spec.ignore``): drift in them alone is none."""

from __future__ import annotations

from typing import Any

import pytest
from flux_cluster import KS, Flux, config_map
from projects import Project

from gitopslab.controlplane.server.local import LocalApi
from gitopslab.controlplane.server.options import Caller

WEB = """apiVersion: apps/v1
kind: Deployment
metadata: {name: NAME, namespace: default, labels: {app: NAME}}
spec:
  replicas: 1
  selector: {matchLabels: {app: NAME}}
  template:
    metadata: {labels: {app: NAME}}
    spec: {containers: [{name: web, image: "nginx:TAG"}]}
"""
REPLICAS = {"paths": ["/spec/replicas"]}


def manifest(name: str = "web", tag: str = "1") -> str:
    return WEB.replace("NAME", name).replace("TAG", tag)


@pytest.fixture
def _applied(flux: Flux, project: Project) -> None:
    project.commit({"web.yaml": manifest()})
    flux.repository(project.url, interval="1m")
    flux.kustomization(interval="1m", ignore=[REPLICAS])


def scale(flux: Flux, count: int, name: str = "web", *, manager: str = "", apply: bool = False) -> None:
    """Change the replicas, as an autoscaler does or as somebody who applies."""
    api = LocalApi(flux.plane.verbs, Caller("admin", ("system:masters",), manager)) if manager else flux.api
    wanted = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name, "namespace": "default"}}
    api.patch("deployments.apps", name, {**wanted, "spec": {"replicas": count}}, "default",
              type="apply" if apply else "merge")  # fmt: skip


def spec(flux: Flux, name: str = "web") -> Any:
    return flux.get("deployments.apps", name, "default")["spec"]


@pytest.mark.usefixtures("_applied")
def test_drift_in_an_ignored_field_stays(flux: Flux) -> None:
    scale(flux, 3)
    before = flux.get("deployments.apps", "web", "default")["metadata"]["generation"]
    flux.advance(130)
    assert spec(flux)["replicas"] == 3
    assert flux.get("deployments.apps", "web", "default")["metadata"]["generation"] == before


@pytest.mark.usefixtures("_applied")
def test_a_new_commit_takes_the_rest_and_leaves_the_ignored_field(flux: Flux, project: Project) -> None:
    scale(flux, 3)
    project.commit({"web.yaml": manifest(tag="2")})
    flux.sync()
    assert spec(flux)["template"]["spec"]["containers"][0]["image"] == "nginx:2"
    assert spec(flux)["replicas"] == 3


@pytest.mark.usefixtures("_applied")
def test_a_field_that_another_applies_is_given_up(flux: Flux, project: Project) -> None:
    scale(flux, 3, manager="autoscaler", apply=True)
    project.commit({"web.yaml": manifest(tag="2")})
    flux.sync()
    assert spec(flux)["replicas"] == 3
    fields = {entry["manager"]: entry["fieldsV1"].get("f:spec", {})
              for entry in flux.get("deployments.apps", "web", "default")["metadata"]["managedFields"]
              if entry["operation"] == "Apply"}  # fmt: skip
    assert "f:replicas" in fields["autoscaler"]
    assert "f:replicas" not in fields["kustomize-controller"]


@pytest.mark.usefixtures("_applied")
def test_an_object_that_is_gone_comes_back_whole(flux: Flux) -> None:
    flux.api.delete("deployments.apps", "web", "default")
    flux.plane.settle()
    flux.advance(61)
    assert spec(flux)["replicas"] == 1


@pytest.mark.usefixtures("_applied")
def test_without_the_rule_the_drift_is_repaired(flux: Flux) -> None:
    scale(flux, 3)
    flux.advance(61)
    flux.change(KS, "app", {"ignore": None})
    assert spec(flux)["replicas"] == 1


@pytest.mark.parametrize(
    ("target", "kept"),
    [
        ({"kind": "Deployment"}, {"web", "api"}),
        ({"kind": "Deploy"}, set()),
        ({"kind": "Deploy.*", "name": "web"}, {"web"}),
        ({"labelSelector": "app=api"}, {"api"}),
        ({"labelSelector": "app!=api", "namespace": "default", "group": "apps", "version": "v1"}, {"web"}),
        ({"annotationSelector": "a=b"}, set()),
    ],
)
def test_a_target_selects_objects(flux: Flux, project: Project, target: dict[str, str], kept: set[str]) -> None:
    project.commit({"web.yaml": manifest(), "api.yaml": manifest("api")})
    flux.repository(project.url)
    flux.kustomization(interval="1m", ignore=[{**REPLICAS, "target": target}])
    for name in ("web", "api"):
        scale(flux, 3, name)
    flux.advance(61)
    assert {name for name in ("web", "api") if spec(flux, name)["replicas"] == 3} == kept


def test_a_target_that_cannot_be_read_is_told(flux: Flux, project: Project) -> None:
    project.commit({"web.yaml": manifest()})
    flux.repository(project.url)
    flux.kustomization()
    flux.change(KS, "app", {"ignore": [{**REPLICAS, "target": {"name": "("}}]})
    scale(flux, 3)
    flux.advance(601)
    found = flux.condition(KS)
    assert found is not None
    assert found[1] == "ReconciliationFailed"
    assert "invalid regex in spec.ignore" in found[2]


def test_a_path_that_is_no_pointer_is_told(flux: Flux, project: Project) -> None:
    project.commit({"a.yaml": config_map("a", x="1")})
    flux.repository(project.url)
    flux.kustomization()
    flux.change(KS, "app", {"ignore": [{"paths": ["data"]}]})
    message = "replace operation does not apply: doc is missing path: data: missing value\n"
    assert flux.condition(KS) == ("False", "ReconciliationFailed", message)
