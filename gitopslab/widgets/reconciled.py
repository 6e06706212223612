"""What the widgets about Git share: that Git is asked while somebody sees them, and whom they are about.

``DeliveryView`` is all of them; ``ReconciledView`` those about one Kustomization or Application.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Protocol

from gitopslab.views.drift import Known
from gitopslab.views.reconciler import Target
from gitopslab.widgets.base import LiveView
from gitopslab.widgets.publisher import IDLE_SECONDS, Source


class Delivers(Source, Protocol):
    """A source that asks Git too; ``clusters.delivery.Delivery`` is the real one."""

    def see(self, seen: bool) -> None:
        """Whether somebody sees what it says: Git is asked only then."""
        ...


class DeliveryView(LiveView):
    """A live view of what Git says beside what the cluster does.

    Args:
        open_source: Gives a fresh source.
        cluster: The cluster's name, and what kind it is.
        still: Take one picture and start no thread.
        idle_seconds: How long without a change until it pauses.
        options: What the browser begins with.
    """

    def __init__(
        self,
        open_source: Callable[[], Delivers],
        *,
        cluster: tuple[str, str] = ("", ""),
        still: bool = False,
        idle_seconds: float = IDLE_SECONDS,
        options: Mapping[str, Any] | None = None,
    ) -> None:
        self._eyes: set[str] | None = None  # of browsers; without any, whoever runs the cell looks

        def opened() -> Delivers:
            self._source = open_source()
            self._source.see(self._is_seen)
            return self._source

        super().__init__(opened, cluster=cluster, still=still, idle_seconds=idle_seconds, options=options)

    def asked(self, wish: dict[str, Any]) -> None:
        """A browser also tells whether it shows the view."""
        super().asked(wish)
        match wish:
            case {"do": "see", "who": str(who), "seen": bool(seen)}:
                others = (self._eyes or set()) - {who}
                self._eyes = others | {who} if seen else others
                self._source.see(self._is_seen)

    def resume(self) -> None:
        """Follow the cluster; what nobody saw, and so is not of now, is followed anew."""
        if self.is_live and not self._is_seen:
            self.stop()
        super().resume()

    @property
    def _is_seen(self) -> bool:
        return self._eyes is None or bool(self._eyes)


class ReconciledView(DeliveryView):
    """A live view of what one reconciler brings from Git.

    Args:
        open_source: Gives a fresh ``clusters.delivery.Delivery``.
        target: Which Kustomization or Application.
        cluster: The cluster's name, and what kind it is.
        still: Take one picture and start no thread.
        idle_seconds: How long without a change until it pauses.
    """

    _words: ClassVar[dict[str, Any]]

    def __init__(
        self,
        open_source: Callable[[], Delivers],
        target: Target,
        *,
        cluster: tuple[str, str] = ("", ""),
        still: bool = False,
        idle_seconds: float = IDLE_SECONDS,
    ) -> None:
        self._target = target
        self._known = Known()
        super().__init__(open_source, cluster=cluster, still=still, idle_seconds=idle_seconds, options=self._words)
