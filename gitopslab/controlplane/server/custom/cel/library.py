"""The functions Kubernetes adds to CEL: quantities, addresses, URLs, versions, regular expressions, lists.

``declarations`` has them with exact types for the type checker of the CEL library, beside those of CEL itself that it
knows otherwise. What is evaluated by functions of their own (``evaluation.functions``) is only declared here; the
others are ``FUNCTIONS``, about values that CEL has no type for (``opaque``). Upstream: ``apiserver/pkg/cel/library``.

Simplified: the type checker takes whatever ``format.…().validate`` gives for a value of any type, and so what is in a
list that ``flatten`` gives; calls on those cost one where the real server knows their types and counts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import Any, NamedTuple

from cel_expr_python import cel

from gitopslab.controlplane.server.custom.cel import authorizing, named_formats, opaque, urls, versions
from gitopslab.controlplane.server.custom.cel.evaluation.values import Opaque

_T = cel.Type
_QUANTITY, _IP, _CIDR, _URL, _SEMVER, _FORMAT = (
    _T.AbstractType(kind.type_name)
    for kind in (opaque.Quantity, opaque.IP, opaque.CIDR, urls.URL, versions.Semver, named_formats.Format)
)
AUTHORIZER, RESOURCE_CHECK = (
    _T.AbstractType(authorizing.Authorizer.type_name),
    _T.AbstractType(authorizing.ResourceCheck.type_name),
)
_PATH_CHECK, _GROUP_CHECK, _DECISION = (
    _T.AbstractType(kind.type_name) for kind in (authorizing.PathCheck, authorizing.GroupCheck, authorizing.Decision)
)
_TEXT, _INT, _BOOL = _T.STRING, _T.INT, _T.BOOL
_SUMMED = (_T.INT, _T.UINT, _T.DOUBLE, _T.DURATION)
_COMPARED = (*_SUMMED, _T.BOOL, _T.TIMESTAMP, _T.STRING, _T.BYTES)

REDECLARED = ("_<_", "_<=_", "_>_", "_>=_", "string")
"""What the CEL library declares for fewer types than Kubernetes: numbers of two types, addresses."""

UNTYPED = ("validate", "format.named")
"""What is declared to give anything: an optional list or format, for which no type can be named."""


class Row(NamedTuple):
    """One overload: its name, whether it is called on its first argument, types, what it does, and its own name."""

    name: str
    is_member: bool
    takes: tuple[cel.Type, ...]
    gives: cel.Type
    does: Callable[..., Any]
    overload: str = ""


def _on(name: str, takes: Iterable[cel.Type], gives: cel.Type, does: Callable[..., Any], overload: str = "") -> Row:
    return Row(name, True, tuple(takes), gives, does, overload)


def _of(name: str, takes: Iterable[cel.Type], gives: cel.Type, does: Callable[..., Any], overload: str = "") -> Row:
    return Row(name, False, tuple(takes), gives, does, overload)


def _elsewhere(*values: Any) -> Any:
    """What is only declared here."""
    raise NotImplementedError


def _order(one: Opaque, other: Opaque) -> int:
    if isinstance(one, opaque.Quantity):
        return opaque.compare(one, other)
    first, second = versions.rank(one), versions.rank(other)
    return (first > second) - (first < second)


_ROWS: tuple[Row, ...] = (
    _of("quantity", [_TEXT], _QUANTITY, opaque.quantity),
    _of("isQuantity", [_TEXT], _BOOL, opaque.is_quantity),
    _of("sign", [_QUANTITY], _INT, opaque.sign),
    _on("asInteger", [_QUANTITY], _INT, opaque.as_integer),
    _on("isInteger", [_QUANTITY], _BOOL, opaque.is_integer),
    _on("asApproximateFloat", [_QUANTITY], _T.DOUBLE, opaque.as_float),
    _on("add", [_QUANTITY, _QUANTITY], _QUANTITY, opaque.add),
    _on("add", [_QUANTITY, _INT], _QUANTITY, opaque.add),
    _on("sub", [_QUANTITY, _QUANTITY], _QUANTITY, opaque.subtract),
    _on("sub", [_QUANTITY, _INT], _QUANTITY, opaque.subtract),
    _of("semver", [_TEXT], _SEMVER, versions.semver),
    _of("semver", [_TEXT, _BOOL], _SEMVER, versions.semver),
    _of("isSemver", [_TEXT], _BOOL, versions.is_semver),
    _of("isSemver", [_TEXT, _BOOL], _BOOL, versions.is_semver),
    _on("major", [_SEMVER], _INT, lambda value: value["major"]),
    _on("minor", [_SEMVER], _INT, lambda value: value["minor"]),
    _on("patch", [_SEMVER], _INT, lambda value: value["patch"]),
    *(
        function
        for kind in (_QUANTITY, _SEMVER)
        for function in (
            _on("isGreaterThan", [kind, kind], _BOOL, lambda one, other: _order(one, other) > 0),
            _on("isLessThan", [kind, kind], _BOOL, lambda one, other: _order(one, other) < 0),
            _on("compareTo", [kind, kind], _INT, _order),
        )
    ),
    _of("ip", [_TEXT], _IP, opaque.ip),
    _of("isIP", [_TEXT], _BOOL, opaque.is_ip),
    _of("ip.isCanonical", [_TEXT], _BOOL, lambda text: opaque.ip(text)["value"] == text),
    _on("family", [_IP], _INT, opaque.family),
    _on("isUnspecified", [_IP], _BOOL, opaque.property_of_ip("is_unspecified")),
    _on("isLoopback", [_IP], _BOOL, opaque.property_of_ip("is_loopback")),
    _on("isLinkLocalUnicast", [_IP], _BOOL, opaque.property_of_ip("is_link_local")),
    _on("isLinkLocalMulticast", [_IP], _BOOL, opaque.is_link_local_multicast),
    _on("isGlobalUnicast", [_IP], _BOOL, opaque.is_global_unicast),
    _of("cidr", [_TEXT], _CIDR, opaque.cidr),
    _of("isCIDR", [_TEXT], _BOOL, opaque.is_cidr),
    _on("containsIP", [_CIDR, _TEXT], _BOOL, opaque.contains_ip_written,
        "cidr_contains_ip_string"),
    _on("containsIP", [_CIDR, _IP], _BOOL, opaque.contains_ip),
    _on("containsCIDR", [_CIDR, _TEXT], _BOOL, opaque.contains_cidr_written,
        "cidr_contains_cidr_string"),
    _on("containsCIDR", [_CIDR, _CIDR], _BOOL, opaque.contains_cidr),
    _on("ip", [_CIDR], _IP, lambda value: opaque.ip(value["value"].partition("/")[0]), "cidr_ip"),
    _on("prefixLength", [_CIDR], _INT, lambda value: int(value["value"].partition("/")[2])),
    _on("masked", [_CIDR], _CIDR, opaque.masked),
    _of("url", [_TEXT], _URL, urls.url),
    _of("isURL", [_TEXT], _BOOL, urls.is_url),
    *(
        _on(f"get{part[0].upper()}{part[1:]}", [_URL], _TEXT, lambda value, part=part: value[part])
        for part in ("scheme", "host", "hostname", "port", "escapedPath")
    ),
    _on("getQuery", [_URL], _T.Map(_TEXT, _T.List(_TEXT)), lambda value: value["query"]),
    *(_of(f"format.{name}", [], _FORMAT, lambda name=name: named_formats.of(name)) for name in named_formats.NAMES),
    _on("validate", [_FORMAT, _TEXT], _T.DYN, named_formats.problems),
    _of("format.named", [_TEXT], _T.DYN, named_formats.found),
    _on("path", [AUTHORIZER, _TEXT], _PATH_CHECK, authorizing.path),
    _on("group", [AUTHORIZER, _TEXT], _GROUP_CHECK, authorizing.group),
    _on("serviceAccount", [AUTHORIZER, _TEXT, _TEXT], AUTHORIZER, authorizing.service_account),
    _on("resource", [_GROUP_CHECK, _TEXT], RESOURCE_CHECK, authorizing.resource),
    *(
        _on(field, [RESOURCE_CHECK, _TEXT], RESOURCE_CHECK, authorizing.narrowed(field))
        for field in ("subresource", "namespace", "name")
    ),
    *(
        _on(name, [RESOURCE_CHECK, _TEXT], RESOURCE_CHECK, authorizing.selected)
        for name in ("fieldSelector", "labelSelector")
    ),
    *(_on("check", [kind, _TEXT], _DECISION, authorizing.check) for kind in (_PATH_CHECK, RESOURCE_CHECK)),
    _on("allowed", [_DECISION], _BOOL, authorizing.part_of("allowed")),
    _on("reason", [_DECISION], _TEXT, authorizing.part_of("reason")),
    _on("errored", [_DECISION], _BOOL, lambda decision: False),
    _on("error", [_DECISION], _TEXT, lambda decision: ""),
)  # fmt: skip


_PATCHES = _of("jsonpatch.escapeKey", [_TEXT], _TEXT, lambda key: key.replace("~", "~0").replace("/", "~1"))
"""Known only where patches are made."""

FUNCTIONS = (*_ROWS, _PATCHES)
"""What evaluation calls."""

_STRINGS: dict[str, tuple[tuple[tuple[cel.Type, ...], cel.Type], ...]] = {
    "charAt": (((_INT,), _TEXT),),
    "find": (((_TEXT,), _TEXT),),
    "findAll": (((_TEXT,), _T.List(_TEXT)), ((_TEXT, _INT), _T.List(_TEXT))),
    "format": (((_T.List(_T.DYN),), _TEXT),),
    "lowerAscii": (((), _TEXT),),
    "replace": (((_TEXT, _TEXT), _TEXT), ((_TEXT, _TEXT, _INT), _TEXT)),
    "split": (((_TEXT,), _T.List(_TEXT)), ((_TEXT, _INT), _T.List(_TEXT))),
    "substring": (((_INT,), _TEXT), ((_INT, _INT), _TEXT)),
    "trim": (((), _TEXT),),
    "upperAscii": (((), _TEXT),),
}
"""Functions on a text: what they take, and what they give."""

_WRITTEN = {
    "string": _TEXT, "bool": _BOOL, "bytes": _T.BYTES, "double": _T.DOUBLE, "duration": _T.DURATION, "int64": _INT,
    "timestamp": _T.TIMESTAMP, "uint64": _T.UINT, "ip": _IP, "cidr": _CIDR,
}  # fmt: skip
"""What ``string`` takes."""

_NUMBERS = {"int64": _INT, "uint64": _T.UINT, "double": _T.DOUBLE}
_ORDERED = {"_<_": "less", "_<=_": "less_equals", "_>_": "greater", "_>=_": "greater_equals"}


def _declared_only() -> Iterator[Row]:
    for name, overloads in _STRINGS.items():
        yield from (
            _on(name, [_TEXT, *takes], gives, _elsewhere, "string_format" if name == "format" else "")
            for takes, gives in overloads
        )
    for name in ("indexOf", "lastIndexOf"):
        yield _on(name, [_TEXT, _TEXT], _INT, _elsewhere)
        yield _on(name, [_TEXT, _TEXT, _INT], _INT, _elsewhere)
        yield from (_on(name, [_T.List(kind), kind], _INT, _elsewhere) for kind in (*_COMPARED, _T.List(_T.DYN)))
    yield _on("join", [_T.List(_TEXT)], _TEXT, _elsewhere)
    yield _on("join", [_T.List(_TEXT), _TEXT], _TEXT, _elsewhere)
    yield _of("strings.quote", [_TEXT], _TEXT, _elsewhere, "strings_quote")
    yield _of("optional.unwrap", [_T.LIST], _T.LIST, _elsewhere)
    yield _on("unwrapOpt", [_T.LIST], _T.LIST, _elsewhere)
    yield from (_on("isSorted", [_T.List(kind)], _BOOL, _elsewhere) for kind in _COMPARED)
    yield from (_on(name, [_T.List(kind)], kind, _elsewhere) for name in ("min", "max") for kind in _COMPARED)
    yield from (_on("sum", [_T.List(kind)], kind, _elsewhere) for kind in _SUMMED)
    yield from (_of("string", [kind], _TEXT, _elsewhere, f"{name}_to_string") for name, kind in _WRITTEN.items())
    for name, word in _ORDERED.items():
        yield from (_of(name, kinds, _BOOL, _elsewhere, f"{word}_{told}") for told, kinds in _comparable())


def _comparable() -> Iterator[tuple[str, tuple[cel.Type, cel.Type]]]:
    """What can be compared with what."""
    for one, first in _NUMBERS.items():
        for other, second in _NUMBERS.items():
            yield (one if one == other else f"{one}_{other}"), (first, second)
    for name in ("bool", "string", "bytes", "timestamp", "duration"):
        yield name, (_WRITTEN[name], _WRITTEN[name])


@cache
def declarations(*, patches: bool) -> list[cel.FunctionDecl]:
    """Every overload with its exact types.

    Args:
        patches: Whether the expressions make patches.
    """
    overloads: dict[str, list[cel.Overload]] = {}
    for number, row in enumerate((*_ROWS, *_declared_only(), *([_PATCHES] if patches else ()))):
        name = row.overload or f"{row.name}_{number}"
        overload = cel.Overload(name, row.gives, list(row.takes), is_member=row.is_member)
        overloads.setdefault(row.name, []).append(overload)
    return [cel.FunctionDecl(name, found) for name, found in overloads.items()]
