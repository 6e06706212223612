"""Writes the protobuf that Kubernetes clients may prefer to JSON, from the same lines that ``protobuf`` reads it by.

``http`` calls it for clients that accept nothing else, or this first, as Go programs do, and ``records`` once for each
object. As generated Go code does, a field that is no pointer is written even when nobody set it, in the order of the
numbers; so the bytes are the real server's. Each type is planned once: a function a field, with the bytes that stand
for a field that is not there.
"""

from __future__ import annotations

import base64
import struct as binary
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import orjson

from gitopslab.machinery.gotypes import Type
from gitopslab.machinery.objects import Object
from gitopslab.machinery.protobuf import ALTERNATIVES, PREFIX, SCHEMA, numbers
from gitopslab.machinery.schema import Field, Struct, struct, struct_of

_LENGTH = binary.Struct(">I")
_EPOCH, _SECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(seconds=1)
_DOUBLE = binary.Struct("<d")
_ZERO: dict[str, Any] = {
    "string": "", "integer": 0, "boolean": False, "number": 0.0, "quantity": "0", "int-or-string": 0, "struct": {},
    "time": None, "any": None,
}  # fmt: skip
"""What stands for a field of a shape that is written even when nobody set it, unless it is behind a pointer."""

Write = Callable[[Any], bytes]


def write(obj: Object) -> bytes:
    """An object with its envelope.

    Args:
        obj: With ``apiVersion`` and ``kind``, of a kind that is known.
    """
    return enveloped(obj, content(obj))


def content(obj: Object) -> bytes:
    """An object without its envelope, as lists hold it.

    Args:
        obj: With ``apiVersion`` and ``kind``, of a kind that is known.
    """
    return _plan(_named(obj.get("apiVersion", ""), obj["kind"])).write(obj)


def enveloped(obj: Object, content: bytes) -> bytes:
    """The ``content`` of an object with its envelope."""
    return _enveloped(obj.get("apiVersion", ""), obj["kind"], content)


def write_list(api_version: str, kind: str, metadata: Object, items: Iterable[bytes]) -> bytes:
    """A list of objects.

    Args:
        api_version: Of the list.
        kind: Of the list, as in ``PodList``.
        metadata: Of the list.
        items: The ``content`` of each.
    """
    head = _part(1, _plan("meta.v1.ListMeta").write(metadata))
    return _enveloped(api_version, kind, head + b"".join([_part(2, one) for one in items]))


def write_metadata(version: str, obj: Object) -> bytes:
    """The ``PartialObjectMetadata`` of an object.

    Args:
        version: Of ``meta.k8s.io``.
        obj: The object.
    """
    return _enveloped(f"meta.k8s.io/{version}", "PartialObjectMetadata", _metadata(obj))


def write_metadata_list(version: str, metadata: Object, items: Iterable[Object]) -> bytes:
    """A ``PartialObjectMetadataList`` of objects.

    Args:
        version: Of ``meta.k8s.io``.
        metadata: Of the list.
        items: The objects.
    """
    head = _part(1, _plan("meta.v1.ListMeta").write(metadata))
    content = head + b"".join([_part(2, _metadata(one)) for one in items])
    return _enveloped(f"meta.k8s.io/{version}", "PartialObjectMetadataList", content)


def write_event(type: str, obj: bytes) -> bytes:
    """An event of a watch, with its length before it.

    Args:
        type: What happened.
        obj: The object, with its envelope.
    """
    event = _part(1, type.encode()) + _part(2, _part(1, obj))
    return _LENGTH.pack(len(event)) + event


def _metadata(obj: Object) -> bytes:
    return _part(1, _plan("meta.v1.ObjectMeta").write(obj["metadata"]))


def _named(api_version: str, kind: str) -> str:
    found = struct_of(api_version, kind)
    if found is None:
        raise LookupError(f"{api_version} {kind}")
    return found.key


def _enveloped(api_version: str, kind: str, content: bytes) -> bytes:
    """``runtime.Unknown``: what it is, itself, and two fields that say nothing."""
    type_meta = _part(1, api_version.encode()) + _part(2, kind.encode())
    return PREFIX + _part(1, type_meta) + _part(2, content) + _part(3, b"") + _part(4, b"")


class _Plan:
    """How the messages of one type are written.

    Args:
        kind: Which fields there are.
        name: Of the message, which differs from the struct's own where it is inlined in JSON.
    """

    def __init__(self, kind: Struct, name: str) -> None:
        self._steps = [_step(kind, number, label) for number, label in sorted(numbers(name).items())]

    def write(self, obj: Object) -> bytes:
        return b"".join([step(obj) for step in self._steps])


@cache
def _plan(name: str) -> _Plan:
    return _Plan(struct(name), name)


