"""Several objects in one card, when there are so many that nobody could read them.

Called by ``graph.layout``. What is broken is never folded, and every fold says how many it holds.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from gitopslab.machinery.objects import Object
from gitopslab.views.graph.card import BROKEN, revision_of, words_of
from gitopslab.views.graph.families import Family
from gitopslab.views.relations import Inventory, Missing, Ref

MOST_ITEMS = 150
"""Beyond so many, what is well is folded by owner."""


@dataclass(frozen=True, slots=True)
class Fold:
    """Objects of one kind in one card.

    Attributes:
        maker: Whose they are.
        refs: Which.
        title: What the card is called.
        word: How they are.
    """

    maker: Ref
    refs: tuple[Ref, ...]
    title: str
    word: str = "all well"

    @property
    def kind(self) -> str:
        """Their kind."""
        return self.refs[0].kind


@dataclass(frozen=True, slots=True)
class Folds:
    """What is folded: pods by who made them, older ReplicaSets by their Deployment, whole families by their kind."""

    pods: dict[Ref, Fold]
    older: dict[Ref, Fold]
    families: tuple[Fold, ...]

    @property
    def hidden(self) -> frozenset[Ref]:
        """Everything that has no card of its own."""
        every = (*self.pods.values(), *self.older.values(), *self.families)
        return frozenset(ref for fold in every for ref in fold.refs)


def folds(inventory: Inventory, families: Iterable[Family], missing: Iterable[Missing]) -> Folds:
    """What to fold so that the rest can be read."""
    several = list(families)
    broken = {each.source for each in missing if each.is_broken}
    broken |= {ref for ref, obj in inventory.items() if words_of(ref.kind, obj).state in BROKEN}
    older = {family.root: fold for family in several if (fold := _older(inventory, family))}
    count = len(inventory.refs())
    if count <= MOST_ITEMS:
        return Folds({}, older, ())
    pods = _by_owner(several, broken)
    count -= sum(len(fold.refs) - 1 for fold in pods.values())
    return Folds(pods, older, _whole(several, broken) if count > MOST_ITEMS else ())


def is_empty(obj: Object) -> bool:
    """Whether a ReplicaSet neither has nor wants pods: an older revision, kept to go back to."""
    return not obj.get("spec", {}).get("replicas", 1) and not obj.get("status", {}).get("replicas")


def _older(inventory: Inventory, family: Family) -> Fold | None:
    sets = [ref for ref in family.groups if ref.kind == "ReplicaSet" and ref != family.root]
    newest = max(sets, key=lambda ref: revision_of(inventory[ref]), default=None)
    empty = tuple(ref for ref in sets if ref != newest and is_empty(inventory[ref]))
    return Fold(family.root, empty, f"{len(empty)} older", "0 replicas, kept to undo") if len(empty) > 1 else None


def _by_owner(families: list[Family], broken: set[Ref]) -> dict[Ref, Fold]:
    found = {}
    for family in families:
        for maker, pods in family.groups.items():
            well = tuple(pod for pod in pods if pod not in broken)
            if len(well) > 1:
                found[maker] = Fold(maker, well, f"{len(well)} pods")
    return found


def _whole(families: list[Family], broken: set[Ref]) -> tuple[Fold, ...]:
    well: dict[tuple[str, str], list[Family]] = {}
    for family in families:
        if broken.isdisjoint(family.refs):
            well.setdefault((family.root.namespace, family.root.kind), []).append(family)
    return tuple(
        Fold(several[0].root, tuple(ref for family in several for ref in dict.fromkeys(family.refs)), _title(several))
        for several in well.values()
        if len(several) > 1
    )


def _title(several: list[Family]) -> str:
    pods = sum(len(pods) for family in several for pods in family.groups.values())
    kind = several[0].root.kind
    plural = "Ingresses" if kind == "Ingress" else f"{kind}s"
    return f"{len(several)} {plural}" + (f", {pods} pods" if pods and kind != "Pod" else "")
