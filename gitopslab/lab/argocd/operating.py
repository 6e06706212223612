"""Operations of Applications as they are asked for: written into ``operation``.

``lab.argocd.sync`` and ``rollback`` use it. Refusals are those of Argo CD's own server, which stands between its
command and the controller.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gitopslab.clusters.client import Client
from gitopslab.errors import LabError
from gitopslab.gitops.argocd.kinds import APPLICATIONS
from gitopslab.lab.argocd.server import USER
from gitopslab.machinery.objects import Object, is_terminating, name_of, namespace_of
from gitopslab.views.argocd import application as views


@dataclass(frozen=True, slots=True)
class Sync:
    """A sync as it is asked for.

    Attributes:
        revision: Another one than the application's own.
        prune: Delete what is no longer in Git.
        dry_run: Change nothing.
        force: Delete and make anew what cannot be changed.
        strategy: ``apply``, ``hook``, or empty for the default.
        resources: Only these.
    """

    revision: str = ""
    prune: bool = False
    dry_run: bool = False
    force: bool = False
    strategy: str = ""
    resources: Sequence[Object] = ()

    def operation(self, app: Object, *, sync_options: Sequence[str] | None, retry_limit: int | None) -> Object:
        """What is written into the Application.

        Raises:
            LabError: It syncs by itself and not to that revision.
        """
        spec = app["spec"]
        policy = spec.get("syncPolicy") or {}
        source = None if spec.get("sources") else spec.get("source")
        target = (source or {}).get("targetRevision") or "HEAD"
        if self.revision and self.revision != target and views.is_automated(app) and not self.dry_run:
            raise LabError(
                f"Cannot sync to {self.revision}: auto-sync currently set to {target}",
                "Change what is in Git, or take automated away first",
            )
        options = policy.get("syncOptions") if sync_options is None else list(sync_options)
        sync: dict[str, Any] = {"prune": self.prune, "dryRun": self.dry_run, "revision": self.revision}
        sync |= {"resources": list(self.resources), "syncOptions": options}
        sync |= {"source": source, "sources": spec.get("sources")}
        sync["syncStrategy"] = self._strategy()
        operation: Object = {"initiatedBy": {"username": USER}, "sync": {k: v for k, v in sync.items() if v}}
        retry = policy.get("retry") if retry_limit is None else {"limit": retry_limit}
        return {**operation, "retry": retry} if retry else operation

    def _strategy(self) -> Object:
        if self.strategy not in ("", "apply", "hook"):
            raise LabError(f"Unknown sync strategy: '{self.strategy}'", 'Take "apply" or "hook"')
        force = {"force": True} if self.force else {}
        return {"apply": force} if self.strategy == "apply" else {"hook": force}


def deployed(app: Object, id: int | None) -> Object:
    """The entry of an Application's history to go back to.

    Args:
        app: The Application.
        id: Of the history; None for the last but one.

    Raises:
        LabError: The application syncs by itself, or its history has no such deployment.
    """
    name, history = name_of(app), (app.get("status") or {}).get("history") or []
    if views.is_automated(app):
        raise LabError(
            "rollback cannot be initiated when auto-sync is enabled",
            f'Undo the commit in Git, which lasts; or first lab.argocd.set("{name}", automated=False)',
        )
    if id is None:
        if len(history) < 2:
            raise LabError(
                f"application '{name}' should have at least two successful deployments",
                f'lab.argocd.history("{name}")',
            )
        id = history[-2].get("id", 0)
    entry: Object | None = next((each for each in history if each.get("id", 0) == id), None)
    if entry is None:
        raise LabError(
            f"application '{name}' does not have deployment id '{id}' in history", f'lab.argocd.history("{name}")'
        )
    return entry


def rollback(app: Object, entry: Object, *, prune: bool) -> Object:
    """The operation that deploys what a deployment of the history deployed."""
    sync = {word: entry[word] for word in ("revision", "revisions", "source", "sources") if entry.get(word)}
    sync["syncStrategy"] = {"apply": {}}
    options = (app["spec"].get("syncPolicy") or {}).get("syncOptions")
    sync |= {key: value for key, value in (("prune", prune), ("syncOptions", options)) if value}
    return {"initiatedBy": {"username": USER}, "sync": sync}


def start(client: Client, app: Object, operation: Object) -> Object:
    """Write an operation; what is known of the one before goes with it. The Application as it is then.

    Raises:
        LabError: One runs already, or the application is being deleted.
    """
    name = name_of(app)
    if is_terminating(app):
        raise LabError("application is deleting", f'lab.argocd.get("{name}")')
    if app.get("operation"):
        raise LabError("another operation is already in progress", f'lab.argocd.wait("{name}") or terminate it')
    change: Object = {"operation": operation}
    if (app.get("status") or {}).get("operationState"):
        change["status"] = {"operationState": None}
    return client.patch(APPLICATIONS, name, change, namespace_of(app))
