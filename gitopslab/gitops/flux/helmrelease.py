"""HelmRelease: a chart is really installed, upgraded, tested, rolled back and uninstalled by the ``helm`` program.

Story of one reconcile: dependencies, the HelmChart (which it makes of ``spec.chart``), values; then helm's history is
read, one action decided and run, and what came of it written down; and again, until nothing is left to be done. Drift
is looked for only where ``driftDetection`` says so.

Simplified: this machine's helm does it, so there must be one, and one of version 4 adds neither ``postRenderers`` nor
``commonMetadata``; ``kubeConfig``, custom health checks and retrying without remediation (``strategy``) are not known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from gitopslab.controlplane.runtime.api import WatchEvent
from gitopslab.controlplane.runtime.reconcile import DONE, Request, Result, Source
from gitopslab.errors import LabError, RenderError
from gitopslab.gitops.flux.dependencies import refused
from gitopslab.gitops.flux.durations import seconds, spoken
from gitopslab.gitops.flux.expressions import ExpressionError
from gitopslab.gitops.flux.helmdrift import Drift, correct, drifts
from gitopslab.gitops.flux.helmreport import HelmReport
from gitopslab.gitops.flux.kinds import (
    HELM,
    HELM_CHARTS,
    HELM_RELEASES,
    OCI_REPOSITORIES,
    SOURCE,
    is_suspended,
    is_watched,
)
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
from gitopslab.gitops.flux.releasevalues import values_of
from gitopslab.gitops.flux.surroundings import Surroundings
from gitopslab.gitops.render import helm
from gitopslab.gitops.source import charts
from gitopslab.machinery.objects import Object, condition_of, is_condition_true, name_of, namespace_of

COMPONENT = "helm-controller"
_WAIT = 30.0
_CHARTS = {"HelmChart": HELM_CHARTS, "OCIRepository": OCI_REPOSITORIES}
_NOT_SERVED = "this cluster is not served over HTTP, or repeats a run (--seed), so helm cannot reach it"


class _NotYet(LabError):
    """Something is missing.

    Attributes:
        reason: Of ``Ready``.
        again: Seconds until the next look; 0 for later and later.
    """

    def __init__(self, reason: str, message: str, again: float = 0.0) -> None:
        super().__init__(message)
        self.reason = reason
        self.again = again


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
        self._report = HelmReport(self._loop, given.clock)
        self._seen: dict[Request, _Seen] = {}
        self._acting: dict[Request, _Acting] = {}
        self.sources: tuple[Source, ...] = (
            Source(HELM_RELEASES),
            *(Source(resource, self._users) for resource in _CHARTS.values()),
            Source("configmaps", self._users_of_values),
            Source("secrets", self._users_of_values),
        )

    def reconcile(self, request: Request) -> Result:
        """Do the next thing that the release needs."""
        obj = self._loop.objects.get(request.name, request.namespace)
        source = self._source(obj) if obj is not None else None
        artifact = ((source or {}).get("status") or {}).get("artifact") or {}
        turn = self._loop.turn(request, artifact.get("digest"), self._value_versions(obj))
        if isinstance(turn, Result):
            if obj is None or is_suspended(obj):
                self._seen.pop(request, None)
            return turn
        try:
            return self._finish(turn) if request in self._acting else self._go_on(turn)
        except ExpressionError as error:
            return self._report.stalled(turn, "InvalidCELExpression", error.message)
        except _NotYet as error:
            self._seen.pop(request, None)
            return self._report.not_yet(turn, error.reason, error.message, error.again)

    def _go_on(self, turn: Turn) -> Result:
        self._check_dependencies(turn.obj)
        wanted = self._wanted(turn)
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
            raise _NotYet("HelmMissing", f"{error.message}. {error.hint}", _WAIT) from error
        except RenderError as error:
            raise _NotYet("StateError", f"Could not determine release state: {error.message}") from error
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
            raise _NotYet("ReconcileError", trouble.message) from trouble
        return self._report.acted(turn, acting.action, acting.wanted, error, acting.before, history)

    def _drifts(self, obj: Object, seen: _Seen) -> list[Drift]:
        rules = tuple((obj["spec"].get("driftDetection") or {}).get("ignore") or ())
        return drifts(self._loop.api, self._given.catalog, seen.manifest, rules, release_namespace(obj))

    def _repair(self, turn: Turn, found: list[Drift]) -> Result:
        turn = self._report.drifted(turn, found)
        if _mode(turn.obj) == "enabled":
            self._report.corrected(turn, correct(self._loop.api, found))
        return self._report.in_sync(turn, is_drifted=True)

    # -- what it needs ------------------------------------------------------------------------------------------------

    def _check_dependencies(self, obj: Object) -> None:
        for reference in obj["spec"].get("dependsOn") or ():
            namespace, name = reference.get("namespace") or namespace_of(obj), reference["name"]
            other = self._loop.objects.get(name, namespace)
            if other is None:
                why = f'{HELM_RELEASES} "{name}" not found'
                raise _NotYet("DependencyNotReady", f"unable to get '{namespace}/{name}' dependency: {why}", _WAIT)
            if expression := reference.get("readyExpr"):
                why = refused(expression, obj, other)
            else:
                observed = (other.get("status") or {}).get("observedGeneration")
                is_current = observed == other["metadata"].get("generation")
                ready = is_current and is_condition_true(other, "Ready")
                why = "" if ready else f"dependency '{namespace}/{name}' is not ready"
            if why:
                raise _NotYet("DependencyNotReady", why, _WAIT)

    def _wanted(self, turn: Turn) -> Wanted:
        obj = turn.obj
        source = self._made_chart(obj) if "chart" in obj["spec"] else self._source(obj)
        kind, namespace, name = _reference(obj)
        if source is None:
            why = f'{kind}.{SOURCE} "{name}" not found'
            raise _NotYet("ArtifactFailed", f"could not get Source object: {why}", _WAIT)
        artifact = (source.get("status") or {}).get("artifact")
        observed = (source.get("status") or {}).get("observedGeneration")
        if observed != source["metadata"].get("generation") or artifact is None:
            ready = condition_of(source, "Ready") or {}
            is_seen = observed == source["metadata"].get("generation")
            why = "does not have an artifact" if is_seen else "latest generation of object has not been reconciled"
            why = ready["message"] if ready.get("status") == "False" else why
            raise _NotYet("SourceNotReady", f"{kind} '{namespace}/{name}' is not ready: {why}", _WAIT)
        content = self._given.storage.read(artifact["path"], artifact["digest"])
        if content is None:
            message = f"Source not ready: artifact not found. Retrying in {spoken(_WAIT)}"
            raise _NotYet("ArtifactFailed", message, _WAIT)
        try:
            chart = charts.read(content)
        except RenderError as error:
            raise _NotYet("ArtifactFailed", f"Could not load chart: {error.message}") from error
        try:
            return Wanted(chart, values_of(self._loop.api, obj))
        except LabError as error:
            raise _NotYet("ValuesError", error.message) from error

    def _made_chart(self, obj: Object) -> Object:
        """The HelmChart, kept as ``spec.chart`` describes it; nothing is written when it is."""
        template = obj["spec"]["chart"]
        kind, namespace, name = _reference(obj)
        spec = {key: value for key, value in template["spec"].items() if key != "sourceRef"}
        reference = template["spec"]["sourceRef"]
        spec["sourceRef"] = {"kind": reference["kind"], "name": reference["name"]}
        spec.setdefault("interval", obj["spec"]["interval"])
        metadata = template.get("metadata") or {}
        owner = {f"{HELM}/name": name_of(obj), f"{HELM}/namespace": namespace_of(obj)}
        wanted = {"name": name, "namespace": namespace, "labels": {**(metadata.get("labels") or {}), **owner}}
        if metadata.get("annotations"):
            wanted["annotations"] = metadata["annotations"]
        there = self._given.manager.informer(HELM_CHARTS).get(name, namespace)
        if there is not None and spec.items() <= there["spec"].items():
            return there
        chart = {"apiVersion": "source.toolkit.fluxcd.io/v1", "kind": kind, "metadata": wanted, "spec": spec}
        return self._loop.api.patch(HELM_CHARTS, name, chart, namespace, type="apply")

    def _source(self, obj: Object) -> Object | None:
        kind, namespace, name = _reference(obj)
        resource = _CHARTS.get(kind)
        return None if resource is None else self._given.manager.informer(resource).get(name, namespace)

    def _helm(self, obj: Object) -> Helm:
        if self._given.kubeconfig is None:
            raise _NotYet("HelmMissing", f"charts cannot be installed: {_NOT_SERVED}", _WAIT)
        return Helm(self._given.kubeconfig, obj)

    def _value_versions(self, obj: Object | None) -> tuple[str, ...]:
        if obj is None:
            return ()
        found = []
        for reference in obj["spec"].get("valuesFrom") or ():
            plural = "configmaps" if reference["kind"] == "ConfigMap" else "secrets"
            there = self._given.manager.informer(plural).get(reference["name"], namespace_of(obj))
            found.append("" if there is None or not is_watched(there) else str(there["metadata"]["resourceVersion"]))
        return tuple(found)

    def _users(self, event: WatchEvent) -> Iterable[Request]:
        told = (event.object["kind"], namespace_of(event.object), name_of(event.object))
        return [Request(namespace_of(each), name_of(each)) for each in self._loop.objects if _reference(each) == told]

    def _users_of_values(self, event: WatchEvent) -> Iterable[Request]:
        changed = (event.object["kind"], name_of(event.object))
        for each in self._loop.objects.list(namespace_of(event.object)):
            references = each["spec"].get("valuesFrom") or ()
            if any((reference["kind"], reference["name"]) == changed for reference in references):
                yield Request(namespace_of(each), name_of(each))

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
                return Result(_WAIT)
        self._seen.pop(request, None)
        self._delete_chart(obj)
        return None

    def _delete_chart(self, obj: Object) -> None:
        _, namespace, name = _reference(obj)
        if "chart" in obj["spec"] and self._given.manager.informer(HELM_CHARTS).get(name, namespace) is not None:
            self._loop.api.delete(HELM_CHARTS, name, namespace, propagation="Background")


def _reference(obj: Object) -> tuple[str, str, str]:
    """Kind, namespace and name of where the chart is."""
    spec = obj["spec"]
    if "chart" in spec:
        source = spec["chart"]["spec"]["sourceRef"]
        namespace = source.get("namespace") or namespace_of(obj)
        return "HelmChart", namespace, f"{namespace_of(obj)}-{name_of(obj)}"
    reference = spec["chartRef"]
    return reference["kind"], reference.get("namespace") or namespace_of(obj), reference["name"]


def _mode(obj: Object) -> str:
    """Whether drift is looked for: not unless the spec says so, which is the opposite of a Kustomization."""
    return str((obj["spec"].get("driftDetection") or {}).get("mode") or "disabled")
