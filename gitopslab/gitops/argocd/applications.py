"""The Applications there are, each with its project, and what is wrong with its spec before Git is asked."""

from __future__ import annotations

from collections.abc import Iterable

from gitopslab.controlplane.runtime.manager import Manager
from gitopslab.controlplane.runtime.reconcile import Request
from gitopslab.gitops.argocd.clusters import OWN, Cluster, clusters, destination
from gitopslab.gitops.argocd.kinds import APP_PROJECTS, APPLICATIONS, NAMESPACE
from gitopslab.gitops.argocd.project import invalid_spec, project_of
from gitopslab.machinery.objects import Object, name_of


class Applications:
    """What the cluster has of Argo CD's own objects.

    Args:
        manager: Gives informers.
    """

    def __init__(self, manager: Manager) -> None:
        self._apps = manager.informer(APPLICATIONS)
        self._projects = manager.informer(APP_PROJECTS)
        self._secrets = manager.informer("secrets")

    def get(self, request: Request) -> Object | None:
        """An Application; None when it is gone, or is not in Argo CD's own namespace."""
        return self._apps.get(request.name, NAMESPACE) if request.namespace == NAMESPACE else None

    def all(self) -> list[Request]:
        """Every Application."""
        return _requests(self._apps.list(NAMESPACE))

    def of_project(self, name: str) -> list[Request]:
        """The Applications of a project."""
        return _requests(app for app in self._apps.list(NAMESPACE) if project_of(app) == name)

    def beside(self, namespace: str) -> list[Request]:
        """The Applications that want to know what belongs to nobody in a namespace."""
        curious = {name_of(one) for one in self._projects.list(NAMESPACE) if "orphanedResources" in one["spec"]}
        apps = self._apps.list(NAMESPACE) if curious else ()
        there = (app for app in apps if app["spec"]["destination"].get("namespace") == namespace)
        return _requests(app for app in there if project_of(app) in curious)

    def project(self, app: Object) -> Object | None:
        """The project of an Application; None when there is none of that name."""
        return self._projects.get(project_of(app), NAMESPACE)

    def clusters(self) -> list[Cluster]:
        """The clusters that Argo CD knows of."""
        return clusters(self._secrets.list(NAMESPACE))

    def faults(self, app: Object) -> list[str]:
        """What is wrong with the spec of an Application: the messages of ``InvalidSpecError``."""
        known = self.clusters()
        found = invalid_spec(app, self.project(app), known)
        if found:
            return found
        cluster = destination(app["spec"]["destination"], known)
        if cluster.server == OWN.server:
            return []
        return [f'error getting cluster by server "{cluster.server}": the lab\'s Argo CD reaches only its own cluster']


def _requests(apps: Iterable[Object]) -> list[Request]:
    return [Request(NAMESPACE, name_of(app)) for app in apps]
