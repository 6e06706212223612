"""JSON patch (RFC 6902) as the API server applies it.

``controlplane.server.patches`` calls ``json_patch`` for PATCH requests of that type; the document it is given stays as
it was. Behaviour and texts of errors are those of ``evanphx/json-patch`` 4, corners included: ``replace`` of an absent
key adds it, negative indexes count from the end, and what ``copy`` makes in all is limited. The other patch types are
in ``merge``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from typing import Any

from gitopslab.machinery.merge import MergeError, same
from gitopslab.machinery.objects import Object, copy_of

_MISSING = "missing value"
_MOST_COPIED = 3 * 1024 * 1024  # bytes; a few copies of copies would otherwise fill the memory


def json_patch(document: Any, operations: Sequence[Any]) -> Any:
    """The document with the operations of a JSON patch applied in order.

    Maps that a path led through have their keys in order, as the library leaves them that the API server uses.

    Raises:
        MergeError: An operation cannot be applied.
    """
    patcher = _JsonPatcher(copy_of(document))
    for operation in operations:
        patcher.apply(operation if isinstance(operation, dict) else {})
    patcher.sort()
    return patcher.document


class _JsonPatcher:
    """A document being changed step by step."""

    def __init__(self, document: Any) -> None:
        self.document = document
        self._copied = 0
        self._opened: dict[int, Object] = {}

    def apply(self, operation: Object) -> None:
        """Carry out one operation."""
        steps: dict[str, Callable[[Object], None]] = {
            "add": self._add,
            "remove": self._remove,
            "replace": self._replace,
            "move": self._move,
            "copy": self._copy,
            "test": self._test,
        }
        kind = operation.get("op")
        step = steps.get(kind) if isinstance(kind, str) else None
        if step is None:
            raise MergeError(f"Unexpected kind: {kind if isinstance(kind, str) else 'unknown'}", "conflict")
        step(operation)

    def sort(self) -> None:
        """Put the keys of every map in order that was looked into."""
        for opened in [self.document, *self._opened.values()]:
            if isinstance(opened, dict):
                ordered = sorted(opened.items())
                opened.clear()
                opened.update(ordered)

    def _add(self, operation: Object) -> None:
        path = _text(operation, "path", f"add operation failed to decode path: {_MISSING}")
        holder, key = self._find(path, f'add operation does not apply: doc is missing path: "{path}": {_MISSING}')
        _at_place(f"error in add for path: '{path}'", lambda: _insert(holder, key, copy_of(operation.get("value"))))

    def _remove(self, operation: Object) -> None:
        path = _text(operation, "path", f"remove operation failed to decode path: {_MISSING}")
        holder, key = self._find(path, f'remove operation does not apply: doc is missing path: "{path}": {_MISSING}')
        _at_place(f"error in remove for path: '{path}'", lambda: _delete(holder, key))

    def _replace(self, operation: Object) -> None:
        path = _text(
            operation, "path", f"replace operation failed to decode path: operation missing path field: {_MISSING}"
        )
        value = copy_of(operation.get("value"))
        if path == "":
            if not isinstance(value, dict | list):
                raise MergeError("replace operation value must be object or array: %!w(<nil>)", "conflict")
            self.document = value
            return
        holder, key = self._find(path, f"replace operation does not apply: doc is missing path: {path}: {_MISSING}")
        if isinstance(holder, dict):
            holder[key] = value
            return
        try:
            holder[_index(holder, key, len(holder))] = value
        except MergeError as error:
            message = f"replace operation does not apply: doc is missing key: {path}: {_MISSING}"
            raise MergeError(message, "conflict") from error

    def _move(self, operation: Object) -> None:
        source = _text(
            operation, "from", f"move operation failed to decode from: operation, missing from field: {_MISSING}"
        )
        holder, key = self._find(
            source, f"move operation does not apply: doc is missing from path: {source}: {_MISSING}"
        )
        value = _at_place(f"error in move for path: '{key}'", lambda: _get(holder, key))
        _at_place(f"error in move for path: '{key}'", lambda: _delete(holder, key))
        path = _text(
            operation, "path", f"move operation failed to decode path: operation missing path field: {_MISSING}"
        )
        target, name = self._find(
            path, f"move operation does not apply: doc is missing destination path: {path}: {_MISSING}"
        )
        _at_place(f"error in move for path: '{path}'", lambda: _insert(target, name, value))

    def _copy(self, operation: Object) -> None:
        source = _text(
            operation, "from", f"copy operation failed to decode from: operation, missing from field: {_MISSING}"
        )
        holder, key = self._find(
            source, f"copy operation does not apply: doc is missing from path: {source}: {_MISSING}"
        )
        value = _at_place(f"error in copy for from: '{source}'", lambda: _get(holder, key))
        self._copied += len(json.dumps(value))
        if self._copied > _MOST_COPIED:
            raise MergeError(f"copies of {self._copied} bytes exceed the limit {_MOST_COPIED}", "conflict")
        path = _text(operation, "path", f"copy operation failed to decode path: {_MISSING}")
        target, name = self._find(
            path, f"copy operation does not apply: doc is missing destination path: {path}: {_MISSING}"
        )
        _at_place("error while adding value during copy", lambda: _insert(target, name, copy_of(value)))

    def _test(self, operation: Object) -> None:
        path = _text(
            operation, "path", f"test operation failed to decode path: operation missing path field: {_MISSING}"
        )
        found = self.document
        if path:
            holder, key = self._find(path, f"test operation does not apply: is missing path: {path}: {_MISSING}")
            found = _at_place(f"error in test for path: '{path}'", lambda: _get(holder, key))
        if not same(found, operation.get("value")):
            raise MergeError(f"testing value {path} failed: test failed", "conflict")

    def _find(self, path: str, otherwise: str) -> tuple[Any, str]:
        """The map or list that holds the last step of a path, and that step."""
        steps = [step.replace("~1", "/").replace("~0", "~") for step in path.split("/")]
        holder = self.document
        for step in steps[1:-1]:
            try:
                holder = _get(holder, step)
            except MergeError:
                holder = None
            if not isinstance(holder, dict | list):
                break
            if isinstance(holder, dict):
                self._opened[id(holder)] = holder
        if len(steps) < 2 or not isinstance(holder, dict | list):
            raise MergeError(otherwise, "conflict")
        return holder, steps[-1]


def _at_place(place: str, act: Callable[[], Any]) -> Any:
    """Do something to a document; an error is told with its place in front."""
    try:
        return act()
    except MergeError as error:
        raise MergeError(f"{place}: {error}", "conflict") from error


def _text(operation: Object, field: str, otherwise: str) -> str:
    value = operation.get(field)
    if not isinstance(value, str):
        raise MergeError(otherwise, "conflict")
    return value


def _number(key: str) -> int:
    if not re.fullmatch(r"[+-]?[0-9]{1,18}", key):
        raise MergeError(f'strconv.Atoi: parsing "{key}": invalid syntax', "conflict")
    return int(key)


def _index(holder: list[Any], key: str, size: int) -> int:
    number = _number(key)
    if not -size <= number < size:
        raise MergeError(f"Unable to access invalid index: {number}: invalid index referenced", "conflict")
    return number % size


def _get(holder: Any, key: str) -> Any:
    return holder.get(key) if isinstance(holder, dict) else holder[_index(holder, key, len(holder))]


def _insert(holder: Any, key: str, value: Any) -> None:
    if isinstance(holder, dict):
        holder[key] = value
    elif key == "-":
        holder.append(value)
    else:
        try:
            _number(key)
        except MergeError as error:
            raise MergeError(f"value was not a proper array index: '{key}': {error}", "conflict") from error
        holder.insert(_index(holder, key, len(holder) + 1), value)


def _delete(holder: Any, key: str) -> None:
    if isinstance(holder, list):
        del holder[_index(holder, key, len(holder))]
    elif key not in holder:
        raise MergeError(f"Unable to remove nonexistent key: {key}: {_MISSING}", "conflict")
    else:
        del holder[key]
