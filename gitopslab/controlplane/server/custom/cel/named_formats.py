"""``format.dns1123Label()`` and its kin: what is wrong with a text, in the words in which Kubernetes refuses a name.

``library`` gives them to expressions. Upstream: ``apiserver/pkg/cel/library/format.go``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from gitopslab.controlplane.server.custom import formats
from gitopslab.controlplane.server.custom.cel import urls
from gitopslab.controlplane.server.custom.cel.evaluation.values import NOTHING, Opaque, Optional
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


_CHECKS: dict[str, tuple[_Check, int]] = {
    "dns1123Label": (names.problems_of_label, 30),
    "dns1123Subdomain": (names.problems_of_subdomain, 60),
    "dns1035Label": (names.problems_of_1035_label, 30),
    "qualifiedName": (names.problems_of_qualified_name, 60),
    "dns1123LabelPrefix": (_prefix(names.problems_of_label), 30),
    "dns1123SubdomainPrefix": (_prefix(names.problems_of_subdomain), 60),
    "dns1035LabelPrefix": (_prefix(names.problems_of_1035_label), 30),
    "labelValue": (names.problems_of_label_value, 40),
    "uri": (_uri, 1103),
    "uuid": (_of_schema("uuid", "does not match the UUID format"), 70),
    "byte": (_of_schema("byte", "invalid base64"), 84),
    "date": (_of_schema("date", "invalid date"), 71),
    "datetime": (_of_schema("datetime", "invalid datetime"), 71),
}
"""What is wrong with a text, and how long a pattern counts as that finds it."""

NAMES = tuple(_CHECKS)


class Format(Opaque):
    """A format, which says what is wrong with a text."""

    type_name = "kubernetes.NamedFormat"

    @property
    def pattern_length(self) -> int:
        """What counts as the length of its pattern."""
        return _CHECKS[self["name"]][1]


def of(name: str) -> Opaque:
    """A format."""
    return Format(name=name)


def found(name: str) -> Optional:
    """The format of a name, if there is one."""
    return Optional((of(name),)) if name in _CHECKS else NOTHING


def problems(value: Opaque, text: str) -> Optional:
    """What is wrong with a text, if anything is."""
    told = list(_CHECKS[value["name"]][0](text))
    return Optional((told,)) if told else NOTHING
