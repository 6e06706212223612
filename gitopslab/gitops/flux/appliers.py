"""Who applies for a Kustomization: the controller itself, or the service account that the Kustomization names."""

from __future__ import annotations

from gitopslab.errors import ApiError
from gitopslab.gitops.flux.apply import Applier
from gitopslab.gitops.flux.ownership import MANAGER
from gitopslab.gitops.flux.surroundings import Surroundings
from gitopslab.machinery.objects import Object, namespace_of


class Appliers:
    """Gives the applier of each Kustomization.

    Args:
        given: What every controller works with.
    """

    def __init__(self, given: Surroundings) -> None:
        self._given = given
        self._api = given.api_for(MANAGER)
        self._known = {"": Applier(self._api, given.catalog, given.clock)}

    def of(self, kustomization: Object) -> Applier:
        """Applies with the rights that a Kustomization has."""
        account = kustomization["spec"].get("serviceAccountName") or ""
        key = f"{namespace_of(kustomization)}/{account}" if account else ""
        if key not in self._known:
            api = self._given.api_as(namespace_of(kustomization), account, MANAGER)
            self._known[key] = Applier(api, self._given.catalog, self._given.clock)
        return self._known[key]

    def can_impersonate(self, kustomization: Object) -> bool:
        """Whether the service account that a Kustomization names is there, where it names one."""
        account = kustomization["spec"].get("serviceAccountName")
        if not account:
            return True
        try:
            self._api.get("serviceaccounts", account, namespace_of(kustomization))
        except ApiError:
            return False
        return True
