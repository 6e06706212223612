"""The functions Kubernetes adds to CEL: quantities, addresses, URLs, versions, regular expressions, lists.

``engine`` asks for them twice: ``declarations`` with exact types for the type checker, ``implementations`` for
evaluation. There, what CEL has no type for (a quantity, an address) is a map with its kind in it, which compares and
travels like any value; what such a value can do is in ``opaque``. Upstream: ``apiserver/pkg/cel/library``.

Simplified: the type checker takes whatever ``format.…().validate`` gives for a value of any type.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any, NamedTuple

from cel_expr_python import cel

from gitopslab.controlplane.server.custom import patterns
from gitopslab.controlplane.server.custom.cel import named_formats, opaque, texts, urls, versions
from gitopslab.controlplane.server.custom.cel.conversion import duration_message, timestamp_message

_T = cel.Type
_QUANTITY, _IP, _CIDR = (_T.AbstractType(name) for name in ("kubernetes.Quantity", "net.IP", "net.CIDR"))
_URL, _SEMVER = (_T.AbstractType(name) for name in ("kubernetes.URL", "kubernetes.Semver"))
_FORMAT = _T.AbstractType("kubernetes.NamedFormat")
_TEXT, _INT, _BOOL = _T.STRING, _T.INT, _T.BOOL
_SUMMED = (_T.INT, _T.UINT, _T.DOUBLE, _T.DURATION)
_COMPARED = (*_SUMMED, _T.BOOL, _T.TIMESTAMP, _T.STRING, _T.BYTES)
_OPAQUE = (
    "kubernetes.Quantity", "net.IP", "net.CIDR", "kubernetes.URL", "kubernetes.Semver", "kubernetes.NamedFormat",
)  # fmt: skip


class _Function(NamedTuple):
    """One overload: its name, whether it is called on its first argument, types, and what it does."""

    name: str
    is_member: bool
    takes: tuple[cel.Type, ...]
    gives: cel.Type
    does: Callable[..., Any]


def _on(name: str, takes: Iterable[cel.Type], gives: cel.Type, does: Callable[..., Any]) -> _Function:
    return _Function(name, True, tuple(takes), gives, does)


def _of(name: str, takes: Iterable[cel.Type], gives: cel.Type, does: Callable[..., Any]) -> _Function:
    return _Function(name, False, tuple(takes), gives, does)


def _is_sorted(items: list[Any]) -> bool:
    return all(one <= other for one, other in pairwise(items))


def _sum(items: list[Any]) -> Any:
    if items and isinstance(items[0], timedelta):
        return _wrapped(sum(items, timedelta()))
    return sum(items)


def _smallest(items: list[Any]) -> Any:
    if not items:
        raise ValueError("min called on empty list")
    return _wrapped(min(items))


def _largest(items: list[Any]) -> Any:
    if not items:
        raise ValueError("max called on empty list")
    return _wrapped(max(items))


def _order(one: opaque.Opaque, other: opaque.Opaque) -> int:
    if one["is"] == "quantity":
        return opaque.compare(one, other)
    first, second = versions.rank(one), versions.rank(other)
    return (first > second) - (first < second)


def _wrapped(value: Any) -> Any:
    """The library takes times back only as messages."""
    if isinstance(value, timedelta):
        return duration_message(value)
    return timestamp_message(value) if isinstance(value, datetime) else value


_FUNCTIONS: tuple[_Function, ...] = (
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
    _on("containsIP", [_CIDR, _TEXT], _BOOL, lambda range, text: opaque.contains_ip(range, opaque.ip(text))),
    _on("containsIP", [_CIDR, _IP], _BOOL, opaque.contains_ip),
    _on("containsCIDR", [_CIDR, _TEXT], _BOOL, lambda range, text: opaque.contains_cidr(range, opaque.cidr(text))),
    _on("containsCIDR", [_CIDR, _CIDR], _BOOL, opaque.contains_cidr),
    _on("ip", [_CIDR], _IP, lambda value: opaque.ip(value["value"].partition("/")[0])),
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
    _on("find", [_TEXT, _TEXT], _TEXT, patterns.first),
    _on("findAll", [_TEXT, _TEXT], _T.List(_TEXT), patterns.all_of),
    _on("findAll", [_TEXT, _TEXT, _INT], _T.List(_TEXT), patterns.all_of),
    *(_on("isSorted", [_T.List(kind)], _BOOL, _is_sorted) for kind in _COMPARED),
    *(_on("min", [_T.List(kind)], kind, _smallest) for kind in _COMPARED),
    *(_on("max", [_T.List(kind)], kind, _largest) for kind in _COMPARED),
    *(_on("sum", [_T.List(kind)], kind, _sum) for kind in _SUMMED),
)


_PATCHES = _of("jsonpatch.escapeKey", [_TEXT], _TEXT, lambda key: key.replace("~", "~0").replace("/", "~1"))
"""Known only where patches are made."""

_STRINGS: dict[str, tuple[tuple[tuple[cel.Type, ...], cel.Type], ...]] = {
    "charAt": (((_INT,), _TEXT),),
    "format": (((_T.List(_T.DYN),), _TEXT),),
    "lowerAscii": (((), _TEXT),),
    "replace": (((_TEXT, _TEXT), _TEXT), ((_TEXT, _TEXT, _INT), _TEXT)),
    "split": (((_TEXT,), _T.List(_TEXT)), ((_TEXT, _INT), _T.List(_TEXT))),
    "substring": (((_INT,), _TEXT), ((_INT, _INT), _TEXT)),
    "trim": (((), _TEXT),),
    "upperAscii": (((), _TEXT),),
}
"""Of CEL's own library of strings, the functions on a text: what they take, and what they give."""


