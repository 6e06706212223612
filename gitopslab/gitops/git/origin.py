"""Between a working copy and the forge: what is pushed, what is pulled, and what neither of them may lose.

``working`` calls it with its repository. The protocol is dulwich's client.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dulwich import porcelain
from dulwich.client import GitClient, get_transport_and_path
from dulwich.errors import GitProtocolError, NotGitRepository, WorkingTreeModifiedError
from dulwich.object_store import iter_tree_contents
from dulwich.objects import Commit, ObjectID
from dulwich.refs import Ref
from dulwich.repo import Repo

from gitopslab.errors import LabError
from gitopslab.gitops.git.history import HEAD, follows
from gitopslab.gitops.git.receive import ZERO

_HEADS = b"refs/heads/"
_TRACKED = b"refs/remotes/origin/"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a working copy is pushed to.

    Attributes:
        url: Without credentials.
        user: Who pushes.
        password: The token that goes with it.
        helper: A file with both in Git's own form, for stock ``git``; readable by its owner alone.
    """

    url: str
    user: str = ""
    password: str = ""
    helper: Path | None = None


def push(repo: Repo, origin: Origin, *, force: bool, progress: Callable[[str], None]) -> dict[str, str]:
    """Push the current branch and all tags; gives what moved, by ref.

    Args:
        repo: The working copy's.
        origin: The forge.
        force: Even where commits are lost.
        progress: Told what the forge says to it.

    Raises:
        LabError: There is nothing to push, it is refused, or the forge does not answer.
    """
    branch = repo.refs.get_symrefs().get(HEAD)
    ours = repo.get_refs()
    local = {ref: sha for ref, sha in ours.items() if ref.startswith(b"refs/tags/") or ref == branch}
    if branch is None or branch not in local:
        raise LabError("There is no commit to push yet", "Make one: commit(MESSAGE, {FILE: TEXT})")
    moved: dict[str, str] = {}

    def wanted(there: dict[Ref, ObjectID]) -> dict[Ref, ObjectID]:
        changed = {ref: sha for ref, sha in local.items() if there.get(ref) != sha}
        for ref, sha in changed.items():
            _must_follow(repo, ref, sha, None if force else there.get(ref))
            moved[ref.decode()] = sha.decode()
        return changed

    def pack(have: Any, want: Any, *, ofs_delta: bool = False, progress: Any = None) -> Any:
        return repo.generate_pack_data(have, want, ofs_delta=ofs_delta)  # in silence: not the forge's words

    said = io.BytesIO()
    client, path = _client(origin)
    result = client.send_pack(path.encode(), wanted, pack, progress=lambda piece: _heard(said, piece))
    for line in said.getvalue().decode("utf-8", "replace").splitlines():
        if line.strip():
            progress(line.strip())
    refused = {ref: why for ref, why in (result.ref_status or {}).items() if why}
    if refused:
        raise LabError("; ".join(f"{ref.decode()}: {why}" for ref, why in refused.items()))
    repo.refs[Ref(_TRACKED + branch.removeprefix(_HEADS))] = local[branch]
    return moved


def pull(repo: Repo, origin: Origin) -> bool:
    """Bring the forge's commits, and go forward to them; False when there is no such project yet.

    Raises:
        LabError: Both sides have commits of their own, changes in the folder would be lost, or the forge does not
            answer.
    """
    client, path = _client(origin)
    try:
        found = client.fetch(path, repo)
    except NotGitRepository:
        return False
    refs = {ref: sha for ref, sha in found.refs.items() if sha is not None}
    for ref, sha in refs.items():
        if ref.startswith(_HEADS):
            repo.refs[Ref(_TRACKED + ref.removeprefix(_HEADS))] = sha
        elif ref.startswith(b"refs/tags/"):
            repo.refs[Ref(ref)] = sha
    _go_forward(repo, refs, found.symrefs.get(HEAD))
    return True


def must_be_clean(repo: Repo, verb: str, incoming: ObjectID | None = None) -> None:
    """Refuse to overwrite what was changed and not committed.

    Args:
        repo: The working copy's.
        verb: What would overwrite it.
        incoming: A commit whose files come; an untracked file in their place counts, too.

    Raises:
        LabError: Something would be lost.
    """
    told = porcelain.status(repo, untracked_files="all")
    changed = {path for paths in (told.unstaged, *told.staged.values()) for path in paths}
    commit = repo[incoming] if incoming is not None else None
    if isinstance(commit, Commit):
        entries = iter_tree_contents(repo.object_store, commit.tree)
        changed |= {entry.path for entry in entries} & {os.fsencode(path) for path in told.untracked}
    if changed:
        names = ", ".join(path.decode("utf-8", "replace") for path in sorted(changed)[:5])
        raise LabError(f"Your changes to {names} would be overwritten by {verb}", "Commit them first")


def _go_forward(repo: Repo, refs: dict[Ref, ObjectID], default: Ref | None) -> None:
    branch = repo.refs.get_symrefs().get(HEAD)
    if branch is not None and branch not in repo.refs and branch not in refs and default in refs:
        branch = default
        repo.refs.set_symbolic_ref(HEAD, branch)
    theirs = refs.get(branch) if branch else None
    if branch is None or theirs is None:
        return
    ours = repo.get_refs().get(branch)
    if ours is not None and follows(repo, ours, theirs):
        return
    if ours is not None and not follows(repo, theirs, ours):
        raise LabError(
            f"{branch.decode()} and the forge's have diverged: both have commits of their own",
            "Undo yours, or overwrite theirs with push(force=True)",
        )
    must_be_clean(repo, "pull", theirs)
    repo.refs[branch] = theirs
    porcelain.reset(repo, "hard", theirs)


def _must_follow(repo: Repo, ref: Ref, sha: ObjectID, old: ObjectID | None) -> None:
    if old and old != ZERO.encode() and not follows(repo, sha, old):
        raise LabError(
            f"Updates were rejected because the tip of {ref.decode()} is behind its remote counterpart",
            "Bring the others' commits first: pull. Or overwrite them: push(force=True)",
        )


def _client(origin: Origin) -> tuple[GitClient, str]:
    return get_transport_and_path(origin.url, username=origin.user or None, password=origin.password or None)


def _heard(said: io.BytesIO, piece: bytes) -> None:
    said.write(piece)


@contextmanager
def explained() -> Iterator[None]:
    """Turn what dulwich raises into words for a learner."""
    try:
        yield
    except LabError:
        raise
    except (porcelain.Error, GitProtocolError, WorkingTreeModifiedError, KeyError, ValueError, OSError) as error:
        raise LabError(f"Git: {str(error) or type(error).__name__}") from error
    except Exception as error:  # urllib3's, which this room does not know
        if type(error).__module__.startswith("urllib3"):
            raise LabError("The forge does not answer", "Start it: lab.git does so, or gitopslab up") from error
        raise
