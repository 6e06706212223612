"""Priority: the number behind a pod's ``priorityClassName``."""

from __future__ import annotations

from gitopslab.controlplane.server.admission.attributes import Attributes, Reader
from gitopslab.machinery.objects import Object, name_of

_CLASSES = "priorityclasses.scheduling.k8s.io"
_SYSTEM = {"system-cluster-critical": 2_000_000_000, "system-node-critical": 2_000_001_000}
"""The classes every cluster has; a real API server creates their objects when it starts."""


def set_priority(attributes: Attributes, reader: Reader) -> None:
    """Set ``spec.priority`` and ``spec.preemptionPolicy`` from the class, once and for all."""
    pod = attributes.wished()
    if attributes.before is not None:
        for field in ("priority", "preemptionPolicy"):
            if field not in pod["spec"] and field in attributes.before["spec"]:
                pod["spec"][field] = attributes.before["spec"][field]
        return
    found = _class_of(attributes, pod["spec"], reader)
    value = found.get("value") or 0
    policy = found.get("preemptionPolicy") or "PreemptLowerPriority"
    _check(attributes, pod["spec"], value, policy)
    if name_of(found):
        pod["spec"]["priorityClassName"] = name_of(found)
    pod["spec"]["priority"] = value
    pod["spec"]["preemptionPolicy"] = policy


def check_global_default(attributes: Attributes, reader: Reader) -> None:
    """Refuse a second PriorityClass with ``globalDefault``."""
    if not attributes.wished().get("globalDefault"):
        return
    other = _default_class(reader)
    if other and name_of(other) != attributes.name:
        raise attributes.refusal(
            f"PriorityClass {name_of(other)} is already marked as default. Only one default can exist"
        )


def check_deletable(attributes: Attributes) -> None:
    """Refuse to delete the system's own classes (``registry/scheduling/priorityclass/storage``)."""
    if attributes.resource.key == _CLASSES and attributes.name in _SYSTEM:
        raise attributes.refusal("this is a system priority class and cannot be deleted")


def _class_of(attributes: Attributes, spec: Object, reader: Reader) -> Object:
    name = spec.get("priorityClassName")
    if not name:
        return _default_class(reader)
    found = reader.find(_CLASSES, "", name)
    if found is None and name in _SYSTEM:
        return {"metadata": {"name": name}, "value": _SYSTEM[name]}
    if found is None:
        raise attributes.refusal(f"no PriorityClass with name {name} was found")
    return found


def _default_class(reader: Reader) -> Object:
    """The class marked ``globalDefault``; of several the lowest, as upstream."""
    marked = [found for found in reader.all(_CLASSES) if found.get("globalDefault")]
    return min(marked, key=lambda found: found.get("value") or 0, default={})


def _check(attributes: Attributes, spec: Object, value: int, policy: str) -> None:
    if spec.get("priority") not in (None, value):
        raise attributes.refusal(
            f"the integer value of priority ({spec['priority']}) must not be provided in pod spec; "
            f"priority admission controller computed {value} from the given PriorityClass name"
        )
    if spec.get("preemptionPolicy") not in (None, policy):
        raise attributes.refusal(
            f"the string value of PreemptionPolicy ({spec['preemptionPolicy']}) must not be provided in pod spec; "
            f"priority admission controller computed {policy} from the given PriorityClass name"
        )
