"""Reads the protobuf that Kubernetes clients may send instead of JSON.

``server.decode`` calls it: ``kubectl create`` and Go programs with a typed client send every body so. What a field
holds is known to ``schema``; here is only how it travels. The numbers of the fields are lines of ``protobuf.txt``: a
type, then ``field=NUMBER`` each; ``+TYPE=NUMBER`` is a message of its own on the wire whose fields stand directly in
the JSON object.

``protobuf_writing`` is the way back.
"""

from __future__ import annotations

import base64
import struct as binary
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import orjson

from gitopslab.machinery.gotypes import Type
from gitopslab.machinery.objects import Object
from gitopslab.machinery.schema import Field, Struct, struct, struct_of

MEDIA_TYPE = "application/vnd.kubernetes.protobuf"
PREFIX = b"k8s\x00"
"""What every message begins with; an envelope with the kind's name follows (``runtime.Unknown``)."""

_DATA = Path(__file__).with_name("protobuf.txt")
_EPOCH = datetime(1970, 1, 1)
_DEEPEST = 100  # messages within messages; the deepest real object stays far below
SCHEMA = "apiextensions.v1.JSONSchemaProps"
ALTERNATIVES = f"{SCHEMA}Or"
"""What the types are called that a schema may stand in for, or that may stand for one."""
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5

Value = int | bytes


def read(body: bytes) -> Object:
    """The object in a message, as JSON would hold it: ``apiVersion``, ``kind`` and every field that is there.

    A kind that nobody knows is returned without fields, so that the caller can say so in its own words.

    Raises:
        ValueError: It is no such message, or is cut off or too deep.
    """
    if not body.startswith(PREFIX):
        raise ValueError("provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]")
    envelope = {number: value for number, value in _fields(body[len(PREFIX) :])}
    type_meta = {number: _text(value) for number, value in _fields(_bytes(envelope.get(1, b"")))}
    api_version, kind = type_meta.get(1, ""), type_meta.get(2, "")
    found = struct_of(api_version, kind)
    content = _message(found, found.key, _bytes(envelope.get(2, b"")), 0) if found else {}
    return {"apiVersion": api_version, "kind": kind, **content}


@lru_cache(maxsize=1)
def _lines() -> dict[str, str]:
    split = (line.partition(" ") for line in _DATA.read_text(encoding="utf-8").splitlines())
    return {name: rest for name, _, rest in split}


@cache
def numbers(name: str) -> dict[int, str]:
    """The fields of a message by number; a name with ``+`` is an inlined type. Empty for an unknown one."""
    pairs = (word.partition("=") for word in _lines().get(name, "").split())
    return {int(number): field for field, _, number in pairs}


def _message(kind: Struct, name: str, data: bytes, depth: int) -> Object:
    """The fields of a message; ``name`` differs from the struct's own where the message is inlined in JSON."""
    if depth > _DEEPEST:
        raise ValueError("proto: message is nested too deeply")
    result: Object = {}
    known = numbers(name)
    for number, value in _fields(data):
        label = known.get(number, "")
        if label.startswith("+"):
            result.update(_message(kind, label[1:], _bytes(value), depth + 1))
        elif label in kind.fields:
            _put(result, kind.fields[label], value, depth)
    return result


def _put(result: Object, field: Field, value: Value, depth: int) -> None:
    kind = field.type
    if kind.shape == "map":
        key, item = _entry(kind, _bytes(value), depth)
        result.setdefault(field.name, {})[key] = item
    elif kind.shape == "list" and kind.name.startswith("[]"):
        result.setdefault(field.name, []).append(_value(kind.element, value, depth))
    else:
        found = _value(kind, value, depth)
        # a value that is no pointer is always sent; of these, zero means that nobody set it
        if found is not None and (found or field.pointer or kind.shape != "int-or-string"):
            result[field.name] = found


def _entry(kind: Type, data: bytes, depth: int) -> tuple[str, Any]:
    found = dict(_fields(data))
    return _text(found.get(1, b"")), _value(kind.element, found.get(2, b""), depth)


