"""How the command line speaks: progress and errors on standard error, answers on standard output.

Every command uses ``progress`` for what takes longer than a moment and ``table`` for lists. On a terminal progress is a
spinner with the newest step; elsewhere each step is a plain line, so that logs stay readable. rich is loaded only when
something is drawn, because loading it would be felt in `gitopslab up`.
"""

from __future__ import annotations

import json
import os
import re
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import typer

from gitopslab.errors import LabError
from gitopslab.machinery.language import _
from gitopslab.machinery.messages import told

_WIDEST = 100
"""Letters of a line of prose."""
_COMMAND = re.compile(
    r"\bgitopslab(?= (?:lab|notebooks|up|down|status|list|reset|kubeconfig|kubectl|doctor|run"
    r"|ci|image|start|check|hint|solution|finish|progress|class|rehearse)\b)"
)


def say(line: str) -> None:
    """One line of an answer, on standard output."""
    typer.echo(line)


def say_markdown(text: str) -> None:
    """An answer that is Markdown, as a terminal shows it: headings and emphasis without their marks."""
    from rich.console import Console
    from rich.markdown import Markdown

    console = Console()
    console.width = min(console.width, _WIDEST)
    console.print(Markdown(text))


def note(line: str) -> None:
    """One line beside the answer, on standard error."""
    typer.echo(as_called(told(line)), err=True)


def as_called(text: str) -> str:
    """Hints with commands as this person calls them: ``start.py`` says how, in ``GITOPSLAB_COMMAND``."""
    return _COMMAND.sub(os.environ.get("GITOPSLAB_COMMAND", "gitopslab"), text)


def answer_json(value: Any) -> None:
    """An answer for programs."""
    say(json.dumps(value, indent=2))


@contextmanager
def progress(task: str) -> Iterator[Callable[[str], None]]:
    """Show the steps of a task while it runs.

    Args:
        task: What is being done, as in ``gitopslab up``.

    Yields:
        A function to be told each step.
    """
    if sys.stderr.isatty():
        with _spinner(task) as step:
            yield step
    else:
        yield note


@contextmanager
def _spinner(task: str) -> Iterator[Callable[[str], None]]:
    shown: list[Any] = []
    began, last = time.monotonic(), ""

    def step(line: str) -> None:
        nonlocal last
        if not shown:  # only now: the first step has usually set the slow part going already
            from rich.console import Console

            status = Console(stderr=True).status(task)
            status.start()
            shown.append(status)
        last = line
        shown[0].update(f"{_escaped(told(line))[:110]}")

    try:
        yield step
    finally:
        if shown:
            shown[0].stop()
    if last:
        note(f"{told(last)} ({time.monotonic() - began:.1f} s)")


def _escaped(text: str) -> str:
    from rich.markup import escape

    return escape(text)


def table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A plain table as kubectl prints one: capitals on top, columns three spaces apart, no lines."""
    cells = [[column.upper() for column in columns], *[list(row) for row in rows]]
    widths = [max(len(line[index]) for line in cells) for index in range(len(columns))]
    for line in cells:
        say("   ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def fail(error: LabError) -> None:
    """Say what went wrong and what to do next."""
    label = typer.style(f"{_('Error')}: ", fg="red", bold=True)
    typer.echo(label + as_called(told(str(error))), err=True)
