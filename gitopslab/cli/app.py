"""The commands of ``gitopslab COMMAND``, and how an error ends one.

``cli.main`` calls ``run_command``. A thin skin: each command parses its options, calls one thing of the rooms below and
prints what came of it. Heavy modules are imported by the command that needs them, because ``gitopslab up`` shall be
quick. An error is shown as what happened and what to do next, and ends with exit code 1; ``--debug`` shows where it
came from.
"""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from gitopslab import __version__
from gitopslab.cli import ci, clusters, doctor, exercises, image, lab, progress, rehearse, run
from gitopslab.cli.console import fail, note
from gitopslab.cli.listing import Listing
from gitopslab.errors import LabError

_INTERRUPTED = 130  # what typer makes of Ctrl-C, as shells do

app = typer.Typer(
    name="gitopslab",
    cls=Listing,
    help="Notebooks that teach containers, GitLab CI, Kubernetes and GitOps by driving a cluster from cells.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
_PASSES_ON = {"allow_extra_args": True, "ignore_unknown_options": True, "allow_interspersed_args": False}

app.command("lab")(lab.lab)
app.command("notebooks")(lab.notebooks)
app.command("up")(clusters.up)
app.command("down")(clusters.down)
app.command("status")(clusters.status)
app.command("list")(clusters.list_)
app.command("reset")(clusters.reset)
app.command("kubeconfig")(clusters.kubeconfig)
app.command("kubectl", context_settings=_PASSES_ON)(clusters.kubectl)
app.command("doctor")(doctor.doctor)
app.command("run")(run.run)
app.command("rehearse")(rehearse.rehearse)
app.add_typer(ci.app, name="ci")
app.add_typer(image.app, name="image")
app.command("start")(exercises.start)
app.command("check")(exercises.check)
app.command("hint")(exercises.hint)
app.command("solution")(exercises.solution)
app.command("finish")(exercises.finish)
app.add_typer(progress.app, name="progress")
app.command("class")(progress.class_)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"gitopslab {__version__}")
        raise typer.Exit


@app.callback()
def _common(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_version, is_eager=True)
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False,
) -> None:
    if debug:
        os.environ["GITOPSLAB_DEBUG"] = "1"


def run_command() -> None:
    """Run the command that the process was given, and end the process with its exit code."""
    try:
        app(prog_name=os.environ.get("GITOPSLAB_COMMAND", "gitopslab"))
    except SystemExit as end:
        if end.code == _INTERRUPTED:
            note("Stopped with Ctrl-C. Next: run the same command again, it begins where it can")
        raise
    except Exception as error:
        if os.environ.get("GITOPSLAB_DEBUG"):
            raise
        fail(error if isinstance(error, LabError) else _unforeseen(error))
        sys.exit(1)


def _unforeseen(error: Exception) -> LabError:
    """What is said when the lab itself is at fault, or a file that nobody thought of cannot be read or written."""
    if isinstance(error, OSError) and error.filename:
        return LabError(f"{error.filename}: {error.strerror}", "See who owns it, and whether its disk has room")
    if isinstance(error, FileNotFoundError) and not error.filename:  # os.getcwd
        return LabError("The folder that this terminal is in is gone", "Go to another: cd ~")
    command = f"gitopslab --debug {' '.join(sys.argv[1:])}"
    return LabError(f"This should not have happened: {type(error).__name__}: {error}", f"To see where: {command}")
