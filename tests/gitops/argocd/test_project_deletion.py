"""The end of an AppProject. Cases: ``TestFinalizeProjectDeletion…`` in ``appcontroller_test.go`` of Argo CD."""

from __future__ import annotations

from argocd_cluster import Argo

from gitopslab.gitops.argocd.kinds import APP_PROJECTS, APPLICATIONS, NAMESPACE, RESOURCES_FINALIZER
from gitopslab.machinery.objects import Object

NOWHERE = "http://localhost:1/none.git"


def _deleted(argo: Argo, name: str = "careful") -> Object | None:
    """A project with the finalizer, as it is after somebody has deleted it."""
    patch = {"metadata": {"finalizers": [RESOURCES_FINALIZER]}}
    argo.api.patch(APP_PROJECTS, name, patch, NAMESPACE)
    argo.api.delete(APP_PROJECTS, name, NAMESPACE)
    argo.plane.settle()
    return argo.find(APP_PROJECTS, name, NAMESPACE)


def test_a_project_without_applications_goes(argo: Argo) -> None:
    argo.project("careful")
    assert _deleted(argo) is None


def test_a_project_with_an_application_stays_until_that_is_gone(argo: Argo) -> None:
    argo.project("careful")
    argo.application(NOWHERE, project="careful")
    assert _deleted(argo) is not None
    argo.api.delete(APPLICATIONS, "app", NAMESPACE)
    argo.plane.settle()
    assert argo.find(APP_PROJECTS, "careful", NAMESPACE) is None


def test_a_project_goes_when_its_application_moves_to_another(argo: Argo) -> None:
    argo.project("careful")
    argo.application(NOWHERE, project="careful")
    assert _deleted(argo) is not None
    argo.change({"project": "default"})
    assert argo.find(APP_PROJECTS, "careful", NAMESPACE) is None


def test_other_finalizers_of_a_project_are_left(argo: Argo) -> None:
    argo.project("careful")
    finalizers = [RESOURCES_FINALIZER, "example.com/held"]
    argo.api.patch(APP_PROJECTS, "careful", {"metadata": {"finalizers": finalizers}}, NAMESPACE)
    argo.api.delete(APP_PROJECTS, "careful", NAMESPACE)
    argo.plane.settle()
    assert argo.get(APP_PROJECTS, "careful")["metadata"]["finalizers"] == ["example.com/held"]
