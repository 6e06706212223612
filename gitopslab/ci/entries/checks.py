"""The checks that many entries share, worded as GitLab words them (``lib/gitlab/config/entry/validators.rb``).

Each yields faults; ``attribute`` is the part of the entry that is looked at, and None there means that nothing is said.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import re2

from gitopslab.ci.duration import seconds
from gitopslab.ci.entries.node import Fault, Node
from gitopslab.ci.scalars import as_text, inspected
from gitopslab.ci.tree import Map, Seq

_DEEPEST = 10


def is_blank(value: Any) -> bool:
    """What Rails calls blank: nothing, false, an empty map or list, a text of spaces."""
    return not value.strip() if isinstance(value, str) else value is None or value is False or value in ([], {})


def length(value: Any) -> int:
    """How long Rails finds a value: a number is as long as it is written."""
    return len(value) if isinstance(value, (list, dict, str)) else len(as_text(value))


def is_integer(value: Any) -> bool:
    """A whole number; true and false are none."""
    return isinstance(value, int) and not isinstance(value, bool)


def is_strings(value: Any) -> bool:
    """A list of texts."""
    return isinstance(value, Seq) and all(isinstance(item, str) for item in value)


def is_nested(value: Any, is_right: Callable[[Any], bool], depth: int = _DEEPEST) -> bool:
    """A list of right values or of such lists, up to ten levels."""
    if is_right(value):
        return True
    return depth > 0 and isinstance(value, Seq) and all(is_nested(item, is_right, depth - 1) for item in value)


def hash_(node: Node) -> Iterator[Fault]:
    """It must be a map."""
    if not isinstance(node.value, Map):
        yield node.fault("should be a hash")


def keys(node: Node, allowed: Iterable[str]) -> Iterator[Fault]:
    """It may have no other keys."""
    unknown = [key for key in (node.value if isinstance(node.value, Map) else ()) if key not in allowed]
    if unknown:
        yield node.fault(f"contains unknown keys: {', '.join(unknown)}", key=unknown[0])


def required(node: Node, *names: str) -> Iterator[Fault]:
    """It must have these keys."""
    missing = [name for name in names if not node.has(name)]
    if missing:
        yield node.fault(f"missing required keys: {', '.join(missing)}")


def exclusive(node: Node, *names: str) -> Iterator[Fault]:
    """At most one of these keys may be there."""
    found = [name for name in (node.value if isinstance(node.value, Map) else ()) if name in names]
    if len(found) > 1:
        yield node.fault(f"these keys cannot be used together: {', '.join(found)}", key=found[1])


def string(node: Node, attribute: str) -> Iterator[Fault]:
    """A text, where something is said."""
    if node.get(attribute) is not None and not isinstance(node.get(attribute), str):
        yield node.fault("should be a string", attribute)


def present(node: Node, attribute: str) -> Iterator[Fault]:
    """It must not be blank."""
    if is_blank(node.get(attribute)):
        yield node.fault("can't be blank", attribute)


def boolean(node: Node, attribute: str) -> Iterator[Fault]:
    """True or false, where something is said."""
    if node.get(attribute) is not None and not isinstance(node.get(attribute), bool):
        yield node.fault("should be a boolean value", attribute)


def strings(node: Node, attribute: str) -> Iterator[Fault]:
    """A list of texts, where something is said."""
    if node.get(attribute) is not None and not is_strings(node.get(attribute)):
        yield node.fault("should be an array of strings", attribute)


def strings_or_string(node: Node, attribute: str) -> Iterator[Fault]:
    """A text or a list of texts, where something is said."""
    value = node.get(attribute)
    if value is not None and not isinstance(value, str) and not is_strings(value):
        yield node.fault("should be an array of strings or a string", attribute)


def one_of(node: Node, attribute: str, allowed: tuple[str, ...], message: str = "") -> Iterator[Fault]:
    """One of some texts, where something is said."""
    value = node.get(attribute)
    if value is None:
        return
    yield from string(node, attribute)
    chosen = value if isinstance(value, Seq) else [value]
    if any(one not in allowed for one in chosen):
        yield node.fault(message or f"should be one of: {', '.join(allowed)}", attribute)


def known(node: Node, attribute: str, allowed: tuple[str, ...]) -> Iterator[Fault]:
    """One of some values, where something is said; the wrong one is quoted."""
    value = node.get(attribute)
    if value is not None and as_text(value) not in allowed:
        yield node.fault(f"unknown value: {value if isinstance(value, str) else inspected(value)}", attribute)


def exit_codes(node: Node, attribute: str = "exit_codes") -> Iterator[Fault]:
    """A whole number or a list of them, where something is said."""
    value = node.get(attribute)
    if value is None or is_integer(value) or (isinstance(value, Seq) and all(map(is_integer, value))):
        return
    yield node.fault("should be an array of integers or an integer", attribute)


def duration(node: Node, attribute: str, value: Any, limit: int = 0) -> Iterator[Fault]:
    """A span of time such as ``1 hour``, under a limit in seconds."""
    found = seconds(value) if isinstance(value, str) else None
    if found is None:
        yield node.fault("should be a duration", attribute)
    if limit and (found is None or found >= limit):
        yield node.fault("should not exceed the limit", attribute)


def expiry(node: Node, attribute: str) -> Iterator[Fault]:
    """A span of time or ``never``, where something is said."""
    value = node.get(attribute)
    if value is not None and not (isinstance(value, str) and (value.lower() == "never" or seconds(value))):
        yield node.fault("should be a duration", attribute)


def between(node: Node, attribute: str, value: Any, least: int, most: int) -> Iterator[Fault]:
    """A whole number in a range."""
    if not is_integer(value):
        yield node.fault("must be an integer" if isinstance(value, float) else "is not a number", attribute)
    elif value < least:
        yield node.fault(f"must be greater than or equal to {least}", attribute)
    elif value > most:
        yield node.fault(f"must be less than or equal to {most}", attribute)


def at_most(node: Node, attribute: str, value: Any, most: int, said: str = "too") -> Iterator[Fault]:
    """No more entries than that."""
    if value is not None and length(value) > most:
        yield node.fault(f"has {said} many entries (maximum {most})", attribute)


def is_pattern(value: Any) -> bool:
    """A text between slashes that RE2 accepts."""
    found = re.search(r"^/(.*)/([ismU]*)$", value, re.MULTILINE) if isinstance(value, str) else None
    if not found:
        return False
    try:
        options = re2.Options()
        options.log_errors = False
        re2.compile(f"(?{found[2]}){found[1]}" if found[2] else found[1], options=options)
    except re2.error:
        return False
    return True
