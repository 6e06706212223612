"""The resource types an API server serves, built in and custom, found by every spelling kubectl accepts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from gitopslab.machinery.kinds.builtin import BUILT_IN
from gitopslab.machinery.kinds.resource import Resource
from gitopslab.machinery.objects import Object, group_of


class Catalog:
    """The resource types an API server serves, found by any name.

    Args:
        resources: The types to begin with; default the built-in ones.
    """

    def __init__(self, resources: Iterable[Resource] = BUILT_IN) -> None:
        self._by_path: dict[tuple[str, str, str], Resource] = {}
        self._by_kind: dict[tuple[str, str], Resource] = {}
        self._by_key: dict[str, Resource] = {}
        for resource in resources:
            self.add(resource)

    def __iter__(self) -> Iterator[Resource]:
        return iter(self._by_path.values())

    def add(self, resource: Resource, *, served: bool = True) -> None:
        """Serve a resource type; ``remove`` an earlier one of the same group, version and plural first.

        Args:
            resource: The type.
            served: False for a version that objects are only stored in: known by its key alone.
        """
        if not served:
            self._by_key.setdefault(resource.key, resource)
            return
        self._by_path[resource.group, resource.version, resource.plural] = resource
        self._by_kind[resource.api_version, resource.kind] = resource
        self._by_key.setdefault(resource.key, resource)
        self._by_key[resource.qualified] = resource

    def remove(self, resource: Resource) -> None:
        """Stop serving a resource type."""
        self._by_path.pop((resource.group, resource.version, resource.plural), None)
        self._by_kind.pop((resource.api_version, resource.kind), None)
        for key in (resource.key, resource.qualified):
            if self._by_key.get(key) == resource:
                del self._by_key[key]

    def at(self, group: str, version: str, plural: str) -> Resource | None:
        """The type served at ``/apis/GROUP/VERSION/PLURAL``."""
        return self._by_path.get((group, version, plural))

    def by_key(self, key: str) -> Resource | None:
        """The type called ``deployments.apps`` or ``pods``, or of one version ``deployments.v1.apps``."""
        return self._by_key.get(key)

    def by_kind(self, api_version: str, kind: str) -> Resource | None:
        """The type with this ``apiVersion`` and ``kind``."""
        return self._by_kind.get((api_version, kind))

    def of(self, obj: Object) -> Resource | None:
        """The type of an object, by its ``apiVersion`` and ``kind``."""
        return self.by_kind(str(obj.get("apiVersion", "")), str(obj.get("kind", "")))

    def of_reference(self, reference: Object) -> Resource | None:
        """The type an owner reference names; any served version of the group will do, as in garbage collection."""
        group = group_of(str(reference.get("apiVersion", "")))
        kind = reference.get("kind")
        return next((found for found in self if found.group == group and found.kind == kind), None)

    def lookup(self, word: str) -> Resource | None:
        """The type by any spelling kubectl takes: ``pods``, ``po``, ``Pod``, ``deploy``, ``deployments.v1.apps``.

        Core wins over a group, as discovery lists it first.
        """
        wanted, _, suffix = word.lower().partition(".")
        for resource in self:
            names = (resource.plural, resource.single, resource.kind.lower(), *resource.short_names)
            groups = ("", resource.group, f"{resource.version}.{resource.group}", resource.version)
            if wanted in names and suffix in groups:
                return resource
        return None
