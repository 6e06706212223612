"""A pipeline in words: for plain viewers, screen readers and tests. Reads a ``Pipeline`` and nothing else."""

from __future__ import annotations

from collections.abc import Iterator

from gitopslab.machinery.language import drawn
from gitopslab.views.palette import STATES
from gitopslab.views.pipeline import STATUSES, Card, Pipeline


def pipeline_text(pipeline: Pipeline) -> str:
    """The whole pipeline as lines of text."""
    return "\n".join(_lines(pipeline))


def summary(pipeline: Pipeline) -> str:
    """One line: what made it, and how it stands."""
    return f"{drawn(f'Pipeline for a {pipeline.title}')}: {drawn(pipeline.sentence)}"


def mark(status: str) -> str:
    """The character that stands for a status."""
    look = STATUSES.get(status, ("", ""))[0]
    return STATES[look].mark if look else "○"


def about(card: Card) -> str:
    """What is special about a job, in a few words."""
    needs = [drawn(f"needs {', '.join(card.needs) or 'nothing'}")] if card.needs is not None else []
    lasted = [f"{card.seconds:.1f} s"] if card.seconds is not None else []
    return " · ".join([*map(drawn, card.notes), *needs, *lasted])


def _lines(pipeline: Pipeline) -> Iterator[str]:
    yield summary(pipeline)
    for stage in pipeline.stages:
        yield f"  {stage.name}"
        for card in stage.jobs:
            yield f"    {mark(card.status)} {card.name}: {drawn(card.word)}  {about(card)}".rstrip()
    if pipeline.left_out:
        yield f"  {drawn('left out')}"
        yield from (f"    ○ {card.name}: {drawn(card.why)}" for card in pipeline.left_out)
