"""The truth: an append-only log of every object's states in one SQLite database.

``registry`` alone writes here. A write is one row and one transaction; when ``append`` returns, it is committed and
survives ``kill -9`` (WAL journal; SQLite's ``synchronous=NORMAL`` may lose the newest rows only when the whole machine
loses power). The newest row of a key is the current object, unless it says deleted. All current objects are also kept
in memory as the JSON bytes they were written with, so reads and lists never touch the disk or serialise anything.

The log's older rows are history: watches that begin in the past, chunked lists and time travel read them, until
``compact`` drops them. The idea of one log table is that of kine, which gives k3s its SQLite store.
"""

from __future__ import annotations

import builtins
import sqlite3
from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

import orjson

from gitopslab.errors import ApiError, SetupError, bad_request, gone
from gitopslab.machinery.objects import Object

FORMAT = 1
"""Version of the database layout; a database of another version is refused, never changed."""

Key = tuple[str, str]
"""``(namespace, name)``; the namespace is empty for cluster-scoped objects."""

ChangeType = Literal["ADDED", "MODIFIED", "DELETED"]

_AFTER_SLASH = chr(ord("/") + 1)
_SCHEMA = """
CREATE TABLE IF NOT EXISTS log (
    revision INTEGER PRIMARY KEY,
    resource TEXT NOT NULL,
    namespace TEXT NOT NULL,
    name TEXT NOT NULL,
    type TEXT NOT NULL CHECK (type IN ('ADDED', 'MODIFIED', 'DELETED')),
    time REAL NOT NULL,
    body BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS log_by_key ON log (resource, namespace, name, revision);
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL);
"""
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


def order_of(key: Key) -> Key:
    """What keys are sorted by: etcd compares whole paths, in which ``a-b/`` stands before ``a/``."""
    return key[0] + "/", key[1]


_LARGEST_JOURNAL = 16 * 1024 * 1024  # bytes kept on disk after a burst has been written back

_SELDOM_READ = frozenset({"events"})
"""They are many, nobody inside the process follows them, and parsed they would take several times the memory."""


class Record:
    """One state of one object.

    Attributes:
        revision: The resourceVersion that this state was written at.
        body: The object as JSON.
    """

    __slots__ = ("_object", "body", "revision")

    def __init__(self, revision: int, body: bytes, obj: Object | None = None) -> None:
        self.revision = revision
        self.body = body
        self._object = obj

    @classmethod
    def of(cls, obj: Object) -> Record:
        """A state that is answered and never kept: of a dry run, or of a kind like Scale."""
        return cls(0, orjson.dumps(obj), obj)

    @property
    def object(self) -> Object:
        """The object as a dictionary: parsed once, shared by all readers, not to be changed."""
        if self._object is None:
            self._object = orjson.loads(self.body)
        return self._object

    def copy(self) -> Object:
        """A copy of the object to change freely."""
        parsed: Object = orjson.loads(self.body)
        return parsed


class Bytes(Record):
    """A state of which only the bytes are kept, and parsed again for each reader."""

    __slots__ = ()

    @property
    def object(self) -> Object:
        """The object as a dictionary of the reader's own."""
        return self.copy()


def watch_event(type: str, body: bytes) -> bytes:
    """``WatchEvent`` of ``meta/v1``, as a line of JSON.

    Args:
        type: What happened, or ``BOOKMARK`` or ``ERROR``.
        body: The object as JSON.
    """
    return b'{"type":"%b","object":%b}\n' % (type.encode(), body)


@dataclass(frozen=True)
class Change:
    """One row of the log: an object became, changed or went.

    Attributes:
        type: What happened.
        resource: Plural with group.
        key: Namespace and name.
        record: The state after the change; of a deletion the last state, at the revision of the deletion.
        before: The state before it, None when added.
    """

    type: ChangeType
    resource: str
    key: Key
    record: Record
    before: Record | None

    @cached_property
    def event(self) -> bytes:
        """The change as a watch tells it, made once for all who watch."""
        return watch_event(self.type, self.record.body)


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
            self._db = sqlite3.connect(str(path), isolation_level=None, check_same_thread=False)
            self._open()
            self._load()
        except sqlite3.Error as error:
            raise SetupError(f"the cluster's database {path} cannot be opened: {error}", _cure(path, error)) from error

    def _open(self) -> None:
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.execute(f"PRAGMA journal_size_limit={_LARGEST_JOURNAL}")
        found = self._db.execute("PRAGMA user_version").fetchone()[0]
        if found not in (0, FORMAT):
            raise SetupError(
                f"{self._path} was written by another version of gitopslab (layout {found}, this one reads {FORMAT})",
                "use that version for this cluster, or start a new one with another --name; nothing was changed",
            )
        self._db.executescript(_SCHEMA)
        self._db.execute(f"PRAGMA user_version={FORMAT}")

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
            raise self._refusal(error) from error
        self._revision = revision
        record = Bytes(revision, body) if resource in _SELDOM_READ else Record(revision, body, obj)
        return Change(type, resource, key, record, self._remember(type, resource, key, record))

    def _refusal(self, error: sqlite3.Error) -> ApiError:
        """The answer to a write that the database did not take; with the next step, since clients see nothing else."""
        return ApiError(
            500,
            "InternalError",
            f"Internal error occurred: the cluster's database {self._path}: {error}; nothing was changed, and "
            f"what was acknowledged before is safe. Next: {_cure(self._path, error)}",
        )

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
            raise self._refusal(error) from error
        self._compacted = revision

    def close(self) -> None:
        """Write the journal back and close the file."""
        self._db.close()


def go_back(path: Path, revision: int) -> None:
    """Have a database that nobody serves end at an earlier revision, as if nothing had been written since.

    Raises:
        SetupError: That history is compacted, or the file cannot be written.
    """
    try:
        with closing(sqlite3.connect(path)) as db, db:
            row = db.execute("SELECT value FROM meta WHERE key = 'compacted'").fetchone()
            if row and revision < row[0]:
                raise SetupError(
                    f"the cluster's history begins at revision {row[0]}, and revision {revision} is asked for",
                    "begin with a clean cluster: gitopslab reset",
                )
            db.execute("DELETE FROM log WHERE revision > ?", (revision,))
    except sqlite3.Error as error:
        raise SetupError(f"the cluster's database {path} cannot be written: {error}", _cure(path, error)) from error


def _cure(path: Path | str, error: sqlite3.Error) -> str:
    """What to do about a database that cannot be read or written."""
    code = (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF  # the upper bits only say more of the same
    if code == sqlite3.SQLITE_FULL:
        return "free some space on its disk and try again"
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        aside = Path(path).parent / "damaged"
        return f"keep it aside, and the cluster begins anew: mkdir '{aside}' && mv '{path}'* '{aside}'"
    return "check that its disk has room and its folder may be written"
