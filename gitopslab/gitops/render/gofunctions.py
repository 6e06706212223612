"""The functions of Go's templates: Go's own, the part of sprig that needs nothing of its surroundings, and Argo CD's.

``gotemplate`` calls them, and tells of the ``ValueError`` of one that fails.

Simplified: of sprig's two hundred functions those for text, lists and mappings that lessons need.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from typing import Any

import yaml

_NOT_IN_NAMES = re.compile(r"[^-a-z0-9.]")
_LONGEST_NAME = 253
_SLUG = 50
_MOST = 1_000_000
_WIDE = re.compile(r"%[-+ 0#]*\d{4}|%\*")


def text_of(value: Any) -> str:
    """A value as Go prints it."""
    if value is None:
        return "<no value>"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping):
        return f"map[{' '.join(f'{key}:{text_of(value[key])}' for key in sorted(value))}]"
    if isinstance(value, list | tuple):
        return f"[{' '.join(map(text_of, value))}]"
    return str(value)


def normalized(name: Any) -> str:
    """A name that Kubernetes takes: Argo CD's ``normalize``."""
    return _NOT_IN_NAMES.sub("-", text_of(name).lower())[:_LONGEST_NAME].strip("-.")


def _slug(*words: Any) -> str:
    """Argo CD's ``slugify``: at most so many letters (50), cut between words when asked to."""
    *options, name = words
    size = int(options[0]) if options else _SLUG
    smart = bool(options[1]) if len(options) > 1 else True
    slug = re.sub(r"[^a-z0-9_]+", "-", normalized(name)).strip("-_")
    if len(slug) <= size:
        return slug
    if not smart:
        return slug[:size].strip("-_")
    kept = ""
    for part in slug.split("-"):
        longer = f"{kept}-{part}" if kept else part
        if len(longer) > size:
            break
        kept = longer
    return kept or slug[:size]


def _index(value: Any, *keys: Any) -> Any:
    for key in keys:
        if isinstance(value, Mapping):
            value = value.get(key)
        elif isinstance(value, list | tuple):
            if not isinstance(key, int) or not 0 <= key < len(value):
                raise ValueError(f"index out of range: {key}")
            value = value[key]
        else:
            raise ValueError("index of untyped nil")
    return value


def _dig(*words: Any) -> Any:
    *path, fallback, value = words
    for key in path:
        if not isinstance(value, Mapping) or key not in value:
            return fallback
        value = value[key]
    return value


def _yaml(value: Any) -> str:
    return yaml.safe_dump(value, sort_keys=True, default_flow_style=False).removesuffix("\n").removesuffix("\n...")


def _mapping(text: Any) -> Any:
    return _loaded(text, dict, "map[string]interface {}")


def _items(text: Any) -> Any:
    return _loaded(text, list, "[]interface {}")


def _loaded(text: Any, kind: type, name: str) -> Any:
    try:
        found = yaml.safe_load(text_of(text))
    except yaml.YAMLError as error:
        raise ValueError(f"error converting YAML to JSON: {error}") from error
    if found is not None and not isinstance(found, kind):
        told = {str: "string", bool: "bool", list: "array", dict: "object"}.get(type(found), "number")
        words = f"json: cannot unmarshal {told} into Go value of type {name}"
        raise ValueError(f"error unmarshaling JSON: while decoding JSON: {words}")
    return kind() if found is None else found


def _json(text: Any) -> Any:
    try:
        return json.loads(text_of(text))
    except ValueError:
        return None


def _cut(size: Any, text: Any) -> str:
    return text_of(text)[: int(size)] if int(size) >= 0 else text_of(text)[int(size) :]


def _required(message: Any, value: Any) -> Any:
    if value in (None, ""):
        raise ValueError(message)
    return value


def _printf(form: str, *words: Any) -> str:
    if _WIDE.search(form):
        raise ValueError("a width of more than three digits")
    values = tuple(text_of(word) if isinstance(word, bool) or word is None else word for word in words)
    return form.replace("%v", "%s") % values


