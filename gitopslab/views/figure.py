"""A still drawing as a matplotlib figure, for papers and slides.

``FigureCanvas`` takes the same calls as ``svg.Canvas``, so every picture that is drawn on the one can be drawn on the
other and looks the same. matplotlib is imported when a figure is finished, because that takes a second.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gitopslab.errors import LabError
from gitopslab.views.palette import DARK, LIGHT, STATES
from gitopslab.views.svg import SURFACES_DARK, SURFACES_LIGHT, cut

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_PIXELS_AN_INCH = 100.0
_POINTS_A_PIXEL = 72 / _PIXELS_AN_INCH
_NARROWER = 0.9  # matplotlib's own font is that much wider than what the pictures are laid out for
_SHARPNESS = 200

_FACES = {
    "back": "back", "card": "page", "best": "page", "load": "load", "tag": "faint", "band": "soft", "hatched": "page"
}  # fmt: skip
_EDGES: dict[str, tuple[str, float, str]] = {
    "back": ("line", 1, "-"),
    "card": ("line", 1, "-"),
    "best": ("run", 2, "-"),
    "cordoned": ("pend", 2, "--"),
    "tray": ("line", 1.5, "--"),
    "hatched": ("load", 0, "-"),
}


class FigureCanvas:
    """Collects shapes and gives the finished figure.

    Args:
        dark: In the dark theme.
    """

    def __init__(self, *, dark: bool = False) -> None:
        self._colours = {**(DARK if dark else LIGHT), **(SURFACES_DARK if dark else SURFACES_LIGHT)}
        self._shapes: list[Callable[[Axes], object]] = []

    def box(self, x: float, y: float, width: float, height: float, look: str, *, radius: float = 8) -> None:
        """A rectangle with round corners."""
        name, thick, style = _EDGES.get(look, ("", 0, "-"))
        face = look.removeprefix("is-") if look.startswith("is-") else _FACES.get(look, "")
        looks: dict[str, Any] = {
            "facecolor": self._colours[face] if face else "none",
            "edgecolor": self._colours[name] if name else "none",
            "linewidth": thick * _POINTS_A_PIXEL,
            "linestyle": style,
            "hatch": "//////" if look == "hatched" else None,
        }
        wide, high = max(width, 0.0), max(height, 0.0)

        def draw(axes: Axes) -> None:
            from matplotlib.patches import FancyBboxPatch

            corner = f"round,pad=0,rounding_size={min(radius, wide / 2, high / 2)}"
            axes.add_patch(FancyBboxPatch((x, y), wide, high, boxstyle=corner, **looks))

        if wide and high:
            self._shapes.append(draw)

    def words(
        self, x: float, y: float, text: str, *, size: float = 12, look: str = "text", room: float = 0, anchor: str = ""
    ) -> None:
        """A line of text with its baseline at ``y``, cut to ``room`` pixels."""
        shown = cut(text, room, size) if room else text
        weight = "bold" if look == "bold" else "normal"
        colour = self._colours["text" if look == "bold" else look]
        self._write(x, y, shown, size * _NARROWER, colour, weight, "right" if anchor == "end" else "left", "baseline")

    def glyph(self, x: float, y: float, state: str, size: float = 20, *, round: bool = False) -> None:
        """The mark of a state in a square (or disc) of its colour."""
        look = STATES[state]
        self.box(x, y, size, size, f"is-{look.colour}", radius=size / 2 if round else size * 0.27)
        page = self._colours["page"]
        self._write(x + size / 2, y + size * 0.52, look.mark, size * 0.68, page, "bold", "center", "center")

    def finish(self, width: float, height: float, text: str) -> Plot:
        """The figure of what was drawn so far; ``text`` says the same in words."""
        from matplotlib.figure import Figure

        figure = Figure(figsize=(width / _PIXELS_AN_INCH, height / _PIXELS_AN_INCH), facecolor="none")
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set_xlim(0, width)
        axes.set_ylim(height, 0)
        axes.set_axis_off()
        for draw in self._shapes:
            draw(axes)
        return Plot(figure, text)

    def _write(
        self, x: float, y: float, text: str, size: float, colour: str, weight: str, across: str, along: str
    ) -> None:
        looks: dict[str, Any] = {"color": colour, "fontweight": weight, "ha": across, "va": along}
        # a name may hold a dollar sign, which is no formula
        self._shapes.append(
            lambda axes: axes.text(x, y, text, fontsize=size * _POINTS_A_PIXEL, parse_math=False, **looks)
        )


@dataclass(frozen=True)
class Plot:
    """A figure with its words; a cell shows it, ``save`` writes it.

    Attributes:
        figure: The matplotlib figure, to do more with.
        text: The same in words.
    """

    figure: Figure
    text: str

    def save(self, path: str | Path) -> Path:
        """Write it to a file; the ending of its name says how, such as ``.pdf``, ``.svg`` or ``.png``.

        Raises:
            LabError: The file cannot be written, or nothing is known by that ending.
        """
        try:
            self.figure.savefig(path, dpi=_SHARPNESS)
        except (OSError, ValueError) as error:
            raise LabError(f"{path} cannot be written: {error}", 'end its name in ".pdf", ".svg" or ".png"') from error
        return Path(path)

    def __repr__(self) -> str:
        return self.text

    def _repr_mimebundle_(self, **_: Any) -> Any:
        image = BytesIO()
        self.figure.savefig(image, dpi=_SHARPNESS, format="png")
        width = int(self.figure.get_figwidth() * _PIXELS_AN_INCH)
        return {"text/plain": self.text, "image/png": image.getvalue()}, {"image/png": {"width": width}}
