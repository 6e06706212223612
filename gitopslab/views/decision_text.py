"""A scheduling decision as text, for plain viewers, screen readers and tests.

Reads an ``Explained`` and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gitopslab.machinery.language import drawn
from gitopslab.views.decision import Explained, Row
from gitopslab.views.grid import Grid
from gitopslab.views.palette import STATES

GLYPHS = {"chosen": "ready", "fits": "running", "out": "failed", "unseen": "pending"}
"""The state of ``palette.STATES`` whose glyph stands for a verdict."""
WORDS = {"chosen": "chosen", "fits": "fits", "out": "refused", "unseen": "not looked at", "new": "not there"}


def decision_text(found: Explained) -> str:
    """The whole decision as lines of text: the outcome, a row a node, and the event's own words."""
    return "\n".join(_lines(found.for_a_picture()))


def verdict_words(row: Row) -> str:
    """A node's verdict in a word or two, with what it was before a change in thought."""
    told = drawn(WORDS[row.state]) + (f", {drawn('runs here')}" if row.is_here else "")
    return f"{told}, {drawn('was')} {drawn(WORDS[row.was])}" if row.was else told


def why_words(row: Row, scorers: Sequence[str]) -> str:
    """Why a node got its verdict; of the scores those of ``scorers``."""
    if row.state == "out":
        detail = drawn(row.detail)
        return f"{row.plugin}: {detail}" if row.plugin else detail
    if row.state == "unseen":
        return drawn("enough other nodes were found before")
    scores = [f"{score.plugin} {score.total}" for score in row.scores if score.plugin in scorers]
    return ", ".join(scores) or drawn("it is the only one left")


def _lines(found: Explained) -> Iterator[str]:
    yield drawn(f"pod {found.pod} asks for {found.asks}")
    for change in found.changes:
        yield drawn(f"what if: {change}")
    yield drawn(found.headline)
    if found.rows:
        yield ""
        yield _table(found).text()
    if found.folded:
        yield drawn(found.folded)
    if found.message:
        yield ""
        yield found.message
    if found.said:
        yield drawn(f"The cluster's scheduler last said: {found.said}")


def _table(found: Explained) -> Grid:
    scored = any(row.scores for row in found.rows)
    columns = tuple(map(drawn, ("node", "verdict", *(("points",) if scored else ()), "why")))
    rows = []
    for row in found.rows:
        points = (str(row.total) if row.scores else "",) if scored else ()
        rows.append(
            (row.node, f"{STATES[GLYPHS[row.state]].mark} {verdict_words(row)}", *points, why_words(row, found.scorers))
        )
    return Grid(columns, tuple(rows))
