"""The timeline widget: lives and events over time, in lanes; on the embedded cluster with a way back.

``lab.timeline()`` shows it. It works on any cluster; on the embedded one a slider shows the board as it was. What a
timeline is, is left to ``views.timeline``; how it looks in a browser, to ``static/timeline*.js`` and ``.css``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from gitopslab.machinery.objects import Object, uid_of
from gitopslab.views.board import board
from gitopslab.views.timeline import SPANS, Timeline, timeline
from gitopslab.views.timeline_bars import Gone, remembered
from gitopslab.views.timeline_svg import timeline_svg
from gitopslab.views.timeline_text import timeline_text
from gitopslab.widgets.base import LiveView, script
from gitopslab.widgets.publisher import IDLE_SECONDS, Source

SHEETS = ("kit.css", "board.css", "timeline.css")

SCRIPT = (
    "kit.js", "frame.js", "view.js", "card.js", "hand.js", "board_tile.js", "board_tray.js", "board_node.js",
    "timeline_lane.js", "timeline_past.js", "timeline.js",
)  # fmt: skip

_MOST_GONE = 200


class History(Protocol):
    """The past of a cluster, where it can be read."""

    def at(self, seconds: float) -> tuple[int, dict[str, list[Object]]]:
        """The revision at a moment, and nodes, pods and events as they were."""
        ...


class TimelineView(LiveView):
    """The timeline of a cluster.

    Args:
        open_source: Gives a fresh source of ``views.timeline.KINDS``.
        namespace: Only this one; empty for all but the cluster's own.
        only: One workload, as ``Deployment/web``; empty for all.
        history: Of an embedded cluster; None elsewhere.
        cluster: The cluster's name, and what kind it is.
        still: Take one picture and start no thread.
        idle_seconds: How long without a change until it pauses.
    """

    _esm = script(*SCRIPT)
    _css = script(*SHEETS)

    def __init__(
        self,
        open_source: Callable[[], Source],
        *,
        namespace: str = "",
        only: str = "",
        history: History | None = None,
        cluster: tuple[str, str] = ("", ""),
        still: bool = False,
        idle_seconds: float = IDLE_SECONDS,
    ) -> None:
        self._namespace = namespace
        self._only = only
        self._history = history
        self._timeline: Timeline | None = None
        self._now = 0.0
        self._pods: dict[str, Object] = {}
        self._gone: dict[str, Gone] = {}
        self._past: dict[str, Any] | None = None
        options = {"spans": list(SPANS), "past": history is not None}
        super().__init__(open_source, cluster=cluster, still=still, idle_seconds=idle_seconds, options=options)

    def draw(self, objects: dict[str, list[Object]]) -> dict[str, Any]:
        """The timeline as it is now; pods that were seen and are gone stay on it."""
        self._now = self.now
        self._remember(objects.get("pods", []))
        self._timeline = timeline(
            objects, now=self._now, namespace=self._namespace, only=self._only, gone=self._gone.values()
        )
        return {"timeline": self._timeline.as_dict(), "past": self._past}

    def told(self, drawn: Any, **how: Any) -> dict[str, Any]:
        """The snapshot, on the cluster's own clock."""
        return {**super().told(drawn, **how), "seconds": self._now}

    def text(self) -> str:
        """The timeline as lanes of lines."""
        return timeline_text(self._timeline, self._now) if self._timeline else ""

    def svg(self) -> str:
        """The timeline as a still picture."""
        return timeline_svg(self._timeline, self._now) if self._timeline else ""

    def asked(self, wish: dict[str, Any]) -> None:
        """Go back to a moment, or return to now."""
        super().asked(wish)
        match wish:
            case {"do": "look", "seconds": float() | int() as seconds} if self._history is not None:
                revision, objects = self._history.at(float(seconds))
                shown = board(objects["nodes"], objects["pods"], objects["events"])
                self._past = {"seconds": float(seconds), "revision": revision, "board": shown.as_dict()}
            case {"do": "now"}:
                self._past = None
            case _:
                return
        self._drawn = {**self._drawn, "past": self._past}
        self._snapshot = {**self._snapshot, "past": self._past, "error": ""}

    def _remember(self, pods: list[Object]) -> None:
        present = {uid_of(pod): pod for pod in pods}
        for uid in self._pods.keys() - present.keys():
            self._gone[uid] = remembered(self._pods[uid], self._now)
        for uid in list(self._gone)[:-_MOST_GONE]:
            del self._gone[uid]
        self._pods = present
