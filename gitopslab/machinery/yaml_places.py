"""Where in a YAML text each field stands.

Called by ``views.sheet``, which explains a manifest line by line, and by whoever wants to point at the line that an
error is about. Reading YAML as such is left to ``manifests``: what it refuses is not looked at here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from gitopslab.machinery import manifests

Path = tuple[str | int, ...]
"""A field's way from the top: names of fields and numbers of list items."""

_STEP = re.compile(r"\[([^\]]*)\]|([^.\[\]]+)")
_KEYED = re.compile(r'(\w+)="([^"]*)"')


@dataclass(frozen=True, slots=True)
class Place:
    """A key or a value in the text: lines from one, columns from zero, ``end`` past the last letter of its line.

    Attributes:
        path: Which field it is.
        what: ``key``, or of a value ``str``, ``int``, ``float``, ``bool`` or ``null``.
    """

    path: Path
    what: str
    line: int
    column: int
    end: int


@dataclass(slots=True)
class Document:
    """One document of a text.

    Attributes:
        line: On which it begins.
        value: What it holds, as ``manifests`` reads it.
        places: Keys and one-line values, in the order of the text.
        starts: The line on which each field or list item begins.
    """

    line: int
    value: Any
    places: list[Place] = field(default_factory=list)
    starts: dict[Path, int] = field(default_factory=dict)

    def line_of(self, path: Path) -> int:
        """The line of a field, or of the nearest one above it that is there."""
        while path and path not in self.starts:
            path = path[:-1]
        return self.starts.get(path, self.line)

    def path_of(self, text: str) -> Path:
        """The field that the API server means by ``spec.containers[0].image`` or ``.spec.containers[name="web"]``.

        Go's decoder leaves out the numbers of list items; the first item that has the field is taken then.
        """
        found: Path = ()
        for index, name in _STEP.findall(text):
            found = (*found, self._item(found, index)) if index else self._below(found, name)
        return found

    def _item(self, path: Path, index: str) -> str | int:
        if index.isdigit():
            return int(index)
        wanted = dict(_KEYED.findall(index))
        for at, item in enumerate(_value_at(self.value, path) or []):
            if wanted and isinstance(item, dict) and all(str(item.get(key)) == value for key, value in wanted.items()):
                return at
        return index.strip('"')

    def _below(self, path: Path, name: str) -> Path:
        value = _value_at(self.value, path)
        if isinstance(value, list):
            items = [at for at, item in enumerate(value) if isinstance(item, dict) and name in item]
            return (*path, items[0] if items else 0, name)
        return (*path, name)


def documents(text: str, file: str = "") -> list[Document]:
    """The documents of a text with the places of their fields.

    Raises:
        ManifestError: Something cannot be read.
    """
    manifests.objects(text, file)
    loader = manifests.KubernetesLoader(text)
    try:
        found = list(_documents(loader))
    finally:
        loader.dispose()
    return found


def _documents(loader: manifests.KubernetesLoader) -> Iterator[Document]:
    while loader.check_node():
        node = loader.get_node()
        made = Document(node.start_mark.line + 1, None)
        made.places += _places(made, node, ())
        # Constructing rewrites merge keys, so the places are taken before.
        made.value = loader.construct_document(node)
        if made.value is not None:
            yield made


def _places(made: Document, node: yaml.Node, path: Path) -> Iterator[Place]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            below = (*path, str(key.value))
            made.starts[below] = key.start_mark.line + 1
            yield _place(key, below, "key")
            yield from _places(made, value, below)
    elif isinstance(node, yaml.SequenceNode):
        for at, item in enumerate(node.value):
            made.starts[*path, at] = item.start_mark.line + 1
            yield from _places(made, item, (*path, at))
    elif node.start_mark.line == node.end_mark.line:
        yield _place(node, path, node.tag.rpartition(":")[2])


def _place(node: yaml.Node, path: Path, what: str) -> Place:
    start, end = node.start_mark, node.end_mark
    return Place(path, what, start.line + 1, start.column, end.column)


def _value_at(value: Any, path: Path) -> Any:
    for step in path:
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            return None
    return value
