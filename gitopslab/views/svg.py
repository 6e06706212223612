"""Shapes and text of a still drawing, in the palette of ``palette`` and in both themes.

Called by the drawings (``board_svg``); knows nothing of clusters. A drawing is one string of SVG that stands alone: the
themes follow the reader's system through a media query, the fonts are the reader's own, nothing is loaded.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol
from xml.sax.saxutils import escape, quoteattr

from gitopslab.machinery.language import drawn
from gitopslab.views.palette import DARK, LIGHT, STATES

SURFACES_LIGHT = {
    "back": "#F3F5F9",
    "line": "#D5DAE4",
    "faint": "#E8ECF3",
    "text": "#1A2233",
    "soft": "#566074",
    "load": "#5E7FB8",
}
SURFACES_DARK = {
    "back": "#0E1014",
    "line": "#343A46",
    "faint": "#262B35",
    "text": "#E9ECF2",
    "soft": "#A3ACBD",
    "load": "#6C93CF",
}
_FONTS = "system-ui,-apple-system,Segoe UI,Roboto,DejaVu Sans,sans-serif"
_WIDTH_OF_A_LETTER = 0.56  # of the font size, on the average of common sans-serif fonts


class Drawing(Protocol):
    """What a picture is drawn on: ``Canvas``, or ``figure.FigureCanvas``; places are pixels from the top left."""

    def box(self, x: float, y: float, width: float, height: float, look: str, *, radius: float = 8) -> None:
        """A rectangle in one of the looks below."""
        ...

    def words(
        self, x: float, y: float, text: str, *, size: float = 12, look: str = "text", room: float = 0, anchor: str = ""
    ) -> None:
        """A line of text with its baseline at ``y``, cut to ``room`` pixels."""
        ...

    def glyph(self, x: float, y: float, state: str, size: float = 20, *, round: bool = False) -> None:
        """The mark of a state: its shape in a square (or disc) of its colour."""
        ...


class Canvas:
    """Collects shapes and gives the finished SVG.

    Args:
        title: What the picture is, in a few words.
        description: What it shows, for those who do not see it.
        style: Rules for looks of its own, ``.gls-NAME``, in the colours ``var(--gls-…)``.
    """

    def __init__(self, title: str, description: str, style: str = "") -> None:
        self._title = title
        self._description = description
        self._style = style
        self._parts: list[str] = []

    def box(self, x: float, y: float, width: float, height: float, look: str, *, radius: float = 8) -> None:
        """A rectangle; ``look`` is one of the classes in the style sheet below."""
        size = f'width="{max(width, 0):g}" height="{height:g}" rx="{radius:g}"'
        self._parts.append(f'<rect class="gls-{look}" x="{x:g}" y="{y:g}" {size}/>')

    def path(self, d: str, look: str) -> None:
        """A line or an outline: SVG's own path commands."""
        self._parts.append(f'<path class="gls-{look}" d="{d}"/>')

    def words(
        self, x: float, y: float, text: str, *, size: float = 12, look: str = "text", room: float = 0, anchor: str = ""
    ) -> None:
        """A line of text with its baseline at ``y``, cut to ``room`` pixels."""
        said = drawn(text)
        shown = cut(said, room, size) if room else said
        end = f' text-anchor="{anchor}"' if anchor else ""
        self._parts.append(
            f'<text class="gls-{look}" x="{x:g}" y="{y:g}" font-size="{size:g}"{end}>{escape(shown)}</text>'
        )

    def glyph(self, x: float, y: float, state: str, size: float = 20, *, round: bool = False) -> None:
        """The mark of a state: its shape in a square (or disc) of its colour."""
        look = STATES[state]
        self.box(x, y, size, size, f"is-{look.colour}", radius=size / 2 if round else size * 0.27)
        inner = size * 0.82
        move = f"translate({x + (size - inner) / 2:g} {y + (size - inner) / 2:g}) scale({inner / 16:g})"
        strokes = f'<path class="gls-stroke" d="{look.stroke}"/>' if look.stroke else ""
        fills = f'<path class="gls-fill" d="{look.fill}"/>' if look.fill else ""
        self._parts.append(f'<g transform="{move}">{strokes}{fills}</g>')

    def finish(self, width: float, height: float) -> str:
        """The SVG of what was drawn so far."""
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label={quoteattr(self._title)} '
            f'viewBox="0 0 {width:g} {height:g}" width="{width:g}" height="{height:g}" '
            f'style="max-width:100%;height:auto" font-family="{_FONTS}">'
            f"<title>{escape(self._title)}</title><desc>{escape(self._description)}</desc>"
            f"<style>{_style()}{self._style}</style>{_HATCHING}{''.join(self._parts)}</svg>"
        )


