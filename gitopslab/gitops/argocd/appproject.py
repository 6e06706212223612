"""AppProject: one with the finalizer goes when no Application is in it any more.

The application controller of Argo CD looks after that, too. Source: ``finalizeProjectDeletion`` in
``controller/appcontroller.go``.
"""

from __future__ import annotations

from collections.abc import Iterable

from gitopslab.controlplane.runtime.api import WatchEvent
from gitopslab.controlplane.runtime.reconcile import DONE, Request, Result, Source
from gitopslab.gitops.argocd.kinds import APP_PROJECTS, APPLICATIONS, CONTROLLER, NAMESPACE, RESOURCES_FINALIZER
from gitopslab.gitops.argocd.project import project_of
from gitopslab.gitops.surroundings import Surroundings
from gitopslab.machinery.objects import is_terminating


class AppProjectController:
    """Lets projects go.

    Args:
        given: What every controller works with.
    """

    name = f"{CONTROLLER}-projects"

    def __init__(self, given: Surroundings) -> None:
        self._api = given.api_for(CONTROLLER)
        self._projects = given.manager.informer(APP_PROJECTS)
        self._apps = given.manager.informer(APPLICATIONS)
        self.sources: tuple[Source, ...] = (Source(APP_PROJECTS), Source(APPLICATIONS, _its_project, previous=True))

    def reconcile(self, request: Request) -> Result:
        """Take the finalizer off a project that is being deleted, once nothing is in it."""
        project = self._projects.get(request.name, request.namespace)
        if project is None or not is_terminating(project):
            return DONE
        finalizers = project["metadata"].get("finalizers") or []
        is_used = any(project_of(app) == request.name for app in self._apps.list())
        if RESOURCES_FINALIZER in finalizers and not is_used:
            kept = [name for name in finalizers if name != RESOURCES_FINALIZER]
            self._api.patch(APP_PROJECTS, request.name, {"metadata": {"finalizers": kept}}, request.namespace)
        return DONE


def _its_project(event: WatchEvent) -> Iterable[Request]:
    return (Request(NAMESPACE, project_of(event.object)),)
