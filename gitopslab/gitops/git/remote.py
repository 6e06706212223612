"""A repository elsewhere, over HTTP: its refs, the files of one commit, and a commit more on top of a branch.

What Flux's source-controller and image-automation-controller need of Git; Argo CD's repository server needs the same.
Nothing is kept on disk: a fetch is shallow, into memory. Errors are worded as Flux's Git client (go-git) words them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from dulwich.client import FetchPackResult
from dulwich.objects import S_ISGITLINK, Blob, Commit, ObjectID, Tag, Tree
from dulwich.pack import pack_objects_to_data
from dulwich.refs import Ref
from dulwich.repo import MemoryRepo

from gitopslab.errors import GitError
from gitopslab.gitops.git.history import LogEntry, entry_of
from gitopslab.gitops.git.speaking import Address, NoRepositoryError, Speaking, path_of

if TYPE_CHECKING:
    pass

HEAD = "HEAD"
HEADS = "refs/heads/"
TAGS = "refs/tags/"
_PEELED = "^{}"
_ZERO = ObjectID(b"0" * 40)
_DIGITS = 40


class NoCommitError(GitError):
    """A repository does not have a commit."""


@dataclass(frozen=True, slots=True)
class File:
    """A file in a commit.

    Attributes:
        content: Its bytes; of a link, where it points.
        mode: Git's: ``0o100644``, ``0o100755``, ``0o120000`` for a link.
    """

    content: bytes
    mode: int = 0o100644


@dataclass(frozen=True, slots=True)
class Checkout:
    """A commit with its files.

    Attributes:
        commit: Its id, 40 hexadecimal digits.
        message: What its author wrote.
        files: By path from the root, with ``/``.
        signature: As its author put it into the commit; empty for none.
        submodules: The commits of other repositories that it names, by the path where their files belong.
    """

    commit: str
    message: str
    files: Mapping[str, File]
    signature: str = ""
    submodules: Mapping[str, str] = field(default_factory=dict)

    @property
    def subject(self) -> str:
        """The first line of the message."""
        return self.message.partition("\n")[0].strip()


def refs(address: Address) -> dict[str, str]:
    """The branches and tags there are, by full name; an annotated tag stands for the commit it names.

    Raises:
        GitError: The repository cannot be reached, or is not there.
    """
    return {ref: sha for ref, sha in refs_and_head(address).items() if ref != HEAD}


def refs_and_head(address: Address) -> dict[str, str]:
    """The same with ``HEAD``, which is the commit of the default branch.

    Raises:
        GitError: The repository cannot be reached, or is not there.
    """
    with Speaking(address) as client:
        answer = client.get_refs(path_of(address))
    found = {ref.decode(): sha.decode() for ref, sha in answer.refs.items() if sha is not None}
    peeled = {ref.removesuffix(_PEELED): sha for ref, sha in found.items() if ref.endswith(_PEELED)}
    return {ref: sha for ref, sha in (found | peeled).items() if not ref.endswith(_PEELED)}


def refs_or_none(address: Address) -> dict[str, str]:
    """The refs there are; none where there is no repository yet.

    Raises:
        GitError: The server cannot be reached.
    """
    try:
        return refs(address)
    except NoRepositoryError:
        return {}


def checkout(address: Address, commit: str, *, of: Sequence[str] = ()) -> Checkout:
    """The files of one commit.

    Args:
        address: Where.
        commit: Which; it may be abbreviated to its first digits.
        of: Commits of which it has to be one, or an ancestor, as of branches; default whatever commit there is.

    Raises:
        GitError: The commit cannot be had.
    """
    commit = commit if len(commit) == _DIGITS else _whole(address, commit)
    repo = _fetched(address, ObjectID(commit.encode()), of=[ObjectID(each.encode()) for each in of])
    found = _commit(repo, ObjectID(commit.encode()))
    files: dict[str, File] = {}
    submodules: dict[str, str] = {}
    _gather(repo, found.tree, "", files, submodules)
    signature = (found.gpgsig or b"").decode(errors="replace")
    return Checkout(found.id.decode(), found.message.decode(errors="replace"), files, signature, submodules)


def log(address: Address, commit: str, most: int) -> list[LogEntry]:
    """A commit and those before it, newest first.

    Args:
        address: Where.
        commit: The newest one.
        most: How many are told.

    Raises:
        GitError: The commit cannot be had.
    """
    repo = _fetched(address, ObjectID(commit.encode()), depth=most)
    found: list[LogEntry] = []
    waiting, seen = {ObjectID(commit.encode())}, set[ObjectID]()
    while waiting and len(found) < most:
        newest = max((_commit(repo, sha) for sha in waiting), key=lambda each: each.commit_time)
        found.append(entry_of(newest, []))
        seen.add(newest.id)
        waiting = (waiting | {sha for sha in newest.parents if sha in repo.object_store}) - seen
    return found


@dataclass(frozen=True, slots=True)
class Change:
    """What a new commit changes, and who says so.

    Attributes:
        files: New contents by path; all other files stay.
        message: Of the commit.
        name: The author's.
        email: The author's.
        when: Seconds since the epoch.
    """

    files: Mapping[str, bytes]
    message: str
    name: str
    email: str
    when: float


def push(
    address: Address,
    parent: str,
    change: Change,
    branch: str,
    *,
    before: str = "",
    force: bool = False,
    also: str = "",
    options: Mapping[str, str] = {},
) -> str:
    """Put a commit on top of another and a branch on it; the commit's id.

    Args:
        address: Where.
        parent: The commit below; empty for the first of a repository.
        change: What is new.
        branch: Without ``refs/heads/``.
        before: What the branch names now; empty when it is not there.
        force: Take the branch from wherever it is.
        also: The full name of another ref that is moved to the commit.
        options: What the server is told beside it (``git push -o``), where it listens.

    Raises:
        GitError: The push was refused, or the repository cannot be reached.
    """
    below = ObjectID(parent.encode())
    repo = _fetched(address, below) if parent else MemoryRepo()
    new = _committed(repo, _commit(repo, below) if parent else None, change)
    ref = Ref(f"{HEADS}{branch}".encode())

    def moved(known: Mapping[Ref, ObjectID]) -> dict[Ref, ObjectID]:
        if not force and known.get(ref, _ZERO).decode() != (before or _ZERO.decode()):
            raise GitError("failed to push to remote: non-fast-forward update: " + ref.decode())
        return {ref: new.id, **({Ref(also.encode()): new.id} if also else {})}

    def objects(have: Any, want: Any, **_options: Any) -> Any:
        known = set(_everything(repo, below)) if parent else set()
        fresh = [sha for sha in _everything(repo, new.id) if sha not in known]
        return pack_objects_to_data([(repo.object_store[sha], None) for sha in dict.fromkeys(fresh)])

    with Speaking(address) as client:
        told = [f"{key}={value}".encode() for key, value in sorted(options.items())]
        answer = client.send_pack(path_of(address), moved, objects, push_options=told)
    refused = {ref: error for ref, error in (answer.ref_status or {}).items() if error}
    if refused:
        raise GitError(f"failed to push to remote: {next(iter(refused.values()))}")
    return new.id.decode()


def _fetched(address: Address, commit: ObjectID, depth: int = 1, of: Sequence[ObjectID] = ()) -> MemoryRepo:
    """A repository in memory that has a commit and its files, and those before it to a depth."""
    repo = MemoryRepo()
    wanted = list(dict.fromkeys(of)) or [commit]
    with Speaking(address) as client:
        answer: FetchPackResult = client.fetch(
            path_of(address), repo, lambda _refs, depth=None: wanted, depth=None if of else depth
        )
    if answer is None or len(commit) != _DIGITS or commit not in repo.object_store:
        raise NoCommitError(f"unable to resolve commit object for '{commit.decode()}': object not found")
    return repo


def _whole(address: Address, short: str) -> str:
    """The commit that begins with these digits, which may be far from any branch's end."""
    repo = MemoryRepo()
    with Speaking(address) as client:
        client.fetch(path_of(address), repo)
    for sha in sorted(each for each in repo.object_store if each.startswith(short.lower().encode())):
        if isinstance(repo.object_store[sha], Commit):
            return sha.decode()
    raise NoCommitError(f"unable to resolve commit object for '{short}': object not found")


