"""HelmChart: one version of a chart, from a folder in Git, an index, or a registry, packed for HelmReleases.

Simplified: nothing is verified (``spec.verify``), and there are no Buckets.
"""

from __future__ import annotations

import json
import posixpath
from collections.abc import Callable, Iterable
from dataclasses import replace
from urllib.parse import urljoin

from gitopslab.controlplane.runtime.api import WatchEvent
from gitopslab.controlplane.runtime.reconcile import DONE, Request, Result, Source
from gitopslab.errors import GitError, LabError, RenderError
from gitopslab.gitops.flux.artifacts import Artifacts, New
from gitopslab.gitops.flux.credentials import credentials_of
from gitopslab.gitops.flux.durations import seconds
from gitopslab.gitops.flux.helmrepository import fetched
from gitopslab.gitops.flux.imagerepository import reader
from gitopslab.gitops.flux.kinds import GIT_REPOSITORIES, HELM_CHARTS, HELM_REPOSITORIES, SOURCE
from gitopslab.gitops.flux.loop import Turn
from gitopslab.gitops.flux.ocirepository import image_of
from gitopslab.gitops.flux.surroundings import Surroundings
from gitopslab.gitops.render.helm import NoHelmError
from gitopslab.gitops.source import archive, charts
from gitopslab.gitops.source.charts import Chart, ChartError
from gitopslab.gitops.source.registry import Image, Reader, RegistryError
from gitopslab.machinery.objects import Object, name_of, namespace_of

LAYER = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"
_SOURCES = {"GitRepository": GIT_REPOSITORIES, "HelmRepository": HELM_REPOSITORIES}
_TIMEOUT = 60.0
_OF_BUILDING = ("ValuesFilesError", "DependencyBuildError", "MetadataPatchError", "ChartPackageError")


