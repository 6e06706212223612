"""Label and field selectors: the text form of ``kubectl -l`` and the object form of ``spec.selector``.

Error texts are those of ``apimachinery/pkg/labels``, since the API server passes them on.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from gitopslab.errors import aggregated

Labels = Mapping[str, str]
_TOKEN = re.compile(r"\s*(==|!=|=|!|,|\(|\)|<|>|[^\s=!,()<>]+)")
_SYMBOLS = ("", "==", "!=", "=", "!", ",", "(", ")", "<", ">")
_OPERATORS = {"=": "in", "==": "in", "in": "in", "!=": "notin", "notin": "notin", ">": "gt", "<": "lt"}
_NO_INTEGER = "for 'Gt', 'Lt' operators, the value must be an integer"
_INTEGER = re.compile(r"[+-]?\d{1,19}", re.ASCII)
_FIELD_TERM = re.compile(r"(?:[^,\\]|\\.?)+")
_FIELD_OPERATOR = re.compile("!=|==|=")
_FIELD_VALUE = re.compile(r"(\\.?)|([,=])")


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
        if not _INTEGER.fullmatch(value) or not _INTEGER.fullmatch(self.values[0]):
            return False
        number, bound = int(value), int(self.values[0])
        return number > bound if self.operator == "gt" else number < bound


@dataclass(frozen=True, slots=True)
class Selector:
    """Terms that must all hold; none at all selects everything."""

    requirements: tuple[Requirement, ...] = ()

    def matches(self, labels: Labels) -> bool:
        """Whether the labels meet every term."""
        return all(requirement.matches(labels) for requirement in self.requirements)


EVERYTHING = Selector()

_KEY = re.compile(r"(?:[a-z0-9.-]{1,253}/)?[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")


@lru_cache(maxsize=1024)
def parse_labels(text: str, check: Callable[[Requirement], None] | None = None) -> Selector:
    """Read ``app=web,env in (dev,prod),!legacy``.

    Args:
        text: The selector.
        check: Refuses a requirement as soon as it is read, and its key before that, by a ValueError.

    Raises:
        ValueError: With the wording of ``labels.Parse``.
    """
    return _Parser(text, check).selector()


def from_label_selector(selector: Mapping[str, Any] | None) -> Selector | None:
    """A ``metav1.LabelSelector``: None selects nothing (returned as None), an empty one selects everything."""
    if selector is None:
        return None
    terms = [Requirement(key, "in", (value,)) for key, value in (selector.get("matchLabels") or {}).items()]
    names = {"In": "in", "NotIn": "notin", "Exists": "exists", "DoesNotExist": "!"}
    for item in selector.get("matchExpressions") or []:
        terms.append(Requirement(item["key"], names[item["operator"]], tuple(item.get("values") or ())))
    return Selector(tuple(terms))


def refusal(selector: Mapping[str, Any] | None) -> str:
    """Why ``metav1.LabelSelectorAsSelector`` refuses a selector that nobody has judged yet; empty if it does not."""
    wanted = selector or {}
    terms = wanted.get("matchExpressions") or []
    for key in (*(wanted.get("matchLabels") or ()), *(term["key"] for term in terms)):
        if not _KEY.fullmatch(key):
            return f'key: Invalid value: "{key}"'
    return next(filter(None, (_refusal_of_values(term.get("operator", ""), term.get("values")) for term in terms)), "")


def _refusal_of_values(operator: str, values: list[str] | None) -> str:
    if operator in ("In", "NotIn"):
        return "" if values else "values: Invalid value: null: for 'in', 'notin' operators, values set can't be empty"
    if operator not in ("Exists", "DoesNotExist"):
        return f'"{operator}" is not a valid label selector operator'
    told = json.dumps(values, separators=(",", ":"))
    return f"values: Invalid value: {told}: values set must be empty for exists and does not exist" if values else ""


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


def go_text(selector: Mapping[str, Any] | None) -> str:
    """A ``metav1.LabelSelector`` as Go prints the struct, which some events show."""
    if selector is None:
        return "nil"
    labels = "".join(f"{key}: {value}," for key, value in sorted((selector.get("matchLabels") or {}).items()))
    terms = "".join(
        f"LabelSelectorRequirement{{Key:{term['key']},Operator:{term['operator']},"
        f"Values:[{' '.join(term.get('values') or ())}],}},"
        for term in selector.get("matchExpressions") or ()
    )
    return (
        f"&LabelSelector{{MatchLabels:map[string]string{{{labels}}},"
        f"MatchExpressions:[]LabelSelectorRequirement{{{terms}}},}}"
    )


def selector_of(workload: dict[str, Any]) -> dict[str, Any] | None:
    """The label selector of a workload; a ReplicationController writes it as a plain map."""
    selector: dict[str, Any] | None = workload.get("spec", {}).get("selector")
    return {"matchLabels": selector} if workload.get("kind") == "ReplicationController" and selector else selector


def from_map(labels: Labels | None) -> Selector:
    """A plain map, as ``Service.spec.selector``: each pair must be there."""
    return Selector(tuple(Requirement(key, "in", (value,)) for key, value in (labels or {}).items()))


def parse_fields(text: str) -> tuple[tuple[str, bool, str], ...]:
    """Read ``metadata.name=web,status.phase!=Running`` into ``(path, equal, value)`` terms.

    Raises:
        ValueError: With the wording of ``fields.ParseSelector``.
    """
    terms = []
    for part in filter(None, _FIELD_TERM.findall(text or "")):
        found = _FIELD_OPERATOR.search(part)
        if found is None:
            raise ValueError(f"invalid selector: '{text}'; can't understand '{part}'")
        terms.append((part[: found.start()], found.group() != "!=", _unescaped(part[found.end() :])))
    return tuple(terms)


def _unescaped(value: str) -> str:
    """A field's value without its backslashes, which must stand before ``,``, ``=`` and themselves."""
    for escape, bare in _FIELD_VALUE.findall(value):
        if escape and escape[1:] not in (",", "=", "\\"):
            raise ValueError(f"invalid field selector: invalid escape sequence: {escape}")
        if bare:
            raise ValueError(f"invalid field selector: unescaped character in value: {ord(bare)}")
    return re.sub(r"\\(.)", r"\1", value)


