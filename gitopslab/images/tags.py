"""Which names point at which manifests: the index beside ``content``, in one SQLite file.

The registry keeps its repositories here, and the local store the images that were built or pulled (there a repository
has its host in front: ``localhost:5050/waal/waal-web``). A change is there whole or not at all, whatever ends the
process. Each call opens the file for itself, so that threads and processes may share it.
What a manifest says is left to its readers; this knows only its descriptor and its subject.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gitopslab.errors import DiskFullError, ImageError
from gitopslab.images.oci import Descriptor
from gitopslab.images.reference import is_digest

_TABLES = """
begin;
create table if not exists manifest (
  repository text, digest text, media_type text, size integer, subject text, primary key (repository, digest));
create index if not exists manifest_subject on manifest (repository, subject) where subject != '';
create table if not exists tag (
  repository text, tag text, digest text, since real, primary key (repository, tag));
create table if not exists blob (repository text, digest text, primary key (repository, digest));
commit;
"""


class Tags:
    """The repositories of one store, with their tags, manifests and blobs.

    Args:
        root: The folder that ``Content`` has too; it must be there.
    """

    def __init__(self, root: Path) -> None:
        self._path = root / "tags.db"
        with self._open() as db:
            db.executescript(_TABLES)
        self._path.chmod(0o600)

    # ---- manifests and tags ----

    def put(self, repository: str, manifest: Descriptor, *, tag: str = "", subject: str = "") -> None:
        """Let a repository have a manifest, under a tag when one is given; a tag that is there moves.

        Args:
            repository: Which.
            manifest: Its descriptor; the bytes must be in ``Content`` already.
            tag: Empty for one that is known by its digest alone.
            subject: The digest of the manifest that this one is about (OCI 1.1), for ``referrers``.
        """
        row = (repository, manifest.digest, manifest.media_type, manifest.size, subject)
        with self._open() as db:
            if self._has(db, row, tag):
                return  # a write would have to wait for the disk
            db.execute("insert or replace into manifest values (?, ?, ?, ?, ?)", row)
            if tag:
                named = (repository, tag, manifest.digest, time.time())
                db.execute("insert or replace into tag values (?, ?, ?, ?)", named)

    def _has(self, db: sqlite3.Connection, row: tuple[str, str, str, int, str], tag: str) -> bool:
        known = db.execute("select * from manifest where repository = ? and digest = ?", row[:2]).fetchone()
        query = "select digest from tag where repository = ? and tag = ?"
        return known == row and (not tag or db.execute(query, (row[0], tag)).fetchone() == (row[1],))

    def resolve(self, repository: str, version: str) -> Descriptor:
        """The manifest under a tag or digest.

        Raises:
            ImageError: ``MANIFEST_UNKNOWN``, or ``NAME_UNKNOWN`` when there is no such repository at all.
        """
        digest = "?" if is_digest(version) else "(select digest from tag where repository = m.repository and tag = ?)"
        query = f"select media_type, digest, size from manifest m where repository = ? and digest = {digest}"
        with self._open() as db:
            row = db.execute(query, (repository, version)).fetchone()
        if row is None:
            self._need(repository)
            hint = "See which tags there are, and push or build the one that is missing."
            raise ImageError(f"manifest unknown: {repository} has no {version}", hint, code="MANIFEST_UNKNOWN")
        return Descriptor(*row)

    def tags(self, repository: str, *, after: str = "", most: int | None = None) -> list[str]:
        """The tags of a repository in the order of their letters.

        Args:
            repository: Which.
            after: Only those behind this one, for reading page by page.
            most: How many; None for all.

        Raises:
            ImageError: ``NAME_UNKNOWN``: there is no such repository.
        """
        self._need(repository)
        query = "select tag from tag where repository = ? and tag > ? order by tag limit ?"
        with self._open() as db:
            rows = db.execute(query, (repository, after, -1 if most is None else most))
            return [tag for (tag,) in rows]

    def tagged(self) -> list[tuple[str, str, Descriptor, float]]:
        """Every tag there is: repository, tag, manifest, and since when (seconds since the epoch); newest first."""
        query = (
            "select t.repository, t.tag, m.media_type, m.digest, m.size, t.since from tag t"
            " join manifest m using (repository, digest) order by t.since desc, t.repository, t.tag"
        )
        with self._open() as db:
            return [(name, tag, Descriptor(*manifest), since) for name, tag, *manifest, since in db.execute(query)]

    def manifests(self, repository: str = "") -> list[Descriptor]:
        """Every manifest of a repository, or of all of them, tagged or not."""
        query = "select distinct media_type, digest, size from manifest where ? in ('', repository) order by digest"
        with self._open() as db:
            return [Descriptor(*row) for row in db.execute(query, (repository,))]

    def referrers(self, repository: str, subject: str) -> list[Descriptor]:
        """The manifests that say they are about this one; none is no error."""
        query = "select media_type, digest, size from manifest where repository = ? and subject = ? order by digest"
        with self._open() as db:
            return [Descriptor(*row) for row in db.execute(query, (repository, subject))]

    def repositories(self, *, after: str = "", most: int | None = None) -> list[str]:
        """The repositories that hold a manifest, by name; ``after`` and ``most`` as in ``tags``."""
        query = "select distinct repository from manifest where repository > ? order by repository limit ?"
        with self._open() as db:
            return [name for (name,) in db.execute(query, (after, -1 if most is None else most))]

    def untag(self, repository: str, tag: str) -> None:
        """Take a tag away; its manifest stays.

        Raises:
            ImageError: ``MANIFEST_UNKNOWN``: there is no such tag.
        """
        with self._open() as db:
            gone = db.execute("delete from tag where repository = ? and tag = ?", (repository, tag)).rowcount
        if not gone:
            raise ImageError(f"manifest unknown: {repository} has no tag {tag}", code="MANIFEST_UNKNOWN")

    def delete(self, repository: str, digest: str) -> None:
        """Take a manifest away with every tag that points at it.

        Raises:
            ImageError: ``MANIFEST_UNKNOWN``: the repository does not have it.
        """
        with self._open() as db:
            db.execute("delete from tag where repository = ? and digest = ?", (repository, digest))
            gone = db.execute("delete from manifest where repository = ? and digest = ?", (repository, digest)).rowcount
        if not gone:
            raise ImageError(f"manifest unknown: {repository} has no {digest}", code="MANIFEST_UNKNOWN")

    def forget(self, digest: str) -> None:
        """Take a manifest away from every repository that has it, with the tags that point at it."""
        with self._open() as db:
            db.execute("delete from tag where digest = ?", (digest,))
            db.execute("delete from manifest where digest = ?", (digest,))

    # ---- which repository may hand out which blob ----

    def link(self, repository: str, digest: str) -> None:
        """Let a repository have a blob: after an upload, or a mount from another repository."""
        with self._open() as db:
            db.execute("insert or ignore into blob values (?, ?)", (repository, digest))

    def holds(self, repository: str, digest: str) -> bool:
        """Whether a repository has a blob."""
        with self._open() as db:
            row = db.execute("select 1 from blob where repository = ? and digest = ?", (repository, digest)).fetchone()
        return row is not None

    def unlink(self, repository: str, digest: str) -> bool:
        """Take a blob away from a repository; gives whether it had it. Others may have it still: see ``is_linked``."""
        with self._open() as db:
            query = "delete from blob where repository = ? and digest = ?"
            return bool(db.execute(query, (repository, digest)).rowcount)

    def is_linked(self, digest: str) -> bool:
        """Whether any repository has this blob, or this manifest."""
        query = "select 1 from blob where digest = ?1 union select 1 from manifest where digest = ?1"
        with self._open() as db:
            return db.execute(query, (digest,)).fetchone() is not None

    # ---- the file ----

    def _need(self, repository: str) -> None:
        query = "select 1 from manifest where repository = ?1 union select 1 from blob where repository = ?1"
        with self._open() as db:
            if db.execute(query, (repository,)).fetchone() is None:
                hint = "See which repositories there are; the first push makes one."
                raise ImageError(f"repository name not known to registry: {repository}", hint, code="NAME_UNKNOWN")

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """The file for one change or one look; what goes wrong in between undoes all of it."""
        db = sqlite3.connect(self._path, timeout=10)
        try:
            with db:
                yield db
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_FULL:
                raise
            hint = "Free some room and do it again; nothing half-done was kept."
            raise DiskFullError(f"The disk with {self._path} is full", hint) from error
        finally:
            db.close()
