"""A checked expression as a tree: what it calls on what, and the type of each part.

``engine`` reads it from what the CEL library serializes (a packed ``cel.expr.CheckedExpr``), whose messages are
declared here as far as ``costs`` looks at them. Upstream: ``cel/expr/checked.proto`` and ``cel/expr/syntax.proto``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from google.protobuf.any_pb2 import Any as Packed

from gitopslab.machinery.descriptors import messages

_MESSAGES = {
    "Checked": "references=2:*ReferenceEntry types=3:*TypeEntry expr=4:Expr source=5:Source",
    "Source": "positions=4:*PositionEntry",
    "PositionEntry": "key=1:int value=2:enum",
    "ReferenceEntry": "key=1:int value=2:Reference",
    "TypeEntry": "key=1:int value=2:Type",
    "Reference": "name=1:text overloads=3:*text",
    "Type": "dyn=1:Empty null=2:enum primitive=3:enum wrapper=4:enum known=5:enum list=6:ListType map=7:MapType"
    " message=9:text param=10:text type=11:Type abstract=14:AbstractType",
    "ListType": "element=1:Type",
    "MapType": "key=1:Type value=2:Type",
    "AbstractType": "name=1:text parameters=2:*Type",
    "Empty": "",
    "Expr": "id=2:int constant=3:Constant ident=4:Ident select=5:Select call=6:Call list=7:List struct=8:Struct"
    " comprehension=9:Comprehension",
    "Constant": "null=1:enum bool=2:bool int=3:int uint=4:uint double=5:double text=6:text bytes=7:bytes",
    "Ident": "name=1:text",
    "Select": "operand=1:Expr field=2:text tests=3:bool",
    "Call": "target=1:Expr function=2:text args=3:*Expr",
    "List": "elements=1:*Expr optional=2:*enum",
    "Struct": "name=1:text entries=2:*Entry",
    "Entry": "field_key=2:text map_key=3:Expr value=4:Expr optional=5:bool",
    "Comprehension": "iter_var=1:text iter_range=2:Expr accu_var=3:text accu_init=4:Expr condition=5:Expr step=6:Expr"
    " result=7:Expr iter_var2=8:text",
}
_CHOICES = {
    "Type": ("dyn", "null", "primitive", "wrapper", "known", "list", "map", "message", "param", "type", "abstract"),
    "Expr": ("constant", "ident", "select", "call", "list", "struct", "comprehension"),
    "Constant": ("null", "bool", "int", "uint", "double", "text", "bytes"),
}
_message = messages(_MESSAGES, _CHOICES)
_PRIMITIVES = ("", "bool", "int", "uint", "double", "string", "bytes")
_KNOWN = ("", "any", "timestamp", "duration")

Expr = Any
"""One part: ``WhichOneof("kind")`` names what it is."""


class Type(NamedTuple):
    """The type of a part.

    Attributes:
        kind: ``bool``, ``string``, ``list``, ``map``, ``struct``, ``opaque``, ``dyn``, …
        name: Of a struct or an opaque type.
        parameters: The types inside.
    """

    kind: str
    name: str = ""
    parameters: tuple[Type, ...] = ()


DYN = Type("dyn")


class Tree:
    """A checked expression.

    Args:
        serialized: What the CEL library makes of it.
        is_bound: Whether the expression itself stands inside of a ``cel.bind``.

    Attributes:
        root: The whole of it.
    """

    def __init__(self, serialized: bytes, *, is_bound: bool = False) -> None:
        checked = _message("Checked")()
        checked.ParseFromString(Packed.FromString(serialized).value)
        self.root: Expr = checked.expr.comprehension.result if is_bound else checked.expr
        self._types = {entry.key: entry.value for entry in checked.types}
        self._references = {entry.key: entry.value for entry in checked.references}
        self._positions = {entry.key: entry.value for entry in checked.source.positions}

    def position_of(self, part: Expr) -> int:
        """At which character of the text a part stands."""
        return int(self._positions.get(part.id, 0))

    def calls(self, *functions: str) -> bool:
        """Whether any of these functions is called."""
        return any(part.call.function in functions for part, _ in parts(self.root))

    def names(self, variable: str) -> bool:
        """Whether any part of it is this variable, or another that is called so."""
        return any(part.ident.name.removeprefix(".") == variable for part, _ in parts(self.root))

    def type_of(self, part: Expr) -> Type:
        """The type of a part."""
        return _type(self._types[part.id]) if part.id in self._types else DYN

    def name_of(self, part: Expr) -> str:
        """Which name a part means, as in ``authorizer.requestResource``; empty when it is none."""
        return str(self._references[part.id].name) if part.id in self._references else ""

    def overloads_of(self, part: Expr) -> tuple[str, ...]:
        """Which functions a call may mean."""
        return tuple(self._references[part.id].overloads) if part.id in self._references else ()


def _type(given: Any) -> Type:
    match given.WhichOneof("kind"):
        case "primitive" | "wrapper" as kind:
            return Type(_PRIMITIVES[getattr(given, kind)])
        case "known":
            return Type(_KNOWN[given.known])
        case "list":
            return Type("list", "", (_type(given.list.element),))
        case "map":
            return Type("map", "", (_type(given.map.key), _type(given.map.value)))
        case "message":
            return Type("struct", given.message)
        case "abstract":
            return Type("opaque", given.abstract.name, tuple(map(_type, given.abstract.parameters)))
        case "param":
            return Type("param", given.param)
        case "null" | "type" as kind:
            return Type(kind)
        case _:
            return DYN


def parts(part: Expr) -> Iterator[tuple[Expr, bool]]:
    """A part and all below it, and of each whether it stands inside of a call of ``format``."""
    waiting = [(part, False)]
    while waiting:
        found, is_formatted = waiting.pop()
        yield found, is_formatted
        inside = is_formatted or found.call.function == "format"
        waiting += [(one, inside) for one in reversed(_below(found))]


def _below(part: Expr) -> list[Expr]:
    match part.WhichOneof("kind"):
        case "select":
            return [part.select.operand]
        case "call":
            return [*([part.call.target] if part.call.HasField("target") else ()), *part.call.args]
        case "list":
            return list(part.list.elements)
        case "struct":
            keys = [] if part.struct.name else [entry.map_key for entry in part.struct.entries]
            return [*keys, *(entry.value for entry in part.struct.entries)]
        case "comprehension":
            loop = part.comprehension
            return [loop.iter_range, loop.accu_init, loop.condition, loop.step, loop.result]
    return []
