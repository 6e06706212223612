"""Objects in the form they are kept in, and in the form a resource shows them.

``verbs`` asks here whenever a record leaves the store or enters it. Most resources show what is kept. A custom
resource may be kept in another of its versions (``custom.registry``), and an Event of ``events.k8s.io`` is one of core
in other words (``events``).
"""

from __future__ import annotations

from collections.abc import Callable

from gitopslab.controlplane.server.custom.registry import CustomResources
from gitopslab.controlplane.server.custom.version import CustomResource
from gitopslab.controlplane.server.feed import Feed
from gitopslab.controlplane.server.forms import events
from gitopslab.controlplane.server.store import Change, Record, Store
from gitopslab.machinery.kinds import Catalog, Resource
from gitopslab.machinery.objects import Object

Show = Callable[[Record], Record]


class Forms:
    """The forms of everything one server keeps.

    Args:
        store: Where definitions of custom resources are.
        feed: Tells of changes to them.
        catalog: Where custom resources are put.
    """

    def __init__(self, store: Store, feed: Feed, catalog: Catalog) -> None:
        self._custom = CustomResources(store, feed, catalog)

    def of_records(self, resource: Resource) -> Show | None:
        """What turns a stored record into the form of a resource; None when they are the same."""
        if isinstance(resource, CustomResource):
            return lambda record: self._custom.shown(resource, record)
        return events.shown if resource.stored_as else None

    def of_changes(self, resource: Resource) -> Callable[[Change], Change] | None:
        """What turns a change into the form of a resource; None when they are the same."""
        show = self.of_records(resource)
        return None if show is None else lambda change: _shown(change, show)

    def shown(self, resource: Resource, record: Record) -> Record:
        """A stored record in the form of a resource; the very record when it is that already."""
        show = self.of_records(resource)
        return record if show is None else show(record)

    def kept(self, resource: Resource, obj: Object) -> Object:
        """An object of a resource in the form it is stored in."""
        if isinstance(resource, CustomResource):
            return self._custom.kept(resource, obj)
        return events.to_core(obj) if resource.stored_as else obj


def _shown(change: Change, show: Show) -> Change:
    before = show(change.before) if change.before is not None else None
    return Change(change.type, change.resource, change.key, show(change.record), before)
