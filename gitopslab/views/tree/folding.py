"""What of many is folded into one card: old ReplicaSets, and of many of a kind those that are as they should be. Pure.

Called by ``tree`` with branches: a card, and all that hangs on it. What is broken always shows.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace

from gitopslab.views.tree.model import Card, Mark

MOST_OF_A_KIND, FEW = 6, 2
"""How many of a kind show beside each other; the second where there are ``MANY`` objects in all."""
MANY = 20


def folded(branches: Sequence[list[Card]], parent: str) -> Iterator[Card]:
    """All cards of these branches, and a card for those of a kind that are folded."""
    several: dict[str, list[list[Card]]] = defaultdict(list)
    for branch in branches:
        several[branch[0].kind].append(branch)
    for kind, alike in several.items():
        shut = _shut(alike, FEW if len(branches) > MANY else MOST_OF_A_KIND)
        fold = f"{parent}>{kind}"
        for branch in alike:
            inside = fold if branch[0].key in shut else ""
            yield from (replace(card, fold=card.fold or inside) for card in branch)
        if shut:
            yield _fold(fold, parent, [branch[0] for branch in alike if branch[0].key in shut])


def _shut(alike: Sequence[list[Card]], most: int) -> set[str]:
    """The keys of those that are folded."""
    old = [branch for branch in alike if _is_old(branch[0])]
    left = [branch for branch in alike if not _is_old(branch[0])]
    well = [branch for branch in left if all(map(_is_well, branch))]
    hidden = old + (well[most - 1 :] if len(left) > most else [])
    return {branch[0].key for branch in hidden}


def _fold(fold: str, parent: str, cards: Sequence[Card]) -> Card:
    old = all(map(_is_old, cards))
    mark = Mark("succeeded", "scaled to 0") if old else Mark("ready", "all are well")
    first, count = cards[0], len(cards)
    name = f"{count} {'old' if old else 'more'} {first.kind}{'s' if count > 1 else ''}"
    return Card(fold, parent, first.kind, name, name, first.namespace, health=mark, is_fold=True, depth=first.depth)


def _is_old(card: Card) -> bool:
    return card.kind == "ReplicaSet" and card.count.endswith("0/0")


def _is_well(card: Card) -> bool:
    return card.health.state in ("", "ready") and card.sync.state in ("", "ready", "succeeded")
