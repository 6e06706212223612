"""Unpacking: the files of an image in a folder, and nothing outside it."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import tarfile
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from gitopslab.errors import ImageError
from gitopslab.images.image import Image, make
from gitopslab.images.layers import Layer
from gitopslab.images.oci import LAYER, Descriptor
from gitopslab.images.store import Store
from gitopslab.images.tree import Tree
from gitopslab.images.unpack import unpack

pytestmark = pytest.mark.skipif(os.name == "nt", reason="links need rights on Windows")

Entry = tuple[str, str]
"""A path with its text; ``-> X`` for a link, ``=> X`` for a hard link; a path that ends in a slash is a folder."""


def layer_of(store: Store, found: Sequence[Entry]) -> Layer:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for path, text in found:
            header = tarfile.TarInfo(path)
            header.mode = 0o755
            if path.endswith("/"):
                header.type = tarfile.DIRTYPE
            elif text.startswith("-> "):
                header.type, header.linkname = tarfile.SYMTYPE, text[3:]
            elif text.startswith("=> "):
                header.type, header.linkname = tarfile.LNKTYPE, text[3:]
            elif text == "device":
                header.type = tarfile.CHRTYPE
            else:
                header.size = len(text)
            archive.addfile(header, io.BytesIO(text.encode()) if header.isreg() else None)
    return kept(store, buffer.getvalue())


def kept(store: Store, data: bytes, diff_id: str = "") -> Layer:
    squeezed = gzip.compress(data, mtime=0)
    descriptor = Descriptor(LAYER, store.content.add(squeezed), len(squeezed))
    return Layer(descriptor, diff_id or f"sha256:{hashlib.sha256(data).hexdigest()}")


def image_of(store: Store, *layers: Sequence[Entry]) -> Image:
    return make(store.content, {"os": "linux"}, [layer_of(store, found) for found in layers])


def seen(root: Path) -> dict[str, str]:
    """What is in a folder, told as entries."""
    found = {}
    for path in sorted(root.rglob("*")):
        name = path.relative_to(root).as_posix()
        if path.is_symlink():
            found[name] = f"-> {os.readlink(path)}"
        else:
            found[name + ("/" if path.is_dir() else "")] = "" if path.is_dir() else path.read_text()
    return found


@pytest.mark.parametrize(
    ("layers", "expected"),
    [
        ([[("a", "A"), ("d/", ""), ("d/b", "B")]], {"a": "A", "d/": "", "d/b": "B"}),
        ([[("a", "A")], [("a", "2")]], {"a": "2"}),
        ([[("a", "A"), ("b", "B")], [(".wh.a", "")]], {"b": "B"}),
        ([[("d/x/y", "A")], [("d/.wh.x", "")]], {"d/": ""}),
        ([[("d/a", "A"), ("d/b", "B")], [("d/.wh..wh..opq", ""), ("d/c", "C")]], {"d/": "", "d/c": "C"}),
        ([[("d/a", "A")], [("d/c", "C"), ("d/.wh..wh..opq", "")]], {"d/": "", "d/c": "C"}),
        ([[("d/a", "A")], [("d/a", "2"), ("d/.wh.a", "")]], {"d/": "", "d/a": "2"}),
        ([[("d/a", "A")], [("d", "file")]], {"d": "file"}),
        ([[("d", "file")], [("d/a", "A")]], {"d/": "", "d/a": "A"}),
        ([[("a", "A"), ("b", "=> a")]], {"a": "A", "b": "A"}),
        ([[("r/x", "X"), ("l", "-> r")], [("l/y", "Y")]], {"l": "-> r", "r/": "", "r/x": "X", "r/y": "Y"}),
        ([[("bin", "-> /usr/bin"), ("usr/bin/", "")], [("bin/sh", "S")]],
         {"bin": "-> /usr/bin", "usr/": "", "usr/bin/": "", "usr/bin/sh": "S"}),
        ([[("./a", "A"), ("./d/./b", "B")]], {"a": "A", "d/": "", "d/b": "B"}),
        ([[("a", "A"), ("null", "device")]], {"a": "A"}),
        ([], {}),
    ],
)  # fmt: skip
def test_layers_add_up(store: Store, tmp_path: Path, layers: list[list[Entry]], expected: dict[str, str]) -> None:
    image = image_of(store, *layers)
    assert seen(unpack(store.content, image, tmp_path / "root")) == expected
    # the tree knows the same without unpacking; a folder that is only implied has no node there
    nodes = Tree.of(store.content, image.layers).nodes.values()
    assert {node.path for node in nodes if node.kind not in ("folder", "other")} == {
        name for name in expected if not name.endswith("/")
    }


@pytest.mark.parametrize(
    ("layers", "inside"),
    [
        ([[("../escaped", "X")]], {"escaped": "X"}),
        ([[("/etc/x", "X")]], {"etc/": "", "etc/x": "X"}),
        ([[("a/../../../escaped", "X")]], {"escaped": "X"}),
        ([[("l", "-> ../.."), ("l/escaped", "X")]], {"l": "-> ../..", "escaped": "X"}),
        ([[("l", "-> /OUTSIDE"), ("l/escaped", "X")]], None),
        ([[("l", "-> OUTSIDE/victim")], [("l", "X")]], {"l": "X"}),
        ([[("l", "-> OUTSIDE"), (".wh.l/../../x", "")]], None),
        ([[("l", "-> OUTSIDE"), ("l/.wh.victim", "")]], None),
        ([[("l", "-> OUTSIDE"), ("l/.wh..wh..opq", "")]], None),
    ],
)  # fmt: skip
def test_nothing_outside_the_folder_is_touched(
    store: Store, tmp_path: Path, layers: list[list[Entry]], inside: dict[str, str] | None
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "victim").write_text("unharmed")
    real = [[(path, text.replace("OUTSIDE", str(outside))) for path, text in found] for found in layers]
    root = unpack(store.content, image_of(store, *real), tmp_path / "root")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["outside", "root", "store"]
    assert [(path.name, path.read_text()) for path in outside.iterdir()] == [("victim", "unharmed")]
    if inside is not None:
        assert seen(root) == inside


@pytest.mark.parametrize(
    ("layer", "words"),
    [
        (lambda store: layer_of(store, [("a", "=> /etc/passwd")]), "hard link to nothing"),
        (lambda store: layer_of(store, [("l", "-> /etc"), ("a", "=> l/passwd")]), "hard link to nothing"),
        (lambda store: layer_of(store, [("l", "-> l"), ("l/x", "X")]), "round in a circle"),
        (lambda store: kept(store, b"not a tar archive" * 100), "no archive that can be read"),
        (lambda store: kept(store, b"\0" * 10240, "sha256:" + "0" * 64), "unpacks to sha256:"),
        (lambda store: Layer(Descriptor(LAYER, store.content.add(b"\x28\xb5\x2f\xfdxx"), 6), "x"), "zstd"),
        (lambda store: Layer(Descriptor(LAYER, store.content.add(b"\x1f\x8b\x08\x00xx"), 6), "x"), "can be read"),
        (lambda store: Layer(Descriptor(LAYER, "sha256:" + "0" * 64, 6), "x"), "is not here"),
    ],
    ids=["hard link out", "hard link over a link", "circle", "no tar", "other diff id", "zstd", "cut gzip", "missing"],
)  # fmt: skip
def test_a_bad_layer_leaves_no_folder(
    store: Store, tmp_path: Path, layer: Callable[[Store], Layer], words: str
) -> None:
    image = make(store.content, {"os": "linux"}, [layer(store)])
    with pytest.raises(ImageError, match=words):
        unpack(store.content, image, tmp_path / "root")
    assert [path.name for path in tmp_path.iterdir()] == ["store"]


def test_a_header_that_claims_to_be_enormous_is_refused(store: Store, tmp_path: Path) -> None:
    header = tarfile.TarInfo("././@LongLink")
    header.type, header.size = tarfile.GNUTYPE_LONGNAME, 2**40
    image = make(store.content, {"os": "linux"}, [kept(store, header.tobuf(tarfile.GNU_FORMAT) + b"\0" * 1024)])
    with pytest.raises(ImageError, match="no archive that can be read"):
        unpack(store.content, image, tmp_path / "root")


def test_modes_are_kept_without_rights_for_others_to_become_root(store: Store, tmp_path: Path) -> None:
    root = unpack(store.content, image_of(store, [("d/", ""), ("d/run", "X")]), tmp_path / "root")
    assert (root / "d/run").stat().st_mode & 0o7777 == 0o755


def test_a_folder_that_is_there_is_left_as_it_is(store: Store, tmp_path: Path) -> None:
    (tmp_path / "root").mkdir()
    assert seen(unpack(store.content, image_of(store, [("a", "A")]), tmp_path / "root")) == {}
