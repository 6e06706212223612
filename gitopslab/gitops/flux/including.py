"""Other repositories whose files go into an artifact (``spec.include`` of a GitRepository)."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass

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

    Raises:
        GitError: A folder that is to be included is not there.
    """
    found = dict(files)
    for each in included:
        content = storage.read(each.artifact["path"], each.artifact["digest"])
        theirs = archive.read(content) if content is not None else {}
        start, target = _folder(each.source), _folder(each.target)
        taken = {path.removeprefix(start): file for path, file in theirs.items() if path.startswith(start)}
        if not taken:
            where = f"'{each.name}' include from {each.source} to {each.target}"
            raise GitError(f"failed to copy {where}: no such file or directory")
        found |= {target + path: file for path, file in taken.items()}
    return found


def _folder(path: str) -> str:
    """A folder as paths begin with it; nothing leads out of the tree."""
    normal = posixpath.normpath("/" + path).strip("/")
    return f"{normal}/" if normal else ""
