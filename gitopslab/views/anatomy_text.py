"""The anatomy in words. Called by its widget; reads an ``Anatomy`` and nothing else."""

from __future__ import annotations

from collections.abc import Iterator

from gitopslab.machinery.language import drawn
from gitopslab.views.anatomy import SIZES, Anatomy, Body
from gitopslab.views.palette import STATES
from gitopslab.views.words import counted


def anatomy_text(anatomy: Anatomy) -> str:
    """The whole anatomy as lines of text."""
    return "\n".join(_lines(anatomy))


def summary(anatomy: Anatomy) -> str:
    """One line: how many nodes of which sort."""
    control = sum(body.control_plane for body in anatomy.nodes)
    return drawn(f"{control} control plane, {len(anatomy.nodes) - control} workers")


def _lines(anatomy: Anatomy) -> Iterator[str]:
    yield f"{drawn('Anatomy')}: {summary(anatomy)}"
    if anatomy.note:
        yield drawn(anatomy.note)
    for body in anatomy.nodes:
        yield from _node(body)
    yield drawn("A model: what becomes of a control plane that loses nodes")
    for size, outcomes in zip(SIZES, anatomy.outcomes, strict=True):
        for lost, outcome in enumerate(outcomes):
            nodes = drawn("control nodes" if size > 1 else "control node")
            yield f"  {size} {nodes}, {lost} {drawn('lost')}: {drawn(outcome.title)}"


def _node(body: Body) -> Iterator[str]:
    sort = "control plane" if body.control_plane else "worker"
    yield f"{body.name}  {sort}, {'Ready' if body.ready else 'NotReady'}, {drawn(counted(body.others, 'other pod'))}"
    for organ in (*body.control, *body.every):
        yield f"  {STATES[organ.state].mark} {drawn(organ.title)} ({organ.status}): {drawn(organ.role)}"
