"""Where ``COPY`` and ``ADD`` take files from: the context, another image, or the Dockerfile's own text.

``copying`` makes them. Each gives a fingerprint for the cache, cheaply, and then groups of items: one group for each
source that was named or that a wildcard found.
"""

from __future__ import annotations

import difflib
import posixpath
import tarfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from gitopslab.errors import ImageError
from gitopslab.images.content import Content
from gitopslab.images.context import Context, Entry, digest_of_file, matches
from gitopslab.images.dockerfile.instructions import Instruction
from gitopslab.images.dockerfile.lines import Fault
from gitopslab.images.ignore import Ignore
from gitopslab.images.image import Image
from gitopslab.images.layers import LARGEST_LAYER, MOST_ENTRIES
from gitopslab.images.tree import Node, Tree


@dataclass(frozen=True, slots=True)
class Item:
    """A file, folder or link to be copied."""

    kind: str
    mode: int
    owner: tuple[int, int] = (0, 0)
    data: bytes | Path = b""
    target: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """What one source is: a file, or a folder whose content is meant.

    Attributes:
        name: The last part of its path.
        items: By path within it; empty path for the source itself.
    """

    name: str
    is_folder: bool
    items: Sequence[tuple[str, Item]]


class Origin(Protocol):
    """Where files come from."""

    def fingerprint(self) -> Any:
        """Something in JSON that differs when what would be copied differs."""
        ...

    def groups(self, scratch: Path) -> list[Group]:
        """What is to be copied; files that must be unpacked for it go into the folder ``scratch``."""
        ...


class HeredocOrigin:
    """A text of the Dockerfile, as a file under the heredoc's name."""

    def __init__(self, name: str, text: str) -> None:
        self._name = name
        self._text = text

    def fingerprint(self) -> Any:
        """The text."""
        return [self._name, self._text]

    def groups(self, scratch: Path) -> list[Group]:
        """One file."""
        return [Group(self._name, False, [("", Item("file", 0o644, data=self._text.encode()))])]


class ContextOrigin:
    """Files of the build context; ``ADD`` unpacks archives among them."""

    def __init__(self, context: Context, paths: Sequence[str], instruction: Instruction) -> None:
        excluded = [value for name, value in instruction.flags if name == "exclude"]
        self._excluded = Ignore("\n".join(excluded))
        self._context = context
        self._unpacks = instruction.keyword == "ADD"
        self._found = [self._source(entry) for path in paths for entry in self._matching(path, instruction)]

    def fingerprint(self) -> Any:
        """Paths, modes and digests of all files."""
        return [
            [
                name,
                path,
                entry.kind,
                entry.mode,
                entry.target,
                digest_of_file(entry.source) if entry.kind == "file" else "",
            ]
            for name, entries in self._found
            for path, entry in entries
        ]

    def groups(self, scratch: Path) -> list[Group]:
        """One for each file or folder that was named or found."""
        return [self._group(name, entries, scratch) for name, entries in self._found]

    def _source(self, entry: Entry) -> tuple[str, list[tuple[str, Entry]]]:
        name = posixpath.basename(entry.path)
        if entry.kind != "folder":
            return name, [("", entry)]
        start = len(entry.path) + 1 if entry.path else 0
        below = [(each.path[start:], each) for each in self._context.below(entry.path)]
        return name, [("", entry), *((path, each) for path, each in below if not self._excluded.leaves_out(path))]

    def _group(self, name: str, entries: list[tuple[str, Entry]], scratch: Path) -> Group:
        first = entries[0][1]
        if self._unpacks and first.kind == "file" and tarfile.is_tarfile(first.source):
            return Group(name, True, _unpacked(first.source, scratch))
        items = [
            (path, Item(entry.kind, entry.mode, data=entry.source, target=entry.target)) for path, entry in entries
        ]
        return Group(name, first.kind == "folder", items)

    def _matching(self, path: str, instruction: Instruction) -> list[Entry]:
        found = self._context.matching(path)
        if found:
            return found
        why = self._context.left_out(path)
        if why:
            problem = f'"/{path.lstrip("/")}": not found in the build context: {why}'
            raise Fault(instruction.line, problem, "Take the line out of the ignore file, or do not copy this.")
        spelt = {entry.lower(): entry for entry in self._context.entries}
        close = difflib.get_close_matches(path.lstrip("/").lower(), spelt, n=1, cutoff=0.75)
        hint = (
            f"Did you mean {spelt[close[0]]}?" if close else f"Paths begin at the build context, {self._context.root}."
        )
        raise Fault(instruction.line, f'"/{path.lstrip("/")}": not found in the build context', hint)


