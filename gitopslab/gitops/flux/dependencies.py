"""Whether what a Kustomization depends on is ready (``spec.dependsOn``).

Simplified: ``readyExpr`` is not evaluated; the usual checks are made.
"""

from __future__ import annotations

from gitopslab.controlplane.runtime.informer import Informer
from gitopslab.machinery.objects import Object, is_condition_true, namespace_of


def unready(kustomization: Object, others: Informer, revision: str) -> str:
    """Why the first dependency that is not ready is not; empty when all are.

    Args:
        kustomization: Who depends.
        others: All Kustomizations.
        revision: What the source of this one has now.
    """
    for reference in kustomization["spec"].get("dependsOn") or ():
        namespace = reference.get("namespace") or namespace_of(kustomization)
        words = f"dependency '{namespace}/{reference['name']}'"
        other = others.get(reference["name"], namespace)
        if other is None:
            return f'{words} not found: Kustomization.kustomize.toolkit.fluxcd.io "{reference["name"]}" not found'
        status = other.get("status") or {}
        is_current = status.get("observedGeneration") == other["metadata"].get("generation")
        if not is_current or not is_condition_true(other, "Ready"):
            return f"{words} is not ready"
        if source_of(other) == source_of(kustomization) and status.get("lastAppliedRevision") != revision:
            return f"{words} revision is not up to date"
    return ""


def source_of(kustomization: Object) -> tuple[str, str, str]:
    """Kind, namespace and name of ``spec.sourceRef``."""
    reference = kustomization["spec"]["sourceRef"]
    return reference["kind"], reference.get("namespace") or namespace_of(kustomization), reference["name"]
