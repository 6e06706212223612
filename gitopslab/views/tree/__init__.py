"""From Git to pods: the source, who reconciles it, its objects, and what those own.

``tree`` is the door: from objects of any cluster to a ``Tree``, which the widget draws and ``tree_text`` and
``tree_svg`` say without a browser. Health and sync are two marks on each card, because they are two questions.
"""

from __future__ import annotations

from gitopslab.views.tree.model import Card, Mark, Tree
from gitopslab.views.tree.svg import tree_svg
from gitopslab.views.tree.text import tree_text
from gitopslab.views.tree.tree import tree

__all__ = ["Card", "Mark", "Tree", "tree", "tree_svg", "tree_text"]
