"""Objects in the form they are kept in, and in the form a resource shows them.

``verbs`` asks here whenever a record leaves the store or enters it. Most resources show what is kept. A custom
resource may be kept in another of its versions (``custom.registry``), an Event of ``events.k8s.io`` is one of core in
other words (``events``), and an autoscaler has an older version (``autoscalers``).
"""

from __future__ import annotations

from collections.abc import Callable

from gitopslab.controlplane.server.admission.attributes import Reader
from gitopslab.controlplane.server.custom.registry import CustomResources
from gitopslab.controlplane.server.custom.version import CustomResource
from gitopslab.controlplane.server.feed import Feed
from gitopslab.controlplane.server.forms import autoscalers, events
from gitopslab.controlplane.server.records import Change, Record
from gitopslab.controlplane.server.store import Store
from gitopslab.controlplane.server.webhookclients import Client
from gitopslab.machinery.kinds import Catalog, Resource
from gitopslab.machinery.objects import Object

Show = Callable[[Record], Record]

_SHOWN: dict[str, Show] = {"Event": events.shown, "HorizontalPodAutoscaler": autoscalers.shown}
_KEPT: dict[str, Callable[[Object], Object]] = {"Event": events.to_core, "HorizontalPodAutoscaler": autoscalers.to_v2}


class Forms:
    """The forms of everything one server keeps.

    Args:
        store: Where definitions of custom resources are.
        feed: Tells of changes to them.
        catalog: Where custom resources are put.
        reader: Finds what conversion webhooks are behind.
    """

    def __init__(self, store: Store, feed: Feed, catalog: Catalog, reader: Reader) -> None:
        self._catalog = catalog
        self._custom = CustomResources(store, feed, catalog, reader)

    def call_webhooks(self, client: Client) -> None:
        """Have conversion webhooks asked from now on."""
        self._custom.converter.client = client

    def asks(self, resource: Resource) -> bool:
        """Whether somebody outside is asked to convert, so that showing and keeping an object may take time."""
        return isinstance(resource, CustomResource) and resource.version_spec.webhook is not None

    def home(self, resource: Resource) -> Resource | None:
        """The version in which objects of a resource are admitted and kept; None when it is this one."""
        return self._catalog.by_key(resource.key) if resource.stored_as == resource.key else None

    def at(self, resource: Resource, api_version: str) -> Resource | None:
        """A resource in another version of its group; None when there is none, as of one of another group."""
        if isinstance(resource, CustomResource):
            return self._custom.at(resource, api_version)
        versions = (found for found in self._catalog if found.key == resource.key)
        return next((found for found in versions if found.api_version == api_version), None)

    def converted(self, obj: Object, origin: Resource, to: Resource) -> Object:
        """An object of one resource as another one shows it; the object is not changed.

        Raises:
            ApiError: Somebody outside does not convert it.
        """
        if isinstance(to, CustomResource):
            return self._custom.converted(to, obj)
        kept = Record.of(self.kept(origin, obj))
        return self.shown(to, kept).object

    def of_records(self, resource: Resource, *, asks: bool = True) -> Show | None:
        """What turns a stored record into the form of a resource; None when they are the same.

        Args:
            resource: It.
            asks: Whether somebody outside may be asked to convert.
        """
        if isinstance(resource, CustomResource):
            return lambda record: self._custom.shown(resource, record, asks=asks)
        return _SHOWN[resource.kind] if resource.stored_as else None

    def of_changes(self, resource: Resource, *, asks: bool) -> Callable[[Change], Change] | None:
        """What turns a change into the form of a resource; None when they are the same."""
        show = self.of_records(resource, asks=asks)
        return None if show is None else lambda change: _shown(change, show)

    def shown(self, resource: Resource, record: Record) -> Record:
        """A stored record in the form of a resource; the very record when it is that already.

        Raises:
            ApiError: Somebody outside does not convert it.
        """
        if isinstance(resource, CustomResource):
            return self._custom.shown(resource, record, anew=True)
        return _SHOWN[resource.kind](record) if resource.stored_as else record

    def kept(self, resource: Resource, obj: Object) -> Object:
        """An object of a resource in the form it is stored in."""
        if isinstance(resource, CustomResource):
            return self._custom.kept(resource, obj)
        return _KEPT[resource.kind](obj) if resource.stored_as else obj


def _shown(change: Change, show: Show) -> Change:
    before = show(change.before) if change.before is not None else None
    return Change(change.type, change.resource, change.key, show(change.record), before)
