"""Values as the Go types of the API take them: unknown fields, wrong types, zero values.

``decode`` sends what comes over the wire through here, ``patches`` what a patch made. One pass over the value builds a
new one: unknown fields are dropped and noted, what Go would not write again (null, empty ``omitempty`` fields)
disappears, embedded structs appear, quantities and times get their canonical spelling. Error texts are those of Go's
``encoding/json`` (as ``sigs.k8s.io/json`` builds it) or, for the result of a strategic merge patch, of
``runtime.UnstructuredConverter``, because the API server passes both on. Which fields a type has is
``machinery.schema``'s business.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import json
from collections.abc import Callable
from typing import Any

from gitopslab.machinery.golang import go_kind
from gitopslab.machinery.gotypes import Type
from gitopslab.machinery.objects import Object, copy_of
from gitopslab.machinery.scalars import base64_offset, canonical_time, quantity
from gitopslab.machinery.schema import Struct, struct

_MAX_NOTES = 100
_LARGEST = (1 << 63) - 1
_BITS = {"int32": 31, "int64": 63}
_ZERO: dict[str, Any] = {"string": "", "integer": 0, "number": 0, "boolean": False, "bytes": "", "quantity": "0"}

_LOCAL = "LocalObjectReference"
_EMBEDDED = {
    "core.v1.Probe": ("ProbeHandler", ("exec", "grpc", "httpGet", "tcpSocket"), ()),
    "core.v1.Volume": ("VolumeSource", (), ("name",)),
    "core.v1.PersistentVolumeSpec": (
        "PersistentVolumeSource",
        (),
        ("accessModes", "capacity", "claimRef", "mountOptions", "nodeAffinity", "persistentVolumeReclaimPolicy",
         "storageClassName", "volumeAttributesClassName", "volumeMode"),
    ),
    "core.v1.EphemeralContainer": ("EphemeralContainerCommon", (), ("targetContainerName",)),
    "networking.v1.IngressRule": ("IngressRuleValue", ("http",), ()),
    **{
        f"core.v1.{holder}": (_LOCAL, ("name",), ())
        for holder in ("ConfigMapEnvSource", "ConfigMapKeySelector", "ConfigMapProjection", "ConfigMapVolumeSource",
                       "SecretEnvSource", "SecretKeySelector", "SecretProjection")
    },
}  # fmt: skip
"""Go structs that hold another without a field's name, which errors tell: the fields that are its own, or are not."""

At = tuple[Any, Struct | None, str | int] | None
"""Where a value is: the place above, the struct whose field it is (None in a list or map), and the name or index."""


class TypedError(Exception):
    """The value does not fit its type; the message is Go's."""


class Repeated(dict[str, Any]):
    """An object that names a key twice: a dictionary of the last values, whose ``items`` gives every pair."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        self._pairs = pairs

    def items(self) -> Any:
        """Every pair, in the order of the document."""
        return self._pairs


_TOLD_EMPTY = frozenset({"managedFields", "policies"})
"""Lists that say something when they are empty: to track owners no more, and an autoscaler's, which must not be."""


