"""The verbs of the API: the one door to the store.

The HTTP room calls it for the outside world, ``local.LocalApi`` for the controllers. The way of a write is::

    object ─ defaults ─ ownership ─ mutating admission ─ strategy ─ validation ─ validating admission ─ store ─ feed

in that order, as in ``apiserver/pkg/endpoints/handlers`` and ``registry/generic/registry/store.go``; ``registry`` has
these steps. Decoding of bytes happens before, in ``decode``. Everything is synchronous: whoever calls next sees what
was written.

Subresources that are not the object itself live in ``scaling`` and ``subresources``; the rules of deletion
in ``deletion``; names, uids and preconditions in ``identity``; lists and watches in ``reading``.
"""

from __future__ import annotations

import builtins
import contextlib
from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Any, TypeVar

from gitopslab.controlplane.runtime.api import PatchType
from gitopslab.controlplane.runtime.metrics import Metrics
from gitopslab.controlplane.server import (
    deletion,
    identity,
    ownership,
    patches,
    reading,
    scaling,
    subresources,
)
from gitopslab.controlplane.server.addresses import ADDRESSES, Addresses
from gitopslab.controlplane.server.admission import Admission
from gitopslab.controlplane.server.authentication.accounts import AccountTokens
from gitopslab.controlplane.server.authentication.bearer import BearerTokens
from gitopslab.controlplane.server.authorization.rbac import Authorizer
from gitopslab.controlplane.server.components import STATUSES, ComponentStatuses
from gitopslab.controlplane.server.feed import Feed, Subscription
from gitopslab.controlplane.server.forms import Forms
from gitopslab.controlplane.server.metrics import ResourceMetrics
from gitopslab.controlplane.server.options import Caller, DeleteOptions, WriteOptions
from gitopslab.controlplane.server.reading import Page
from gitopslab.controlplane.server.registry import OvertakenError, Registry, attributes_of
from gitopslab.controlplane.server.reviews import Reviews
from gitopslab.controlplane.server.revisions import too_large, version_of
from gitopslab.controlplane.server.store import Change, Record, Store
from gitopslab.controlplane.server.webhookclients import Client
from gitopslab.errors import NotFoundError, already_exists, bad_request, not_found
from gitopslab.machinery.clock import Clock
from gitopslab.machinery.jwt import SigningKey
from gitopslab.machinery.kinds import NODE_METRICS, POD_METRICS, Catalog, Resource
from gitopslab.machinery.names import CHANCE
from gitopslab.machinery.objects import Object, is_terminating, name_of, namespace_of

T = TypeVar("T")
_TRIES = 4
_AFTER_ADMISSION = " after mutating admission happens"  # when the real server looks at what a patch made
_SERVER = Caller("system:apiserver", ("system:masters",), "kube-apiserver")


