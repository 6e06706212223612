"""The facade's pictures of how a cluster works: the path of an apply, and the hand on the embedded cluster.

A part of ``Lab``, kept apart because it has a subject of its own. Drawing is ``widgets``', what is drawn ``views``'.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitopslab import errors
from gitopslab.clusters import Capability, Cluster
from gitopslab.clusters.attended import Attended
from gitopslab.clusters.client import Client
from gitopslab.clusters.controls import Controls
from gitopslab.lab import targets
from gitopslab.lab.embedded import Embedded

if TYPE_CHECKING:
    from gitopslab.widgets.path import PathView


class Stories:
    """What happens in a cluster, as pictures; and what only the embedded cluster can do.

    Attributes:
        cluster: The cluster.
        client: Its API.
        current_namespace: Where commands go.
    """

    cluster: Cluster
    client: Client
    current_namespace: str
    _still: bool

    @property
    def embedded(self) -> Embedded:
        """What only the embedded cluster can do: move its clock, stop its parts, look back.

        Raises:
            SetupError: This lab runs on another kind of cluster.
        """
        if self._controls is None:
            raise errors.SetupError(
                f"only the embedded cluster can {Capability.CLOCK.value}, and this lab runs on {self.cluster.kind}",
                'gitopslab.open("embedded") opens one beside it',
            )
        return Embedded(self.client)

    def path(self, what: str, *, namespace: str | None = None) -> PathView:
        """Who does what from an apply to running containers; show it as the last line of a cell.

        It may be shown before the object exists, and then follows the apply as it happens.

        Args:
            what: The object, as ``"deployment/web"``.
            namespace: Where it is.

        Example:
            >>> lab.path("deployment/web")
        """
        # Imported here, because widgets are the slowest part of the lab to import.
        from gitopslab.views.path import kinds_for
        from gitopslab.widgets.base import live
        from gitopslab.widgets.path import PathView

        target = targets.one(self.client, what, "", self.current_namespace if namespace is None else namespace)
        place = target.namespace if target.kind.namespaced else ""
        controls, kinds = self._controls, kinds_for(target.kind.kind, target.kind.plural)

        def make() -> PathView:
            return PathView(
                lambda: Attended(self.client, kinds, controls),
                target.kind.kind,
                target.name,
                place,
                plural=target.kind.plural,
                controls=controls,
                cluster=(self.cluster.name, self.cluster.kind),
                still=self._still,
            )

        return make() if self._still else live((repr(self), "path", str(target), place), make)

    @property
    def _controls(self) -> Controls | None:
        return Controls(self.client) if Capability.CLOCK in self.cluster.capabilities else None
