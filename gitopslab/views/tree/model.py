"""The parts of a tree, as data and as the message a widget draws."""

from __future__ import annotations

from dataclasses import dataclass

from gitopslab.views.message import Message
from gitopslab.views.news import News

COLUMNS = ("Source", "Reconciler", "Objects in Git", "What they own")
"""What the first columns hold; whatever is owned deeper has no heading of its own."""


@dataclass(frozen=True, slots=True)
class Mark(Message):
    """An answer to one of the two questions.

    Attributes:
        state: A mark of ``palette.STATES``; empty when the question is not asked of such an object.
        word: In the tool's own word where it has one.
        why: More about it.
    """

    state: str = ""
    word: str = ""
    why: str = ""


NOTHING = Mark()


@dataclass(frozen=True, slots=True)
class Card(Message):
    """One object, or several that are folded into one.

    Attributes:
        key: ``Kind/namespace/name``.
        parent: The key of the card it hangs on; empty for the source.
        kind: Its kind.
        name: Its name.
        short: What is left of it after the name of what it hangs on.
        namespace: Where it is.
        health: Whether it works.
        sync: Whether it is as in Git.
        count: How much of it there is, as in ``2/3`` or ``Rev:4``.
        fold: The key of the card that it is folded into; empty when it always shows.
        is_fold: Whether it stands for others.
        depth: How far from the source.
        row: Where it stands with every fold closed; -1 when it is folded.
        since: When it was made, in seconds since the epoch.
        differs: The fields that are not as in Git, as text.
        events: The last ones.
        command: That tells more.
    """

    key: str
    parent: str
    kind: str
    name: str
    short: str
    namespace: str
    health: Mark = NOTHING
    sync: Mark = NOTHING
    count: str = ""
    fold: str = ""
    is_fold: bool = False
    depth: int = 0
    row: int = -1
    since: float = 0.0
    differs: tuple[str, ...] = ()
    events: tuple[News, ...] = ()
    command: str = ""


@dataclass(frozen=True, slots=True)
class Tree(Message):
    """Everything that a Kustomization or an Application brings.

    Attributes:
        title: As in ``Kustomization flux-system/app``.
        tool: ``Flux`` or ``Argo CD``.
        cards: Each after the one it hangs on.
    """

    title: str
    tool: str
    cards: tuple[Card, ...] = ()

    @property
    def shown(self) -> list[Card]:
        """The cards with every fold closed."""
        return [card for card in self.cards if not card.fold]

    @property
    def size(self) -> int:
        """How many objects it holds, without the source and the reconciler."""
        return sum(card.depth > 1 and not card.is_fold for card in self.cards)
