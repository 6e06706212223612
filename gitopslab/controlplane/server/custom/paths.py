"""Paths into a schema: ``fieldPath`` of a rule, ``jsonPath`` of a selectable field.

``cel.rules`` spells the path an error is reported at, ``definitions`` refuses paths that lead nowhere. Upstream:
``ValidFieldPath`` in ``schema/cel/validation.go``.
"""

from __future__ import annotations

import re
from functools import lru_cache

from gitopslab.controlplane.server.custom.structural import Node

_TOKEN = re.compile(r"'(?:.*?[^\\])??'|[.\[\]]|[^.\[\]]+", re.DOTALL)
_ESCAPES = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "'": "'", "\\": "\\"}


def field_path(path: str, node: Node) -> str:
    """A path as errors spell it; as it is when it leads nowhere."""
    try:
        return follow(path, node)[0]
    except ValueError:
        return path


def follow(path: str, node: Node, *, arrays: bool = True) -> tuple[str, Node]:
    """Where a path leads, spelled as errors do, and the schema there.

    Args:
        path: As in ``.spec.labels['app']``.
        node: Where it begins.
        arrays: Whether ``[…]`` may be used.

    Raises:
        ValueError: It leads nowhere; the message is upstream's.
    """
    tokens = list(_tokens(path))
    spelled = ""
    while tokens:
        token = tokens.pop(0)
        if token == "[":
            if not arrays:
                raise ValueError("array notation is not allowed")
            name = _unquoted(_next(tokens))
            spelled, node = _step(spelled, node, name)
            closing = _next(tokens)
            if closing != "]":
                raise ValueError(f"expected ] but got {closing}")
        elif token == ".":
            spelled, node = _step(spelled, node, _next(tokens))
        else:
            raise ValueError(f"expected [ or . but got: {token}")
    return spelled, node


@lru_cache(maxsize=1024)
def _tokens(path: str) -> tuple[str, ...]:
    return tuple(_TOKEN.findall(path))


def _next(tokens: list[str]) -> str:
    if not tokens:
        raise ValueError("unexpected end of JSON path")
    return tokens.pop(0)


def _step(spelled: str, node: Node, name: str) -> tuple[str, Node]:
    if node.properties:
        if name not in node.properties:
            raise ValueError("does not refer to a valid field")
        return f"{spelled}.{name}" if spelled else name, node.properties[name]
    if node.additional is None:
        raise ValueError("does not refer to a valid field")
    return f"{spelled}[{name}]", node.additional


def _unquoted(token: str) -> str:
    if len(token) < 2 or not (token.startswith("'") and token.endswith("'")):
        raise ValueError(f"expected single quoted string but got {token}")

    def unescape(match: re.Match[str]) -> str:
        if match.group(1) not in _ESCAPES:
            raise ValueError(f"invalid string literal: invalid escape char {match.group()}")
        return _ESCAPES[match.group(1)]

    return re.sub(r"\\(.)", unescape, token[1:-1], flags=re.DOTALL)
