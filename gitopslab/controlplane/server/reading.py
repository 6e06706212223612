"""Lists, watches and their selectors.

Called by ``verbs``; reads ``store`` and ``feed``. A list may be cut into chunks, each served from the same revision;
a watch begins at any revision that history still holds.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import lru_cache

from gitopslab.controlplane.server import fields as field_selectors
from gitopslab.controlplane.server.feed import Feed, Filter, Subscription
from gitopslab.controlplane.server.records import Change, Key, Record, order_of
from gitopslab.controlplane.server.revisions import moment, token_for
from gitopslab.controlplane.server.store import Store
from gitopslab.controlplane.server.validation.formats import problems_of_label_value, problems_of_qualified_name
from gitopslab.errors import aggregated, bad_request
from gitopslab.machinery import selectors
from gitopslab.machinery.kinds import Resource
from gitopslab.machinery.objects import Object, key_of, labels_of

Accept = Callable[[Object], bool]

_MOST_SELECTIONS = 256  # remembered, so that watches of the same are one filter to the feed


class StoreReader:
    """What admission may look at: current objects, shared and read-only."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def find(self, resource: str, namespace: str, name: str) -> Object | None:
        """One object, or None."""
        record = self._store.get(resource, (namespace, name))
        return record.object if record else None

    def all(self, resource: str, namespace: str = "") -> Iterable[Object]:
        """All objects of a resource, of one namespace or (empty) of all."""
        return (record.object for record in self._store.list(resource, namespace))


@dataclass(frozen=True, slots=True)
class Page:
    """One chunk of a list.

    Attributes:
        records: The objects, in the order of etcd's keys.
        revision: The resourceVersion that the list shows.
        continue_: Token for the next chunk; empty after the last.
        remaining: How many are left, None when a selector makes that unknown or nothing is left.
    """

    records: list[Record]
    revision: int
    continue_: str = ""
    remaining: int | None = None


def selection(resource: Resource, labels: str, fields: str) -> Accept | None:
    """The test behind ``labelSelector`` and ``fieldSelector``; None when everything passes.

    Raises:
        ApiError: 400, with the parser's own words.
    """
    return _selected(resource, labels, fields) if labels or fields else None


@lru_cache(maxsize=_MOST_SELECTIONS)
def _selected(resource: Resource, labels: str, fields: str) -> Accept:
    try:
        wanted = selectors.parse_labels(labels, _check)
        terms = selectors.parse_fields(fields)
        readers = field_selectors.selectable(resource, terms)
    except ValueError as error:
        raise bad_request(str(error)) from error

    tests = [(readers[path], equal, value) for path, equal, value in terms]

    def accept(obj: Object) -> bool:
        """Asked about every change, so it is spelled out."""
        for read, equal, value in tests:
            if (read(obj) == value) is not equal:
                return False
        return not labels or wanted.matches(labels_of(obj))

    return accept


def _check(requirement: selectors.Requirement) -> None:
    """Refuse a key or value that no label can have.

    Raises:
        ValueError: With the wording of ``labels.NewRequirement``.
    """
    told = [
        f'{where}: Invalid value: "{value}": {"; ".join(problems)}'
        for where, value, problems in (
            ("<nil>", requirement.key, problems_of_qualified_name(requirement.key)),
            *(
                (f"values[{number}][{requirement.key}]", value, problems_of_label_value(value))
                for number, value in enumerate(sorted(requirement.values))
            ),
        )
        if problems
    ]
    if told:
        raise ValueError(aggregated(told))


def page(
    store: Store,
    resource: Resource,
    namespace: str,
    accept: Accept | None,
    *,
    limit: int,
    continue_: str,
    resource_version: str,
    match: str,
    show: Callable[[Record], Record] | None = None,
) -> Page:
    """List objects, whole or in chunks.

    Raises:
        ApiError: 400 for a malformed token or version; 410 when its revision is compacted.
    """
    asked = moment(store, limit=limit, continue_=continue_, resource_version=resource_version, match=match)
    records = store.list_at(resource.storage_key, asked.revision, namespace)
    if asked.start is not None:
        records = records[bisect_left(records, order_of(asked.start), key=_order) :]
    if show is not None:
        records = [show(record) for record in records]
    if accept is not None:
        records = [record for record in records if accept(record.object)]
    if not asked.limit or len(records) <= asked.limit:
        return Page(records, asked.revision)
    rest = len(records) - asked.limit
    token = token_for(asked.revision, key_of(records[asked.limit].object))
    return Page(records[: asked.limit], asked.revision, token, rest if accept is None else None)


def _order(record: Record) -> Key:
    return order_of(key_of(record.object))


def follow(
    store: Store,
    feed: Feed,
    resource: Resource,
    namespace: str,
    accept: Accept | None,
    since: int | None,
    show: Callable[[Change], Change] | None = None,
    *,
    waits: bool = False,
) -> tuple[list[Change], Subscription]:
    """The changes after ``since`` that are already written, and a subscription to what comes.

    Args:
        store: History.
        feed: The future.
        resource: What to follow.
        namespace: Only this namespace; empty for all.
        accept: Only objects that pass; one that stops passing is reported deleted.
        since: A revision, which may still be to come; None begins with every current object as ADDED.
        show: Turns a change into the version that is watched; None leaves it as it is.
        waits: Whether that takes time; then it is done when the reader takes the change, not when it is told.
    """
    key, turn, late = resource.storage_key, _filter(namespace, accept), None
    if show is not None:
        turn = _as_shown(turn, show)
    if waits:
        turn, late = _filter(namespace, None), turn
    if since is not None and since > store.revision:
        turn = _after(since, turn)
    if since is None:
        past = [Change("ADDED", key, key_of(r.object), r, None) for r in store.list(key, namespace)]
    else:
        past = list(store.since(key, since)) if since < store.revision else []
    subscription = feed.subscribe(key, turn, late)  # before anything is waited for, so that nothing is missed
    try:
        return [change for change in map(late or turn, past) if change is not None], subscription
    except BaseException:  # whoever waits may be told to stop
        subscription.close()
        raise


@lru_cache(maxsize=_MOST_SELECTIONS)
def _filter(namespace: str, accept: Accept | None) -> Filter:
    def turn(change: Change) -> Change | None:
        if namespace and change.key[0] != namespace:
            return None
        if accept is None:
            return change
        now = change.type != "DELETED" and accept(change.record.object)
        before = change.before is not None and accept(change.before.object)
        if now:
            return change if before or change.type == "ADDED" else replace(change, type="ADDED")
        if not before:
            return None
        return change if change.type == "DELETED" else _left(change)

    return turn


def _as_shown(turn: Filter, show: Callable[[Change], Change]) -> Filter:
    """A filter that looks at changes in the form in which they are watched."""
    return lambda change: turn(show(change))


def _after(revision: int, turn: Filter) -> Filter:
    """Nothing is told before a revision is reached; the real server waits for it as silently."""
    return lambda change: turn(change) if change.record.revision > revision else None


def _left(change: Change) -> Change:
    """An object that left the selection is gone for this watcher.

    It gets the last state that it could see, at the revision of the change (``cacher.convertToWatchEvent``).
    """
    assert change.before is not None, "what was not there cannot leave"
    last = change.before.copy()
    last["metadata"]["resourceVersion"] = str(change.record.revision)
    return replace(change, type="DELETED", record=Record(change.record.revision, Record.of(last).body, last))
