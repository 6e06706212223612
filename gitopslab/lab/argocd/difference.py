"""``lab.argocd.diff``: what a sync of an Application would change, now or at another revision.

Manifests are made as Argo CD makes them and compared by its rules; the cluster is asked dry, and nothing is changed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gitopslab.clusters import forge
from gitopslab.clusters.client import Client
from gitopslab.controlplane.runtime.api import PatchType
from gitopslab.errors import NotFoundError
from gitopslab.gitops.argocd import hooks, ignoring
from gitopslab.gitops.argocd.compare import way_of
from gitopslab.gitops.argocd.diff import Differ, compared
from gitopslab.gitops.argocd.kinds import FIELD_MANAGER
from gitopslab.gitops.argocd.revision import is_commit, resolve
from gitopslab.gitops.argocd.settings import Settings
from gitopslab.gitops.argocd.sources import sources_of
from gitopslab.gitops.argocd.state import Key, key_of
from gitopslab.gitops.git import remote
from gitopslab.lab.rendering import address_of, of_application
from gitopslab.machinery.objects import Object
from gitopslab.views.argocd.difference import change

_TYPES = {"merge": "application/merge-patch+json", "apply": "application/apply-patch+yaml"}


class Difference:
    """The differences of one Application.

    Args:
        client: The cluster's API.
        place: Where the lab's forge is.
        app: The Application.
    """

    def __init__(self, client: Client, place: forge.Address, app: Object) -> None:
        self._client = client
        self._place = place
        self._app = app
        self._differ = Differ(_Dry(client), client.discovery())
        settings = Settings(_ConfigMaps(client))
        said = [*(app["spec"].get("ignoreDifferences") or ()), *settings.ignored]
        self._rules = ignoring.read(said, aggregated=settings.ignores_aggregated_roles)

    def text(self, revision: str = "") -> str:
        """What differs, in the words of ``argocd app diff``; empty when nothing does.

        Args:
            revision: In the place of the Application's own.

        Raises:
            LabError: Git cannot be read, or the manifests cannot be made.
        """
        wanted = {key_of(obj): obj for obj in self._wanted(revision) if not hooks.is_hook(obj)}
        keys = sorted({*wanted, *self._managed()}, key=str)
        return "\n\n".join(part for key in keys if (part := self._part(key, wanted.get(key))))

    def _wanted(self, revision: str) -> Iterator[Object]:
        for source in sources_of(self._app["spec"]):
            if source.get("ref") and not source.get("path"):
                continue
            address = address_of(source.get("repoURL", ""), self._place)
            commit = revision or source.get("targetRevision", "")
            commit = commit if is_commit(commit) else resolve(commit, remote.refs_and_head(address))
            files = remote.checkout(address, commit).files
            yield from of_application(self._app, source, commit, files, self._client.discovery())

    def _managed(self) -> Iterator[Key]:
        for entry in (self._app.get("status") or {}).get("resources") or ():
            if not entry.get("hook"):
                yield Key(*(entry.get(word, "") for word in Key._fields))

    def _part(self, key: Key, target: Object | None) -> str:
        live = self._live(key, target)
        if live is None or target is None:
            before, after = (None if side is None else compared(side, self._rules) for side in (live, target))
            return "" if before is after else change(key, before, after)
        if hooks.is_ignored(target) or hooks.is_skipped(target):
            return ""
        before, after = self._differ.sides(target, live, self._rules, way_of(self._app, target))
        return change(key, before, after) if before != after else ""

    def _live(self, key: Key, target: Object | None) -> Object | None:
        version = target["apiVersion"] if target else self._version(key)
        try:
            kind = self._client.resource({"apiVersion": version, "kind": key.kind})
            return self._client.get(kind.key, key.name, key.namespace)
        except NotFoundError:
            return None

    def _version(self, key: Key) -> str:
        for entry in (self._app.get("status") or {}).get("resources") or ():
            if (entry.get("group", ""), entry["kind"]) == (key.group, key.kind):
                return f"{key.group}/{entry['version']}" if key.group else str(entry["version"])
        return "v1"


class _ConfigMaps:
    """The ConfigMaps of a cluster.

    Args:
        client: Its API.
    """

    def __init__(self, client: Client) -> None:
        self._client = client

    def get(self, name: str, namespace: str) -> Object | None:
        """The one of a name, or None."""
        try:
            return self._client.get("configmaps", name, namespace)
        except NotFoundError:
            return None


class _Dry:
    """An API that gives objects, and changes them only dry, as Argo CD.

    Args:
        client: The cluster's API.
    """

    def __init__(self, client: Client) -> None:
        self._client = client

    def get(self, resource: str, name: str, namespace: str = "") -> Object:
        """The object as it is.

        Raises:
            NotFoundError: There is none.
        """
        return self._client.get(resource, name, namespace)

    def patch(
        self, resource: str, name: str, patch: Any, namespace: str = "", *, type: PatchType, dry_run: bool
    ) -> Object:
        """The object as it would be.

        Raises:
            LabError: It would be refused.
        """
        kind = self._client.resource(resource)
        query = {"dryRun": "All", "fieldManager": FIELD_MANAGER, **({"force": "true"} if type == "apply" else {})}
        made: Object = self._client.request(
            "PATCH", self._client.path(kind, namespace, name), patch, query, _TYPES[type]
        )
        return made
