"""An operation of an Application, from the field ``operation`` to its end in ``status.operationState``.

It is begun, led step by step, tried again, terminated, and written into the history. The controller keeps what ``Step``
says, and asks again: when something that the Application manages changes, and after the seconds it is told. Sources:
``processRequestedAppOperation`` in ``controller/appcontroller.go``, ``SyncAppState`` in ``controller/sync.go``.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
from typing import Any, Literal

from gitopslab.controlplane.runtime.api import Api
from gitopslab.controlplane.runtime.reconcile import Request
from gitopslab.errors import LabError
from gitopslab.gitops.argocd.history import recorded
from gitopslab.gitops.argocd.state import Comparison
from gitopslab.gitops.argocd.sync.plan import Refusal, plan
from gitopslab.gitops.argocd.sync.respecting import respecting
from gitopslab.gitops.argocd.sync.results import Results
from gitopslab.gitops.argocd.sync.retry import clock_time, is_left, next_retry
from gitopslab.gitops.argocd.sync.run import Run
from gitopslab.gitops.argocd.sync.settings import Settings
from gitopslab.gitops.argocd.sync.task import COMPLETED, ERROR, FAILED, RUNNING, SUCCEEDED, TERMINATING
from gitopslab.gitops.argocd.sync.writer import Writer
from gitopslab.gitops.argocd.windows import WindowError, can_sync
from gitopslab.machinery.clock import Clock, seconds_of, timestamp
from gitopslab.machinery.kinds import Catalog
from gitopslab.machinery.objects import Object, copy_of, key_of

Compare = Callable[[Object], Comparison | None]
"""Compares ``source`` at ``revision`` (empty: as the source says), or several of each, with what is there; None while
that takes its time."""

_LOOK_AGAIN = 10.0  # what a sync waits for is watched; this is for what nobody watches
_WINDOW = 60.0  # windows open at whole minutes
_FATAL = ("ComparisonError", "InvalidSpecError")


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What an operation depends on.

    Attributes:
        compare: Gives the comparison of a step.
        refusal: What the project forbids.
        windows: The project's sync windows.
        project_error: Why the project cannot be had; empty when it can.
    """

    compare: Compare
    refusal: Refusal
    windows: Iterable[Object] = ()
    project_error: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """What came of a step.

    Attributes:
        state: The new ``status.operationState``.
        after: Seconds after which to go on; None when something will tell.
        history: The new ``status.history``; None when it stays.
    """

    state: Object
    after: float | None = None
    history: list[Object] | None = None

    @property
    def is_over(self) -> bool:
        """Whether the operation has ended: then its field goes, and the Application is compared anew."""
        return self.state["phase"] in COMPLETED

    @property
    def event(self) -> tuple[Literal["Normal", "Warning"], str]:
        """Type and message of what is said at the end, with the reason ``OperationCompleted``."""
        sync = self.state["operation"].get("sync") or {}
        result = self.state.get("syncResult")
        words = ["Partial sync operation" if sync.get("resources") else "Sync operation"]
        if result is not None:
            words += ["to", result["revision"]]
        if self.state["phase"] == SUCCEEDED:
            return "Normal", " ".join([*words, "succeeded"])
        return "Warning", " ".join([*words, "failed:", self.state.get("message", "")])


@dataclass(slots=True)
class _Going:
    """A step that has given way to others, or waits between two waves."""

    begun: tuple[Any, ...]
    state: Object
    run: Run
    results: Results
    rest: Generator[float, None, None]
    due: float = 0.0


