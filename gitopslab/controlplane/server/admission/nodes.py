"""TaintNodesByCondition: a new node is kept free of pods until somebody has seen that it is ready.

The node lifecycle controller takes the taint away again. Upstream: ``plugin/pkg/admission/nodetaint``.
"""

from __future__ import annotations

from gitopslab.controlplane.server.admission.attributes import Attributes

_NOT_READY = {"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"}


def add_not_ready_taint(attributes: Attributes) -> None:
    """Taint a new node as not ready, whatever its conditions say."""
    if attributes.operation != "CREATE":
        return
    spec = attributes.wished().setdefault("spec", {})
    taints = spec.get("taints") or []
    if not any(taint.items() >= _NOT_READY.items() for taint in taints):
        spec["taints"] = [*taints, dict(_NOT_READY)]
