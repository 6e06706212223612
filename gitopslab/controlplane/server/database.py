"""The database file of a cluster: its tables, how it is opened, taken back, and what to do when it fails.

``store`` opens it and alone reads and writes rows; ``daemon`` takes back one that nobody serves. A write is one row and
one transaction; once committed it survives ``kill -9`` (WAL journal; SQLite's ``synchronous=NORMAL`` may lose the
newest rows only when the whole machine loses power).
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from gitopslab.errors import ApiError, SetupError

FORMAT = 1
"""Version of the database layout; a database of another version is refused, never changed."""

_LARGEST_JOURNAL = 16 * 1024 * 1024  # bytes kept on disk after a burst has been written back

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


def connected(path: Path | str) -> sqlite3.Connection:
    """A database with its tables, made if there is none.

    Raises:
        SetupError: It is of another version of the lab.
        sqlite3.Error: It cannot be opened.
    """
    db = sqlite3.connect(str(path), isolation_level=None, check_same_thread=False)
    db.execute("PRAGMA journal_mode=WAL")
    db.execute("PRAGMA synchronous=NORMAL")
    db.execute(f"PRAGMA journal_size_limit={_LARGEST_JOURNAL}")
    found = db.execute("PRAGMA user_version").fetchone()[0]
    if found not in (0, FORMAT):
        raise SetupError(
            f"{path} was written by another version of gitopslab (layout {found}, this one reads {FORMAT})",
            "use that version for this cluster, or start a new one with another --name; nothing was changed",
        )
    db.executescript(_SCHEMA)
    db.execute(f"PRAGMA user_version={FORMAT}")
    return db


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


def unreadable(path: Path | str, error: sqlite3.Error) -> SetupError:
    """What to say of a database that cannot be opened."""
    return SetupError(f"the cluster's database {path} cannot be opened: {error}", _cure(path, error))


def refusal(path: Path | str, error: sqlite3.Error) -> ApiError:
    """The answer to a write that the database did not take; with the next step, since clients see nothing else."""
    return ApiError(
        500,
        "InternalError",
        f"Internal error occurred: the cluster's database {path}: {error}; nothing was changed, and "
        f"what was acknowledged before is safe. Next: {_cure(path, error)}",
    )


def _cure(path: Path | str, error: sqlite3.Error) -> str:
    """What to do about a database that cannot be read or written."""
    code = (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF  # the upper bits only say more of the same
    if code == sqlite3.SQLITE_FULL:
        return "free some space on its disk and try again"
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        aside = Path(path).parent / "damaged"
        return f"keep it aside, and the cluster begins anew: mkdir '{aside}' && mv '{path}'* '{aside}'"
    return "check that its disk has room and its folder may be written"
