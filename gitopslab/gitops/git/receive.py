"""Takes a push in: its objects, then its refs, whole or not at all.

``service`` calls it. A push that breaks off leaves at most a pack that nothing points to. Every ref of a repository
lives in one file, ``packed-refs``, which is replaced in one step: so an atomic push is atomic even when the process is
killed in the middle of it, and two pushes at once cannot both win.

Nothing a learner does is refused but what would corrupt: a ref to an object that did not come, a name that Git forbids,
an update from a state that is no longer there, the removal of the branch that ``HEAD`` names.

Simplified: GitLab also protects the default branch against forced pushes.
"""

from __future__ import annotations

import errno
import io
import os
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from dulwich.objects import S_ISGITLINK, Commit, ObjectID, Tag, Tree
from dulwich.protocol import (
    CAPABILITY_ATOMIC,
    CAPABILITY_PUSH_OPTIONS,
    CAPABILITY_SIDE_BAND_64K,
    SIDE_BAND_CHANNEL_PROGRESS,
)
from dulwich.refs import Ref, check_ref_format, write_packed_refs
from dulwich.repo import Repo
from dulwich.server import ReceivePackHandler

ZERO = "0" * 40
"""What stands for no commit: the old end of a new ref, the new end of a removed one."""

_HEADS = b"refs/heads/"
_MOST_OPTIONS = 100
_locks: dict[Path, threading.Lock] = defaultdict(threading.Lock)


@dataclass(frozen=True, slots=True)
class RefUpdate:
    """One ref that a push moved.

    Attributes:
        ref: In full, as ``refs/heads/main``.
        before: The commit it named; ``ZERO`` when it is new.
        after: The commit it names now; ``ZERO`` when it is gone. An annotated tag's own id, for a tag.
    """

    ref: str
    before: str
    after: str

    @property
    def branch(self) -> str:
        """The branch's name; empty for anything else."""
        return self.ref.removeprefix("refs/heads/") if self.ref.startswith("refs/heads/") else ""

    @property
    def tag(self) -> str:
        """The tag's name; empty for anything else."""
        return self.ref.removeprefix("refs/tags/") if self.ref.startswith("refs/tags/") else ""

    @property
    def is_removal(self) -> bool:
        """Whether the ref is gone."""
        return self.after == ZERO


Pushed = Callable[[Sequence[RefUpdate], Sequence[str]], str]
"""Told what a push moved, once it has, and its options (``git push -o``); its answer is shown to who pushed, as lines
after ``remote:``."""

Command = tuple[ObjectID, ObjectID, Ref]


class Receive(ReceivePackHandler):
    """Git's ``receive-pack`` on one repository.

    Attributes:
        pushed: Set by the caller before ``handle``.
    """

    pushed: Pushed | None = None
    _options: tuple[str, ...] = ()

    def capabilities(self) -> list[bytes]:
        """What a client may use: dulwich's, and the options of a push."""
        return [*super().capabilities(), CAPABILITY_PUSH_OPTIONS]

    def _apply_pack(self, refs: list[Command]) -> Iterator[tuple[bytes, bytes]]:
        repo = cast(Repo, self.repo)
        if self.has_capability(CAPABILITY_PUSH_OPTIONS):  # they stand between the commands and the pack
            lines = [line.decode("utf-8", "replace").rstrip("\n") for line in self.proto.read_pkt_seq()]
            self._options = tuple(lines[:_MOST_OPTIONS])
        if any(new != ZERO.encode() for _, new, _ in refs):
            try:
                repo.object_store.add_thin_pack(self.proto.read, getattr(self.proto, "recv", None))
            except Exception as error:  # a bad pack can make its reader stumble anywhere, and nothing points to it yet
                yield b"unpack", _said(error).replace("\n", " ").encode()
                for _, _, ref in refs:
                    yield ref, b"unpacker error"
                return
        yield b"unpack", b"ok"
        with _locks[Path(repo.path).resolve()]:
            yield from move_refs(repo, refs, atomic=self.has_capability(CAPABILITY_ATOMIC))

    def _on_post_receive(self, client_refs: list[Command]) -> None:
        updates = [RefUpdate(ref.decode(), old.decode(), new.decode()) for old, new, ref in client_refs]
        said = self.pushed(updates, self._options) if self.pushed is not None else ""
        if said and self.has_capability(CAPABILITY_SIDE_BAND_64K):
            self.proto.write_sideband(SIDE_BAND_CHANNEL_PROGRESS, said.encode())


