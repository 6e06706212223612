"""``extends`` and ``!reference``: a job that takes over from others (``config/extendable``, ``config/yaml/tags``).

``load`` calls ``extended`` first and ``resolved`` after it, as GitLab does: a reference sees what ``extends`` has made.
"""

from __future__ import annotations

import json
from typing import Any

from gitopslab.ci.faults import ConfigurationError
from gitopslab.ci.scalars import as_text, inspected
from gitopslab.ci.tree import Map, Reference, Seq

_DEEPEST = 10


def extended(root: Map) -> Map:
    """A configuration in which every ``extends`` has been followed; its jobs keep the key.

    Raises:
        ConfigurationError: A base is missing or no map, or they go in a circle or too deep.
    """
    made = root.copied()
    for name in root:
        _extend(name, made, ())
    return made


def _extend(name: str, root: Map, above: tuple[str, ...]) -> Any:
    value = root[name]
    if not isinstance(value, Map) or "extends" not in value:
        return value
    place = value.place_of("extends")
    bases = [as_text(base) for base in _listed(value["extends"])]
    unknown = [base for base in bases if base not in root]
    if unknown:
        raise ConfigurationError(f"{name}: unknown keys in `extends` ({', '.join(unknown)})", place)
    wrong = [base for base in bases if not isinstance(root[base], Map)]
    if wrong:
        raise ConfigurationError(f"{name}: invalid base hashes in `extends` ({', '.join(wrong)})", place)
    if len(above) > _DEEPEST:
        raise ConfigurationError(f"{name}: nesting too deep in `extends`", place)
    if name in above:
        raise ConfigurationError(f"{name}: circular dependency detected in `extends`", place)
    merged = Map(place=value.place)
    for base in bases:
        merged = merged.merged(_extend(base, root, (*above, name)))
    root[name] = merged.merged(value)
    return root[name]


def _listed(value: Any) -> list[Any]:
    if isinstance(value, dict):  # as Ruby's Array() makes a list of one
        return [f"[:{key}, {inspected(one)}]" for key, one in value.items()]
    return [inspected(one) if isinstance(one, (list, dict)) else one for one in _plain(value)]


def _plain(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list) else [] if value is None else [value]


def resolved(root: Map) -> Map:
    """A configuration in which every ``!reference`` is replaced by what it names.

    Raises:
        ConfigurationError: A reference is no list of names, names nothing, or goes in a circle.
    """
    made = _resolved(root, root, ())
    return made if isinstance(made, Map) else root


def _resolved(value: Any, root: Map, above: tuple[Reference, ...]) -> Any:
    if isinstance(value, Map):
        made = Map(place=value.place)
        for key, below in value.items():
            made.put(key, _resolved(below, root, above), value.place_of(key))
        return made
    if isinstance(value, Seq):
        return Seq((_resolved(item, root, above) for item in value), value.place, value.places)
    if isinstance(value, Reference):
        return _followed(value, root, above)
    return value


def _followed(reference: Reference, root: Map, above: tuple[Reference, ...]) -> Any:
    names = reference.value
    said = f"!reference {json.dumps(names, ensure_ascii=False)}"
    if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
        hint = "Write the name of a job and a key of it, as in !reference [.setup, script]."
        raise ConfigurationError(f"{said} is not valid", reference.place, hint)
    if reference in above:
        hint = "Take one of the references out of the circle."
        raise ConfigurationError(f"{said} is part of a circular chain", reference.place, hint)
    value: Any = root
    for name in names:
        value = value.get(name) if isinstance(value, Map) else None
    found = _resolved(value, root, (*above, reference))
    if found is None or found is False:
        raise ConfigurationError(f"{said} could not be found", reference.place, "Check the spelling, dot included.")
    return found
