"""What the widgets about one Kustomization or Application share: whom they are about, and what was known of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from gitopslab.views.drift import Known
from gitopslab.views.reconciler import Target
from gitopslab.widgets.base import LiveView
from gitopslab.widgets.publisher import IDLE_SECONDS, Source


class ReconciledView(LiveView):
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
        open_source: Callable[[], Source],
        target: Target,
        *,
        cluster: tuple[str, str] = ("", ""),
        still: bool = False,
        idle_seconds: float = IDLE_SECONDS,
    ) -> None:
        self._target = target
        self._known = Known()
        super().__init__(open_source, cluster=cluster, still=still, idle_seconds=idle_seconds, options=self._words)
