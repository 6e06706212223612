"""The states of a pod: their words, shapes and colours.

Read by every drawing: the SVG twin here, the widgets' scripts (which receive the shapes with their first message) and
style sheets (a test compares the colours). Shape comes first and colour second: the colours stay apart for
colour-blind eyes, but no meaning rests on colour alone.
Which pod is in which state is left to ``pods``.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Look:
    """How a state is drawn.

    Attributes:
        word: What the legend calls it.
        colour: A key of ``LIGHT`` and ``DARK``.
        mark: The character that stands for it in text.
        stroke: An SVG path in a box of 16 by 16, drawn as a line.
        fill: The same, filled.
    """

    word: str
    colour: str
    mark: str
    stroke: str = ""
    fill: str = ""


STATES: dict[str, Look] = {
    "ready": Look("ready", "run", "✓", stroke="M3.6 8.6 6.7 11.7 12.6 4.9"),
    "running": Look("running", "run", "▶", fill="M5.2 3.4 12.8 8 5.2 12.6Z"),
    "notready": Look(
        "not ready", "pend", "◔", stroke="M8 2.6a5.4 5.4 0 1 1-.01 0Z", fill="M8 8V3.6A4.4 4.4 0 0 1 12.4 8Z"
    ),
    "pending": Look(
        "pending", "pend", "⋯",
        fill="M3.6 6.5a1.5 1.5 0 1 1-.01 0ZM8 6.5a1.5 1.5 0 1 1-.01 0ZM12.4 6.5a1.5 1.5 0 1 1-.01 0Z",
    ),
    "failed": Look("failing", "fail", "✕", stroke="M4.4 4.4 11.6 11.6M11.6 4.4 4.4 11.6"),
    "succeeded": Look("succeeded", "done", "■", fill="M4.4 4.4H11.6V11.6H4.4Z"),
    "terminating": Look("terminating", "term", "\u2571", stroke="M4.6 11.8 11.4 4.2"),
}  # fmt: skip

LIGHT = {
    "run": "#0345BA",
    "pend": "#BD8407",
    "fail": "#A81424",
    "done": "#40A375",
    "term": "#7F5F8C",
    "page": "#FFFFFF",
}
DARK = {"run": "#3C8CE3", "pend": "#FBCE2B", "fail": "#D62715", "done": "#D5ECDD", "term": "#766D81", "page": "#16181D"}
"""Any two colours of a theme differ by CIE76 30 or more under normal, deuteranope, protanope and tritanope vision, and
each has a contrast of 3 or more with its page."""
