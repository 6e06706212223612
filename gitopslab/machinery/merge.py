"""Merging a document with another: JSON merge patch (RFC 7386) and strategic merge patch.

``controlplane.server.patches`` calls it for PATCH requests; nothing here knows of requests, and every function leaves
what it is given as it was. Rules and texts of errors are those of ``apimachinery/pkg/util/strategicpatch``, so a
learner meets the same behaviour, corners included. Which lists merge by which key is told by ``machinery.schema``;
JSON patch is in ``json_patch``.
"""

from __future__ import annotations

from typing import Any, Literal

from gitopslab.machinery.objects import Object, copy_of
from gitopslab.machinery.schema import Field, Struct, struct

Fault = Literal["format", "conflict", "other"]

_LEAST_WITH_EXPONENT = 1e21


class MergeError(ValueError):
    """A patch that cannot be applied.

    Attributes:
        fault: ``format`` when the patch itself is malformed, ``conflict`` when it does not fit the document.
    """

    def __init__(self, message: str, fault: Fault = "other") -> None:
        super().__init__(message)
        self.fault = fault


def go_text(value: Any) -> str:
    """A value as Go's ``%v`` prints it: ``map[spec:map[replicas:three]]``."""
    if isinstance(value, dict):
        return f"map[{' '.join(f'{key}:{go_text(value[key])}' for key in sorted(value))}]"
    if isinstance(value, list):
        return f"[{' '.join(map(go_text, value))}]"
    if value is None:
        return "<nil>"
    if isinstance(value, float) and value.is_integer() and abs(value) < _LEAST_WITH_EXPONENT:
        return str(int(value))
    return str(value).lower() if isinstance(value, bool) else str(value)


# -- JSON merge patch (RFC 7386) --------------------------------------------------------------------------------------


def merge_patch(document: Any, patch: Any) -> Any:
    """The document with a JSON merge patch applied: maps merge, null removes, everything else replaces.

    What is merged has its keys in order, as the library leaves it that the API server uses.
    """
    if not isinstance(patch, dict):
        return copy_of(patch)
    merged = dict(document) if isinstance(document, dict) else {}
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        elif isinstance(value, dict):
            merged[key] = merge_patch(merged.get(key), value)
        else:
            merged[key] = copy_of(value) if isinstance(merged.get(key), dict) else _without_nulls(value)
    return {key: merged[key] for key in sorted(merged)}


def _without_nulls(value: Any) -> Any:
    """A value that takes the place of another one; nulls in its maps have nothing to remove, and are forgotten."""
    if isinstance(value, dict):
        return {key: _without_nulls(item) for key, item in value.items() if item is not None}
    return [_without_nulls(item) for item in value] if isinstance(value, list) else value


def merge_difference(before: Object, after: Object) -> Object:
    """The merge patch that leads from one map to another; empty when they are the same."""
    change: Object = {key: None for key in before if key not in after}
    for key, value in after.items():
        known = before.get(key)
        if isinstance(known, dict) and isinstance(value, dict):
            if inner := merge_difference(known, value):
                change[key] = inner
        elif not same(known, value):
            change[key] = value
    return change


def same(left: Any, right: Any) -> bool:
    """Equality of JSON values, where true is not 1."""
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same, left, right))
    return left == right and isinstance(left, bool) == isinstance(right, bool)


# -- Strategic merge patch --------------------------------------------------------------------------------------------

_DIRECTIVE = "$patch"
_RETAIN = "$retainKeys"
_DELETE_FROM = "$deleteFromPrimitiveList"
_ORDER = "$setElementOrder"


def strategic_patch(document: Object, patch: Object, kind: Struct) -> Object:
    """The document with a strategic merge patch applied, its lists merged as ``kind`` says.

    Raises:
        MergeError: The patch is malformed or does not fit.
    """
    return _merge_map(copy_of(document), copy_of(patch), kind)


def _merge_map(original: Object, patch: Object, kind: Struct | None) -> Object:
    if _DIRECTIVE in patch:
        return _directed(patch)
    _retain_keys(original, patch)
    _order_lists(original, patch, kind)
    for key, value in patch.items():
        name, deletes = key, key.startswith(_DELETE_FROM)
        if deletes:
            name = _list_name(key, "invalid patch format of primitive list")
        if value is None:
            original.pop(name, None)
        elif name not in original or type(original[name]) is not type(value):
            if not deletes:
                _take(original, name, value)
        elif isinstance(value, dict):
            field = field_of(kind, name)
            replaces = field is not None and field.replace
            original[name] = value if replaces else _merge_map(original[name], value, below(field))
        elif isinstance(value, list):
            original[name] = _merge_field(original[name], value, field_of(kind, name), deletes=deletes)
        else:
            original[name] = value
    return original


def _directed(patch: Object) -> Object:
    directive = patch.pop(_DIRECTIVE)
    if directive == "replace":
        return patch
    if directive == "delete":
        return {}
    raise MergeError(f"unknown patch type: {go_text(directive)} in map: {go_text({**patch, _DIRECTIVE: directive})}")


def _retain_keys(original: Object, patch: Object) -> None:
    """``$retainKeys``: what the list does not name goes; the patch may set nothing else."""
    if _RETAIN not in patch:
        return
    keep = patch.pop(_RETAIN)
    sets = {key for key, value in patch.items() if value is not None and not key.startswith((_DELETE_FROM, _ORDER))}
    if not isinstance(keep, list) or not all(key in keep for key in sets):
        raise MergeError("invalid patch format of retainKeys", "format")
    for key in [key for key in original if key not in keep]:
        del original[key]


