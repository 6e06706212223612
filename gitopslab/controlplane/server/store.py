"""The truth: an append-only log of every object's states in one SQLite database.

``registry`` alone writes here. When ``append`` returns, the write is committed (``database``). The newest row of a key
is the current object, unless it says deleted. All current objects are also kept in memory as the JSON bytes they were
written with, so reads and lists never touch the disk or serialise anything.

The log's older rows are history: watches that begin in the past, chunked lists and time travel read them, until
``compact`` drops them. The idea of one log table is that of kine, which gives k3s its SQLite store.
"""

from __future__ import annotations

import builtins
import sqlite3
from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import orjson

from gitopslab.controlplane.server.database import connected, refusal, unreadable
from gitopslab.controlplane.server.records import Bytes, Change, ChangeType, Key, Record, order_of
from gitopslab.errors import bad_request, gone
from gitopslab.machinery.objects import Object

_AFTER_SLASH = chr(ord("/") + 1)
_CURRENT = """
SELECT revision, resource, namespace, name, type, body FROM log
WHERE revision IN (SELECT max(revision) FROM log GROUP BY resource, namespace, name) AND type != 'DELETED'
ORDER BY resource, namespace || '/', name
"""
_STATES = """
SELECT namespace, name, max(revision) FROM log
WHERE resource = :resource AND revision <= :revision AND (:namespace = '' OR namespace = :namespace)
GROUP BY namespace, name ORDER BY namespace || '/', name
"""

_SELDOM_READ = frozenset({"events"})
"""They are many, nobody inside the process follows them, and parsed they would take several times the memory."""


