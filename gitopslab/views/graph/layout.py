"""Where every card of the graph stands.

Called by ``graph.graph``. The column is a function of the kind, the row of the family and the name, never of when an
object came or how it is. From top to bottom a namespace has a heading, its families (``families``), each with a
corridor above it for the lines of Services, and a band with configuration and storage::

    Ingress   Service   Workload   ReplicaSet, Job   Pod   Node        <- COLUMNS
    ConfigMap Secret               claim            volume class       <- BAND

Which lines connect them is left to ``routes``, what a card says to ``card``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from gitopslab.views.board import natural
from gitopslab.views.graph.card import revision_of
from gitopslab.views.graph.families import WORKLOADS, Family, families
from gitopslab.views.graph.folding import Fold, Folds, folds
from gitopslab.views.graph.model import BAND, CARD, COLUMNS, Heading
from gitopslab.views.relations import Edge, Inventory, Missing, Ref

PITCH = 1.28
CORRIDOR = 0.62  # above a family that Services lead to; their selector is written there
GAP = 0.3
HEADING = 0.75
CHIPS_FROM = 6
"""More pods of one maker than this are small chips, two beside each other."""
_CHIP = (0.375, 0.72)  # width and height
_CHIP_PITCH = 0.82


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
        home: Which place stands for an object; that of its fold when it has none of its own.
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


def plan(
    inventory: Inventory, edges: tuple[Edge, ...], missing: tuple[Missing, ...], namespaces: Iterable[str]
) -> tuple[Plan, Folds]:
    """The places of everything."""
    made = Plan()
    found = {namespace: families(inventory, edges, namespace) for namespace in namespaces}
    folded = folds(inventory, [family for several in found.values() for family in several], missing)
    made.headings += [Heading(text, x, 0.0) for x, text in enumerate(COLUMNS)]
    made.height = HEADING
    for namespace, several in found.items():
        _Section(made, inventory, edges, missing, folded).draw(namespace, several)
    gone = {each.wanted for each in missing if each.wanted.name and each.wanted not in inventory}
    _nodes(made, inventory, gone)
    _cluster_wide(made, inventory, gone)
    return made, folded


class _Section:
    """One namespace, from its heading to its band."""

    def __init__(
        self, made: Plan, inventory: Inventory, edges: tuple[Edge, ...], missing: tuple[Missing, ...], folded: Folds
    ) -> None:
        self.made = made
        self.inventory = inventory
        self.selected = {edge.source for edge in edges if edge.kind == "selects"}
        self.wanted = [each for each in missing if each.kind in ("selects", "binds")]
        self.absent = {each.wanted: each for each in missing if each.wanted.name and each.wanted not in inventory}
        self.folded = folded

    def draw(self, namespace: str, several: list[Family]) -> None:
        """Place all of it, below what is there."""
        if namespace:
            self._name(namespace)
        whole = {ref for fold in self.folded.families for ref in fold.refs}
        for fold in self.folded.families:
            if fold.maker.namespace == namespace:
                self._whole(fold)
        for family in several:
            if family.root not in whole:
                self._family(family)
        self._lost_services(namespace)
        self._band(namespace)

    def _name(self, namespace: str) -> None:
        self.made.headings.append(Heading(namespace, 0.0, self.made.height, "namespace"))
        self.made.height += HEADING

    def _whole(self, fold: Fold) -> None:
        column = 2 if fold.kind in WORKLOADS else 1
        self.made.folds.append((fold, Place(float(column), self.made.height, look="fold")))
        self.made.height += PITCH

    def _family(self, family: Family) -> None:
        made = self.made
        led_to = any(service in self.selected for service in family.services)
        top = made.height + (CORRIDOR if led_to else GAP)
        for ref in family.refs:
            made.corridors[ref] = round(made.height + CORRIDOR / 2, 3)
        bottoms = [self._stack(family.ingresses, 0, top), self._stack(family.services, 1, top), self._body(family, top)]
        made.height = round(max(bottoms), 3)

    def _stack(self, refs: list[Ref], column: int, top: float) -> float:
        for at, ref in enumerate(refs):
            self.made.places[ref] = Place(float(column), round(top + at * PITCH, 3))
        return top + len(refs) * PITCH

    def _body(self, family: Family, top: float) -> float:
        root, y = family.root, top
        if root.kind in WORKLOADS:
            self.made.places[root] = Place(2.0, top)
            y = top + PITCH
        older = self.folded.older.get(root)
        gone = set(older.refs) if older else set()
        at = top
        for maker in sorted(family.groups, key=self._order):
            if maker not in gone:
                at = self._group(maker, family.groups[maker], at)
        if older:
            self.made.folds.append((older, Place(3.0, at, look="fold")))
            at += PITCH
        ghosts = [each for each in self.wanted if each.kind == "selects" and each.source in family.services]
        if ghosts and not any(family.groups.values()):
            self._nobody(ghosts[0], root.kind in WORKLOADS, top)
        return max(y, at)

    def _nobody(self, each: Missing, has_body: bool, y: float) -> None:
        """In the place of the pods that a Service does not find."""
        x = 4.0 if has_body else 2.0
        self.made.places[ghost_of(each)] = Place(x, y, round(4 + CARD - x, 3), look="ghost")

    def _order(self, maker: Ref) -> tuple[object, ...]:
        """The newest revision first; then the newest Job, whose name ends in its time."""
        return (-revision_of(self.inventory[maker]), natural(maker.name))

    def _group(self, maker: Ref, pods: list[Ref], top: float) -> float:
        made = self.made
        if maker.kind in ("ReplicaSet", "Job"):
            made.places[maker] = Place(3.0, round(top, 3))
        y = top
        fold = self.folded.pods.get(maker)
        if fold:
            made.folds.append((fold, Place(4.0, round(y, 3), look="fold")))
            y += PITCH
            pods = [pod for pod in pods if pod not in fold.refs]
        y = self._chips(maker, pods, y) if len(pods) > CHIPS_FROM else self._stack(pods, 4, y)
        return max(y, top + PITCH if maker.kind in ("ReplicaSet", "Job") else top)

    def _chips(self, maker: Ref, pods: list[Ref], top: float) -> float:
        width, height = _CHIP
        for at, pod in enumerate(pods):
            x, y = 4 + at % 2 * (CARD - width), top + at // 2 * _CHIP_PITCH
            self.made.places[pod] = Place(round(x, 3), round(y, 3), width, height, "chip")
        rows = -(-len(pods) // 2)
        self.made.boxes[maker] = Place(4.0, round(top, 3), CARD, round(rows * _CHIP_PITCH - 0.1, 3), "box")
        return top + rows * _CHIP_PITCH + PITCH - 1

    def _lost_services(self, namespace: str) -> None:
        """Services that an Ingress names and that do not exist."""
        refs = sorted(ref for ref in self.absent if ref.kind == "Service" and ref.namespace == namespace)
        for ref in refs:
            self.made.places[ref] = Place(1.0, round(self.made.height + GAP, 3), look="ghost")
            self.made.height += PITCH + GAP

    def _band(self, namespace: str) -> None:
        made = self.made
        columns = {kind: self._kept(kind, namespace) for kind in ("ConfigMap", "Secret", "PersistentVolumeClaim")}
        if not any(columns.values()):
            return
        made.buses[namespace] = round(made.height + 0.22, 3)
        made.headings += [Heading(text, x, made.height + 0.36, "band") for x, text in enumerate(BAND) if text]
        top = round(made.height + 0.36 + HEADING, 3)
        bottoms = [top]
        for kind, refs in columns.items():
            for at, ref in enumerate(refs):
                look = "card" if ref in self.inventory else "ghost"
                made.places[ref] = Place(float(BAND.index(kind)), round(top + at * PITCH, 3), look=look)
            bottoms.append(top + len(refs) * PITCH)
        for ref in columns["PersistentVolumeClaim"]:
            self._volume_of(ref)
        made.height = round(max(bottoms), 3)

    def _kept(self, kind: str, namespace: str) -> list[Ref]:
        absent = {ref for ref in self.absent if ref.kind == kind and ref.namespace == namespace}
        return sorted(absent | {ref for ref in self.inventory.refs(kind) if ref.namespace == namespace})

    def _volume_of(self, claim: Ref) -> None:
        """Beside a claim: its volume, or a ghost in the place of one."""
        if claim not in self.inventory:
            return
        y = self.made.places[claim].y
        volume = Ref("PersistentVolume", self.inventory[claim].get("spec", {}).get("volumeName") or "")
        if volume in self.inventory:
            self.made.places[volume] = Place(4.0, y)
        for each in self.wanted:
            if each.source == claim and each.kind == "binds":
                self.made.places[ghost_of(each)] = Place(4.0, y, look="ghost")


def ghost_of(each: Missing) -> Ref:
    """What stands in the place of something that is missing; without a name it is the asker's own."""
    wanted = each.wanted
    return wanted if wanted.name else Ref(wanted.kind, "", f"{each.source.namespace}/{each.source.name}")


