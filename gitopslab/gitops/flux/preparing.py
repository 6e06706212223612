"""What a reconcile of a Kustomization needs before it can apply: its source, its dependencies, and what they build."""

from __future__ import annotations

from collections.abc import Mapping

from gitopslab.controlplane.runtime.informer import Informer
from gitopslab.controlplane.runtime.reconcile import Request
from gitopslab.errors import LabError, RenderError
from gitopslab.gitops.flux.apply import prepared
from gitopslab.gitops.flux.build import Built, PathError, build
from gitopslab.gitops.flux.causes import Artifact, Causes
from gitopslab.gitops.flux.checks import Checks
from gitopslab.gitops.flux.decryption import check_keys, check_plain
from gitopslab.gitops.flux.dependencies import source_of, unready
from gitopslab.gitops.flux.elsewhere import elsewhere
from gitopslab.gitops.flux.expressions import ExpressionError
from gitopslab.gitops.flux.marks import owner_labels
from gitopslab.gitops.flux.normalizing import normalized
from gitopslab.gitops.flux.ownership import MANAGER
from gitopslab.gitops.flux.report import EarlyFailure, Failure, Report, TerminalError, is_news
from gitopslab.gitops.flux.run import Run
from gitopslab.gitops.flux.surroundings import Surroundings
from gitopslab.gitops.flux.variables import variables_of
from gitopslab.machinery.objects import Object, uid_of

_DEPENDENCY_DELAY = 30.0


class Preparing:
    """Finds and builds what runs apply.

    Args:
        given: What every controller works with.
        who: The reconciler that is asked again when a build is done.
        objects: The Kustomizations.
        causes: What they are made of.
        report: Tells how far a run has come.
    """

    def __init__(self, given: Surroundings, who: str, objects: Informer, causes: Causes, report: Report) -> None:
        self._given = given
        self._who = who
        self._api = given.api_for(MANAGER)
        self._objects = objects
        self._causes = causes
        self._report = report
        self._built: dict[Request, tuple[object, Built]] = {}

    def prepare(self, request: Request, obj: Object, run: Run) -> bool:
        """Find everything that is needed, and build; whether there is something to apply now.

        Raises:
            Failure: Something is not there, or cannot be built.
        """
        run.checks = self._checks(obj)
        artifact = self._must_have_artifact(obj)
        run.revision, run.origin = artifact.revision, artifact.origin
        try:
            reason = unready(obj, self._objects, artifact.revision)
        except ExpressionError as error:
            raise TerminalError("InvalidCELExpression", error.message) from error
        if reason:
            raise EarlyFailure("DependencyNotReady", reason, again=_DEPENDENCY_DELAY)
        if is_news(obj, run):
            self._report.steps(run, "Fetching manifests for")
        if obj["spec"].get("kubeConfig"):
            why = elsewhere(self._api, obj)
            told = f"failed to build kube client: {why}"
            raise Failure("ReconciliationFailed", why, doing="Building manifests for", told=told)
        built = self._build(request, obj, run, artifact)
        if built is None:
            self._report.steps(run, "Building manifests for")
            return False
        if is_news(obj, run):
            self._report.steps(run, "Building manifests for", "Detecting drift for")
        objects = [normalized(each, self._given.typed) for each in built.objects]
        try:
            check_plain(objects)
        except RenderError as error:
            run.digest = built.digest
            raise Failure("ReconciliationFailed", error.message) from error
        run.begin(built, prepared(objects, owner_labels(obj), obj["spec"].get("commonMetadata")))
        return True

    def forget(self, request: Request) -> None:
        """It is gone."""
        self._built.pop(request, None)

    def _checks(self, obj: Object) -> Checks:
        try:
            return Checks.read(obj["spec"].get("healthCheckExprs") or ())
        except ExpressionError as error:
            raise TerminalError("InvalidCELExpression", error.message) from error

    def _must_have_artifact(self, obj: Object) -> Artifact:
        kind, namespace, name = source_of(obj)
        if kind == "ExternalArtifact":
            gate = "ExternalArtifact feature gate is disabled"
            raise TerminalError("AccessDenied", f"can't access '{kind}/{namespace}/{name}', {gate}", is_denied=True)
        if self._causes.source(obj) is None:
            raise EarlyFailure("ArtifactFailed", f'{kind}.source.toolkit.fluxcd.io "{name}" not found')
        artifact = self._causes.artifact(obj)
        if artifact is None:
            raise EarlyFailure("ArtifactFailed", "Source artifact not found, retrying in 30s", again=_DEPENDENCY_DELAY)
        return artifact

    def _build(self, request: Request, obj: Object, run: Run, artifact: Artifact) -> Built | None:
        """The objects; from the last run when nothing they are made of has changed."""
        try:
            check_keys(self._api, obj)
        except RenderError as error:
            raise Failure("BuildFailed", error.message) from error
        variables = self._variables(obj)
        told = variables.message if isinstance(variables, RenderError) else tuple(sorted(variables.items()))
        what = (artifact.digest, uid_of(obj), obj["metadata"]["generation"], told)
        known = self._built.get(request)
        if known is not None and known[0] == what:
            return known[1]
        spec, timeout, storage = obj["spec"], run.timeout(obj), self._given.storage

        def do() -> Built:
            content = storage.read(artifact.path, artifact.digest)
            if content is None:
                raise LabError("Source is not ready, artifact not found, retrying in 30s")
            return build(content, spec, variables, timeout)

        outcome = self._given.work.ask(self._who, request, what, do)
        if outcome is None:
            return None
        try:
            built = outcome.get()
        except PathError as error:
            raise Failure("ArtifactFailed", error.message) from error
        except RenderError as error:
            raise Failure("BuildFailed", error.message) from error
        except LabError as error:
            raise EarlyFailure("ArtifactFailed", error.message, again=_DEPENDENCY_DELAY) from error
        self._built[request] = (what, built)
        return built

    def _variables(self, obj: Object) -> Mapping[str, str] | RenderError:
        try:
            return variables_of(self._api, obj)
        except RenderError as error:
            return error
