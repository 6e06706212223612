"""Fields that the API knows and forgets, because their feature is off by default in this version of Kubernetes.

Called by the package's two doors. Nothing stored has such a field, so a change can drop them as a new object does.
Upstream: ``DropDisabledTemplateFields`` and what is like it in the strategy of each kind (``dropDisabledFields``).
"""

from __future__ import annotations

from gitopslab.machinery.kinds import Resource
from gitopslab.machinery.objects import Object

_TEMPLATED = frozenset(
    {
        "daemonsets.apps", "deployments.apps", "jobs.batch", "replicasets.apps", "replicationcontrollers",
        "statefulsets.apps",
    }
)  # fmt: skip
_PROJECTIONS = ("clusterTrustBundle", "podCertificate")


def drop(resource: Resource, obj: Object) -> None:
    """Forget, in place, what cannot be used yet."""
    spec = obj.get("spec") or {}
    if resource.key == "pods":
        _drop_from_pod(spec)
    elif resource.key in _TEMPLATED:
        _drop_from_pod((spec.get("template") or {}).get("spec") or {})
    elif resource.key == "podtemplates":
        _drop_from_pod((obj.get("template") or {}).get("spec") or {})
    elif resource.key == "cronjobs.batch":
        job = (spec.get("jobTemplate") or {}).get("spec") or {}
        _drop_from_pod((job.get("template") or {}).get("spec") or {})
    elif resource.key == "persistentvolumeclaims" and (spec.get("dataSourceRef") or {}).get("namespace"):
        del spec["dataSourceRef"]  # CrossNamespaceVolumeDataSource
    elif resource.key == "nodes":
        spec.pop("configSource", None)  # DynamicKubeletConfig, which was removed
    elif resource.key == "leases.coordination.k8s.io":
        for field in ("strategy", "preferredHolder"):  # CoordinatedLeaderElection
            spec.pop(field, None)
    if resource.key == "statefulsets.apps":
        rolling = (spec.get("updateStrategy") or {}).get("rollingUpdate") or {}
        rolling.pop("maxUnavailable", None)  # MaxUnavailableStatefulSet


def _drop_from_pod(spec: Object) -> None:
    spec.pop("schedulingGroup", None)  # GenericWorkload
    for field in ("containers", "initContainers", "ephemeralContainers"):
        for container in spec.get(field) or ():
            lifecycle = container.get("lifecycle") or {}
            if lifecycle.pop("stopSignal", None) is not None and not lifecycle:  # ContainerStopSignals
                del container["lifecycle"]
    for volume in spec.get("volumes") or ():
        for source in (volume.get("projected") or {}).get("sources") or ():
            for projection in _PROJECTIONS:  # ClusterTrustBundleProjection, PodCertificateRequest
                source.pop(projection, None)
