"""Notebooks and exercises in another language: the English ones with every text replaced by its translation.

``content.edition`` makes a learner's files of it, ``reading`` an exercise; ``scripts/translations.py`` asks which texts
there are. Code stays as it is, but for its comments. A text is a paragraph, a list, a table or a picture: small enough
that one changed sentence does not make a page stale.
"""

from __future__ import annotations

import copy
import io
import re
import tokenize
from collections.abc import Callable, Iterator, Mapping
from typing import Any

Translate = Callable[[str], str]

_FENCE = re.compile(r"^(```|~~~)")
_WORD = re.compile(r"[A-Za-z]{2}")
_OF_EXERCISE = ("title", "goal")
_OF_CHECK = ("because", "expected")


def notebook(content: Mapping[str, Any], translate: Translate, language: str) -> dict[str, Any]:
    """A notebook, as JSON, with its texts translated."""
    made = copy.deepcopy(dict(content))
    made["metadata"]["gitopslab"]["language"] = language
    for cell in made["cells"]:
        source = "".join(cell["source"])
        text = markdown(source, translate) if cell["cell_type"] == "markdown" else code(source, translate)
        cell["source"] = text.splitlines(keepends=True)
    return made


def markdown(text: str, translate: Translate) -> str:
    """A text with its blocks translated."""
    return "\n\n".join(translate(block) if _WORD.search(block) else block for block in blocks(text))


def blocks(text: str) -> Iterator[str]:
    """The blocks between blank lines; what stands between fences is one."""
    block: list[str] = []
    fenced = False
    for line in text.strip("\n").split("\n"):
        fenced ^= bool(_FENCE.match(line))
        if line.strip() or fenced:
            block.append(line)
        elif block:
            yield "\n".join(block)
            block = []
    if block:
        yield "\n".join(block)


def code(source: str, translate: Translate) -> str:
    """Code with its comments translated."""
    lines = source.splitlines(keepends=True)
    for row, column, comment in reversed(list(_comments(source))):
        line = lines[row - 1]
        said = translate(comment.removeprefix("#").strip())
        lines[row - 1] = f"{line[:column]}# {said}{line[column + len(comment) :]}"
    return "".join(lines)


def _comments(source: str) -> Iterator[tuple[int, int, str]]:
    try:
        for token in tokenize.generate_tokens(io.StringIO(source).readline):
            if token.type == tokenize.COMMENT:
                yield *token.start, token.string
    except (tokenize.TokenError, SyntaxError):
        return


def exercise(content: Any, task: str, translate: Translate) -> tuple[Any, str]:
    """What stands in an ``exercise.yaml``, and its task, with the texts a learner reads translated."""
    made = copy.deepcopy(content)
    for holder, key in _texts(made):
        holder[key] = translate(holder[key].strip())
    return made, markdown(task, translate) + "\n"


def _texts(content: Any) -> Iterator[tuple[Any, Any]]:
    """Where the texts are: the map or list, and the key in it."""
    places: list[tuple[Any, Any]] = [(content, key) for key in _OF_EXERCISE]
    places += [(check, key) for check in content.get("checks", []) for key in _OF_CHECK]
    places += [(route, "name") for route in content.get("routes", [])]
    hints = content.get("hints", [])
    for at, hint in enumerate(hints):
        places += [(hint, key) for key in hint] if isinstance(hint, dict) else [(hints, at)]
    for holder, key in places:
        there = key in holder if isinstance(holder, dict) else True
        if there and isinstance(holder[key], str):
            yield holder, key


def texts(content: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The texts of a notebook, each with the id of its cell."""
    found: list[tuple[str, str]] = []
    for cell in content["cells"]:
        note = _noting(found, f"cell {cell['id']}")
        source = "".join(cell["source"])
        (markdown if cell["cell_type"] == "markdown" else code)(source, note)
    return found


def texts_of_exercise(name: str, content: Any, task: str) -> list[tuple[str, str]]:
    """The texts of an exercise, each with its name."""
    found: list[tuple[str, str]] = []
    exercise(content, task, _noting(found, f"exercise {name}"))
    return found


def _noting(found: list[tuple[str, str]], place: str) -> Translate:
    def note(text: str) -> str:
        found.append((text, place))
        return text

    return note
