"""The board widget: the nodes of a cluster with their pods, live.

``lab.board()`` shows it; it follows nodes, pods and events. What a board is, is left to ``views.board``; how it looks
in a browser, to ``static/board*.js`` and ``static/board.css``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gitopslab.machinery.objects import Object, name_of, namespace_of, uid_of
from gitopslab.views.board import Board, board
from gitopslab.views.board_film import Film
from gitopslab.views.board_svg import board_svg
from gitopslab.views.board_text import board_text
from gitopslab.widgets.base import LiveView, script, sheet
from gitopslab.widgets.publisher import IDLE_SECONDS, Source

KINDS = ("nodes", "pods", "events", "services", "persistentvolumeclaims")
"""What a board follows."""

SCRIPT = (
    "kit.js", "frame.js", "view.js", "card.js", "hand.js",
    "board_details.js", "board_choice.js", "board_film.js", "board_tile.js", "board_tray.js", "board_node.js",
    "board.js",
)  # fmt: skip


Why = Callable[[str, str], Film]


class BoardView(LiveView):
    """The board of one cluster.

    Args:
        open_source: Gives a fresh source of ``KINDS``.
        cluster: The cluster's name, and what kind it is.
        namespace: Which namespace to show first; empty for all. The reader may choose another.
        system: Show the pods of the cluster itself as tiles, not as small glyphs.
        group: A label by which to put the nodes together at first.
        why: ``why(namespace, name)`` gives the film of the decision about a pod; without it the board cannot tell.
        still: Take one picture and start no thread.
        idle_seconds: How long without a change until it pauses.
    """

    _esm = script(*SCRIPT)
    _css = sheet("board")

    def __init__(
        self,
        open_source: Callable[[], Source],
        *,
        cluster: tuple[str, str] = ("", ""),
        namespace: str = "",
        system: bool = False,
        group: str = "",
        why: Why | None = None,
        still: bool = False,
        idle_seconds: float = IDLE_SECONDS,
    ) -> None:
        self._namespace = namespace
        self._group = group
        self._why = why
        self._films = 0
        self._objects: dict[str, list[Object]] = {}
        super().__init__(
            open_source,
            cluster=cluster,
            still=still,
            idle_seconds=idle_seconds,
            options={"namespace": namespace, "system": system, "group": group},
        )

    def draw(self, objects: dict[str, list[Object]]) -> dict[str, Any]:
        """The whole board: the browser filters, so that it can show another namespace without asking."""
        self._objects = objects
        return {"board": self._board("").as_dict()}

    def asked(self, wish: dict[str, Any]) -> None:
        """Tell why a pod is where it is, as a film; or go on when it was paused."""
        if wish.get("do") != "why":
            super().asked(wish)
            return
        pod = next((each for each in self._objects.get("pods", ()) if uid_of(each) == wish.get("uid")), None)
        if pod is None or self._why is None:
            return
        self._films += 1
        self._answer = {"asked": self._films, "film": self._why(namespace_of(pod), name_of(pod)).as_dict()}

    def text(self) -> str:
        """The board as a tree of pods a node."""
        return board_text(self._board(self._namespace))

    def svg(self) -> str:
        """The board as a still picture."""
        return board_svg(self._board(self._namespace))

    def _board(self, namespace: str) -> Board:
        name, kind = self._cluster
        title = f"{name} ({kind})" if kind else name
        nodes, pods, events, services, claims = (self._objects.get(each, ()) for each in KINDS)
        return board(
            nodes,
            pods,
            events,
            services=services,
            claims=claims,
            cluster=title,
            namespace=namespace,
            group=self._group,
        )
