"""What every controller of Flux is given, and the few writes that all of them do in the same way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from gitopslab.controlplane.runtime.api import Api
from gitopslab.gitops import surroundings
from gitopslab.gitops.flux.kinds import FINALIZER
from gitopslab.gitops.flux.normalizing import Typed
from gitopslab.gitops.source.storage import Storage
from gitopslab.machinery.merge import merge_difference
from gitopslab.machinery.objects import Object, name_of, namespace_of

_NOTHING_SEEN = -1  # the schema's default of every Flux kind


@dataclass(frozen=True, slots=True)
class Surroundings(surroundings.Surroundings):
    """What a controller of Flux works with.

    Attributes:
        api_as: Gives the Api with the rights of a service account: its namespace, its name, and the field manager.
        storage: Keeps artifacts.
        typed: Gives an object as Kubernetes' own types hold it.
        kubeconfig: With which a program of others reaches the cluster; None for one that nobody serves.
    """

    api_as: Callable[[str, str, str], Api]
    storage: Storage
    typed: Typed
    kubeconfig: Path | None = None


def add_finalizer(api: Api, resource: str, obj: Object) -> None:
    """Have deletion wait for the controller."""
    kept = [*(obj["metadata"].get("finalizers") or ()), FINALIZER]
    api.patch(resource, name_of(obj), {"metadata": {"finalizers": kept}}, namespace_of(obj))


def drop_finalizer(api: Api, resource: str, obj: Object) -> None:
    """Let deletion go on."""
    kept = [name for name in obj["metadata"].get("finalizers") or () if name != FINALIZER]
    api.patch(resource, name_of(obj), {"metadata": {"finalizers": kept}}, namespace_of(obj))


def has_finalizer(obj: Object) -> bool:
    """Whether the controller has put its finalizer on an object."""
    return FINALIZER in (obj["metadata"].get("finalizers") or ())


def write_status(api: Api, resource: str, obj: Object, status: Object) -> Object:
    """Write a status where it differs; the object as it is then.

    Args:
        api: Of the identity that writes.
        resource: Plural with group.
        obj: As it was read.
        status: The whole new status.
    """
    status = {"observedGeneration": _NOTHING_SEEN, **status}
    change = merge_difference(obj.get("status") or {}, status)
    if not change:
        return obj
    return api.patch(resource, name_of(obj), {"status": change}, namespace_of(obj), subresource="status")
