"""What a plugin is told about a write, and how it looks at the rest of the cluster.

Shared by the plugins of this package and by ``verbs``, which fills both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from gitopslab.controlplane.server.options import Caller, Extra
from gitopslab.errors import ApiError, forbidden
from gitopslab.machinery.kinds import Resource
from gitopslab.machinery.objects import Object

if TYPE_CHECKING:
    from gitopslab.controlplane.server.authorization.attributes import Access
    from gitopslab.controlplane.server.authorization.rbac import Decision


class Reader(Protocol):
    """The current objects; what it returns is shared and must not be changed."""

    def find(self, resource: str, namespace: str, name: str) -> Object | None:
        """One object by the key of its resource (``pods``, ``deployments.apps``), or None."""
        ...

    def all(self, resource: str, namespace: str = "") -> Iterable[Object]:
        """All objects of a resource, of one namespace or (empty) of all."""
        ...


def oldest_first(objects: Iterable[Object]) -> list[Object]:
    """Objects in the order in which they came, in which a watch cache mostly has them: the first has the first word."""
    return sorted(objects, key=lambda obj: str(obj["metadata"].get("creationTimestamp") or ""))


@dataclass(frozen=True, slots=True)
class Attributes:
    """One write (``admission.Attributes``).

    Attributes:
        operation: ``CREATE``, ``UPDATE``, ``DELETE`` or ``CONNECT``.
        object: The wished state; plugins change it in place. None when deleting. Of a subresource with a kind of its
            own, what was posted there; of a connection, its options.
        before: The stored state; None when creating.
        user: Who writes, with the ``groups``, ``uid`` and ``extra`` facts of a ``Caller``.
        options: The options of the request, as the object that carries them; None when it can have none.
        is_inner: Whether the write carries out another request, of which those outside know already.
        decide: Says what anybody may do.
    """

    operation: str
    resource: Resource
    subresource: str
    namespace: str
    name: str
    object: Object | None
    before: Object | None
    user: str = ""
    groups: tuple[str, ...] = ()
    uid: str = ""
    extra: Extra = ()
    dry_run: bool = False
    options: Object | None = field(default_factory=dict)
    is_inner: bool = False
    decide: Callable[[Caller, Access], Decision] | None = field(default=None, compare=False)

    def wished(self) -> Object:
        """The object of a create or update.

        Raises:
            ValueError: This is a delete.
        """
        if self.object is None:
            raise ValueError("a delete carries no object")
        return self.object

    def refusal(self, why: str, causes: list[dict[str, Any]] | None = None) -> ApiError:
        """The 403 to raise (``admission.NewForbidden``)."""
        error = forbidden(self.resource.key, self.name or "Unknown", why)
        if causes:
            error.details["causes"] = causes
        return error
