"""How the lines of the graph run: right angles through the gutters between the columns, never over a card.

Called by ``graph.graph`` with the places of ``layout``. Each kind of relation has a lane of its own in a gutter, so
that lines that go the same way lie beside each other; what goes the same way for the same reason lies upon each other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from gitopslab.views.graph.model import CARD, Line
from gitopslab.views.graph.places import Place, Plan, ghost_of
from gitopslab.views.relations import Edge, Missing, Ref

Point = tuple[float, float]
_LANE = {
    "owns": 0.085, "routes": 0.11, "selects": 0.125, "mounts": 0.155, "claims": 0.15, "binds": 0.11, "provided": 0.11,
}  # fmt: skip
"""How far left of the next column's cards each kind of line runs, in columns."""
_ENDS = {"selects": 0.25, "mounts": 0.78, "claims": 0.3}
"""Where on the side of a card a kind of line ends; in the middle when it is not here."""
_STUB = 0.13
_NODE_LANES = 8
_SIDE_BY_SIDE = 4  # so many lines to different things get a lane each before they share again


class Router:
    """Draws the lines between places.

    Args:
        made: The places.
        home: The card that stands for each object: its own, or that of its fold.
        keys: The keys of the cards.
    """

    def __init__(self, made: Plan, home: Mapping[Ref, Place], keys: Mapping[Ref, str]) -> None:
        self._made = made
        self._home = home
        self._keys = keys
        nodes = sorted((place for place in made.places.values() if place.x == 5.0), key=lambda place: place.y)
        self._lanes = {place: at % _NODE_LANES for at, place in enumerate(nodes)}

    def lines(self, edges: Iterable[Edge], missing: Iterable[Missing], makers: Mapping[Ref, Ref]) -> Iterator[Line]:
        """All lines; ``makers`` tells whose box a chip is in."""
        seen: dict[tuple[str, tuple[Point, ...]], Line] = {}
        for edge in edges:
            if edge.kind != "holds" and edge.source in self._home and edge.target in self._home:
                self._add(seen, self._line(edge, makers))
        for each in missing:
            if each.source in self._home:
                self._add(seen, self._stub(each, makers))
        yield from seen.values()

    def _add(self, seen: dict[tuple[str, tuple[Point, ...]], Line], line: Line) -> None:
        """A line, or one more reason for a line that is there."""
        known = seen.get((line.kind, line.points))
        if known:
            sources = tuple(dict.fromkeys((*known.sources, *line.sources)))
            targets = tuple(dict.fromkeys((*known.targets, *line.targets)))
            line = Line(line.kind, sources, targets, line.points, known.label, known.label_at, known.look)
        seen[line.kind, line.points] = line

    def _line(self, edge: Edge, makers: Mapping[Ref, Ref]) -> Line:
        source, target = self._place(edge.source, makers), self._place(edge.target, makers)
        points = self._points(edge.kind, edge.source, source, target)
        label, at = "", (0.0, 0.0)
        if edge.kind == "selects" and len(points) > 4:
            label, at = edge.label, (points[2][0] + 0.06, points[2][1])
        return Line(edge.kind, (self._keys[edge.source],), (self._keys[edge.target],), points, label, at)

    def _stub(self, each: Missing, makers: Mapping[Ref, Ref]) -> Line:
        ghost, source = ghost_of(each), self._place(each.source, makers)
        look = "stub" if each.is_broken else "wait"
        points: tuple[Point, ...]
        targets: tuple[str, ...]
        if ghost in self._made.places:
            target = self._made.places[ghost]
            points, targets = self._points(each.kind, each.source, source, target), (self._keys[ghost],)
        else:
            y = source.at(0.5)
            points, targets = ((source.right, y), (round(source.right + _STUB, 3), y)), ()
        return Line(each.kind, (self._keys[each.source],), targets, points, look=look)

    def _place(self, ref: Ref, makers: Mapping[Ref, Ref]) -> Place:
        """Where lines to an object end: at its card, or at the box it is in."""
        place = self._home[ref]
        if place.look != "chip":
            return place
        box = self._made.boxes[makers[ref]]
        return Place(box.x, box.y, box.width, min(box.height, 1.0), box.look)

    def _points(self, kind: str, ref: Ref, source: Place, target: Place) -> tuple[Point, ...]:
        if kind == "scheduled":
            return self._to_node(source, target)
        if kind == "mounts":
            return tuple(reversed(self._down(ref, source, target)))
        start, end = source.at(_ENDS.get(kind, 0.5)), target.at(_ENDS.get(kind, 0.5))
        lane = round(target.x - _LANE[kind], 3)
        if kind == "selects" and target.x - source.x > 1:
            return self._over(ref, source, (target.x, end), lane)
        if kind == "claims":
            lane = round(source.right + _LANE[kind], 3)
            start = source.at(0.75)
        return _tidy(((source.right, start), (lane, start), (lane, end), (target.x, end)))

    def _over(self, ref: Ref, source: Place, end: Point, lane: float) -> tuple[Point, ...]:
        """From a Service over the workload and its ReplicaSets to the pods, through the corridor above them."""
        start = source.at(0.72)
        out, corridor = round(source.right + 0.08, 3), self._made.corridors.get(ref, source.y - 0.3)
        return ((source.right, start), (out, start), (out, corridor), (lane, corridor), (lane, end[1]), end)

    def _down(self, ref: Ref, source: Place, target: Place) -> tuple[Point, ...]:
        """From a pod down the gutter before it and along the band to what it reads."""
        start, end = source.at(_ENDS["mounts"]), target.at(0.5)
        # Each thing that is read has a lane of its own, so that one can see which line leads to it.
        beside = round(target.y + target.x) % _SIDE_BY_SIDE
        lane = round(source.x - _LANE["mounts"] - 0.016 * beside, 3)
        side, first = target.right, (source.x, start)
        if source.x < target.x:
            lane, first = round(source.right + 0.05 + 0.016 * beside, 3), (source.right, start)
        if 0 < lane - side < 1 - CARD:
            return (first, (lane, start), (lane, target.at(0.25)), (side, target.at(0.25)))
        out = round(side + 0.06 + 0.03 * beside, 3)
        bus = round(self._made.buses.get(ref.namespace, target.y - 0.5) - 0.1 * beside, 3)
        return (first, (lane, start), (lane, bus), (out, bus), (out, end), (side, end))

    def _to_node(self, source: Place, target: Place) -> tuple[Point, ...]:
        """To a node: each has a lane, the first the leftmost, so that lines to different nodes hardly cross."""
        lane = round(source.right + 0.035 + 0.022 * self._lanes[target], 3)
        start, end = source.at(0.5), target.at(0.5)
        return ((source.right, start), (lane, start), (lane, end), (target.x, end))


def _tidy(points: tuple[Point, ...]) -> tuple[Point, ...]:
    """Without the corners at which nothing turns."""
    first, *middle, last = points
    ys = {y for _, y in points}
    return (first, last) if len(ys) == 1 else (first, *middle, last)
