"""The Applications there are, each with its project, and what is wrong with its spec before Git is asked."""

from __future__ import annotations

from collections.abc import Iterable

from gitopslab.controlplane.runtime.manager import Manager
from gitopslab.controlplane.runtime.reconcile import Request
from gitopslab.errors import LabError
from gitopslab.gitops.argocd.clusters import OWN, Cluster, clusters, destination
from gitopslab.gitops.argocd.conditions import INVALID_SPEC, UNKNOWN_ERROR, said
from gitopslab.gitops.argocd.kinds import APP_PROJECTS, APPLICATIONS, NAMESPACE
from gitopslab.gitops.argocd.project import invalid_spec, is_namespace_permitted, project_of
from gitopslab.gitops.argocd.settings import Settings
from gitopslab.machinery.objects import Object, name_of, namespace_of


class ProjectError(LabError):
    """An Application has no project that it may use."""


class Applications:
    """What the cluster has of Argo CD's own objects.

    Args:
        manager: Gives informers.
        settings: In which namespaces Applications are.
    """

    def __init__(self, manager: Manager, settings: Settings) -> None:
        self._settings = settings
        self._apps = manager.informer(APPLICATIONS)
        self._projects = manager.informer(APP_PROJECTS)
        self._secrets = manager.informer("secrets")

    def get(self, request: Request) -> Object | None:
        """An Application; None when it is gone, or is where nobody looks."""
        is_looked_at = self._settings.may_have_applications(request.namespace)
        return self._apps.get(request.name, request.namespace) if is_looked_at else None

    def all(self) -> list[Request]:
        """Every Application."""
        return _requests(self._apps.list())

    def beside(self, namespace: str) -> list[Request]:
        """The Applications that want to know what belongs to nobody in a namespace."""
        curious = {name_of(one) for one in self._projects.list(NAMESPACE) if "orphanedResources" in one["spec"]}
        apps = self._apps.list() if curious else ()
        there = (app for app in apps if app["spec"]["destination"].get("namespace") == namespace)
        return _requests(app for app in there if project_of(app) in curious)

    def project(self, app: Object) -> Object | None:
        """The project of an Application; None when there is none of that name."""
        return self._projects.get(project_of(app), NAMESPACE)

    def clusters(self) -> list[Cluster]:
        """The clusters that Argo CD knows of."""
        return clusters(self._secrets.list(NAMESPACE))

    def usable_project(self, app: Object) -> Object:
        """The project of an Application.

        Raises:
            ProjectError: There is none of that name, or not for Applications of this namespace.
        """
        project, name = self.project(app), project_of(app)
        if project is None:
            raise ProjectError(f'error getting app project "{name}": appproject.argoproj.io "{name}" not found')
        if not is_namespace_permitted(project, namespace_of(app)):
            who = f"application '{name_of(app)}' in namespace '{namespace_of(app)}'"
            raise ProjectError(f"{who} is not permitted to use project '{name}'")
        return project

    def faults(self, app: Object) -> list[Object]:
        """What is wrong with an Application before Git is asked: conditions, without their times."""
        fault = self.fault_of_project(app)
        return [fault] if fault else [said(INVALID_SPEC, message) for message in self._invalid(app)]

    def fault_of_project(self, app: Object) -> Object | None:
        """The condition of an Application that has no project it may use, without its time."""
        if self.project(app) is None:
            return said(INVALID_SPEC, *invalid_spec(app, None, ()))
        try:
            self.usable_project(app)
        except ProjectError as error:
            return said(UNKNOWN_ERROR, error.message)
        return None

    def _invalid(self, app: Object) -> list[str]:
        known = self.clusters()
        found = invalid_spec(app, self.project(app), known)
        if found:
            return found
        cluster = destination(app["spec"]["destination"], known)
        if cluster.server == OWN.server:
            return []
        return [f'error getting cluster by server "{cluster.server}": the lab\'s Argo CD reaches only its own cluster']


def _requests(apps: Iterable[Object]) -> list[Request]:
    return [Request(namespace_of(app), name_of(app)) for app in apps]
