"""The decision about one pod as a short film on the board: who is crossed out when, who scores what, who wins.

Called by the board widget with what ``decision.explained`` found. Filters that refuse nobody are passed over, and the
plugins' points are summed: every step of every plugin is in the decision widget (``lab.explain``).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from gitopslab.views.decision import Explained, Row
from gitopslab.views.message import Message

SECONDS = 0.9
"""How long the whole film takes."""


@dataclass(frozen=True, slots=True)
class Mark(Message):
    """What one node gets.

    Attributes:
        frame: From which frame on.
        kind: ``out``, ``score`` or ``winner``.
        text: Why, in words and numbers, or its points.
        share: Its points as a part of the best, from 0 to 1.
    """

    node: str
    frame: int
    kind: str
    text: str
    share: float = 0.0


@dataclass(frozen=True, slots=True)
class Frame(Message):
    """One moment: ``title`` is whose turn it is, ``told`` what comes of it."""

    kind: str
    title: str
    told: str


@dataclass(frozen=True, slots=True)
class Film(Message):
    """The whole film.

    Attributes:
        pod: ``namespace/name``.
        winner: The node the pod slides to; empty when there is none.
        victims: Pods that leave first, ``namespace/name``.
        room: The node on which they leave.
        seconds: How long it takes.
    """

    pod: str
    frames: tuple[Frame, ...]
    marks: tuple[Mark, ...]
    winner: str
    victims: tuple[str, ...]
    room: str
    seconds: float = SECONDS


def film(found: Explained, room: str = "") -> Film:
    """The film of a decision.

    Args:
        found: The decision.
        room: The node on which preemption makes room, if it does.
    """
    start = next((step for step in found.steps if step.kind == "start"), None)
    frames = [Frame("start", found.pod.rpartition("/")[2], start.told if start else found.headline)]
    marks: list[Mark] = []
    rows = {row.node: row for row in found.rows}
    for step in found.steps:
        if step.kind == "filter" and step.out:
            marks += [Mark(node, len(frames), "out", rows[node].detail or step.plugin) for node in step.out]
            frames.append(Frame("filter", step.plugin, f"{step.asks} {step.told}".strip()))
    fitting = [row for row in found.rows if row.state in ("fits", "chosen")]
    if len(fitting) > 1:
        marks += _scores(fitting, len(frames))
        frames.append(Frame("score", "Scores", "What is left is scored; the most points win."))
    if found.node:
        marks.append(Mark(found.node, len(frames), "winner", "chosen"))
    if found.victims and room:
        frames.append(Frame("preempt", "Preemption", f"{_listed(found.victims)} must leave {room} first."))
    frames.append(Frame("end", "Outcome", found.headline))
    return Film(found.pod, tuple(frames), tuple(marks), found.node, found.victims, room)


def _scores(rows: list[Row], frame: int) -> Iterable[Mark]:
    best = max(row.total for row in rows) or 1
    return [Mark(row.node, frame, "score", str(row.total), round(row.total / best, 3)) for row in rows]


def _listed(names: Iterable[str]) -> str:
    short = [name.rpartition("/")[2] for name in names]
    return " and ".join([", ".join(short[:-1]), short[-1]] if len(short) > 1 else short)
