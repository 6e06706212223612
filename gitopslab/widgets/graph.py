"""The graph widget: the objects of a namespace with their relations, live.

``lab.graph()`` shows it; it follows the fifteen kinds, nodes and events. What is related and where it stands is left to
``views.graph``; how it looks in a browser, to ``static/graph*.js`` and ``static/graph.css``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gitopslab.machinery.objects import Object
from gitopslab.views.graph import Graph, graph, graph_message, graph_svg, graph_text
from gitopslab.views.relations import KINDS as RELATED
from gitopslab.views.relations import Edge, Missing
from gitopslab.widgets.base import LiveView, script, sheet
from gitopslab.widgets.publisher import IDLE_SECONDS, Source

KINDS = (*RELATED, "events")
"""What a graph follows."""

SCRIPT = ("kit.js", "frame.js", "view.js", "card.js", "hand.js", "graph_item.js", "graph_lines.js", "graph.js")


class GraphView(LiveView):
    """The graph of a namespace.

    Args:
        open_source: Gives a fresh source of ``KINDS``.
        cluster: The cluster's name, and what kind it is.
        namespace: Which one; empty for all.
        system: Also what the cluster runs for itself.
        still: Take one picture and start no thread.
        idle_seconds: How long without a change until it pauses.
    """

    _esm = script(*SCRIPT)
    _css = sheet("graph")

    def __init__(
        self,
        open_source: Callable[[], Source],
        *,
        cluster: tuple[str, str] = ("", ""),
        namespace: str = "",
        system: bool = False,
        still: bool = False,
        idle_seconds: float = IDLE_SECONDS,
    ) -> None:
        self._namespace = namespace
        self._system = system
        self._graph = self._of({})
        super().__init__(open_source, cluster=cluster, still=still, idle_seconds=idle_seconds)

    @property
    def edges(self) -> tuple[Edge, ...]:
        """The relations there are, as data: ``kind``, ``source``, ``target``, ``label`` and ``since``.

        Example:
            >>> [str(edge) for edge in lab.graph("shop").edges if edge.kind == "routes"]
            ['Ingress/web routes Service/web (shop.test/ → 80)']
        """
        return self._graph.edges

    @property
    def missing(self) -> tuple[Missing, ...]:
        """The relations that somebody asks for and that are not there, each with its reason."""
        return self._graph.missing

    def draw(self, objects: dict[str, list[Object]]) -> dict[str, Any]:
        """Every card with its place, every line with its corners."""
        self._graph = self._of(objects)
        return {"graph": graph_message(self._graph)}

    def text(self) -> str:
        """What is missing, then every object with what it leads to."""
        return graph_text(self._graph)

    def svg(self) -> str:
        """The graph as a still picture."""
        return graph_svg(self._graph)

    def _of(self, objects: dict[str, list[Object]]) -> Graph:
        name, kind = getattr(self, "_cluster", ("", ""))
        title = f"{name} ({kind})" if kind else name
        return graph(objects, cluster=title, namespace=self._namespace, system=self._system)
