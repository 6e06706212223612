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

from gitopslab.views.board import natural
from gitopslab.views.graph.families import families
from gitopslab.views.graph.folding import Folds, folds
from gitopslab.views.graph.model import BAND, COLUMNS, Heading
from gitopslab.views.graph.places import GAP, HEADING, PITCH, Place, Plan
from gitopslab.views.graph.section import Section
from gitopslab.views.relations import Edge, Inventory, Missing, Ref


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
        Section(made, inventory, edges, missing, folded, len(found) > 1).draw(namespace, several)
    gone = {each.wanted for each in missing if each.wanted.name and each.wanted not in inventory}
    _nodes(made, inventory, gone)
    _cluster_wide(made, inventory, gone)
    return made, folded


def _nodes(made: Plan, inventory: Inventory, gone: set[Ref]) -> None:
    every = {ref for ref in gone if ref.kind == "Node"} | set(inventory.refs("Node"))
    for at, ref in enumerate(sorted(every, key=lambda ref: natural(ref.name))):
        look = "ghost" if ref in gone else "card"
        made.places[ref] = Place(5.0, round(HEADING + GAP + at * PITCH, 3), look=look)
        made.height = max(made.height, made.places[ref].y + PITCH)


def _cluster_wide(made: Plan, inventory: Inventory, gone: set[Ref]) -> None:
    """Volumes that no claim stands beside, and classes: in the last band, or one of their own."""
    bands = [heading.y for heading in made.headings if heading.look == "band"]
    head = bands[-1] if bands else made.height + GAP
    top = head + HEADING
    taken = [place.y for place in made.places.values() if place.x == 4.0 and place.y >= top]
    y = max(taken, default=top - PITCH) + PITCH
    for ref in inventory.refs("PersistentVolume"):
        if ref not in made.places:
            made.places[ref] = Place(4.0, round(y, 3))
            y += PITCH
    classes = {ref for ref in gone if ref.kind == "StorageClass"} | set(inventory.refs("StorageClass"))
    for at, ref in enumerate(sorted(classes)):
        made.places[ref] = Place(5.0, round(top + at * PITCH, 3), look="ghost" if ref in gone else "card")
    texts = {heading.text for heading in made.headings if heading.y == head}
    wanted = {BAND[4]: y > top, BAND[5]: bool(classes)}
    made.headings += [
        Heading(text, float(BAND.index(text)), head, "band") for text in wanted if wanted[text] and text not in texts
    ]
    made.height = round(max([made.height, *(place.y + PITCH for place in made.places.values())]), 3)