class TreeOrigin:
    """Files of another image, or of an earlier stage."""

    def __init__(self, content: Content, image: Image, paths: Sequence[str], instruction: Instruction) -> None:
        self._content = content
        self._image = image
        self._paths = paths
        self._instruction = instruction

    def fingerprint(self) -> Any:
        """Its layers, and which paths."""
        return [[layer.diff_id for layer in self._image.layers], list(self._paths)]

    def groups(self, scratch: Path) -> list[Group]:
        """One for each path; all files are unpacked in one go."""
        tree = Tree.of(self._content, self._image.layers)
        sources = [_source(tree, node) for path in self._paths for node in self._matching(tree, path)]
        files = {node.path for _, nodes in sources for _, node in nodes if node.kind == "file"}
        taken = tree.take_out(files, scratch)
        return [_of_nodes(first, nodes, taken) for first, nodes in sources]

    def _matching(self, tree: Tree, path: str) -> list[Node]:
        node = tree.at(path)
        if node is not None:
            return [node]
        pattern = posixpath.normpath("/" + path).lstrip("/")
        found = [tree.nodes[each] for each in sorted(tree.nodes) if matches(each, pattern)]
        if not found:
            of = self._instruction.flag("from")
            raise Fault(self._instruction.line, f'"/{pattern}": not found in {of}', "See what is in that image.")
        return found


def _source(tree: Tree, node: Node) -> tuple[Node, list[tuple[str, Node]]]:
    """A file, or a folder with everything in it by its path there."""
    if node.kind != "folder":
        return node, [("", node)]
    start = len(node.path) + 1 if node.path else 0
    kept = [each for each in tree.below(node.path) if each.kind != "other"]
    return node, [("", node), *((each.path[start:], each) for each in kept)]


def _of_nodes(first: Node, nodes: list[tuple[str, Node]], taken: dict[str, Path]) -> Group:
    items = [
        (path, Item(node.kind, node.mode, node.owner, taken.get(node.path, b""), node.target)) for path, node in nodes
    ]
    return Group(posixpath.basename(first.path), first.kind == "folder", items)


def _unpacked(archive: Path, scratch: Path) -> list[tuple[str, Item]]:
    """What is in a tar archive of the context; paths that lead out of it are taken from its root."""
    found: list[tuple[str, Item]] = [("", Item("folder", 0o755))]
    size = 0
    with tarfile.open(archive) as opened:
        for header in opened:
            path = posixpath.normpath("/" + header.name).lstrip("/")
            size += header.size
            if size > LARGEST_LAYER or len(found) > MOST_ENTRIES:
                raise ImageError(f"{archive.name} unpacks to too much", "ADD a smaller archive.")
            if header.isdir():
                found.append((path, Item("folder", header.mode & 0o7777)))
            elif header.issym():
                found.append((path, Item("link", 0o777, target=header.linkname)))
            elif header.isreg() or header.islnk():
                file = opened.extractfile(header)
                target = scratch / f"{archive.name}-{len(found)}"
                with target.open("wb") as out:
                    while file is not None and (chunk := file.read(2**20)):
                        out.write(chunk)
                found.append((path, Item("file", header.mode & 0o7777, data=target)))
    return found
