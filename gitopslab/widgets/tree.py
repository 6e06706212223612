"""The tree widget: from Git to pods, with health and sync as two marks on each card, live.

``lab.tree("kustomization/app")`` and ``lab.tree("application/shop")`` show it. What hangs on what is left to
``views.tree``; how it looks in a browser, to ``static/tree*.js`` and ``static/tree.css``.
"""

from __future__ import annotations

from typing import Any, ClassVar

from gitopslab.machinery.objects import Object
from gitopslab.views.drift.delivered import drift_of
from gitopslab.views.reconciler import reconciler
from gitopslab.views.tree import Tree, tree, tree_svg, tree_text
from gitopslab.views.tree.model import COLUMNS
from gitopslab.widgets.base import script, sheet
from gitopslab.widgets.reconciled import ReconciledView

SCRIPT = ("kit.js", "frame.js", "sight.js", "view.js", "card.js", "hand.js", "tree_cards.js", "tree.js")


class TreeView(ReconciledView):
    """The tree of a Kustomization or an Application."""

    _esm = script(*SCRIPT)
    _css = sheet("tree")
    _words: ClassVar[dict[str, Any]] = {"columns": COLUMNS}
    _tree: Tree | None = None

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
