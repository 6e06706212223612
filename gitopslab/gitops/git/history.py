"""The log of a repository: its commits, newest first, and what points to them.

``working`` gives it to ``lab.git``, which draws it.
"""

from __future__ import annotations

from dataclasses import dataclass

from dulwich.objects import Commit, ObjectID, Tag
from dulwich.refs import Ref
from dulwich.repo import Repo

HEAD = Ref(b"HEAD")


@dataclass(frozen=True, slots=True)
class LogEntry:
    """A commit in a log.

    Attributes:
        sha: Its full name.
        parents: Of what it follows.
        subject: The first line of its message.
        author: Who made it.
        time: Seconds since the epoch.
        refs: What points to it, as ``main``, ``origin/main`` or ``tag: v1.2.3``; ``HEAD -> main`` for where we are.
    """

    sha: str
    parents: tuple[str, ...]
    subject: str
    author: str
    time: int
    refs: tuple[str, ...] = ()


def log_of(repo: Repo, most: int) -> list[LogEntry]:
    """The newest commits of all branches and tags, every one before its parents."""
    names = _names(repo)
    if not names:
        return []
    walker = repo.get_walker(include=list(names), max_entries=most, order="topo")
    return [entry_of(each.commit, names.get(each.commit.id, [])) for each in walker]


def entry_of(commit: Commit, refs: list[str]) -> LogEntry:
    """A commit as the log shows it, with what points to it."""
    return LogEntry(
        commit.id.decode(),
        tuple(parent.decode() for parent in commit.parents),
        commit.message.decode("utf-8", "replace").partition("\n")[0],
        commit.author.decode("utf-8", "replace").partition(" <")[0],
        int(commit.commit_time),
        tuple(sorted(refs, key=lambda ref: (not ref.startswith("HEAD"), ref))),
    )


def follows(repo: Repo, newer: ObjectID, older: ObjectID) -> bool:
    """Whether a commit is the other one or comes after it."""
    if older not in repo.object_store:
        return False
    waiting, seen = [newer], {newer}
    while waiting:
        sha = waiting.pop()
        if sha == older:
            return True
        found = repo[sha]
        parents = found.parents if isinstance(found, Commit) else []
        waiting += [parent for parent in parents if parent not in seen]
        seen.update(parents)
    return False


def _names(repo: Repo) -> dict[ObjectID, list[str]]:
    head = repo.refs.get_symrefs().get(HEAD)
    found: dict[ObjectID, list[str]] = {}
    for ref, sha in sorted(repo.get_refs().items()):
        target = repo[sha] if sha in repo.object_store else None
        commit = target.object[1] if isinstance(target, Tag) else sha
        if ref != HEAD:
            found.setdefault(ObjectID(commit), []).append(_shown(ref, is_head=ref == head))
    return found


def _shown(ref: bytes, *, is_head: bool) -> str:
    name = ref.decode("utf-8", "replace")
    if name.startswith("refs/tags/"):
        return f"tag: {name.removeprefix('refs/tags/')}"
    short = name.removeprefix("refs/heads/").removeprefix("refs/remotes/")
    return f"HEAD -> {short}" if is_head else short
