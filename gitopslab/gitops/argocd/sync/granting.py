"""Has a role or binding grant what it is to, as ``kubectl auth reconcile`` does before an apply, and tells it.

Simplified: rules of aggregation are left to the apply that follows.
"""

from __future__ import annotations

from gitopslab.errors import ApiError
from gitopslab.gitops.argocd.sync.reach import Reach, spoken_of
from gitopslab.gitops.argocd.sync.roles import RECREATE, Reconciled, reconciled
from gitopslab.machinery.objects import Object, namespace_of


class Granter:
    """Reconciles roles and bindings.

    Args:
        reach: With the field manager of what is not an apply.
    """

    def __init__(self, reach: Reach) -> None:
        self._reach = reach

    def granted(self, target: Object, said: str) -> str:
        """Have a role or binding grant what it is to, and tell it; in a dry run, which ``said`` marks, only tell it.

        Raises:
            ApiError: It is refused.
        """
        resource, live = self._reach.resource(target), self._reach.get(target)
        what = reconciled(target, live)
        try:
            if not said and not what.is_protected:
                self._grant(what, live)
        except ApiError as error:
            raise ApiError(
                error.code, error.reason, f"error running kubectl auth reconcile: {error.message}"
            ) from error
        return ". ".join(filter(None, (f"{spoken_of(resource, target)} reconciled{said}", what.words)))

    def _grant(self, what: Reconciled, live: Object | None) -> None:
        home = namespace_of(what.object)
        if home and self._reach.get({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": home}}) is None:
            why = f'error getting namespace {home}: namespaces "{home}" not found'
            raise ApiError(404, "NotFound", why)
        if live is None:
            self._reach.api.create(what.object)
        elif what.required == RECREATE:
            self._reach.anew(what.object, live)
        elif what.required:
            self._reach.api.update(what.object)
