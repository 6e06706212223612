"""Admission: what the cluster adds to an object, and the writes it refuses because of other objects.

``verbs`` builds one ``Admission`` and calls ``mutate`` after defaults and ``validate`` after validation. The plugins
are those a kubeadm cluster runs, a module each, in upstream's order (``kubeapiserver/options/plugins.go``). They read
other objects through a ``Reader`` and keep nothing of their own, so there is no state that could drift from the
store. The only other object one of them changes is a quota, whose use is charged.

Rules about the object alone belong to ``defaults`` and ``validation``; who may do what is authorization's.

Simplified: NodeRestriction is not here; the real server runs it too.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from gitopslab.controlplane.server.admission import (
    certificates,
    customresources,
    ingresses,
    limits,
    namespaces,
    nodes,
    pods,
    podsecurity,
    policies,
    priority,
    runtimeclasses,
    serviceaccounts,
    services,
    storage,
)
from gitopslab.controlplane.server.admission.attributes import Attributes, Reader
from gitopslab.controlplane.server.admission.policies import mutating
from gitopslab.controlplane.server.admission.quota import Quotas
from gitopslab.controlplane.server.admission.reinvocation import Reinvocation
from gitopslab.controlplane.server.admission.webhooks import Webhooks
from gitopslab.machinery.clock import Clock
from gitopslab.machinery.kinds import Catalog
from gitopslab.machinery.objects import Object

__all__ = ["Admission", "Attributes", "Reader"]


class Admission:
    """The chain of admission plugins.

    Args:
        reader: The current objects, shared and read-only.
        clock: The time, for times that admission sets.
        chance: Where names and addresses that admission gives come from.
        charge: Stores the status of a quota.
        catalog: Of which kinds the parameters of policies may be.

    Attributes:
        webhooks: Asks programs outside.
    """

    def __init__(
        self, reader: Reader, clock: Clock, chance: Random, charge: Callable[[Object], None], catalog: Catalog
    ) -> None:
        self._catalog = catalog
        self._reader = reader
        self._clock = clock
        self._chance = chance
        self._quotas = Quotas(reader, clock, charge)
        self._under_way: dict[int, Object] = {}  # Services that wait for somebody outside
        self.webhooks = Webhooks(reader)

    def mutate(self, attributes: Attributes, warnings: list[str]) -> None:
        """Change ``attributes.object`` in place as the mutating plugins do.

        What others have added to the chain (policies, webhooks) may change what its plugins have looked at, so it runs
        once more then.

        Args:
            attributes: The write.
            warnings: Where to tell the client what is odd, even when something is refused.

        Raises:
            ApiError: A plugin refuses.
        """
        again = Reinvocation()
        self._fill_in(attributes)
        self._extend(attributes, warnings, again)
        if again.is_wanted:
            again.end(attributes.wished())
            self._fill_in(attributes)
            again.begin_again(attributes.wished())
            self._extend(attributes, warnings, again)
        self._complete(attributes)

    def end(self, attributes: Attributes) -> None:
        """Forget what was given to a write that has ended: now it is stored, or free again."""
        self._under_way.pop(id(attributes.object), None)

    def consult(self, attributes: Attributes, warnings: list[str]) -> None:
        """Have those outside look at a request that is no write of the object itself, and change what was posted.

        Raises:
            ApiError: One of them refuses.
        """
        if attributes.operation != "CONNECT":
            self._extend(attributes, warnings, Reinvocation())
        self._ask_others(attributes, warnings)

    def _extend(self, attributes: Attributes, warnings: list[str], again: Reinvocation) -> None:
        if attributes.is_inner:
            return
        mutating.mutate(attributes, self._reader, self._catalog, again)
        self.webhooks.mutate(attributes, warnings, again)

    def _fill_in(self, attributes: Attributes) -> None:
        namespaces.check_exists(attributes, self._reader)
        customresources.check_not_terminating(attributes)
        if attributes.subresource:
            return
        match attributes.resource.key:
            case "pods":
                limits.set_pod_defaults(attributes, self._reader)
                serviceaccounts.add_account(attributes, self._reader, self._chance)
                pods.add_tolerations(attributes)
                priority.set_priority(attributes, self._reader)
                runtimeclasses.set_class(attributes, self._reader)
                if attributes.operation == "CREATE":
                    pod = attributes.wished()
                    pods.copy_topology(pod, pod["spec"].get("nodeName") or "", self._reader)
            case "nodes":
                nodes.add_not_ready_taint(attributes)
            case "certificatesigningrequests.certificates.k8s.io":
                certificates.record_requester(attributes)
            case "persistentvolumeclaims":
                storage.protect(attributes, "kubernetes.io/pvc-protection")
                storage.set_default_class(attributes, self._reader)
            case "persistentvolumes":
                storage.protect(attributes, "kubernetes.io/pv-protection")
            case "volumeattributesclasses.storage.k8s.io":
                storage.protect(attributes, "kubernetes.io/vac-protection")
            case "ingresses.networking.k8s.io":
                ingresses.set_default_class(attributes, self._reader)

    def _complete(self, attributes: Attributes) -> None:
        """What the registry does to an object that nobody changes any more."""
        if attributes.subresource or attributes.resource.key != "services":
            return
        service = attributes.wished()
        services.give_addresses(attributes, self._reader, self._chance, self._under_way.values())
        if not attributes.dry_run:
            self._under_way[id(service)] = service

    def validate(self, attributes: Attributes, warnings: list[str]) -> None:
        """Refuse what other objects forbid.

        Args:
            attributes: The write.
            warnings: Where to tell the client what is wrong and let pass, even when something else is refused.

        Raises:
            ApiError: A plugin refuses.
        """
        if attributes.operation == "DELETE":
            namespaces.check_deletable(attributes)
            priority.check_deletable(attributes)
            if not attributes.is_inner:
                self.webhooks.mutate(attributes, warnings, Reinvocation())
            self._ask_others(attributes, warnings)
            return
        if attributes.resource.key == "pods":
            limits.check_pod(attributes, self._reader)
        warnings += podsecurity.check(attributes, self._reader)
        match attributes.resource.key:
            case "pods":
                runtimeclasses.check_class(attributes, self._reader)
            case _ if attributes.subresource:
                pass
            case "persistentvolumeclaims":
                limits.check_claim(attributes, self._reader)
                storage.check_resize(attributes, self._reader)
            case "certificatesigningrequests.certificates.k8s.io":
                certificates.check_subject(attributes)
            case "priorityclasses.scheduling.k8s.io":
                priority.check_global_default(attributes, self._reader)
        self._ask_others(attributes, warnings)
        self._quotas.check(attributes)

    def _ask_others(self, attributes: Attributes, warnings: list[str]) -> None:
        if attributes.is_inner:
            return
        policies.check(attributes, self._reader, self._catalog, warnings)
        self.webhooks.check(attributes, warnings)
