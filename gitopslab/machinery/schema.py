"""The types of the Kubernetes API: which fields a kind has, what they hold, and how they merge.

Decoding, patches, field ownership and OpenAPI ask here. The facts are lines of ``schema.txt``, which ``gotypes`` reads;
a line is taken apart when somebody first asks for its type, so start-up pays nothing. Descriptions of fields are not
here: ``controlplane.http`` reads them from the installed client when somebody asks for them.

A line is a type, ``@atomic`` if it is always replaced as a whole, and ``field:TYPE;flag;flag`` for each field.
``TYPE`` is the Go type, because Go's rules decide what is kept on decoding: ``*`` is a pointer (kept even if zero),
``!`` means always written. Flags: ``map=KEYS`` and ``set`` for lists that merge, ``plain`` for lists that do not say
(all others are atomic), ``list`` for bytes that are published as one, ``atomic`` and ``granular`` for maps,
``merge``, ``merge=KEY``, ``replace`` and ``retainKeys`` for strategic merge, ``enum`` (a space is ``%20``),
``default``, ``nodefault``, ``omitzero``, ``required`` and ``optional`` where these differ from ``!``.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from typing import Any, Literal

from gitopslab.machinery.gotypes import Shape, Type, group_named, struct_lines, type_named
from gitopslab.machinery.kinds import Resource
from gitopslab.machinery.objects import Object, copy_of

Relation = Literal["leaf", "struct", "map", "keyed", "set", "any"]
"""How the parts of a value belong together: ``leaf`` is owned and replaced as a whole, the others part by part."""

_UNOMITTED = ("struct", "time", "quantity")
"""Structs in Go, which ``omitempty`` never leaves out."""

_ZERO: dict[str, Any] = {"string": "", "integer": 0, "number": 0, "boolean": False, "int-or-string": 0, "quantity": "0"}


class Slot:
    """A place for a value, seen by who merges: field ownership and server-side apply.

    Attributes:
        relation: How its parts belong together.
        keys: What tells items of a ``keyed`` list apart.
    """

    __slots__ = ("_element", "_struct", "_type", "keys", "relation")

    def __init__(self, relation: Relation, kind: Type, keys: tuple[str, ...] = ()) -> None:
        self.relation = relation
        self.keys = keys
        self._type = kind
        self._element: Slot | None = None
        self._struct: Struct | None = None

    @property
    def shape(self) -> Shape:
        """The shape of the value."""
        return self._type.shape

    @property
    def element(self) -> Slot:
        """The place of an item of a list or a value of a map."""
        if self._element is None:
            kind = self._type.element
            self._element = Slot(_relation(kind), kind) if kind else ANY
        return self._element

    @property
    def struct(self) -> Struct:
        """The struct in it; only for the relation ``struct``."""
        if self._struct is None:
            self._struct = struct(self._type.name)
        return self._struct


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
        replace: Whether strategic merge replaces it as a whole.
        enum: The values allowed; empty for any.
        default: The default OpenAPI publishes; None for none.
        embedded: Whether it is a struct inside the struct, there even when nobody sets it (``status: {}``).
        slot: How what it holds merges.
        path: Its name as ``managedFields`` spells it: ``f:name``.
        written: Whether Go writes it even when nobody sets it.
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
    replace: bool
    enum: tuple[str, ...]
    default: Any
    embedded: bool
    written: bool
    omits_zero: bool
    slot: Slot
    path: str

    @property
    def zero(self) -> Any:
        """What is written of it when nobody sets it; None is null."""
        if self.embedded:
            return struct(self.type.name).zero
        return None if self.pointer else _ZERO.get(self.type.shape)


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
        """The fields that are there even when nobody sets them, with their zero values.

        Simplified: Go writes ``null`` for a list or map without ``omitempty``; here it stays absent, so that no reader
        need tell the two apart.
        """
        found = ((name, field.zero, field.type.shape) for name, field in self.fields.items() if field.written)
        return tuple((name, value) for name, value, shape in found if value is not None or shape == "time")


@cache
def struct(key: str) -> Struct:
    """The struct with this full name.

    Raises:
        KeyError: There is none.
    """
    words = struct_lines()[key].split()
    atomic = bool(words) and words[0] == "@atomic"
    fields = (_field(word) for word in words[atomic:])
    return Struct(key, {field.name: field for field in fields}, atomic=atomic)


@lru_cache(maxsize=2048)
def struct_of(api_version: str, kind: str) -> Struct | None:
    """The struct of an ``apiVersion`` and ``kind``; kinds all groups share are found in each (``DeleteOptions``)."""
    group, _, version = api_version.rpartition("/")
    first = group.partition(".")[0] or "core"
    # A custom resource may be a CronJob of batch.example.com, which is not the built-in one.
    for package in (f"{first}.{version}" if group_named(first) == group else "", "meta.v1"):
        key = f"{package}.{kind}"
        if "kind:string" in struct_lines().get(key, ""):
            return struct(key)
    return None


def struct_for(resource: Resource) -> Struct:
    """The struct of a resource; for custom resources one that only knows ``metadata`` and keeps the rest."""
    return struct_of(resource.api_version, resource.kind) or UNSTRUCTURED


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
        replace="replace" in given,
        enum=tuple(given["enum"].replace("%20", " ").split("|")) if "enum" in given else (),
        default=_default(kind, given, pointer=pointer, always=always),
        embedded=kind.shape == "struct" and not pointer,
        written=always or (kind.shape in _UNOMITTED and not pointer and "omitzero" not in given),
        omits_zero=not pointer and not always and kind.shape not in ("struct", "any", "int-or-string"),
        slot=_slot(kind, given, keys),
        path=f"f:{name}",
    )


def _slot(kind: Type, given: dict[str, str], keys: tuple[str, ...]) -> Slot:
    if "atomic" in given:
        return Slot("leaf", kind)
    if "granular" in given and kind.shape == "struct":
        return Slot("struct", kind)
    if kind.shape == "list":
        return Slot("keyed" if keys else "set" if "set" in given else "leaf", kind, keys)
    return Slot(_relation(kind), kind)


def _relation(kind: Type) -> Relation:
    if kind.shape == "struct":
        return "leaf" if struct_lines()[kind.name].startswith("@atomic") else "struct"
    if kind.name == "runtime.RawExtension":  # what a server keeps as it came
        return "leaf"
    return {"map": "map", "any": "any"}.get(kind.shape, "leaf")  # type: ignore[return-value]


def _list_type(kind: Type, given: dict[str, str]) -> str:
    if kind.shape == "bytes":
        return "atomic" if "list" in given else ""
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


def slot_with(kind: Type, relation: Relation, keys: tuple[str, ...], below: Struct | Slot | None) -> Slot:
    """A place whose type is not in the data, as of a custom resource; ``below`` is its struct or the place inside."""
    slot = Slot(relation, kind, keys)
    if isinstance(below, Struct):
        slot._struct = below
    else:
        slot._element = below
    return slot


def optional_field(name: str, slot: Slot, default: Any = None) -> Field:
    """A field of a struct that is not in the data: there when set, and not otherwise."""
    return Field(
        name=name, type=slot._type, pointer=True, always=False, required=False, keys=slot.keys,
        is_set=slot.relation == "set", list_type="", map_type="", merge=False, merge_key="", retain_keys=False,
        replace=False, enum=(), default=default, embedded=False, written=False, omits_zero=False, slot=slot,
        path=f"f:{name}",
    )  # fmt: skip


ANY = Slot("any", Type("any", "interface {}"))
"""A place of which nothing is declared."""


def root_of(kind: Struct) -> Slot:
    """The place of a whole object of this kind."""
    slot = Slot("struct", Type("struct", kind.key))
    slot._struct = kind
    return slot


UNSTRUCTURED = Struct(
    "Unstructured",
    {field.name: field for field in map(_field, ("apiVersion:string", "kind:string", "metadata:meta.v1.ObjectMeta"))},
    open=True,
)
"""A kind without built-in types: a custom resource."""
