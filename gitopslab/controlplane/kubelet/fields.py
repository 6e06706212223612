"""What a pod tells its containers about itself (the downward API): its fields, and amounts that they may use.

Read only. Leaves to others: where the texts go, into variables (``environment``) or files (``config``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from gitopslab.machinery.golang import quoted
from gitopslab.machinery.objects import Object, annotations_of, labels_of
from gitopslab.machinery.quantity import milli, parse, whole

_INDEXED = re.compile(r"metadata\.(labels|annotations)\['(.+)'\]")
_OF_NODE = frozenset({"cpu", "memory", "ephemeral-storage"})
"""What a container without a limit may use all of."""
_OF_POD = frozenset({"cpu", "memory"})
"""What a pod can limit for all of its containers together."""


def field(pod: Object, path: str, addresses: Mapping[str, str]) -> str:
    """The text of a ``fieldRef``.

    Args:
        pod: The pod.
        path: Such as ``metadata.name``.
        addresses: Those that the kubelet knows before the status shows them, by path.
    """
    if match := _INDEXED.fullmatch(path):
        return (labels_of(pod) if match[1] == "labels" else annotations_of(pod)).get(match[2], "")
    if path in ("metadata.labels", "metadata.annotations"):
        return _pairs(labels_of(pod) if path.endswith("labels") else annotations_of(pod))
    if path in addresses or path in ("status.podIPs", "status.hostIPs"):
        return addresses.get(path) or addresses.get(path.rstrip("s"), "")
    value: Any = pod
    for part in path.split("."):
        value = value.get(part, "") if isinstance(value, dict) else ""
    return str(value)


def amount(pod: Object, container: Object, source: Object, allocatable: Callable[[], Mapping[str, str]]) -> str:
    """The number of a ``resourceFieldRef``, in units of its divisor, rounded up.

    Args:
        pod: The pod.
        container: Meant when the reference names no other.
        source: The reference.
        allocatable: Gives what the node has for pods.
    """
    kind, _, name = source.get("resource", "").partition(".")
    value = _written(_named(pod, source.get("containerName", ""), container), kind, name)
    if kind == "limits" and name in _OF_NODE and not parse(value):
        ceiling = _written(pod["spec"], kind, name) if name in _OF_POD else "0"
        value = ceiling if parse(ceiling) else allocatable().get(name, value)
    divisor = source.get("divisor") or "1"
    units = milli if name == "cpu" else whole
    return str(-(-units(value) // (units(divisor) or units("1"))))


def _named(pod: Object, name: str, otherwise: Object) -> Object:
    spec = pod["spec"]
    every: Iterable[Object] = [*(spec.get("containers") or ()), *(spec.get("initContainers") or ())]
    return next((one for one in every if one["name"] == name), otherwise)


def _written(holder: Object, kind: str, name: str) -> str:
    return str(((holder.get("resources") or {}).get(kind) or {}).get(name, "0"))


def _pairs(pairs: Mapping[str, str]) -> str:
    return "\n".join(f"{key}={quoted(value)}" for key, value in sorted(pairs.items()))
