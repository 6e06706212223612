"""Tells in a ValidatingAdmissionPolicy's status what its expressions say that cannot be of the kinds it matches.

What is wrong is worked out by whoever the controller is given.

Upstream: ``pkg/controller/validatingadmissionpolicystatus``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from gitopslab.controlplane.runtime.api import Api, WatchEvent
from gitopslab.controlplane.runtime.manager import Manager
from gitopslab.controlplane.runtime.reconcile import DONE, Request, Result, Source
from gitopslab.machinery.clock import Clock
from gitopslab.machinery.objects import Object, name_of

CheckTypes = Callable[[Object], Iterable[Object]]
"""The ``expressionWarnings`` of the spec of a policy."""
_POLICIES = "validatingadmissionpolicies.admissionregistration.k8s.io"


class ValidatingAdmissionPolicyStatusController:
    """Reconciles ValidatingAdmissionPolicies whose status is about an older generation."""

    name = "validatingadmissionpolicy-status-controller"

    def __init__(self, api: Api, manager: Manager, clock: Clock, check_types: CheckTypes) -> None:
        self._api = api
        self._check_types = check_types
        self._policies = manager.informer(_POLICIES)
        self.sources: tuple[Source, ...] = (Source(_POLICIES, self._changed),)

    def reconcile(self, request: Request) -> Result:
        """Write what was found of the newest generation."""
        policy = self._policies.get(request.name)
        if policy is None:
            return DONE
        generation = policy["metadata"].get("generation", 0)
        if (policy.get("status") or {}).get("observedGeneration") == generation:
            return DONE
        config = {"apiVersion": policy["apiVersion"], "kind": policy["kind"], "metadata": {"name": request.name}}
        warnings = list(self._check_types(policy["spec"]))
        checked = {"expressionWarnings": warnings} if warnings else {}
        status = {"observedGeneration": generation, "typeChecking": checked}
        self._api.patch(_POLICIES, request.name, {**config, "status": status}, type="apply", subresource="status")
        return DONE

    def _changed(self, event: WatchEvent) -> Iterable[Request]:
        return [Request("", name_of(event.object))]
