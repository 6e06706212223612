"""Provider: alerts are sent to it; by itself it does nothing, and yet it has a finalizer while it is there."""

from __future__ import annotations

from gitopslab.controlplane.runtime.reconcile import DONE, Request, Result, Source
from gitopslab.gitops.flux.alert import COMPONENT
from gitopslab.gitops.flux.kinds import PROVIDERS
from gitopslab.gitops.flux.surroundings import Surroundings, add_finalizer, drop_finalizer, has_finalizer
from gitopslab.machinery.objects import is_terminating


class ProviderController:
    """Reconciles Providers.

    Args:
        given: What every controller works with.
    """

    name = "provider-controller"

    def __init__(self, given: Surroundings) -> None:
        self._api = given.api_for(COMPONENT)
        self._objects = given.manager.informer(PROVIDERS)
        self.sources: tuple[Source, ...] = (Source(PROVIDERS),)

    def reconcile(self, request: Request) -> Result:
        """Put the finalizer on, and let a Provider go that is to go."""
        obj = self._objects.get(request.name, request.namespace)
        if obj is None:
            return DONE
        if is_terminating(obj) and has_finalizer(obj):
            drop_finalizer(self._api, PROVIDERS, obj)
        elif not is_terminating(obj) and not has_finalizer(obj):
            add_finalizer(self._api, PROVIDERS, obj)
        return DONE
