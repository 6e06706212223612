"""Who made what: owner references, the claims of a StatefulSet, and the namespace of what nobody made.

Upstream: a StatefulSet names its claims ``TEMPLATE-SET-ORDINAL`` and does not own them
(``pkg/controller/statefulset/stateful_set_utils.go``).
"""

from __future__ import annotations

from collections.abc import Iterator

from gitopslab.machinery.objects import owners_of, uid_of
from gitopslab.views.relations.inventory import Edge, Inventory, Missing, Ref

_MAKERS = frozenset({"CronJob", "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job", "Pod"})


def links(inventory: Inventory) -> Iterator[Edge | Missing]:
    """The relations ``owns``, ``claims`` and ``holds``."""
    for ref in inventory.refs():
        yield from _owners(inventory, ref)
    for ref in inventory.refs("StatefulSet"):
        yield from _claims(inventory, ref)


def _owners(inventory: Inventory, ref: Ref) -> Iterator[Edge | Missing]:
    owned = False
    for owner in owners_of(inventory[ref]):
        if owner.get("kind") not in _MAKERS:
            continue
        owned = True
        maker = Ref(owner["kind"], owner["name"], ref.namespace)
        if maker in inventory and uid_of(inventory[maker]) == owner.get("uid"):
            yield inventory.edge("owns", maker, ref)
        else:
            reason = f"its owner {maker} is gone, so the garbage collector will remove it"
            yield Missing("owns", ref, maker, reason, is_broken=False)
    home = Ref("Namespace", ref.namespace)
    if ref.namespace and not owned and home in inventory:
        yield inventory.edge("holds", home, ref)


def _claims(inventory: Inventory, maker: Ref) -> Iterator[Edge]:
    templates = inventory[maker].get("spec", {}).get("volumeClaimTemplates") or []
    stems = [f"{template.get('metadata', {}).get('name')}-{maker.name}-" for template in templates]
    for claim in inventory.refs("PersistentVolumeClaim"):
        same = claim.namespace == maker.namespace
        if same and any(claim.name.startswith(stem) and claim.name[len(stem) :].isdigit() for stem in stems):
            yield inventory.edge("claims", maker, claim)
