"""What each field of a kind means: its type, its default, and what Kubernetes says about it.

Called by ``sheet`` for every line of a manifest; reads an OpenAPI v3 document of a cluster
(``clusters.client.openapi``), so the words are those of ``kubectl explain`` on that very cluster, custom resources
included.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from gitopslab.machinery.objects import Object
from gitopslab.views.message import Message

_PREFIX = "#/components/schemas/"
_SCALARS = ("string", "integer", "number", "boolean")
_WAYS = ("allOf", "anyOf", "oneOf")


@dataclass(frozen=True, slots=True)
class FieldHelp(Message):
    """What there is to say about a field.

    Attributes:
        path: Its way from the top, without the numbers of list items: ``spec.containers.image``.
        type: As ``kubectl explain`` writes it: ``string``, ``[]Container``, ``map[string]string``.
        shape: What its value must be: ``object``, ``array``, a scalar's name, or empty when several will do.
        choices: The values it may have, if they are few.
        default: What it is when it may be left out and is, as text.
        is_required: Whether it must be there.
    """

    path: str
    type: str
    description: str
    shape: str = ""
    choices: tuple[str, ...] = ()
    default: str = ""
    is_required: bool = False


class Fields:
    """The fields of one kind.

    Args:
        document: The OpenAPI v3 document of its group version.
        api_version: As in ``apps/v1``.
        kind: As in ``Deployment``.
    """

    def __init__(self, document: Object, api_version: str, kind: str) -> None:
        self._schemas: dict[str, Object] = (document.get("components") or {}).get("schemas") or {}
        group, _, version = api_version.rpartition("/")
        wanted = {"group": group, "version": version, "kind": kind}
        self._root = next((each for each in self._schemas.values() if _is_of(each, wanted)), None)

    @property
    def is_known(self) -> bool:
        """Whether the document describes the kind at all."""
        return self._root is not None

    def at(self, path: Iterable[str | int]) -> FieldHelp | None:
        """The field at a path; None when the kind has no such field."""
        names = [step for step in path if isinstance(step, str)]
        schema: Object | None = self._root
        required = False
        for name in names:
            holder = self._inside(schema or {})
            required = name in (holder.get("required") or ())
            schema = self._child(holder, name)
            if schema is None:
                return None
        return self._help(".".join(names), schema or {}, required)

    def names_at(self, path: Iterable[str | int]) -> tuple[str, ...]:
        """The fields that may stand below a path."""
        schema: Object | None = self._root
        for name in (step for step in path if isinstance(step, str)):
            schema = self._child(self._inside(schema or {}), name)
        return tuple((self._inside(schema or {}).get("properties") or {}) if schema else ())

    def _child(self, holder: Object, name: str) -> Object | None:
        found = (holder.get("properties") or {}).get(name)
        if found is not None:
            return dict(found)
        extra = holder.get("additionalProperties")
        if isinstance(extra, dict):
            # An entry of a map has no words of its own; those of the map are about it.
            return {**extra, "description": holder.get("description") or ""}
        is_open = extra is True or holder.get("x-kubernetes-preserve-unknown-fields") or _says_nothing(holder)
        return {} if is_open else None

    def _inside(self, schema: Object) -> Object:
        """The schema whose fields stand below this one: through references and into the items of a list."""
        resolved = self._resolved(schema)
        return self._inside(resolved["items"]) if "items" in resolved else resolved

    def _resolved(self, schema: Object) -> Object:
        """A schema with what it refers to; its own words win."""
        target = schema.get("$ref") or ""
        below = schema.get("allOf") or []
        if not target and len(below) == 1:
            return {**self._resolved(below[0]), **{key: value for key, value in schema.items() if key != "allOf"}}
        if not target:
            return schema
        found = self._schemas.get(target.removeprefix(_PREFIX), {})
        return {**found, "x-name": target.rpartition(".")[2]}

    def _help(self, path: str, schema: Object, is_required: bool) -> FieldHelp:
        resolved = self._resolved(schema)
        default = resolved.get("default")
        return FieldHelp(
            path=path,
            type=self._type(schema),
            description=(resolved.get("description") or "").strip(),
            shape=_shape(resolved),
            choices=tuple(str(each) for each in resolved.get("enum") or ()),
            default="" if is_required else _spoken(default),
            is_required=is_required,
        )

    def _type(self, schema: Object) -> str:
        resolved = self._resolved(schema)
        if "items" in resolved:
            return f"[]{self._type(resolved['items'])}"
        extra = resolved.get("additionalProperties")
        if isinstance(extra, dict):
            return f"map[string]{self._type(extra)}"
        named: str = resolved.get("x-name") or ""
        return named or resolved.get("type") or ("IntOrString" if _is_int_or_string(resolved) else "Object")


def _is_of(schema: Object, wanted: dict[str, str]) -> bool:
    return any(wanted.items() <= each.items() for each in schema.get("x-kubernetes-group-version-kind") or [])


def _is_int_or_string(schema: Object) -> bool:
    return bool(schema.get("x-kubernetes-int-or-string")) or schema.get("format") == "int-or-string"


def _says_nothing(schema: Object) -> bool:
    """Whether anything may stand below: a schema without fields of its own."""
    return not any(schema.get(key) for key in ("properties", "type", "items", *_WAYS)) or (
        schema.get("type") == "object" and "properties" not in schema
    )


def _spoken(default: Any) -> str:
    """A default as YAML writes it; an empty object only says that there is one."""
    if default is None or default == {}:
        return ""
    return str(default).lower() if isinstance(default, bool) else str(default)


def _shape(schema: Object) -> str:
    if _is_int_or_string(schema) or any(key in schema for key in _WAYS):
        return ""
    kind: Any = schema.get("type")
    return kind if kind in ("object", "array", *_SCALARS) else ""
