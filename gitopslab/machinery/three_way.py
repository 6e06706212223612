"""The three-way merge of ``kubectl apply``: what was applied last, what is to be applied, and what is there.

What was applied last and is not wanted any more goes; what is wanted is set; what somebody else added stays. Lists
merge as in a strategic merge patch, and are replaced as a whole where the kind says nothing of them, as in custom
resources.
Sources: ``strategicpatch.CreateThreeWayMergePatch``, ``jsonmergepatch.CreateThreeWayJSONMergePatch``.
"""

from __future__ import annotations

import json
from typing import Any

from gitopslab.machinery.merge import below, field_of, item_key, ordered, same
from gitopslab.machinery.objects import Object, annotations_of, copy_of
from gitopslab.machinery.schema import Field, Struct

LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
"""The annotation that remembers what a client-side apply applied last."""


def three_way(original: Object, modified: Object, current: Object, kind: Struct | None) -> Object:
    """What an object becomes by an apply; a new one.

    Args:
        original: What was applied last.
        modified: What is to be applied.
        current: What is there.
        kind: How its lists merge; None for a custom resource.

    Raises:
        MergeError: An item of a list lacks its merge key.
    """
    return _merged_map(original, modified, current, kind, retains=False)


def last_applied(live: Object) -> Object | None:
    """What was applied to an object last; None when it does not say."""
    text = annotations_of(live).get(LAST_APPLIED)
    try:
        found = json.loads(text) if text else None
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def remembering(obj: Object) -> Object:
    """A copy of an object that carries itself in the annotation, as it is sent by an apply."""
    copy: Object = copy_of(obj)
    annotations = copy.setdefault("metadata", {})["annotations"] = dict(annotations_of(copy))
    annotations.pop(LAST_APPLIED, None)
    annotations[LAST_APPLIED] = _go_json(copy) + "\n"
    return copy


def _go_json(value: Any) -> str:
    """As Go writes JSON: sorted, and safe inside of HTML."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _merged_map(original: Object, modified: Object, current: Object, kind: Struct | None, *, retains: bool) -> Object:
    merged = {name: value for name, value in current.items() if name in modified or name not in original}
    for name, value in modified.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = _merged(original.get(name), value, current.get(name), field_of(kind, name))
    if retains and any(not same(merged.get(name), current.get(name)) for name in modified):
        # Of a union, such as a volume, only the member that is set now may stay.
        return {name: value for name, value in merged.items() if name in modified}
    return merged


def _merged(original: Any, modified: Any, current: Any, field: Field | None) -> Any:
    if isinstance(modified, dict) and isinstance(current, dict) and not (field and field.replace):
        before = original if isinstance(original, dict) else {}
        return _merged_map(before, modified, current, below(field), retains=field is not None and field.retain_keys)
    if isinstance(modified, list) and isinstance(current, list) and field is not None and field.merge:
        return _merged_list(original if isinstance(original, list) else [], modified, current, field)
    return copy_of(modified)


def _merged_list(original: list[Any], modified: list[Any], current: list[Any], field: Field) -> list[Any]:
    key = field.merge_key
    wanted = [item_key(item, key) for item in modified]
    before = {_hashed(item_key(item, key)): item for item in original}
    there = {_hashed(item_key(item, key)): item for item in current}
    gone = before.keys() - map(_hashed, wanted)
    merged = [item for name, item in there.items() if name not in gone and not _has(wanted, item_key(item, key))]
    for name, item in zip(map(_hashed, wanted), modified, strict=True):
        merged.append(_merged_item(before.get(name), item, there.get(name), field) if name in there else copy_of(item))
    return ordered(merged, modified, current, key)


def _merged_item(original: Any, modified: Any, current: Any, field: Field) -> Any:
    if not isinstance(modified, dict):
        return modified
    return _merged_map(original or {}, modified, current, below(field), retains=field.retain_keys)


def _has(keys: list[Any], wanted: Any) -> bool:
    return any(same(key, wanted) for key in keys)


def _hashed(key: Any) -> str:
    return json.dumps(key, sort_keys=True)
