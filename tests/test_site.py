"""The documentation site, as far as it goes without building it: each page has a source, each link leads somewhere."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from gitopslab.clusters import State
from gitopslab.clusters.embedded import EmbeddedCluster

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "scripts"))
PAGES = [
    *ROOT.glob("*.md"),
    *(ROOT / "docs").rglob("*.md"),
    ROOT / "exercises" / "README.md",
    ROOT / "benchmarks" / "README.md",
]
_LINK = re.compile(r"(?<!`)!?\[[^\]]*\]\(([^)\s]+)\)")


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the site is built from."""
    import site_sources

    folder = tmp_path_factory.mktemp("site") / "docs"
    site_sources.lay_out(folder, executed=False)
    return folder


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_link_to_a_file_leads_to_one(page: Path) -> None:
    targets = [link.partition("#")[0] for link in _LINK.findall(page.read_text())]
    local = [target for target in targets if target and not target.startswith(("http:", "https:", "mailto:"))]
    assert [target for target in local if not (page.parent / target).exists()] == []


def test_every_page_of_the_site_has_a_source(sources: Path) -> None:
    lines = (sources / "index.md").read_text().splitlines()
    named = [line for line in lines if re.fullmatch(r"[a-z][a-z/*-]+", line)]
    assert len(named) >= 12
    for name in named:
        found = list(sources.glob(f"{name}.*" if "*" not in name else name))
        assert found, name


def test_every_page_is_in_the_contents(sources: Path) -> None:
    index = (sources / "index.md").read_text()
    pages = [path.relative_to(sources).with_suffix("").as_posix() for path in sources.rglob("*.md")]
    missing = [page for page in pages if page != "index" and not re.search(rf"(?m)^{page}$", index)]
    assert missing == []


def test_both_languages_have_every_notebook(sources: Path) -> None:
    names = {path.name for path in (ROOT / "notebooks").glob("*.ipynb")}
    assert {path.name for path in (sources / "notebooks").iterdir()} == names
    assert {path.name for path in (sources / "nl").iterdir()} == names


def test_the_reference_of_commands_has_every_command(sources: Path) -> None:
    text = (sources / "reference" / "commands.md").read_text()
    for command in ("lab", "progress export", "ci lint", "image build", "rehearse", "class"):
        assert f"## `gitopslab {command}`" in text


@pytest.mark.notebook
@pytest.mark.process
def test_a_notebook_is_executed_and_built_into_a_page_with_its_pictures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("sphinx", reason="the docs extra is not installed")
    monkeypatch.setenv("GITOPSLAB_HOME", str(tmp_path / "home"))
    command = [sys.executable, str(ROOT / "scripts" / "site_sources.py"), str(tmp_path / "site"), "--only", "00"]
    subprocess.run(command, check=True)
    assert EmbeddedCluster("site").status().state is State.ABSENT, "its cluster goes when it is done"
    for folder in ("notebooks", "nl"):
        page = (tmp_path / "site" / folder / "00-start-here.html").read_text(encoding="utf-8")
        assert "pod/hello created" in page
        assert page.count("<svg") > 2, "widgets are pictures here"
    assert (tmp_path / "site" / "reference" / "lab.html").is_file()


def test_the_first_lesson_is_five_minutes_of_python() -> None:
    text = (ROOT / "docs" / "first-lesson.md").read_text()
    cells = re.findall(r"(?s)```python\n(.*?)```", text)
    assert len(cells) == 5
    for cell in cells:
        ast.parse(cell)
    assert len(re.sub(r"(?s)```.*?```", "", text).split()) < 600
