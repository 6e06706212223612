"""Protobuf messages of which only what is needed is declared, in a few words, instead of generated code.

``custom.cel.tree`` reads expressions with such messages, ``http.openapi_v2`` writes a document. What a message holds
beyond what is declared is kept when it is read and written again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from google.protobuf.descriptor_pb2 import DescriptorProto, FieldDescriptorProto, FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass

_F = FieldDescriptorProto
_NATIVE = {"int": _F.TYPE_INT64, "uint": _F.TYPE_UINT64, "bool": _F.TYPE_BOOL, "text": _F.TYPE_STRING,
           "bytes": _F.TYPE_BYTES, "double": _F.TYPE_DOUBLE, "enum": _F.TYPE_INT32}  # fmt: skip


def messages(declared: Mapping[str, str], choices: Mapping[str, tuple[str, ...]] | None = None) -> Callable[[str], Any]:
    """What gives the class of a message by its name.

    Args:
        declared: The fields of each message, as in ``name=1:text parts=2:*Part``: a number, then ``int``, ``text``, …
            or another message; ``*`` for many.
        choices: Of a message, the fields of which there is one, under the name ``kind``.
    """

    @cache
    def pool() -> DescriptorPool:
        file = FileDescriptorProto(name="declared.proto", syntax="proto3")
        for name, fields in declared.items():
            _declare(file.message_type.add(name=name), fields.split(), (choices or {}).get(name, ()))
        found = DescriptorPool()
        found.AddSerializedFile(file.SerializeToString())
        return found

    @cache
    def message(name: str) -> Any:
        return GetMessageClass(pool().FindMessageTypeByName(name))

    return message


def _declare(message: DescriptorProto, fields: list[str], choices: tuple[str, ...]) -> None:
    if choices:
        message.oneof_decl.add(name="kind")
    for field in fields:
        name, _, rest = field.partition("=")
        number, _, kind = rest.partition(":")
        label = _F.LABEL_REPEATED if kind.startswith("*") else _F.LABEL_OPTIONAL
        kind = kind.lstrip("*")
        made = message.field.add(name=name, number=int(number), label=label)
        if kind in _NATIVE:
            made.type = _NATIVE[kind]
        else:
            made.type, made.type_name = _F.TYPE_MESSAGE, f".{kind}"
        if name in choices:
            made.oneof_index = 0