class Store:
    """Objects and their history.

    Args:
        path: The database file, or ``":memory:"``.

    Raises:
        SetupError: The file cannot be opened, or is of another version of the lab.
    """

    def __init__(self, path: Path | str = ":memory:") -> None:
        self._path = path
        self._current: dict[str, dict[Key, Record]] = defaultdict(dict)
        self._keys: dict[str, list[Key]] = defaultdict(list)
        try:
            self._db = connected(path)
            self._load()
        except sqlite3.Error as error:
            raise unreadable(path, error) from error

    def _load(self) -> None:
        self._revision: int = self._db.execute("SELECT coalesce(max(revision), 0) FROM log").fetchone()[0]
        row = self._db.execute("SELECT value FROM meta WHERE key = 'compacted'").fetchone()
        self._compacted: int = row[0] if row else 0
        for revision, resource, namespace, name, _, body in self._db.execute(_CURRENT):
            kind = Bytes if resource in _SELDOM_READ else Record
            self._current[resource][namespace, name] = kind(revision, body)
            self._keys[resource].append((namespace, name))

    @property
    def revision(self) -> int:
        """The newest resourceVersion."""
        return self._revision

    @property
    def compacted(self) -> int:
        """History before this revision is gone."""
        return self._compacted

    @property
    def size(self) -> int:
        """Bytes that objects and history take on disk; what compaction has freed is used again and not counted."""
        total, free, page = (
            self._db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "freelist_count", "page_size")
        )
        return int((total - free) * page)

    def get(self, resource: str, key: Key) -> Record | None:
        """The current state of one object."""
        return self._current[resource].get(key)

    def list(self, resource: str, namespace: str = "") -> list[Record]:
        """The current objects, in the order of etcd's keys; empty namespace: all."""
        current, keys = self._current[resource], self._keys[resource]
        if namespace:
            first = bisect_left(keys, order_of((namespace, "")), key=order_of)
            after = bisect_left(keys, (namespace + _AFTER_SLASH, ""), key=order_of)
            keys = keys[first:after]
        return [current[key] for key in keys]

    def append(self, type: ChangeType, resource: str, key: Key, obj: Object, now: float) -> Change:
        """Commit a new state, giving it the next resourceVersion (which is written into ``obj``).

        The store keeps ``obj`` as the shared parsed form: the caller must not change it afterwards.

        Raises:
            ApiError: The disk is full or the database failed, or the object is nested too deeply; nothing was changed.
        """
        revision = self._revision + 1
        obj["metadata"]["resourceVersion"] = str(revision)
        try:
            body = bytes(memoryview(orjson.dumps(obj)))  # a copy: orjson's own result holds on to its 8 KiB of buffer
        except TypeError as error:
            raise bad_request(f"this object cannot be stored: {error}") from error
        try:
            self._db.execute(
                "INSERT INTO log VALUES (?, ?, ?, ?, ?, ?, ?)", (revision, resource, *key, type, now, body)
            )
        except sqlite3.Error as error:
            raise refusal(self._path, error) from error
        self._revision = revision
        record = Bytes(revision, body) if resource in _SELDOM_READ else Record(revision, body, obj)
        return Change(type, resource, key, record, self._remember(type, resource, key, record))

    def _remember(self, type: ChangeType, resource: str, key: Key, record: Record) -> Record | None:
        current, keys = self._current[resource], self._keys[resource]
        before = current.get(key)
        if type == "DELETED":
            current.pop(key, None)
            at = bisect_left(keys, order_of(key), key=order_of)
            if at < len(keys) and keys[at] == key:
                del keys[at]
            return before
        if before is None:
            insort(keys, key, key=order_of)
        current[key] = record
        return before

    def since(self, resource: str, revision: int) -> Iterator[Change]:
        """The changes of a resource after a revision, oldest first.

        Raises:
            GoneError: That history is compacted.
        """
        if revision < self._compacted:
            raise gone(f"too old resource version: {revision} ({self._compacted})")
        rows = self._db.execute(
            "SELECT revision, namespace, name, type, body FROM log "
            "WHERE resource = ? AND revision > ? ORDER BY revision",
            (resource, revision),
        ).fetchall()
        for at, namespace, name, type, body in rows:
            yield Change(
                type, resource, (namespace, name), Record(at, body), self._before(resource, (namespace, name), at)
            )

    def _before(self, resource: str, key: Key, revision: int) -> Record | None:
        row = self._db.execute(
            "SELECT revision, type, body FROM log WHERE resource = ? AND namespace = ? AND name = ? AND revision < ? "
            "ORDER BY revision DESC LIMIT 1",
            (resource, *key, revision),
        ).fetchone()
        return Record(row[0], row[2]) if row and row[1] != "DELETED" else None

    def list_at(self, resource: str, revision: int, namespace: str = "") -> builtins.list[Record]:
        """The objects as they were at a revision, in the order of ``list``.

        Raises:
            GoneError: That history is compacted.
        """
        if revision >= self._revision:
            return self.list(resource, namespace)
        if revision < self._compacted:
            raise gone("The resourceVersion for the provided list is too old.")
        values = {"revision": revision, "resource": resource, "namespace": namespace}
        rows = self._db.execute(_STATES, values).fetchall()
        found = (self._state(resource, (space, name), at) for space, name, at in rows)
        return [record for record in found if record is not None]

    def _state(self, resource: str, key: Key, revision: int) -> Record | None:
        """What was written at a revision, None for a deletion; most objects are still as they were, in memory."""
        current = self._current[resource].get(key)
        if current is not None and current.revision == revision:
            return current
        type, body = self._db.execute("SELECT type, body FROM log WHERE revision = ?", (revision,)).fetchone()
        return None if type == "DELETED" else Record(revision, body)

    @property
    def newest(self) -> float:
        """When the newest revision was written, in epoch seconds; 0 in an empty store."""
        row = self._db.execute("SELECT time FROM log ORDER BY revision DESC LIMIT 1").fetchone()
        return float(row[0]) if row else 0.0

    def log(self, after: int, limit: int) -> builtins.list[tuple[int, float, ChangeType, str, Key]]:
        """What was written after a revision, oldest first: revision, time, what happened, resource, key."""
        rows = self._db.execute(
            "SELECT revision, time, type, resource, namespace, name FROM log WHERE revision > ? "
            "ORDER BY revision LIMIT ?",
            (after, limit),
        )
        return [(at, time, type, resource, (space, name)) for at, time, type, resource, space, name in rows]

    def revision_at(self, time: float) -> int:
        """The newest revision that was written before a moment, in epoch seconds; 0 when history begins later.

        Time never goes back in a log, so halving finds it; a look at every row would hold up all others for as long.
        """
        before, until = 0, self._revision
        while before < until:
            middle = (before + until + 1) // 2
            row = self._db.execute(
                "SELECT revision, time FROM log WHERE revision <= ? ORDER BY revision DESC LIMIT 1", (middle,)
            ).fetchone()
            if row is None or row[1] < time:
                before = middle
            else:
                until = row[0] - 1
        row = self._db.execute("SELECT max(revision) FROM log WHERE revision <= ?", (before,)).fetchone()
        return int(row[0] or 0)

    def compact(self, revision: int) -> None:
        """Drop history before a revision, keeping every current object.

        Raises:
            ApiError: The disk is full or the database failed; nothing was changed.
        """
        revision = min(revision, self._revision)
        try:
            with self._db:  # commits, or takes all back
                self._db.execute("BEGIN IMMEDIATE")
                self._db.execute(
                    "DELETE FROM log WHERE revision < ?1 AND (type = 'DELETED' OR EXISTS (SELECT 1 FROM log AS newer "
                    "WHERE newer.resource = log.resource AND newer.namespace = log.namespace "
                    "AND newer.name = log.name AND newer.revision > log.revision AND newer.revision <= ?1))",
                    (revision,),
                )
                self._db.execute("INSERT OR REPLACE INTO meta VALUES ('compacted', ?)", (revision,))
        except sqlite3.Error as error:
            raise refusal(self._path, error) from error
        self._compacted = revision

    def close(self) -> None:
        """Write the journal back and close the file."""
        self._db.close()
