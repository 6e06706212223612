"""Where cards stand: places, the plan they make up, and the names of cards.

Made by ``layout``, read by ``routes`` and ``graph``. Units are those of ``model``.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from gitopslab.views.graph.folding import Fold
from gitopslab.views.graph.model import CARD, Heading
from gitopslab.views.relations import Missing, Ref

PITCH = 1.25
CORRIDOR = 0.64  # above a family that Services lead to; their selector is written there
GAP = 0.3
HEADING = 0.68


@dataclass(frozen=True, slots=True)
class Place:
    """Where a card stands, and how it looks."""

    x: float
    y: float
    width: float = CARD
    height: float = 1.0
    look: str = "card"

    @property
    def right(self) -> float:
        """Its right edge."""
        return self.x + self.width

    def at(self, share: float) -> float:
        """A height on its edge: 0 is the top, 1 the bottom."""
        return round(self.y + share * self.height, 3)


@dataclass(slots=True)
class Plan:
    """All places.

    Attributes:
        places: Of objects, ghosts included.
        folds: Of folded ones.
        boxes: The box around the chips of a maker, to which lines about all of them lead.
        corridors: The height of the corridor above each family, by the refs of the family.
        buses: The height above the band of each namespace, where lines to it run.
    """

    places: dict[Ref, Place] = field(default_factory=dict)
    folds: list[tuple[Fold, Place]] = field(default_factory=list)
    boxes: dict[Ref, Place] = field(default_factory=dict)
    corridors: dict[Ref, float] = field(default_factory=dict)
    buses: dict[str, float] = field(default_factory=dict)
    headings: list[Heading] = field(default_factory=list)
    height: float = 0.0


def ghost_of(each: Missing) -> Ref:
    """What stands in the place of something that is missing; without a name it is the asker's own."""
    wanted = each.wanted
    return wanted if wanted.name else Ref(wanted.kind, "", f"{each.source.namespace}/{each.source.name}")


def key_of(ref: Ref) -> str:
    """A card's key: ``Deployment/web`` in the namespace ``demo`` is ``Deployment/demo/web``."""
    return "/".join((ref.kind, ref.namespace, ref.name))
