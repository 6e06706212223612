"""Artifacts and caches: what patterns name, and what no archive may do."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from gitopslab.ci.runner.archives import file_name, matching, pack, unpack
from gitopslab.errors import LabError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    for name in ("app.py", "out/a.txt", "out/deep/b.txt", "out/c.log", ".git/config", ".hidden"):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    (tmp_path / "secret").write_text("secret")
    (root / "link").symlink_to(tmp_path / "secret")
    return root


@pytest.mark.parametrize(
    ("patterns", "exclude", "expected"),
    [
        (["out"], [], ["out/a.txt", "out/c.log", "out/deep/b.txt"]),
        (["out/"], ["out/**/*.txt"], ["out/c.log"]),
        (["out/*.txt"], [], ["out/a.txt"]),
        (["**/*.txt"], [], ["out/a.txt", "out/deep/b.txt"]),
        (["./app.py", "nothing"], [], ["app.py"]),
        (["."], ["out"], [".hidden", "app.py"]),
        (["../secret", "/etc/passwd", "link", ".git/config"], [], []),
    ],
    ids=str,
)
def test_patterns_name_files_of_the_project_alone(
    folder: Path, patterns: list[str], exclude: list[str], expected: list[str]
) -> None:
    found = [path.relative_to(folder.resolve()).as_posix() for path in matching(folder, patterns, exclude)]
    assert found == expected


def test_what_is_packed_is_unpacked_with_its_permissions(folder: Path, tmp_path: Path) -> None:
    (folder / "app.py").chmod(0o750)
    archive = tmp_path / "kept" / "1.zip"
    pack(archive, folder, matching(folder, ["app.py", "out"]))
    (tmp_path / "elsewhere").mkdir()
    assert unpack(archive, tmp_path / "elsewhere") == 4
    assert (tmp_path / "elsewhere" / "app.py").stat().st_mode & 0o777 == 0o750
    assert [path.name for path in archive.parent.iterdir()] == ["1.zip"]


def test_an_archive_that_reaches_outside_is_refused(tmp_path: Path) -> None:
    archive = tmp_path / "bad.zip"
    with zipfile.ZipFile(archive, "w") as made:
        made.writestr("../outside", "x")
    (tmp_path / "in").mkdir()
    with pytest.raises(LabError, match="cannot be unpacked here"):
        unpack(archive, tmp_path / "in")
    assert not (tmp_path / "outside").exists()


def test_keys_of_caches_make_names_of_files_that_differ() -> None:
    names = {file_name(key) for key in ("main", "../../etc", "a/b", "a-b", "x" * 500)}
    assert len(names) == 5
    assert all("/" not in name and len(name) < 100 for name in names)
