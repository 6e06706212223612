"""The manifests of an Application's sources: commits are looked up, fetched and made into manifests, and kept.

What a commit gives for a source never changes, so it is made once; a hard refresh makes it anew. Source:
``GetRepoObjs`` in ``controller/state.go``, ``util/db/repository.go``.
"""

from __future__ import annotations

import base64
import json
import re
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from gitopslab.controlplane.runtime.reconcile import Request
from gitopslab.errors import LabError, RenderError
from gitopslab.gitops.argocd.generate import Context, Generated, generate
from gitopslab.gitops.argocd.kinds import NAMESPACE, SECRET_TYPE
from gitopslab.gitops.argocd.project import project_of
from gitopslab.gitops.argocd.revision import is_commit, resolve
from gitopslab.gitops.git import remote
from gitopslab.gitops.git.remote import Address
from gitopslab.gitops.surroundings import Surroundings
from gitopslab.machinery.objects import Object, labels_of, name_of
from gitopslab.machinery.version import KUBERNETES

_MOST_KEPT = 128
_USER = re.compile(r"//[^/@]*@")
_UNKNOWN = "rpc error: code = Unknown desc = "


@dataclass(frozen=True, slots=True)
class Target:
    """What Git says of an Application.

    Attributes:
        revisions: The commit of each source.
        source_types: The type of each source.
        objects: The manifests of all sources, as they stand in Git.
    """

    revisions: tuple[str, ...]
    source_types: tuple[str, ...]
    objects: tuple[Object, ...]


@dataclass(frozen=True, slots=True)
class _Piece:
    """One source at one revision, and all that its manifests depend on besides the commit."""

    address: Address
    url: str
    revision: str
    text: str
    app: str
    namespace: str
    project: str

    @property
    def source(self) -> Object:
        found: Object = json.loads(self.text)
        return found

    @property
    def is_only_referred_to(self) -> bool:
        """Whether other sources take files of it, and it gives no manifests."""
        source = self.source
        return bool(source.get("ref")) and not source.get("path") and not source.get("chart")


_Made = tuple[str, Generated]


def sources_of(place: Object) -> tuple[Object, ...]:
    """The sources of an Application's spec, or of an operation: ``sources``, else the one ``source``."""
    return tuple(place.get("sources") or [place.get("source") or {}])


def revisions_of(place: Object) -> tuple[str, ...]:
    """What to look up for each source: the commits that are named, else what the source itself names."""
    sources = sources_of(place)
    asked = place.get("revisions") or [place.get("revision")] * len(sources)
    return tuple(one or source.get("targetRevision") or "" for source, one in zip(sources, asked, strict=True))


class Sources:
    """Makes manifests for a reconciler, in other threads, and keeps them.

    Args:
        given: What a controller works with.
        who: The reconciler's name, which is asked again when manifests are there.
    """

    def __init__(self, given: Surroundings, who: str) -> None:
        self._given = given
        self._who = who
        self._secrets = given.manager.informer("secrets")
        self._kept: OrderedDict[tuple[_Piece, str], Generated] = OrderedDict()

    def target(self, app: Object, place: Object, *, anew: bool = False) -> Target | None:
        """What Git says; None while it is looked up, after which the reconciler is asked about the app again.

        Args:
            app: The Application.
            place: ``source`` and ``revision``, or several of each: of its spec, or of an operation.
            anew: Also make what is kept.

        Raises:
            LabError: It cannot be had; the message is Argo CD's.
        """
        pieces = tuple(self._piece(app, *pair) for pair in zip(sources_of(place), revisions_of(place), strict=True))
        known = {} if anew else {key: made for key, made in self._kept.items() if key[0] in _plain(pieces)}
        if all(is_commit(piece.revision) and (_keyed(piece), piece.revision) in known for piece in pieces):
            return _target([(piece.revision, known[_keyed(piece), piece.revision]) for piece in pieces])
        request = Request(app["metadata"]["namespace"], name_of(app))
        served = self._api_versions()
        outcome = self._given.work.ask(self._who, request, (pieces, anew), lambda: _made(pieces, known, served))
        if outcome is None:
            return None
        made = outcome.get()
        for piece, (commit, generated) in zip(pieces, made, strict=True):
            self._keep((_keyed(piece), commit), generated)
        return _target(made)

    def _keep(self, key: tuple[_Piece, str], generated: Generated) -> None:
        self._kept[key] = generated
        self._kept.move_to_end(key)
        while len(self._kept) > _MOST_KEPT:
            self._kept.popitem(last=False)

    def _piece(self, app: Object, source: Object, revision: str) -> _Piece:
        url = source.get("repoURL", "")
        user, password = credentials_of(url, self._secrets.list(NAMESPACE))
        address = Address(self._given.url(url) if is_readable(url) else url, user, password)
        text = json.dumps({**source, "targetRevision": ""}, sort_keys=True)
        namespace = app["spec"]["destination"].get("namespace", "")
        return _Piece(address, url, revision, text, name_of(app), namespace, project_of(app))

    def _api_versions(self) -> tuple[str, ...]:
        """What the cluster serves: the conditions of charts can ask for it."""
        served = {resource.api_version for resource in self._given.catalog}
        kinds = {f"{resource.api_version}/{resource.kind}" for resource in self._given.catalog}
        return tuple(sorted(served | kinds))


