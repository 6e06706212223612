"""ImageRepository: the tags of an image are read once an interval, for policies to choose among."""

from __future__ import annotations

import json
import zlib
from collections.abc import Hashable, Sequence

from gitopslab.controlplane.runtime.reconcile import DONE, Request, Result, Source
from gitopslab.errors import GitError
from gitopslab.gitops.flux import conditions
from gitopslab.gitops.flux.credentials import Credentials, NoSecretError, pull_credentials_of
from gitopslab.gitops.flux.durations import seconds, spoken
from gitopslab.gitops.flux.kinds import IMAGE_REPOSITORIES, requested_at
from gitopslab.gitops.flux.loop import Loop, Turn
from gitopslab.gitops.flux.surroundings import Surroundings
from gitopslab.gitops.source.registry import Image, Reader, RegistryError
from gitopslab.machinery.clock import seconds_of, timestamp
from gitopslab.machinery.objects import Object, condition_of, name_of, namespace_of
from gitopslab.machinery.regexes import PatternError, compiled

COMPONENT = "image-reflector-controller"
_LATEST = 10
_TIMEOUT = 60.0
_NO_TAGS = "no tags in database"
_SAME, _UNCHANGED = "tags did not change", "no change in repository configuration since last scan"

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
        self._loop = Loop(given, COMPONENT, IMAGE_REPOSITORIES, self._forget)
        self.sources: tuple[Source, ...] = (Source(IMAGE_REPOSITORIES),)

    def reconcile(self, request: Request) -> Result:
        """Scan when it is time."""
        turn = self._loop.turn(request)
        if isinstance(turn, Result):
            return turn
        before, turn = turn, self._loop.begin(turn)
        spec = turn.obj["spec"]
        try:
            image = Image.read(spec["image"])
        except RegistryError as error:
            self._loop.failed(turn, "ImageURLInvalid", error.message, is_stalled=True)
            return self._loop.schedule.idle(request, turn.cause)
        try:
            credentials = pull_credentials_of(self._loop.api, turn.obj, image.host)
        except GitError as error:
            why = error.why if isinstance(error, NoSecretError) else error.message
            self._loop.failed(turn, "AuthenticationFailed", f"failed to configure authentication options: {why}")
            return self._loop.schedule.failed(request, turn.cause)
        reason, following = self._when(before.obj, image)
        if not reason:
            self._tell(before.obj, turn, image, dict(turn.obj["status"]), f"{_UNCHANGED}, next scan in ", following)
            return self._loop.schedule.done(request, turn.cause, following)
        turn = self._loop.progress(turn, f"scanning: {reason}", drift=reason == _NO_TAGS)
        what: Hashable = (turn.cause, image, credentials)
        outcome = self._given.work.ask(
            self.name, request, what, lambda: reader(self._given, image, credentials, spec).tags()
        )
        if outcome is None:
            return DONE
        try:
            self._keep(before.obj, turn, image, outcome.get())
        except (RegistryError, PatternError) as error:
            self._loop.failed(turn, "ReadOperationFailed", f"scan failed: {error.message}")
            return self._loop.schedule.failed(request, turn.cause)
        return self._loop.schedule.done(request, turn.cause, seconds(spec["interval"]))

    def _when(self, obj: Object, image: Image) -> tuple[str, float]:
        """Why a scan is due now, empty when none is; and the seconds to the next one."""
        status, interval = obj.get("status") or {}, seconds(obj["spec"]["interval"])
        last = status.get("lastScanResult")
        if last is None:
            return "first scan", interval
        scanned = last.get("scanTime")  # a status by hand may lack it: then it was ages ago
        passed = self._given.clock.now() - seconds_of(scanned) if scanned else interval
        reasons = {
            "reconcile requested": requested_at(obj) != status.get("lastHandledReconcileAt", ""),
            "new image name": image.name != status.get("canonicalImageName"),
            "updated exclusion list": sorted(_excluded(obj)) != sorted(status.get("observedExclusionList") or ()),
            _NO_TAGS: not self._tags.get(Request(namespace_of(obj), name_of(obj))),
            "triggered by interval": interval - passed < 1.0,
        }
        reason = next((reason for reason, is_so in reasons.items() if is_so), "")
        return reason, interval if reason else interval - passed

    def _keep(self, before: Object, turn: Turn, image: Image, found: Sequence[str]) -> None:
        wanted = list(found)
        for pattern in _excluded(turn.obj):
            try:
                expression = compiled(pattern)
            except PatternError as error:
                raise PatternError(f"failed to compile regex {pattern}: {error.message}") from error
            wanted = [tag for tag in wanted if not expression.search(tag)]
        tags = tuple(sorted(wanted, reverse=True))  # policies see them in this order
        checksum = str(zlib.adler32(json.dumps(tags, separators=(",", ":")).encode()))
        status: Object = dict(turn.obj.get("status") or {})
        is_same = (status.get("lastScanResult") or {}).get("revision") == checksum
        self._tags[turn.request] = tags
        status["lastScanResult"] = {
            "tagCount": len(tags),
            "scanTime": timestamp(self._given.clock.now()),
            **({"latestTags": list(tags[:_LATEST])} if tags else {}),
            "revision": checksum,
        }
        words = f"{_SAME if is_same else 'successful scan'}, next scan in "
        self._tell(before, turn, image, status, words, seconds(turn.obj["spec"]["interval"]))

    def _tell(self, before: Object, turn: Turn, image: Image, status: Object, words: str, following: float) -> None:
        """Ready; an event for other tags or the end of a trouble, else only for the cluster."""
        last = status["lastScanResult"]
        message = f"successful scan: found {last['tagCount']} tags with checksum {last['revision']}"
        status["canonicalImageName"], status["observedExclusionList"] = image.name, _excluded(turn.obj)
        self._loop.succeeded(turn, status, message)
        ready = condition_of(before, conditions.READY)
        was_ready = ready is not None and (ready["status"], ready["message"]) == ("True", message)
        said = f"{words}{spoken(following)}" if was_ready else message
        self._loop.event(turn.obj, "Normal", "Succeeded", said)

    def _forget(self, obj: Object) -> Result | None:
        self._tags.pop(Request(namespace_of(obj), name_of(obj)), None)
        return None


def _excluded(obj: Object) -> list[str]:
    return obj["spec"].get("exclusionList") or [r"^.*\.sig$"]


def reader(given: Surroundings, image: Image, credentials: Credentials, spec: Object) -> Reader:
    """A reader of an image's registry, at the address that leads there from this machine."""
    timeout = seconds(spec.get("timeout"), _TIMEOUT)
    place = given.url(f"http://{image.host}/").removeprefix("http://").rstrip("/")
    insecure = bool(spec.get("insecure"))
    return Reader(image, credentials.user, credentials.password, timeout=timeout, insecure=insecure, place=place)
