"""``format.dns1123Label()`` and its kin: what is wrong with a text, in the words in which Kubernetes refuses a name.

``library`` gives them to expressions. Upstream: ``apiserver/pkg/cel/library/format.go``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from gitopslab.controlplane.server.custom import formats
from gitopslab.controlplane.server.custom.cel import urls
from gitopslab.controlplane.server.custom.cel.opaque import Opaque
from gitopslab.controlplane.server.validation import formats as names

_Check = Callable[[str], Sequence[str]]


def _prefix(check: _Check) -> _Check:
    """Of what a generated name begins with, which may end in a dash."""
    return lambda text: check(f"{text[:-1]}a" if text.endswith("-") and len(text) > 1 else text)


def _of_schema(name: str, problem: str) -> _Check:
    return lambda text: () if formats.is_format(name, text) else (problem,)


def _uri(text: str) -> Sequence[str]:
    problem = urls.problem_of(text)
    return (f'parse "{text}": {problem}',) if problem else ()


_CHECKS: dict[str, _Check] = {
    "dns1123Label": names.problems_of_label,
    "dns1123Subdomain": names.problems_of_subdomain,
    "dns1035Label": names.problems_of_1035_label,
    "qualifiedName": names.problems_of_qualified_name,
    "dns1123LabelPrefix": _prefix(names.problems_of_label),
    "dns1123SubdomainPrefix": _prefix(names.problems_of_subdomain),
    "dns1035LabelPrefix": _prefix(names.problems_of_1035_label),
    "labelValue": names.problems_of_label_value,
    "uri": _uri,
    "uuid": _of_schema("uuid", "does not match the UUID format"),
    "byte": _of_schema("byte", "invalid base64"),
    "date": _of_schema("date", "invalid date"),
    "datetime": _of_schema("datetime", "invalid datetime"),
}
NAMES = tuple(_CHECKS)


def of(name: str) -> Opaque:
    """A format."""
    return {"is": "format", "name": name}


def found(name: str) -> list[Opaque]:
    """The format of a name; empty when there is none."""
    return [of(name)] if name in _CHECKS else []


def problems(value: Opaque, text: str) -> list[list[str]]:
    """What is wrong with a text, as the only item; empty when nothing is."""
    told: list[Any] = list(_CHECKS[value["name"]](text))
    return [told] if told else []
