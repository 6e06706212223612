"""What every part of the facade that shows a cluster stands on.

``Pictures``, ``Stories`` and ``Learning`` derive from it; ``Lab`` itself sets what is declared here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from gitopslab.clusters import Capability, Cluster
from gitopslab.clusters.client import Client
from gitopslab.clusters.controls import Controls

if TYPE_CHECKING:
    from gitopslab.widgets.base import LiveView

Shown = TypeVar("Shown", bound="LiveView")


class Part:
    """A part of the facade.

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
    def _controls(self) -> Controls | None:
        """The hand on an embedded cluster; None on any other."""
        return Controls(self.client) if Capability.CLOCK in self.cluster.capabilities else None

    @property
    def _cluster_name(self) -> tuple[str, str]:
        """What a widget's header says: the cluster's name, and what kind it is."""
        return self.cluster.name, self.cluster.kind

    def _where(self, namespace: str | None) -> str:
        """The namespace that is meant."""
        return self.current_namespace if namespace is None else namespace

    def _live(self, key: tuple[str, ...], make: Callable[[], Shown]) -> Shown:
        """The widget known by this key in this lab, made if there is none yet; a still one is made every time."""
        # Imported here, because widgets are the slowest part of the lab to import.
        from gitopslab.widgets.base import live

        return make() if self._still else live((repr(self), *key), make)

    def _end_live(self) -> None:
        """Have this lab's widgets follow nothing any more; their last pictures stay on screen."""
        from gitopslab.widgets.base import close_all

        close_all(repr(self))
