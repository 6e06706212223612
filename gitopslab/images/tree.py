"""The file system that an image's layers add up to, known from their headers alone.

The builder asks it where a destination leads and who a user is, and takes files from it for ``COPY --from``; pictures
of an image are drawn from it. Nothing is unpacked to disk except what is asked for.
"""

from __future__ import annotations

import posixpath
import shutil
import tarfile
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from gitopslab.errors import ImageError
from gitopslab.images.content import Content
from gitopslab.images.layers import OPAQUE, WHITEOUT, Layer, entries

_MOST_LINKS = 40  # as Linux allows on one path


@dataclass(frozen=True, slots=True)
class Node:
    """What is at one path.

    Attributes:
        path: Without a slash in front.
        kind: ``file``, ``folder``, ``link``, or ``other`` for devices and pipes.
        owner: User and group, as numbers.
        target: Where a symbolic link points.
        layer: Which layer it is from, from zero.
        member: Under which name that layer has its bytes: another than the path for a hard link.
    """

    path: str
    kind: str
    mode: int
    owner: tuple[int, int]
    size: int
    target: str
    layer: int
    member: str


@dataclass(slots=True)
class Tree:
    """Every path with what is there, after the last layer."""

    content: Content
    layers: list[Layer] = field(default_factory=list)
    nodes: dict[str, Node] = field(default_factory=dict)
    _folders: set[str] = field(default_factory=set)  # every path that something is in

    @classmethod
    def of(cls, content: Content, layers: Sequence[Layer]) -> Tree:
        """The tree of these layers, the lowest first.

        Raises:
            ImageError: A layer cannot be read.
        """
        tree = cls(content)
        for layer in layers:
            tree.add(layer)
        return tree

    def add(self, layer: Layer) -> None:
        """Lay another layer on top.

        Raises:
            ImageError: It cannot be read.
        """
        self.layers.append(layer)
        for change in changes(self.content, layer, len(self.layers) - 1):
            self._make(change)

    def resolve(self, path: str) -> str:
        """Where a path leads once its links are followed; never out of the tree. What is not there stays as written."""
        parts, found, links = [part for part in path.split("/") if part], "", 0
        while parts:
            part = parts.pop(0)
            if part in (".", ".."):
                found = posixpath.dirname(found) if part == ".." else found
                continue
            here = f"{found}/{part}" if found else part
            node = self.nodes.get(here)
            if node is None or node.kind != "link" or links >= _MOST_LINKS:
                found = here
                continue
            links += 1
            parts = [each for each in node.target.split("/") if each] + parts
            found = "" if node.target.startswith("/") else found
        return found

    def at(self, path: str) -> Node | None:
        """What is at a path, links followed; None when nothing is. The root is a folder, always."""
        resolved = self.resolve(path)
        return self.nodes.get(resolved) if resolved else Node("", "folder", 0o755, (0, 0), 0, "", 0, "")

    def below(self, folder: str) -> Iterator[Node]:
        """Everything in a folder, at any depth, by path."""
        for path in sorted(self.nodes):
            if not folder or path.startswith(f"{folder}/"):
                yield self.nodes[path]

    def text(self, path: str) -> str:
        """A small text file, such as ``/etc/passwd``; empty when it is not there."""
        node = self.at(path)
        if node is None or node.kind != "file" or node.size > 2**20:
            return ""
        for header, file in entries(self.content, self.layers[node.layer]):
            if _cleaned(header.name) == node.member and file is not None:
                return file.read().decode("utf-8", "replace")
        return ""

    def take_out(self, paths: Collection[str], folder: Path) -> dict[str, Path]:
        """Write files into a folder, under numbers, and say which is which; each layer is read once."""
        wanted: dict[tuple[int, str], list[str]] = {}
        for path in paths:
            node = self.nodes[path]
            wanted.setdefault((node.layer, node.member), []).append(path)
        taken: dict[str, Path] = {}
        for number in sorted({layer for layer, _ in wanted}):
            for header, file in entries(self.content, self.layers[number]):
                claimed = wanted.get((number, _cleaned(header.name)))
                if claimed and file is not None:
                    target = folder / str(len(taken))
                    with target.open("wb") as out:
                        shutil.copyfileobj(file, out)
                    taken.update(dict.fromkeys(claimed, target))
        return taken

    def _make(self, change: Node | Removal) -> None:
        folder, name = posixpath.split(change.path)
        folder = self.resolve(folder)
        path = f"{folder}/{name}" if folder else name
        if isinstance(change, Removal):
            self._remove(path, keep_itself=change.only_what_is_in_it, before=change.layer)
            return
        if change.kind == "hardlink":
            origin = self.nodes.get(self.resolve(change.target))
            if origin is None:
                raise ImageError(f"The image's {change.path} is a hard link to nothing", "Build the image again.")
            change = origin
        elif change.kind != "folder" and path in self._folders:
            self._remove(path, keep_itself=False, before=change.layer + 1)
        self._make_way(folder)
        self.nodes[path] = replace(change, path=path)

    def _make_way(self, folder: str) -> None:
        """Note that these are folders; a file that was in the way of one is gone."""
        while folder and folder not in self._folders:
            self._folders.add(folder)
            node = self.nodes.get(folder)
            if node is not None and node.kind != "folder":
                del self.nodes[folder]
            folder = posixpath.dirname(folder)

    def _remove(self, path: str, *, keep_itself: bool, before: int) -> None:
        """Remove what lower layers have there; what this layer brought itself stays, whatever the order."""
        if not keep_itself and path in self.nodes and self.nodes[path].layer < before:
            del self.nodes[path]
        prefix = f"{path}/" if path else ""
        for each in [each for each, node in self.nodes.items() if each.startswith(prefix) and node.layer < before]:
            del self.nodes[each]


@dataclass(frozen=True, slots=True)
class Removal:
    """A layer's word that something of the layers below is gone.

    Attributes:
        only_what_is_in_it: The folder itself stays, empty.
    """

    path: str
    layer: int
    only_what_is_in_it: bool = False


def changes(content: Content, layer: Layer, number: int = 0) -> Iterator[Node | Removal]:
    """What one layer adds, changes and removes, in its order.

    Raises:
        ImageError: The layer cannot be read.
    """
    for header, _ in entries(content, layer):
        path = _cleaned(header.name)
        folder, name = posixpath.split(path)
        if name == OPAQUE:
            yield Removal(folder, number, only_what_is_in_it=True)
        elif name.startswith(WHITEOUT):
            yield Removal(posixpath.join(folder, name.removeprefix(WHITEOUT)), number)
        elif path:
            yield _node(header, path, number)


def _node(header: tarfile.TarInfo, path: str, number: int) -> Node:
    kind = "other"
    if header.isreg():
        kind = "file"
    elif header.isdir():
        kind = "folder"
    elif header.issym():
        kind = "link"
    elif header.islnk():
        kind = "hardlink"
    target = _cleaned(header.linkname) if kind == "hardlink" else header.linkname
    owner = (header.uid, header.gid)
    return Node(path, kind, header.mode & 0o7777, owner, header.size, target, number, path)


def _cleaned(name: str) -> str:
    """A path of an archive from its root, which ``..`` cannot leave."""
    return posixpath.normpath("/" + name).lstrip("/")
