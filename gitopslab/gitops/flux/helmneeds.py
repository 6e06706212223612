"""What a HelmRelease needs before helm can do anything: its dependencies, its chart and its values.

``helmrelease`` asks here at every reconcile; what is missing is said as a ``NotYetError``, by which the release waits.
The HelmChart that ``spec.chart`` describes is made and deleted here; ``helmchart`` fetches it.
"""

from __future__ import annotations

from collections.abc import Iterable

from gitopslab.controlplane.runtime.api import Api, WatchEvent
from gitopslab.controlplane.runtime.informer import Informer
from gitopslab.controlplane.runtime.reconcile import Request
from gitopslab.errors import LabError, RenderError
from gitopslab.gitops.flux.dependencies import refused
from gitopslab.gitops.flux.durations import spoken
from gitopslab.gitops.flux.kinds import HELM, HELM_CHARTS, HELM_RELEASES, OCI_REPOSITORIES, SOURCE, is_watched
from gitopslab.gitops.flux.release import Wanted
from gitopslab.gitops.flux.releasevalues import values_of
from gitopslab.gitops.flux.surroundings import Surroundings
from gitopslab.gitops.source import charts
from gitopslab.machinery.objects import Object, condition_of, is_condition_true, name_of, namespace_of

WAIT = 30.0
"""Seconds until the next look at what was missing."""

CHARTS = {"HelmChart": HELM_CHARTS, "OCIRepository": OCI_REPOSITORIES}
"""The kinds a chart comes from."""


class NotYetError(LabError):
    """Something is missing.

    Attributes:
        reason: Of ``Ready``.
        again: Seconds until the next look; 0 for later and later.
    """

    def __init__(self, reason: str, message: str, again: float = 0.0) -> None:
        super().__init__(message)
        self.reason = reason
        self.again = again


class Needs:
    """What HelmReleases need.

    Args:
        given: What every controller works with.
        api: The controller's.
        releases: All HelmReleases.
    """

    def __init__(self, given: Surroundings, api: Api, releases: Informer) -> None:
        self._given = given
        self._api = api
        self._releases = releases

    def check_dependencies(self, obj: Object) -> None:
        """Check that every release it depends on is ready.

        Raises:
            NotYetError: One is not.
        """
        for reference in obj["spec"].get("dependsOn") or ():
            namespace, name = reference.get("namespace") or namespace_of(obj), reference["name"]
            other = self._releases.get(name, namespace)
            if other is None:
                why = f'{HELM_RELEASES} "{name}" not found'
                raise NotYetError("DependencyNotReady", f"unable to get '{namespace}/{name}' dependency: {why}", WAIT)
            if expression := reference.get("readyExpr"):
                why = refused(expression, obj, other)
            else:
                observed = (other.get("status") or {}).get("observedGeneration")
                is_current = observed == other["metadata"].get("generation")
                ready = is_current and is_condition_true(other, "Ready")
                why = "" if ready else f"dependency '{namespace}/{name}' is not ready"
            if why:
                raise NotYetError("DependencyNotReady", why, WAIT)

    def wanted(self, obj: Object) -> Wanted:
        """The chart and the values that are to be installed; the HelmChart is made if ``spec.chart`` asks for one.

        Raises:
            NotYetError: They are not there, or cannot be read.
        """
        source = self._made_chart(obj) if "chart" in obj["spec"] else self.source(obj)
        kind, namespace, name = reference_of(obj)
        if source is None:
            why = f'{kind}.{SOURCE} "{name}" not found'
            raise NotYetError("ArtifactFailed", f"could not get Source object: {why}", WAIT)
        artifact = (source.get("status") or {}).get("artifact")
        observed = (source.get("status") or {}).get("observedGeneration")
        if observed != source["metadata"].get("generation") or artifact is None:
            ready = condition_of(source, "Ready") or {}
            is_seen = observed == source["metadata"].get("generation")
            why = "does not have an artifact" if is_seen else "latest generation of object has not been reconciled"
            why = ready["message"] if ready.get("status") == "False" else why
            raise NotYetError("SourceNotReady", f"{kind} '{namespace}/{name}' is not ready: {why}", WAIT)
        content = self._given.storage.read(artifact["path"], artifact["digest"])
        if content is None:
            message = f"Source not ready: artifact not found. Retrying in {spoken(WAIT)}"
            raise NotYetError("ArtifactFailed", message, WAIT)
        try:
            chart = charts.read(content)
        except RenderError as error:
            raise NotYetError("ArtifactFailed", f"Could not load chart: {error.message}") from error
        try:
            return Wanted(chart, values_of(self._api, obj))
        except LabError as error:
            raise NotYetError("ValuesError", error.message) from error

    def _made_chart(self, obj: Object) -> Object:
        """The HelmChart, kept as ``spec.chart`` describes it; nothing is written when it is."""
        template = obj["spec"]["chart"]
        kind, namespace, name = reference_of(obj)
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
        return self._api.patch(HELM_CHARTS, name, chart, namespace, type="apply")

    def source(self, obj: Object) -> Object | None:
        """Where the chart is: a HelmChart or an OCIRepository."""
        kind, namespace, name = reference_of(obj)
        resource = CHARTS.get(kind)
        return None if resource is None else self._given.manager.informer(resource).get(name, namespace)

    def value_versions(self, obj: Object | None) -> tuple[str, ...]:
        """The resourceVersions of what values come from, as far as a change of it is to be noticed."""
        if obj is None:
            return ()
        found = []
        for reference in obj["spec"].get("valuesFrom") or ():
            plural = "configmaps" if reference["kind"] == "ConfigMap" else "secrets"
            there = self._given.manager.informer(plural).get(reference["name"], namespace_of(obj))
            found.append("" if there is None or not is_watched(there) else str(there["metadata"]["resourceVersion"]))
        return tuple(found)

    def users(self, event: WatchEvent) -> Iterable[Request]:
        """The releases whose chart comes from what has changed."""
        told = (event.object["kind"], namespace_of(event.object), name_of(event.object))
        return [Request(namespace_of(each), name_of(each)) for each in self._releases if reference_of(each) == told]

    def users_of_values(self, event: WatchEvent) -> Iterable[Request]:
        """The releases whose values come from the ConfigMap or Secret that has changed."""
        changed = (event.object["kind"], name_of(event.object))
        for each in self._releases.list(namespace_of(event.object)):
            references = each["spec"].get("valuesFrom") or ()
            if any((reference["kind"], reference["name"]) == changed for reference in references):
                yield Request(namespace_of(each), name_of(each))

    def delete_chart(self, obj: Object) -> None:
        """Delete the HelmChart that was made for a release."""
        _, namespace, name = reference_of(obj)
        if "chart" in obj["spec"] and self._given.manager.informer(HELM_CHARTS).get(name, namespace) is not None:
            self._api.delete(HELM_CHARTS, name, namespace, propagation="Background")


def reference_of(obj: Object) -> tuple[str, str, str]:
    """Kind, namespace and name of where the chart is."""
    spec = obj["spec"]
    if "chart" in spec:
        source = spec["chart"]["spec"]["sourceRef"]
        namespace = source.get("namespace") or namespace_of(obj)
        return "HelmChart", namespace, f"{namespace_of(obj)}-{name_of(obj)}"
    reference = spec["chartRef"]
    return reference["kind"], reference.get("namespace") or namespace_of(obj), reference["name"]
