"""What each writing verb makes of an object: its next state, which the registry then admits and keeps.

``verbs`` calls it for whatever is an object in the store, itself or a part of it (``status``, ``resize``). Every method
is one attempt on what is there now: ``OvertakenError`` says that others wrote meanwhile. A type kept in the form of
another (an Event of ``events.k8s.io``) is written as that other one.

The steps of a write are in ``registry``, the rules of names and uids in ``identity``, those of deletion in
``deletion``; ``patches`` and ``apply`` say what a patch or an apply comes to. Upstream: ``create.go``,
``update.go``, ``patch.go`` and ``delete.go`` of ``apiserver/pkg/endpoints/handlers``.
"""

from __future__ import annotations

from random import Random
from typing import Any

from gitopslab.controlplane.runtime.api import PatchType
from gitopslab.controlplane.server import apply, deletion, identity, ownership, patches, strategy
from gitopslab.controlplane.server.defaults import set_defaults
from gitopslab.controlplane.server.forms import Forms
from gitopslab.controlplane.server.options import Caller, DeleteOptions, WriteOptions
from gitopslab.controlplane.server.records import Record
from gitopslab.controlplane.server.registry import Registry
from gitopslab.errors import not_found
from gitopslab.machinery.clock import Clock
from gitopslab.machinery.kinds import Resource
from gitopslab.machinery.objects import Object, name_of, namespace_of

_AFTER_ADMISSION = " after mutating admission happens"  # when the real server looks at what a patch made


