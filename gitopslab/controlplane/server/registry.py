"""The registry: what happens to an object between a verb and the store.

``writing`` calls ``admit`` for every object it is about to keep, then ``commit``. In between others may have written,
if admission had to wait for a webhook; ``commit`` then raises ``OvertakenError``, and whoever can begins again
(``retried``). Upstream: ``registry/generic/registry/store.go`` and the handlers in front of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import replace
from typing import Any, TypeVar

from gitopslab.controlplane.server import identity, ownership, strategy
from gitopslab.controlplane.server.admission import Admission, Attributes
from gitopslab.controlplane.server.authorization import escalation, signers
from gitopslab.controlplane.server.authorization.attributes import Access
from gitopslab.controlplane.server.authorization.rbac import Authorizer
from gitopslab.controlplane.server.custom import objects as custom_objects
from gitopslab.controlplane.server.custom.version import CustomResource
from gitopslab.controlplane.server.defaults import set_defaults
from gitopslab.controlplane.server.feed import Feed
from gitopslab.controlplane.server.forms import Forms
from gitopslab.controlplane.server.options import Caller, DeleteOptions, WriteOptions
from gitopslab.controlplane.server.records import ChangeType, Key, Record
from gitopslab.controlplane.server.store import Store
from gitopslab.controlplane.server.validation import validate
from gitopslab.controlplane.server.warnings import warnings_of
from gitopslab.errors import ConflictError, already_exists, conflict, invalid, not_found
from gitopslab.machinery.clock import Clock
from gitopslab.machinery.kinds import Resource
from gitopslab.machinery.objects import Object, is_terminating, name_of, namespace_of

T = TypeVar("T")
Around = Callable[[Object | None, Object | None], AbstractContextManager[None]]
"""Given an object before and after a write, what to do right before and right after that is stored."""

_TRIES = 4


class OvertakenError(ConflictError):
    """Somebody else has written the object while this write waited."""


def retried(write: Callable[[], T]) -> T:
    """A write that says what to change, not what to be: overtaken, it is done once more on what is there now."""
    for _ in range(_TRIES):
        with suppress(OvertakenError):
            return write()
    return write()


class Registry:
    """The steps of a write.

    Args:
        store: Keeps objects.
        feed: Is told of every change.
        forms: Knows how objects are kept.
        clock: The time.
        admission: The chain.
        authorizer: Knows who may do more than write.
        around: What else is done about objects of a kind, by its key.
    """

    def __init__(
        self,
        store: Store,
        feed: Feed,
        forms: Forms,
        clock: Clock,
        admission: Admission,
        authorizer: Authorizer,
        around: dict[str, Around],
    ) -> None:
        self._store = store
        self._feed = feed
        self._forms = forms
        self._clock = clock
        self.admission = admission
        self._authorizer = authorizer
        self._around = around

    def current(self, resource: Resource, key: Key) -> Record | None:
        """The stored state of an object, in the form of the resource."""
        record = self._store.get(resource.storage_key, key)
        return None if record is None else self._forms.shown(resource, record)

    def existing(self, resource: Resource, key: Key) -> Record:
        """The stored state of an object that has to be there.

        Raises:
            NotFoundError: It is not.
        """
        record = self.current(resource, key)
        if record is None:
            raise not_found(resource.key, key[1])
        return record

    def check_free(self, resource: Resource, key: Key) -> None:
        """Check that no object has this name.

        Raises:
            AlreadyExistsError: One has.
        """
        if (there := self._store.get(resource.storage_key, key)) is not None:
            raise already_exists(resource.key, key[1], is_terminating=is_terminating(there.object))

    @contextmanager
    def writing(self, attributes: Attributes) -> Iterator[None]:
        """While a write is under way, nobody else is given what it was given."""
        try:
            yield
        finally:
            self.admission.end(attributes)

    def admit(
        self,
        who: Caller,
        attributes: Attributes,
        options: WriteOptions,
        *,
        writer: str | None = None,
        prefix: str = "",
        is_unasked: bool = False,
    ) -> None:
        """Bring a wished object into the state in which it may be stored, in place.

        Args:
            who: Writes.
            attributes: The write; its object is changed.
            options: Of the request; what there is to warn of is added to them.
            writer: The field manager to whom what changed is given; None when the object says itself who owns what.
            prefix: The ``generateName`` of an object whose name is generated.
            is_unasked: Whether nobody has asked yet if the writer may create.

        Raises:
            ApiError: A rule, a plugin or somebody outside refuses.
        """
        resource, obj, sub = attributes.resource, attributes.object, attributes.subresource
        assert obj is not None, "deletions are only validated"
        set_defaults(resource, obj)
        # Before admission and strategies: what the server changes on its own belongs to no field manager.
        if writer is not None:
            now = self._clock.now()
            ownership.tracked(
                resource, attributes.before, obj, manager=writer, subresource=sub, now=now, versions=self._forms
            )
        # Whoever refuses here names an object by what it asks for; its name is generated only after this.
        early = replace(attributes, name=prefix) if prefix else attributes
        self.admission.mutate(early, options.warnings)
        escalation.check(self._authorizer, who, resource, obj, attributes.before)
        # After defaults: generation counts what changed in the spec, and quality of service what admission filled in.
        if attributes.before is None:
            options.warnings.extend(strategy.prepare_create(resource, obj))
        else:
            identity.check_version(resource, obj, attributes.before)
            identity.keep_system_fields(obj, attributes.before)
            strategy.prepare_update(resource, obj, attributes.before, attributes.subresource, self._clock.now())
        self._validate(attributes, obj, options.warnings)
        options.warnings.extend(warnings_of(resource, obj, attributes.before, attributes.subresource))
        signers.check(self._authorizer, who, resource, sub, obj, attributes.before)
        if is_unasked:
            self._authorizer.check(who, _creation(attributes))
        self.admission.validate(attributes, options.warnings)

    def _validate(self, attributes: Attributes, obj: Object, warnings: list[str]) -> None:
        resource, before, sub = attributes.resource, attributes.before, attributes.subresource
        if isinstance(resource, CustomResource):
            causes = custom_objects.validate(resource, obj, before, sub, warnings)
        else:
            causes = validate(resource, obj, before, sub)
        if causes:
            group = resource.storage_key.partition(".")[2]  # an Event is one of core, whichever API it came by
            raise invalid(str(obj.get("kind")), group, name_of(obj), causes)

    def change(self, resource: Resource, key: Key, current: Record, obj: Object, *, dry_run: bool) -> Record:
        """Store a new state, unless nothing differs: then nothing is written and no watcher is woken."""
        obj["metadata"]["resourceVersion"] = current.object["metadata"]["resourceVersion"]
        if obj == current.object:
            return current
        return self.commit("MODIFIED", resource, key, obj, current, dry_run=dry_run)

    def commit(
        self, type: ChangeType, resource: Resource, key: Key, obj: Object, current: Record | None, *, dry_run: bool
    ) -> Record:
        """Store an object, or that it is gone.

        Args:
            type: Which of these.
            resource: Of which kind it is.
            key: Where.
            obj: Its new or last state.
            current: The state that it was made from; None when there was none.
            dry_run: Do not.

        Raises:
            OvertakenError: There is another state by now.
            ApiError: Somebody outside does not convert it.
        """
        self._must_be_current(resource, key, current)
        if dry_run and not self._forms.asks(resource):
            return Record.of(obj)
        kept = self._forms.kept(resource, identity.ordered(resource, obj))
        if dry_run:
            return self._forms.shown(resource, Record.of(kept))
        around = self._around.get(resource.key, _nothing)
        with around(current.object if current else None, None if type == "DELETED" else obj):
            self._must_be_current(resource, key, current)  # whoever was asked about what is around it took time
            change = self._store.append(type, resource.storage_key, key, kept, self._clock.now())
            self._feed.publish(change)
        return self._forms.shown(resource, change.record)

    def attributes_of(
        self,
        who: Caller,
        resource: Resource,
        operation: str,
        subresource: str,
        obj: Object | None,
        before: Object | None,
        options: WriteOptions | DeleteOptions,
    ) -> Attributes:
        """What admission is told of a write."""
        subject = obj if obj is not None else before
        assert subject is not None, "there is always an object, new or old"
        return Attributes(
            operation=operation,
            resource=resource,
            subresource=subresource,
            namespace=namespace_of(subject),
            name=name_of(subject),
            object=obj,
            before=before,
            user=who.user,
            groups=who.groups,
            uid=who.uid,
            extra=who.extra,
            dry_run=options.dry_run,
            options=options.told(_OPTIONS[operation]) if operation in _OPTIONS else None,
            is_inner=options.is_inner,
            decide=self._authorizer.decide,
        )

    def _must_be_current(self, resource: Resource, key: Key, current: Record | None) -> None:
        there = self._store.get(resource.storage_key, key)
        known = current.object["metadata"]["resourceVersion"] if current else None
        if (str(there.revision) if there else None) != known:
            raise _overtaken(resource, key)


_OPTIONS: dict[str, Any] = {"CREATE": "CreateOptions", "UPDATE": "UpdateOptions", "DELETE": "DeleteOptions"}


def _creation(attributes: Attributes) -> Access:
    resource = attributes.resource
    return Access("create", resource.group, resource.plural, namespace=attributes.namespace, name=attributes.name)


def _nothing(before: Object | None, after: Object | None) -> AbstractContextManager[None]:
    """Most kinds need nothing around their storing."""
    return nullcontext()


def _overtaken(resource: Resource, key: Key) -> OvertakenError:
    said = conflict(resource.key, key[1], identity.MODIFIED)
    return OvertakenError(said.code, said.reason, said.message, details=said.details)