class Reader:
    """One pass over one value.

    Args:
        unstructured: Whether to word errors as the converter of unstructured objects does.

    Attributes:
        notes: What strict decoding objects to: ``unknown field "spec.replica"``.
    """

    def __init__(self, *, unstructured: bool = False) -> None:
        self.notes: list[str] = []
        self._unstructured = unstructured
        self._saved = ""
        self._readers: dict[str, Callable[[Type, Any, At], Any]] = {
            "string": self._string,
            "integer": self._integer,
            "boolean": self._boolean,
            "struct": self._struct,
            "list": self._list,
            "map": self._map,
            "quantity": self._quantity,
            "time": self._time,
            "int-or-string": self._int_or_string,
            "number": self._number,
            "bytes": self._bytes,
            "any": self._any,
        }

    def read(self, kind: Struct, value: Any) -> Object:
        """The value as this struct holds it; a new object throughout.

        Raises:
            TypedError: Something in it has the wrong type.
        """
        if not isinstance(value, dict):
            self._mismatch(value, Type("struct", kind.key), None)
            raise TypedError(self._saved)
        result = self._fields(kind, value, None)
        if self._saved:
            raise TypedError(self._saved)
        return result

    def plain(self, value: Any) -> Any:
        """A value of no particular type; only keys named twice are noted."""
        return self._any(_ANY, value, None)

    def _fields(self, kind: Struct, value: Object, at: At) -> Object:
        fields, readers = kind.fields, self._readers
        result: Object = {}
        seen = set[str]() if isinstance(value, Repeated) else None
        for name, item in value.items():
            field = fields.get(name)
            if seen is not None and (field is not None or kind.open):
                self._note_again(seen, name, at)
            if field is None:
                if kind.open:
                    result[name] = self._any(_ANY, item, (at, None, name))
                else:
                    self._note("unknown", at, name)
                continue
            if item is None:
                continue
            kept = readers[field.type.shape](field.type, item, (at, kind, name))
            if kept is None or (field.omits_zero and not kept and name not in _TOLD_EMPTY):
                continue
            result[name] = kept
        for name, zero in kind.fills:
            if name not in result:
                result[name] = copy_of(zero)
        return result

    def _struct(self, kind: Type, value: Any, at: At) -> Any:
        if not isinstance(value, dict):
            return self._mismatch(value, kind, at)
        return self._fields(struct(kind.name), value, at)

    def _list(self, kind: Type, value: Any, at: At) -> Any:
        if value.__class__ is not list:
            return self._mismatch(value, kind, at)
        element = kind.element or _ANY
        if element.shape == "string" and all(item.__class__ is str for item in value):
            return value.copy()
        read = self._readers[element.shape]
        return [self._item(read, element, item, (at, None, index)) for index, item in enumerate(value)]

    def _map(self, kind: Type, value: Any, at: At) -> Any:
        if not isinstance(value, dict):
            return self._mismatch(value, kind, at)
        element = kind.element or _ANY
        if value.__class__ is Repeated:
            self._note_repeats(value, at)
        elif element.shape == "string" and all(item.__class__ is str for item in value.values()):
            return dict(value)
        read = self._readers[element.shape]
        return {key: self._item(read, element, item, (at, None, key)) for key, item in value.items()}

    def _item(self, read: Callable[[Type, Any, At], Any], kind: Type, value: Any, at: At) -> Any:
        """An item of a list or map, where null means the zero value."""
        if value is None:
            return copy_of(struct(kind.name).zero) if kind.shape == "struct" else _ZERO.get(kind.shape)
        return read(kind, value, at)

    def _string(self, kind: Type, value: Any, at: At) -> Any:
        return value if value.__class__ is str else self._mismatch(value, kind, at)

    def _boolean(self, kind: Type, value: Any, at: At) -> Any:
        return value if value.__class__ is bool else self._mismatch(value, kind, at)

    def _integer(self, kind: Type, value: Any, at: At) -> Any:
        if value.__class__ is float and self._unstructured and value.is_integer():
            value = int(value)
        if value.__class__ is int and -(1 << _BITS[kind.name]) <= value < 1 << _BITS[kind.name]:
            return value
        return self._mismatch(value, kind, at)

    def _number(self, kind: Type, value: Any, at: At) -> Any:
        return value if value.__class__ in (int, float) else self._mismatch(value, kind, at)

    def _bytes(self, kind: Type, value: Any, at: At) -> Any:
        if value.__class__ is not str:
            return self._mismatch(value, kind, at)
        try:
            data = base64.b64decode(value, validate=True)
        except (binascii.Error, ValueError):
            offset = base64_offset(value)
            fault = f"illegal base64 data at input byte {offset}"
            if offset is not None and self._unstructured:
                raise TypedError(f"error decoding from json: {fault}") from None
            if offset is not None:
                return self._save(fault)
            data = base64.b64decode(value)
        return base64.b64encode(data).decode()

    # What follows has an UnmarshalJSON of its own in Go, so its errors end the decoding at once.

    def _quantity(self, kind: Type, value: Any, at: At) -> Any:
        try:
            return quantity(value if value.__class__ is str else json.dumps(value))
        except ValueError as error:
            raise TypedError(str(error)) from error

    def _time(self, kind: Type, value: Any, at: At) -> Any:
        if value.__class__ is not str:
            raise TypedError(self._wording(value, Type("string", "string"), at))
        try:
            return canonical_time(value, micro=kind.name == "meta.v1.MicroTime")
        except ValueError as error:
            raise TypedError(str(error)) from error

    def _int_or_string(self, kind: Type, value: Any, at: At) -> Any:
        if value.__class__ is str or (value.__class__ is int and -(1 << 31) <= value < 1 << 31):
            return value
        raise TypedError(self._wording(value, Type("integer", "int32"), at))

    def _any(self, kind: Type, value: Any, at: At) -> Any:
        if value.__class__ is Repeated:
            self._note_repeats(value, at)
        if isinstance(value, dict):
            return {key: self._any(kind, item, (at, None, key)) for key, item in value.items()}
        if isinstance(value, list):
            return [self._any(kind, item, (at, None, index)) for index, item in enumerate(value)]
        if value.__class__ is int and not -_LARGEST - 1 <= value <= _LARGEST:
            with contextlib.suppress(OverflowError):  # what is too large for that too, the store refuses
                return float(value)  # as in Go
        return value

    # Errors and notes.

    def _note(self, what: str, at: At, name: str) -> None:
        if len(self.notes) >= _MAX_NOTES:
            return
        above = _path(at)
        note = f"{what} field {json.dumps(f'{above}.{name}' if above else name, ensure_ascii=False)}"
        if note not in self.notes:
            self.notes.append(note)

    def _note_repeats(self, value: Repeated, at: At) -> None:
        seen = set[str]()
        for key, _ in value.items():
            self._note_again(seen, key, at)

    def _note_again(self, seen: set[str], name: str, at: At) -> None:
        if name in seen:
            self._note("duplicate", at, name)
        seen.add(name)

    def _mismatch(self, value: Any, kind: Type, at: At) -> None:
        if self._unstructured:
            raise TypedError(_unstructured_wording(value, kind))
        self._save(self._wording(value, kind, at))

    def _save(self, message: str) -> None:
        """Keep the first error and go on, as Go does; a later error of a custom type wins over it."""
        self._saved = self._saved or message

    def _wording(self, value: Any, kind: Type, at: At) -> str:
        what = go_kind(value)
        if what == "number" and kind.shape in ("integer", "number"):
            what += f" {json.dumps(value)}"
        names, owner = _go_path(at)
        if self._unstructured or owner is None:
            return f"json: cannot unmarshal {what} into Go value of type {kind.go}"
        return f"json: cannot unmarshal {what} into Go struct field {owner.name}.{names} of type {kind.go}"


