"""The places of one namespace: its families from top to bottom, and below them the band.

Called by ``layout``. Who belongs to a family is left to ``families``, what is folded to ``folding``.
"""

from __future__ import annotations

from gitopslab.views.board import natural
from gitopslab.views.graph.card import revision_of
from gitopslab.views.graph.families import WORKLOADS, Family
from gitopslab.views.graph.folding import Fold, Folds
from gitopslab.views.graph.model import BAND, CARD, Heading
from gitopslab.views.graph.places import CORRIDOR, GAP, HEADING, PITCH, Place, Plan, ghost_of
from gitopslab.views.relations import Edge, Inventory, Missing, Ref

CHIPS_FROM = 6
"""More pods of one maker than this are chips: their glyphs, five beside each other in a box."""
_CHIP = (0.135, 0.62)  # width and height
_CHIPS_ACROSS, _CHIP_PITCH, _BOX_EDGE = 5, 0.7, 0.02


class Section:
    """One namespace, from its heading to its band."""

    def __init__(
        self,
        made: Plan,
        inventory: Inventory,
        edges: tuple[Edge, ...],
        missing: tuple[Missing, ...],
        folded: Folds,
        is_named: bool,
    ) -> None:
        self.made = made
        self.is_named = is_named
        self.inventory = inventory
        self.selected = {edge.source for edge in edges if edge.kind == "selects"}
        self.wanted = [each for each in missing if each.kind in ("selects", "binds")]
        self.absent = {each.wanted: each for each in missing if each.wanted.name and each.wanted not in inventory}
        self.folded = folded

    def draw(self, namespace: str, several: list[Family]) -> None:
        """Place all of it, below what is there."""
        if self.is_named:
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
        step = (CARD - width - 2 * _BOX_EDGE) / (_CHIPS_ACROSS - 1)
        for at, pod in enumerate(pods):
            x = 4 + _BOX_EDGE + at % _CHIPS_ACROSS * step
            y = top + 0.12 + at // _CHIPS_ACROSS * _CHIP_PITCH
            self.made.places[pod] = Place(round(x, 3), round(y, 3), width, height, "chip")
        tall = -(-len(pods) // _CHIPS_ACROSS) * _CHIP_PITCH + 0.16
        self.made.boxes[maker] = Place(4.0, round(top, 3), CARD, round(tall, 3), "box")
        return top + tall + PITCH - 1

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
        made.buses[namespace] = round(made.height + 0.4, 3)
        heads = {kind for kind, refs in columns.items() if refs} | ({BAND[4]} if columns[BAND[3]] else set())
        y = round(made.height + 0.5, 3)
        made.headings += [Heading(text, x, y, "band") for x, text in enumerate(BAND) if text in heads]
        top = round(made.height + 0.5 + HEADING, 3)
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