def _nodes(made: Plan, inventory: Inventory, gone: set[Ref]) -> None:
    every = {ref for ref in gone if ref.kind == "Node"} | set(inventory.refs("Node"))
    for at, ref in enumerate(sorted(every, key=lambda ref: natural(ref.name))):
        look = "ghost" if ref in gone else "card"
        made.places[ref] = Place(5.0, round(HEADING + GAP + at * PITCH, 3), look=look)
        made.height = max(made.height, made.places[ref].y + PITCH)


def _cluster_wide(made: Plan, inventory: Inventory, gone: set[Ref]) -> None:
    """Volumes that no claim stands beside, and classes: in the last band, or one of their own."""
    bands = [heading.y for heading in made.headings if heading.look == "band"]
    top = bands[-1] + HEADING if bands else made.height + GAP
    taken = [place.y for place in made.places.values() if place.x == 4.0 and place.y >= top]
    y = max(taken, default=top - PITCH) + PITCH
    for ref in inventory.refs("PersistentVolume"):
        if ref not in made.places:
            made.places[ref] = Place(4.0, round(y, 3))
            y += PITCH
    classes = {ref for ref in gone if ref.kind == "StorageClass"} | set(inventory.refs("StorageClass"))
    for at, ref in enumerate(sorted(classes)):
        made.places[ref] = Place(5.0, round(top + at * PITCH, 3), look="ghost" if ref in gone else "card")
    made.height = round(max([made.height, *(place.y + PITCH for place in made.places.values())]), 3)
