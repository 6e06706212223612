"""What a call costs at worst, and how large its value can get: the functions of CEL and those Kubernetes adds.

``costs`` asks for each function that a call may mean. Upstream: ``apiserver/pkg/cel/library/cost.go`` before
``functionCost`` of ``cel-go/checker/cost.go``, and ``ext/lists.go`` and ``ext/sets.go`` before both.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

from gitopslab.controlplane.server.custom.cel.amounts import LARGEST, ONE, UNKNOWN, Range, exactly
from gitopslab.controlplane.server.custom.cel.tree import Type

_TRAVERSAL = 0.1
"""For each character of a text that is gone through."""

_PATTERN = 0.25
"""For each character of a regular expression."""

_LONGEST_NAMED_PATTERN, _LONGEST_FORMAT = 128, 64
_NEW_LIST, _REQUIREMENT, _CHECK = 10, 50, 350_000
_ADDRESS = Range(4, 16)
_OF_LISTS = ("isSorted", "sum", "max", "min", "indexOf", "lastIndexOf")
_ORDERED = ("equals", "not_equals", *(f"{word}_{kind}" for kind in ("string", "bytes")
            for word in ("less", "greater", "less_equals", "greater_equals")))  # fmt: skip
_EQUAL_AT_ONCE = ("kubernetes.Quantity", "kubernetes.Semver", "net.IP", "net.CIDR")
_AT_ONCE = frozenset((
    "serviceAccount", "path", "group", "resource", "subresource", "namespace", "name", "allowed", "reason", "error",
    "errored", "masked", "prefixLength", "family", "isUnspecified", "isLoopback", "isLinkLocalMulticast",
    "isLinkLocalUnicast", "isGlobalUnicast", "format.named", "sign", "asInteger", "isInteger", "asApproximateFloat",
    "isGreaterThan", "isLessThan", "compareTo", "add", "sub", "major", "minor", "patch", "getScheme", "getHostname",
    "getHost", "getPort", "getEscapedPath", "getQuery",
))  # fmt: skip
_READ = ("cidr", "isIP", "isCIDR", "quantity", "isQuantity", "semver", "isSemver", "ip")


class Entry(NamedTuple):
    """How large what a list or map holds can be; ``kind`` says which of them it is."""

    kind: str
    key: Range
    value: Range

    def union(self, other: Entry | None) -> Entry | None:
        """What covers both."""
        if other is None:
            return None
        return Entry(self.kind, self.key.union(other.key), self.value.union(other.value))


class Argument(NamedTuple):
    """What a function is called on or with.

    Attributes:
        path: Which place of the schema it is; empty for none.
        type: Its type.
        known_size: How large it can be; None when that is not known.
        entry: How large what it holds can be.
        number: Its value, when it is a whole number that is written there.
    """

    path: tuple[str, ...]
    type: Type
    known_size: Range | None
    entry: Entry | None
    number: int | None

    @property
    def size(self) -> Range:
        """How large it can be."""
        return self.known_size if self.known_size is not None else UNKNOWN


class Called(NamedTuple):
    """A call's cost, and the size of its value and of what that holds, as far as known."""

    cost: Range
    size: Range | None = None
    entry: Entry | None = None


class _Call(NamedTuple):
    function: str
    overload: str
    target: Argument | None
    arguments: list[Argument]
    element: Callable[[Argument], Range]

    @property
    def subject(self) -> Range:
        """The size of what it is about: what it is called on, else its first argument."""
        return self.target.size if self.target is not None else self.arguments[0].size

    @property
    def first(self) -> Range:
        """The size of its first argument."""
        return self.arguments[0].size


