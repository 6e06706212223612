"""The Api protocol: the only road from a reconciler to the cluster.

``server.verbs`` implements it. Everything is synchronous and happens in the calling order. What comes back is a
copy the caller may change, except what a ``Watch`` or an ``Informer`` hands out: that is shared and read-only,
as in client-go.
"""

from __future__ import annotations

import builtins
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from gitopslab.machinery.objects import Object

EventType = Literal["ADDED", "MODIFIED", "DELETED", "BOOKMARK"]
Propagation = Literal["Background", "Foreground", "Orphan"]
PatchType = Literal["json", "merge", "strategic", "apply"]


@dataclass(frozen=True, slots=True)
class WatchEvent:
    """One change of one object.

    Attributes:
        type: What happened.
        resource: Plural with group, as in ``deployments.apps``.
        object: The object after the change, or its last state when deleted; shared, do not change it.
        revision: The resourceVersion of the change.
    """

    type: EventType
    resource: str
    object: Object
    revision: int


class Watch(Protocol):
    """A place in the stream of changes of one resource."""

    def poll(self) -> list[WatchEvent]:
        """The changes since the last call, oldest first; empty when there are none. Never waits."""
        ...

    def on_wake(self, wake: Callable[[], None]) -> None:
        """Have ``wake`` called whenever there is something to poll; at once if there already is."""
        ...

    def close(self) -> None:
        """Stop following."""
        ...


class Api(Protocol):
    """The verbs of the Kubernetes API, spoken by one identity.

    A ``resource`` is a plural with its group: ``pods``, ``deployments.apps``, ``leases.coordination.k8s.io``.
    Namespaced resources need ``namespace``; for cluster-scoped ones leave it empty.

    Every method raises ``errors.ApiError`` (``NotFoundError``, ``ConflictError``, …) with Kubernetes' own text.
    """

    def get(self, resource: str, name: str, namespace: str = "", *, subresource: str = "") -> Object:
        """One object, or what it shows below itself, such as its ``scale``.

        Raises:
            NotFoundError: There is none.
        """
        ...

    def list(self, resource: str, namespace: str = "", *, labels: str = "", fields: str = "") -> list[Object]:
        """All objects, of one namespace or (empty) of all; ``labels`` and ``fields`` are selectors as text."""
        ...

    def create(self, obj: Object) -> Object:
        """Store a new object; its resource follows from ``apiVersion`` and ``kind``.

        Raises:
            AlreadyExistsError: The name is taken.
            InvalidError: The object breaks a rule.
        """
        ...

    def update(self, obj: Object, subresource: str = "") -> Object:
        """Replace an object, or only its ``status``.

        Raises:
            ConflictError: ``metadata.resourceVersion`` is set and no longer the newest.
        """
        ...

    def patch(
        self,
        resource: str,
        name: str,
        patch: Any,
        namespace: str = "",
        *,
        type: PatchType = "merge",
        subresource: str = "",
        dry_run: bool = False,
        manager: str = "",
    ) -> Object:
        """Change part of an object.

        A merge patch is a dict in which None removes a key; an apply takes over what others own. With ``dry_run``
        everything is done but kept. What changes belongs to ``manager``, or to who writes if that is empty.
        """
        ...

    def delete(
        self,
        resource: str,
        name: str,
        namespace: str = "",
        *,
        propagation: Propagation | None = None,
        grace_seconds: int | None = None,
        uid: str | None = None,
        resource_version: str | None = None,
    ) -> None:
        """Ask for deletion.

        The object disappears now, or after its finalizers are gone, or (a pod on a node) when its kubelet has stopped
        it. ``grace_seconds=0`` on a pod removes it at once, which is how a kubelet confirms that it has stopped.
        ``uid`` and ``resource_version`` are preconditions.
        """
        ...

    def bind(self, name: str, namespace: str, node: str) -> None:
        """Create the ``Binding`` that puts a pod on a node; done once, only by a scheduler."""
        ...

    def evict(self, name: str, namespace: str) -> None:
        """Create an ``Eviction``: deletes the pod unless a PodDisruptionBudget forbids it (429)."""
        ...

    def token(self, account: str, namespace: str, spec: Object) -> str:
        """A token of a service account: creates a ``TokenRequest`` with this ``spec``.

        Raises:
            NotFoundError: There is no such account, or nothing to bind it to.
        """
        ...

    def watch(self, resource: str) -> tuple[builtins.list[Object], Watch]:
        """What is there now (shared, read-only) and a watch that begins right after it: list+watch in one step."""
        ...

    def on_change(self, wake: Callable[[], None]) -> None:
        """Have ``wake`` called after every committed write, so that a loop knows there is something to poll."""
        ...