class Writes:
    """Writes of whole objects and of their parts; what is given is taken over and must not be used afterwards.

    Args:
        registry: Admits and keeps.
        forms: Knows how objects are kept.
        clock: Gives creation and deletion times.
        chance: Where generated names and uids come from.
    """

    def __init__(self, registry: Registry, forms: Forms, clock: Clock, chance: Random) -> None:
        self._registry = registry
        self._forms = forms
        self._clock = clock
        self._chance = chance

    def create(
        self,
        who: Caller,
        resource: Resource,
        namespace: str,
        obj: Object,
        options: WriteOptions,
        *,
        is_unasked: bool = False,
    ) -> Record:
        """Store a new object.

        Args:
            who: Writes.
            resource: The type of the object.
            namespace: Where it goes.
            obj: It.
            options: Of the request.
            is_unasked: Whether nobody has asked yet if the writer may create, because an update or an apply was asked.

        Raises:
            AlreadyExistsError: The name is taken.
            InvalidError: The object breaks a rule.
        """
        if (home := self._forms.home(resource)) is None:
            return self._add(who, resource, namespace, obj, options, track=True, is_unasked=is_unasked)
        wish = self._tracked(who, resource, None, obj, options, "")
        made = self._add(who, home, namespace, wish, options, track=False, is_unasked=is_unasked)
        return self._forms.shown(resource, made)

    def update(
        self,
        who: Caller,
        resource: Resource,
        namespace: str,
        name: str,
        obj: Object,
        options: WriteOptions,
        *,
        subresource: str,
        track: bool,
    ) -> Record:
        """Replace an object, or the part of it that ``subresource`` names.

        Raises:
            NotFoundError: There is none.
            ConflictError: ``obj`` was made from an older state.
        """
        current = self._registry.existing(resource, (namespace, name))
        options.warnings.extend(identity.without_repeated_owners(obj))
        identity.check_path(namespace, name, obj)
        identity.check_uid(resource, namespace, name, obj, current.object, dry_run=options.dry_run)
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
        subresource: str,
    ) -> Record:
        """Change part of an object, in any way but by applying.

        Raises:
            NotFoundError: There is none.
            InvalidError: What comes of it breaks a rule.
        """
        current = self._registry.existing(resource, (namespace, name))
        after, warnings = patches.result(resource, current.object, patch, type, options.field_validation)
        options.warnings.extend(warnings)
        options.warnings.extend(identity.without_repeated_owners(after, _AFTER_ADMISSION))
        identity.check_path(namespace, name, after)
        return self._replace(who, resource, current, after, options, subresource=subresource)

    def apply(
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
        current = self._registry.current(resource, (namespace, name))
        if current is None and subresource:
            raise not_found(resource.key, name)
        after = apply.applied(
            resource,
            current.copy() if current else None,
            config,
            manager=_manager(who, options),
            force=options.force,
            subresource=subresource,
            now=self._clock.now(),
            versions=self._forms,
        )
        if current is not None:
            identity.check_path(namespace, name, after)
            return self._replace(who, resource, current, after, options, subresource=subresource, track=False), False
        identity.check_new(resource, namespace, name, after)
        after["metadata"].pop("resourceVersion", None)
        if (home := self._forms.home(resource)) is None:
            return self._add(who, resource, namespace, after, options, track=False, is_unasked=True), True
        wish = self._forms.kept(resource, after)
        made = self._add(who, home, namespace, wish, options, track=False, is_unasked=True)
        return self._forms.shown(resource, made), True

    def delete(
        self, who: Caller, resource: Resource, namespace: str, name: str, options: DeleteOptions
    ) -> tuple[Record, bool]:
        """Delete an object, or mark it for deletion when something has to happen first.

        Returns:
            The last state, and whether the object is gone.

        Raises:
            NotFoundError: There is none.
            ConflictError: It is not in the state that was asked for.
        """
        current = self._registry.existing(resource, (namespace, name))
        identity.check_preconditions(resource, current.object, options)
        attributes = self._registry.attributes_of(who, resource, "DELETE", "", None, current.object, options)
        self._registry.admission.validate(attributes, options.warnings)
        obj = current.copy()
        goes = deletion.mark(resource, obj, options, self._clock.now())
        key, dry_run = (namespace, name), options.dry_run
        if not goes:
            return self._registry.change(resource, key, current, obj, dry_run=dry_run), False
        if deletion.is_told(resource) and not dry_run:
            current = self._registry.change(resource, key, current, obj, dry_run=False)
            obj = current.copy()
        return self._registry.commit("DELETED", resource, key, obj, current, dry_run=dry_run), True

    def _add(
        self,
        who: Caller,
        resource: Resource,
        namespace: str,
        obj: Object,
        options: WriteOptions,
        *,
        track: bool,
        is_unasked: bool,
    ) -> Record:
        """Store a new object, which says itself who owns what unless that is tracked."""
        metadata = obj.get("metadata") or {}
        prefix = "" if metadata.get("name") else metadata.get("generateName") or ""
        owned = None if track else metadata.get("managedFields")
        version = metadata.get("resourceVersion")
        options.warnings.extend(identity.without_repeated_owners(obj))
        identity.assign(obj, namespace, self._clock.now(), self._chance)
        attributes = self._registry.attributes_of(who, resource, "CREATE", "", obj, None, options)
        writer = _manager(who, options) if track else None
        with self._registry.writing(attributes):
            self._registry.admit(who, attributes, options, writer=writer, prefix=prefix, is_unasked=is_unasked)
            if owned:
                obj["metadata"]["managedFields"] = owned
            if not options.dry_run:
                identity.check_unstored(version)
            strategy.complete(resource, obj)
            key = (namespace, name_of(obj))
            if not is_unasked:  # else somebody was faster, and it is an update now
                self._registry.check_free(resource, key)
            return self._registry.commit("ADDED", resource, key, obj, None, dry_run=options.dry_run)

    def _tracked(
        self,
        who: Caller,
        resource: Resource,
        before: Object | None,
        obj: Object,
        options: WriteOptions,
        subresource: str,
    ) -> Object:
        """An object in the form it is kept in; whose its fields are is said in the words it was written in."""
        set_defaults(resource, obj)
        kept = self._forms.kept(resource, obj)
        seen = self._forms.shown(resource, Record.of(kept)).object
        seen = {**seen, "metadata": dict(seen["metadata"])}
        ownership.tracked(
            resource, before, seen, manager=_manager(who, options), subresource=subresource, now=self._clock.now(),
            versions=self._forms,
        )  # fmt: skip
        owned = seen["metadata"].get("managedFields")
        rest = {field: value for field, value in kept["metadata"].items() if field != "managedFields"}
        return {**kept, "metadata": {**rest, **({"managedFields": owned} if owned else {})}}

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
        """Store the next state of an object; one marked for deletion goes when nothing holds it any more."""
        if (home := self._forms.home(resource)) is not None:
            identity.check_version(resource, obj, current.object)
            there = self._registry.existing(home, (namespace_of(obj), name_of(obj)))
            before = current.object
            wish = (
                self._tracked(who, resource, before, obj, options, subresource)
                if track
                else self._forms.kept(resource, obj)
            )
            made = self._replace(who, home, there, wish, options, subresource=subresource, track=False)
            return self._forms.shown(resource, made)
        attributes = self._registry.attributes_of(who, resource, "UPDATE", subresource, obj, current.object, options)
        with self._registry.writing(attributes):
            self._registry.admit(who, attributes, options, writer=_manager(who, options) if track else None)
            key = (namespace_of(obj), name_of(obj))
            if deletion.is_finished(resource, obj):
                return self._registry.commit("DELETED", resource, key, obj, current, dry_run=options.dry_run)
            return self._registry.change(resource, key, current, obj, dry_run=options.dry_run)


def _manager(who: Caller, options: WriteOptions) -> str:
    return options.field_manager or who.manager
