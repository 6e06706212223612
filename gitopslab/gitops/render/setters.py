"""Puts images into files where a comment marks the place, and leaves everything else as it is.

``image: ghcr.io/x/y:1.0 # {"$imagepolicy": "flux-system:y"}`` has the whole reference replaced; ``:tag``, ``:name`` and
``:digest`` after the policy's name that part alone. Files are read as YAML only to find the value a comment stands
behind; what is written differs in that value and nowhere else.

Simplified: Flux writes a file that changes anew as a whole, so that odd spaces, folded texts and empty documents in it
change as well. Source: ``image-automation-controller/pkg/update``, ``kyaml/setters2``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import yaml

from gitopslab.machinery.manifests import KubernetesLoader

TOKEN = "$imagepolicy"
_PARTS = ("", "tag", "name", "digest")
_TEXT, _NULL = "tag:yaml.org,2002:str", "tag:yaml.org,2002:null"
_ONLY_OLD_BOOL = re.compile(r"y|n|yes|no|on|off", re.IGNORECASE)  # text for Go's newer YAML, which kyaml is made of
_PROPERTIES = re.compile(r"(?:[&!]\S*\s+)*")
_MARK = re.compile(r"#\s*(\{.*\"\$imagepolicy\".*\})\s*$")


@dataclass(frozen=True, slots=True)
class Image:
    """What a policy has chosen."""

    name: str
    tag: str
    digest: str = ""

    @property
    def reference(self) -> str:
        """``name:tag``, with the digest where there is one."""
        return f"{self.name}:{self.tag}" + (f"@{self.digest}" if self.digest else "")

    def part(self, word: str) -> str:
        """The part that a marker asks for, one of ``_PARTS``; all of it for no word."""
        return {"": self.reference, "tag": self.tag, "name": self.name, "digest": self.digest}[word]


@dataclass(frozen=True, slots=True)
class Identifier:
    """The object in which something changed; the names are those of Go's templates."""

    APIVersion: str
    Kind: str
    Namespace: str
    Name: str


@dataclass(frozen=True, slots=True)
class Change:
    """A value that changed; the names are those of Go's templates."""

    OldValue: str
    NewValue: str
    Setter: str


@dataclass(frozen=True, slots=True)
class _Place:
    """A value behind which a marker stands."""

    start: int
    end: int
    value: str
    style: str
    tag: str
    marker: str
    owner: Identifier


def changed(text: str, images: Mapping[str, Image]) -> tuple[str, list[tuple[Identifier, Change]]]:
    """A file with the images put in, and what that changed.

    Args:
        text: A YAML file; one that cannot be read comes back as it is.
        images: By ``namespace:policy``.
    """
    try:
        places = list(_places(text))
    except (yaml.YAMLError, ValueError):
        return text, []
    found: list[tuple[Identifier, Change]] = []
    for place in reversed(places):
        policy, word = _split(place.marker)
        image = images.get(policy)
        if image is None or word not in _PARTS or image.part(word) == place.value:
            continue
        new = image.part(word)
        text = text[: place.start] + _written(new, place) + text[place.end :]
        found.append((place.owner, Change(place.value, new, place.marker)))
    return text, found[::-1]


def _places(text: str) -> Iterator[_Place]:
    lines = text.splitlines()
    marked = {at: match.group(1) for at, line in enumerate(lines) if (match := _MARK.search(line))}
    for document in yaml.compose_all(text, Loader=KubernetesLoader):
        scalars: dict[int, yaml.ScalarNode] = {}
        for node in _scalars(document):
            line = node.end_mark.line
            if line in marked and node.start_mark.line == line and node.tag != _NULL:
                scalars[line] = node  # the last one of a line is the one before the comment
        for line, node in scalars.items():
            marker = json.loads(marked[line]).get(TOKEN, "")
            start, end = node.start_mark.index, node.end_mark.index
            start = _PROPERTIES.match(text, start, end).end()  # type: ignore[union-attr]  # it may match nothing
            yield _Place(start, end, node.value, node.style or "", node.tag, marker, _owner(document))


def _scalars(node: yaml.Node | None) -> Iterator[yaml.ScalarNode]:
    """The values behind which a comment can stand: not those within braces or brackets."""
    if isinstance(node, yaml.CollectionNode) and node.flow_style:
        return
    if isinstance(node, yaml.MappingNode):
        for _, value in node.value:
            yield from _scalars(value)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            yield from _scalars(value)
    elif isinstance(node, yaml.ScalarNode):
        yield node


def _owner(document: yaml.Node | None) -> Identifier:
    top = _fields(document)
    metadata = _fields(top.get("metadata"))
    words = (top.get("apiVersion"), top.get("kind"), metadata.get("namespace"), metadata.get("name"))
    return Identifier(*(node.value if isinstance(node, yaml.ScalarNode) else "" for node in words))


def _fields(node: yaml.Node | None) -> dict[str, yaml.Node]:
    pairs = node.value if isinstance(node, yaml.MappingNode) else []
    return {key.value: value for key, value in pairs if isinstance(key, yaml.ScalarNode)}


def _split(marker: str) -> tuple[str, str]:
    """Policy and part: ``ns:name`` and ``tag`` of ``ns:name:tag``."""
    parts = marker.split(":")
    return ":".join(parts[:2]), parts[2] if len(parts) > 2 else ""


def _written(value: str, place: _Place) -> str:
    """A value in the style of the one it replaces; what was a number goes on being called one, as kyaml has it."""
    if place.style in ("'", '"'):
        return f"{place.style}{value}{place.style}"
    read = yaml.compose(value, Loader=KubernetesLoader)
    means = read.tag if read is not None else _NULL
    if place.tag != _TEXT and not _ONLY_OLD_BOOL.fullmatch(place.value):
        return value if means == place.tag else f"!!{place.tag.rpartition(':')[2]} {value}"
    return value if means == _TEXT else f'"{value}"'
