"""Reads everything that decides where a pod runs, from any cluster, through the API alone.

Used by the facade. What it finds is a ``Scene`` of plain objects; what is decided on it is the scheduler's business.
"""

from __future__ import annotations

from collections.abc import Iterator

from gitopslab import errors
from gitopslab.clusters.client import Client
from gitopslab.controlplane.scheduler.explain import Scene
from gitopslab.lab import targets
from gitopslab.lab.targets import Source
from gitopslab.machinery.objects import Object, condition_of, labels_of, name_of, namespace_of
from gitopslab.machinery.pod_defaults import complete

_ALWAYS = ("namespaces", "poddisruptionbudgets.policy")
_OF_A_GROUP = ("services", "replicasets.apps", "statefulsets.apps")
_OF_VOLUMES = (
    "persistentvolumeclaims",
    "persistentvolumes",
    "storageclasses.storage.k8s.io",
    "csinodes.storage.k8s.io",
    "csidrivers.storage.k8s.io",
    "csistoragecapacities.storage.k8s.io",
    "volumeattachments.storage.k8s.io",
)


def read(client: Client, what: Source, name: str, namespace: str) -> Scene:
    """The scene of a pod, of a workload's pod, or of a manifest that was not applied.

    Raises:
        LabError: It is nothing that has pods, or has none.
        ApiError: The nodes and pods cannot be read, or the manifest is not valid.
    """
    pod = _planned(client, what, namespace) if targets.is_manifest(what) else _found(client, str(what), name, namespace)
    return Scene(pod, client.list("nodes"), client.list("pods"), list(_others(client, pod)))


def last_word(pod: Object) -> str:
    """What the cluster's own scheduler last said of a pod that waits; empty when it said nothing."""
    scheduled = condition_of(pod, "PodScheduled") or {}
    waits = not (pod.get("spec") or {}).get("nodeName") and scheduled.get("status") == "False"
    return str(scheduled.get("message") or "") if waits else ""


def _others(client: Client, pod: Object) -> Iterator[Object]:
    """What else has a say; a kind that the cluster does not serve, or that we may not read, has none."""
    spec, kinds = pod.get("spec") or {}, list(_ALWAYS)
    if not spec.get("topologySpreadConstraints"):
        kinds += _OF_A_GROUP
    if any("persistentVolumeClaim" in volume or "ephemeral" in volume for volume in spec.get("volumes") or ()):
        kinds += _OF_VOLUMES
    for kind in kinds:
        try:
            yield from client.list(kind)
        except errors.ApiError as error:
            if error.code not in (403, 404):
                raise


def _found(client: Client, what: str, name: str, namespace: str) -> Object:
    target = targets.one(client, what, name, namespace)
    obj = client.get(target.kind.key, target.name, target.namespace)
    if target.kind.kind == "Pod":
        return {"apiVersion": "v1", "kind": "Pod", **obj}
    pods = _pods_of(client, obj, target.namespace)
    if not pods:
        raise errors.LabError(f"{target} has no pods to explain", f'lab.kubectl("describe {what}")')
    waiting = [pod for pod in pods if not (pod.get("spec") or {}).get("nodeName")]
    return (waiting or pods)[0]


def _pods_of(client: Client, owner: Object, namespace: str) -> list[Object]:
    labels = ((owner.get("spec") or {}).get("selector") or {}).get("matchLabels") or {}
    selector = ",".join(f"{key}={value}" for key, value in labels.items())
    return sorted(client.list("pods", namespace, labels=selector), key=name_of) if selector else []


def _planned(client: Client, what: Source, namespace: str) -> Object:
    """The pod that a manifest would make, with the defaults of the cluster: the server is asked, and stores nothing."""
    pods = [pod for obj in targets.objects(what) if (pod := _pod_in(obj, namespace)) is not None]
    if not pods:
        raise errors.LabError("the manifest has no pod, nor anything that makes pods", "give a Pod or a Deployment")
    pod = pods[0]
    where = namespace_of(pod)
    try:
        made = client.request("POST", client.path(client.resource("pods"), where), pod, {"dryRun": "All"})
    except errors.InvalidError:
        raise
    except errors.ApiError:  # its namespace is not there yet, or its name is taken: judge it as it is written
        made = complete(pod)
    return {"apiVersion": "v1", "kind": "Pod", **made}


def _pod_in(obj: Object, namespace: str) -> Object | None:
    """A pod, or the pod of the first template in an object."""
    if obj.get("kind") == "Pod":
        template = obj
    else:
        spec = obj.get("spec") or {}
        spec = (spec.get("jobTemplate") or {}).get("spec") or spec
        template = spec.get("template") or {}
    if not (template.get("spec") or {}).get("containers"):
        return None
    where = namespace_of(obj) or namespace or "default"
    metadata = {"name": name_of(obj), "namespace": where, "labels": labels_of(template)}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template["spec"]}
