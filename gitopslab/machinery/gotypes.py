"""The lines of ``schema.txt``, and what the Go types named in them are in JSON.

``schema`` makes structs and fields of the lines; ``scripts/generate_schema.py`` writes them. A line is a type and its
fields, which ``schema`` explains, or ``alias``, a name and the Go type it stands for.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Literal

Shape = Literal[
    "string",
    "integer",
    "number",
    "boolean",
    "bytes",
    "quantity",
    "time",
    "int-or-string",
    "any",
    "list",
    "map",
    "struct",
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


@lru_cache(maxsize=1)
def _read() -> tuple[dict[str, str], dict[str, str]]:
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


def fingerprint() -> str:
    """A text that changes whenever the types do."""
    return hashlib.sha256(_DATA.read_bytes()).hexdigest()


def type_names() -> tuple[str, ...]:
    """Every type there is."""
    return tuple(struct_lines())


def struct_lines() -> dict[str, str]:
    """What the data says of each struct, by its full name."""
    return _read()[0]


_GROUPS = (
    "admissionregistration.k8s.io", "apiextensions.k8s.io", "apiregistration.k8s.io", "authentication.k8s.io",
    "authorization.k8s.io", "certificates.k8s.io", "coordination.k8s.io", "discovery.k8s.io", "events.k8s.io",
    "flowcontrol.apiserver.k8s.io", "networking.k8s.io", "node.k8s.io", "rbac.authorization.k8s.io",
    "resource.k8s.io", "scheduling.k8s.io", "storage.k8s.io",
)  # fmt: skip


def group_named(package: str) -> str:
    """The API group whose types are in this package: ``rbac.authorization.k8s.io`` of ``rbac``, empty of ``core``."""
    if package == "core":
        return ""
    return next((group for group in _GROUPS if group.startswith(f"{package}.")), package)


@cache
def type_named(name: str) -> Type:
    """A type by its Go spelling, without a leading ``*``."""
    shape = _BASIC.get(name)
    if shape is not None:
        return Type(shape, name)
    if name.startswith("[]"):
        return Type("list", name, type_named(name[2:]))
    if name.startswith("map["):
        return Type("map", name, type_named(name.partition("]")[2]))
    base = _read()[1].get(name)
    if base is not None:
        stands_for = type_named(base)
        return Type(stands_for.shape, name, stands_for.element)
    return Type("struct", name)
