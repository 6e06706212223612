"""Which custom resources there are, and how their objects look in each of their versions.

``verbs`` builds one. It follows the CustomResourceDefinitions as they are committed: an established one joins the
catalog at once, a changed one replaces what it served, a deleted one leaves. Objects are kept in one version and
shown in any: with the conversion ``None`` only the ``apiVersion`` differs, else a webhook is asked (``conversion``).
What is read is pruned and completed by the schema of the version it was kept in, and then only pruned by that of the
version it is shown in.
"""

from __future__ import annotations

import orjson

from gitopslab.controlplane.server.admission.attributes import Reader
from gitopslab.controlplane.server.custom import decoding
from gitopslab.controlplane.server.custom.conversion import Converter
from gitopslab.controlplane.server.custom.defaulting import set_defaults
from gitopslab.controlplane.server.custom.version import DEFINITIONS, CustomResource, resources_of
from gitopslab.controlplane.server.feed import Feed
from gitopslab.controlplane.server.records import Record
from gitopslab.controlplane.server.store import Store
from gitopslab.machinery.kinds import Catalog
from gitopslab.machinery.objects import Object, is_condition_true, name_of
from gitopslab.machinery.typed import TypedError

_MOST_REMEMBERED = 8192


class CustomResources:
    """The custom resources of one server.

    Args:
        store: Where definitions are.
        feed: Tells of changes to them.
        catalog: Where their resources are put.
        reader: Finds the Services of webhooks.

    Attributes:
        converter: Asks webhooks.
    """

    def __init__(self, store: Store, feed: Feed, catalog: Catalog, reader: Reader) -> None:
        self.converter = Converter(reader)
        self._catalog = catalog
        self._feed = feed
        self._installed: dict[str, list[tuple[CustomResource, bool]]] = {}
        self._since: dict[str, int] = {}
        self._shown: dict[tuple[CustomResource, int], Record] = {}
        for record in store.list(DEFINITIONS):
            self._install(record.object, record.revision)
        self._changes = feed.subscribe(DEFINITIONS, lambda change: change)
        self._changes.on_wake(self._catch_up)

    def shown(self, resource: CustomResource, record: Record, *, anew: bool = False, asks: bool = True) -> Record:
        """A stored object in the version of a resource; the very record when it is that already.

        Args:
            resource: In which version it is wanted.
            record: The object.
            anew: Whether a webhook is asked again about what it was asked about before.
            asks: Whether a webhook is asked at all; if not, only the ``apiVersion`` changes.

        Raises:
            ApiError: A webhook does not convert it.
        """
        is_current = record.revision >= self._since.get(resource.key, 0)
        if is_current and record.object.get("apiVersion") == resource.api_version:
            return record
        if not asks and resource.version_spec.webhook is not None:
            return _record(record.revision, {**record.object, "apiVersion": resource.api_version})
        key = (resource, record.revision)
        if key not in self._shown or (anew and resource.version_spec.webhook is not None):
            if len(self._shown) >= _MOST_REMEMBERED:
                self._shown.clear()
            obj = self._converted(resource, record.object)
            made = record if obj == record.object else _record(record.revision, obj)
            if not record.revision:
                return made
            self._shown[key] = made
        return self._shown[key]

    def at(self, resource: CustomResource, api_version: str) -> CustomResource | None:
        """A resource in another version of its definition, served or not; None when that has none of this name."""
        versions = (one for one, _ in self._installed.get(resource.key, ()))
        return next((one for one in versions if one.api_version == api_version), None)

    def converted(self, resource: CustomResource, obj: Object) -> Object:
        """An object that is not stored yet, in the version of a resource.

        Raises:
            ApiError: A webhook does not convert it.
        """
        return _coerced(resource, self._asked(resource, obj))

    def kept(self, resource: CustomResource, obj: Object) -> Object:
        """An object as it is stored: in the storage version, its keys in order.

        Raises:
            ApiError: A webhook does not convert it.
        """
        if resource.version_spec.storage_api_version != resource.api_version:
            storage = self._catalog.by_key(resource.key)
            assert isinstance(storage, CustomResource), "the catalog names the storage version by key"
            obj = _completed(storage, _coerced(storage, self._asked(storage, obj)))
        return _in_order(obj)

    def _converted(self, resource: CustomResource, obj: Object) -> Object:
        written = self.at(resource, str(obj.get("apiVersion"))) or resource
        complete = _completed(written, _coerced(written, obj))
        return complete if written == resource else _coerced(resource, self._asked(resource, complete))

    def _asked(self, resource: CustomResource, obj: Object) -> Object:
        """An object as a webhook turns it into the version of a resource, if there is one."""
        webhook = resource.version_spec.webhook
        if webhook is None or obj["apiVersion"] == resource.api_version:
            return obj
        return self.converter.converted(webhook, obj, resource.api_version)

    def _catch_up(self) -> None:
        for change in self._changes.pending():
            if change.type == "DELETED":
                self._remove(name_of(change.record.object))
            else:
                self._install(change.record.object, change.record.revision)

    def _install(self, definition: Object, revision: int) -> None:
        name = name_of(definition)
        found = resources_of(definition) if is_condition_true(definition, "Established") else []
        before = self._installed.get(name, [])
        if found == before:
            return
        is_same_schema = [one.digest for one, _ in found] == [one.digest for one, _ in before]
        since = self._since.get(name, 0) if is_same_schema else revision
        self._remove(name, silently=is_same_schema)
        self._installed[name], self._since[name] = found, since
        for resource, served in found:
            self._catalog.add(resource, served=served)

    def _remove(self, name: str, *, silently: bool = False) -> None:
        for resource, _ in self._installed.pop(name, []):
            self._catalog.remove(resource)
        self._since.pop(name, None)
        if not silently:
            self._shown.clear()
            self._feed.end(name)


def _coerced(resource: CustomResource, obj: Object) -> Object:
    """An object as the schema of a version holds it."""
    given = {**obj, "apiVersion": resource.api_version}
    try:
        return decoding.read(resource, given)[0]
    except TypedError:
        return given


def _completed(resource: CustomResource, obj: Object) -> Object:
    set_defaults(obj, resource.version_spec.root)
    return obj


def _record(revision: int, obj: Object) -> Record:
    made = Record.of(_in_order(obj))
    made.revision = revision
    return made


def _in_order(obj: Object) -> Object:
    """With its keys in order throughout, as Go writes objects that have no Go type."""
    found: Object = orjson.loads(orjson.dumps(obj, option=orjson.OPT_SORT_KEYS))
    return found