_ANY = Type("any", "interface {}")


def _steps(at: At) -> list[tuple[Struct | None, str | int]]:
    found = []
    while at is not None:
        at, owner, name = at
        found.append((owner, name))
    return found[::-1]


def _path(at: At) -> str:
    """The path as strict errors spell it: ``spec.containers[0].image``."""
    text = ""
    for _, name in _steps(at):
        text += f"[{name}]" if isinstance(name, int) else f".{name}"
    return text.removeprefix(".")


def _go_path(at: At) -> tuple[str, Struct | None]:
    """The path as type errors spell it, without indexes and map keys, and the innermost struct."""
    steps = [(owner, str(name)) for owner, name in _steps(at) if owner is not None]
    return ".".join(_go_name(owner, name) for owner, name in steps), steps[-1][0] if steps else None


def _go_name(owner: Struct, name: str) -> str:
    embedded, fields, others = _EMBEDDED.get(owner.key, ("", (), ()))
    is_below = name in fields if fields else name not in others
    return f"{embedded}.{name}" if embedded and is_below else name


def _unstructured_wording(value: Any, kind: Type) -> str:
    """Go's name of what is there and what the converter says of it."""
    names = {bool: "bool", int: "int64", float: "float64", str: "string", list: "slice"}
    given = names.get(type(value), "map")
    if kind.shape in ("map", "struct", "list", "bytes"):
        wanted = {"struct": "struct from:", "map": "map from"}.get(kind.shape, "slice from")
        return f"cannot restore {wanted} {given}"
    # Go lets an integer be converted to a text (as a rune) and a float to an integer, and then refuses to.
    if (kind.shape, given) in (("string", "int64"), ("integer", "float64"), ("integer", "int64")):
        return f"cannot convert {given} to {kind.go}"
    basic = {"string": "string", "boolean": "bool", "number": "float64"}.get(kind.shape, kind.name)
    return f"unrecognized type: {basic}"
