"""What kinds and fields are for, in the words of Kubernetes as ``lightkube-models`` keeps them.

``openapi`` asks when somebody wants a document. The texts stay where they are, in the source of that package's models:
they are read from there, without importing them. Where the package is older than the API, fields simply have no
description.

Simplified: what each value of an enumeration means is missing, because the models leave it out.
"""

from __future__ import annotations

import importlib.util
import re
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise
from pathlib import Path

_CLASS = re.compile(r'^class (\w+)\(.*?\):\n    r"""(.*?)"""', re.MULTILINE | re.DOTALL)
_PARTS = re.compile(r"\n      \*\*parameters\*\*\n")
_FIELD = re.compile(r"^      \* \*\*(\w+)\*\* ``[^`]*`` - ?", re.MULTILINE)
_WIDTH = 78  # at which the models break lines
_SET_IN = (" ", "\t")


@dataclass(frozen=True, slots=True)
class Description:
    """What the models say of one type.

    Attributes:
        text: Of the type itself.
        fields: Of its fields, by wire name.
    """

    text: str = ""
    fields: dict[str, str] = field(default_factory=dict)


def describe(type_name: str) -> Description:
    """The description of a type such as ``apps.v1.Deployment``; empty when there is none."""
    package, _, kind = type_name.rpartition(".")
    return _of_package(package.replace(".", "_")).get(kind) or Description()


@cache
def _folder() -> Path | None:
    spec = importlib.util.find_spec("lightkube")
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(next(iter(spec.submodule_search_locations))) / "models"


@cache
def _of_package(stem: str) -> dict[str, Description]:
    folder = _folder()
    if folder is None or not (path := folder / f"{stem}.py").is_file():
        return {}
    return {name: _read(text) for name, text in _CLASS.findall(path.read_text(encoding="utf-8"))}


def _read(docstring: str) -> Description:
    """What a docstring says; a field whose name is a word of Python's has ``_`` behind it there."""
    own, *parts = _PARTS.split(docstring)
    fields = _FIELD.split(parts[0])[1:] if parts else []
    return Description(
        _joined(own), {name.rstrip("_"): _joined(text) for name, text in zip(fields[::2], fields[1::2], strict=True)}
    )


def _joined(text: str) -> str:
    """A text as it was before its lines were broken; a line that had room for the next word ended a paragraph."""
    first, *rest = text.strip().splitlines() or [""]
    margin = min((len(line) - len(line.lstrip()) for line in rest if line.strip()), default=0)
    lines = [first, *(line[margin:] for line in rest)]
    return "".join([*(line + _between(line, following) for line, following in pairwise(lines)), *lines[-1:]])


def _between(line: str, following: str) -> str:
    if not line or not following or following.startswith(_SET_IN):
        return "\n"
    gap = 2 if line.endswith(".") else 1  # many sentences are two spaces apart
    if len(line) + gap + len(following.partition(" ")[0]) <= _WIDTH:
        return "\n" if line.startswith(_SET_IN) else "\n\n"
    return "" if re.search(r"\w-$", line) else " "
