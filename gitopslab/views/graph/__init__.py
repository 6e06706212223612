"""The graph: the objects of a namespace with their relations, in fixed columns.

``graph`` is the door: from objects of any cluster to a ``Graph``, which the widget draws, ``graph_text`` and
``graph_svg`` say without a browser, and whose ``edges`` are data. What is related to what is left to ``relations``.
"""

from __future__ import annotations

from gitopslab.views.graph.graph import graph
from gitopslab.views.graph.message import graph_message
from gitopslab.views.graph.model import Graph, Item, Line
from gitopslab.views.graph.svg import graph_svg
from gitopslab.views.graph.text import graph_text

__all__ = ["Graph", "Item", "Line", "graph", "graph_message", "graph_svg", "graph_text"]
