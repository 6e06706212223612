"""The path of an apply as a still picture: the stations on the bus that is the API server, and the steps below.

Called by the path widget and by whoever wants a picture in a page; reads a ``Path`` and nothing else.
"""

from __future__ import annotations

from gitopslab.views.path import Path, Station
from gitopslab.views.path_text import offset, path_text, summary
from gitopslab.views.svg import Canvas, wrapped

_WIDTH = 1120.0
_EDGE, _GAP = 14.0, 12.0
_CARD, _LINK, _BUS, _STEP = 66.0, 34.0, 40.0, 23.0
LOOKS = {"done": "ready", "waiting": "pending", "failed": "failed", "stopped": "failed", "idle": ""}
"""Which mark of ``palette.STATES`` a station's state has; idle ones have none."""


def path_svg(path: Path) -> str:
    """The whole path as one SVG."""
    canvas = Canvas(summary(path), path_text(path))
    told = wrapped(path.end.sentence, _WIDTH - 2 * _EDGE - 40, 14)
    top = _EDGE + 34 + 20 * len(told) + 18
    below = top + _CARD + _LINK + 2 * _BUS + 12 + 20
    height = below + 10 + _STEP * max(len(path.steps), 1) + _EDGE
    canvas.box(0.5, 0.5, _WIDTH - 1, height - 1, "back", radius=12)
    canvas.words(_EDGE, 36, f"Path of {path.subject}", size=17, look="bold")
    _draw_end(canvas, path, told)
    _draw_stations(canvas, path, top)
    _draw_steps(canvas, path, below)
    return canvas.finish(_WIDTH, height)


def _draw_end(canvas: Canvas, path: Path, told: list[str]) -> None:
    canvas.glyph(_EDGE, 50, LOOKS[path.end.state] or "pending", 20)
    for at, line in enumerate(told):
        canvas.words(_EDGE + 30, 65 + 20 * at, line, size=14)


def _draw_stations(canvas: Canvas, path: Path, top: float) -> None:
    count = len(path.stations)
    width = (_WIDTH - 2 * _EDGE - (count - 1) * _GAP) / count
    bus = top + _CARD + _LINK
    for at, station in enumerate(path.stations):
        x = _EDGE + at * (width + _GAP)
        _draw_card(canvas, station, (x, top, width, _CARD))
        if station.key == path.end.station and path.end.state != "done":
            canvas.box(x + 19, top + _CARD, 2, _LINK / 2 - 4, "band", radius=1)
            words = "the chain is here" if path.end.state == "waiting" else "✕ the chain ends here"
            canvas.words(x + 12, top + _CARD + _LINK - 5, words, look="bold", room=width - 14)
        else:
            canvas.box(x + 19, top + _CARD, 2, _LINK, "band", radius=1)
    for at, station in enumerate(path.bus):
        _draw_card(canvas, station, (_EDGE, bus + at * (_BUS + 12), _WIDTH - 2 * _EDGE, _BUS))
        if at:
            canvas.box(_EDGE + 19, bus + at * (_BUS + 12) - 12, 2, 12, "band", radius=1)


def _draw_card(canvas: Canvas, station: Station, place: tuple[float, float, float, float]) -> None:
    x, y, width, height = place
    canvas.box(x, y, width, height, "tray" if station.running is False else "card")
    if LOOKS[station.state]:
        canvas.glyph(x + 10, y + 10, LOOKS[station.state], 20)
    else:
        canvas.box(x + 11, y + 11, 18, 18, "tag", radius=5)
    canvas.words(x + 38, y + 25, station.title, size=13, look="bold", room=width - 46)
    note = "stopped" if station.running is False else station.within
    beside = height <= _BUS  # a low card has its note beside the title
    canvas.words(x + (120 if beside else 38), y + (25 if beside else 45), note, look="soft", room=width - 46)


def _draw_steps(canvas: Canvas, path: Path, top: float) -> None:
    for at, step in enumerate(path.steps):
        y = top + 16 + _STEP * at
        canvas.words(_EDGE + 18, y, f"{at + 1}.", look="soft", anchor="end")
        canvas.words(_EDGE + 26, y, f"{'✕ ' if step.state == 'failed' else ''}{step.title}", room=560)
        canvas.words(_WIDTH / 2 + 90, y, step.details[0] if step.details else "", look="soft", room=350)
        canvas.words(_WIDTH - _EDGE, y, offset(step, path), look="soft", anchor="end")
    if not path.steps:
        canvas.words(_EDGE, top + 16, "nothing has happened yet", look="soft")
