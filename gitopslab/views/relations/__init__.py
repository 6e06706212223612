"""What belongs to what: typed relations between the objects of a cluster, and the relations that are missing.

``related`` is the door, called by ``graph``; each module beside this one finds one kind of relation: pure functions
over an ``Inventory``. Where things are drawn is left to ``graph``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from gitopslab.machinery.objects import Object
from gitopslab.views.relations import mounts, ownership, placement, storage, traffic
from gitopslab.views.relations.inventory import KINDS, Edge, Inventory, Missing, Ref

__all__ = ["KINDS", "MEANINGS", "PASSIVE", "VERBS", "Edge", "Inventory", "Missing", "Ref", "related"]

MEANINGS = {
    "holds": "its namespace",
    "owns": "made it, and takes it along when it is deleted",
    "selects": "finds it by its labels",
    "routes": "sends it requests",
    "mounts": "reads it as a volume or as environment variables",
    "claims": "made it from its volume claim template; it stays when the other goes",
    "binds": "has got it for itself alone",
    "provided": "who makes volumes of its kind",
    "scheduled": "the node it runs on",
}
"""The relations, and what B is to A in ``A → B``."""

VERBS = {
    "holds": "holds", "owns": "owns", "selects": "selects", "routes": "routes to", "mounts": "mounts",
    "claims": "claims", "binds": "is bound to", "provided": "is provided by", "scheduled": "runs on",
}  # fmt: skip
"""What stands between A and B in a sentence."""

PASSIVE = {
    "holds": "is in", "owns": "is owned by", "selects": "is selected by", "routes": "gets requests from",
    "mounts": "is mounted by", "claims": "is claimed by", "binds": "is bound to", "provided": "provides",
    "scheduled": "runs",
}  # fmt: skip
"""What stands between B and A."""


def related(inventory: Inventory) -> tuple[tuple[Edge, ...], tuple[Missing, ...]]:
    """All relations, and those that somebody asks for and that are not there."""
    found: Iterable[Edge | Missing] = [
        link for find in (ownership, traffic, mounts, storage, placement) for link in find.links(inventory)
    ]
    edges, missing = [], []
    for link in found:
        if isinstance(link, Edge):
            edges.append(link)
        else:
            missing.append(link)
    return tuple(dict.fromkeys(edges)), tuple(dict.fromkeys(missing))


def inventory(objects: Mapping[str, Iterable[Object]], *, namespace: str = "", system: bool = False) -> Inventory:
    """The objects a graph is about.

    Args:
        objects: By plural, as ``KINDS``; others are left alone.
        namespace: Only this one's; cluster-wide objects stay when something in it needs them. Empty for all.
        system: Also what the cluster runs for itself.
    """
    return Inventory.of({kind: objects.get(kind, ()) for kind in KINDS}, namespace=namespace, system=system)