def _repeat(count: Any, text: Any) -> str:
    if int(count) * len(text_of(text)) > _MOST:
        raise ValueError(f"more than {_MOST} characters")
    return text_of(text) * int(count)


def _fail(message: Any) -> Any:
    raise ValueError(message)


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "println": lambda *words: " ".join(map(text_of, words)) + "\n",
    "print": lambda *words: "".join(map(text_of, words)),
    "printf": _printf,
    "len": len,
    "index": _index,
    "eq": lambda one, *others: one in others,
    "ne": lambda one, other: one != other,
    "lt": lambda one, other: one < other,
    "le": lambda one, other: one <= other,
    "gt": lambda one, other: one > other,
    "ge": lambda one, other: one >= other,
    "not": lambda value: not value,
    "and": lambda *values: next((value for value in values if not value), values[-1]),
    "or": lambda *values: next((value for value in values if value), values[-1]),
    "lower": lambda text: text_of(text).lower(),
    "upper": lambda text: text_of(text).upper(),
    "title": lambda text: text_of(text).title(),
    "trim": lambda text: text_of(text).strip(),
    "trimAll": lambda letters, text: text_of(text).strip(letters),
    "trimPrefix": lambda start, text: text_of(text).removeprefix(start),
    "trimSuffix": lambda end, text: text_of(text).removesuffix(end),
    "hasPrefix": lambda start, text: text_of(text).startswith(start),
    "hasSuffix": lambda end, text: text_of(text).endswith(end),
    "contains": lambda part, text: part in text_of(text),
    "replace": lambda old, new, text: text_of(text).replace(old, new),
    "quote": lambda *words: " ".join(json.dumps(text_of(word)) for word in words if word is not None),
    "squote": lambda *words: " ".join(f"'{text_of(word)}'" for word in words if word is not None),
    "trunc": _cut,
    "indent": lambda size, text: "\n".join(" " * size + line for line in text_of(text).split("\n")),
    "nindent": lambda size, text: "\n" + "\n".join(" " * size + line for line in text_of(text).split("\n")),
    "repeat": _repeat,
    "join": lambda between, items: between.join(map(text_of, items)),
    "split": lambda between, text: {f"_{at}": part for at, part in enumerate(text_of(text).split(between))},
    "splitList": lambda between, text: text_of(text).split(between),
    "first": lambda items: items[0] if items else None,
    "last": lambda items: items[-1] if items else None,
    "rest": lambda items: items[1:],
    "initial": lambda items: items[:-1],
    "list": lambda *items: list(items),
    "has": lambda item, items: item in items,
    "uniq": lambda items: list(dict.fromkeys(items)),
    "sortAlpha": lambda items: sorted(map(text_of, items)),
    "dict": lambda *pairs: dict(zip(pairs[::2], pairs[1::2], strict=True)),
    "get": lambda mapping, key: mapping.get(key, ""),
    "hasKey": lambda mapping, key: key in mapping,
    "keys": lambda mapping: list(mapping),
    "dig": _dig,
    "default": lambda fallback, value=None: value or fallback,
    "coalesce": lambda *values: next((value for value in values if value), None),
    "empty": lambda value=None: not value,
    "ternary": lambda yes, no, test: yes if test else no,
    "required": _required,
    "fail": _fail,
    "int": lambda value: int(value),
    "toString": text_of,
    "atoi": lambda value: int(value),
    "add": lambda *numbers: sum(map(int, numbers)),
    "add1": lambda number: int(number) + 1,
    "sub": lambda one, other: int(one) - int(other),
    "mul": lambda one, *others: math.prod([int(one), *map(int, others)]),
    "mod": lambda one, other: int(one) % int(other),
    "toJson": lambda value: json.dumps(value, separators=(",", ":"), sort_keys=True),
    "mustToJson": lambda value: json.dumps(value, separators=(",", ":"), sort_keys=True),
    "fromJson": _json,
    "mustFromJson": lambda text: json.loads(text_of(text)),
    "toYaml": _yaml,
    "fromYaml": _mapping,
    "fromYamlArray": _items,
    "normalize": normalized,
    "slugify": _slug,
}  # fmt: skip
"""By name; the value of a pipeline comes last."""
