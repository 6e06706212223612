"""What a write changes, as each version of its kind shows it.

A manager owns fields in the words of the version that it wrote in. What a write takes from it is therefore looked for
in that version: both states of the object are converted, and compared there. ``ownership`` and ``apply`` ask, once a
version. Upstream: ``structured-merge-diff/merge`` (``Updater.update``) and ``managedfields`` (``versionconverter.go``).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Protocol

from gitopslab.controlplane.server.custom.version import CustomResource
from gitopslab.controlplane.server.fieldset import FieldSet, difference
from gitopslab.controlplane.server.managers import Manager
from gitopslab.controlplane.server.resetfields import ignored_fields
from gitopslab.controlplane.server.structured import compare
from gitopslab.machinery import schema
from gitopslab.machinery.kinds import Resource
from gitopslab.machinery.objects import Object
from gitopslab.machinery.schema import Struct


class Versions(Protocol):
    """The versions of every kind."""

    def at(self, resource: Resource, api_version: str) -> Resource | None:
        """A resource in another version of its group; None when there is none, as of one of another group."""
        ...

    def converted(self, obj: Object, origin: Resource, to: Resource) -> Object:
        """An object of one resource as another one shows it; the object is not changed.

        Raises:
            ApiError: Somebody outside does not convert it.
        """
        ...


class OneVersion:
    """The versions of kinds that have one."""

    def at(self, resource: Resource, api_version: str) -> Resource | None:
        """The resource, if the version is its own."""
        return resource if api_version == resource.api_version else None

    def converted(self, obj: Object, origin: Resource, to: Resource) -> Object:
        """The object as it is."""
        return obj


def struct_for(resource: Resource) -> Struct:
    """The type of a resource's objects."""
    return resource.version_spec.struct if isinstance(resource, CustomResource) else schema.struct_for(resource)


class Differences:
    """What is added or changed, and what is removed, between two states of an object.

    Args:
        resource: The type of both.
        before: The earlier one; None when there was none.
        after: The later one.
        subresource: Through which path it is written.
        versions: Finds and converts to other versions.
    """

    def __init__(
        self, resource: Resource, before: Object | None, after: Object, *, subresource: str, versions: Versions
    ) -> None:
        self._resource = resource
        self._states = before, after
        self._subresource = subresource
        self._versions = versions
        self._found: dict[str, tuple[FieldSet, FieldSet] | None] = {}

    def at(self, api_version: str) -> tuple[FieldSet, FieldSet] | None:
        """The two sets in the words of a version; None when there is no such version."""
        if api_version not in self._found:
            self._found[api_version] = self._compared(api_version)
        return self._found[api_version]

    @property
    def own(self) -> tuple[FieldSet, FieldSet]:
        """The two sets in the words of the version that is written."""
        found = self.at(self._resource.api_version)
        assert found is not None, "it is being written"
        return found

    def left_to(self, owners: Iterable[Manager]) -> list[Manager]:
        """Managers without what was changed or removed; those of a version that is gone own nothing any more."""
        left = []
        for owner in owners:
            if (found := self.at(owner.api_version)) is not None:
                rest = difference(difference(owner.fields, found[0]), found[1])
                left.append(owner if rest is owner.fields else replace(owner, fields=rest))
        return left

    def _compared(self, api_version: str) -> tuple[FieldSet, FieldSet] | None:
        to = self._resource
        if api_version != to.api_version:
            other = self._versions.at(self._resource, api_version)
            if other is None:
                return None
            to = other
        kind = struct_for(to)
        before, after = (kind.zero if state is None else self._shown(state, to) for state in self._states)
        return compare(kind, before, after, ignored_fields(to, self._subresource))

    def _shown(self, state: Object, to: Resource) -> Object:
        return state if to is self._resource else self._versions.converted(state, self._resource, to)