def _commit(repo: MemoryRepo, sha: ObjectID) -> Commit:
    found = repo.object_store[sha]
    while isinstance(found, Tag):
        found = repo.object_store[found.object[1]]
    if not isinstance(found, Commit):
        raise GitError(f"{sha.decode()} is not a commit")
    return found


def _gather(repo: MemoryRepo, tree: ObjectID, prefix: str, files: dict[str, File], submodules: dict[str, str]) -> None:
    for entry in cast(Tree, repo.object_store[tree]).iteritems():
        path = prefix + entry.path.decode(errors="surrogateescape")
        mode, sha = entry.mode, entry.sha
        if S_ISGITLINK(mode):
            submodules[path] = sha.decode()
        elif mode == 0o040000:
            _gather(repo, sha, f"{path}/", files, submodules)
        else:
            files[path] = File(cast(Blob, repo.object_store[sha]).data, mode)


def _committed(repo: MemoryRepo, parent: Commit | None, change: Change) -> Commit:
    tree = parent.tree if parent is not None else _empty(repo)
    for path, content in change.files.items():
        blob = Blob.from_string(content)
        repo.object_store.add_object(blob)
        tree = _with(repo, tree, path.split("/"), blob.id)
    new = Commit()
    new.tree, new.parents = tree, [parent.id] if parent is not None else []
    new.author = new.committer = f"{change.name} <{change.email}>".encode()
    new.author_time = new.commit_time = int(change.when)
    new.author_timezone = new.commit_timezone = 0
    new.message = change.message.encode()
    new.encoding = b"UTF-8"
    repo.object_store.add_object(new)
    return new


def _with(repo: MemoryRepo, tree: ObjectID, path: list[str], blob: ObjectID) -> ObjectID:
    """The tree with a blob at a path; modes of files that are there stay."""
    changed = Tree()
    for entry in cast(Tree, repo.object_store[tree]).iteritems():
        changed.add(entry.path, entry.mode, entry.sha)
    name = path[0].encode()
    if len(path) == 1:
        mode = changed[name][0] if name in changed else 0o100644
        changed[name] = (mode, blob)
    else:
        below = changed[name][1] if name in changed else _empty(repo)
        changed[name] = (0o040000, _with(repo, below, path[1:], blob))
    repo.object_store.add_object(changed)
    return changed.id


def _empty(repo: MemoryRepo) -> ObjectID:
    tree = Tree()
    repo.object_store.add_object(tree)
    return tree.id


def _everything(repo: MemoryRepo, commit: ObjectID) -> list[ObjectID]:
    """A commit, its trees and its blobs."""
    found, waiting = [commit], [cast(Commit, repo.object_store[commit]).tree]
    while waiting:
        sha = waiting.pop()
        found.append(sha)
        obj = repo.object_store[sha]
        if isinstance(obj, Tree):
            waiting += [entry.sha for entry in obj.iteritems() if not S_ISGITLINK(entry.mode)]
    return found
