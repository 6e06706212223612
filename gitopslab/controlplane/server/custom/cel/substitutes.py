"""Calls that the CEL library leaves no room for, put in its own words before an expression is evaluated.

A function of the library cannot be given another overload (``string`` of an address, ``indexOf`` of a list) or other
words, and none of ours can return an optional value. So such calls become calls of functions under names of our own,
whose result the library's own operators turn into what is wanted. ``engine`` asks; ``library`` has those functions.
"""

from __future__ import annotations

from collections.abc import Callable

from gitopslab.controlplane.server.custom.cel.tree import Expr, parsed, parts, serialized

_Change = Callable[[Expr, int], None]


def substituted(given: bytes) -> bytes:
    """A serialized expression with such calls put differently."""
    expression = parsed(given)
    calls = [part for part, _ in parts(expression.expr) if _name(part) in _CHANGES]
    if not calls:
        return given
    number = max(part.id for part, _ in parts(expression.expr)) + 1
    for part in reversed(calls):  # what is inside of a call changes before the call does
        number += 3
        _CHANGES[_name(part)](part, number)
    return serialized(expression)


def _name(part: Expr) -> str:
    """The name of the function that is called; nobody has told yet that ``format`` in ``format.named`` is no value."""
    call = part.call
    return "format.named" if call.function == "named" and call.target.ident.name == "format" else str(call.function)


def _renamed(part: Expr, number: int) -> None:
    """``list.indexOf(x)``: a function of all that the call is about, as one list."""
    function, given = f"kubernetes.{_name(part)}", type(part)(id=number)
    if part.call.HasField("target") and _name(part) == part.call.function:
        given.list.elements.append(part.call.target)
    given.list.elements.extend(part.call.args)
    part.call.Clear()
    part.call.function = function
    part.call.args.append(given)


def _renamed_without_zone(part: Expr, number: int) -> None:
    if not part.call.args:
        _renamed(part, number)


def _plain(part: Expr, number: int) -> None:
    """``string(x)``: of what an address is written as."""
    _enclosed(part, number, "string")


def _optional(part: Expr, number: int) -> None:
    """A call that may give nothing: the first of what a list holds, if anything."""
    _enclosed(part, number, "_[?_]")
    part.call.args.add(id=number + 2).constant.int = 0


def _enclosed(part: Expr, number: int, function: str) -> None:
    """Have a part become a call of a function of what it is now, under the name it has with us."""
    inner = type(part)()
    inner.CopyFrom(part)
    inner.id = number + 1
    _renamed(inner, number)
    part.call.Clear()
    part.call.function = function
    part.call.args.append(inner)


_CHANGES: dict[str, _Change] = {
    "indexOf": _renamed,
    "lastIndexOf": _renamed,
    "charAt": _renamed,
    "substring": _renamed,
    "format": _renamed,
    "getMilliseconds": _renamed_without_zone,
    "string": _plain,
    "validate": _optional,
    "format.named": _optional,
}
