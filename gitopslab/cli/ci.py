"""The commands ``gitopslab ci lint``, ``list``, ``eval``, ``explain``, ``run``: a ``.gitlab-ci.yml`` without a GitLab.

Each reads the file, asks one thing of the room ``ci`` and prints what came of it. The folder of the file is taken for
the project: ``include:local`` and ``rules:exists`` look there. ``status`` tells of a pipeline that a push has started.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand

from gitopslab.cli.console import answer_json, note, say, table
from gitopslab.cli.listing import Listing
from gitopslab.cli.options import ClusterOption, JsonOption, NameOption
from gitopslab.errors import LabError
from gitopslab.machinery.language import _
from gitopslab.machinery.messages import told

if TYPE_CHECKING:
    from gitopslab.ci import Configuration, Event, Folder

_SEVERAL = ("--var", "--changed")


class SeveralValues(TyperCommand):
    """A command whose ``--var`` and ``--changed`` also take several values at once: ``--changed a b``."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Repeat the option before each further value."""
        made: list[str] = []
        last = ""
        for arg in args:
            if arg.startswith("-") and arg != "-":
                last = arg if arg in _SEVERAL else ""
            elif last and made[-1] != last:
                made.append(last)
            made.append(arg)
        return super().parse_args(ctx, made)


app = typer.Typer(
    cls=Listing, help="A .gitlab-ci.yml checked, explained and listed, without a GitLab.", no_args_is_help=True
)

FileArgument = Annotated[Path, typer.Argument(metavar="FILE", help="A .gitlab-ci.yml; - for standard input.")]
EventOption = Annotated[
    str,
    typer.Option("--event", metavar="EVENT", help="push, tag, merge_request, schedule, web, api, trigger or pipeline."),
]
BranchOption = Annotated[
    str, typer.Option("--branch", metavar="B", help="On which branch; of a merge request its source. Default main.")
]
TagOption = Annotated[str, typer.Option("--tag", metavar="T", help="Which tag; default v1.0.0 for a tag event.")]
VariableOption = Annotated[
    list[str] | None, typer.Option("--var", metavar="K=V", help="A variable given with the event; may be repeated.")
]
ChangedOption = Annotated[
    list[str] | None,
    typer.Option("--changed", metavar="PATH", help="A path that it changes; may be repeated. Default: not known."),
]


@app.command("lint")
def lint(file: FileArgument) -> None:
    """Say what GitLab's linter says, with the line and what to do; ends with exit code 1 when GitLab refuses the file.

    Notes are what GitLab would say next, or takes without a word although hardly anybody means it.

    For example:

      gitopslab ci lint .gitlab-ci.yml
    """
    from gitopslab import ci

    name = "standard input" if str(file) == "-" else str(file)
    report = ci.lint(_text(file), _files(file))
    for line in report.lines(name):
        say(line)
    if not report.is_valid:
        raise typer.Exit(1)
    say(told(f"{name}: valid, GitLab would take it"))