class HelmChartController:
    """Reconciles HelmCharts.

    Args:
        given: What every controller works with.
    """

    name = "helmchart-controller"
    kind = HELM_CHARTS

    def __init__(self, given: Surroundings) -> None:
        self._given = given
        self._artifacts = Artifacts(given, HELM_CHARTS, "helmchart", {})
        users = [Source(resource, self._users) for resource in _SOURCES.values()]
        self.sources: tuple[Source, ...] = (Source(HELM_CHARTS), *users)

    def reconcile(self, request: Request) -> Result:
        """Bring the stored chart to what the source has now."""
        obj = self._artifacts.loop.objects.get(request.name, request.namespace)
        source = self._source(obj) if obj is not None else None
        artifact = ((source or {}).get("status") or {}).get("artifact") or {}
        return self._artifacts.reconcile(request, lambda turn: self._build(turn, source), artifact.get("digest"))

    def _build(self, turn: Turn, source: Object | None) -> Result:
        reference = turn.obj["spec"]["sourceRef"]
        if source is None:
            missing = f'{reference["kind"]}.{SOURCE} "{reference["name"]}" not found'
            return self._artifacts.failed(turn, "SourceUnavailable", f"failed to get source: {missing}")
        artifact = (source.get("status") or {}).get("artifact")
        if artifact is None and source["spec"].get("type") != "oci":
            message = f"no artifact available for {reference['kind']} source '{reference['name']}'"
            return self._artifacts.failed(turn, "NoSourceArtifact", message, is_waiting=True)
        try:
            do = self._how(turn.obj, source, artifact)
        except ChartError as error:
            return self._artifacts.failed(self._seen(turn, artifact), error.reason, error.message, is_stalled=True)
        except (GitError, RegistryError) as error:
            return self._artifacts.failed(turn, "AuthenticationFailed", error.message)
        outcome = self._given.work.ask(self.name, turn.request, (turn.cause, artifact and artifact["digest"]), do)
        if outcome is None:
            return DONE
        try:
            return self._keep(turn, source, outcome.get())
        except NoHelmError as error:
            return self._artifacts.failed(turn, "HelmMissing", f"{error.message}: {error.hint}", trouble="BuildFailed")
        except ChartError as error:
            stalled = error.reason in ("InvalidChartReference", "ValuesFilesError")
            trouble = "BuildFailed" if error.reason in _OF_BUILDING else "FetchFailed"
            turn = self._seen(turn, artifact)
            return self._artifacts.failed(turn, error.reason, error.message, trouble=trouble, is_stalled=stalled)
        except LabError as error:
            turn = self._seen(turn, artifact)
            return self._artifacts.failed(turn, "ChartPullError", f"chart pull error: {error.message}")

    def _seen(self, turn: Turn, artifact: Object | None) -> Turn:
        """Say which artifact of the source it was tried with."""
        if artifact is None:
            return turn
        status = {**(turn.obj.get("status") or {}), "observedSourceArtifactRevision": artifact["revision"]}
        return replace(turn, obj=self._artifacts.loop.write(turn.obj, status, is_over=False))

    def _keep(self, turn: Turn, source: Object, chart: Chart) -> Result:
        is_git = source["kind"] == "GitRepository"
        done, reason = ("packaged", "ChartPackageSucceeded") if is_git else ("pulled", "ChartPullSucceeded")
        message = f"{done} '{chart.name}' chart with version '{chart.version}'"
        if chart.values_files:
            message += f" and merged values files [{' '.join(chart.values_files)}]"
        status = dict(turn.obj.get("status") or {})
        is_known = (status.get("observedChartName"), self._artifacts.stored(turn.obj)) == (chart.name, chart.version)
        if not is_known:
            new = New(chart.version, f"{chart.name}-{chart.version}.tgz", chart.content, message)
            kept = self._artifacts.keep(turn, new)
            if kept is None:
                return self._artifacts.later(turn)
            turn, status = kept
            status["url"] = status["artifact"]["url"].rpartition("/")[0] + "/latest.tar.gz"
        else:
            same = f"artifact up-to-date with remote revision: '{chart.version}'"
            self._artifacts.loop.event(turn.obj, "Normal", "ArtifactUpToDate", same)
        artifact = (source.get("status") or {}).get("artifact")
        status["observedChartName"] = chart.name
        status["observedSourceArtifactRevision"] = artifact["revision"] if artifact else ""
        status.pop("observedValuesFiles", None)
        if turn.obj["spec"].get("ignoreMissingValuesFiles") and chart.values_files:
            status["observedValuesFiles"] = list(chart.values_files)
        return self._artifacts.succeeded(turn, status, message, message, reason)

    def _how(self, obj: Object, source: Object, artifact: Object | None) -> Callable[[], Chart]:
        spec, storage, origin = obj["spec"], self._given.storage, source["spec"]
        if source["kind"] == "GitRepository":
            assert artifact is not None, "a GitRepository without one was turned away"
            missing, values_files = bool(spec.get("ignoreMissingValuesFiles")), spec.get("valuesFiles") or ()
            commit = artifact["revision"].rpartition(":")[2][:12] if spec.get("reconcileStrategy") == "Revision" else ""
            generation = str(obj["metadata"]["generation"]) if values_files else ""
            suffix = ".".join(part for part in (commit, generation) if part)
            room = f"helmchart-{namespace_of(obj)}-{name_of(obj)}"

            def pack() -> Chart:
                files = archive.read(_must(storage.read(artifact["path"], artifact["digest"])))
                return charts.packed(
                    files, spec["chart"], values_files, ignore_missing=missing, metadata=suffix, room=room
                )

            return pack
        charts.check_name(spec["chart"])
        timeout = seconds(origin.get("timeout"), _TIMEOUT)
        if origin.get("type") == "oci":
            image = image_of(f"{origin['url'].rstrip('/')}/{spec['chart']}")
            credentials = credentials_of(self._artifacts.loop.api, source, image.host)
            registry = reader(self._given, image, credentials, origin)
            return lambda: _from_registry(registry, image, spec.get("version", "*"))
        assert artifact is not None, "a repository without an index was turned away"
        credentials, base = credentials_of(self._artifacts.loop.api, source), self._given.url(origin["url"])

        def pull() -> Chart:
            entries = json.loads(_must(storage.read(artifact["path"], artifact["digest"])))["entries"] or {}
            entry = charts.choose(spec["chart"], entries.get(spec["chart"]) or (), spec.get("version", "*"))
            return charts.read(fetched(urljoin(f"{base.rstrip('/')}/", entry["urls"][0]), credentials, timeout))

        return pull

    def _source(self, obj: Object) -> Object | None:
        reference = obj["spec"]["sourceRef"]
        resource = _SOURCES.get(reference["kind"])
        return (
            None
            if resource is None
            else self._given.manager.informer(resource).get(reference["name"], namespace_of(obj))
        )

    def _users(self, event: WatchEvent) -> Iterable[Request]:
        told = (event.object["kind"], name_of(event.object))
        for each in self._artifacts.loop.objects.list(namespace_of(event.object)):
            reference = each["spec"]["sourceRef"]
            if (reference["kind"], reference["name"]) == told:
                yield Request(namespace_of(each), name_of(each))


def _must(content: bytes | None) -> bytes:
    if content is None:
        raise RenderError("the artifact of the source is gone")
    return content


def _from_registry(registry: Reader, image: Image, version: str) -> Chart:
    """A chart that is a tag; ``_`` in a tag stands for the ``+`` of its version."""
    entries = [{"version": tag.replace("_", "+"), "tag": tag} for tag in registry.tags()]
    entry = charts.choose(posixpath.basename(image.repository), entries, version)
    _, manifest = registry.manifest(entry["tag"])
    layer = next((each for each in manifest.get("layers") or () if each.get("mediaType") == LAYER), None)
    if layer is None:
        name = posixpath.basename(image.repository)
        raise ChartError("ChartPullError", f"chart pull error: {name}:{entry['tag']} is no chart")
    return charts.read(registry.blob(layer["digest"]))