def _order_lists(original: Object, patch: Object, kind: Struct | None) -> None:
    """``$setElementOrder``: merge the list it is about, then bring the named items into its order."""
    for key in [key for key in patch if key.startswith(_ORDER)]:
        order = patch.pop(key)
        name = _list_name(key, "invalid patch format of setElementOrder list")
        field = field_of(kind, name)
        merge_key = field.merge_key if field else ""
        live, change = original.get(name), patch.get(name)
        if not isinstance(order, list) or not isinstance(live or [], list) or not isinstance(change or [], list):
            raise MergeError("invalid patch format of setElementOrder list", "format")
        _check_order(change or [], order, merge_key)
        if name in original and name in patch and change is not None:
            merged = _merge_field(original[name], patch[name], field, deletes=False)
        elif name in patch and change is not None:
            merged = _without_directives(change)[0]
        elif name in original:
            merged = original[name]
        else:
            continue
        original[name] = ordered(merged, order, live or [], merge_key)
        patch.pop(name, None)


def _check_order(change: list[Any], order: list[Any], merge_key: str) -> None:
    """Every item that the patch sets must be named, in the same relative order."""
    sets = [item for item in change if not (isinstance(item, dict) and _DIRECTIVE in item)]
    if not order or not sets:
        return
    remaining = iter([item_key(item, merge_key) for item in order])
    for item in sets:
        wanted = item_key(item, merge_key)
        if not any(same(found, wanted) for found in remaining):
            raise MergeError(
                f"The order in patch list:\n{go_text(change)}\n doesn't match {_ORDER} list:\n{go_text(order)}\n"
            )


def _list_name(key: str, otherwise: str) -> str:
    _, slash, name = key.partition("/")
    if not slash:
        raise MergeError(otherwise, "format")
    return name


def field_of(kind: Struct | None, name: str) -> Field | None:
    """A field of a struct; None when either is not known."""
    return kind.fields.get(name) if kind else None


def below(field: Field | None) -> Struct | None:
    """The struct inside a field, through lists and pointers."""
    kind = field.type if field else None
    while kind is not None and kind.element is not None:
        kind = kind.element
    return struct(kind.name) if kind is not None and kind.shape == "struct" else None


def _take(original: Object, name: str, value: Any) -> None:
    """A value that has no counterpart: it comes without its nulls and directives."""
    taken, keep = _without_directives(_without_nulls(value))
    if keep:
        original[name] = taken
    else:
        original.pop(name, None)


def _without_directives(value: Any) -> tuple[Any, bool]:
    if isinstance(value, dict):
        if _DIRECTIVE in value:
            return None, False
        pairs = ((key, *_without_directives(item)) for key, item in value.items())
        return {key: item for key, item, keep in pairs if keep}, True
    if isinstance(value, list):
        return [item for item, keep in map(_without_directives, value) if keep], True
    return value, True


def _merge_field(original: list[Any], patch: list[Any], field: Field | None, *, deletes: bool) -> list[Any]:
    if not deletes and not (field and field.merge):
        return patch
    kinds = {type(item) for item in [*original, *patch]}
    if list in kinds:
        raise MergeError("lists of lists are not supported", "conflict")
    if len(kinds) > 1:
        raise MergeError(f"list element types are not identical: {go_text([original, patch])}")
    if kinds != {dict}:
        if deletes:
            return [item for item in original if item not in patch]
        return ordered(list(dict.fromkeys([*original, *patch])), patch, original, "")
    if field is None or not field.merge_key:
        raise MergeError(f"cannot merge lists without merge key for {field.name if field else ''}")
    return _merge_items(original, patch, field)


def _merge_items(original: list[Object], patch: list[Object], field: Field) -> list[Any]:
    key = field.merge_key
    changes: list[Object] = []
    replaces = False
    for item in patch:
        directive = item.get(_DIRECTIVE)
        if _DIRECTIVE not in item:
            changes.append(item)
        elif directive == "delete":
            gone = item_key(item, key)
            original = [other for other in original if not same(other.get(key), gone)]
        elif directive == "replace":
            replaces = True
        elif directive == "merge":
            raise MergeError("merging lists cannot yet be specified in the patch")
        else:
            raise MergeError(f"unknown patch type: {go_text(directive)} in map: {go_text(item)}")
    if replaces:
        return changes
    merged = list(original)
    for change in changes:
        wanted = item_key(change, key)
        at = next((index for index, item in enumerate(merged) if same(item.get(key), wanted)), None)
        if at is None:
            merged.append(change)
        else:
            merged[at] = _merge_map(merged[at], change, below(field))
    return ordered(merged, changes, original, key)


def ordered(merged: list[Any], order: list[Any], live: list[Any], merge_key: str) -> list[Any]:
    """A merged list in order: named items as named, the others as live, interleaved where that knows both."""
    named: list[Any] = []
    others: list[Any] = []
    wanted = [item_key(item, merge_key) for item in order]
    before = [item_key(item, merge_key) for item in live]
    for item in merged:
        (named if _position(wanted, item_key(item, merge_key)) >= 0 else others).append(item)
    named.sort(key=lambda item: _position(wanted, item_key(item, merge_key)))
    result = []
    while named and others:
        left = _position(before, item_key(others[0], merge_key))
        right = _position(before, item_key(named[0], merge_key))
        result.append(others.pop(0) if 0 <= left < right else named.pop(0))
    return result + named + others


def _position(keys: list[Any], wanted: Any) -> int:
    return next((index for index, key in enumerate(keys) if same(key, wanted)), -1)


def item_key(item: Any, merge_key: str) -> Any:
    """What tells an item of a list apart; itself when it is a plain value.

    Raises:
        MergeError: It lacks the key.
    """
    if not merge_key:
        return item
    if not isinstance(item, dict) or merge_key not in item:
        raise MergeError(f"map: {go_text(item)} does not contain declared merge key: {merge_key}")
    return item[merge_key]