def estimate(
    function: str,
    overload: str,
    target: Argument | None,
    arguments: list[Argument],
    costs: list[Range],
    element: Callable[[Argument], Range],
) -> Called:
    """What one meaning of a call costs, with its arguments.

    Args:
        function: Its name.
        overload: Which function of that name.
        target: What it is called on.
        arguments: What it is called with.
        costs: What they cost.
        element: Tells how large what a list holds can be.
    """
    call = _Call(function, overload, target, arguments, element)
    if overload in ("logical_or", "logical_and"):
        return Called(Range(costs[0].least, costs[0].plus(costs[1]).most))
    if overload == "conditional":
        entry = arguments[1].entry
        entry = entry.union(arguments[2].entry) if entry is not None else None
        size = arguments[1].size.union(arguments[2].size)
        return Called(costs[0].plus(costs[1].union(costs[2])), size, entry)
    found = _of_extension(call) or _of_kubernetes(call) or _of_cel(call) or Called(ONE)
    cost = found.cost
    for one in costs:
        cost = cost.plus(one)
    return found._replace(cost=cost)


def _of_extension(call: _Call) -> Called | None:
    """The libraries of lists and sets."""
    match call.function:
        case "sets.contains" | "sets.intersects" | "sets.equivalent":
            factor = 2 if call.function == "sets.equivalent" else 1
            return Called(call.first.times(call.arguments[1].size).scaled(factor).plus(ONE))
        case "slice":
            start = _written(call.arguments[0], 0)
            end = _written(call.arguments[1], call.subject.most)
            return _made_list(1, exactly((end - start) % (LARGEST + 1)))
        case "lists.range":
            return _made_list(1, exactly(_written(call.arguments[0], LARGEST)))
        case "reverse":
            return _made_list(1, call.subject)
        case "flatten":
            return _made_list(_written(call.arguments[0], LARGEST) if call.arguments else 1, call.subject)
        case "distinct":
            return _made_list(2, call.subject.times(call.subject))
        case "sort" | "@sortByAssociatedKeys":
            sorted_by = call.target if call.function == "sort" else call.arguments[0]
            return _sorted(sorted_by) if sorted_by is not None else None
    return None


def _written(argument: Argument, otherwise: int) -> int:
    return max(argument.number, 0) if argument.number is not None else otherwise


def _made_list(factor: float, size: Range) -> Called:
    return Called(size.scaled(factor).plus(ONE).plus(exactly(_NEW_LIST)), size)


def _sorted(given: Argument) -> Called:
    inner = given.type.parameters[0].kind if given.type.parameters else ""
    factor = 2 + _TRAVERSAL if inner in ("string", "bytes") else 2
    return _made_list(factor, given.size.times(given.size))


def _of_kubernetes(call: _Call) -> Called | None:
    function = call.function
    if function in _AT_ONCE:
        return Called(ONE)
    if function in _OF_LISTS and call.target is not None:
        return Called(_list_traversed(call, call.target))
    if function in _READ:
        is_member = function == "ip" and call.target is not None
        return Called(ONE if is_member else call.first.scaled(_TRAVERSAL))
    match function:
        case "check":
            return Called(exactly(_CHECK))
        case "fieldSelector" | "labelSelector":
            requirements = call.first.scaled(0.5).scaled(_REQUIREMENT)
            return Called(exactly(_NEW_LIST).plus(call.first.scaled(_TRAVERSAL)).plus(requirements))
        case "url" | "jsonpatch.escapeKey" | "lowerAscii" | "upperAscii" | "substring" | "trim":
            return Called(call.subject.scaled(_TRAVERSAL), call.subject)
        case "replace" if len(call.arguments) > 1:
            return Called(call.subject.scaled(2 * _TRAVERSAL), _replaced(call))
        case "split":
            limit = call.arguments[1].number if len(call.arguments) > 1 else None
            most = call.subject.most if limit is None else limit % (LARGEST + 1)
            return Called(call.subject.scaled(2 * _TRAVERSAL), Range(0, most))
        case "join" if call.target is not None:
            size = _joined(call, call.target)
            return Called(size.scaled(_TRAVERSAL), size)
        case "find" | "findAll":
            text = call.subject.plus(ONE).scaled(_TRAVERSAL)
            return Called(text.times(call.first.scaled(_PATTERN)), Range(0, call.subject.most))
        case "format":
            return Called(call.subject.scaled(_TRAVERSAL))
        case "strings.quote":
            most = (call.first.most * 2 + 2) % (LARGEST + 1)
            return Called(call.first.scaled(_TRAVERSAL), Range(call.first.least + 2, most))
        case "ip.isCanonical":
            return Called(call.first.scaled(2 * _TRAVERSAL))
        case "containsIP" | "containsCIDR":
            return Called(_contained(call))
        case "validate":
            return Called(call.first.scaled(_TRAVERSAL).scaled(_LONGEST_NAMED_PATTERN * _PATTERN))
        case "_==_":
            return _equal(call)
    return None


