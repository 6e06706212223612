"""The manifests of an Application's sources: made once for each commit, and kept; a hard refresh makes them anew.

What takes long is in ``making``. Source: ``GetRepoObjs`` in ``controller/state.go``, ``util/db/repository.go``.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from gitopslab.controlplane.runtime.correlator import Recent
from gitopslab.controlplane.runtime.reconcile import Request
from gitopslab.gitops.argocd.generate import Generated
from gitopslab.gitops.argocd.kinds import NAMESPACE, SECRET_TYPE
from gitopslab.gitops.argocd.making import Made, Piece, is_readable, made, settled
from gitopslab.gitops.argocd.project import project_of
from gitopslab.gitops.argocd.revision import is_commit
from gitopslab.gitops.git.speaking import Address
from gitopslab.gitops.surroundings import Surroundings
from gitopslab.machinery.objects import Object, labels_of, name_of

_MOST_KEPT = 128
_REVISION_LASTS = 180.0  # ``--revision-cache-expiration`` of the repository server


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
        self._kept: Recent[Piece, Generated] = Recent(_MOST_KEPT)
        self._commits: Recent[tuple[Address, str], tuple[str, float]] = Recent(_MOST_KEPT)

    def target(
        self, app: Object, place: Object, *, anew: bool = False, wish: str = "", recent: bool = False
    ) -> Target | None:
        """What Git says; None while it is looked up, after which the reconciler is asked about the app again.

        Args:
            app: The Application.
            place: ``source`` and ``revision``, or several of each: of its spec, or of an operation.
            anew: Also make what is kept.
            wish: What it is for; an answer to another wish does not do.
            recent: A branch may be where it was at the last look, within three minutes.

        Raises:
            LabError: It cannot be had; the message is Argo CD's.
        """
        revisions = revisions_of(place)
        pieces = tuple(self._piece(app, *pair) for pair in zip(sources_of(place), revisions, strict=True))
        if recent:
            revisions = tuple(self._looked_up(piece) for piece in pieces)
        if not anew and all(map(is_commit, revisions)):
            kept = [(piece, one) for piece in settled(pieces, revisions) if (one := self._kept.get(piece))]
            if len(kept) == len(pieces):
                return _target(kept)
        known = _nothing if anew else self._kept.get
        request, served = Request(app["metadata"]["namespace"], name_of(app)), self._api_versions()
        outcome = self._given.work.ask(self._who, request, (pieces, anew, wish), lambda: made(pieces, known, served))
        if outcome is None:
            return None
        found = outcome.get()
        for asked, (piece, generated) in zip(pieces, found, strict=True):
            self._kept.put(piece, generated)
            self._commits.put((asked.address, asked.revision), (piece.revision, self._given.clock.now()))
        return _target(found)

    def _looked_up(self, piece: Piece) -> str:
        """The commit of a source at the last look, if that is not long ago; else the revision itself."""
        known = self._commits.get((piece.address, piece.revision))
        fresh = known is not None and self._given.clock.now() - known[1] < _REVISION_LASTS
        return known[0] if known is not None and fresh else piece.revision

    def _piece(self, app: Object, source: Object, revision: str) -> Piece:
        url = source.get("repoURL", "")
        user, password = credentials_of(url, self._secrets.list(NAMESPACE))
        address = Address(self._given.url(url) if is_readable(url) else url, user, password)
        text = json.dumps({**source, "targetRevision": ""}, sort_keys=True)
        namespace = app["spec"]["destination"].get("namespace", "")
        return Piece(address, url, revision, text, name_of(app), namespace, project_of(app))

    def _api_versions(self) -> tuple[str, ...]:
        """What the cluster serves: the conditions of charts can ask for it."""
        served = {resource.api_version for resource in self._given.catalog}
        kinds = {f"{resource.api_version}/{resource.kind}" for resource in self._given.catalog}
        return tuple(sorted(served | kinds))


def _nothing(_: Piece) -> Generated | None:
    """What is known when all is made anew."""
    return None


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


def _target(found: Sequence[Made]) -> Target:
    objects = tuple(obj for _, generated in found for obj in generated.objects)
    types = tuple(generated.source_type for _, generated in found)
    return Target(tuple(piece.revision for piece, _ in found), types, objects)
