"""From a text to a sheet: each line in pieces, each key with its meaning, each problem at its line."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping

from gitopslab import errors
from gitopslab.machinery.objects import Object
from gitopslab.machinery.yaml_places import Document, Place, documents
from gitopslab.views.fields import FieldHelp, Fields
from gitopslab.views.sheet.model import Problem, Sheet, SheetLine, Span
from gitopslab.views.sheet.problems import overlooked, problems_of

Explain = Callable[[str, str], Fields]
"""``explain(api_version, kind)``: the fields of a kind."""

_LOOKS = {"key": "key", "str": "text", "int": "number", "float": "number", "bool": "word", "null": "word"}


def sheet(
    text: str, explain: Explain, said: Mapping[int, errors.LabError] | None = None, *, checked: bool = False
) -> Sheet:
    """A text with its fields explained.

    Args:
        text: One or more YAML documents.
        explain: Gives the fields of a kind.
        said: What the server said of the documents that it refused, by their number from zero.
        checked: Whether the server was asked at all.
    """
    try:
        found = documents(text)
    except errors.ManifestError as error:
        return broken_sheet(text, error)
    fields: dict[str, int] = {}
    helps: list[FieldHelp] = []
    spans: dict[int, list[tuple[Place, int]]] = defaultdict(list)
    problems: list[Problem] = []
    for number, document in enumerate(found):
        known = explain(*_kind_of(document.value))
        for place in document.places:
            spans[place.line].append((place, _field(place, known, fields, helps)))
        if said and number in said:
            problems += _joined([*problems_of(said[number], document)], overlooked(document, known))
    return _finished(text, spans, problems, tuple(helps), title=_title(found), checked=checked)


def broken_sheet(text: str, error: errors.ManifestError) -> Sheet:
    """A text that is not YAML, or no Kubernetes object, with the mistake at its line."""
    problem = Problem(max(error.line, 1), error.problem, error.hint)
    return _finished(text, {}, [problem], (), title="manifest", checked=True)


def _finished(
    text: str,
    spans: Mapping[int, list[tuple[Place, int]]],
    problems: list[Problem],
    fields: tuple[FieldHelp, ...],
    *,
    title: str,
    checked: bool,
) -> Sheet:
    at = defaultdict(list)
    for problem in problems:
        at[problem.line].append(problem)
    lines = tuple(
        SheetLine(number, tuple(_spans(line, spans.get(number, ()))), tuple(at[number]))
        for number, line in enumerate(text.rstrip("\n").split("\n"), 1)
    )
    return Sheet(title, lines, fields, len(problems), _verdict(problems, checked), not problems)


def _verdict(problems: list[Problem], checked: bool) -> str:
    if not checked:
        return ""
    if not problems:
        return "The API server would accept it."
    lines = sorted({problem.line for problem in problems})
    where = f"line {lines[0]}" if len(lines) == 1 else f"lines {', '.join(map(str, lines))}"
    if len(problems) == 1:
        return f"One thing is wrong: {where}. Nothing was applied."
    return f"{len(problems)} things are wrong: {where}. Nothing was applied."


def _joined(said: list[Problem], found: Iterable[Problem]) -> list[Problem]:
    """What the server said and what it did not get to; where both speak of a line, each adds to the other."""
    by_line = {problem.line: problem for problem in said}
    joined = list(said)
    for problem in found:
        known = by_line.get(problem.line)
        if known is None:
            joined.append(problem)
        elif not known.hint:
            # Of Go's decoder the plain words come first: they say what belongs there.
            both = (known.text, problem.hint) if problem.hint else (problem.text, f"the server says: {known.text}")
            joined[joined.index(known)] = Problem(problem.line, *both)
    return sorted(joined, key=lambda problem: problem.line)


def _field(place: Place, known: Fields, fields: dict[str, int], helps: list[FieldHelp]) -> int:
    if place.what != "key":
        return -1
    found = known.at(place.path)
    path = found.path if found else ".".join(step for step in place.path if isinstance(step, str))
    key = f"{id(known)} {path}"
    if key not in fields:
        fields[key] = len(helps)
        helps.append(found or FieldHelp(path, "", _unknown(known)))
    return fields[key]


def _unknown(known: Fields) -> str:
    return "This kind has no such field." if known.is_known else "The cluster does not say what this kind is made of."


def _spans(line: str, places: Iterable[tuple[Place, int]]) -> Iterable[Span]:
    at = 0
    for place, field in sorted(places, key=lambda each: each[0].column):
        if place.column < at or place.end <= place.column:
            continue
        yield from _between(line[at : place.column])
        yield Span(line[place.column : place.end], _LOOKS.get(place.what, "text"), field)
        at = place.end
    yield from _between(line[at:])


def _between(text: str) -> Iterable[Span]:
    """What is neither key nor value: punctuation, lines of a longer text, a comment."""
    before, mark, comment = text.partition("#")
    if mark and (not before or before[-1] in " \t"):
        yield from [Span(before)] if before else []
        yield Span(mark + comment, "comment")
    elif text:
        yield Span(text)


def _kind_of(value: object) -> tuple[str, str]:
    obj: Object = value if isinstance(value, dict) else {}
    return str(obj.get("apiVersion") or ""), str(obj.get("kind") or "")


def _title(found: list[Document]) -> str:
    objects = [document.value for document in found if isinstance(document.value, dict)]
    names = [f"{obj.get('kind')} {(obj.get('metadata') or {}).get('name') or ''}".strip() for obj in objects]
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
