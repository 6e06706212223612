"""The parts of a graph, as data and as the message a widget draws.

Places are in units: a column is one wide (its card 0.78), a card one high; a drawing chooses how many pixels that is.
"""

from __future__ import annotations

from dataclasses import dataclass

from gitopslab.views.message import Message
from gitopslab.views.news import News
from gitopslab.views.relations import Edge, Missing

COLUMNS = ("Ingress", "Service", "Workload", "ReplicaSet, Job", "Pod", "Node")
BAND = ("ConfigMap", "Secret", "", "PersistentVolumeClaim", "PersistentVolume", "StorageClass")
_TRENDS = {"grows": "▲", "shrinks": "▼"}
CARD = 0.78
"""How wide a card is; what is left of its column is where lines run."""


@dataclass(frozen=True, slots=True)
class Item(Message):
    """One card.

    Attributes:
        key: Names it in lines: ``Kind/name`` and, below a namespace, that too.
        short: What a person calls it; ``rest`` is the remainder of its name.
        state: A key of ``palette.STATES``; empty for what has none.
        word: The state in a word or two; ``count`` how many of how many.
        trend: ``grows`` or ``shrinks`` for the ReplicaSets of a rollout.
        reason: A sentence when something is the matter.
        look: ``card``, ``chip`` (a pod among many), ``ghost`` (asked for and not there) or ``fold`` (several in one).
        holds: How many objects it stands for.
        x: Where its left edge is, in columns; ``y`` its top, ``width`` and ``height``.
    """

    key: str
    kind: str
    name: str
    namespace: str
    short: str
    rest: str
    state: str = ""
    word: str = ""
    count: str = ""
    trend: str = ""
    reason: str = ""
    look: str = "card"
    holds: int = 1
    x: float = 0.0
    y: float = 0.0
    width: float = CARD
    height: float = 1.0
    since: float = 0.0
    doubts: tuple[tuple[str, str, str], ...] = ()
    events: tuple[News, ...] = ()
    command: str = ""

    @property
    def title(self) -> str:
        """What is written large; a chip is its glyph and nothing else."""
        if self.look == "chip":
            return ""
        return f"{self.short}-{self.rest}" if self.kind != "Pod" and self.rest else self.short

    @property
    def second(self) -> str:
        """What is written small: the rest of a name while all is well, else what is the matter."""
        if self.kind == "Pod" and self.state in ("ready", "running") and self.rest:
            return self.rest
        return f"{_TRENDS[self.trend]} {self.word}" if self.trend else self.word

    @property
    def right(self) -> float:
        """Its right edge."""
        return self.x + self.width


@dataclass(frozen=True, slots=True)
class Line(Message):
    """One drawn line: a relation, or several that would lie upon each other.

    Attributes:
        kind: A key of ``relations.MEANINGS``.
        sources: The keys of the cards at its beginning; ``targets`` of those at its end.
        points: Its corners.
        label: What is written along it, at ``label_at``.
        look: ``line``, ``stub`` (broken) or ``wait`` (may come by itself).
    """

    kind: str
    sources: tuple[str, ...]
    targets: tuple[str, ...]
    points: tuple[tuple[float, float], ...]
    label: str = ""
    label_at: tuple[float, float] = (0.0, 0.0)
    look: str = "line"


@dataclass(frozen=True, slots=True)
class Heading(Message):
    """Words above a column or a namespace."""

    text: str
    x: float
    y: float
    look: str = "column"


@dataclass(frozen=True, slots=True)
class Notice(Message):
    """A missing relation, for the list above the drawing."""

    key: str
    text: str
    reason: str
    is_broken: bool


@dataclass(frozen=True, slots=True)
class Graph(Message):
    """Everything one picture shows; ``edges`` and ``missing`` are the same as data.

    Attributes:
        boxes: Around the chips of one maker: left, top, width and height.
        scope: Which namespaces, in words.
        folded: How many objects are folded into others because there are so many.
        meanings: What each kind of line that is drawn says.
    """

    cluster: str
    scope: str
    items: tuple[Item, ...]
    lines: tuple[Line, ...]
    headings: tuple[Heading, ...]
    boxes: tuple[tuple[float, float, float, float], ...]
    notices: tuple[Notice, ...]
    edges: tuple[Edge, ...]
    missing: tuple[Missing, ...]
    meanings: tuple[tuple[str, str], ...]
    folded: int
    width: float
    height: float

    @property
    def title(self) -> str:
        """What is shown of which cluster."""
        return f"{self.cluster}: {self.scope}"
