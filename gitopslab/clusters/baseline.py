"""Back to how a cluster was when it was made: removes what came later.

For clusters the lab made with another tool (kind, k3d, kwok). The ids of all objects of the fresh cluster are kept in
its record; ``reset`` deletes every object that is not among them, has no owner that would be deleted with it, and is
not made and renewed by the cluster itself. Objects of the fresh cluster that were changed since stay as they are.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from gitopslab.clusters.base import Progress
from gitopslab.clusters.kubectl import Kubectl

# what the cluster itself writes all the time, or makes anew at once
_OWN = (
    "events",
    "leases",
    "endpoints",
    "endpointslices",
    "nodes",
    "componentstatuses",
    "csinodes",
    "csistoragecapacities",
)
_SYSTEM = ("kube-system", "kube-public", "kube-node-lease", "local-path-storage")
_DELETE_TIMEOUT = 120.0


@dataclass(frozen=True, slots=True)
class Found:
    """One object: enough to delete it."""

    uid: str
    kind: str
    namespace: str
    name: str


def recorded(kubectl: Kubectl) -> list[str]:
    """The ids of all objects there are now."""
    return sorted(found.uid for found in _objects(kubectl))


def restore(kubectl: Kubectl, baseline: Iterable[str], progress: Progress) -> int:
    """Delete what is not in the baseline; returns how many objects that were."""
    known = set(baseline)
    late = [found for found in _objects(kubectl) if found.uid not in known]
    leaving = {found.name for found in late if found.kind == "Namespace"}
    late = [found for found in late if found.namespace not in leaving and found.namespace not in _SYSTEM]
    for namespace, group in _by_namespace(late):
        names = [f"{found.kind}/{found.name}" for found in group]
        progress(f"deleting {', '.join(names[:3])}{' …' if len(names) > 3 else ''}")
        scope = ["-n", namespace] if namespace else []
        kubectl.must(["delete", *names, *scope, "--ignore-not-found", "--wait"], timeout=_DELETE_TIMEOUT)
    return len(late)


def _objects(kubectl: Kubectl) -> Iterator[Found]:
    kinds = kubectl.must(["api-resources", "--verbs=list,delete", "-o", "name"]).split()
    wanted = [kind for kind in kinds if kind.partition(".")[0] not in _OWN]
    for item in json.loads(kubectl.must(["get", ",".join(wanted), "-A", "-o", "json"], timeout=60))["items"]:
        metadata = item["metadata"]
        if metadata.get("ownerReferences") or _made_by_cluster(item["kind"], metadata["name"]):
            continue
        group = item["apiVersion"].rpartition("/")[0]
        kind = f"{item['kind']}.{item['apiVersion'].rpartition('/')[2]}.{group}" if group else item["kind"]
        yield Found(metadata["uid"], kind, metadata.get("namespace", ""), metadata["name"])


def _made_by_cluster(kind: str, name: str) -> bool:
    return (kind, name) in {("ConfigMap", "kube-root-ca.crt"), ("ServiceAccount", "default"), ("Service", "kubernetes")}


def _by_namespace(late: list[Found]) -> Iterator[tuple[str, list[Found]]]:
    for namespace in sorted({found.namespace for found in late}, reverse=True):  # cluster-wide objects last
        yield namespace, [found for found in late if found.namespace == namespace]
