"""The graph as text: what is missing, then every object with what it leads to.

Called by the graph widget for its ``text/plain``, for screen readers and in tests; reads a ``Graph`` and nothing else.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from gitopslab.machinery.language import drawn
from gitopslab.views.graph.model import Graph, Item
from gitopslab.views.palette import STATES
from gitopslab.views.relations import VERBS, Edge, Ref


def graph_text(graph: Graph) -> str:
    """The whole graph as lines of text."""
    return "\n".join(_lines(graph))


def summary(graph: Graph) -> str:
    """One line: what is shown, how much, and how much of it is broken."""
    count = sum(item.holds for item in graph.items if item.look != "ghost")
    broken = sum(each.is_broken for each in graph.missing)
    return (
        f"{drawn(graph.title)}, "
        + drawn(f"{count} objects")
        + ", "
        + drawn(f"{len(graph.edges)} relations")
        + (", " + drawn(f"{broken} missing") if broken else "")
        + (", " + drawn(f"{graph.folded} folded") if graph.folded else "")
    )


def item_words(item: Item) -> str:
    """One object in words: its state, its count, why."""
    state = STATES[item.state].word if item.state else ""
    parts = [drawn(state), item.count, item.word if item.word.lower() != state else "", item.trend]
    told = " ".join(filter(None, parts))
    return f"{told} · {drawn(item.reason)}" if item.reason else told


def _lines(graph: Graph) -> Iterator[str]:
    yield summary(graph)
    for each in graph.missing:
        yield f" {'✕' if each.is_broken else '⋯'} {drawn(str(each))}"
    out: dict[Ref, list[Edge]] = defaultdict(list)
    for edge in graph.edges:
        if edge.kind != "holds":
            out[edge.source].append(edge)
    for item in graph.items:
        if item.look == "ghost":
            continue
        mark = STATES[item.state].mark if item.state else "·"
        yield f"{mark} {item.kind}/{item.name}  {item_words(item)}".rstrip()
        for edge in out.get(Ref(item.kind, item.name, item.namespace), ()):
            yield f"    {drawn(VERBS[edge.kind])} {edge.target}" + (f" ({edge.label})" if edge.label else "")
