"""The types of the Kubernetes API: which fields a kind has, what they hold, and how they merge.

Decoding, patches, field ownership and OpenAPI ask here. The facts are lines of ``schema.txt``, which
``scripts/generate_schema.py`` writes; a line is read when somebody first asks for its type, so start-up pays nothing.
Descriptions of fields are not here: ``controlplane.http`` reads them from the installed client when somebody asks for them.

A line is a type, ``@atomic`` if it is always replaced as a whole, and ``field:TYPE;flag;flag`` for each field. ``TYPE`` is the
Go type, because Go's rules decide what is kept on decoding: ``*`` is a pointer (kept even if zero), ``!`` means always written.
Flags: ``map=KEYS`` and ``set`` for lists that merge, ``plain`` for lists that do not say (all others are atomic), ``atomic`` and
``granular`` for maps, ``merge``, ``merge=KEY`` and ``retainKeys`` for strategic merge, ``enum``, ``default``, ``nodefault``,
``required`` and ``optional`` where these differ from ``!``.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, Literal

from gitopslab.machinery.kinds import Resource
from gitopslab.machinery.objects import Object, copy_of

Shape = Literal[
    "string", "integer", "number", "boolean", "bytes", "quantity", "time", "int-or-string", "any", "list", "map", "struct"
]

_DATA = Path(__file__).with_name("schema.txt")
_BASIC: dict[str, Shape] = {
    "string": "string",
    "int32": "integer",
    "int64": "integer",
    "float64": "number",
    "bool": "boolean",
    "[]uint8": "bytes",
    "meta.v1.Time": "time",
    "meta.v1.MicroTime": "time",
    "meta.v1.FieldsV1": "any",
    "resource.Quantity": "quantity",
    "intstr.IntOrString": "int-or-string",
    "runtime.RawExtension": "any",
    "apiextensions.v1.JSON": "any",
    "apiextensions.v1.JSONSchemaPropsOrArray": "any",
    "apiextensions.v1.JSONSchemaPropsOrBool": "any",
    "apiextensions.v1.JSONSchemaPropsOrStringArray": "any",
}
_ZERO: dict[str, Any] = {"string": "", "integer": 0, "number": 0, "boolean": False, "int-or-string": 0, "quantity": "0"}


@dataclass(frozen=True, slots=True)
class Type:
    """What a value is.

    Attributes:
        shape: How it looks in JSON and which rules it keeps.
        name: The full name, as in ``core.v1.PodSpec``, ``int32``, ``[]string``.
        element: The type of a list's items or a map's values.
    """

    shape: Shape
    name: str
    element: Type | None = None

    @property
    def go(self) -> str:
        """The name as Go's errors spell it: the last part of the package and the type, ``v1.PodSpec``."""
        return re.sub(r"\w+\.(\w+\.\w+)", r"\1", self.name)


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a struct.

    Attributes:
        pointer: Told apart from zero: kept when it is 0, false or empty.
        always: Written even when zero (no ``omitempty``).
        required: As OpenAPI says.
        keys: The keys of a list that merges as a map.
        is_set: Whether a list of plain values merges as a set.
        list_type: ``x-kubernetes-list-type`` as published; empty when not.
        map_type: ``x-kubernetes-map-type`` as published; empty when not.
        merge: Whether strategic merge combines the items; the key is ``merge_key``, empty for plain values.
        retain_keys: Whether strategic merge may drop the fields that a patch does not retain.
        enum: The values allowed; empty for any.
        default: The default OpenAPI publishes; None for none.
        embedded: Whether it is a struct inside the struct, there even when nobody sets it (``status: {}``).
        omits_zero: Whether 0, false, an empty text, list or map means the same as not set.
    """

    name: str
    type: Type
    pointer: bool
    always: bool
    required: bool
    keys: tuple[str, ...]
    is_set: bool
    list_type: str
    map_type: str
    merge: bool
    merge_key: str
    retain_keys: bool
    enum: tuple[str, ...]
    default: Any
    embedded: bool
    omits_zero: bool

    @property
    def zero(self) -> Any:
        """What stands in an object when nobody sets it; None when nothing does.

        Simplified: Go writes ``null`` for lists, maps and times without ``omitempty``; here they stay absent.
        """
        if self.pointer:
            return None
        if self.embedded:
            return struct(self.type.name).zero
        if self.always or self.type.shape == "quantity":
            return _ZERO.get(self.type.shape)
        return None


class Struct:
    """An object type with named fields.

    Attributes:
        key: The full name, as in ``apps.v1.DeploymentSpec``.
        fields: By name.
        atomic: Whether it is owned and applied as a whole.
        open: Whether fields nobody declared are kept as they are (custom resources).
    """

    def __init__(self, key: str, fields: dict[str, Field], *, atomic: bool = False, open: bool = False) -> None:
        self.key = key
        self.fields = fields
        self.atomic = atomic
        self.open = open

    def __repr__(self) -> str:
        return f"Struct({self.key})"

    @property
    def name(self) -> str:
        """The name without its package: ``DeploymentSpec``."""
        return self.key.rpartition(".")[2]

    @cached_property
    def zero(self) -> Object:
        """What an empty one looks like on the wire; shared, copy it."""
        return {name: copy_of(value) for name, value in self.fills}

    @cached_property
    def fills(self) -> tuple[tuple[str, Any], ...]:
        """The fields that are there even when nobody sets them, with their zero values."""
        found = ((name, field.zero) for name, field in self.fields.items())
        return tuple((name, value) for name, value in found if value is not None)


@lru_cache(maxsize=1)
def _lines() -> tuple[dict[str, str], dict[str, str]]:
    """The data by type name, and the aliases."""
    types: dict[str, str] = {}
    aliases: dict[str, str] = {}
    for line in _DATA.read_text(encoding="utf-8").splitlines():
        name, _, rest = line.partition(" ")
        if name == "alias":
            alias, _, base = rest.partition(" ")
            aliases[alias] = base
        else:
            types[name] = rest
    return types, aliases


def type_names() -> tuple[str, ...]:
    """Every type there is."""
    return tuple(_lines()[0])


@lru_cache(maxsize=None)
def struct(key: str) -> Struct:
    """The struct with this full name.

    Raises:
        KeyError: There is none.
    """
    words = _lines()[0][key].split()
    atomic = bool(words) and words[0] == "@atomic"
    fields = (_field(word) for word in words[atomic:])
    return Struct(key, {field.name: field for field in fields}, atomic=atomic)


@lru_cache(maxsize=None)
def struct_of(api_version: str, kind: str) -> Struct | None:
    """The struct of an ``apiVersion`` and ``kind``; kinds all groups share (``DeleteOptions``) are found in any of them."""
    group, _, version = api_version.rpartition("/")
    for package in (f"{group.partition('.')[0] or 'core'}.{version}", "meta.v1"):
        key = f"{package}.{kind}"
        if key in _lines()[0] and "kind:string" in _lines()[0][key]:
            return struct(key)
    return None


def struct_for(resource: Resource) -> Struct:
    """The struct of a resource; for custom resources one that only knows ``metadata`` and keeps the rest."""
    return struct_of(resource.api_version, resource.kind) or UNSTRUCTURED


@lru_cache(maxsize=None)
def type_named(name: str) -> Type:
    """A type by its Go spelling, without a leading ``*``."""
    shape = _BASIC.get(name)
    if shape is not None:
        return Type(shape, name)
    if name.startswith("[]"):
        return Type("list", name, type_named(name[2:]))
    if name.startswith("map["):
        return Type("map", name, type_named(name.partition("]")[2]))
    base = _lines()[1].get(name)
    if base is not None:
        stands_for = type_named(base)
        return Type(stands_for.shape, name, stands_for.element)
    return Type("struct", name)


def _field(word: str) -> Field:
    name, _, rest = word.partition(":")
    spec, *flags = rest.split(";")
    given = dict(flag.partition("=")[::2] for flag in flags)
    always, pointer = spec.endswith("!"), spec.startswith("*")
    kind = type_named(spec.strip("*!"))
    keys = tuple(given["map"].split(",")) if "map" in given else ()
    return Field(
        name=name,
        type=kind,
        pointer=pointer,
        always=always,
        required="required" in given or (always and "optional" not in given),
        keys=keys,
        is_set="set" in given,
        list_type=_list_type(kind, given),
        map_type=next((flag for flag in ("atomic", "granular") if flag in given), ""),
        merge="merge" in given,
        merge_key=given.get("merge", ""),
        retain_keys="retainKeys" in given,
        enum=tuple(given["enum"].split("|")) if "enum" in given else (),
        default=_default(kind, given, pointer=pointer, always=always),
        embedded=kind.shape == "struct" and not pointer,
        omits_zero=not pointer and not always and kind.shape not in ("struct", "any", "int-or-string"),
    )


def _list_type(kind: Type, given: dict[str, str]) -> str:
    if kind.shape != "list" or "plain" in given:
        return ""
    return next((flag for flag in ("map", "set") if flag in given), "atomic")


def _default(kind: Type, given: dict[str, str], *, pointer: bool, always: bool) -> Any:
    if "default" in given:
        return json.loads(given["default"])
    if pointer or "nodefault" in given:
        return None
    if kind.shape == "struct":
        return {}
    return _ZERO.get(kind.shape) if always and kind.shape not in ("int-or-string", "quantity") else None


UNSTRUCTURED = Struct(
    "Unstructured",
    {field.name: field for field in map(_field, ("apiVersion:string", "kind:string", "metadata:meta.v1.ObjectMeta"))},
    open=True,
)
"""A kind without built-in types: a custom resource."""
