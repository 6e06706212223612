"""What makes a fresh machine work: the wheel's contents, the lock, Binder's files, and ``start.py``."""

from __future__ import annotations

import os
import re
import runpy
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS = PROJECT["optional-dependencies"]
LOCK = [line for line in (ROOT / "requirements.lock").read_text().splitlines() if line and not line.startswith("#")]


def locked() -> dict[str, list[Requirement]]:
    found: dict[str, list[Requirement]] = {}
    for line in LOCK:
        one = Requirement(line)
        found.setdefault(re.sub(r"[-_.]+", "-", one.name).lower(), []).append(one)
    return found


def test_the_lock_names_no_registry() -> None:
    assert not [line for line in (ROOT / "requirements.lock").read_text().splitlines() if "://" in line or "@" in line]
    assert all(re.fullmatch(r"[A-Za-z0-9_.-]+==\S+( ; .+)?", line) for line in LOCK)


@pytest.mark.parametrize(
    "line",
    [
        line
        for line in (*PROJECT["dependencies"], *EXTRAS["test"], *EXTRAS["docs"])
        if not line.startswith("gitopslab[")
    ],
    ids=lambda line: line.split(">")[0],
)
def test_the_lock_holds_every_dependency_at_a_version_in_its_range(line: str) -> None:
    wanted = Requirement(line)
    versions = [str(one.specifier).removeprefix("==") for one in locked()[wanted.name.lower().replace(".", "-")]]
    assert all(wanted.specifier.contains(version, prereleases=True) for version in versions)


def test_every_dependency_has_a_range() -> None:
    assert not [line for line in PROJECT["dependencies"] if not Requirement(line).specifier]


def test_binder_uses_the_lock_and_a_python_that_the_package_allows() -> None:
    python = (ROOT / "binder" / "runtime.txt").read_text().strip().removeprefix("python-")
    assert SpecifierSet(PROJECT["requires-python"]).contains(f"{python}.0")
    assert default_environment()["python_version"] >= "3.11"
    lines = (ROOT / "binder" / "requirements.txt").read_text().splitlines()
    assert lines[-2:] == ["-c ../requirements.lock", "-e ."]


@pytest.mark.parametrize("name", ["postBuild", "start"])
def test_binders_scripts_stop_at_the_first_failure(name: str) -> None:
    path = ROOT / "binder" / name
    assert "set -euo pipefail" in path.read_text()
    assert os.name == "nt" or os.access(path, os.X_OK)
    assert name != "start" or path.read_text().rstrip().endswith('exec "$@"')


@pytest.mark.process
def test_the_wheel_holds_notebooks_exercises_and_everything_that_is_read_at_run_time(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        archive.extractall(tmp_path / "site")
    package = ROOT / "gitopslab"
    read = {
        f"gitopslab/{path.relative_to(package).as_posix()}"
        for path in package.rglob("*")
        if path.is_file() and path.suffix not in {".py", ".pyc"}
    }
    assert read <= names
    code = "from gitopslab.course.content import notebooks; print(notebooks())"
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "site")}
    found = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment, check=True, capture_output=True, text=True
    ).stdout.strip()
    assert found == str(tmp_path / "site" / "gitopslab" / "_content" / "notebooks")
    exercises = {path.relative_to(ROOT / "exercises").as_posix() for path in (ROOT / "exercises").rglob("*.yaml")}
    assert {f"gitopslab/_content/exercises/{name}" for name in exercises} <= names
    translations = [path.relative_to(ROOT).as_posix() for path in (ROOT / "translations").rglob("*.po")]
    assert {f"gitopslab/_content/{name}" for name in translations} <= names
    shipped = {path.relative_to(ROOT / "notebooks") for path in (ROOT / "notebooks").rglob("*.ipynb")}
    assert {path.relative_to(found) for path in Path(found).rglob("*.ipynb")} == shipped


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A clone whose environment is installed already; its Python is this one."""
    for name in ("start.py", "pyproject.toml", "requirements.lock"):
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    python = tmp_path / ".venv" / "bin" / "python"
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    stamp = runpy.run_path(str(tmp_path / "start.py"), run_name="start")["stamp"]()
    (tmp_path / ".venv" / "installed-lab").write_text(stamp)
    return tmp_path


@pytest.mark.process
@pytest.mark.skipif(os.name == "nt", reason="the stand-in for its Python is a shell script")
def test_start_runs_at_once_when_everything_is_installed(clone: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "GITOPSLAB_HOME": str(clone / "home")}
    command = [sys.executable, str(clone / "start.py"), "list", "--json"]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, cwd=clone)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "[]\n", "")


@pytest.mark.skipif(os.name == "nt", reason="the stand-in for its Python is a shell script")
def test_a_new_lock_means_installing_again(clone: Path) -> None:
    start = runpy.run_path(str(clone / "start.py"), run_name="start")
    before = start["stamp"]()
    with open(clone / "requirements.lock", "a") as lock:
        lock.write("one-more==1.0\n")
    assert start["stamp"]() != before


def test_an_old_python_is_told_which_one_to_take(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    start = runpy.run_path(str(ROOT / "start.py"), run_name="start")
    monkeypatch.setitem(start["main"].__globals__, "LEAST", (4, 0))
    assert start["main"]() == 1
    assert "needs 4.0 or newer" in capsys.readouterr().err
