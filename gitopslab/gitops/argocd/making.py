"""Commits are looked up and fetched, and made into manifests: what takes long, and runs in another thread.

Source: ``GenerateManifest`` in ``reposerver/repository/repository.go``, ``GetRepoObjs`` in ``controller/state.go``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from gitopslab.errors import LabError, RenderError
from gitopslab.gitops.argocd.generate import Context, Generated, generate
from gitopslab.gitops.argocd.revision import is_commit, resolve
from gitopslab.gitops.git import remote
from gitopslab.gitops.git.remote import File, NoCommitError
from gitopslab.gitops.git.speaking import Address
from gitopslab.machinery.objects import Object
from gitopslab.machinery.version import KUBERNETES

_USER = re.compile(r"//[^/@]*@")
_SCP = re.compile(r"[^/]+@[^/:]+:")  # git@example.com:group/project.git
_HTTP_ONLY = "The lab reads repositories over http:// and https:// only."
_UNKNOWN = "rpc error: code = Unknown desc = "


@dataclass(frozen=True, slots=True)
class Piece:
    """One source at one revision, and all that its manifests depend on.

    Attributes:
        address: Where it is read from.
        url: As it stands in the source.
        revision: To be looked up, or a commit.
        text: The source as JSON, without its revision.
        app: The Application's name.
        namespace: Its destination.
        project: Its project.
        refs: The other sources that it takes files from, by name, each with its commit.
    """

    address: Address
    url: str
    revision: str
    text: str
    app: str
    namespace: str
    project: str
    refs: tuple[tuple[str, str], ...] = ()

    @property
    def source(self) -> Object:
        """The source."""
        found: Object = json.loads(self.text)
        return found

    @property
    def name(self) -> str:
        """What other sources call it; empty when they do not."""
        return self.source.get("ref") or ""

    @property
    def is_only_referred_to(self) -> bool:
        """Whether other sources take files of it, and it gives no manifests."""
        source = self.source
        return bool(source.get("ref")) and not source.get("path") and not source.get("chart")


Made = tuple[Piece, Generated]
"""A source at a commit, and its manifests."""

Known = Callable[[Piece], Generated | None]
"""What was made before; asked from another thread."""


def is_readable(url: str) -> bool:
    """Whether a repository can be read from here at all: over HTTP."""
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        return False


def settled(pieces: Sequence[Piece], commits: Sequence[str]) -> list[Piece]:
    """Sources at their commits, each with the commits of those that it refers to: ``$values/prod.yaml``."""
    named = {piece.name: commit for piece, commit in zip(pieces, commits, strict=True) if piece.name}
    found = []
    for piece, commit in zip(pieces, commits, strict=True):
        options = piece.source.get("helm") or {}
        files = [
            *(options.get("valueFiles") or ()),
            *(each.get("path", "") for each in options.get("fileParameters") or ()),
        ]
        wanted = {name[1:].partition("/")[0] for name in files if name.startswith("$")}
        refs = tuple((name, named[name]) for name in sorted(wanted & named.keys()))
        found.append(replace(piece, revision=commit, refs=refs))
    return found


def made(pieces: Sequence[Piece], known: Known, served: tuple[str, ...]) -> list[Made]:
    """Sources at their commits, with their manifests.

    Args:
        pieces: With revisions that may have to be looked up.
        known: What was made before.
        served: The API versions of the cluster, for charts.

    Raises:
        RenderError: One cannot be had; the message is Argo CD's, and tells which.
    """
    commits = []
    for at, piece in enumerate(pieces, 1):
        with _told(piece, at, len(pieces)):
            commits.append(_looked_up(piece))
    ready = settled(pieces, commits)
    found: list[Made] = []
    for at, piece in enumerate(ready, 1):
        with _told(piece, at, len(pieces)):
            found.append((piece, known(piece) or _generated(piece, pieces[at - 1].revision, ready, served)))
    return found


@contextmanager
def _told(piece: Piece, at: int, count: int) -> Iterator[None]:
    """Says of which source a trouble is, without who may read it."""
    try:
        yield
    except LabError as error:
        words = error.message.replace(piece.address.url, _USER.sub("//", piece.url))
        words = words if words.startswith("rpc error:") else _UNKNOWN + words
        raise RenderError(f"failed to generate manifest for source {at} of {count}: {words}", error.hint) from error


def _looked_up(piece: Piece) -> str:
    """The commit of a source."""
    if piece.source.get("chart"):
        raise RenderError("the lab takes charts from Git repositories, not from chart repositories")
    scheme = piece.url.partition("://")[0] if "://" in piece.url else ""
    if scheme not in ("", "http", "https", "ssh", "git", "file"):
        raise RenderError(f'failed to list refs: unsupported scheme "{scheme}"')
    if not is_readable(piece.url):
        raise RenderError(f"failed to list refs: {_unreadable(piece.url, scheme)}", _HTTP_ONLY)
    if is_commit(piece.revision):
        return piece.revision
    try:
        refs = remote.refs_and_head(piece.address)
    except LabError as error:
        raise RenderError(f"failed to list refs: {error.message}") from error
    return resolve(piece.revision, refs)


def _unreadable(url: str, scheme: str) -> str:
    """Why a repository cannot be read; what is no URL is a folder for Git, and there is none."""
    if scheme in ("http", "https"):
        why = "missing ']' in host" if "[" in url else "invalid port or host"
        return f'parse "{url}": {why}'
    if scheme == "ssh" or (not scheme and _SCP.match(url)):
        return 'error creating SSH agent: "SSH agent requested but SSH_AUTH_SOCK not-specified"'
    return "repository not found"


def _generated(piece: Piece, revision: str, ready: Sequence[Piece], served: tuple[str, ...]) -> Generated:
    if piece.is_only_referred_to:
        return Generated((), "")
    others = {one.name: one for one in ready if one.name}
    referred = {name: _files(others[name]) for name, _ in piece.refs}
    version = KUBERNETES.removeprefix("v")
    context = Context(piece.app, piece.namespace, piece.project, piece.revision, version, served, referred)
    return generate(_files(piece), {**piece.source, "targetRevision": revision}, context)


def _files(piece: Piece) -> Mapping[str, File]:
    try:
        return remote.checkout(piece.address, piece.revision).files
    except NoCommitError as error:
        raise RenderError(_no_commit(piece.revision)) from error
    except LabError as error:
        raise RenderError(f"failed to fetch revision {piece.revision}: {error.message}") from error


def _no_commit(revision: str) -> str:
    """What git says when it is asked for a commit that is not there."""
    whole = f"remote error: upload-pack: not our ref {revision}"
    fatal = whole if is_commit(revision) else f"couldn't find remote ref {revision}"
    git = f"`git fetch origin {revision} --tags --force --prune` failed exit status 128: fatal: {fatal}"
    where = "failed to initialize repository resources: rpc error: code = Internal desc ="
    return f"{where} Failed to checkout revision {revision}: {git}"