UNTYPED = ("validate", "format.named")
"""What is declared to give anything: an optional list or format, for which no type can be named."""


def _checked_only() -> Iterator[_Function]:
    """What is evaluated by the library itself or under another name (``substitutes``), and declared to be checked."""
    for name, overloads in _STRINGS.items():
        yield from (_on(name, [_TEXT, *takes], gives, _unused) for takes, gives in overloads)
    for name in ("indexOf", "lastIndexOf"):
        yield _on(name, [_TEXT, _TEXT], _INT, _unused)
        yield _on(name, [_TEXT, _TEXT, _INT], _INT, _unused)
        yield from (_on(name, [_T.List(kind), kind], _INT, _unused) for kind in (*_COMPARED, _T.List(_T.DYN)))
    yield _on("join", [_T.List(_TEXT)], _TEXT, _unused)
    yield _on("join", [_T.List(_TEXT), _TEXT], _TEXT, _unused)
    yield _of("strings.quote", [_TEXT], _TEXT, _unused)
    yield _on("validate", [_FORMAT, _TEXT], _T.DYN, _unused)
    yield _of("format.named", [_TEXT], _T.DYN, _unused)


def _unused(*values: Any) -> Any:
    raise NotImplementedError


_SUBSTITUTES: tuple[_Function, ...] = tuple(
    _of(f"kubernetes.{name}", [_T.LIST], _T.DYN, does)
    for name, does in {
        "indexOf": lambda given: texts.index_of(*given),
        "lastIndexOf": lambda given: texts.last_index_of(*given),
        "charAt": lambda given: texts.char_at(*given),
        "substring": lambda given: texts.substring(*given),
        "format": lambda given: texts.formatted(*given),
        "getMilliseconds": lambda given: texts.milliseconds(*given),
        "string": lambda given: _wrapped(texts.written(opaque.written(given[0]))),
        "validate": lambda given: named_formats.problems(*given),
        "format.named": lambda given: named_formats.found(*given),
    }.items()
)
"""What ``substitutes`` calls."""


def declarations(*, patches: bool) -> list[cel.FunctionDecl]:
    """Every overload with its exact types.

    Args:
        patches: Whether the expressions make patches.
    """
    return _declared([*_FUNCTIONS, *_checked_only(), *([_PATCHES] if patches else ())], with_code=False)


def implementations() -> list[cel.FunctionDecl]:
    """Every overload that can be told from the others by the kinds of its values, with what it does."""
    given = (*_FUNCTIONS, _PATCHES, *_SUBSTITUTES)
    told = {(row.name, row.is_member, tuple(_kind(kind).name() for kind in row.takes)): row for row in given}
    rows = [row._replace(takes=tuple(map(_kind, row.takes)), gives=_T.DYN) for row in told.values()]
    return _declared(rows, with_code=True)


def _kind(kind: cel.Type) -> cel.Type:
    name = kind.name()
    if name in _OPAQUE:
        return _T.MAP
    return _T.LIST if name.startswith("LIST") else kind


def _declared(rows: Iterable[_Function], *, with_code: bool) -> list[cel.FunctionDecl]:
    overloads: dict[str, list[cel.Overload]] = {}
    for number, row in enumerate(rows):
        code = {"impl": row.does} if with_code else {}
        overload = cel.Overload(
            f"{row.name}_{number}", row.gives, list(row.takes), is_member=row.is_member, **code
        )  # fmt: skip
        overloads.setdefault(row.name, []).append(overload)
    return [cel.FunctionDecl(name, found) for name, found in overloads.items()]
