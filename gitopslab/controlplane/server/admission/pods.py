"""DefaultTolerationSeconds: a pod stays five minutes on a node that is lost, unless it says otherwise."""

from __future__ import annotations

from gitopslab.controlplane.server.admission.attributes import Attributes
from gitopslab.machinery.objects import Object

_SECONDS = 300
_TAINTS = ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")


def add_tolerations(attributes: Attributes) -> None:
    """Tolerate ``not-ready`` and ``unreachable`` for 300 s where the pod has no toleration for it."""
    spec = attributes.wished()["spec"]
    present = spec.get("tolerations") or []
    missing = [taint for taint in _TAINTS if not any(_covers(toleration, taint) for toleration in present)]
    if missing:
        spec["tolerations"] = [*present, *(_toleration(taint) for taint in missing)]


def _covers(toleration: Object, taint: str) -> bool:
    return toleration.get("key") in (None, "", taint) and toleration.get("effect") in (None, "", "NoExecute")


def _toleration(taint: str) -> Object:
    return {"key": taint, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": _SECONDS}
