"""From what an API server said of a manifest to the lines that it is about.

Called by ``lab`` with the answer of a dry run and by ``sheet``. The server's own words are kept, for learners meet the
same ones in a terminal; a hint says what to do. What the server did not get to, because it stops at the first mistake,
is found by comparing the manifest with the fields of its kind.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from typing import Any

from gitopslab import errors
from gitopslab.machinery.yaml_places import Document, Path
from gitopslab.views.fields import Fields
from gitopslab.views.sheet.model import Problem

_SAID = (
    re.compile(r'unknown field "(?P<field>[^"]+)"'),
    re.compile(r'duplicate field "(?P<field>[^"]+)"'),
    re.compile(r"(?P<field>\.[\w.\[\]=\"-]+): (?P<what>field not declared in schema|expected .+|duplicate .+)"),
    re.compile(
        r"json: cannot unmarshal (?P<what>\w+) into Go struct field \w*\.?(?P<field>[\w.]+) of type (?P<type>\S+)"
    ),
)
_SHAPES = {"object": dict, "array": list, "string": str, "integer": int, "boolean": bool, "number": (int, float)}
_WORDS = {
    "object": "a map (key: value, indented)", "array": "a list (lines that begin with -)", "string": "text",
    "integer": "a whole number", "boolean": "true or false", "number": "a number",
}  # fmt: skip
_MOST_WORDS = 300


def problems_of(error: errors.LabError, document: Document) -> list[Problem]:
    """The problems that an error of a dry run speaks of, each at its line."""
    if not isinstance(error, errors.ApiError):
        return [Problem(document.line, error.message, error.hint)]
    causes = error.details.get("causes") or []
    if causes:
        return [_caused(each, document) for each in causes]
    if error.code == 404 and error.details.get("kind") == "namespaces":
        line = document.line_of(("metadata", "namespace"))
        return [Problem(line, error.message, f"make it first: kubectl create namespace {error.details.get('name')}")]
    if error.code == 404 and error.message.startswith("no matches for kind"):
        return [Problem(document.line_of(("kind",)), error.message, error.hint)]
    said = [match for pattern in _SAID for match in pattern.finditer(error.message)]
    if said:
        return [_said(match, document) for match in said]
    return [Problem(document.line, error.message[:_MOST_WORDS], error.hint)]


def _caused(cause: dict[str, Any], document: Document) -> Problem:
    field, message = cause.get("field") or "", (cause.get("message") or "")[:_MOST_WORDS]
    return Problem(document.line_of(document.path_of(field)), f"{field}: {message}" if field else message)


def _said(match: re.Match[str], document: Document) -> Problem:
    path = document.path_of(match["field"])
    return Problem(document.line_of(path), match.group(0).lstrip("."))


def overlooked(document: Document, fields: Fields) -> Iterator[Problem]:
    """Unknown fields and values of the wrong shape, all of them."""
    if not fields.is_known:
        return
    for path in document.starts:
        name = path[-1]
        if not isinstance(name, str):
            continue
        found = fields.at(path)
        line = document.line_of(path)
        if found is None:
            if fields.at(path[:-1]) is not None or len(path) == 1:
                yield Problem(
                    line, f'unknown field "{_spelled(path)}"', _did_you_mean(name, fields.names_at(path[:-1]))
                )
        elif not _fits(document, path, found.shape):
            yield Problem(line, f"{_spelled(path)} must be {_WORDS.get(found.shape, found.shape)}")


def _fits(document: Document, path: Path, shape: str) -> bool:
    value = document.value
    for step in path:
        value = value[step]
    wanted: Any = _SHAPES.get(shape)
    if wanted is None or value is None:
        return True
    return isinstance(value, wanted) and (shape == "boolean" or not isinstance(value, bool))


def _did_you_mean(name: str, known: tuple[str, ...]) -> str:
    by_lower = {each.lower(): each for each in known}
    close = difflib.get_close_matches(name.lower(), by_lower, n=1, cutoff=0.6)
    if close:
        return f"did you mean {by_lower[close[0]]}?"
    return f"there may be: {', '.join(known)}" if 0 < len(known) <= 12 else ""


def _spelled(path: Path) -> str:
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}"
    return text.lstrip(".")
