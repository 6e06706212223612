"""Selectors that an access review asks about: whether they make sense, and which of them nobody can read.

Called by ``reviews``. RBAC grants whole resources and looks at no selector, so all that is left of one in an answer is
what was wrong with it. Upstream: ``apis/authorization/validation`` and ``pkg/registry/authorization/util``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gitopslab.controlplane.server.validation.causes import Causes
from gitopslab.controlplane.server.validation.metadata import check_requirement
from gitopslab.machinery.objects import Object
from gitopslab.machinery.selectors import parse_fields, parse_labels

_LISTED = ("In", "NotIn")
_BARE = ("Exists", "DoesNotExist")


def check(causes: Causes, asked: Object, path: str) -> None:
    """The selectors of ``resourceAttributes``."""
    _check_selector(causes, asked.get("fieldSelector"), f"{path}.fieldSelector", _check_field)
    _check_selector(causes, asked.get("labelSelector"), f"{path}.labelSelector", _check_label)


def unread(asked: Object, path: str) -> str:
    """What of the selectors is passed over, as ``evaluationError`` tells it; empty when all can be read."""
    found = [
        _unread(asked.get("fieldSelector"), f"{path}.fieldSelector", parse_fields, _is_field),
        _unread(asked.get("labelSelector"), f"{path}.labelSelector", parse_labels, _is_label),
    ]
    return "; ".join(filter(None, found))


def _check_selector(
    causes: Causes, selector: Object | None, path: str, check_term: Callable[[Causes, Object, str], None]
) -> None:
    if selector is None:
        return
    raw, terms = selector.get("rawSelector"), selector.get("requirements")
    if raw and terms:
        causes.invalid(f"{path}.rawSelector", raw, "may not specified at the same time as requirements")
    if not raw and not terms:
        causes.required(f"{path}.requirements", f"when {path} is specified, requirements or rawSelector is required")
    for index, term in enumerate(terms or ()):
        check_term(causes, term, f"{path}.requirements[{index}]")


def _check_label(causes: Causes, term: Object, path: str) -> None:
    check_requirement(causes, term, path, any_operator=True)


def _check_field(causes: Causes, term: Object, path: str) -> None:
    operator, values = term.get("operator", ""), term.get("values")
    if not term.get("key"):
        causes.required(f"{path}.key", "must be specified")
    if operator in _LISTED and not values:
        causes.required(f"{path}.values", "must be specified when `operator` is 'In' or 'NotIn'")
    if operator in _BARE and values:
        causes.forbidden(f"{path}.values", "may not be specified when `operator` is 'Exists' or 'DoesNotExist'")


def _unread(selector: Object | None, path: str, parse: Callable[[str], Any], is_read: Callable[[Object], bool]) -> str:
    if selector is None:
        return ""
    if raw := selector.get("rawSelector"):
        return "" if _parses(parse, raw) else f"{path} ignored due to parse error"
    read = [is_read(term) for term in selector.get("requirements") or ()]
    if all(read):
        return ""
    return f"{path} {'partially ' if any(read) else ''}ignored due to parse error"


def _parses(parse: Callable[[str], Any], raw: str) -> bool:
    try:
        parse(raw)
    except ValueError:
        return False
    return True


def _is_label(term: Object) -> bool:
    return term.get("operator") in (*_LISTED, *_BARE)


def _is_field(term: Object) -> bool:
    """A field is compared with one value; there are no sets of them."""
    return term.get("operator") in _LISTED and len(term.get("values") or ()) == 1
