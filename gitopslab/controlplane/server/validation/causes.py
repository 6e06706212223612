"""The collector of field errors, worded as ``apimachinery/pkg/util/validation/field`` words them.

Every rule of this package gets one ``Causes`` and reports into it; ``errors.invalid`` makes the 422 of what was found.
Paths are plain texts, built only where something is wrong, so that a correct object costs little.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

Cause = tuple[str, str, str]
"""``(field, reason, message)``: the message without its field."""


_SELECTOR = ("matchLabels", "matchExpressions")
"""The fields of a LabelSelector, in Go's order: a patch brings them in any."""


class Struct(dict[str, Any]):
    """A value whose keys are the fields of a Go struct, and stay in their order."""


class Causes:
    """What is wrong with an object, in the order found."""

    __slots__ = ("found",)

    def __init__(self) -> None:
        self.found: list[Cause] = []

    def __bool__(self) -> bool:
        return bool(self.found)

    def required(self, path: str, detail: str = "") -> None:
        """A value is missing or empty."""
        self._add(path, "FieldValueRequired", "Required value", detail)

    def invalid(self, path: str, value: Any, detail: str) -> None:
        """A value is malformed or out of bounds."""
        self._add(path, "FieldValueInvalid", f"Invalid value: {shown(value)}", detail)

    def type_invalid(self, path: str, value: Any, detail: str) -> None:
        """A value has another type than its schema says."""
        self._add(path, "FieldValueTypeInvalid", f"Invalid value: {shown(value)}", detail)

    def bare(self, path: str, reason: str, body: str, detail: str = "") -> None:
        """A fault told without the value, which is too large to show."""
        self._add(path, reason, body, detail)

    def each(self, path: str, value: Any, problems: Iterable[str]) -> None:
        """Report every problem a format check found in one value."""
        for problem in problems:
            self.invalid(path, value, problem)

    def unsupported(self, path: str, value: Any, supported: Iterable[str]) -> None:
        """A value is not one of a closed list."""
        listed = ", ".join(json.dumps(item) for item in supported)
        self._add(path, "FieldValueNotSupported", f"Unsupported value: {shown(value)}", f"supported values: {listed}")

    def duplicate(self, path: str, value: Any, detail: str = "") -> None:
        """A value that must be unique occurs twice."""
        self._add(path, "FieldValueDuplicate", f"Duplicate value: {shown(value)}", detail)

    def not_found(self, path: str, value: Any, detail: str = "") -> None:
        """A value names something that is not there."""
        self._add(path, "FieldValueNotFound", f"Not found: {shown(value)}", detail)

    def forbidden(self, path: str, detail: str) -> None:
        """A value that would do elsewhere is not permitted here."""
        self._add(path, "FieldValueForbidden", "Forbidden", detail)

    def too_long(self, path: str, limit: int, unit: str = "bytes") -> None:
        """A text or map is longer than ``limit``."""
        self._add(path, "FieldValueTooLong", "Too long", f"may not be more than {limit} {unit}")

    def too_many(self, path: str, count: int, limit: int) -> None:
        """A list has more than ``limit`` items."""
        items = "item" if limit == 1 else "items"
        self._add(path, "FieldValueTooMany", f"Too many: {count}", f"must have at most {limit} {items}")

    def _add(self, path: str, reason: str, body: str, detail: str = "") -> None:
        self.found.append((path, reason, f"{body}: {detail}" if detail else body))


def shown(value: Any) -> str:
    """A value as Go prints it in a field error: texts quoted, the rest as compact JSON, escaped as Go does."""
    if isinstance(value, (dict, list)):
        text = json.dumps(_ordered(value), separators=(",", ":"), ensure_ascii=False)
        return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
    return json.dumps(value, ensure_ascii=False)


def _ordered(value: Any) -> Any:
    """With the keys of maps sorted, as Go prints them; what has other values than texts is a struct, and stays."""
    if isinstance(value, dict):
        if value and value.keys() <= set(_SELECTOR):
            return {key: _ordered(value[key]) for key in _SELECTOR if key in value}
        is_map = not isinstance(value, Struct) and all(isinstance(item, str) for item in value.values())
        return {key: _ordered(value[key]) for key in (sorted(value) if is_map else value)}
    return [_ordered(item) for item in value] if isinstance(value, list) else value
