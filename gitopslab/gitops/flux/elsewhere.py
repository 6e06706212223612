"""Another cluster than this one, which a Kustomization may name in ``spec.kubeConfig``.

Source: ``GetClient`` in ``fluxcd/pkg/runtime/client/impersonator.go``.
"""

from __future__ import annotations

from gitopslab.controlplane.runtime.api import Api
from gitopslab.errors import ApiError
from gitopslab.machinery.objects import Object, namespace_of


def elsewhere(api: Api, kustomization: Object) -> str:
    """Why nothing is applied to another cluster: its Secret cannot be read, or the lab does not go there.

    Args:
        api: The controller's.
        kustomization: With ``spec.kubeConfig``.
    """
    name = (kustomization["spec"]["kubeConfig"].get("secretRef") or {}).get("name")
    if name:
        try:
            api.get("secrets", name, namespace_of(kustomization))
        except ApiError as error:
            return f"unable to read KubeConfig secret '{namespace_of(kustomization)}/{name}' error: {error.message}"
    return "the lab's kustomize-controller reaches only its own cluster: leave spec.kubeConfig out"
