"""The tree widget: from Git to pods, with health and sync as two marks on each card, live.

``lab.tree("kustomization/app")`` and ``lab.tree("application/shop")`` show it. What hangs on what is left to
``views.tree``; how it looks in a browser, to ``static/tree*.js`` and ``static/tree.css``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gitopslab.machinery.objects import Object
from gitopslab.views.drift import Known
from gitopslab.views.drift.delivered import drift_of
from gitopslab.views.reconciler import Target, reconciler
from gitopslab.views.tree import Tree, tree, tree_svg, tree_text
from gitopslab.views.tree.model import COLUMNS
from gitopslab.widgets.base import LiveView, script, sheet
from gitopslab.widgets.publisher import IDLE_SECONDS, Source

SCRIPT = ("kit.js", "frame.js", "card.js", "hand.js", "tree_cards.js", "tree.js")


class TreeView(LiveView):
    """The tree of a Kustomization or an Application.

    Args:
        open_source: Gives a fresh ``clusters.delivery.Delivery``.
        target: Which one.
        cluster: The cluster's name, and what kind it is.
        still: Take one picture and start no thread.
        idle_seconds: How long without a change until it pauses.
    """

    _esm = script(*SCRIPT)
    _css = sheet("tree")

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
        self._tree: Tree | None = None
        options = {"columns": COLUMNS}
        super().__init__(open_source, cluster=cluster, still=still, idle_seconds=idle_seconds, options=options)

    def draw(self, objects: dict[str, list[Object]]) -> dict[str, Any]:
        """The tree as it is now; a title without cards while there is no such object."""
        one = reconciler(objects, *self._target)
        kind, namespace, name = self._target
        self._tree = (
            tree(objects, one, drift_of(objects, one, self._known)) if one else Tree(f"{kind} {namespace}/{name}", "")
        )
        return {"tree": self._tree.as_dict()}

    def text(self) -> str:
        """The tree in words."""
        return tree_text(self._tree) if self._tree else ""

    def svg(self) -> str:
        """The tree as a still picture."""
        return tree_svg(self._tree) if self._tree else ""
