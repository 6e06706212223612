"""Fields that a Kustomization leaves to others (``spec.ignore``): drift in them alone is none.

When an object is applied for another reason, what has drifted in an ignored field stays: another manager's field is
left out of what is applied, and of one that is ours the value in the cluster is taken. Source: ``computeDriftedPaths``
in ``fluxcd/pkg/ssa/manager_apply.go``, selectors in ``fluxcd/pkg/ssa/jsondiff``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from gitopslab.errors import ApiError, LabError
from gitopslab.gitops.flux.ownership import MANAGER
from gitopslab.machinery.objects import (
    Object,
    annotations_of,
    copy_of,
    group_of,
    labels_of,
    name_of,
    namespace_of,
)
from gitopslab.machinery.regexes import PatternError, compiled
from gitopslab.machinery.selectors import parse_labels

_MISSING = object()
Rules = Sequence[Object]
"""``spec.ignore``: each with ``paths`` (JSON pointers) and maybe a ``target``."""


def paths_of(obj: Object, rules: Rules) -> list[str]:
    """The JSON pointers that are ignored in an object.

    Raises:
        LabError: A target cannot be read, or a path is no JSON pointer.
    """
    try:
        paths = _meant(obj, rules)
    except PatternError as error:
        raise LabError(f"invalid regex in spec.ignore: {error.message}") from error
    except ApiError as error:
        raise LabError(f"invalid selector in spec.ignore: {error.message}") from error
    for path in paths:
        if not path.startswith("/"):
            raise LabError(f"replace operation does not apply: doc is missing path: {path}: missing value")
    return paths


def _meant(obj: Object, rules: Rules) -> list[str]:
    return [path for rule in rules if _is_meant(obj, rule.get("target") or {}) for path in rule.get("paths") or ()]


def without(obj: Object, paths: Iterable[str]) -> Object:
    """An object without some fields; those that are not there are no trouble."""
    found: Object = copy_of(obj)
    for path in paths:
        *above, last = _parts(path)
        holder = _at(found, above)
        if isinstance(holder, dict):
            holder.pop(last, None)
        elif isinstance(holder, list) and last.isdigit() and int(last) < len(holder):
            del holder[int(last)]
    return found


def payload(wanted: Object, live: Object, result: Object, paths: Iterable[str]) -> Object:
    """What is applied, so that drifted fields keep the value they have.

    Args:
        wanted: As Git has it.
        live: As it is.
        result: As it would be if ``wanted`` were applied.
        paths: What is ignored in it.
    """
    found: Object = copy_of(wanted)
    for path in paths:
        parts = _parts(path)
        there = _at(live, parts)
        if there == _at(result, parts):
            continue
        if there is _MISSING or _is_anothers(live, parts):
            found = without(found, [path])
        else:
            holder = _at(found, parts[:-1])
            if isinstance(holder, dict) and parts[-1] in holder:
                holder[parts[-1]] = copy_of(there)
            elif isinstance(holder, list) and parts[-1].isdigit() and int(parts[-1]) < len(holder):
                holder[int(parts[-1])] = copy_of(there)
    return found


def _is_meant(obj: Object, target: Object) -> bool:
    version = str(obj.get("apiVersion", ""))
    facts = {"group": group_of(version), "version": version.rpartition("/")[2], "kind": str(obj.get("kind", "")),
             "name": name_of(obj), "namespace": namespace_of(obj)}  # fmt: skip
    fits = all(not target.get(key) or compiled(target[key]).fullmatch(fact) for key, fact in facts.items())
    selectors = (("labelSelector", labels_of(obj)), ("annotationSelector", annotations_of(obj)))
    return fits and all(not target.get(key) or parse_labels(target[key]).matches(found) for key, found in selectors)


def _parts(pointer: str) -> list[str]:
    return [part.replace("~1", "/").replace("~0", "~") for part in pointer.removeprefix("/").split("/")]


def _at(found: Any, parts: Iterable[str]) -> Any:
    for part in parts:
        if isinstance(found, dict) and part in found:
            found = found[part]
        elif isinstance(found, list) and part.isdigit() and int(part) < len(found):
            found = found[int(part)]
        else:
            return _MISSING
    return found


def _is_anothers(live: Object, parts: Sequence[str]) -> bool:
    """Whether somebody else than Flux has applied a field."""
    entries = [
        entry for entry in live["metadata"].get("managedFields") or ()
        if entry.get("operation") == "Apply" and not entry.get("subresource") and entry.get("manager") != MANAGER
    ]  # fmt: skip
    return any(_owns(entry.get("fieldsV1") or {}, live, parts) for entry in entries)


def _owns(fields: Any, live: Any, parts: Sequence[str]) -> bool:
    """Whether a set of managed fields has a path; an item of a list is found by the keys that name it there."""
    for part in parts:
        if isinstance(live, list) and part.isdigit() and int(part) < len(live):
            live = live[int(part)]
            keys = (key for key in fields if key.startswith("k:") and _names(key, live))
            fields = fields.get(next(keys, ""))
        else:
            live = live.get(part) if isinstance(live, dict) else None
            fields = fields.get(f"f:{part}")
        if fields is None:
            return False
    return True


def _names(key: str, item: Any) -> bool:
    return isinstance(item, dict) and all(item.get(name) == value for name, value in json.loads(key[2:]).items())
