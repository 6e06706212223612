"""ImageRepository: the tags of an image are read once an interval, for policies to choose among."""

from __future__ import annotations

import json
import zlib
from collections.abc import Hashable, Sequence

from gitopslab.controlplane.runtime.reconcile import DONE, Request, Result, Source
from gitopslab.errors import GitError
from gitopslab.gitops.flux.credentials import Credentials, credentials_of
from gitopslab.gitops.flux.durations import seconds
from gitopslab.gitops.flux.kinds import IMAGE_REPOSITORIES
from gitopslab.gitops.flux.loop import Loop, Turn
from gitopslab.gitops.flux.patterns import PatternError, compiled
from gitopslab.gitops.flux.surroundings import Surroundings
from gitopslab.gitops.source.registry import Image, Reader, RegistryError
from gitopslab.machinery.clock import timestamp
from gitopslab.machinery.objects import Object

COMPONENT = "image-reflector-controller"
_LATEST = 10
_TIMEOUT = 60.0

Tags = dict[Request, tuple[str, ...]]
"""The tags of each ImageRepository, as the reflector's database has them."""


class ImageRepositoryController:
    """Reconciles ImageRepositories.

    Args:
        given: What every controller works with.
        tags: Where policies find the tags.
    """

    name = "imagerepository-controller"

    def __init__(self, given: Surroundings, tags: Tags) -> None:
        self._given = given
        self._tags = tags
        self._loop = Loop(given, COMPONENT, IMAGE_REPOSITORIES)
        self.sources: tuple[Source, ...] = (Source(IMAGE_REPOSITORIES),)

    def reconcile(self, request: Request) -> Result:
        """Scan when it is time."""
        turn = self._loop.turn(request)
        if isinstance(turn, Result):
            return turn
        spec = turn.obj["spec"]
        try:
            image = Image.read(spec["image"])
        except RegistryError as error:
            self._loop.failed(turn, "ImageURLInvalid", error.message, is_stalled=True)
            return self._loop.schedule.idle(request, turn.cause)
        try:
            credentials = credentials_of(self._loop.api, turn.obj, image.host)
        except GitError as error:
            self._loop.failed(turn, "AuthenticationFailed", error.message)
            return self._loop.schedule.failed(request, turn.cause)
        what: Hashable = (turn.cause, image, credentials)
        outcome = self._given.work.ask(
            self.name, request, what, lambda: reader(self._given, image, credentials, spec).tags()
        )
        if outcome is None:
            return DONE
        try:
            found = outcome.get()
        except RegistryError as error:
            self._loop.failed(turn, "ReadOperationFailed", f"scan failed: {error.message}")
            return self._loop.schedule.failed(request, turn.cause)
        try:
            self._keep(turn, image, found)
        except PatternError as error:
            message = f"scan failed: failed to compile regex in exclusion list: {error.message}"
            self._loop.failed(turn, "ReadOperationFailed", message)
            return self._loop.schedule.failed(request, turn.cause)
        return self._loop.schedule.done(request, turn.cause, seconds(spec["interval"]))

    def _keep(self, turn: Turn, image: Image, found: Sequence[str]) -> None:
        excluded = turn.obj["spec"].get("exclusionList") or [r"^.*\.sig$"]
        wanted = (tag for tag in found if not any(compiled(pattern).search(tag) for pattern in excluded))
        tags = tuple(sorted(wanted, reverse=True))  # policies see them in this order
        checksum = str(zlib.adler32(json.dumps(tags, separators=(",", ":")).encode()))
        message = f"successful scan: found {len(tags)} tags with checksum {checksum}"
        status: Object = dict(turn.obj.get("status") or {})
        before = (status.get("lastScanResult") or {}).get("revision")
        self._tags[turn.request] = tags
        status["canonicalImageName"] = image.name
        status["observedExclusionList"] = excluded
        status["lastScanResult"] = {
            "tagCount": len(tags),
            "scanTime": timestamp(self._given.clock.now()),
            "latestTags": list(tags[:_LATEST]),
            "revision": checksum,
        }
        self._loop.succeeded(turn, status, message)
        if before != checksum:
            self._loop.event(turn.obj, "Normal", "Succeeded", message)


def reader(given: Surroundings, image: Image, credentials: Credentials, spec: Object) -> Reader:
    """A reader of an image's registry, at the address that leads there from this machine."""
    timeout = seconds(spec.get("timeout"), _TIMEOUT)
    place = given.url(f"http://{image.host}/").removeprefix("http://").rstrip("/")
    insecure = bool(spec.get("insecure"))
    return Reader(image, credentials.user, credentials.password, timeout=timeout, insecure=insecure, place=place)
