"""A tree in words, with every fold closed. Reads a ``Tree`` and nothing else."""

from __future__ import annotations

from collections.abc import Iterator

from gitopslab.machinery.language import drawn
from gitopslab.views.palette import STATES
from gitopslab.views.tree.model import Card, Mark, Tree


def tree_text(tree: Tree) -> str:
    """All of it as lines of text: health, then sync, of each object."""
    return "\n".join([summary(tree), *_lines(tree)])


def summary(tree: Tree) -> str:
    """One line: what is shown, and how much of it is not well."""
    inner = [card for card in tree.cards if card.depth > 1 and not card.is_fold]
    ill = sum(card.health.state == "failed" for card in inner)
    out = sum(card.sync.state == "notready" for card in inner)
    rest = [drawn(f"{ill} failing") if ill else "", drawn(f"{out} not as in Git") if out else ""]
    return ", ".join(
        filter(None, [f"{tree.title}{f' ({tree.tool})' if tree.tool else ''}: {drawn(f'{tree.size} objects')}", *rest])
    )


def marked(mark: Mark) -> str:
    """A mark with its word; empty when the question is not asked."""
    sign = STATES[mark.state].mark if mark.state else ""
    return f"{sign} {drawn(mark.word)}".strip()


def card_words(card: Card) -> str:
    """One card: its kind, its name, how much there is of it, health and sync."""
    title = drawn(card.name) if card.is_fold else f"{card.kind} {card.name}"
    return " · ".join(filter(None, (f"{title} {card.count}".rstrip(), marked(card.health), marked(card.sync))))


def _lines(tree: Tree) -> Iterator[str]:
    for card in tree.shown:
        yield f"{'  ' * card.depth}{card_words(card)}"
        if card.health.why and card.health.state != "ready":
            yield f"{'  ' * card.depth}    {drawn(card.health.why)}"
        yield from (f"{'  ' * card.depth}    ≠ {each}" for each in card.differs)