def move_refs(repo: Repo, commands: Sequence[Command], *, atomic: bool) -> list[tuple[bytes, bytes]]:
    """Move the refs of a push in one step, and tell of each ``ok`` or why not.

    Args:
        repo: The repository; nobody else moves its refs meanwhile.
        commands: Old end, new end and ref.
        atomic: All or none.
    """
    refs = {ref: sha for ref, sha in repo.get_refs().items() if ref != b"HEAD"}
    known = set(refs.values())
    answers = [(ref, _fault(repo, refs, known, command)) for command in commands for ref in (command[2],)]
    if atomic and any(fault for _, fault in answers):
        return [(ref, fault or b"atomic push failed") for ref, fault in answers]
    for (_, new, ref), (_, fault) in zip(commands, answers, strict=True):
        if fault:
            continue
        if new == ZERO.encode():
            refs.pop(ref, None)
        else:
            refs[ref] = new
    _point_head(repo, refs)
    _write(repo, refs)
    return [(ref, fault or b"ok") for ref, fault in answers]


def _said(error: Exception) -> str:
    """What a client is told of a pack that could not be taken."""
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "the disk with the repositories is full: free some room and push again; nothing half-sent was kept"
    return str(error) or type(error).__name__


def _fault(repo: Repo, refs: dict[Ref, ObjectID], known: set[ObjectID], command: Command) -> bytes:
    """Why a ref cannot be moved; empty when it can."""
    old, new, ref = command
    if not ref.startswith(b"refs/") or not check_ref_format(ref):
        return b"funny refname"
    if refs.get(ref, ZERO.encode()) != old:
        return b"failed to update ref: it has been moved meanwhile, fetch first"
    if new == ZERO.encode():
        is_head = repo.refs.get_symrefs().get(Ref(b"HEAD")) == ref
        return b"deletion of the current branch prohibited" if is_head else b""
    if any(other != ref and (other + b"/").startswith(ref + b"/") for other in refs):
        return b"failed to update ref: other refs lie below its name"
    if any((ref + b"/").startswith(other + b"/") for other in refs if other != ref):
        return b"failed to update ref: its name lies below another ref"
    if not is_whole(repo, new, known):
        return b"missing necessary objects"
    if ref.startswith(_HEADS) and not isinstance(repo[new], Commit):
        return b"cannot update ref: a branch must name a commit"
    return b""


def is_whole(repo: Repo, start: ObjectID, known: set[ObjectID]) -> bool:
    """Whether everything that an object leads to is there; what known refs name is taken as whole."""
    store = repo.object_store
    waiting, seen = [start], set(known)
    while waiting:
        sha = waiting.pop()
        if sha in seen:
            continue
        seen.add(sha)
        if sha not in store:
            return False
        found = store[sha]
        if isinstance(found, Tag):
            waiting.append(found.object[1])
        elif isinstance(found, Commit):
            waiting += [found.tree, *found.parents]
        elif isinstance(found, Tree):
            waiting += [entry.sha for entry in found.iteritems() if not S_ISGITLINK(entry.mode)]
    return True


def _point_head(repo: Repo, refs: dict[Ref, ObjectID]) -> None:
    """The first branch of a project becomes its default."""
    head = repo.refs.get_symrefs().get(Ref(b"HEAD"))
    branches = sorted(ref for ref in refs if ref.startswith(_HEADS))
    if branches and head not in refs:
        repo.refs.set_symbolic_ref(Ref(b"HEAD"), branches[0])


def _write(repo: Repo, refs: dict[Ref, ObjectID]) -> None:
    """Replace ``packed-refs``; loose refs are never made, so it is the whole truth."""
    peeled = {}
    for ref, sha in refs.items():
        found = repo[sha]
        while isinstance(found, Tag):
            peeled[ref] = found.object[1]
            found = repo[found.object[1]]
    text = io.BytesIO()
    write_packed_refs(text, refs, peeled)
    target = Path(repo.path) / "packed-refs"
    draft = target.with_name("packed-refs.new")
    with draft.open("wb") as file:
        file.write(text.getvalue())
        file.flush()
        os.fsync(file.fileno())
    draft.replace(target)