def _value(kind: Type | None, value: Value, depth: int) -> Any:
    shape = kind.shape if kind is not None else "any"
    if shape == "string":
        return _text(value)
    if shape == "integer":
        return _signed(value)
    if shape == "boolean":
        return bool(value)
    data = _bytes(value)
    if shape == "number":
        if len(data) != 8:
            raise ValueError("proto: wrong wireType")
        return binary.unpack("<d", data)[0]
    if shape == "bytes":
        return base64.b64encode(data).decode()
    if shape == "struct" and kind is not None:
        return _message(struct(kind.name), kind.name, data, depth + 1)
    if shape == "list" and kind is not None:  # a list with a name of its own is a message around its items
        return [_value(kind.element, item, depth + 1) for number, item in _fields(data) if number == 1]
    if kind is not None and kind.name.startswith(ALTERNATIVES):
        return _alternative(kind.name.removeprefix(ALTERNATIVES), data, depth)
    return _special(shape, kind, dict(_fields(data)))


def _alternative(other: str, data: bytes, depth: int) -> Any:
    """A schema, or what may stand in its place: ``Bool``, ``Array`` of schemas, ``StringArray``."""
    of_schema, of_other = (2, 1) if other == "Bool" else (1, 2)
    found = list(_fields(data))
    schemas = [_bytes(value) for number, value in found if number == of_schema]
    others = [value for number, value in found if number == of_other]
    if schemas and not (others and other != "Bool"):
        return _schema(schemas[-1], depth)
    if other == "Bool":
        return any(others)
    return [_text(value) if other == "StringArray" else _schema(_bytes(value), depth) for value in others]


def _schema(data: bytes, depth: int) -> Object:
    return _message(struct(SCHEMA), SCHEMA, data, depth + 1)


def _special(shape: str, kind: Type | None, fields: dict[int, Value]) -> Any:
    """The types that write themselves as something else in JSON."""
    if shape == "time":
        return _time(fields, micro=kind is not None and kind.name == "meta.v1.MicroTime")
    if shape == "quantity":
        return _text(fields.get(1, b""))
    if shape == "int-or-string":
        return _text(fields.get(3, b"")) if fields.get(1) else _signed(fields.get(2, 0))
    raw = _bytes(fields.get(1, b""))
    return orjson.loads(raw) if raw else None


def _time(fields: dict[int, Value], *, micro: bool) -> str | None:
    """An empty message is Go's zero time, which JSON writes as null."""
    if not fields:
        return None
    try:
        moment = (_EPOCH + timedelta(seconds=_signed(fields.get(1, 0)))).isoformat(timespec="seconds")
    except OverflowError:
        raise ValueError("Time.MarshalJSON: year outside of range [0,9999]") from None
    return f"{moment}.{_signed(fields.get(2, 0)) // 1000:06d}Z" if micro else f"{moment}Z"


def _signed(value: Value) -> int:
    if not isinstance(value, int):
        raise ValueError("proto: wrong wireType")
    return value - (1 << 64) if value >> 63 else value


def _bytes(value: Value) -> bytes:
    if not isinstance(value, bytes):
        raise ValueError("proto: wrong wireType")
    return value


def _text(value: Value) -> str:
    return _bytes(value).decode("utf-8", "replace")


def _fields(data: bytes) -> Iterator[tuple[int, Value]]:
    """The numbers and raw values of a message, in their order."""
    at, end = 0, len(data)
    while at < end:
        key, at = _varint(data, at)
        wire = key & 7
        if wire == _VARINT:
            value, at = _varint(data, at)
            yield key >> 3, value
            continue
        if wire == _BYTES:
            size, at = _varint(data, at)
        elif wire in (_FIXED64, _FIXED32):
            size = 8 if wire == _FIXED64 else 4
        else:
            raise ValueError(f"proto: illegal wireType {wire}")
        if at + size > end:
            raise ValueError("unexpected EOF")
        yield key >> 3, data[at : at + size]
        at += size


def _varint(data: bytes, at: int) -> tuple[int, int]:
    result = 0
    for shift in range(0, 70, 7):
        if at >= len(data):
            raise ValueError("unexpected EOF")
        byte = data[at]
        at += 1
        result |= (byte & 0x7F) << shift
        if byte < 0x80:
            return result & (1 << 64) - 1, at
    raise ValueError("proto: integer overflow")
