"""Builds the documentation site: ``python scripts/site_sources.py build/site``, with the ``docs`` extra installed.

The sources are those of ``docs/`` and what the project says elsewhere: notebooks are executed in both languages with
their widgets as pictures, the reference of commands is what ``--help`` prints, architecture and changelog are the
repository's own. ``--unexecuted`` leaves the notebooks as they are, for a quick look at the rest; ``--only 05`` takes
one of them.
"""

from __future__ import annotations

import argparse
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

from gitopslab.cli.app import app
from gitopslab.clusters.embedded import EmbeddedCluster
from gitopslab.course.content import notebooks
from gitopslab.machinery.language import ENGLISH, languages, speak

ROOT = Path(__file__).resolve().parent.parent
_ELSEWHERE = {"ARCHITECTURE.md": "architecture.md", "CHANGELOG.md": "changelog.md"}
_SECONDS = 180
_CLUSTER = "site"


def main() -> int:
    """Lay the sources out and have Sphinx build them; its exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("target", type=Path)
    parser.add_argument("--unexecuted", action="store_true")
    parser.add_argument("--only", default="", metavar="NN", help="how the names of the notebooks begin; default all")
    options = parser.parse_args()
    from sphinx.cmd.build import build_main

    with tempfile.TemporaryDirectory(prefix="gitopslab-site-") as scratch:
        sources = Path(scratch) / "docs"
        try:
            lay_out(sources, executed=not options.unexecuted, only=options.only)
        finally:
            EmbeddedCluster(_CLUSTER).down(delete=True)
        return int(build_main(["-b", "html", "-q", str(sources), str(options.target)]))


def lay_out(sources: Path, *, executed: bool, only: str = "") -> None:
    """Put the sources of all pages into a folder; of the notebooks those whose names begin so."""
    shutil.copytree(ROOT / "docs", sources)
    for name, page in _ELSEWHERE.items():
        shutil.copyfile(ROOT / name, sources / page)
    (sources / "reference" / "commands.md").write_text(commands(), encoding="utf-8")
    for language in languages():
        folder = sources / ("notebooks" if language == ENGLISH else language)
        folder.mkdir()
        for name, text in _notebooks(language, only, executed=executed):
            (folder / name).write_text(text, encoding="utf-8")


def _notebooks(language: str, only: str, *, executed: bool) -> Iterator[tuple[str, str]]:
    import nbformat

    from gitopslab.cli import run
    from gitopslab.course.edition import edition

    speak(language)
    environment = {**run.up("embedded", _CLUSTER), "GITOPSLAB_LANG": language} if executed else {}
    with edition(language) as source:
        for path in sorted(notebooks().glob(f"{only}*.ipynb")):
            as_it_is = nbformat.read(source[path.name], as_version=4)
            made = run.one(path, environment, _SECONDS) if executed else as_it_is
            yield path.name, nbformat.writes(made)
    speak(ENGLISH)


def commands() -> str:
    """The reference of the command line: every command with its help, as it is printed."""
    import click

    parts = ["# The command line", "", "Every command, as `--help` tells it."]
    for path, command in _commands(typer.main.get_command(app), ("gitopslab",)):
        with click.Context(command, info_name=" ".join(path)) as context:
            told = re.sub(r"(?m)^ +$", "", command.get_help(context))
        parts += ["", f"## `{' '.join(path)}`", "", "```text", told, "```"]
    return "\n".join(parts) + "\n"


def _commands(command: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    yield path, command
    for name, inner in getattr(command, "commands", {}).items():
        yield from _commands(inner, (*path, name))


if __name__ == "__main__":
    sys.exit(main())
