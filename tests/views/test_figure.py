"""The board and a decision as matplotlib figures say what their SVGs say."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest
from board_samples import believable, node, pod
from decision_samples import a_choice, nowhere

from gitopslab.errors import LabError
from gitopslab.views.board import board
from gitopslab.views.board_svg import board_svg, draw_board
from gitopslab.views.decision_svg import decision_svg, draw_decision
from gitopslab.views.figure import FigureCanvas, Plot
from gitopslab.views.palette import DARK, LIGHT, STATES

MARKS = {look.mark for look in STATES.values()}
BOARD = board(*believable(), cluster="lab")


def figure_of_board(*, dark: bool = False) -> Plot:
    canvas = FigureCanvas(dark=dark)
    return canvas.finish(*draw_board(canvas, BOARD), "words")


def words(plot: Plot) -> list[str]:
    return [text.get_text() for text in plot.figure.axes[0].texts if text.get_text() not in MARKS]


def words_in_svg(svg: str) -> list[str]:
    return [element.text or "" for element in ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]


def test_a_board_has_the_same_words_in_the_same_places() -> None:
    plot = figure_of_board()
    assert words(plot) == words_in_svg(board_svg(BOARD))
    svg = ElementTree.fromstring(board_svg(BOARD))
    inches = [float(svg.attrib[side]) / 100 for side in ("width", "height")]
    assert list(plot.figure.get_size_inches()) == pytest.approx(inches)


@pytest.mark.parametrize("found", [a_choice(), nowhere()], ids=["a choice", "nowhere"])
def test_a_decision_has_the_same_words(found: object) -> None:
    canvas = FigureCanvas()
    plot = canvas.finish(*draw_decision(canvas, found), "words")  # type: ignore[arg-type]
    assert words(plot) == words_in_svg(decision_svg(found))  # type: ignore[arg-type]


@pytest.mark.parametrize(("dark", "theme"), [(False, LIGHT), (True, DARK)])
def test_it_is_drawn_in_the_colours_of_its_theme(dark: bool, theme: dict[str, str]) -> None:
    from matplotlib.colors import to_hex

    faces = {to_hex(patch.get_facecolor()).upper() for patch in figure_of_board(dark=dark).figure.axes[0].patches}
    assert {theme["run"], theme["fail"], theme["page"]} <= faces


@pytest.mark.parametrize(("name", "begins"), [("b.pdf", b"%PDF"), ("b.svg", b"<?xml"), ("b.png", b"\x89PNG")])
def test_the_ending_of_the_name_says_what_is_written(name: str, begins: bytes, tmp_path: Path) -> None:
    assert figure_of_board().save(tmp_path / name).read_bytes().startswith(begins)


@pytest.mark.parametrize("name", ["b.docx", "no/such/folder/b.pdf"])
def test_a_file_that_cannot_be_written_is_an_error_that_says_so(name: str, tmp_path: Path) -> None:
    with pytest.raises(LabError, match="cannot be written"):
        figure_of_board().save(tmp_path / name)


def test_a_cell_shows_a_sharp_image_and_keeps_the_words() -> None:
    data, metadata = figure_of_board()._repr_mimebundle_()
    assert data["image/png"].startswith(b"\x89PNG")
    assert data["text/plain"] == "words"
    assert metadata == {"image/png": {"width": 940}}


def test_a_name_with_dollars_is_no_formula() -> None:
    canvas = FigureCanvas()
    plot = canvas.finish(*draw_board(canvas, board([node("a")], [pod("$x_1$", "a")])), "words")
    assert "$x_1$" in words(plot)
    plot._repr_mimebundle_()
