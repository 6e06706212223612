"""The command ``rehearse``: a full dress rehearsal, every cell in order, with a table of how long each takes.

It executes as ``run`` does and reads the times that the kernel told of each cell.
"""

from __future__ import annotations

from typing import Annotated, Any

import typer

from gitopslab.cli.console import note, say, table
from gitopslab.cli.options import ClusterOption, NameOption
from gitopslab.cli.pages import seconds, seconds_of
from gitopslab.cli.run import found, one, shipped_notebooks, up
from gitopslab.machinery.language import _
from gitopslab.machinery.messages import told

_LONG = 5.0  # seconds of silence in a room


def rehearse(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[NOTEBOOK]...", help="Files, or the beginnings of shipped names such as 04; default all."
        ),
    ] = None,
    spec: ClusterOption = "embedded",
    name: NameOption = "lab",
    timeout: Annotated[int, typer.Option("--timeout", metavar="S", min=1, help="Seconds a cell may take.")] = 180,
) -> None:
    """Run every cell in order, as you will, and print how long each one takes.

    For example:

      gitopslab rehearse

      gitopslab rehearse 05

      gitopslab rehearse 10 --cluster kind
    """
    chosen = [path for each in names for path in found(each)] if names else shipped_notebooks()
    environment = up(spec, name)
    total, long = 0.0, []
    for path in chosen:
        notebook = one(path, environment, timeout)
        rows = list(_rows(notebook))
        say(f"\n{path.stem}" if total else path.stem)
        table([_("Section"), _("Cell"), _("Seconds"), ""], rows)
        minutes = notebook.metadata.get("gitopslab", {}).get("minutes")
        took = told(f"{len(rows)} cells in {seconds(notebook):.1f} s")
        say(took + (f"; {told(f'{minutes} minutes in a room')}" if minutes else ""))
        total += seconds(notebook)
        long += [f"{path.stem[:2]} {row[1]} ({row[2]} s)" for row in rows if float(row[2]) >= _LONG]
    if len(chosen) > 1:
        say("")
        say(told(f"{len(chosen)} notebooks in {total:.0f} s"))
    if long:
        note(f"have something to say while these run: {', '.join(long)}")


def _rows(notebook: Any) -> list[list[str]]:
    from gitopslab.course.sections import sections_of

    cells = [(cell.id, cell.source if cell.cell_type == "markdown" else "") for cell in notebook.cells]
    titles = {id: section.title for section in sections_of(cells) for id in section.cells}
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    meant = {cell.id for cell in code if "raises-exception" in cell.metadata.get("tags", [])}
    return [
        [titles[cell.id], cell.id, f"{seconds_of(cell):.1f}", _("meant to fail") if cell.id in meant else ""]
        for cell in code
    ]