class Operations:
    """Leads the operations of all Applications.

    Args:
        api: With the identity and the field manager of the application controller.
        catalog: Which kinds there are.
        clock: The lab's time.
    """

    def __init__(self, api: Api, catalog: Catalog, clock: Clock) -> None:
        self._catalog = catalog
        self._clock = clock
        self._writer = Writer(api, catalog, clock)
        self._going: dict[Request, _Going] = {}

    def advance(self, app: Object, given: Circumstances) -> Step:
        """Go on with the operation of an Application that has one.

        Args:
            app: As it is now, with its ``operation``.
            given: What it depends on.
        """
        request, now = Request(*key_of(app)), self._clock.now()
        going = self._going.get(request)
        if going is not None and going.begun == _begun(app):
            return self._go_on(request, app, going)
        self._going.pop(request, None)
        known = (app.get("status") or {}).get("operationState") or {}
        if not known or known["phase"] in COMPLETED:
            return Step(_begin(app["operation"], now), after=0.0)
        state = copy_of(known)
        if state["phase"] == RUNNING and state.get("finishedAt"):
            try:
                due = next_retry(_retry(state), seconds_of(state["finishedAt"]), state.get("retryCount", 0))
            except LabError as error:
                return self._end(app, state, ERROR, error.message)
            if now < due:
                return Step(state, after=due - now)
            _try_again(state)
        return self._start(request, app, state, given)

    def forget(self, request: Request) -> None:
        """The Application is gone, or its operation is."""
        self._going.pop(request, None)

    def _start(self, request: Request, app: Object, state: Object, given: Circumstances) -> Step:
        """Begin a step, if anything may be done at all."""
        sync = state["operation"].get("sync")
        if given.project_error:
            return self._end(app, state, ERROR, f"Failed to load application project: {given.project_error}")
        if sync is None:
            return self._end(app, state, ERROR, "Invalid operation request: no operation specified")
        result = state.setdefault("syncResult", {"revision": "", **_place(sync, app["spec"])})
        blocked = _blocked(app, state, given, self._clock.now())
        if blocked:
            if state["phase"] == RUNNING:
                state["message"] = blocked
            return Step(state, after=_WINDOW)
        try:
            comparison = given.compare(result)
        except LabError as error:
            return self._end(app, state, ERROR, error.message)
        if comparison is None:
            return Step(state)
        result |= comparison.place
        fault = _fault(app, sync, comparison)
        if fault is not None:
            return self._end(app, state, *fault)
        return self._run(request, app, state, comparison, given)

    def _run(self, request: Request, app: Object, state: Object, comparison: Comparison, given: Circumstances) -> Step:
        settings, results = Settings.of(app, state), Results(state["syncResult"].get("resources") or ())
        if settings.has("RespectIgnoreDifferences=true"):
            try:
                comparison = respecting(comparison, app["spec"].get("ignoreDifferences") or ())
            except LabError as error:
                why = f"Failed to normalize target resources: {error.message}"
                return self._end(app, state, ERROR, why)
        namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": settings.namespace}}
        there = self._writer.get(namespace) if settings.namespace else None
        planned = plan(comparison, settings, results, self._catalog, given.refusal, there)
        run = Run(planned, settings, results, self._writer, self._clock)
        if state["phase"] == TERMINATING:
            run.terminate()
            return self._ran(app, state, run, results)
        going = self._going[request] = _Going(_begun(app), state, run, results, run.step())
        return self._go_on(request, app, going)

    def _go_on(self, request: Request, app: Object, going: _Going) -> Step:
        """Go on with a step until it gives way again, or is done."""
        now = self._clock.now()
        if now >= going.due:
            for wait in going.rest:
                going.due = now + wait
                break
            else:
                del self._going[request]
                return self._ran(app, going.state, going.run, going.results)
        known: Object = app["status"]["operationState"]
        return Step(known, after=max(0.0, going.due - now))

    def _ran(self, app: Object, state: Object, run: Run, results: Results) -> Step:
        result = state["syncResult"]
        result["resources"] = results.rows
        managed = (app["spec"].get("syncPolicy") or {}).get("managedNamespaceMetadata")
        if managed is not None:
            result["managedNamespaceMetadata"] = managed
        known = (app.get("status") or {}).get("operationState") or {}
        if run.phase == RUNNING and known.get("phase") == TERMINATING:
            # Somebody has asked for the end while this step went on.
            return Step({**state, "phase": TERMINATING, "message": "operation is terminating"}, after=0.0)
        return self._end(app, state, run.phase, run.message)

    def _end(self, app: Object, state: Object, phase: str, message: str) -> Step:
        """What comes of a phase: the end, another try, or the next step."""
        now, was_ending = self._clock.now(), state["phase"] == TERMINATING
        count = state.get("retryCount", 0)
        if phase in (FAILED, ERROR) and not was_ending and is_left(_retry(state), count):
            return self._failed(app, state, message, count)
        if phase in (FAILED, ERROR) and count:
            message = f"{message} (retried {count} times)."
        state = {**state, "phase": phase, "message": message}
        if phase in COMPLETED:
            state["finishedAt"] = timestamp(now)
            return Step(state, history=_history(app, state, now))
        changed = state != (app.get("status") or {}).get("operationState")
        return Step(state, after=0.0 if changed else _LOOK_AGAIN)

    def _failed(self, app: Object, state: Object, message: str, count: int) -> Step:
        """Wait for another try: running, and yet finished, which is how it is told from a step that goes on."""
        now = self._clock.now()
        try:
            due = next_retry(_retry(state), now, count)
        except LabError as error:
            state = {**state, "phase": ERROR, "message": f"{message} (failed to retry: {error.message})"}
            return Step({**state, "finishedAt": timestamp(now)})
        message = f"{message}. Retrying attempt #{count + 1} at {clock_time(due)}."
        state = {**state, "phase": RUNNING, "message": message, "retryCount": count + 1, "finishedAt": timestamp(now)}
        return Step(state, after=0.0)


