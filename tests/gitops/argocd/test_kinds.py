"""Argo CD's kinds are served as its own definitions serve them."""

from __future__ import annotations

import pytest
from argocd_cluster import Argo, config_map
from projects import Project

from gitopslab.errors import InvalidError
from gitopslab.gitops.argocd.kinds import APP_PROJECTS, APPLICATION_SETS, APPLICATIONS, NAMESPACE

_SPEC = {"project": "default", "source": {"repoURL": "http://x/y.git"}, "destination": {"namespace": "default"}}


def test_an_application_has_no_status_subresource_so_every_write_counts_as_a_new_generation(argo: Argo) -> None:
    argo.create("Application", "app", _SPEC, {"annotations": {"argocd.argoproj.io/skip-reconcile": "true"}})
    before = argo.get()["metadata"]["generation"]
    argo.api.patch(APPLICATIONS, "app", {"status": {"controllerNamespace": "argocd"}}, NAMESPACE)
    assert argo.get()["metadata"]["generation"] == before + 1


def test_an_application_needs_a_project_and_a_destination(argo: Argo) -> None:
    with pytest.raises(InvalidError, match=r"spec.project: Required value"):
        argo.create("Application", "app", {"destination": {}})


def test_all_three_kinds_are_there(argo: Argo) -> None:
    for plural in ("applications", "appprojects", "applicationsets"):
        definition = argo.get("customresourcedefinitions.apiextensions.k8s.io", f"{plural}.argoproj.io", "")
        version = definition["spec"]["versions"][0]
        assert (version["name"], version["served"], version["storage"]) == ("v1alpha1", True, True)
        columns = [column["name"] for column in version.get("additionalPrinterColumns") or []]
        assert columns == (["Sync Status", "Health Status", "Revision", "Project"] if plural == "applications" else [])


@pytest.mark.parametrize(("plural", "names"), [
    ("applications", ["app", "apps"]), ("appprojects", ["appproj", "appprojs"]),
    ("applicationsets", ["appset", "appsets"]),
])  # fmt: skip
def test_kinds_have_short_names(argo: Argo, plural: str, names: list[str]) -> None:
    resource = argo.plane.verbs.catalog.by_key(f"{plural}.argoproj.io")
    assert resource is not None
    assert (list(resource.short_names), resource.namespaced, list(resource.categories)) == (names, True, [])


def test_columns_lead_to_status_and_the_wide_ones_only_when_asked(argo: Argo) -> None:
    definition = argo.get("customresourcedefinitions.apiextensions.k8s.io", "applications.argoproj.io", "")
    columns = definition["spec"]["versions"][0]["additionalPrinterColumns"]
    assert [(each["jsonPath"], each.get("priority", 0)) for each in columns] == [
        (".status.sync.status", 0), (".status.health.status", 0), (".status.sync.revision", 10), (".spec.project", 10),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("resource", "name", "is_kept"), [(APP_PROJECTS, "default", True), (APPLICATION_SETS, "set", False)]
)
def test_only_an_application_set_has_a_status_of_its_own(argo: Argo, resource: str, name: str, is_kept: bool) -> None:
    argo.create("ApplicationSet", "set", {"generators": [], "template": {"metadata": {}, "spec": _SPEC}})
    before = argo.get(resource, name)["metadata"]["generation"]
    argo.api.patch(resource, name, {"status": {"resourcesCount": 7}}, NAMESPACE)
    after = argo.get(resource, name)
    assert after["metadata"]["generation"] == before + is_kept
    assert (after.get("status", {}).get("resourcesCount") == 7) is is_kept


def test_an_empty_project_is_the_default_one(argo: Argo, project: Project) -> None:
    project.commit({"a.yaml": config_map("a")})
    argo.application(project.url, project="")
    assert (argo.sync_status(), argo.conditions()) == ("OutOfSync", [])
