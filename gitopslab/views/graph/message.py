"""The graph as the message its widget draws: cards, lines, and what each card has to do with others in words.

Called by the graph widget; reads a ``Graph`` and nothing else.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from gitopslab.views.graph.model import Graph
from gitopslab.views.graph.places import key_of
from gitopslab.views.relations import PASSIVE, VERBS, Edge

_MOST_RELATIONS = 10


def graph_message(graph: Graph) -> dict[str, Any]:
    """Everything the browser needs."""
    return {
        "scope": graph.scope,
        "items": [{**item.as_dict(), "title": item.title, "second": item.second} for item in graph.items],
        "lines": [line.as_dict() for line in graph.lines],
        "headings": [heading.as_dict() for heading in graph.headings],
        "boxes": [list(box) for box in graph.boxes],
        "notices": [notice.as_dict() for notice in graph.notices],
        "meanings": [list(pair) for pair in graph.meanings],
        "verbs": VERBS,
        "related": _related(graph.edges),
        "folded": graph.folded,
        "width": graph.width,
        "height": graph.height,
    }


def _related(edges: tuple[Edge, ...]) -> dict[str, list[list[str]]]:
    """For each card what it has to do with whom, as ``[verb, other, label]``."""
    found: dict[str, list[list[str]]] = defaultdict(list)
    for edge in edges:
        if edge.kind != "holds":
            found[key_of(edge.source)].append([VERBS[edge.kind], str(edge.target), edge.label])
            found[key_of(edge.target)].append([PASSIVE[edge.kind], str(edge.source), edge.label])
    return {key: _cut(rows) for key, rows in found.items()}


def _cut(rows: list[list[str]]) -> list[list[str]]:
    more = len(rows) - _MOST_RELATIONS
    return rows if more <= 0 else [*rows[:_MOST_RELATIONS], ["and", f"{more} more", ""]]
