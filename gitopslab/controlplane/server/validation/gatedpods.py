"""What may change in a pod while it waits for scheduling gates: where it can run may only be narrowed."""

from __future__ import annotations

from typing import Any

from gitopslab.controlplane.server.equality import same
from gitopslab.controlplane.server.validation import gostruct
from gitopslab.controlplane.server.validation.causes import Causes
from gitopslab.machinery.objects import Object

_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
_TERMS = f"spec.affinity.nodeAffinity.{_REQUIRED}.nodeSelectorTerms"
_OTHERS = ("podAffinity", "podAntiAffinity")


def mask(causes: Causes, masked: dict[str, Any], old: Object) -> None:
    """Put back, in place, what a gated pod may change, and tell what of it goes too far."""
    wished, present = masked.get("nodeSelector") or {}, old.get("nodeSelector") or {}
    if wished != present:
        if not present.items() <= wished.items():
            text = "only additions to spec.nodeSelector are allowed (no mutations or deletions)"
            causes.invalid("spec.nodeSelector", wished, text)
        masked["nodeSelector"] = old.get("nodeSelector")
    affinity, before = masked.get("affinity"), old.get("affinity")
    kept = (before or {}).get("nodeAffinity")
    if same((affinity or {}).get("nodeAffinity"), kept):
        return
    _check_terms(causes, _terms((affinity or {}).get("nodeAffinity")), _terms(kept))
    if affinity is None:
        masked["affinity"] = {"nodeAffinity": kept}
    elif before is None and not any(affinity.get(name) is not None for name in _OTHERS):
        masked["affinity"] = None
    else:
        masked["affinity"] = {**affinity, "nodeAffinity": kept}


def _terms(affinity: Object | None) -> list[Object]:
    found: list[Object] = ((affinity or {}).get(_REQUIRED) or {}).get("nodeSelectorTerms") or []
    return found


def _check_terms(causes: Causes, wished: list[Object], present: list[Object]) -> None:
    """Terms are alternatives, so that one more would widen the choice; within a term every line narrows it."""
    if not present:
        return
    if len(wished) != len(present):
        text = "no additions/deletions to non-empty NodeSelectorTerms list are allowed"
        causes.invalid(_TERMS, [_shown(term) for term in wished] or None, text)
        return
    for index, (new, old) in enumerate(zip(wished, present, strict=True)):
        if not _only_grew(new, old):
            text = "only additions are allowed (no mutations or deletions)"
            causes.invalid(f"{_TERMS}[{index}]", _shown(new), text)


def _only_grew(new: Object, old: Object) -> bool:
    parts = [(new.get(field) or [], old.get(field) or []) for field in ("matchExpressions", "matchFields")]
    if not any(before for _, before in parts) and any(after for after, _ in parts):
        return False  # an empty term fits no node
    return all(same(after[: len(before)], before) for after, before in parts)


def _shown(term: Object) -> Object:
    return gostruct.printed("NodeTerm", term)
