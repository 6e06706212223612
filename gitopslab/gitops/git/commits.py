"""Reads commits of a repository: who, when, what is in them, what changed; and puts one into a folder.

The forge asks on behalf of pipelines, so that nobody there has to know Git.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

from dulwich.diff_tree import tree_changes
from dulwich.index import build_index_from_tree
from dulwich.object_store import iter_tree_contents
from dulwich.objects import Blob, Commit, ObjectID, Tag, valid_hexsha
from dulwich.refs import Ref
from dulwich.repo import Repo

from gitopslab.errors import LabError

_MOST_FILES = 50_000


@dataclass(frozen=True, slots=True)
class CommitFacts:
    """A commit.

    Attributes:
        sha: Its full name.
        message: All of it.
        author: As in ``Ada <ada@example.org>``.
        timestamp: When it was authored, ISO 8601.
        files: Every path in it, sorted; the first 50,000.
    """

    sha: str
    message: str
    author: str
    timestamp: str
    files: tuple[str, ...]


class Commits:
    """The commits of a repository.

    Args:
        path: The repository's folder.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def facts(self, name: str) -> CommitFacts:
        """A commit by the name of a branch, a tag, a full ref or its own.

        Raises:
            LabError: There is no such commit.
        """
        with self._opened() as repo:
            commit = _commit(repo, name)
            entries = iter_tree_contents(repo.object_store, commit.tree)
            files = [
                entry.path.decode("utf-8", "replace") for entry, _ in zip(entries, range(_MOST_FILES), strict=False)
            ]
            zone = timezone(timedelta(seconds=commit.author_timezone or 0))
            when = datetime.fromtimestamp(commit.author_time, UTC).astimezone(zone)
            return CommitFacts(
                commit.id.decode(),
                commit.message.decode("utf-8", "replace"),
                commit.author.decode("utf-8", "replace"),
                when.isoformat(),
                tuple(files),
            )

    def changed(self, before: str, after: str) -> tuple[str, ...] | None:
        """The paths in which two commits differ; None when there is nothing to compare with."""
        with self._opened() as repo:
            try:
                old, new = _commit(repo, before), _commit(repo, after)
            except LabError:
                return None
            found = set()
            for change in tree_changes(repo.object_store, old.tree, new.tree):
                found |= {side.path for side in (change.old, change.new) if side is not None and side.path}
            return tuple(sorted(path.decode("utf-8", "replace") for path in found))

    def read(self, name: str, path: str) -> str | None:
        """The text of a file in a commit; None when there is none."""
        with self._opened() as repo:
            try:
                _, sha = repo[_commit(repo, name).tree].lookup_path(repo.get_object, path.encode())  # type: ignore[attr-defined]
            except (KeyError, ValueError, TypeError):
                return None
            found = repo[sha]
            return found.data.decode("utf-8", "replace") if isinstance(found, Blob) else None

    def default_branch(self) -> str:
        """The branch that ``HEAD`` names."""
        with self._opened() as repo:
            head = repo.refs.get_symrefs().get(Ref(b"HEAD"), b"refs/heads/main")
            return head.removeprefix(b"refs/heads/").decode()

    def branches_and_tags(self) -> dict[str, str]:
        """Every branch and tag in full, as ``refs/heads/main``, with what it names."""
        with self._opened() as repo:
            return {ref.decode(): sha.decode() for ref, sha in sorted(repo.get_refs().items()) if ref != b"HEAD"}

    def tag_message(self, name: str) -> str:
        """The message of an annotated tag; empty for others."""
        with self._opened() as repo:
            found = repo[repo.refs[Ref(f"refs/tags/{name}".encode())]]
            return (found.message or b"").decode("utf-8", "replace") if isinstance(found, Tag) else ""

    def check_out(self, name: str, folder: Path) -> None:
        """Put a commit into an empty folder, as a repository whose ``HEAD`` it is; objects stay where they are.

        Raises:
            LabError: There is no such commit.
        """
        with self._opened() as repo, Repo.init(str(folder)) as made:
            commit = _commit(repo, name)
            alternates = Path(made.controldir()) / "objects" / "info" / "alternates"
            alternates.parent.mkdir(parents=True, exist_ok=True)
            alternates.write_text(f"{(self._path / 'objects').resolve()}\n")
            (Path(made.controldir()) / "HEAD").write_bytes(commit.id + b"\n")
            build_index_from_tree(str(folder), made.index_path(), repo.object_store, commit.tree)

    @contextmanager
    def _opened(self) -> Iterator[Repo]:
        with Repo(str(self._path)) as repo:
            yield repo


def _commit(repo: Repo, name: str) -> Commit:
    """What a name means, whatever kind of name it is."""
    sha = _named(repo, name)
    found = repo[sha] if sha is not None else None
    while isinstance(found, Tag):
        found = repo[found.object[1]]
    if not isinstance(found, Commit):
        raise LabError(f"There is no commit {name} in {os.path.basename(repo.path.rstrip('/'))}", "See lab.git log")
    return found


def _named(repo: Repo, name: str) -> ObjectID | None:
    encoded = name.encode()
    for ref in (encoded, b"refs/heads/" + encoded, b"refs/tags/" + encoded):
        if Ref(ref) in repo.refs:
            return repo.refs[Ref(ref)]
    sha = ObjectID(encoded)
    return sha if valid_hexsha(encoded) and sha in repo.object_store else None
