"""An operation of an Application, from the field ``operation`` to its end in ``status.operationState``.

It is begun, led step by step, tried again, terminated, and written into the history. The controller keeps what ``Step``
says, and asks again: when something that the Application manages changes, and after the seconds it is told. Sources:
``processRequestedAppOperation`` in ``controller/appcontroller.go``, ``SyncAppState`` in ``controller/sync.go``.

Simplified: a sync has no time limit (``controller.sync.timeout.seconds``), impersonates nobody, and takes no manifests
from a learner's folder (``operation.sync.manifests``).
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

from gitopslab.controlplane.runtime.api import Api
from gitopslab.controlplane.runtime.reconcile import Request
from gitopslab.errors import LabError
from gitopslab.gitops.argocd.kinds import NO_SOURCE
from gitopslab.gitops.argocd.state import Comparison
from gitopslab.gitops.argocd.sync.ending import terminate
from gitopslab.gitops.argocd.sync.outcome import begun, outcome, retry_of, try_again
from gitopslab.gitops.argocd.sync.plan import plan
from gitopslab.gitops.argocd.sync.respecting import respecting
from gitopslab.gitops.argocd.sync.results import Results
from gitopslab.gitops.argocd.sync.retry import next_retry
from gitopslab.gitops.argocd.sync.run import Run
from gitopslab.gitops.argocd.sync.settings import Settings
from gitopslab.gitops.argocd.sync.step import Circumstances, Step
from gitopslab.gitops.argocd.sync.task import COMPLETED, ERROR, FAILED, RUNNING, TERMINATING
from gitopslab.gitops.argocd.sync.writer import Writer
from gitopslab.gitops.argocd.windows import WindowError, can_sync
from gitopslab.machinery.clock import Clock, seconds_of
from gitopslab.machinery.kinds import Catalog
from gitopslab.machinery.objects import Object, copy_of, key_of

_WINDOW = 60.0  # windows open at whole minutes
_FATAL = ("ComparisonError", "InvalidSpecError")


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
        plain: With the field manager of what is not an apply; that of an apply if None.
    """

    def __init__(self, api: Api, catalog: Catalog, clock: Clock, plain: Api | None = None) -> None:
        self._catalog = catalog
        self._clock = clock
        self._writer = Writer(api, catalog, clock, plain)
        self._going: dict[Request, _Going] = {}

    def advance(self, app: Object, given: Circumstances) -> Step:
        """Go on with the operation of an Application that has one.

        Args:
            app: As it is now, with its ``operation``.
            given: What it depends on.
        """
        request, now = Request(*key_of(app)), self._clock.now()
        going = self._going.get(request)
        if going is not None and going.begun == _identity(app):
            return self._go_on(request, app, going)
        self._going.pop(request, None)
        known = (app.get("status") or {}).get("operationState") or {}
        if not known or known["phase"] in COMPLETED:
            return Step(begun(app["operation"], now), after=0.0)
        state = copy_of(known)
        if state["phase"] == RUNNING and state.get("finishedAt"):
            try:
                due = next_retry(retry_of(state), seconds_of(state["finishedAt"]), state.get("retryCount", 0))
            except LabError as error:
                return self._end(app, state, ERROR, error.message)
            if now < due:
                return Step(state, after=due - now)
            try_again(state)
        return self._start(request, app, state, given)

    def forget(self, request: Request) -> None:
        """The Application is gone, or its operation is."""
        self._going.pop(request, None)

    def _end(self, app: Object, state: Object, phase: str, message: str) -> Step:
        return outcome(app, state, phase, message, self._clock.now())

    # -- the beginning of a step --------------------------------------------------------------------------------------

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
        if comparison.loaded:
            result |= comparison.place
        else:
            result.pop("revisions", None)
        fault = _fault(app, sync, comparison)
        return self._end(app, state, *fault) if fault else self._run(request, app, state, comparison, given)

    def _run(self, request: Request, app: Object, state: Object, comparison: Comparison, given: Circumstances) -> Step:
        settings, results = Settings.of(app, state), Results(state["syncResult"].get("resources") or ())
        if settings.has("RespectIgnoreDifferences=true"):
            try:
                comparison = respecting(comparison, app["spec"].get("ignoreDifferences") or ())
            except LabError as error:
                return self._end(app, state, ERROR, f"Failed to normalize target resources: {error.message}")
        there = self._writer.namespace(settings.namespace)
        planned = plan(comparison, settings, results, self._catalog, given.refusal, there)
        if state["phase"] == TERMINATING:
            ended = terminate(planned.tasks, settings, results, self._writer, self._clock)
            return self._ran(app, state, results, *ended)
        run = Run(planned, settings, results, self._writer, self._clock)
        going = self._going[request] = _Going(_identity(app), state, run, results, run.step())
        return self._go_on(request, app, going)

    # -- its end ------------------------------------------------------------------------------------------------------

    def _go_on(self, request: Request, app: Object, going: _Going) -> Step:
        """Go on with a step until it gives way again, or is done."""
        now = self._clock.now()
        if now >= going.due:
            for wait in going.rest:
                going.due = now + wait
                break
            else:
                del self._going[request]
                return self._ran(app, going.state, going.results, going.run.phase, going.run.message)
        known: Object = app["status"]["operationState"]
        return Step(known, after=max(0.0, going.due - now))

    def _ran(self, app: Object, state: Object, results: Results, phase: str, message: str) -> Step:
        result = state["syncResult"]
        result |= {"resources": results.rows} if results else {}
        managed = (app["spec"].get("syncPolicy") or {}).get("managedNamespaceMetadata")
        if managed is not None:
            result["managedNamespaceMetadata"] = managed
        known = (app.get("status") or {}).get("operationState") or {}
        if phase == RUNNING and known.get("phase") == TERMINATING:
            # Somebody has asked for the end while this step went on.
            return Step({**state, "phase": TERMINATING, "message": "operation is terminating"}, after=0.0)
        return self._end(app, state, phase, message)


def _identity(app: Object) -> tuple[Any, ...]:
    """What tells one try of one operation of one Application from the next."""
    state = (app.get("status") or {}).get("operationState") or {}
    return app["metadata"].get("uid"), state.get("startedAt"), state.get("retryCount", 0), state.get("finishedAt")


def _place(sync: Object, spec: Object) -> Object:
    """What is to be synced: what the operation names, else what the Application does."""
    named = sync.get("sources") or sync.get("source")
    several = (sync.get("sources") or ()) if named else (spec.get("sources") or ())
    source = (sync.get("source") or NO_SOURCE) if named else (spec.get("source") or {})
    if not several:
        return {"source": source, "revision": sync.get("revision") or ""}
    revisions = sync.get("revisions") or []
    return {
        "source": source if named else several[0],
        "sources": several,
        # As many as there are sources, or none counts.
        "revisions": revisions if len(revisions) == len(several) else [""] * len(several),
    }


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
