"""``lab.plot``: the board and a decision as matplotlib figures, for papers and slides.

What is drawn is the same as in the pictures of the widgets; here it is drawn on a figure.
"""

from __future__ import annotations

from collections.abc import Callable

from gitopslab.clusters.client import Client
from gitopslab.lab.explaining import Explanation
from gitopslab.lab.targets import Source
from gitopslab.views.board import board
from gitopslab.views.board_svg import draw_board
from gitopslab.views.board_text import board_text
from gitopslab.views.decision_svg import draw_decision
from gitopslab.views.decision_text import decision_text
from gitopslab.views.figure import FigureCanvas, Plot


class Plots:
    """Figures of a cluster as it is now.

    Args:
        client: Its API.
        title: Its name and kind.
        explain: Explains what is not an ``Explanation`` yet.
    """

    def __init__(self, client: Client, title: str, explain: Callable[[Source], Explanation]) -> None:
        self._client = client
        self._title = title
        self._explain = explain

    def board(self, *, namespace: str = "", dark: bool = False) -> Plot:
        """The nodes with their pods.

        Args:
            namespace: Show only pods of this one; empty for all.
            dark: In the dark theme, for dark slides.

        Example:
            >>> lab.plot.board().save("board.pdf")
        """
        kinds = [self._client.list(kind) for kind in ("nodes", "pods")]
        shown = board(*kinds, cluster=self._title, namespace=namespace)
        canvas = FigureCanvas(dark=dark)
        return canvas.finish(*draw_board(canvas, shown), board_text(shown))

    def decision(self, what: Source | Explanation, *, dark: bool = False) -> Plot:
        """What the scheduler makes of each node for a pod.

        Args:
            what: ``"pod/web-1"``, anything else ``lab.explain`` takes, or what it gave, what-ifs and all.
            dark: In the dark theme, for dark slides.

        Example:
            >>> lab.plot.decision(lab.explain("pod/web-1").what_if(cpu="2")).save("decision.pdf")
        """
        found = (what if isinstance(what, Explanation) else self._explain(what)).picture
        canvas = FigureCanvas(dark=dark)
        return canvas.finish(*draw_decision(canvas, found), decision_text(found))
