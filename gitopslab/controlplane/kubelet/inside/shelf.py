"""What played containers have written and found, in a database file: it outlives the process.

``layers`` puts every write here as it happens, and reads a layer back when it is asked for again. Of each layer the
newest writes are kept one by one, with their times, so that programs can be played again as they went; older ones are
folded into what they left. What a run found when it started is kept as long as the run is. Leaves to others: what a
write means (``filesystem``), and which of them are remembered one by one (``layers``).
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Run = tuple[str, str, int]
"""A pod's uid, a container's name and its restart count."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS write (
    number INTEGER PRIMARY KEY, layer TEXT NOT NULL, at REAL NOT NULL, run TEXT, path BLOB NOT NULL, contents BLOB
);
CREATE INDEX IF NOT EXISTS write_by_layer ON write (layer, number);
CREATE TABLE IF NOT EXISTS left (
    layer TEXT NOT NULL, at REAL NOT NULL, path BLOB NOT NULL, contents BLOB, PRIMARY KEY (layer, path)
);
CREATE TABLE IF NOT EXISTS run (
    uid TEXT NOT NULL, name TEXT NOT NULL, attempt INTEGER NOT NULL,
    started REAL NOT NULL, found TEXT NOT NULL, written REAL, PRIMARY KEY (uid, name, attempt)
);
"""


@dataclass(frozen=True, slots=True)
class Row:
    """A write.

    Attributes:
        number: Its place in the order of all writes; 0 for what older ones have left.
        at: When, in epoch seconds.
        run: Which program's; None for a visitor's.
        path: Of the file in its layer.
        contents: None when it was removed.
    """

    number: int
    at: float
    run: Run | None
    path: str
    contents: bytes | None


@dataclass(frozen=True, slots=True)
class Found:
    """What a run found when it started.

    Attributes:
        started: When, in epoch seconds.
        variables: Its environment.
        files: Path to contents of what ConfigMaps and the like brought.
        volumes: Mount path to what lay in each volume.
    """

    started: float
    variables: Mapping[str, str]
    files: Mapping[str, str]
    volumes: Mapping[str, Mapping[str, str]]


class Shelf:
    """The database.

    What cannot be written, since the machine has no room, is in memory all the same: only a restart forgets it.

    Simplified: who returns from a future does not find again what was removed there, nor what stood in a file before
    it was written over, but for the newest writes of volumes.

    Args:
        file: Where; default in memory, and nobody keeps it.
        now: The time. What is from later is of a future that somebody returned from, and is thrown away.

    Raises:
        sqlite3.OperationalError: It cannot be opened now.
    """

    def __init__(self, file: Path | None = None, now: float = float("inf")) -> None:
        try:
            self._database = _opened(file)
        except sqlite3.OperationalError:  # it is locked, or there is no room: what is in it is sound
            raise
        except sqlite3.DatabaseError:  # it is damaged; the objects of the cluster are elsewhere, and are not
            assert file is not None, "what is in memory is not damaged"
            file.unlink(missing_ok=True)
            self._database = _opened(file)
        self._do("DELETE FROM write WHERE at > ?", now)
        self._do("DELETE FROM left WHERE at > ?", now)
        self._do("DELETE FROM run WHERE started > ?", now)
        self._do("UPDATE run SET written = ?1 WHERE written > ?1", now)

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    # Layers.

    def rows(self, layer: str) -> Iterator[Row]:
        """All writes of a layer in their order, first what the folded ones have left."""
        for at, path, contents in self._ask("SELECT at, path, contents FROM left WHERE layer = ?", layer):
            yield Row(0, at, None, _text(path), contents)
        query = "SELECT number, at, run, path, contents FROM write WHERE layer = ? ORDER BY number"
        for number, at, run, path, contents in self._ask(query, layer):
            yield Row(number, at, _run(run), _text(path), contents)

    def add(self, layer: str, at: float, run: Run | None, path: str, contents: bytes | None) -> int:
        """Put down a write; gives its number."""
        if run is not None:
            self._do("UPDATE run SET written = ? WHERE uid = ? AND name = ? AND attempt = ?", at, *run)
        named = None if run is None else json.dumps(run)
        query = "INSERT INTO write (layer, at, run, path, contents) VALUES (?, ?, ?, ?, ?)"
        return self._do(query, layer, at, named, path.encode("utf-8", "surrogateescape"), contents)

    def fold(self, number: int) -> None:
        """Keep of a write, the oldest of its layer, what it has left."""
        self._do("INSERT OR REPLACE INTO left SELECT layer, at, path, contents FROM write WHERE number = ?", number)
        self._do("DELETE FROM write WHERE number = ?", number)

    def remove(self, layer: str) -> None:
        """Throw a layer away."""
        self._do("DELETE FROM write WHERE layer = ?", layer)
        self._do("DELETE FROM left WHERE layer = ?", layer)

    def layers(self, prefix: str) -> list[str]:
        """The layers whose names begin so."""
        query = "SELECT layer FROM write WHERE layer GLOB ?1 UNION SELECT layer FROM left WHERE layer GLOB ?1"
        return [layer for (layer,) in self._ask(query, f"{prefix}*")]

    # Runs.

    def found(self, run: Run) -> Found | None:
        """What a run found when it started; None when nothing is known of it."""
        query = "SELECT started, found FROM run WHERE uid = ? AND name = ? AND attempt = ?"
        for started, found in self._ask(query, *run):
            return Found(started, **json.loads(found))
        return None

    def begin(self, run: Run, found: Found) -> None:
        """Put down what a run found; of each container the present run and the one before are kept."""
        uid, name, attempt = run
        self._do("DELETE FROM run WHERE uid = ? AND name = ? AND attempt < ?", uid, name, attempt - 1)
        said = json.dumps({key: getattr(found, key) for key in ("variables", "files", "volumes")})
        self._do("INSERT OR REPLACE INTO run VALUES (?, ?, ?, ?, ?, NULL)", *run, found.started, said)

    def written(self, run: Run) -> float:
        """When a run has written last; minus infinity when it never has."""
        query = "SELECT written FROM run WHERE uid = ? AND name = ? AND attempt = ?"
        for (written,) in self._ask(query, *run):
            return float("-inf") if written is None else float(written)
        return float("-inf")

    def end(self, uid: str) -> None:
        """Forget the runs of a pod."""
        self._do("DELETE FROM run WHERE uid = ?", uid)

    def _ask(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        return self._database.execute(query, values).fetchall()

    def _do(self, query: str, *values: object) -> int:
        with suppress(sqlite3.OperationalError):  # no room
            return self._database.execute(query, values).lastrowid or 0
        return 0


def _opened(file: Path | None) -> sqlite3.Connection:
    if file is not None:
        file.touch(0o600)  # programs are given Secrets; what SQLite puts beside it gets the same mode
    database = sqlite3.connect(file or ":memory:", isolation_level=None, check_same_thread=False)
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("PRAGMA synchronous=NORMAL")
    database.executescript(_SCHEMA)
    return database


def _text(path: bytes) -> str:
    return path.decode("utf-8", "surrogateescape")


def _run(text: str | None) -> Run | None:
    if text is None:
        return None
    uid, name, attempt = json.loads(text)
    return uid, name, attempt
