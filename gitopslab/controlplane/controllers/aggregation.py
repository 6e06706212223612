"""Gathers the rules of aggregated ClusterRoles: ``admin``, ``edit``, ``view`` and whatever a learner builds like them.

The manager calls it for every aggregated role when any ClusterRole changes, since labels decide what belongs together.

Upstream: ``pkg/controller/clusterroleaggregation``.
"""

from __future__ import annotations

from collections.abc import Iterable

from gitopslab.controlplane.runtime.api import Api, WatchEvent
from gitopslab.controlplane.runtime.manager import Manager
from gitopslab.controlplane.runtime.reconcile import DONE, Request, Result, Source
from gitopslab.machinery import selectors
from gitopslab.machinery.clock import Clock
from gitopslab.machinery.objects import Object, labels_of, name_of

_CLUSTER_ROLES = "clusterroles.rbac.authorization.k8s.io"


def gathered(role: Object, roles: Iterable[Object]) -> list[Object]:
    """The rules of all roles that ``role`` selects, selector by selector and name by name, each rule once."""
    ordered = sorted(roles, key=name_of)
    found: list[Object] = []
    for selector in (role.get("aggregationRule") or {}).get("clusterRoleSelectors") or ():
        wanted = selectors.from_label_selector(selector)
        for other in ordered:
            if wanted is None or name_of(other) == name_of(role) or not wanted.matches(labels_of(other)):
                continue
            found.extend(rule for rule in other.get("rules") or () if rule not in found)
    return found


class ClusterRoleAggregationController:
    """Reconciles ClusterRoles that have an ``aggregationRule``."""

    name = "clusterrole-aggregation-controller"

    def __init__(self, api: Api, manager: Manager, clock: Clock) -> None:
        self._api = api
        self._roles = manager.informer(_CLUSTER_ROLES)
        self.sources: tuple[Source, ...] = (Source(_CLUSTER_ROLES, self._aggregated),)

    def reconcile(self, request: Request) -> Result:
        """Write the rules that belong to a role."""
        role = self._roles.get(request.name)
        if role is None or not role.get("aggregationRule"):
            return DONE
        rules = gathered(role, self._roles)
        if rules != (role.get("rules") or []):
            config = {"apiVersion": role["apiVersion"], "kind": role["kind"], "metadata": {"name": request.name}}
            wanted = {**config, "rules": rules} if rules else config
            self._api.patch(_CLUSTER_ROLES, request.name, wanted, type="apply")
        return DONE

    def _aggregated(self, event: WatchEvent) -> Iterable[Request]:
        return [Request("", name_of(role)) for role in self._roles if role.get("aggregationRule")]
