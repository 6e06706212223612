"""What the cluster adds to every pod.

DefaultTolerationSeconds: a pod stays five minutes on a node that is lost, unless it says otherwise. PodTopologyLabels:
a pod on a node has the labels of the node's zone and region; ``subresources`` adds them to a pod that is bound.
"""

from __future__ import annotations

from gitopslab.controlplane.server.admission.attributes import Attributes, Reader
from gitopslab.machinery.objects import Object, labels_of

_SECONDS = 300
_TOPOLOGY = ("topology.kubernetes.io/zone", "topology.kubernetes.io/region")
_TAINTS = ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")


def add_tolerations(attributes: Attributes) -> None:
    """Tolerate ``not-ready`` and ``unreachable`` for 300 s where the pod has no toleration for it."""
    spec = attributes.wished()["spec"]
    present = spec.get("tolerations") or []
    missing = [taint for taint in _TAINTS if not any(_covers(toleration, taint) for toleration in present)]
    if missing:
        spec["tolerations"] = [*present, *(_toleration(taint) for taint in missing)]


def copy_topology(obj: Object, name: str, reader: Reader) -> None:
    """Give a pod, or what binds it, the labels of its node's zone and region."""
    node = reader.find("nodes", "", name)
    found = labels_of(node or {})
    wanted = {label: found[label] for label in _TOPOLOGY if label in found}
    if wanted:
        obj["metadata"]["labels"] = {**(obj["metadata"].get("labels") or {}), **wanted}


def _covers(toleration: Object, taint: str) -> bool:
    return toleration.get("key") in (None, "", taint) and toleration.get("effect") in (None, "", "NoExecute")


def _toleration(taint: str) -> Object:
    return {"key": taint, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": _SECONDS}
