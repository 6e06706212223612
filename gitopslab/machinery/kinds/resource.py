"""What a resource type of the API is: its names, scope, verbs and subresources.

The rows of ``builtin`` are made of these; custom resources are a ``Resource`` with more (``server.custom``).
"""

from __future__ import annotations

from dataclasses import dataclass, field

CRUD = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")
WRITE_STATUS = ("get", "patch", "update")


@dataclass(frozen=True, slots=True)
class Subresource:
    """A path below an object, such as ``status`` or ``scale``.

    ``group``, ``version`` and ``kind`` name the type that goes over the wire there, where it differs from the parent's.
    """

    name: str
    verbs: tuple[str, ...] = WRITE_STATUS
    group: str = ""
    version: str = ""
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource type of the API.

    Attributes:
        singular: The singular name where it is not the kind in lower case.
        listed_as: The kind of a list of them where it is not ``KINDList``.
        stored_as: The key of the resource whose objects it shows in a form of its own; empty when it keeps its own.
        custom: Whether a CustomResourceDefinition brought it.
        tracks_generation: Whether ``metadata.generation`` counts changes of the spec.
        stored: False for kinds that are answered and never kept, such as ``SubjectAccessReview``.
        deprecated: What every request for it is warned of; empty for nothing.
    """

    group: str
    version: str
    kind: str
    plural: str
    namespaced: bool = True
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    verbs: tuple[str, ...] = CRUD
    subresources: tuple[Subresource, ...] = ()
    tracks_generation: bool = False
    singular: str = ""
    stored: bool = True
    custom: bool = field(default=False, compare=False)
    listed_as: str = ""
    deprecated: str = ""
    stored_as: str = ""

    @property
    def list_kind(self) -> str:
        """The kind of a list of them, by default ``KINDList``."""
        return self.listed_as or f"{self.kind}List"

    @property
    def api_version(self) -> str:
        """``apps/v1``, or ``v1`` for core."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def key(self) -> str:
        """The plural with its group (``schema.GroupResource``): ``pods``, ``deployments.apps``."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def qualified(self) -> str:
        """The plural with version and group, as kubectl takes it: ``deployments.v1.apps``, ``pods.v1.``."""
        return f"{self.plural}.{self.version}.{self.group}"

    @property
    def storage_key(self) -> str:
        """The key under which its objects are kept."""
        return self.stored_as or self.key

    @property
    def keeps_objects(self) -> bool:
        """Whether it has objects of its own, and does not only answer or show those of another."""
        return self.stored and not self.stored_as

    @property
    def single(self) -> str:
        """The singular name, by default the kind in lower case."""
        return self.singular or self.kind.lower()

    @property
    def has_status(self) -> bool:
        """Whether status is written through its own subresource, and only there."""
        return self.subresource("status") is not None

    def subresource(self, name: str) -> Subresource | None:
        """The subresource with this name, or None."""
        return next((sub for sub in self.subresources if sub.name == name), None)
