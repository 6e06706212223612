"""A schema of a definition: which keywords it may use, and where.

``versions`` calls ``check`` for every schema. Upstream: ``validateCustomResourceDefinitionValidation`` and
``ValidateCustomResourceDefinitionOpenAPISchema``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from gitopslab.controlplane.server.custom.definitions import defaults, internal, lists, rules, structure
from gitopslab.controlplane.server.custom.definitions.budget import Budget
from gitopslab.controlplane.server.custom.structural import EMBEDDED, LIST_TYPE, MAP_TYPE, META_FIELDS, PRESERVE, Node
from gitopslab.controlplane.server.validation.causes import Causes
from gitopslab.machinery.objects import Object

_TYPES = ("array", "boolean", "integer", "number", "object", "string")
_UNSUPPORTED = (
    ("id", "id"), ("additionalItems", "additionalItems"), ("patternProperties", "patternProperties"),
    ("definitions", "definitions"), ("dependencies", "dependencies"), ("$ref", "$ref"),
)  # fmt: skip
_AT_ROOT = (
    "Description", "Type", "Format", "Title", "Maximum", "ExclusiveMaximum", "Minimum", "ExclusiveMinimum", "MaxLength",
    "MinLength", "Pattern", "MaxItems", "MinItems", "UniqueItems", "MultipleOf", "Required", "Items", "Properties",
    "ExternalDocs", "Example", "XPreserveUnknownFields", "XValidations",
)  # fmt: skip
_QUADRATIC = "uniqueItems cannot be set to true since the runtime complexity becomes quadratic"
_NULL = "type cannot be set to null, use nullable as an alternative"


@dataclass(frozen=True, slots=True)
class Context:
    """What a place of a schema inherits from the places above.

    Attributes:
        no_defaults: Why there may be no default here; None where there may.
        in_meta: Whether it is inside the metadata of an object.
        uncorrelated: The nearest place above whose values have no counterpart before an update; empty if none.
        is_root: Whether it is the whole object.
        cardinality: How often it occurs in an object at most; None when nothing says so.
        checks_rules: Whether CEL rules are compiled: not inside ``allOf`` and its kin.
    """

    no_defaults: str | None = None
    in_meta: bool = False
    uncorrelated: str = ""
    is_root: bool = True
    cardinality: int | None = 1
    checks_rules: bool = True


def check(
    causes: Causes, validation: Object | None, path: str, *, has_status: bool, is_unchanged: bool = False
) -> None:
    """Report what is wrong with ``schema`` of a version; nothing when it has none.

    Args:
        causes: Where to report.
        validation: The version's ``schema``.
        path: Its path.
        has_status: Whether the version has a status subresource.
        is_unchanged: Whether the version had this schema before.
    """
    schema = (validation or {}).get("openAPIV3Schema")
    if schema is None:
        return
    path = f"{path}.openAPIV3Schema"
    found = Causes()
    if has_status:
        _check_root(found, schema, path)
    if schema.get("nullable"):
        found.forbidden(f"{path}.nullable", "nullable cannot be true at the root")
    structural = Causes()
    if not any(schema_has(schema, word) for word, _ in _UNSUPPORTED):
        structure.check(structural, schema, path)
        if not structural:
            defaults.check(structural, Node(schema), path)
    found.found += structural.found
    walk = _Walk(Budget(is_strict=not is_unchanged), checks_rules=not structural)
    walk.check(schema, path, Context())
    causes.found += [*found.found, *walk.faults.found, *walk.rule_faults.found]
    walk.budget.check_total(causes, path)


def _check_root(causes: Causes, schema: Object, path: str) -> None:
    """With a status subresource the schema of the status must stand on its own."""
    for name, value in internal.schema(schema).items():
        if not value and value != 0:
            continue
        if name == "Type":
            if value != "object":
                message = 'only "object" is allowed as the type at the root of the schema'
                causes.invalid(f"{path}.type", value, f"{message} if the status subresource is enabled")
                return
        elif value is not False and name not in _AT_ROOT:
            message = f"only [{' '.join(_AT_ROOT)}] fields are allowed at the root of the schema"
            causes.invalid(path, internal.schema(schema), f"{message} if the status subresource is enabled")
            return


def schema_has(schema: Any, word: str) -> bool:
    """Whether a keyword is used here or anywhere below."""
    if isinstance(schema, list):
        return any(schema_has(one, word) for one in schema)
    if not isinstance(schema, dict):
        return False
    if _is_used(schema, word):
        return True
    below = [*(schema.get("properties") or {}).values(), schema.get("items"), schema.get("additionalProperties")]
    nested = [schema.get(group) for group in ("allOf", "anyOf", "oneOf", "not")]
    return any(schema_has(one, word) for one in (*below, *nested))


def _is_used(schema: Object, word: str) -> bool:
    """An empty value says nothing, but for ``dependencies``, which may not even be empty."""
    return schema.get(word) not in ((None,) if word == "dependencies" else (None, "", {}, []))


class _Walk:
    """One way through a schema; faults of rules are kept apart, since they are told last."""

    def __init__(self, budget: Budget, *, checks_rules: bool) -> None:
        self.budget = budget
        self.faults = Causes()
        self.rule_faults = Causes()
        self._checks_rules = checks_rules

    def check(self, schema: Object, path: str, context: Context) -> None:
        """Report what is wrong here and below."""
        before = len(self.faults.found)
        self._check_keywords(schema, path, context)
        self._check_below(schema, path, context)
        lists.check(self.faults, schema, path)
        rules.check_texts(self.faults, schema, path)
        if self._checks_rules and context.checks_rules and len(self.faults.found) == before:
            is_root = context.is_root or bool(schema.get(EMBEDDED))
            place = rules.Place(is_root, context.uncorrelated, context.cardinality)
            rules.check_expressions(self.rule_faults, schema, path, place, self.budget)

    def _check_keywords(self, schema: Object, path: str, context: Context) -> None:
        causes, kind = self.faults, schema.get("type") or ""
        if kind and kind not in _TYPES:
            causes.unsupported(f"{path}.type", kind, _TYPES)
        if schema.get("default") is not None and context.no_defaults is not None:
            causes.forbidden(f"{path}.default", f"must not be set {context.no_defaults}")
        for word, name in _UNSUPPORTED:
            if _is_used(schema, word):
                causes.forbidden(f"{path}.{word}", f"{name} is not supported")
        if kind == "null":
            causes.forbidden(f"{path}.type", _NULL)
        if isinstance(schema.get("items"), list):
            causes.forbidden(f"{path}.items", "items must be a schema object and not an array")
        if context.in_meta and schema.get(EMBEDDED):
            causes.forbidden(f"{path}.{EMBEDDED}", "must not be used inside of resource meta")
        if schema.get("uniqueItems"):
            causes.forbidden(f"{path}.uniqueItems", _QUADRATIC)
        additional = schema.get("additionalProperties")
        if additional is not None and additional is not True and schema.get("properties"):
            message = "additionalProperties and properties are mutual exclusive"
            causes.forbidden(f"{path}.additionalProperties", message)
        if schema.get(PRESERVE) is False:
            causes.invalid(f"{path}.{PRESERVE}", False, "must be true or undefined")

    def _check_below(self, schema: Object, path: str, context: Context) -> None:
        inner = replace(context, is_root=False, cardinality=_below(schema, context.cardinality))
        additional, items = schema.get("additionalProperties"), schema.get("items")
        if isinstance(additional, dict):
            reason = "inside additionalProperties applying to object metadata" if context.in_meta else inner.no_defaults
            self.check(additional, f"{path}.additionalProperties", replace(inner, no_defaults=reason))
        for name, field in (schema.get("properties") or {}).items():
            self.check(field, f"{path}.properties[{name}]", _of_field(schema, name, path, context))
        unruled = replace(inner, checks_rules=False)
        if isinstance(schema.get("not"), dict):
            self.check(schema["not"], f"{path}.not", unruled)
        for word in ("allOf", "oneOf", "anyOf"):
            for index, one in enumerate(schema.get(word) or ()):
                self.check(one, f"{path}.{word}[{index}]", unruled)
        if isinstance(items, dict):
            is_map = schema.get(LIST_TYPE) == "map"
            self.check(items, f"{path}.items", inner if is_map else _uncorrelated(inner, path))


def _of_field(schema: Object, name: str, path: str, context: Context) -> Context:
    found = replace(context, is_root=False, cardinality=_below(schema, context.cardinality))
    if schema.get(MAP_TYPE) not in (None, "granular", "atomic"):
        found = _uncorrelated(found, path)
    if (context.is_root or schema.get(EMBEDDED)) and name in META_FIELDS:
        reason = f"in top-level {name}" if context.is_root else found.no_defaults
        found = replace(found, in_meta=True, no_defaults=reason)
    return found


def _below(schema: Object, cardinality: int | None) -> int | None:
    """How often what is below a place occurs at most."""
    limit: int | None = 1
    if schema.get("type") == "array":
        limit = schema.get("maxItems")
    elif schema.get("type") == "object" and schema.get("additionalProperties") is not None:
        limit = schema.get("maxProperties")
    return None if cardinality is None or limit is None else cardinality * max(limit, 0)


def _uncorrelated(context: Context, path: str) -> Context:
    return context if context.uncorrelated else replace(context, uncorrelated=path)