@app.command("list", cls=SeveralValues)
def list_(
    file: FileArgument,
    event: EventOption = "push",
    branch: BranchOption = "",
    tag: TagOption = "",
    var: VariableOption = None,
    changed: ChangedOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the jobs that an event would create, in the order of the pipeline.

    For example:

      gitopslab ci list .gitlab-ci.yml --event tag --tag v1.2.3

      gitopslab ci list .gitlab-ci.yml --event merge_request --branch feature --changed docs/index.md --json
    """
    from gitopslab import ci

    pipeline = ci.make(*_asked(file, event, branch, tag, var, changed))
    rows = [job.summary() for job in pipeline.jobs]
    if as_json:
        answer_json(rows)
    elif rows:
        table(list(rows[0]), [[_cell(value) for value in row.values()] for row in rows])
    for error in pipeline.errors:
        note(f"{_('Error')}: {error}")
    if pipeline.reason:
        note(f"No pipeline for a {pipeline.event}: {pipeline.reason}")
    if pipeline.errors:
        raise typer.Exit(1)


@app.command("eval", cls=SeveralValues)
def eval_(
    expression: Annotated[str, typer.Argument(metavar="EXPR", help="As it stands behind if: in a rule.")],
    var: VariableOption = None,
) -> None:
    r"""Print whether an expression of rules:if holds: true, false, or the error, which ends with exit code 1.

    A variable that is not given is undefined, which is not the same as empty.

    For example:

      gitopslab ci eval '$CI_COMMIT_TAG =~ /^v\d+/' --var CI_COMMIT_TAG=v1.2.3
    """
    from gitopslab import ci

    try:
        say("true" if ci.evaluate(expression, _variables(var)) else "false")
    except ci.ExpressionError as error:
        where = f" at column {error.column}" if error.column else ""
        say(f"error: invalid expression syntax{where}: {error.message}")
        note(f"  Next: {error.hint}")
        raise typer.Exit(1) from error


@app.command("explain", cls=SeveralValues)
def explain(
    file: FileArgument,
    job: Annotated[str, typer.Argument(metavar="JOB", help="Its name in the file.")],
    event: EventOption = "push",
    branch: BranchOption = "",
    tag: TagOption = "",
    var: VariableOption = None,
    changed: ChangedOption = None,
) -> None:
    """Say rule by rule why an event would create a job or not.

    For example:

      gitopslab ci explain .gitlab-ci.yml build_prod --event tag --tag v1.2
    """
    from gitopslab import ci

    configuration, happened = _asked(file, event, branch, tag, var, changed)
    say(ci.explain(configuration, job, happened).text)


@app.command("status")
def status(
    project: Annotated[str, typer.Argument(metavar="GROUP/PROJECT", help="On the lab's Git server.")],
    spec: ClusterOption = "embedded",
    name: NameOption = "lab",
) -> None:
    """Say how the newest pipeline of a project stands, job by job.

    For example:

      gitopslab ci status waal/foto
    """
    from gitopslab.clusters.forge import Forge
    from gitopslab.clusters.pipelines import PipelineClient
    from gitopslab.lab.pipelines import Pipelines

    kind, _, context = spec.partition(":")
    say(repr(Pipelines(PipelineClient(Forge(kind, context or name).up(note)), project).latest))


@app.command("run", cls=SeveralValues)
def run(
    file: FileArgument,
    jobs: Annotated[
        list[str] | None, typer.Argument(metavar="[JOB ...]", help="Only these; default all that start by themselves.")
    ] = None,
    event: EventOption = "push",
    branch: BranchOption = "",
    tag: TagOption = "",
    var: VariableOption = None,
    changed: ChangedOption = None,
) -> None:
    """Run the jobs that an event creates, one after the other, in copies of the file's folder; no forge is needed.

    Their logs go to standard output. Ends with exit code 1 when a job fails that may not.

    For example:

      gitopslab ci run .gitlab-ci.yml

      gitopslab ci run .gitlab-ci.yml build_prod --event tag --tag v1.2.3
    """
    from gitopslab import ci
    from gitopslab.ci.runner.local import run_here
    from gitopslab.images.engine import running_engine

    made = ci.make(*_asked(file, event, branch, tag, var, changed))

    def echo(piece: bytes) -> None:
        sys.stdout.buffer.write(piece)
        sys.stdout.buffer.flush()

    folder = Path.cwd() if str(file) == "-" else file.absolute().parent
    record = run_here(made, folder, jobs=jobs or (), engine=running_engine(), echo=echo)
    rows = [[job.name, job.stage, job.state.value, job.failure_reason or "-"] for job in record.jobs]
    table(["name", "stage", "status", "reason"], rows)
    if record.state.value == "failed":
        raise typer.Exit(1)


def _asked(
    file: Path, event: str, branch: str, tag: str, var: list[str] | None, changed: list[str] | None
) -> tuple[Configuration, Event]:
    from gitopslab import ci

    text, files = _text(file), _files(file)
    asks_for_files = "exists" in text or "include" in text
    happened = ci.Event(
        kind=event,
        branch=branch,
        tag=tag,
        variables=_variables(var),
        changed=None if changed is None else tuple(changed),
        commit=ci.Commit(files=files.paths() if asks_for_files else ()),
    )
    configuration = ci.read(text, files, happened)
    for one in configuration.notes:
        note(f"{one.message}. {one.hint}")
    return configuration, happened


def _variables(given: list[str] | None) -> dict[str, str]:
    without = next((one for one in given or () if "=" not in one), None)
    if without is not None:
        hint = f"Write --var {without}=VALUE; --var {without}= is an empty one."
        raise LabError(f"--var {without} has no value", hint)
    return {name: value for name, _, value in (one.partition("=") for one in given or ())}


def _text(file: Path) -> str:
    from gitopslab.ci import text_of

    return sys.stdin.read() if str(file) == "-" else text_of(file)


def _files(file: Path) -> Folder:
    from gitopslab.ci import Folder

    return Folder(Path.cwd() if str(file) == "-" else file.parent)


def _cell(value: Any) -> str:
    if isinstance(value, list):
        return ",".join(value) or "-"
    return str(value).lower() if isinstance(value, bool) else str(value)
