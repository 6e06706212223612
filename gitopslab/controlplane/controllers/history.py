"""Keeps the revisions of a pod template as ControllerRevisions, for the kinds that have no ReplicaSets.

Pure rules and the few writes around them, shared by the DaemonSet and StatefulSet controllers. ``kubectl rollout
history`` and ``kubectl rollout undo`` read what it stores. Which pods follow which revision is the controllers'
business.

Upstream: ``pkg/controller/history`` and ``daemon/update.go``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from gitopslab.controlplane.controllers.adoption import claim, without_controller
from gitopslab.controlplane.runtime.api import Api
from gitopslab.controlplane.runtime.informer import Informer, by_controller
from gitopslab.errors import AlreadyExistsError, NotFoundError
from gitopslab.machinery.objects import (
    Object,
    annotations_of,
    controller_reference,
    copy_of,
    is_controlled_by,
    name_of,
    namespace_of,
    uid_of,
)

RESOURCE = "controllerrevisions.apps"
POD_LABEL = "controller-revision-hash"
"""The label by which a pod says which revision it follows."""

_LONGEST_PREFIX = 223  # as upstream: leaves room for the hash in a name of 253


@dataclass(frozen=True, slots=True)
class Wanted:
    """The revision that the present template is, not yet stored.

    Attributes:
        owner: The workload.
        data: What is remembered of it: ``{"spec": {"template": ...}}`` with a strategic patch directive.
        hash_label: The label under which the stored revision carries its hash, beside those of the template.
        hashed: Its hash, by how often one was taken already.
    """

    owner: Object
    data: Any
    hash_label: str
    hashed: Callable[[int], str]


def template_data(owner: Object) -> Object:
    """The part of a workload that a revision remembers, as a patch that puts it back, with its keys in order."""
    return {"spec": {"template": _in_order({"$patch": "replace", **owner["spec"]["template"]})}}


def _in_order(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _in_order(value[key]) for key in sorted(value)}
    return [_in_order(item) for item in value] if isinstance(value, list) else value


class Revisions:
    """The ControllerRevisions of workloads of one kind.

    Args:
        api: Where they are written.
        informer: Where they are read.
    """

    def __init__(self, api: Api, informer: Informer) -> None:
        self._api = api
        self._informer = informer

    def of(self, owner: Object) -> list[Object]:
        """The revisions a workload owns, oldest first, after adopting matching orphans."""
        owned = self._informer.indexed(by_controller, uid_of(owner))
        orphans = self._informer.indexed(without_controller, namespace_of(owner))
        return sorted(claim(self._api, owner, RESOURCE, owned, orphans), key=_order)

    def sync(self, wanted: Wanted, known: list[Object], collision_count: int) -> Object:
        """The stored revision for the present template: an equal one with the newest number, or a new one.

        Raises:
            AlreadyExistsError: The hash is taken by another template; raise the collision count and come again.
        """
        number = max((int(found["revision"]) for found in known), default=0) + 1
        equal = [found for found in known if found.get("data") == wanted.data]
        if equal and equal[-1]["revision"] == number - 1:
            return equal[-1]
        if equal:
            # A rollback: the old content becomes the newest revision.
            return self._api.update({**equal[-1], "revision": number})
        return self._create(wanted, number, collision_count)

    def _create(self, wanted: Wanted, number: int, collision_count: int) -> Object:
        owner = wanted.owner
        hashed = wanted.hashed(collision_count)
        labels = (owner["spec"]["template"].get("metadata") or {}).get("labels") or {}
        revision: Object = {
            "apiVersion": "apps/v1",
            "kind": "ControllerRevision",
            "metadata": {
                "name": f"{name_of(owner)[:_LONGEST_PREFIX]}-{hashed}",
                "namespace": namespace_of(owner),
                "labels": {**labels, wanted.hash_label: hashed},
                "annotations": copy_of(annotations_of(owner)),
                "ownerReferences": [controller_reference(owner)],
            },
            "data": wanted.data,
            "revision": number,
        }
        try:
            return self._api.create(revision)
        except AlreadyExistsError:
            taken = self._informer.get(name_of(revision), namespace_of(owner))
            if taken is not None and is_controlled_by(taken, owner) and taken.get("data") == wanted.data:
                return taken
            raise

    def truncate(self, idle: list[Object], surplus: int) -> None:
        """Delete the first ``surplus`` of the revisions that no pod follows."""
        for found in idle[: max(0, surplus)]:
            try:
                self._api.delete(RESOURCE, name_of(found), namespace_of(found))
            except NotFoundError:
                continue


def _order(revision: Object) -> tuple[int, str, str]:
    created = revision["metadata"].get("creationTimestamp") or ""
    return int(revision["revision"]), created, name_of(revision)
