"""Taints and tolerations: which pods a node keeps away (``component-helpers/scheduling/corev1``).

The scheduler, the DaemonSet controller and taint eviction ask it; it holds no state.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from gitopslab.machinery.objects import Object

HARD_EFFECTS = ("NoSchedule", "NoExecute")
SOFT_EFFECT = "PreferNoSchedule"
EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")
UNSCHEDULABLE: Object = {"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}


def tolerates(toleration: Object, taint: Object) -> bool:
    """Whether one toleration covers one taint; an empty key or effect covers all of them.

    Simplified: the operators ``Lt`` and ``Gt`` are alpha in Kubernetes 1.36, off by default, and not known here.
    """
    effect = toleration.get("effect")
    if effect and effect != taint.get("effect"):
        return False
    key = toleration.get("key")
    if key and key != taint.get("key"):
        return False
    operator = toleration.get("operator") or "Equal"
    if operator == "Exists":
        return True
    return operator == "Equal" and (toleration.get("value") or "") == (taint.get("value") or "")


def is_tolerated(taint: Object, tolerations: Iterable[Object]) -> bool:
    """Whether any toleration covers the taint."""
    return any(tolerates(toleration, taint) for toleration in tolerations)


def untolerated(
    taints: Iterable[Object], tolerations: Sequence[Object], effects: Sequence[str] = HARD_EFFECTS
) -> Object | None:
    """The first taint with one of the effects that no toleration covers, or None."""
    for taint in taints:
        if taint.get("effect") in effects and not is_tolerated(taint, tolerations):
            return taint
    return None


def spelled(taint: Object) -> str:
    """A taint as kubectl writes it: ``team=blue:NoSchedule``."""
    value = taint.get("value")
    return f"{taint.get('key', '')}{f'={value}' if value else ''}:{taint.get('effect', '')}"


def parts(text: str) -> tuple[str, str, str | None]:
    """Key, effect and value of a taint written as ``gpu=true:NoSchedule``; effect and value may be left out."""
    rest, effect = text.rsplit(":", 1) if ":" in text else (text, "")
    key, has_value, value = rest.partition("=")
    return key, effect, value if has_value else None


def parse(text: str) -> Object | None:
    """The taint that a text writes in full, or None."""
    key, effect, value = parts(text)
    if not key or effect not in EFFECTS:
        return None
    return {"key": key, "effect": effect, **({"value": value} if value else {})}


def toleration_of(text: str) -> Object:
    """What covers all taints that a text means: ``gpu``, ``gpu=true`` or ``gpu=true:NoSchedule``."""
    key, effect, value = parts(text)
    wanted: Object = {"operator": "Exists"} if value is None else {"operator": "Equal", "value": value}
    return {**({"key": key} if key else {}), **wanted, **({"effect": effect} if effect else {})}
