"""Argo CD's kinds are served as its own definitions serve them."""

from __future__ import annotations

import pytest
from argocd_cluster import Argo

from gitopslab.errors import InvalidError
from gitopslab.gitops.argocd.kinds import APPLICATIONS, NAMESPACE

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
