"""Paths inside of a container, followed from outside: nothing leads out of the lab's folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from gitopslab.controlplane.kubelet.process.files import Folder
from gitopslab.controlplane.kubelet.process.rooted import beside, within


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A root file system with the links that images have, beside a volume and beside what is not the lab's."""
    root = tmp_path / "lab" / "root"
    for folder in ("run", "var", "etc", "app"):
        (root / folder).mkdir(parents=True)
    (tmp_path / "lab" / "volume").mkdir()
    (tmp_path / "others").mkdir()
    (tmp_path / "others" / "precious").write_text("kept")
    for link, target in (
        ("var/run", "/run"),
        ("up", "../../../others"),
        ("out", str(tmp_path / "others")),
        ("data", str(tmp_path / "lab" / "volume")),
        ("a", "b"),
        ("b", "a"),
    ):
        (root / link).symlink_to(target)
    (tmp_path / "lab" / "volume" / "back").symlink_to("../../others")
    return root


@pytest.mark.parametrize(
    ("inner", "real"),
    [
        ("/app/x", "root/app/x"),
        ("/app/../../../etc", "root/etc"),
        ("/var/run/secrets", "root/run/secrets"),
        ("/data/x", "volume/x"),
        ("/up/precious", "root/others/precious"),
        ("/", "root"),
    ],
)
def test_links_are_followed_as_the_container_follows_them(root: Path, inner: str, real: str) -> None:
    assert within(root, inner, root.parent) == root.parent / real


@pytest.mark.parametrize("inner", ["/data/back/precious", "/a/x"])
def test_what_leads_out_or_round_in_a_circle_is_refused(root: Path, inner: str) -> None:
    with pytest.raises(OSError, match=r"Permission denied|Too many levels"):
        within(root, inner, root.parent)


def test_the_last_name_may_be_taken_as_it_is(root: Path) -> None:
    assert beside(root, "/var/run", root.parent) == root / "var" / "run"
    assert beside(root, "/data", root.parent) == root / "data"


def test_the_tiny_shell_neither_sees_nor_removes_what_is_not_the_labs(root: Path) -> None:
    files = Folder(root, root.parent)
    files["/data/mine"] = "mine"
    assert [path for path in files if "precious" in path] == []
    assert "/out/precious" not in files
    for path in sorted(files, reverse=True):
        if path in files:
            del files[path]
    assert (root.parent.parent / "others" / "precious").read_text() == "kept"
    assert (root.parent / "volume").is_dir()
