"""The end of an Application: what its finalizers ask for is done, as far as it goes now."""

from __future__ import annotations

from gitopslab.gitops.argocd.applications import Applications
from gitopslab.gitops.argocd.asking import Asker
from gitopslab.gitops.argocd.clusters import OWN, DestinationError, destination
from gitopslab.gitops.argocd.deletion import Deletions, abandoned
from gitopslab.gitops.argocd.kinds import POST_DELETE_FINALIZER, PRE_DELETE_FINALIZER
from gitopslab.gitops.argocd.live import LiveState
from gitopslab.gitops.argocd.project import is_live_permitted
from gitopslab.gitops.argocd.tracking import instance_of
from gitopslab.machinery.objects import Object

_HOOKED = (PRE_DELETE_FINALIZER, POST_DELETE_FINALIZER)


class Endings:
    """Ends Applications.

    Args:
        applications: Their projects and clusters.
        live: What is there of them.
        asker: Gives the hooks that run at the end.
        deletions: Does it.
    """

    def __init__(self, applications: Applications, live: LiveState, asker: Asker, deletions: Deletions) -> None:
        self._applications = applications
        self._live = live
        self._asker = asker
        self._deletions = deletions

    def advance(self, app: Object) -> list[str] | None:
        """Do what comes next; the finalizers that are left, None while Git is asked.

        Raises:
            LabError: It cannot go on; the message is that of the condition ``DeletionError``.
        """
        project = self._applications.usable_project(app)
        try:
            destination(app["spec"]["destination"], self._applications.clusters())
        except DestinationError:
            return abandoned(app)
        wanted = self._hooks(app, project)
        if wanted is None:
            return None
        live = [obj for obj in self._live.managed_by(instance_of(app)).values() if is_live_permitted(project, obj, OWN)]
        return self._deletions.advance(app, live, wanted)

    def _hooks(self, app: Object, project: Object) -> list[Object] | None:
        """What Git has, where hooks run at the end; None while it is asked."""
        if not has_hooks(app):
            return []
        answer = self._asker.ask(app, project, app["spec"])  # the newest, so that a hook that was mended can run
        return None if answer is None else self._asker.ready(answer)


def has_hooks(app: Object) -> bool:
    """Whether hooks run at the end of an Application."""
    return any(name.startswith(_HOOKED) for name in app["metadata"].get("finalizers") or ())