class _Parser:
    """The grammar of ``labels.Parse``, token by token; the empty token is the end."""

    def __init__(self, text: str, check: Callable[[Requirement], None] | None) -> None:
        self._tokens: list[str] = [*_TOKEN.findall(text or ""), ""]
        self._at = 0
        self._check = check

    def selector(self) -> Selector:
        terms: list[Requirement] = []
        if self._peek() and self._peek() != "!" and self._is_symbol():
            raise ValueError(f"found '{self._peek()}', expected: !, identifier, or 'end of string'")
        while self._peek():
            terms.append(self._term())
            after = self._next()
            if after not in ("", ","):
                raise ValueError(f"found '{after}', expected: ',' or 'end of string'")
            if after == "," and self._peek() != "!" and self._is_symbol():
                raise ValueError(f"found '{self._peek()}', expected: identifier after ','")
        return Selector(tuple(sorted(terms, key=lambda term: term.key)))

    def _peek(self) -> str:
        return self._tokens[self._at]

    def _next(self) -> str:
        token = self._peek()
        self._at = min(self._at + 1, len(self._tokens) - 1)
        return token

    def _is_symbol(self) -> bool:
        """Whether what comes next is no word; the end is none either."""
        return self._peek() in _SYMBOLS

    def _term(self) -> Requirement:
        try:
            return self._checked(self._requirement())
        except ValueError as error:
            raise ValueError(f"unable to parse requirement: {error}") from None

    def _checked(self, requirement: Requirement) -> Requirement:
        if self._check is not None:
            self._check(requirement)
        return requirement

    def _requirement(self) -> Requirement:
        if self._peek() == "!":
            self._next()
            return Requirement(self._word("identifier"), "!")
        key = self._checked(Requirement(self._word("identifier"), "exists")).key
        if self._peek() in ("", ","):
            return Requirement(key, "exists")
        operator = _OPERATORS.get(spelled := self._next())
        if operator is None:
            raise ValueError(f"found '{spelled}', expected: in, notin, =, ==, !=, gt, lt")
        if spelled in ("in", "notin"):
            return Requirement(key, operator, self._set())
        value = "" if self._peek() in ("", ",") else self._word("identifier")
        found = Requirement(key, operator, (value,))
        if spelled in ("<", ">") and not _INTEGER.fullmatch(value):
            raise ValueError(aggregated([f'values[0]: Invalid value: "{value}": {_NO_INTEGER}', *self._faults(found)]))
        return found

    def _faults(self, requirement: Requirement) -> list[str]:
        try:
            self._checked(requirement)
        except ValueError as error:
            return [str(error)]
        return []

    def _word(self, expected: str) -> str:
        if self._is_symbol():
            raise ValueError(f"found '{self._peek()}', expected: {expected}")
        return self._next()

    def _set(self) -> tuple[str, ...]:
        if (opening := self._next()) != "(":
            raise ValueError(f"found '{opening}' expected: '('")
        if self._is_symbol() and self._peek() not in (",", ")"):
            raise ValueError(f"found '{self._peek()}', expected: ',', ')' or identifier")
        values: list[str] = []
        while self._peek() != ")":
            if self._peek() != ",":
                values.append(self._word("',', or identifier"))
                if self._peek() not in (",", ")"):
                    raise ValueError(f"found '{self._peek()}', expected: ',' or ')'")
            else:
                self._comma(values)
        self._next()
        return tuple(dict.fromkeys(values))

    def _comma(self, values: list[str]) -> None:
        """Pass a comma; one that has nothing before or behind it stands for an empty value."""
        self._next()
        if not values or self._peek() in (",", ")"):
            values.append("")
