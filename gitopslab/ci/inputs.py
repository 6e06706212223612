"""``spec:inputs`` in a header document, and ``$[[ inputs.NAME ]]`` in the document below it.

``load`` and ``include`` call ``interpolate`` on every file. Types, checks and texts are GitLab's (``lib/ci/inputs``,
``config/interpolation``).

Simplified: inputs have neither ``rules`` nor array indexes here; of the functions there are ``truncate`` and
``expand_vars``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

import re2

from gitopslab.ci.faults import ConfigurationError
from gitopslab.ci.scalars import as_text
from gitopslab.ci.tree import NOWHERE, Map, Place, Reference, Seq
from gitopslab.ci.variables import expand_existing

_BLOCK = re.compile(r"\$\[\[\s*(\S.*?\S)\s*\]\]")
_TRUNCATE = re.compile(r"truncate\(\s*(\d+)\s*,\s*(\d+)\s*\)")
_MOST_FUNCTIONS = 3
_TYPES = ("array", "boolean", "number", "string")


def interpolate(found: list[Any], given: Mapping[str, Any], variables: Mapping[str, str]) -> Any:
    """The configuration of a file, with its inputs filled in.

    Args:
        found: The documents of the file.
        given: Inputs by name, as ``include:inputs`` gives them.
        variables: For the function ``expand_vars``.

    Raises:
        ConfigurationError: An input is missing, unknown, or not what its specification allows.
    """
    has_header = len(found) > 1 and isinstance(found[0], Map) and "spec" in found[0]
    if not has_header:
        if given:
            raise ConfigurationError(
                "Given inputs not defined in the `spec` section of the included configuration file"
            )
        return found[0] if found else None
    place = found[0].place_of("spec")
    spec = found[0]["spec"]
    specs = (spec.get("inputs") if isinstance(spec, Map) else None) or Map()
    values = _values(specs, given, place)
    return _replaced(found[-1], lambda block: _value(block, values, variables, place))


def _values(specs: Any, given: Mapping[str, Any], place: Place) -> dict[str, Any]:
    if not isinstance(specs, Map):
        raise ConfigurationError("header:spec:inputs config should be a hash", place)
    errors = [error for name, spec in specs.items() for error in _errors(name, spec or Map(), given.get(name))]
    if errors:
        raise ConfigurationError(", ".join(errors[:3]), place)
    unknown = [name for name in given if name not in specs]
    if unknown:
        raise ConfigurationError(f"unknown input arguments: {', '.join(unknown)}", place)
    return {name: _typed(spec or Map(), given.get(name, (spec or {}).get("default"))) for name, spec in specs.items()}


def _errors(name: str, spec: Any, given: Any) -> list[str]:
    if not isinstance(spec, Map) or spec.get("type", "string") not in _TYPES:
        return [f"unknown input specification for `{name}` (valid types: {', '.join(_TYPES)})"]
    if given is None and "default" not in spec:
        return [f"`{name}` input: required value has not been provided"]
    checked = [("default", spec.get("default")), ("provided", given)]
    found = [_fault(spec, value, which) for which, value in checked if value is not None]
    return [f"`{name}` input: {fault}" for fault in found if fault]


def _fault(spec: Map, value: Any, which: str) -> str:
    kind, value = spec.get("type", "string"), _typed(spec, value)
    right: Any = {"array": list, "boolean": bool, "number": (int, float), "string": str}[kind]
    if not isinstance(value, right) or (kind == "number" and isinstance(value, bool)):
        return f"{which} value is not {'an' if kind == 'array' else 'a'} {kind}"
    options = spec.get("options")
    if options is not None and kind not in ("number", "string"):
        return "Options can only be used with string and number inputs"
    if options and value not in ([as_text(option) for option in options] if kind == "string" else options):
        the = "the " if kind == "number" else ""
        return f"`{as_text(value)}` cannot be used because it is not in the list of {the}allowed options"
    return _pattern_fault(spec, value, which, kind)


def _pattern_fault(spec: Map, value: Any, which: str, kind: str) -> str:
    if "regex" not in spec:
        return ""
    if kind != "string":
        return "RegEx validation can only be used with string inputs"
    try:
        found = re2.compile(str(spec["regex"])).search(value)
    except re2.error:
        return "invalid regular expression"
    return "" if found else f"{which} value does not match required RegEx pattern"


def _typed(spec: Map, value: Any) -> Any:
    if spec.get("type", "string") == "string":
        return None if value is None else as_text(value)
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except json.JSONDecodeError:
        return value


def _replaced(value: Any, fill: Callable[[str], Any]) -> Any:
    """A value with every block filled in; a block that is a whole list item may put in several."""
    if isinstance(value, str):
        return _filled(value, fill)
    if isinstance(value, Map):
        made = Map(place=value.place)
        for key, below in value.items():
            made.put(key if "$[[" not in key else str(_filled(key, fill)), _replaced(below, fill), value.place_of(key))
        return made
    if isinstance(value, Seq):
        items = Seq(place=value.place)
        for at, item in enumerate(value):
            new = _replaced(item, fill)
            several = new if isinstance(item, str) and isinstance(new, list) else [new]
            items.extend(several)
            items.places += [value.place_of(at)] * len(several)
        return items
    if isinstance(value, Reference):
        return Reference(
            _replaced(Seq(value.value), fill) if isinstance(value.value, list) else value.value, value.place
        )
    return value


def _filled(text: str, fill: Callable[[str], Any]) -> Any:
    if "$[[" not in text:
        return text
    whole = _BLOCK.fullmatch(text)
    if whole and len(_BLOCK.findall(text)) == 1:
        return fill(whole[1])
    return _BLOCK.sub(lambda found: as_text(fill(found[1])), text)


def _value(block: str, values: Mapping[str, Any], variables: Mapping[str, str], place: Place = NOWHERE) -> Any:
    access, *functions = (part.strip() for part in block.split("|"))
    room, _, name = access.partition(".")
    if room == "matrix":
        return f"$[[ {block} ]]"
    if not name:
        raise ConfigurationError("invalid pattern used for interpolation. valid pattern is $[[ inputs.input ]]", place)
    if room != "inputs" or name not in values:
        raise ConfigurationError(
            f"unknown interpolation provided: `{name if room == 'inputs' else room}` in `{access}`", place
        )
    if len(functions) > _MOST_FUNCTIONS:
        raise ConfigurationError("too many functions in interpolation block", place)
    value = values[name]
    for function in functions:
        value = _applied(function, value, variables, place)
    return value


def _applied(function: str, value: Any, variables: Mapping[str, str], place: Place) -> Any:
    cut = _TRUNCATE.fullmatch(function)
    if not cut and function != "expand_vars":
        text = "check that the function name, arguments, and types are correct"
        raise ConfigurationError(f"no function matching `{function}`: {text}", place)
    if not isinstance(value, str):
        raise ConfigurationError(f"error in `{function.partition('(')[0]}` function: invalid input type", place)
    if cut:
        begin = int(cut[1])
        return value[begin : begin + int(cut[2])]
    return expand_existing(value, variables)
