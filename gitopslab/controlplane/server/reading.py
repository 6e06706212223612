"""Lists, watches and their selectors.

Called by ``verbs``; reads ``store`` and ``feed``. A list may be cut into chunks, each served from the same revision;
a watch begins at any revision that history still holds.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass, replace

from gitopslab.controlplane.server import fields as field_selectors
from gitopslab.controlplane.server.feed import Feed, Subscription
from gitopslab.controlplane.server.store import Change, Record, Store
from gitopslab.errors import ApiError, bad_request
from gitopslab.machinery import selectors
from gitopslab.machinery.kinds import Resource
from gitopslab.machinery.objects import Object, key_of, labels_of

Accept = Callable[[Object], bool]


@dataclass(frozen=True, slots=True)
class Page:
    """One chunk of a list.

    Attributes:
        records: The objects, ordered by namespace and name.
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
    if not labels and not fields:
        return None
    try:
        wanted = selectors.parse_labels(labels)
        terms = selectors.parse_fields(fields)
        readers = field_selectors.selectable(resource, terms)
    except ValueError as error:
        raise bad_request(str(error)) from error

    def accept(obj: Object) -> bool:
        return wanted.matches(labels_of(obj)) and selectors.matches_fields(terms, lambda path: readers[path](obj))

    return accept


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
) -> Page:
    """List objects, whole or in chunks.

    Raises:
        ApiError: 400 for a malformed token or version; 410 when the token's revision is compacted.
    """
    revision, start = _begin(store, continue_, resource_version, match)
    records = store.list_at(resource.key, revision, namespace)
    if accept is not None:
        records = [record for record in records if accept(record.object)]
    if start is not None:
        records = [record for record in records if key_of(record.object) >= start]
    if not limit or len(records) <= limit:
        return Page(records, revision)
    rest = len(records) - limit
    token = _token(revision, key_of(records[limit].object))
    return Page(records[:limit], revision, token, rest if accept is None else None)


def _begin(store: Store, continue_: str, resource_version: str, match: str) -> tuple[int, tuple[str, str] | None]:
    if continue_:
        return _read_token(continue_)
    wanted = version_of(resource_version)
    if wanted > store.revision:
        raise too_large(wanted, store.revision)
    return (wanted if match == "Exact" and wanted else store.revision), None


def follow(
    store: Store, feed: Feed, resource: Resource, namespace: str, accept: Accept | None, since: int | None
) -> tuple[list[Change], Subscription]:
    """The changes after ``since`` that are already written, and a subscription to what comes.

    Args:
        store: History.
        feed: The future.
        resource: What to follow.
        namespace: Only this namespace; empty for all.
        accept: Only objects that pass; one that stops passing is reported deleted.
        since: A revision; None begins with every current object as ADDED.
    """
    turn = _filter(namespace, accept)
    if since is None:
        past = [Change("ADDED", resource.key, key_of(r.object), r, None) for r in store.list(resource.key, namespace)]
    else:
        past = list(store.since(resource.key, since)) if since < store.revision else []
    accepted = [change for change in map(turn, past) if change is not None]
    return accepted, feed.subscribe(resource.key, turn)


def _filter(namespace: str, accept: Accept | None) -> Callable[[Change], Change | None]:
    def turn(change: Change) -> Change | None:
        if namespace and change.key[0] != namespace:
            return None
        if accept is None:
            return change
        now = change.type != "DELETED" and accept(change.record.object)
        before = change.before is not None and accept(change.before.object)
        if change.type == "DELETED":
            return change if accept(change.record.object) or before else None
        if now:
            return change if before or change.type == "ADDED" else replace(change, type="ADDED")
        return _left(change) if before else None

    return turn


def _left(change: Change) -> Change:
    """An object that left the selection is gone for this watcher.

    It gets the last state that it could see, at the revision of the change (``cacher.convertToWatchEvent``).
    """
    assert change.before is not None, "what was not there cannot leave"
    last = change.before.copy()
    last["metadata"]["resourceVersion"] = str(change.record.revision)
    return replace(change, type="DELETED", record=Record(change.record.revision, Record.of(last).body, last))


def version_of(text: str) -> int:
    """A ``resourceVersion`` parameter as a number; empty is 0.

    Raises:
        ApiError: 400 when it is not a number.
    """
    try:
        return int(text or 0)
    except ValueError:
        raise bad_request(
            f'invalid resource version "{text}": strconv.ParseUint: parsing "{text}": invalid syntax'
        ) from None


def too_large(wanted: int, current: int) -> ApiError:
    """504: somebody asks for a revision that is not there yet (``storage.NewTooLargeResourceVersionError``)."""
    return ApiError(
        504,
        "Timeout",
        f"Timeout: Too large resource version: {wanted}, current: {current}",
        details={
            "causes": [{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}],
            "retryAfterSeconds": 1,
        },
    )


def _token(revision: int, start: tuple[str, str]) -> str:
    text = json.dumps({"v": "meta.k8s.io/v1", "rv": revision, "start": "/".join(filter(None, start))})
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _read_token(token: str) -> tuple[int, tuple[str, str]]:
    try:
        value = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
        namespace, _, name = str(value["start"]).rpartition("/")
        return int(value["rv"]), (namespace, name)
    except (ValueError, KeyError, TypeError):
        raise bad_request("continue key is not valid: the token is not one this server gave out") from None
