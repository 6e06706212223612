"""RuntimeClass: what a pod needs to run in a sandbox of this class, besides its containers.

Called by the chain for new pods; running containers in one is a kubelet's. Upstream:
``plugin/pkg/admission/runtimeclass``.
"""

from __future__ import annotations

from gitopslab.controlplane.server.admission.attributes import Attributes, Reader
from gitopslab.controlplane.server.equality import same
from gitopslab.machinery.objects import Object

_KEY = "runtimeclasses.node.k8s.io"
_NO_MATCH = "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead"


def set_class(attributes: Attributes, reader: Reader) -> None:
    """Give a new pod the overhead, node selector and tolerations of the class it names."""
    if attributes.operation != "CREATE":
        return
    spec = attributes.wished()["spec"]
    found = _class_of(attributes, reader)
    overhead, scheduling = _overhead(found), found.get("scheduling")
    if overhead is not None:
        if spec.get("overhead") and not same(spec["overhead"], overhead):
            raise attributes.refusal(_NO_MATCH)
        spec["overhead"] = dict(overhead)
    if scheduling is not None:
        _select_nodes(attributes, spec, scheduling.get("nodeSelector") or {})
        merged = merge_tolerations([*(spec.get("tolerations") or ()), *(scheduling.get("tolerations") or ())])
        if merged:
            spec["tolerations"] = merged


def check_class(attributes: Attributes, reader: Reader) -> None:
    """Refuse an overhead that is not that of the pod's class."""
    if attributes.operation != "CREATE" or attributes.subresource:
        return
    spec = attributes.wished()["spec"]
    overhead = _overhead(_class_of(attributes, reader))
    if overhead is None and spec.get("overhead") is not None:
        why = "pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead"
        raise attributes.refusal(why)
    if overhead is not None and not same(spec.get("overhead"), overhead):
        raise attributes.refusal(_NO_MATCH)


def merge_tolerations(tolerations: list[Object]) -> list[Object]:
    """Without those that another one covers."""
    merged: list[Object] = []
    for index, one in enumerate(tolerations):
        is_covered = any(_covers(other, one) for other in merged)
        is_covered |= any(other != one and _covers(other, one) for other in tolerations[index + 1 :])
        if not is_covered:
            merged.append(one)
    return merged


def _class_of(attributes: Attributes, reader: Reader) -> Object:
    name = attributes.wished()["spec"].get("runtimeClassName")
    found = reader.find(_KEY, "", name) if name is not None else {}
    if found is None:
        raise attributes.refusal(f'pod rejected: RuntimeClass "{name}" not found')
    return found


def _overhead(runtime_class: Object) -> Object | None:
    overhead = runtime_class.get("overhead")
    return None if overhead is None else overhead.get("podFixed") or {}


def _select_nodes(attributes: Attributes, spec: Object, wanted: dict[str, str]) -> None:
    given = spec.get("nodeSelector") or {}
    for key, value in sorted(wanted.items()):
        if given.get(key, value) != value:
            place = f"runtimeClass.scheduling.nodeSelector[{key}] = {value}"
            raise attributes.refusal(f"conflict: {place}; pod.spec.nodeSelector[{key}] = {given[key]}")
    if wanted:
        spec["nodeSelector"] = {**given, **wanted}


def _covers(wide: Object, narrow: Object) -> bool:
    """Whether ``wide`` tolerates all that ``narrow`` does."""
    if wide == narrow:
        return True
    key, effect, operator = wide.get("key") or "", wide.get("effect") or "", wide.get("operator") or "Equal"
    if key != (narrow.get("key") or "") and (key or operator != "Exists"):
        return False
    if effect and effect != (narrow.get("effect") or ""):
        return False
    seconds, other = wide.get("tolerationSeconds"), narrow.get("tolerationSeconds")
    if effect == "NoExecute" and seconds is not None and (other is None or other > seconds):
        return False
    if operator == "Exists":
        return True
    return narrow.get("operator") == "Equal" and (narrow.get("value") or "") == (wide.get("value") or "")
