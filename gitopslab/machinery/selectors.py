"""Label and field selectors: the text form of ``kubectl -l`` and the object form of ``spec.selector``.

Error texts are those of ``apimachinery/pkg/labels``, since the API server passes them on.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

Labels = Mapping[str, str]
_TOKEN = re.compile(r"\s*(==|!=|=|!|,|\(|\)|<|>|[^\s=!,()<>]+)")


@dataclass(frozen=True, slots=True)
class Requirement:
    """One term of a selector: a key, an operator (``in``, ``notin``, ``exists``, ``!``, ``gt``, ``lt``) and values."""

    key: str
    operator: str
    values: tuple[str, ...] = ()

    def matches(self, labels: Labels) -> bool:
        """Whether a set of labels meets this term. ``notin`` accepts a missing key, as in Kubernetes."""
        present = self.key in labels
        if self.operator == "in":
            return present and labels[self.key] in self.values
        if self.operator == "notin":
            return not present or labels[self.key] not in self.values
        if self.operator in ("exists", "!"):
            return present == (self.operator == "exists")
        return present and self._compares(labels[self.key])

    def _compares(self, value: str) -> bool:
        try:
            number, bound = int(value), int(self.values[0])
        except ValueError:
            return False
        return number > bound if self.operator == "gt" else number < bound


@dataclass(frozen=True, slots=True)
class Selector:
    """Terms that must all hold; none at all selects everything."""

    requirements: tuple[Requirement, ...] = ()

    def matches(self, labels: Labels) -> bool:
        """Whether the labels meet every term."""
        return all(requirement.matches(labels) for requirement in self.requirements)


EVERYTHING = Selector()


@lru_cache(maxsize=1024)
def parse_labels(text: str) -> Selector:
    """Read ``app=web,env in (dev,prod),!legacy``.

    Raises:
        ValueError: With the wording of ``labels.Parse``.
    """
    return _Parser(text).selector()


def from_label_selector(selector: Mapping[str, Any] | None) -> Selector | None:
    """A ``metav1.LabelSelector``: None selects nothing (returned as None), an empty one selects everything."""
    if selector is None:
        return None
    terms = [Requirement(key, "in", (value,)) for key, value in (selector.get("matchLabels") or {}).items()]
    names = {"In": "in", "NotIn": "notin", "Exists": "exists", "DoesNotExist": "!"}
    for item in selector.get("matchExpressions") or []:
        terms.append(Requirement(item["key"], names[item["operator"]], tuple(item.get("values") or ())))
    return Selector(tuple(terms))


def label_selector_text(selector: Mapping[str, Any] | None) -> str:
    """A ``metav1.LabelSelector`` as text, terms sorted by key, as Go prints a ``labels.Selector``.

    A pair of ``matchLabels`` reads ``k=v``, an expression ``k in (a,b)``, ``k notin (a)``, ``k`` or ``!k``.
    """
    wanted = selector or {}
    terms = [(key, f"{key}={value}") for key, value in (wanted.get("matchLabels") or {}).items()]
    for item in wanted.get("matchExpressions") or []:
        key, values = item["key"], ",".join(sorted(item.get("values") or ()))
        spelled = {"In": f"{key} in ({values})", "NotIn": f"{key} notin ({values})", "Exists": key}
        terms.append((key, spelled.get(item["operator"], f"!{key}")))
    return ",".join(text for _, text in sorted(terms, key=lambda term: term[0]))


def from_map(labels: Labels | None) -> Selector:
    """A plain map, as ``Service.spec.selector``: each pair must be there."""
    return Selector(tuple(Requirement(key, "in", (value,)) for key, value in (labels or {}).items()))


def parse_fields(text: str) -> tuple[tuple[str, bool, str], ...]:
    """Read ``metadata.name=web,status.phase!=Running`` into ``(path, equal, value)`` terms.

    Raises:
        ValueError: With the wording of ``fields.ParseSelector``.
    """
    terms = []
    for part in filter(None, (text or "").split(",")):
        for operator, equal in (("!=", False), ("==", True), ("=", True)):
            path, found, value = part.partition(operator)
            if found:
                terms.append((path, equal, value))
                break
        else:
            raise ValueError(f"invalid selector: '{text}'; can't understand '{part}'")
    return tuple(terms)


class _Parser:
    """The grammar of ``labels.Parse``, token by token."""

    def __init__(self, text: str) -> None:
        self._tokens = _TOKEN.findall(text or "")
        self._at = 0

    def selector(self) -> Selector:
        if not self._tokens:
            return EVERYTHING
        terms = [self._term()]
        while self._peek() is not None:
            if self._peek() != ",":
                raise ValueError(f"found '{self._peek()}', expected: ',' or 'end of string'")
            self._next()
            terms.append(self._term())
        return Selector(tuple(sorted(terms, key=lambda term: term.key)))

    def _peek(self) -> str | None:
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def _next(self) -> str | None:
        token = self._peek()
        self._at += 1
        return token

    def _term(self) -> Requirement:
        token = self._next()
        if token == "!":
            return Requirement(self._key(self._next()), "!")
        key = self._key(token)
        operator = self._peek()
        if operator in (None, ","):
            return Requirement(key, "exists")
        self._next()
        if operator in ("=", "=="):
            return Requirement(key, "in", (self._value(),))
        if operator == "!=":
            return Requirement(key, "notin", (self._value(),))
        if operator in ("in", "notin"):
            return Requirement(key, operator, self._set())
        if operator in ("<", ">"):
            return Requirement(key, "gt" if operator == ">" else "lt", (self._value(),))
        raise ValueError(f"found '{operator}', expected: in, notin, =, ==, !=, gt, lt")

    def _key(self, token: str | None) -> str:
        if token is None or token in "=!,()<>":
            raise ValueError(f"found '{token or ''}', expected: !, identifier, or ',' or 'end of string'")
        return token

    def _value(self) -> str:
        token = self._peek()
        if token is None or token == ",":
            return ""
        self._at += 1
        return token

    def _set(self) -> tuple[str, ...]:
        if self._next() != "(":
            raise ValueError("found values without '(', expected: '('")
        values: list[str] = []
        while (token := self._next()) != ")":
            if token is None:
                raise ValueError("found '', expected: ',', or ')'")
            if token != ",":
                values.append(token)
        return tuple(values)