def rounded(points: Sequence[tuple[float, float]], radius: float = 7) -> str:
    """Path commands for a line through points, with round corners."""
    d = f"M{points[0][0]:g} {points[0][1]:g}"
    for before, corner, after in zip(points, points[1:], points[2:], strict=False):
        enter, leave = _toward(corner, before, radius), _toward(corner, after, radius)
        d += f"L{enter[0]:g} {enter[1]:g}Q{corner[0]:g} {corner[1]:g} {leave[0]:g} {leave[1]:g}"
    return d + f"L{points[-1][0]:g} {points[-1][1]:g}"


def _toward(corner: tuple[float, float], point: tuple[float, float], most: float) -> tuple[float, float]:
    """A little way from a corner to a point, and never past half of it."""
    dx, dy = point[0] - corner[0], point[1] - corner[1]
    length = (dx * dx + dy * dy) ** 0.5
    share = min(most, length / 2) / length if length else 0.0
    return round(corner[0] + dx * share, 1), round(corner[1] + dy * share, 1)


def cut(text: str, room: float, size: float) -> str:
    """The text, or as much of it as fits ``room`` pixels with an ellipsis."""
    letters = int(room / (size * _WIDTH_OF_A_LETTER))
    return text if len(text) <= letters else text[: max(letters - 1, 1)].rstrip() + "…"


def wrapped(text: str, room: float, size: float) -> list[str]:
    """The text in lines of at most ``room`` pixels, broken between words."""
    letters = max(int(room / (size * _WIDTH_OF_A_LETTER)), 1)
    lines: list[str] = [""]
    for word in text.split():
        if lines[-1] and len(lines[-1]) + 1 + len(word) > letters:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return [line for line in lines if line]


_HATCHING = (
    '<defs><pattern id="gls-hatching" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
    '<rect class="gls-load" width="2.4" height="5"/></pattern></defs>'
)


def _style() -> str:
    fixed = (
        ".gls-stroke{fill:none;stroke:var(--gls-page);stroke-width:2.1;stroke-linecap:round;stroke-linejoin:round}"
        ".gls-fill{fill:var(--gls-page)}.gls-back{fill:var(--gls-back);stroke:var(--gls-line)}"
        ".gls-card{fill:var(--gls-page);stroke:var(--gls-line)}.gls-load{fill:var(--gls-load)}"
        ".gls-best{fill:var(--gls-page);stroke:var(--gls-run);stroke-width:2}"
        ".gls-cordoned{fill:none;stroke:var(--gls-pend);stroke-width:2;stroke-dasharray:5 4}"
        ".gls-tray{fill:none;stroke:var(--gls-line);stroke-width:1.5;stroke-dasharray:4 3}"
        ".gls-hatched{fill:url(#gls-hatching)}.gls-tag{fill:var(--gls-faint)}.gls-band{fill:var(--gls-soft)}"
        ".gls-text{fill:var(--gls-text)}.gls-soft{fill:var(--gls-soft)}"
        ".gls-bold{fill:var(--gls-text);font-weight:650}"
    )
    colours = "".join(f".gls-is-{name}{{fill:var(--gls-{name})}}" for name in LIGHT)
    light, dark = _variables(LIGHT | SURFACES_LIGHT), _variables(DARK | SURFACES_DARK)
    return f"svg{{{light}}}@media(prefers-color-scheme:dark){{svg{{{dark}}}}}{fixed}{colours}"


def _variables(colours: dict[str, str]) -> str:
    return "".join(f"--gls-{name}:{colour};" for name, colour in colours.items())
