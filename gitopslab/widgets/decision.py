"""The decision widget: what the scheduler makes of each node, step by step, with a what-if of its own.

``lab.explain`` shows it. It draws one decision as it was when it was asked for and follows nothing. What is decided and
told is left to ``views.decision``; how it looks in a browser, to ``static/decision*.js`` and ``static/decision.css``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from gitopslab.views.decision import Explained
from gitopslab.views.decision_svg import decision_svg
from gitopslab.views.decision_text import GLYPHS, decision_text
from gitopslab.widgets.base import View, script, sheet

SCRIPT = ("kit.js", "frame.js", "view.js", "decision_rows.js", "decision_steps.js", "decision_whatif.js", "decision.js")

Rethink = Callable[[Mapping[str, Any]], Explained]
"""The decision if the pod asked for another ``cpu`` or ``memory`` or tolerated more: ``tolerates``, taints as text."""


class DecisionView(View):
    """One decision.

    Args:
        found: What was decided.
        rethink: Answers the what-ifs that are asked in the browser.
        cluster: The cluster's name, and what kind it is.
        still: Show a picture instead of a widget.
    """

    _esm = script(*SCRIPT)
    _css = sheet("decision")

    def __init__(
        self, found: Explained, *, rethink: Rethink, cluster: tuple[str, str] = ("", ""), still: bool = False
    ) -> None:
        super().__init__(cluster=cluster, still=still, options={"glyphs": GLYPHS})
        self._first = self._found = found
        self._rethink = rethink
        self._draw(found)

    def text(self) -> str:
        """The decision in words, a row a node."""
        return decision_text(self._found)

    def svg(self) -> str:
        """The decision as a still picture."""
        return decision_svg(self._found)

    def asked(self, wish: dict[str, Any]) -> None:
        """Decide again for what the reader changed, or go back to what was first asked."""
        if wish.get("do") == "what-if":
            self._draw(self._rethink(wish))
        elif wish.get("do") == "what-is":
            self._draw(self._first)

    def _draw(self, found: Explained) -> None:
        self._found = found
        self._snapshot = self.told({"decision": found.as_dict()}, live="static")
