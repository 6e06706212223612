"""Tells in a ValidatingAdmissionPolicy's status which of its generations the cluster has looked at.

Upstream: ``pkg/controller/validatingadmissionpolicystatus``.

Simplified: its expressions are not checked against the types of what it matches, so no ``expressionWarnings`` appear.
"""

from __future__ import annotations

from collections.abc import Iterable

from gitopslab.controlplane.runtime.api import Api, WatchEvent
from gitopslab.controlplane.runtime.manager import Manager
from gitopslab.controlplane.runtime.reconcile import DONE, Request, Result, Source
from gitopslab.machinery.clock import Clock
from gitopslab.machinery.objects import name_of

_POLICIES = "validatingadmissionpolicies.admissionregistration.k8s.io"


class ValidatingAdmissionPolicyStatusController:
    """Reconciles ValidatingAdmissionPolicies whose status is about an older generation."""

    name = "validatingadmissionpolicy-status-controller"

    def __init__(self, api: Api, manager: Manager, clock: Clock) -> None:
        self._api = api
        self._policies = manager.informer(_POLICIES)
        self.sources: tuple[Source, ...] = (Source(_POLICIES, self._changed),)

    def reconcile(self, request: Request) -> Result:
        """Write the generation that was seen."""
        policy = self._policies.get(request.name)
        if policy is None:
            return DONE
        generation = policy["metadata"].get("generation", 0)
        if (policy.get("status") or {}).get("observedGeneration") == generation:
            return DONE
        config = {"apiVersion": policy["apiVersion"], "kind": policy["kind"], "metadata": {"name": request.name}}
        status = {"observedGeneration": generation, "typeChecking": {}}
        self._api.patch(_POLICIES, request.name, {**config, "status": status}, type="apply", subresource="status")
        return DONE

    def _changed(self, event: WatchEvent) -> Iterable[Request]:
        return [Request("", name_of(event.object))]
