"""When two values mean the same to the API server.

Used by ``strategy`` (did the spec change?) and ``validation`` (was an immutable field touched?). Upstream:
``apiequality.Semantic``, for which an absent, null and empty value are equal.
"""

from __future__ import annotations

from typing import Any


def same(one: Any, other: Any) -> bool:
    """Whether two values are semantically equal: ``{}``, ``[]``, ``None`` and absence do not differ."""
    if one == other:
        return isinstance(one, bool) == isinstance(other, bool)  # Python takes 1 and True for equal
    if isinstance(one, dict) or isinstance(other, dict):
        return _same_maps(one or {}, other or {})
    if isinstance(one, list) or isinstance(other, list):
        return _same_lists(one or [], other or [])
    return False


def _same_maps(one: Any, other: Any) -> bool:
    if not isinstance(one, dict) or not isinstance(other, dict):
        return False
    return all(same(one.get(key), other.get(key)) for key in one.keys() | other.keys())


def _same_lists(one: Any, other: Any) -> bool:
    if not isinstance(one, list) or not isinstance(other, list) or len(one) != len(other):
        return False
    return all(map(same, one, other))
