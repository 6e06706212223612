"""The colours stay apart for every eye; the style sheet and the drawings use exactly these."""

from __future__ import annotations

from importlib import resources
from itertools import combinations

import pytest

from gitopslab.views.palette import DARK, LIGHT, STATES

Vector = tuple[float, float, float]
Matrix = tuple[Vector, Vector, Vector]

# Machado, Oliveira and Fernandes 2009, severity 1, for linear RGB.
VISION: dict[str, Matrix] = {
    "normal": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protanopia": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deuteranopia": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)),
    "tritanopia": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.303900)),
}
_TO_XYZ: Matrix = (
    (0.4124564, 0.3575761, 0.1804375),
    (0.2126729, 0.7151522, 0.0721750),
    (0.0193339, 0.1191920, 0.9503041),
)
_WHITE = (0.95047, 1.0, 1.08883)


def linear(colour: str) -> Vector:
    shares = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in shares)
    return red, green, blue


def times(matrix: Matrix, vector: Vector) -> Vector:
    first, second, third = (sum(a * b for a, b in zip(row, vector, strict=True)) for row in matrix)
    return first, second, third


def lab(rgb: Vector) -> Vector:
    clipped = tuple(min(max(share, 0.0), 1.0) for share in rgb)
    x, y, z = (
        share ** (1 / 3) if share > 216 / 24389 else (24389 / 27 * share + 16) / 116
        for share in (a / b for a, b in zip(times(_TO_XYZ, clipped), _WHITE, strict=True))  # type: ignore[arg-type]
    )
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def distance(one: str, other: str, vision: str) -> float:
    """CIE76, as an eye with this vision sees two colours."""
    seen = [lab(times(VISION[vision], linear(colour))) for colour in (one, other)]
    return sum((a - b) ** 2 for a, b in zip(*seen, strict=True)) ** 0.5


def contrast(one: str, other: str) -> float:
    low, high = sorted(times(_TO_XYZ, linear(colour))[1] for colour in (one, other))
    return (high + 0.05) / (low + 0.05)


def states_of(theme: dict[str, str]) -> dict[str, str]:
    return {name: colour for name, colour in theme.items() if name != "page"}


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("vision", VISION)
def test_any_two_states_look_different(theme: dict[str, str], vision: str) -> None:
    pairs = combinations(states_of(theme).items(), 2)
    close = [(a, b, distance(x, y, vision)) for (a, x), (b, y) in pairs if distance(x, y, vision) < 30]
    assert close == []


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_each_state_stands_out_from_its_page(theme: dict[str, str]) -> None:
    pale = {name: contrast(colour, theme["page"]) for name, colour in states_of(theme).items()}
    assert {name: found for name, found in pale.items() if found < 3} == {}


def test_measuring_tells_colours_apart_that_kube_ops_view_has_too_close() -> None:
    assert distance("#AAFFAA", "#FFFFAA", "protanopia") < 10
    assert contrast("#FFFFFF", "#000000") == pytest.approx(21, abs=0.1)


def test_no_two_states_share_a_shape() -> None:
    assert len({(look.stroke, look.fill) for look in STATES.values()}) == len(STATES)
    assert len({look.mark for look in STATES.values()}) == len(STATES)
    assert {look.colour for look in STATES.values()} <= set(LIGHT)


@pytest.mark.parametrize("name", LIGHT)
def test_the_style_sheet_has_these_colours(name: str) -> None:
    sheet = (resources.files("gitopslab.widgets") / "static" / "kit.css").read_text(encoding="utf-8")
    assert f"--gl-{name}: light-dark({LIGHT[name]}, {DARK[name]});" in sheet