class Verbs:
    """An API server without the network.

    Args:
        store: Where objects are kept.
        clock: Gives creation and deletion times.
        catalog: The resource types served.
        key: Signs the tokens of service accounts; default one of its own.
        chance: Where generated names, uids and addresses come from; a seeded one gives the same ones again.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        catalog: Catalog | None = None,
        *,
        key: SigningKey | None = None,
        chance: Random = CHANCE,
    ) -> None:
        self.store = store
        self.clock = clock
        self._chance = chance
        self.catalog = catalog or Catalog()
        self.feed = Feed()
        self.reader = reading.StoreReader(store)
        self._forms = Forms(store, self.feed, self.catalog, self.reader)
        self.authorizer = Authorizer(self.reader, self.feed)
        self.accounts = AccountTokens(self.reader, clock, key or SigningKey.new(), chance)
        self.tokens = BearerTokens(self.accounts)
        self._reviews = Reviews(self.authorizer, self.tokens, self.accounts, self.reader, clock)
        self._admission = Admission(self.reader, clock, chance, self._charge, self.catalog)
        self.components = ComponentStatuses()
        around = Addresses(self._note_address, self._forget_address).noted
        self._registry = Registry(
            store, self.feed, self._forms, clock, self._admission, self.authorizer, {"services": around}
        )
        self._computed: dict[str, ComponentStatuses | ResourceMetrics] = {STATUSES: self.components}

    def call_webhooks(self, client: Client) -> None:
        """Have webhooks asked from now on, those of admission and those that convert."""
        self._admission.webhooks.client = client
        self._forms.call_webhooks(client)

    def serve_metrics(self, metrics: Metrics) -> None:
        """Serve ``metrics.k8s.io`` from now on, as a cluster does that has metrics-server."""
        computed = ResourceMetrics(self.reader, metrics, self.clock)
        for resource in (NODE_METRICS, POD_METRICS):
            self._computed[resource.key] = computed
            self.catalog.add(resource)

    # -- reading ------------------------------------------------------------------------------------------------------

    def get(self, who: Caller, resource: Resource, namespace: str, name: str, subresource: str = "") -> Record:
        """One object, or its Scale; ``status`` gives the whole object, as on a real server.

        Raises:
            NotFoundError: There is none.
        """
        if (computed := self._computed.get(resource.key)) is not None:
            return Record.of(computed.get(resource, namespace, name))
        record = self._registry.current(resource, (namespace, name))
        if record is None:
            raise not_found(resource.key, name)
        return Record.of(scaling.scale_of(resource, record.object, is_read=True)) if subresource == "scale" else record

    def reach(self, resource_version: str) -> None:
        """Check that the state to be read is at least as new as a version; it always is the newest.

        Raises:
            ApiError: 504 for a version that is not there yet.
        """
        wanted = version_of(resource_version)
        if wanted > self.store.revision:
            raise too_large(wanted, self.store.revision)

    def list(
        self,
        who: Caller,
        resource: Resource,
        namespace: str,
        *,
        labels: str = "",
        fields: str = "",
        limit: int = 0,
        continue_: str = "",
        resource_version: str = "",
        resource_version_match: str = "",
    ) -> Page:
        """The objects of one namespace or (empty) of all that pass the selectors, whole or in chunks of ``limit``."""
        accept = reading.selection(resource, labels, fields)
        if (computed := self._computed.get(resource.key)) is not None:
            return Page([Record.of(found) for found in computed.list(resource, namespace, accept)], 0)
        return reading.page(
            self.store,
            resource,
            namespace,
            accept,
            limit=limit,
            continue_=continue_,
            resource_version=resource_version,
            match=resource_version_match,
            show=self._forms.of_records(resource),
        )

    def watch(
        self,
        who: Caller,
        resource: Resource,
        namespace: str,
        *,
        labels: str = "",
        fields: str = "",
        resource_version: str = "",
        initial_events: bool = False,
        asks: bool = True,
    ) -> tuple[builtins.list[Change], Subscription]:
        """The changes since ``resource_version`` and a subscription to what comes.

        Without a version (or with 0), or with ``initial_events``, it begins with every current object as ADDED. Without
        ``asks`` nobody outside is asked to convert objects, so that whoever follows need not wait.

        Raises:
            GoneError: The version is older than the history kept.
            ApiError: 504 when everything there is at a version is wanted, and it is not there yet.
        """
        if initial_events:
            self.reach(resource_version)
        since = version_of(resource_version)
        accept = reading.selection(resource, labels, fields)
        start = None if initial_events or since == 0 else since
        show = self._forms.of_changes(resource, asks=asks)
        waits = asks and self._forms.asks(resource)
        return reading.follow(self.store, self.feed, resource, namespace, accept, start, show, waits=waits)

    # -- writing ------------------------------------------------------------------------------------------------------

    def create(
        self,
        who: Caller,
        resource: Resource,
        namespace: str,
        obj: Object,
        options: WriteOptions,
        *,
        name: str = "",
        subresource: str = "",
    ) -> Record:
        """Store a new object, or post to a subresource; ``obj`` is taken over and must not be used afterwards.

        Raises:
            AlreadyExistsError: The name is taken.
            InvalidError: The object breaks a rule.
        """
        if subresource in ("binding", "eviction") or resource.key == subresources.BINDINGS:
            return self._post(who, resource, subresource, namespace, name, obj, options)
        if subresource == "token" or not resource.stored:
            return self._reviews.answer(
                who, resource, namespace, name, obj, options, subresource=subresource,
                ask=lambda made: self._consult(who, "CREATE", resource, subresource, namespace, name, made, options),
            )  # fmt: skip
        if (home := self._forms.home(resource)) is not None:
            made = self.create(who, home, namespace, self._forms.kept(resource, obj), options)
            return self._forms.shown(resource, made)
        metadata = obj.get("metadata") or {}
        prefix = "" if metadata.get("name") else metadata.get("generateName") or ""
        options.warnings.extend(identity.without_repeated_owners(obj))
        identity.assign(obj, namespace, self.clock.now(), self._chance)
        attributes = attributes_of(who, resource, "CREATE", "", obj, None, options)
        with self._registry.writing(attributes):
            self._registry.admit(who, attributes, options, writer=_manager(who, options), prefix=prefix)
            key = (namespace, name_of(obj))
            if (there := self.store.get(resource.storage_key, key)) is not None:
                raise already_exists(resource.key, name_of(obj), is_terminating=is_terminating(there.object))
            return self._registry.commit("ADDED", resource, key, obj, None, dry_run=options.dry_run)

    def update(
        self,
        who: Caller,
        resource: Resource,
        namespace: str,
        name: str,
        obj: Object,
        options: WriteOptions,
        *,
        subresource: str = "",
        track: bool = True,
    ) -> Record:
        """Replace an object, or the part of it that ``subresource`` names; ``obj`` is taken over.

        Without ``track`` the object says itself who owns what.

        Simplified: what is not there is never created by an update; the real server does so for a few kinds, such as
        events and leases.

        Raises:
            NotFoundError: There is none.
            ConflictError: ``obj`` was made from an older state.
        """
        identity.check_path(namespace, name, obj)
        if subresource == "scale" and obj.get("kind") == "Scale":
            return self._retried(lambda: scaling.update_scale(self, who, resource, namespace, name, obj, options))
        current = self.get(who, resource, namespace, name)
        options.warnings.extend(identity.without_repeated_owners(obj))
        identity.check(resource, namespace, name, obj, current.object)
        identity.check_versioned(resource, name, obj)
        return self._replace(who, resource, current, obj, options, subresource=subresource, track=track)

    def patch(
        self,
        who: Caller,
        resource: Resource,
        namespace: str,
        name: str,
        patch: Any,
        type: PatchType,
        options: WriteOptions,
        *,
        subresource: str = "",
    ) -> tuple[Record, bool]:
        """Change part of an object.

        Returns:
            The new state, and whether it was created (only server-side apply creates).
        """
        if subresource == "scale":
            scaled = self._retried(
                lambda: scaling.patch_scale(self, who, resource, namespace, name, patch, type, options)
            )
            return scaled, False
        where = resource, namespace, name
        if type == "apply":
            return self._retried(lambda: self._apply(who, *where, patch, options, subresource))
        return self._retried(lambda: self._patch(who, *where, patch, type, options, subresource)), False

    def delete(
        self, who: Caller, resource: Resource, namespace: str, name: str, options: DeleteOptions
    ) -> tuple[Record, bool]:
        """Ask for deletion.

        Returns:
            The last state, and whether the object is gone. If not, it waits for finalizers or for its grace to pass.
        """
        return self._retried(lambda: self._delete(who, resource, namespace, name, options))

    def delete_collection(
        self,
        who: Caller,
        resource: Resource,
        namespace: str,
        options: DeleteOptions,
        *,
        labels: str = "",
        fields: str = "",
        limit: int = 0,
        continue_: str = "",
        resource_version: str = "",
        resource_version_match: str = "",
    ) -> Page:
        """Delete every object that a list with these options shows; the page shows what they were."""
        found = self.list(
            who, resource, namespace, labels=labels, fields=fields, limit=limit, continue_=continue_,
            resource_version=resource_version, resource_version_match=resource_version_match,
        )  # fmt: skip
        for record in found.records:
            with contextlib.suppress(NotFoundError):  # somebody was faster
                self.delete(who, resource, namespace_of(record.object), name_of(record.object), options)
        return found

    def connect(
        self, who: Caller, resource: Resource, subresource: str, namespace: str, name: str, wish: Object
    ) -> None:
        """Have those outside look at a request for a connection, as ``exec`` is one.

        Args:
            who: Asks.
            resource: Of what is connected to.
            subresource: Through which path.
            namespace: Of it.
            name: Of it; ``NAME:PORT`` where that is asked for.
            wish: The options of the connection, as in ``PodExecOptions``.

        Raises:
            ApiError: One of them refuses.
        """
        self._consult(who, "CONNECT", resource, subresource, namespace, name, wish, WriteOptions())

    # -- the steps of a write -----------------------------------------------------------------------------------------

    def _post(
        self,
        who: Caller,
        resource: Resource,
        subresource: str,
        namespace: str,
        name: str,
        obj: Object,
        options: WriteOptions,
    ) -> Record:
        """Carry out what was posted to a subresource that is not the object itself."""
        made, pods = subresources.posted(self, subresource, namespace, obj), self._resource("pods")
        if not name and not name_of(made):
            raise bad_request("Name parameter required.")
        if name and name_of(made) != name:
            raise bad_request(f"name in URL does not match name in {made['kind']} object")
        name = name_of(made)
        self._consult(who, "CREATE", resource, subresource, namespace, name, made, options)
        if subresource == "eviction":
            return subresources.evict(self, who, pods, namespace, name, made, options)
        return self._retried(lambda: subresources.bind(self, who, pods, namespace, name, made, options))

    def _consult(
        self,
        who: Caller,
        operation: str,
        resource: Resource,
        subresource: str,
        namespace: str,
        name: str,
        obj: Object,
        options: WriteOptions,
    ) -> None:
        attributes = attributes_of(who, resource, operation, subresource, obj, None, options)
        self._admission.consult(replace(attributes, namespace=namespace, name=name), options.warnings)

    def _apply(
        self,
        who: Caller,
        resource: Resource,
        namespace: str,
        name: str,
        config: Object,
        options: WriteOptions,
        subresource: str,
    ) -> tuple[Record, bool]:
        """Server-side apply: merge by field ownership, then go on as a create or an update."""
        if (home := self._forms.home(resource)) is not None:
            ownership.check(resource, config)
            wish = self._forms.kept(resource, config)
            record, is_new = self._apply(who, home, namespace, name, wish, options, subresource)
            return self._forms.shown(resource, record), is_new
        current = self._registry.current(resource, (namespace, name))
        if current is None and subresource:
            raise not_found(resource.key, name)
        after = ownership.applied(
            resource,
            current.copy() if current else None,
            config,
            manager=_manager(who, options),
            force=options.force,
            subresource=subresource,
            now=self.clock.now(),
        )
        if current is not None:
            identity.check(resource, namespace, name, after, current.object, is_patch=True)
            return self._replace(who, resource, current, after, options, subresource=subresource, track=False), False
        identity.check_new(resource, namespace, name, after)
        owned = after["metadata"].get("managedFields")
        identity.assign(after, namespace, self.clock.now(), self._chance)
        attributes = attributes_of(who, resource, "CREATE", "", after, None, options)
        with self._registry.writing(attributes):
            self._registry.admit(who, attributes, options)
            if owned:
                after["metadata"]["managedFields"] = owned
            key = (namespace, name)
            return self._registry.commit("ADDED", resource, key, after, None, dry_run=options.dry_run), True

    def _patch(
        self,
        who: Caller,
        resource: Resource,
        namespace: str,
        name: str,
        patch: Any,
        type: PatchType,
        options: WriteOptions,
        subresource: str,
    ) -> Record:
        current = self.get(who, resource, namespace, name)
        after, warnings = patches.result(resource, current.object, patch, type, options.field_validation)
        options.warnings.extend(warnings)
        options.warnings.extend(identity.without_repeated_owners(after, _AFTER_ADMISSION))
        identity.check(resource, namespace, name, after, current.object, is_patch=True)
        return self._replace(who, resource, current, after, options, subresource=subresource)

    def _delete(
        self, who: Caller, resource: Resource, namespace: str, name: str, options: DeleteOptions
    ) -> tuple[Record, bool]:
        current = self.get(who, resource, namespace, name)
        identity.check_preconditions(resource, current.object, options)
        attributes = attributes_of(who, resource, "DELETE", "", None, current.object, options)
        self._admission.validate(attributes, options.warnings)
        obj = current.copy()
        goes = deletion.mark(resource, obj, options, self.clock.now())
        key, dry_run = (namespace, name), options.dry_run
        if not goes:
            return self._registry.change(resource, key, current, obj, dry_run=dry_run), False
        return self._registry.commit("DELETED", resource, key, obj, current, dry_run=dry_run), True

    @staticmethod
    def _retried(write: Callable[[], T]) -> T:
        """A write that says what to change, not what to be: overtaken, it is done once more on what is there now."""
        for _ in range(_TRIES):
            with contextlib.suppress(OvertakenError):
                return write()
        return write()

    def _replace(
        self,
        who: Caller,
        resource: Resource,
        current: Record,
        obj: Object,
        options: WriteOptions,
        *,
        subresource: str,
        track: bool = True,
    ) -> Record:
        if (home := self._forms.home(resource)) is not None:
            there = self.get(who, home, namespace_of(obj), name_of(obj))
            wish = self._forms.kept(resource, obj)
            made = self._replace(who, home, there, wish, options, subresource=subresource, track=track)
            return self._forms.shown(resource, made)
        before = current.object
        identity.keep_system_fields(obj, before)
        attributes = attributes_of(who, resource, "UPDATE", subresource, obj, before, options)
        with self._registry.writing(attributes):
            self._registry.admit(who, attributes, options, writer=_manager(who, options) if track else None)
            key = (namespace_of(obj), name_of(obj))
            if deletion.is_finished(resource, obj):
                return self._registry.commit("DELETED", resource, key, obj, current, dry_run=options.dry_run)
            return self._registry.change(resource, key, current, obj, dry_run=options.dry_run)

    def _charge(self, quota: Object) -> None:
        """Store what a write that is under way takes of a quota, as the server itself."""
        path = namespace_of(quota), name_of(quota)
        self.update(_SERVER, self._resource("resourcequotas"), *path, quota, WriteOptions(), subresource="status")

    def _note_address(self, address: Object) -> None:
        self.create(_SERVER, self._resource(ADDRESSES), "", address, WriteOptions())

    def _forget_address(self, name: str) -> None:
        self.delete(_SERVER, self._resource(ADDRESSES), "", name, DeleteOptions())

    def _resource(self, key: str) -> Resource:
        """A built-in type by its key."""
        found = self.catalog.by_key(key)
        assert found is not None, "built-in types are always served"
        return found


def _manager(who: Caller, options: WriteOptions) -> str:
    return options.field_manager or who.manager
