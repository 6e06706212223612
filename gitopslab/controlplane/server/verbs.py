"""The verbs of the API: the one door to the store.

The HTTP room calls it for the outside world, ``local.LocalApi`` for the controllers. Each verb finds out what is asked
for and who answers: an object of the store, itself or a part of it (``reading``, ``writing``), a Scale (``scaling``), a
binding or an eviction (``subresources``), a review or a token, which is answered and not kept (``reviews``), or what is
computed whenever somebody reads it (``components``, ``metrics``). A write that says what to change is begun again when
others were faster. The way of an object through ``writing`` and ``registry`` is::

    object ─ defaults ─ ownership ─ mutating admission ─ strategy ─ validation ─ validating admission ─ store ─ feed

in that order, as in ``apiserver/pkg/endpoints/handlers`` and ``registry/generic/registry/store.go``. Decoding of bytes
happens before, in ``decode``. Everything is synchronous: whoever calls next sees what was written.
"""

from __future__ import annotations

import builtins
import contextlib
from dataclasses import replace
from random import Random
from typing import Any

from gitopslab.controlplane.runtime.api import PatchType
from gitopslab.controlplane.runtime.metrics import Metrics
from gitopslab.controlplane.server import identity, reading, scaling, subresources
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
from gitopslab.controlplane.server.records import Change, Record
from gitopslab.controlplane.server.registry import Registry, retried
from gitopslab.controlplane.server.reviews import Reviews
from gitopslab.controlplane.server.revisions import too_large, version_of
from gitopslab.controlplane.server.store import Store
from gitopslab.controlplane.server.webhookclients import Client
from gitopslab.controlplane.server.writing import Writes
from gitopslab.errors import NotFoundError
from gitopslab.machinery.clock import Clock
from gitopslab.machinery.jwt import SigningKey
from gitopslab.machinery.kinds import NODE_METRICS, POD_METRICS, Catalog, Resource
from gitopslab.machinery.names import CHANCE
from gitopslab.machinery.objects import Object, name_of, namespace_of

_MADE_BY_UPDATES = frozenset((
    "services", "endpoints", "limitranges", "events", "roles.rbac.authorization.k8s.io",
    "rolebindings.rbac.authorization.k8s.io", "clusterroles.rbac.authorization.k8s.io",
    "clusterrolebindings.rbac.authorization.k8s.io", "leases.coordination.k8s.io", "runtimeclasses.node.k8s.io",
))  # fmt: skip
"""Kinds of which an update makes what is not there (``AllowCreateOnUpdate``)."""
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
        self._writes = Writes(self._registry, self._forms, clock, chance)
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
        record = self._registry.existing(resource, (namespace, name))
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
            return subresources.post(self, who, resource, subresource, namespace, name, obj, options)
        if subresource == "token" or not resource.stored:
            return self._reviews.answer(
                who, resource, namespace, name, obj, options, subresource=subresource,
                ask=lambda made: self.consult(who, "CREATE", resource, subresource, namespace, name, made, options),
            )  # fmt: skip
        return self._writes.create(who, resource, namespace, obj, options)

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
    ) -> tuple[Record, bool]:
        """Replace an object, or the part of it that ``subresource`` names; ``obj`` is taken over.

        Without ``track`` the object says itself who owns what.

        Returns:
            The new state, and whether it was created: of some kinds, one that is not there is made.

        Raises:
            NotFoundError: There is none.
            ConflictError: ``obj`` was made from an older state.
        """
        identity.check_path(namespace, name, obj)
        where = resource, namespace, name
        if (
            resource.key in _MADE_BY_UPDATES
            and not subresource
            and self.reader.find(resource.key, namespace, name) is None
        ):
            identity.check_uid(*where, obj, None, dry_run=options.dry_run)
            obj["metadata"].pop("resourceVersion", None)
            return self._writes.create(who, resource, namespace, obj, options, is_unasked=True), True
        if subresource == "scale" and obj.get("kind") == "Scale":
            return retried(lambda: scaling.update_scale(self, who, *where, obj, options)), False
        return self._writes.update(who, *where, obj, options, subresource=subresource, track=track), False

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
            The new state, and whether it was created, which only server-side apply does.
        """
        if subresource == "scale":
            scaled = retried(lambda: scaling.patch_scale(self, who, resource, namespace, name, patch, type, options))
            return scaled, False
        where = resource, namespace, name
        if type == "apply":
            return retried(lambda: self._writes.apply(who, *where, patch, options, subresource))
        return retried(lambda: self._writes.patch(who, *where, patch, type, options, subresource)), False

    def delete(
        self, who: Caller, resource: Resource, namespace: str, name: str, options: DeleteOptions
    ) -> tuple[Record, bool]:
        """Ask for deletion.

        Returns:
            The last state, and whether the object is gone. If not, it waits for finalizers or for its grace to pass.
        """
        return retried(lambda: self._writes.delete(who, resource, namespace, name, options))

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
        self.consult(who, "CONNECT", resource, subresource, namespace, name, wish, WriteOptions())

    def consult(
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
        """Have admission look at what is asked of a subresource and is itself not stored.

        Raises:
            ApiError: A plugin or somebody outside refuses.
        """
        attributes = self._registry.attributes_of(who, resource, operation, subresource, obj, None, options)
        self._admission.consult(replace(attributes, namespace=namespace, name=name), options.warnings)

    def built_in(self, key: str) -> Resource:
        """A built-in type by its key."""
        found = self.catalog.by_key(key)
        assert found is not None, "built-in types are always served"
        return found

    # -- what the server writes for itself ----------------------------------------------------------------------------

    def _charge(self, quota: Object) -> None:
        """Store what a write that is under way takes of a quota, as the server itself."""
        path = namespace_of(quota), name_of(quota)
        self.update(_SERVER, self.built_in("resourcequotas"), *path, quota, WriteOptions(), subresource="status")

    def _note_address(self, address: Object) -> None:
        self.create(_SERVER, self.built_in(ADDRESSES), "", address, WriteOptions())

    def _forget_address(self, name: str) -> None:
        self.delete(_SERVER, self.built_in(ADDRESSES), "", name, DeleteOptions())
