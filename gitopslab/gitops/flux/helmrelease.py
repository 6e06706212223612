"""HelmRelease: a chart is really installed, upgraded, tested, rolled back and uninstalled by the ``helm`` program.

Story of one reconcile: dependencies, chart and values (``helmneeds``); then helm's history is read, one action decided
and run, and what came of it written down (``helmreport``); and again, until nothing is left to be done. Drift is looked
for only where ``driftDetection`` says so.

Simplified: this machine's helm does it, so there must be one, and one of version 4 adds neither ``postRenderers`` nor
``commonMetadata``; ``kubeConfig``, custom health checks and retrying without remediation (``strategy``) are not known.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from gitopslab.controlplane.runtime.reconcile import DONE, Request, Result, Source
from gitopslab.errors import RenderError
from gitopslab.gitops.flux.durations import seconds
from gitopslab.gitops.flux.expressions import ExpressionError
from gitopslab.gitops.flux.helmdrift import Drift, correct, drifts
from gitopslab.gitops.flux.helmneeds import CHARTS, WAIT, Needs, NotYetError
from gitopslab.gitops.flux.helmreport import HelmReport
from gitopslab.gitops.flux.kinds import HELM_RELEASES, is_suspended
from gitopslab.gitops.flux.loop import Loop, Turn
from gitopslab.gitops.flux.release import (
    UNINSTALL,
    Decision,
    Helm,
    Wanted,
    decide,
    release_namespace,
    rollback_target,
    timeout_of,
)
from gitopslab.gitops.flux.surroundings import Surroundings
from gitopslab.gitops.render import helm
from gitopslab.gitops.source import charts
from gitopslab.machinery.objects import Object, name_of, namespace_of

COMPONENT = "helm-controller"
_NOT_SERVED = "this cluster is not served over HTTP, or repeats a run (--seed), so helm cannot reach it"


@dataclass(slots=True)
class _Seen:
    """What helm told of a release.

    Attributes:
        history: Its revisions.
        manifest: What it holds, where drift is looked for.
    """

    history: list[Object]
    manifest: list[Object] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Acting:
    """An action that goes on; it is waited for whatever changes meanwhile.

    Attributes:
        what: By which the work is known.
        do: The work.
        action: Its word.
        wanted: The chart and values it is about.
        before: Helm's history when it began.
    """

    what: tuple[object, ...]
    do: Callable[[], tuple[str, list[Object]]]
    action: str
    wanted: Wanted
    before: list[Object]


class HelmReleaseController:
    """Reconciles HelmReleases.

    Args:
        given: What every controller works with.
    """

    name = "helmrelease-controller"

    def __init__(self, given: Surroundings) -> None:
        self._given = given
        self._loop = Loop(given, COMPONENT, HELM_RELEASES, self._uninstall)
        self._needs = Needs(given, self._loop.api, self._loop.objects)
        self._report = HelmReport(self._loop, given.clock)
        self._seen: dict[Request, _Seen] = {}
        self._acting: dict[Request, _Acting] = {}
        self.sources: tuple[Source, ...] = (
            Source(HELM_RELEASES),
            *(Source(resource, self._needs.users) for resource in CHARTS.values()),
            Source("configmaps", self._needs.users_of_values),
            Source("secrets", self._needs.users_of_values),
        )

    def reconcile(self, request: Request) -> Result:
        """Do the next thing that the release needs."""
        obj = self._loop.objects.get(request.name, request.namespace)
        source = self._needs.source(obj) if obj is not None else None
        artifact = ((source or {}).get("status") or {}).get("artifact") or {}
        turn = self._loop.turn(request, artifact.get("digest"), self._needs.value_versions(obj))
        if isinstance(turn, Result):
            if obj is None or is_suspended(obj):
                self._seen.pop(request, None)
            return turn
        try:
            return self._finish(turn) if request in self._acting else self._go_on(turn)
        except ExpressionError as error:
            return self._report.stalled(turn, "InvalidCELExpression", error.message)
        except NotYetError as error:
            self._seen.pop(request, None)
            return self._report.not_yet(turn, error.reason, error.message, error.again)

    def _go_on(self, turn: Turn) -> Result:
        self._needs.check_dependencies(turn.obj)
        wanted = self._needs.wanted(turn.obj)
        turn = self._report.begin(turn, wanted)
        program = self._helm(turn.obj)
        seen = self._look(turn, program, wanted)
        if seen is None:
            return DONE
        decision = decide(turn.obj, seen.history, wanted)
        if decision.stalled:
            del self._seen[turn.request]
            return self._report.given_up(turn, decision.stalled)
        if decision.action:
            return self._act(turn, program, wanted, decision)
        del self._seen[turn.request]
        if found := self._drifts(turn.obj, seen):
            return self._repair(turn, found)
        return self._report.in_sync(turn)

    def _look(self, turn: Turn, program: Helm, wanted: Wanted) -> _Seen | None:
        known = self._seen.get(turn.request)
        if known is not None:
            return known
        with_manifest = _mode(turn.obj) != "disabled"

        def do() -> _Seen:
            history = program.history()
            return _Seen(history, program.manifest() if history and with_manifest else [])

        outcome = self._given.work.ask(self.name, turn.request, ("look", turn.cause, wanted.digest), do)
        if outcome is None:
            return None
        try:
            self._seen[turn.request] = outcome.get()
        except helm.NoHelmError as error:
            raise NotYetError("HelmMissing", f"{error.message}. {error.hint}", WAIT) from error
        except RenderError as error:
            raise NotYetError("StateError", f"Could not determine release state: {error.message}") from error
        return self._seen[turn.request]

    def _act(self, turn: Turn, program: Helm, wanted: Wanted, decision: Decision) -> Result:
        action, timeout = decision.action, seconds(timeout_of(turn.obj, decision.action))
        target = rollback_target((turn.obj.get("status") or {}).get("history") or [])
        seen = self._seen[turn.request].history
        revision = int(target["version"]) if target else int(seen[-2]["revision"]) if len(seen) > 1 else 0
        turn = self._report.running(turn, action, timeout)
        what = ("act", action, turn.cause)

        def do() -> tuple[str, list[Object]]:
            return program.act(action, wanted, timeout, revision), program.history()

        before = self._seen.pop(turn.request).history
        self._acting[turn.request] = _Acting(what, do, action, wanted, before)
        return self._finish(turn)

    def _finish(self, turn: Turn) -> Result:
        acting = self._acting[turn.request]
        outcome = self._given.work.ask(self.name, turn.request, acting.what, acting.do, is_long=True)
        if outcome is None:
            return DONE
        del self._acting[turn.request]
        try:
            error, history = outcome.get()
        except RenderError as trouble:
            raise NotYetError("ReconcileError", trouble.message) from trouble
        return self._report.acted(turn, acting.action, acting.wanted, error, acting.before, history)

    def _drifts(self, obj: Object, seen: _Seen) -> list[Drift]:
        rules = tuple((obj["spec"].get("driftDetection") or {}).get("ignore") or ())
        return drifts(self._loop.api, self._given.catalog, seen.manifest, rules, release_namespace(obj))

    def _repair(self, turn: Turn, found: list[Drift]) -> Result:
        turn = self._report.drifted(turn, found)
        if _mode(turn.obj) == "enabled":
            self._report.corrected(turn, correct(self._loop.api, found))
        return self._report.in_sync(turn, is_drifted=True)

    def _helm(self, obj: Object) -> Helm:
        if self._given.kubeconfig is None:
            raise NotYetError("HelmMissing", f"charts cannot be installed: {_NOT_SERVED}", WAIT)
        return Helm(self._given.kubeconfig, obj)

    # -- the end ------------------------------------------------------------------------------------------------------

    def _uninstall(self, obj: Object) -> Result | None:
        """Uninstall before the HelmRelease goes, unless it was suspended or has installed nothing."""
        request = Request(namespace_of(obj), name_of(obj))
        if (acting := self._acting.get(request)) is not None:
            if self._given.work.ask(self.name, request, acting.what, acting.do, is_long=True) is None:
                return DONE
            del self._acting[request]
            return Result(0.0)
        has_begun = (obj.get("status") or {}).get("lastAttemptedReleaseAction")
        if has_begun and not is_suspended(obj) and self._given.kubeconfig is not None:
            program, timeout = Helm(self._given.kubeconfig, obj), seconds(timeout_of(obj, UNINSTALL))
            empty = Wanted(charts.Chart("", "", "", b""), {})
            deletion = ("uninstall", obj["metadata"]["uid"])
            outcome = self._given.work.ask(
                self.name, request, deletion, lambda: [program.act(UNINSTALL, empty, timeout)], is_long=True
            )
            if outcome is None:
                return DONE
            try:
                (error,) = outcome.get()
            except RenderError as trouble:
                error = trouble.message
            if error:
                self._report.not_uninstalled(obj, error)
                return Result(WAIT)
        self._seen.pop(request, None)
        self._needs.delete_chart(obj)
        return None


def _mode(obj: Object) -> str:
    """Whether drift is looked for: not unless the spec says so, which is the opposite of a Kustomization."""
    return str((obj["spec"].get("driftDetection") or {}).get("mode") or "disabled")
