"""What every source does with what it fetched: store it, tell it, and say meanwhile how far it has come.

Conditions, reasons and messages as source-controller's ``summarize`` leaves them: Ready mirrors a trouble, the old
artifact stays for who uses it, and the last word of progress stays while it is tried again.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field

from gitopslab.controlplane.runtime.reconcile import Request, Result
from gitopslab.gitops.flux import conditions
from gitopslab.gitops.flux.conditions import Condition
from gitopslab.gitops.flux.durations import seconds
from gitopslab.gitops.flux.kinds import SOURCE
from gitopslab.gitops.flux.loop import Loop, Turn
from gitopslab.gitops.flux.surroundings import Surroundings
from gitopslab.machinery.clock import timestamp
from gitopslab.machinery.objects import Object, condition_of, name_of, namespace_of

COMPONENT = "source-controller"
_OUTDATED = "ArtifactOutdated"
_VERIFIED = "SourceVerified"
_TROUBLES = ("StorageOperationFailed", "BuildFailed", _VERIFIED, "FetchFailed", "IncludeUnavailable")
"""Worst first, which is the last step first: a step that fails was reached by all that come after it here."""
_IN_STORAGE = "ArtifactInStorage"
_COLLECTED = "garbage collected artifacts for deleted resource"


@dataclass(frozen=True, slots=True)
class New:
    """Something new to be stored.

    Attributes:
        revision: As the artifact tells it.
        file: Its name in the storage.
        content: The archive.
        news: What is said while it is stored.
        metadata: For ``status.artifact.metadata``.
    """

    revision: str
    file: str
    content: bytes
    news: str
    metadata: Mapping[str, str] = field(default_factory=dict)


class Artifacts:
    """Keeps the artifacts of one kind of source.

    Args:
        given: What every controller works with.
        resource: Of the kind.
        folder: In the storage, such as ``gitrepository``.
        observed: Fields of ``spec`` that decide what is in an artifact, and the field of ``status`` where each is kept.
    """

    def __init__(self, given: Surroundings, resource: str, folder: str, observed: Mapping[str, str]) -> None:
        self._given = given
        self._folder = folder
        self._observed = observed
        self.loop = Loop(given, COMPONENT, resource, self._forget, summarizes=True)

    def stored(self, obj: Object) -> str:
        """The revision of the artifact that is there and was made from this spec; empty when there is none."""
        status, spec = obj.get("status") or {}, obj["spec"]
        artifact = status.get("artifact") or {}
        is_same = all(status.get(told) == _seen(spec, wanted) for wanted, told in self._observed.items())
        return str(artifact["revision"]) if artifact and is_same and self._is_there(artifact) else ""

    def reconcile(self, request: Request, act: Callable[[Turn], Result], *more: Hashable) -> Result:
        """Begin a source's turn, if it is its turn, and go on with it.

        Args:
            request: Which source.
            act: Brings the artifact to what there is now.
            more: What else asks for a reconcile when it changes.
        """
        turn = self.loop.turn(request, *more)
        return turn if isinstance(turn, Result) else act(self._begin(turn))

    def _begin(self, turn: Turn) -> Turn:
        """Say what is begun, where there is something to say: a poll that finds nothing is not worth a write."""
        self._collect(turn.obj)
        begun = self.loop.begin(turn)
        if begun is turn and condition_of(turn.obj, conditions.RECONCILING) is not None:
            return turn
        turn, status = begun, begun.obj.get("status") or {}
        artifact = status.get("artifact")
        if artifact is None:
            turn = self.loop.progress(turn, "building artifact", drift=True)
        elif not self._is_there(artifact):
            without = {key: value for key, value in status.items() if key != "artifact"}
            said = "building artifact: disappeared from storage"
            turn = self.loop.progress(turn, said, drift=True, status=without)
        return turn

    def coming(self, turn: Turn, revision: str, news: str) -> Turn:
        """Say that something new is to be stored, where it is."""
        had = (turn.obj.get("status") or {}).get("artifact")
        more = [Condition.true(_OUTDATED, "NewRevision", news)] if had else []
        if (had or {}).get("revision") == revision:
            return turn
        return self.loop.progress(turn, f"building artifact: {news}", *more, drift=True)

    def keep(self, turn: Turn, new: New) -> tuple[Turn, Object] | None:
        """Store what came; the turn, and the status that tells of it, which is still to be written.

        None when it cannot be stored, which is told then, and tried again later.
        """
        turn = self.coming(turn, new.revision, new.news)
        namespace, name = namespace_of(turn.obj), name_of(turn.obj)
        path = f"{self._folder}/{namespace}/{name}/{new.file}"
        try:
            stored = self._given.storage.keep(path, new.content, self._given.clock.now())
        except OSError as error:
            message = f"unable to archive artifact to storage: {error.strerror or error}"
            self.failed(turn, "ArchiveOperationFailed", message, trouble="StorageOperationFailed")
            return None
        artifact = {
            "digest": stored.digest,
            "lastUpdateTime": timestamp(self._given.clock.now()),
            "path": path,
            "revision": new.revision,
            "size": stored.size,
            "url": f"http://{COMPONENT}.{namespace}.svc.cluster.local./{path}",
        }
        status = dict(turn.obj.get("status") or {})
        status["artifact"] = {**artifact, **({"metadata": dict(new.metadata)} if new.metadata else {})}
        return turn, status

    def succeeded(self, turn: Turn, status: Object, message: str, event: str, reason: str = "Succeeded") -> Result:
        """Ready; an event only for what is new, or the end of a trouble."""
        spec, before = turn.obj["spec"], turn.obj.get("status") or {}
        for wanted, told in self._observed.items():
            status.pop(told, None)
            if (seen := _seen(spec, wanted)) is not None:
                status[told] = seen
        status["observedGeneration"] = turn.obj["metadata"]["generation"]
        was_failing = any(each["type"] in _TROUBLES for each in before.get("conditions") or ())
        gone = (*_TROUBLES, _OUTDATED, conditions.RECONCILING, conditions.STALLED)
        status["conditions"] = conditions.without(status.get("conditions") or [], *gone)
        ready, there = (Condition.true(kind, reason, message) for kind in (conditions.READY, _IN_STORAGE))
        self.loop.write(turn.obj, status, ready, there)
        artifact = status["artifact"]
        annotations = {f"{SOURCE}/{key}": artifact[key] for key in ("revision", "digest")}
        if (before.get("artifact") or {}).get("digest") != artifact["digest"]:
            news = "NewArtifact" if reason == "Succeeded" else reason
            self.loop.event(turn.obj, "Normal", news, event, annotations)
        elif was_failing:
            self.loop.event(turn.obj, "Normal", "Succeeded", event, annotations)
        return self.loop.schedule.done(turn.request, turn.cause, seconds(spec["interval"]))

    def later(self, turn: Turn) -> Result:
        """When it is its turn again."""
        return self.loop.schedule.later(turn.request)

    def failed(
        self,
        turn: Turn,
        reason: str,
        message: str,
        *,
        trouble: str = "FetchFailed",
        is_stalled: bool = False,
        again: float = 0.0,
        is_waiting: bool = False,
    ) -> Result:
        """Ready mirrors the trouble, or a worse one of a later step that has not been tried again since.

        Args:
            turn: Whose it is.
            reason: Of the conditions.
            message: Of the conditions, and of the event.
            trouble: The condition that is true of it, or (``SourceVerified``) false.
            is_stalled: Only a change of the object can mend it.
            again: Seconds until the next try; 0 for later and later.
            is_waiting: It is only for others to come, which is no warning.
        """
        status = dict(turn.obj.get("status") or {})
        doing = (condition_of(turn.obj, conditions.RECONCILING) or {}).get("message", "reconciliation in progress")
        place = _TROUBLES.index(trouble)
        worst = next((told for kind in _TROUBLES[:place] if (told := condition_of(turn.obj, kind))), None)
        ready = (worst["reason"], worst["message"]) if worst else (reason, message)
        is_so = Condition.false if trouble == _VERIFIED else Condition.true
        said = [is_so(trouble, reason, message), Condition.false(conditions.READY, *ready)]
        gone = [*_TROUBLES[place + 1 :]]
        if is_stalled:
            status["observedGeneration"] = turn.obj["metadata"]["generation"]
            said.append(Condition.true(conditions.STALLED, reason, message))
            gone.append(conditions.RECONCILING)
        else:
            said.append(Condition.true(conditions.RECONCILING, "ProgressingWithRetry", doing))
            gone.append(conditions.STALLED)
        status["conditions"] = conditions.without(status.get("conditions") or [], *gone)
        self.loop.write(turn.obj, status, *said)
        self.loop.event(turn.obj, "Normal" if is_waiting else "Warning", reason, message)
        schedule = self.loop.schedule
        if is_stalled:
            return schedule.idle(turn.request, turn.cause)
        request, cause = turn.request, turn.cause
        return schedule.done(request, cause, again) if again else schedule.failed(request, cause)

    def _collect(self, obj: Object) -> None:
        artifact = (obj.get("status") or {}).get("artifact")
        if artifact and (gone := self._given.storage.collect(artifact["path"], self._given.clock.now())):
            self.loop.event(obj, "Normal", "GarbageCollectionSucceeded", f"garbage collected {gone} artifacts")

    def _is_there(self, artifact: Object) -> bool:
        return self._given.storage.read(artifact["path"], artifact["digest"]) is not None

    def _forget(self, obj: Object) -> Result | None:
        if self._given.storage.forget(f"{self._folder}/{namespace_of(obj)}/{name_of(obj)}"):
            self.loop.event(obj, "Normal", "GarbageCollectionSucceeded", _COLLECTED)
        return None


def _seen(spec: Object, field: str) -> object:
    """A field as it is kept: what is not so is left out, as what is not said."""
    value = spec.get(field)
    return None if value is False else value
