"""What an image is made of, told step by step, and how two images differ: plain data for pictures and lists.

``views.layers`` draws it, ``gitopslab image inspect`` prints it. Layers are read from the content, not unpacked.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gitopslab.images.content import Content
from gitopslab.images.image import Image
from gitopslab.images.layers import Layer, entries
from gitopslab.images.tree import Node, Removal, Tree, changes

_CHUNK = 2**20


@dataclass(frozen=True, slots=True)
class Change:
    """Something that a layer, or another image, has otherwise.

    Attributes:
        what: ``added``, ``changed`` or ``removed``.
        size: In bytes, of a file that is there afterwards.
    """

    path: str
    what: str
    size: int


@dataclass(frozen=True, slots=True)
class Step:
    """An instruction of the image's history.

    Attributes:
        text: As the history tells it.
        layer: What it added; None when it only changed settings.
        changes: The files of that layer; folders that were there before are left out.
    """

    text: str
    layer: Layer | None
    changes: tuple[Change, ...]


def steps_of(content: Content, image: Image) -> list[Step]:
    """The history of an image with the layer of each step, the lowest first.

    Raises:
        ImageError: A layer cannot be read.
    """
    seen: set[str] = set()
    told: list[Step] = []
    layers = list(image.layers)
    for entry in image.history:
        text = str(entry.get("created_by") or entry.get("comment") or "")
        layer = layers.pop(0) if layers and not entry.get("empty_layer") else None
        told.append(Step(text, layer, _changes(content, layer, seen)))
    # an image whose history says less than it has
    return told + [Step("", layer, _changes(content, layer, seen)) for layer in layers]


def _changes(content: Content, layer: Layer | None, seen: set[str]) -> tuple[Change, ...]:
    found: list[Change] = []
    for change in changes(content, layer) if layer is not None else ():
        if isinstance(change, Removal):
            found.append(Change(change.path, "removed", 0))
            seen.discard(change.path)
            continue
        was_there = change.path in seen
        seen.add(change.path)
        if change.kind != "folder" or not was_there:
            slash = "/" if change.kind == "folder" else ""
            found.append(Change(change.path + slash, "changed" if was_there else "added", change.size))
    return tuple(found)


def files_between(content: Content, one: Image, other: Image) -> list[Change]:
    """The files in which another image differs from one, by path.

    Raises:
        ImageError: A layer cannot be read.
    """
    before, after = Tree.of(content, one.layers), Tree.of(content, other.layers)
    shared = {layer.diff_id for layer in one.layers} & {layer.diff_id for layer in other.layers}
    sums = [_sums(content, tree, shared) for tree in (before, after)]
    found = []
    for path in sorted(before.nodes.keys() | after.nodes.keys()):
        old, new = before.nodes.get(path), after.nodes.get(path)
        if new is None:
            found.append(Change(path, "removed", 0))
        elif old is None:
            found.append(Change(path, "added", new.size))
        elif _looks(before, old, sums[0]) != _looks(after, new, sums[1]):
            found.append(Change(path, "changed", new.size))
    return found


def _sums(content: Content, tree: Tree, shared: set[str]) -> dict[tuple[str, str], str]:
    """What is in the files of the layers that only one of the images has, as digests."""
    found: dict[tuple[str, str], str] = {}
    for layer in tree.layers:
        if layer.diff_id in shared:
            continue
        for header, file in entries(content, layer):
            if file is not None:
                digest = hashlib.sha256()
                while chunk := file.read(_CHUNK):
                    digest.update(chunk)
                found[layer.diff_id, header.name] = digest.hexdigest()
    return found


def _looks(tree: Tree, node: Node, sums: dict[tuple[str, str], str]) -> tuple[Any, ...]:
    """All that makes a path what it is; the bytes of a shared layer are known by where they are from."""
    origin = (tree.layers[node.layer].diff_id, node.member)
    data = sums.get(origin, origin) if node.kind == "file" else ()
    return node.kind, node.mode, node.owner, node.target, node.size, data


def settings_between(one: Image, other: Image) -> list[tuple[str, str, str]]:
    """The settings in which another image differs: name, what it was, what it is."""
    before, after = flat_settings(one), flat_settings(other)
    names = sorted(before.keys() | after.keys())
    return [(each, before.get(each, ""), after.get(each, "")) for each in names if before.get(each) != after.get(each)]


def flat_settings(image: Image) -> dict[str, str]:
    """What containers are started with, one name a setting: variables and labels each have their own."""
    found: dict[str, str] = {}
    for name, value in image.settings.items():
        if name == "Env":
            found |= {f"Env {text.partition('=')[0]}": text.partition("=")[2] for text in value or []}
        elif name == "Labels":
            found |= {f"Label {label}": str(text) for label, text in (value or {}).items()}
        elif value:
            found[name] = _words(value)
    return found


def _words(value: Any) -> str:
    if isinstance(value, Sequence) and not isinstance(value, str):
        return " ".join(str(each) for each in value)
    return " ".join(value) if isinstance(value, dict) else str(value)