@cache
def _inlined(kind: str, name: str) -> _Plan:
    return _Plan(struct(kind), name)


def _step(kind: Struct, number: int, label: str) -> Callable[[Object], bytes]:
    if label.startswith("+"):
        return lambda obj: _part(number, _inlined(kind.key, label[1:]).write(obj))
    field = kind.fields.get(label)
    if field is None:
        return lambda obj: b""
    name, present = field.name, _field(number, field)
    absent = cache(lambda: _absent(number, field))  # of types that hold themselves not before it is needed

    def step(obj: Object) -> bytes:
        value = obj.get(name)
        return present(value) if value is not None else absent()

    return step


def _absent(number: int, field: Field) -> bytes:
    """What stands for a field that is not there."""
    shape = field.type.shape
    if field.pointer or shape not in _ZERO:
        return b""
    if shape in ("time", "any"):
        return _part(number, b"")
    return _field(number, field)(_ZERO[shape])


def _field(number: int, field: Field) -> Write:
    """Writes the value of a field with its number."""
    kind = field.type
    if kind.shape == "map":
        return lambda value: b"".join([_part(number, _entry(kind, key, value[key])) for key in sorted(value)])
    if kind.shape == "list" and kind.name.startswith("[]"):
        item = _tagged(number, kind.element)
        return lambda value: b"".join([item(one) for one in value])
    return _tagged(number, kind)


def _entry(kind: Type, key: str, value: Any) -> bytes:
    return _part(1, key.encode()) + _tagged(2, kind.element)(value)


@cache
def _tagged(number: int, kind: Type | None) -> Write:
    """Writes a value of a type with a number."""
    shape = kind.shape if kind is not None else "any"
    if shape in ("integer", "boolean"):
        tag = varint(number << 3)
        return lambda value: tag + varint(int(value) & (1 << 64) - 1)
    if shape == "number":
        tag = varint(number << 3 | 1)
        return lambda value: tag + _DOUBLE.pack(value)
    if shape == "string":
        return lambda value: _part(number, value.encode())
    return lambda value: _part(number, _content(kind, shape, value))


def _content(kind: Type | None, shape: str, value: Any) -> bytes:
    """What is in a message, or bytes."""
    if shape == "struct" and kind is not None:
        return _message(kind, value)
    if shape == "bytes":
        return base64.b64decode(value)
    if shape == "time":
        return _time(value)
    if shape == "quantity":
        return _part(1, str(value).encode())
    if shape == "int-or-string":
        return _int_or_string(value)
    if shape == "list" and kind is not None:  # a list with a name of its own is a message around its items
        item = _tagged(1, kind.element)
        return b"".join([item(one) for one in value])
    if kind is not None and kind.name.startswith(ALTERNATIVES):
        return _alternative(kind.name.removeprefix(ALTERNATIVES), value)
    return _part(1, orjson.dumps(value))


def _message(kind: Type, value: Object) -> bytes:
    return _plan(kind.name).write(value)


def _int_or_string(value: int | str) -> bytes:
    text = value if isinstance(value, str) else ""
    whole = 0 if isinstance(value, str) else value
    numbers = b"\x08%b\x10%b" % (varint(int(isinstance(value, str))), varint(whole & (1 << 64) - 1))
    return numbers + _part(3, text.encode())


def _time(text: str) -> bytes:
    moment = datetime.fromisoformat(text)
    seconds = (moment - _EPOCH) // _SECOND
    return b"\x08%b\x10%b" % (varint(seconds & (1 << 64) - 1), varint(moment.microsecond * 1000))


def _alternative(other: str, value: Any) -> bytes:
    """A schema, or what may stand in its place: ``Bool``, ``Array`` of schemas, ``StringArray``."""
    if other == "Bool":
        is_schema = isinstance(value, dict)
        return b"\x08%b%b" % (varint(int(is_schema or value)), _part(2, _schema(value)) if is_schema else b"")
    if isinstance(value, dict):
        return _part(1, _schema(value))
    return b"".join([_part(2, one.encode() if other == "StringArray" else _schema(one)) for one in value])


def _schema(value: Object) -> bytes:
    return _plan(SCHEMA).write(value)


def _part(number: int, content: bytes) -> bytes:
    """A field of bytes."""
    size = len(content)
    if number < 16 and size < 128:
        return b"%c%c%b" % (number << 3 | 2, size, content)
    return varint(number << 3 | 2) + varint(size) + content


def varint(value: int) -> bytes:
    """A number in as few bytes as hold it."""
    if value < 128:
        return b"%c" % value
    found = bytearray()
    while value > 127:
        found.append(value & 127 | 128)
        value >>= 7
    found.append(value)
    return bytes(found)
