"""The functions that Kubernetes adds to the language: the rows of ``library``, by the classes of their arguments."""

from __future__ import annotations

from gitopslab.controlplane.server.custom.cel import authorizing, library, named_formats, opaque, urls, versions
from gitopslab.controlplane.server.custom.cel.evaluation.functions.function import Does, Function
from gitopslab.controlplane.server.custom.cel.evaluation.values import Opaque, Uint

_OPAQUE: tuple[type[Opaque], ...] = (
    opaque.Quantity, opaque.IP, opaque.CIDR, urls.URL, versions.Semver, named_formats.Format, authorizing.Authorizer,
    authorizing.PathCheck, authorizing.GroupCheck, authorizing.ResourceCheck, authorizing.Decision,
)  # fmt: skip
_CLASSES: dict[str, type] = {
    "STRING": str, "INT": int, "UINT": Uint, "BOOL": bool, **{kind.type_name: kind for kind in _OPAQUE},
}  # fmt: skip


def _functions() -> tuple[Function, ...]:
    found: dict[str, dict[tuple[type, ...], Does]] = {}
    for row in library.FUNCTIONS:
        found.setdefault(row.name, {})[tuple(_CLASSES[kind.name()] for kind in row.takes)] = row.does
    return tuple(Function(name, overloads) for name, overloads in found.items())


FUNCTIONS = _functions()