def _begin(operation: Object, now: float) -> Object:
    return {"phase": RUNNING, "operation": copy_of(operation), "startedAt": timestamp(now)}


def _begun(app: Object) -> tuple[Any, ...]:
    """What tells one try of one operation of one Application from the next."""
    state = (app.get("status") or {}).get("operationState") or {}
    return app["metadata"].get("uid"), state.get("startedAt"), state.get("retryCount", 0), state.get("finishedAt")


def _place(sync: Object, spec: Object) -> Object:
    """What is to be synced: what the operation names, else what the Application does."""
    several = sync.get("sources") or ([] if sync.get("source") else spec.get("sources"))
    if several:
        return {"sources": several, "revisions": sync.get("revisions") or [""] * len(several)}
    return {"source": sync.get("source") or spec.get("source") or {}, "revision": sync.get("revision") or ""}


def _retry(state: Object) -> Object:
    return state["operation"].get("retry") or {}


def _try_again(state: Object) -> None:
    """Begin a retry: with nothing done yet, and with the newest commit where that is asked for."""
    newest = ""
    if _retry(state).get("refresh"):
        newest = " with latest revisions"
        for field in ("revision", "revisions"):
            state["operation"]["sync"].pop(field, None)
    state["message"] = f"Retrying operation{newest}. Attempt #{state['retryCount']}"
    del state["finishedAt"]
    state.pop("syncResult", None)


def _blocked(app: Object, state: Object, given: Circumstances, now: float) -> str:
    """What a sync window says to an operation; empty when it may go on."""
    manual = not (state["operation"].get("initiatedBy") or {}).get("automated")
    try:
        if can_sync(given.windows, app, now, manual=manual, started=seconds_of(state["startedAt"])):
            return ""
    except WindowError as error:
        return f"Sync operation blocked by sync window: {error.message}"
    return "Sync operation blocked by sync window"


def _fault(app: Object, sync: Object, comparison: Comparison) -> tuple[str, str] | None:
    """The phase and message with which an operation ends before anything is done; None when it goes on."""
    shared = [row for row in comparison.conditions if row["type"] == "SharedResourceWarning"]
    if shared and "FailOnSharedResource=true" in (sync.get("syncOptions") or ()):
        return FAILED, f"Shared resource found: {shared[0]['message']}"
    known = (app.get("status") or {}).get("conditions") or []
    rows = [row for row in known if row["type"] == "InvalidSpecError"]
    rows += [row for row in comparison.conditions if row["type"] in _FATAL and row not in rows]
    if rows:
        return ERROR, ";".join(f"{row['type']}: {row['message']}" for row in rows)
    return None


def _history(app: Object, state: Object, now: float) -> list[Object] | None:
    """The history after a sync of everything that has succeeded and was no dry run; None when it stays."""
    sync = state["operation"].get("sync") or {}
    if state["phase"] != SUCCEEDED or sync.get("dryRun") or sync.get("resources"):
        return None
    return recorded(app, state, now)
