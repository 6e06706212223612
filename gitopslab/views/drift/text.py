"""A drift in words: the fields that differ, object by object. Reads a ``Drift`` and nothing else."""

from __future__ import annotations

from collections.abc import Iterator

from gitopslab.machinery.language import drawn
from gitopslab.views.drift.model import STATES as LOOKS
from gitopslab.views.drift.model import Compared, Drift, Row
from gitopslab.views.palette import STATES


def drift_text(drift: Drift) -> str:
    """All of it as lines of text; of what is the same only how much there is."""
    return "\n".join([summary(drift), *_lines(drift)])


def summary(drift: Drift) -> str:
    """One line: what was compared, and what came of it."""
    commit = f" {drawn('at')} {drift.commit[:8]}" if drift.commit else ""
    return f"{drift.title}{f' ({drift.tool})' if drift.tool else ''}{commit}: {drawn(drift.sentence)}"


def values(row: Row) -> str:
    """A field on both sides: what Git says, then what is live."""
    if not row.path:
        return drawn("is not in the cluster" if row.state == "missing" else "is not in Git")
    git = row.git if row.state != "extra" else drawn("nothing")
    live = row.live if row.state != "missing" else drawn("nothing")
    return f"{git} in Git, {live} live"


def equal_words(compared: Compared) -> str:
    """How many fields of an object are the same."""
    count = len(compared.rows) - len(compared.differences)
    return drawn(f"{count} field as in Git" if count == 1 else f"{count} fields as in Git")


def _lines(drift: Drift) -> Iterator[str]:
    for each in drift.objects:
        mark = STATES["notready" if each.drifted else "ready"].mark
        yield f"{mark} {each.key}: {equal_words(each)}"
        for row in each.differences:
            owner = ", " + drawn(f"set by {', '.join(row.owners)}") if row.owners else ""
            field = row.path or drawn("the object")
            yield f"    {STATES[LOOKS[row.state][0]].mark} {field}: {values(row)}{owner} · {drawn(row.outlook)}"
