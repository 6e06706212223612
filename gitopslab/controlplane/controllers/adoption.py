"""Decides which objects a controller owns: keeps its own, takes in matching orphans, lets go what no longer matches.

Upstream: ``controller.ControllerRefManager``. Called by every controller that selects by label (ReplicaSets their pods,
Deployments their ReplicaSets, ...). It asks the Api only for the two patches; what to do with the owned objects is the
caller's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from gitopslab.controlplane.runtime.api import Api, WatchEvent
from gitopslab.controlplane.runtime.informer import Informer
from gitopslab.controlplane.runtime.reconcile import Request
from gitopslab.errors import InvalidError, NotFoundError
from gitopslab.machinery.objects import (
    Object,
    controller_of,
    controller_reference,
    is_terminating,
    key_of,
    labels_of,
    name_of,
    namespace_of,
    uid_of,
)
from gitopslab.machinery.selectors import from_label_selector, selector_of


def without_controller(obj: Object) -> Iterable[str]:
    """The index of orphans by namespace: objects that no controller manages."""
    return (namespace_of(obj),) if controller_of(obj) is None else ()


def owners_of_kind(kind: str, owners: Informer) -> Callable[[WatchEvent], Iterable[Request]]:
    """A mapping from an object's event to those it concerns among ``owners``.

    That is its controller, when it is of this kind, and for an orphan each one that selects it.
    """

    def requests(event: WatchEvent) -> Iterable[Request]:
        namespace = namespace_of(event.object)
        reference = controller_of(event.object)
        if reference is not None:
            return (Request(namespace, reference["name"]),) if reference.get("kind") == kind else ()
        labels = labels_of(event.object)
        selectors = ((owner, from_label_selector(selector_of(owner))) for owner in owners.list(namespace))
        return [Request(*key_of(owner)) for owner, selector in selectors if selector and selector.matches(labels)]

    return requests


def claim(
    api: Api,
    owner: Object,
    resource: str,
    owned: Iterable[Object],
    orphans: Iterable[Object],
    *,
    finalizer: str = "",
) -> list[Object]:
    """The objects that belong to ``owner`` after adopting and releasing.

    Args:
        api: Carries out adoptions and releases.
        owner: The controlling object; its ``spec.selector`` decides. While it is being deleted nothing is adopted or
            released.
        resource: What the objects are, as in ``pods``.
        owned: What it controls now.
        orphans: Objects of its namespace that nobody controls.
        finalizer: Comes with adoption and goes with release.
    """
    matches = _matcher(selector_of(owner))
    kept = []
    for obj in owned:
        if matches(obj):
            kept.append(obj)
        elif not is_terminating(owner):
            _release(api, owner, resource, obj, finalizer)
    for obj in orphans:
        if matches(obj) and not is_terminating(owner) and not is_terminating(obj):
            adopted = _adopt(api, owner, resource, obj, finalizer)
            if adopted is not None:
                kept.append(adopted)
    return kept


def _matcher(selector: Object | None) -> Callable[[Object], bool]:
    """Whether an object is selected. A plain ``matchLabels`` is by far the most frequent and is asked for every pod."""
    if selector and not selector.get("matchExpressions"):
        wanted = (selector.get("matchLabels") or {}).items()
        return lambda obj: wanted <= labels_of(obj).items()
    parsed = from_label_selector(selector)
    return lambda obj: parsed is not None and parsed.matches(labels_of(obj))


def _adopt(api: Api, owner: Object, resource: str, obj: Object, finalizer: str) -> Object | None:
    finalizers = {"finalizers": [finalizer]} if finalizer else {}
    metadata = {"uid": uid_of(obj), "ownerReferences": [controller_reference(owner)], **finalizers}
    return _patched(api, resource, obj, metadata)


def _release(api: Api, owner: Object, resource: str, obj: Object, finalizer: str) -> None:
    finalizers = {"$deleteFromPrimitiveList/finalizers": [finalizer]} if finalizer else {}
    reference = {"$patch": "delete", "uid": uid_of(owner)}
    _patched(api, resource, obj, {"uid": uid_of(obj), "ownerReferences": [reference], **finalizers})


def _patched(api: Api, resource: str, obj: Object, metadata: Object) -> Object | None:
    """The object after a patch of its metadata; None when it is gone, or another object has taken its name."""
    try:
        return api.patch(resource, name_of(obj), {"metadata": metadata}, namespace_of(obj), type="strategic")
    except (NotFoundError, InvalidError):
        return None
