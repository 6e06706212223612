"""Why a Kustomization is reconciled: its spec, a request, a new revision of its source, a variable that changed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from gitopslab.controlplane.runtime.api import WatchEvent
from gitopslab.controlplane.runtime.informer import Informer
from gitopslab.controlplane.runtime.manager import Manager
from gitopslab.controlplane.runtime.reconcile import Request, Source
from gitopslab.gitops.flux.dependencies import is_circular, source_of
from gitopslab.gitops.flux.kinds import SOURCES, is_watched, requested_at
from gitopslab.machinery.objects import Object, condition_of, name_of, namespace_of, uid_of

ORIGIN = "org.opencontainers.image.revision"
"""The annotation of an artifact in a registry that names the commit it was made from."""


@dataclass(frozen=True, slots=True)
class Artifact:
    """What a source has.

    Attributes:
        revision: As in ``main@sha1:…``.
        digest: Of its bytes.
        path: In the storage.
        origin: The commit that an artifact in a registry was made from; empty when it does not say.
    """

    revision: str
    digest: str
    path: str
    origin: str = ""


class Causes:
    """Knows what Kustomizations are made of, and who is to be told when that changes.

    Args:
        manager: Gives informers.
        objects: The Kustomizations.
    """

    def __init__(self, manager: Manager, objects: Informer) -> None:
        self._manager = manager
        self._objects = objects
        self.sources: tuple[Source, ...] = (
            *(Source(resource, self._users_of_source) for resource in SOURCES.values()),
            Source("configmaps", self._users_of_variables),
            Source("secrets", self._users_of_variables),
        )

    def of(self, obj: Object) -> tuple[object, ...]:
        """Everything whose change asks for a reconcile at once.

        Another artifact of the same revision does not, nor do variables that carry no ``reconcile.fluxcd.io/watch``.
        That a source goes away is noticed at the next turn only.
        """
        artifact, status = self.artifact(obj), obj.get("status") or {}
        is_missed = (condition_of(obj, "Ready") or {}).get("reason") == "ArtifactFailed"
        before = None if is_missed else status.get("lastAttemptedRevision")
        return (
            uid_of(obj),
            obj["metadata"].get("generation"),
            requested_at(obj),
            artifact.revision if artifact is not None else before,
            self._variable_versions(obj),
        )

    def source(self, obj: Object) -> Object | None:
        """What ``spec.sourceRef`` names, or None."""
        kind, namespace, name = source_of(obj)
        resource = SOURCES.get(kind)
        return None if resource is None else self._manager.informer(resource).get(name, namespace)

    def artifact(self, obj: Object) -> Artifact | None:
        """What the source has, or None."""
        found = ((self.source(obj) or {}).get("status") or {}).get("artifact")
        if not found:
            return None
        origin = (found.get("metadata") or {}).get(ORIGIN, "")
        return Artifact(found["revision"], found["digest"], found["path"], origin)

    def _variable_versions(self, obj: Object) -> tuple[str, ...]:
        found = []
        for reference in _references(obj):
            plural = "configmaps" if reference["kind"] == "ConfigMap" else "secrets"
            there = self._manager.informer(plural).get(reference["name"], namespace_of(obj))
            found.append("" if there is None or not is_watched(there) else str(there["metadata"]["resourceVersion"]))
        return tuple(found)

    def _users_of_source(self, event: WatchEvent) -> Iterable[Request]:
        told = (event.object["kind"], namespace_of(event.object), name_of(event.object))
        users = [each for each in self._objects if source_of(each) == told]
        return [] if is_circular(users) else [Request(namespace_of(each), name_of(each)) for each in users]

    def _users_of_variables(self, event: WatchEvent) -> Iterable[Request]:
        changed = (event.object["kind"], name_of(event.object))
        for each in self._objects.list(namespace_of(event.object)):
            if any((reference["kind"], reference["name"]) == changed for reference in _references(each)):
                yield Request(namespace_of(each), name_of(each))


def _references(obj: Object) -> Iterable[Object]:
    return (obj["spec"].get("postBuild") or {}).get("substituteFrom") or ()