def is_readable(url: str) -> bool:
    """Whether a repository can be read from here at all: over HTTP."""
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        return False


def credentials_of(url: str, secrets: Iterable[Object]) -> tuple[str, str]:
    """User and password for a repository, as Secrets tell them; the longest prefix wins among templates."""
    found = ("", "", "")
    for secret in secrets:
        kind = labels_of(secret).get(SECRET_TYPE)
        if kind not in ("repository", "repo-creds"):
            continue
        data = {
            key: base64.b64decode(text).decode(errors="replace") for key, text in (secret.get("data") or {}).items()
        }
        said = _plain_url(data.get("url", ""))
        is_meant = _plain_url(url) == said if kind == "repository" else bool(said) and _plain_url(url).startswith(said)
        who = (data.get("username", ""), data.get("password", ""))
        if is_meant and any(who) and (kind == "repository" or len(said) > len(found[0])):
            found = (said, *who)
            if kind == "repository":
                break
    return found[1], found[2]


def _plain_url(url: str) -> str:
    return url.strip().rstrip("/").removesuffix(".git").lower()


def _keyed(piece: _Piece) -> _Piece:
    """A piece without its revision: what manifests depend on besides the commit."""
    return replace(piece, revision="")


def _plain(pieces: Iterable[_Piece]) -> set[_Piece]:
    return {_keyed(piece) for piece in pieces}


def _target(made: Sequence[_Made]) -> Target:
    objects = tuple(obj for _, generated in made for obj in generated.objects)
    return Target(tuple(commit for commit, _ in made), tuple(each.source_type for _, each in made), objects)


def _made(
    pieces: Sequence[_Piece], known: Mapping[tuple[_Piece, str], Generated], served: tuple[str, ...]
) -> list[_Made]:
    """Commit and manifests of each source; in another thread."""
    found: list[_Made] = []
    for at, piece in enumerate(pieces, 1):
        try:
            found.append(_one(piece, known, served))
        except LabError as error:
            words = error.message.replace(piece.address.url, _USER.sub("//", piece.url))
            words = words if words.startswith("rpc error:") else _UNKNOWN + words
            where = f"failed to generate manifest for source {at} of {len(pieces)}"
            raise RenderError(f"{where}: {words}", error.hint) from error
    return found


def _one(piece: _Piece, known: Mapping[tuple[_Piece, str], Generated], served: tuple[str, ...]) -> _Made:
    source = piece.source
    if source.get("chart"):
        raise RenderError("the lab takes charts from Git repositories, not from chart repositories")
    if not is_readable(piece.url):
        raise RenderError(f"failed to list refs: {piece.url} is no http:// or https:// URL, which is all the lab reads")
    commit = piece.revision if is_commit(piece.revision) else _looked_up(piece)
    made = known.get((_keyed(piece), commit))
    if made is not None:
        return commit, made
    if piece.is_only_referred_to:
        return commit, Generated((), "")
    try:
        checkout = remote.checkout(piece.address, commit)
    except LabError as error:
        raise RenderError(f"failed to fetch revision {commit}: {error.message}") from error
    context = Context(piece.app, piece.namespace, piece.project, commit, KUBERNETES.removeprefix("v"), served)
    return commit, generate(checkout.files, {**source, "targetRevision": piece.revision}, context)


def _looked_up(piece: _Piece) -> str:
    try:
        refs = remote.refs_and_head(piece.address)
    except LabError as error:
        raise RenderError(f"failed to list refs: {error.message}") from error
    return resolve(piece.revision, refs)
