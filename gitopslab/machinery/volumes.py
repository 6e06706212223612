"""Which volume suits which claim (``component-helpers/storage/volume``).

The scheduler asks it for claims that wait for their first consumer, the volume binder for all others. Holds no state.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from gitopslab.machinery import quantity
from gitopslab.machinery.node_selector import NodeSelectorTerm, selector_terms
from gitopslab.machinery.objects import Object, annotations_of, is_terminating, labels_of, name_of, namespace_of, uid_of
from gitopslab.machinery.selectors import from_label_selector

BIND_COMPLETED = "pv.kubernetes.io/bind-completed"
BOUND_BY_CONTROLLER = "pv.kubernetes.io/bound-by-controller"
SELECTED_NODE = "volume.kubernetes.io/selected-node"
NO_PROVISIONER = "kubernetes.io/no-provisioner"
_CLASS = "volume.beta.kubernetes.io/storage-class"
_DEFAULT = ("storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class")


def class_of(obj: Object) -> str:
    """The storage class of a claim or a volume; the old annotation wins, empty means none."""
    name: str = annotations_of(obj).get(_CLASS) or (obj.get("spec") or {}).get("storageClassName") or ""
    return name


def default_class(classes: Iterable[Object]) -> str:
    """The class of claims that name none: of those marked as default the newest; empty when none is."""
    marked = [found for found in classes if any(annotations_of(found).get(key) == "true" for key in _DEFAULT)]
    newest = max((found["metadata"].get("creationTimestamp", "") for found in marked), default="")
    return min((name_of(found) for found in marked if found["metadata"].get("creationTimestamp") == newest), default="")


def requested(claim: Object) -> int:
    """How many bytes a claim wants at least."""
    requests = (claim["spec"].get("resources") or {}).get("requests") or {}
    return quantity.whole(requests.get("storage", 0))


def capacity(volume: Object) -> int:
    """How many bytes a volume has."""
    return quantity.whole((volume["spec"].get("capacity") or {}).get("storage", 0))


def is_bound(claim: Object) -> bool:
    """Whether a claim has its volume for good."""
    return bool(claim["spec"].get("volumeName")) and BIND_COMPLETED in annotations_of(claim)


def is_for(volume: Object, claim: Object) -> bool:
    """Whether a volume's ``claimRef`` names this claim; without a uid it was reserved by hand."""
    reference = volume["spec"].get("claimRef") or {}
    return (
        reference.get("name") == name_of(claim)
        and reference.get("namespace") == namespace_of(claim)
        and reference.get("uid") in (None, "", uid_of(claim))
    )


def node_terms(volume: Object) -> tuple[NodeSelectorTerm, ...] | None:
    """The alternatives of a volume's node affinity; None when every node can use it."""
    required = (volume["spec"].get("nodeAffinity") or {}).get("required")
    return None if required is None else selector_terms(required)


def is_reachable(volume: Object, labels: Mapping[str, str]) -> bool:
    """Whether a node with these labels can use the volume."""
    terms = node_terms(volume)
    return terms is None or any(term.matches(labels, "") for term in terms)


def waits_for_consumer(storage_class: Object | None) -> bool:
    """Whether claims of a class are bound only when a pod uses them."""
    return storage_class is not None and storage_class.get("volumeBindingMode") == "WaitForFirstConsumer"


def matching_volume(
    claim: Object, volumes: Iterable[Object], labels: Mapping[str, str] | None = None, *, taken: Iterable[str] = ()
) -> Object | None:
    """The volume for a claim: the one reserved for it, else the smallest that suits (``FindMatchingVolume``).

    Args:
        claim: The claim.
        volumes: Those to choose from.
        labels: Of the node it will be used on; None while no node is known.
        taken: Names of volumes that are spoken for.
    """
    names, best = set(taken), None
    for volume in volumes:
        reserved = volume["spec"].get("claimRef") is not None
        if name_of(volume) in names or (reserved and not is_for(volume, claim)) or not _could_hold(volume, claim):
            continue
        reachable = labels is None or is_reachable(volume, labels)
        if reserved:
            return volume if reachable else None
        if reachable and _suits(volume, claim) and (best is None or capacity(volume) < capacity(best)):
            best = volume
    return best


def _could_hold(volume: Object, claim: Object) -> bool:
    mode = claim["spec"].get("volumeMode") or "Filesystem"
    return (
        not is_terminating(volume)
        and capacity(volume) >= requested(claim)
        and (volume["spec"].get("volumeMode") or "Filesystem") == mode
        and (volume["spec"].get("volumeAttributesClassName") or "")
        == (claim["spec"].get("volumeAttributesClassName") or "")
    )


def _suits(volume: Object, claim: Object) -> bool:
    selector = from_label_selector(claim["spec"].get("selector"))
    return (
        (volume.get("status") or {}).get("phase") == "Available"
        and class_of(volume) == class_of(claim)
        and set(claim["spec"].get("accessModes") or ()) <= set(volume["spec"].get("accessModes") or ())
        and (selector is None or selector.matches(labels_of(volume)))
    )
