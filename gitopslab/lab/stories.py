"""The facade's pictures of how a cluster works, and the hand on the embedded one.

A part of ``Lab``, kept apart because it has a subject of its own. Drawing is ``widgets``', what is drawn ``views``'.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitopslab import errors
from gitopslab.clusters import Capability
from gitopslab.clusters.attended import Attended
from gitopslab.clusters.controls import History
from gitopslab.lab import targets
from gitopslab.lab.embedded import Embedded
from gitopslab.lab.part import Part

if TYPE_CHECKING:
    from gitopslab.widgets.anatomy import AnatomyView
    from gitopslab.widgets.path import PathView
    from gitopslab.widgets.timeline import TimelineView


class Stories(Part):
    """What happens in a cluster, as pictures; and what only the embedded cluster can do."""

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
        from gitopslab.views.path import kinds_for
        from gitopslab.widgets.path import PathView

        target = targets.one(self.client, what, "", self._where(namespace))
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
                cluster=self._cluster_name,
                still=self._still,
            )

        return self._live(("path", str(target), place), make)

    def timeline(self, what: str = "", *, namespace: str | None = None) -> TimelineView:
        """Who lived when, and what happened to whom; on the embedded cluster with a slider back through history.

        Args:
            what: One workload or pod, as ``"deployment/web"``; default all of them.
            namespace: Where; default where commands go, empty for all but the cluster's own.

        Example:
            >>> lab.timeline()
        """
        from gitopslab.views.timeline import KINDS
        from gitopslab.widgets.timeline import TimelineView

        where = self._where(namespace)
        only, controls = "", self._controls
        if what:
            target = targets.one(self.client, what, "", where)
            only = f"{target.kind.kind}/{target.name}"

        def make() -> TimelineView:
            return TimelineView(
                lambda: Attended(self.client, KINDS, controls),
                namespace=where,
                only=only,
                history=History(self.client, controls) if controls else None,
                cluster=self._cluster_name,
                still=self._still,
            )

        return self._live(("timeline", only, where), make)

    def anatomy(self) -> AnatomyView:
        """The nodes with their parts, and what becomes of a control plane that loses nodes.

        Example:
            >>> lab.anatomy()
        """
        from gitopslab.views.anatomy import KINDS
        from gitopslab.widgets.anatomy import AnatomyView

        controls = self._controls

        def make() -> AnatomyView:
            return AnatomyView(
                lambda: Attended(self.client, KINDS, controls),
                controls=controls,
                cluster=self._cluster_name,
                still=self._still,
            )

        return self._live(("anatomy",), make)
