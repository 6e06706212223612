"""Other repositories whose files go into an artifact (``spec.include`` of a GitRepository)."""

from __future__ import annotations

import posixpath
import secrets
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from gitopslab.controlplane.runtime.informer import Informer
from gitopslab.errors import GitError, LabError
from gitopslab.gitops.flux.kinds import SOURCE
from gitopslab.gitops.git.remote import File
from gitopslab.gitops.source import archive
from gitopslab.gitops.source.storage import Storage
from gitopslab.machinery.objects import Object, namespace_of


class IncludeError(LabError):
    """A repository that is to be included is not there, or has nothing yet.

    Attributes:
        reason: Of ``IncludeUnavailable``.
    """

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class CopyError(GitError):
    """What is to be included cannot be put where it is wanted.

    Attributes:
        revision: Of the commit that it was to go with.
    """

    revision = ""


@dataclass(frozen=True, slots=True)
class Included:
    """One repository that is included.

    Attributes:
        name: Of the GitRepository.
        source: Which folder of it.
        target: Where its files go.
        artifact: Its artifact, as its status has it.
    """

    name: str
    source: str
    target: str
    artifact: Object


def includes_of(obj: Object, repositories: Informer) -> list[Included]:
    """What a GitRepository includes, in its order.

    Raises:
        IncludeError: One of them has no artifact.
    """
    found = []
    for include in obj["spec"].get("include") or ():
        name = include["repository"]["name"]
        there = repositories.get(name, namespace_of(obj))
        if there is None:
            why = f'GitRepository.{SOURCE} "{name}" not found'
            raise IncludeError("NotFound", f"could not get resource for include '{name}': {why}")
        artifact = (there.get("status") or {}).get("artifact")
        if artifact is None:
            raise IncludeError("NoArtifact", f"no artifact available for include '{name}'")
        found.append(Included(name, include.get("fromPath") or "", include.get("toPath") or name, artifact))
    return found


def merged(files: Mapping[str, File], included: list[Included], storage: Storage) -> dict[str, File]:
    """Files with those of the included repositories in their places.

    A folder only goes where there is none yet, since source-controller moves it there.

    Raises:
        CopyError: What is to be included is not there, or its place is taken.
    """
    found = dict(files)
    for each in included:
        content = storage.read(each.artifact["path"], each.artifact["digest"])
        theirs = archive.read(content) if content is not None else {}
        source, target = _normal(each.source), _normal(each.target)
        if source in theirs:
            taken = {target: theirs[source]}
        else:
            taken = {_below(target, path[len(_below(source, "")) :]): theirs[path] for path in _within(theirs, source)}
        why = _missing(source) if not taken else ""
        if _within(found, target):
            why = f"cannot rename {source or '.'} to {target or '.'}: file exists"
        if why:
            where = f"'{each.name}' include from {each.source} to {each.target}"
            raise CopyError(f"failed to copy {where}: {why}")
        found |= taken
    return found


def _missing(source: str) -> str:
    """That there is nothing to be included, with the folder that it would have been unpacked in, as Go tells it."""
    place = Path(tempfile.gettempdir()) / f"flux-include-{secrets.randbelow(2**32)}" / "unpack" / source
    return f"cannot stat {place}: stat {place}: no such file or directory"


def _normal(path: str) -> str:
    """A path from the root; nothing leads out of the tree."""
    return posixpath.normpath("/" + path).strip("/")


def _below(folder: str, path: str) -> str:
    return f"{folder}/{path}" if folder else path


def _within(files: Mapping[str, File], folder: str) -> list[str]:
    return [path for path in files if path.startswith(_below(folder, ""))]
