"""Claims and volumes: which volume a claim has got, which class a volume comes from."""

from __future__ import annotations

from collections.abc import Iterator

from gitopslab.machinery.objects import Object, uid_of
from gitopslab.views.relations.inventory import Edge, Inventory, Missing, Ref


def links(inventory: Inventory) -> Iterator[Edge | Missing]:
    """The relations ``binds`` and ``provided``."""
    for ref, claim in inventory.items("PersistentVolumeClaim"):
        yield from _bound(inventory, ref, claim)
    for ref, volume in inventory.items("PersistentVolume"):
        yield from _class(inventory, ref, volume)
        yield from _left_alone(inventory, ref, volume)


def _bound(inventory: Inventory, ref: Ref, claim: Object) -> Iterator[Edge | Missing]:
    name = claim.get("spec", {}).get("volumeName") or ""
    volume = Ref("PersistentVolume", name)
    if volume in inventory:
        yield inventory.edge("binds", ref, volume)
        return
    yield from _class(inventory, ref, claim)
    if name:
        yield Missing("binds", ref, volume, f"its volume {name} does not exist")
    else:
        yield _unbound(inventory, ref, claim)


def _unbound(inventory: Inventory, ref: Ref, claim: Object) -> Missing:
    nothing = Ref("PersistentVolume", "")
    of = Ref("StorageClass", claim.get("spec", {}).get("storageClassName") or "")
    if not of.name:
        return Missing("binds", ref, nothing, "no volume fits it, and it names no StorageClass that could make one")
    if of in inventory and inventory[of].get("volumeBindingMode") == "WaitForFirstConsumer":
        return Missing("binds", ref, nothing, "gets its volume when the first pod that uses it has a node", False)
    return Missing("binds", ref, nothing, "has no volume yet", is_broken=False)


def _class(inventory: Inventory, ref: Ref, obj: Object) -> Iterator[Edge | Missing]:
    of = Ref("StorageClass", obj.get("spec", {}).get("storageClassName") or "")
    if of in inventory:
        yield inventory.edge("provided", ref, of)
    elif of.name and ref.kind == "PersistentVolumeClaim":
        # On a volume the name of a class may be no more than a label to match by.
        yield Missing("provided", ref, of, f"{of} does not exist")


def _left_alone(inventory: Inventory, ref: Ref, volume: Object) -> Iterator[Missing]:
    had = volume.get("spec", {}).get("claimRef") or {}
    claim = Ref("PersistentVolumeClaim", had.get("name") or "", had.get("namespace") or "")
    if not claim.name or Ref("Namespace", claim.namespace) not in inventory:
        return
    if claim not in inventory or (had.get("uid") and uid_of(inventory[claim]) != had["uid"]):
        reason = f"its claim {claim.namespace}/{claim.name} is gone, and nobody else gets it"
        yield Missing("binds", ref, claim, reason, is_broken=False)