def _list_traversed(call: _Call, target: Argument) -> Range:
    if not target.type.parameters:
        return target.size.scaled(_TRAVERSAL)
    each = ONE
    if target.type.parameters[0].kind in ("string", "bytes"):
        each = each.plus(call.element(target).scaled(_TRAVERSAL))
    return target.size.times(each)


def _replaced(call: _Call) -> Range:
    """How long a text can be in which one thing is put for another."""
    old, new, given = call.first, call.arguments[1].size, call.subject
    most, kept_most, least, kept_least = 0, 0, 0, 0
    if old.least == 0:  # an empty one stands around every character
        most, kept_most = min(given.most + 1, LARGEST), given.most
    elif new.most <= old.least:
        kept_most = given.most
    else:
        most = math.ceil(float(given.most) / float(old.least))
    if old.most == 0:
        least, kept_least = min(given.least + 1, LARGEST), given.least
    elif old.most <= new.least:
        kept_least = given.least
    else:
        least = math.ceil(float(given.least) / float(old.most))
    return Range(least, most).times(new).plus(Range(kept_least, kept_most))


def _joined(call: _Call, target: Argument) -> Range:
    size = target.size.times(call.element(target)) if target.type.parameters else Range(0, 0)
    if call.arguments:
        between = Range(max(target.size.least - 1, 0), max(target.size.most - 1, 0))
        size = size.plus(call.first.times(between))
    return size


def _contained(call: _Call) -> Range:
    cost = _ADDRESS.plus(_ADDRESS).scaled(_TRAVERSAL)
    if call.function == "containsCIDR":
        cost = cost.plus(_ADDRESS.scaled(_TRAVERSAL)).plus(ONE)
    if call.arguments[0].type.kind == "string":
        cost = cost.plus(call.first.scaled(_TRAVERSAL))
    return cost


def _equal(call: _Call) -> Called | None:
    one, other = call.arguments
    if one.type != other.type:
        return None
    if one.type.name in _EQUAL_AT_ONCE:
        return Called(ONE)
    if one.type.name == "kubernetes.NamedFormat":
        return Called(Range(1, _LONGEST_FORMAT).scaled(_TRAVERSAL))
    if one.type.name == "kubernetes.URL":
        most = other.known_size.most if other.known_size is not None else 1
        return Called(Range(1, most).scaled(_TRAVERSAL))
    return None


def _of_cel(call: _Call) -> Called | None:
    """The functions of the language that do not take the same time whatever they are called with."""
    match call.overload:
        case "string_to_bytes":
            return Called(call.first.scaled(_TRAVERSAL), Range(call.first.least, call.first.most * 4 % (LARGEST + 1)))
        case "bytes_to_string":
            return Called(call.first.scaled(_TRAVERSAL), Range(call.first.least // 4, call.first.most))
        case "starts_with_string" | "ends_with_string":
            return Called(call.first.scaled(_TRAVERSAL))
        case "in_list":
            return Called(call.arguments[1].size)
        case "matches_string" if call.target is not None:
            text = call.subject.plus(ONE).scaled(_TRAVERSAL)
            return Called(text.times(call.first.scaled(_PATTERN)))
        case "contains_string":
            return Called(call.subject.scaled(_TRAVERSAL).times(call.first.scaled(_TRAVERSAL)))
        case "add_string" | "add_bytes" | "add_list":
            return _added(call)
        case overload if overload in _ORDERED:
            most = min(call.first.most, call.arguments[1].size.most)
            return Called(Range(1 if most else 0, most).scaled(_TRAVERSAL))
    return None


def _added(call: _Call) -> Called:
    one, other = call.arguments
    size = one.size.plus(other.size)
    entry = one.entry.union(other.entry) if one.entry is not None else None
    return Called(ONE if call.overload == "add_list" else size.scaled(_TRAVERSAL), size, entry)
