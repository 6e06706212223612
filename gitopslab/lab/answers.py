"""What a cell prints and what its last line shows.

Used by the facade. Commands print their lines at once, so that several in one cell all show, and give back a value that
shows nothing more; questions print nothing and give back a value that shows itself.
"""

from __future__ import annotations

import sys

from gitopslab.clusters.tool import Answer
from gitopslab.machinery.messages import told
from gitopslab.machinery.objects import Object
from gitopslab.views.grid import grid
from gitopslab.views.resource import Resource, Resources

_NOTHING = "No resources found"


def say(line: str) -> None:
    """Print one line, in the language that is spoken."""
    sys.stdout.write(told(line) + "\n")
    sys.stdout.flush()


def show(text: str, is_error: bool) -> None:
    """Print a piece of a command's output as it comes."""
    # a notebook shows the error stream in red; that there is nothing is said there too, and is no error
    stream = sys.stderr if is_error and not text.startswith(_NOTHING) else sys.stdout
    stream.write(text)
    stream.flush()


def resources(table: Object, *, wide: bool, namespaces: bool, nothing: str) -> Resources:
    """The objects of a server-side Table, each with its row."""
    whole = grid(table, wide=wide, namespaces=namespaces)
    rows = table.get("rows") or []
    items = [Resource(row["object"], whole.only(at)) for at, row in enumerate(rows)]
    return Resources(items, whole, nothing)


class Done(list[Object]):
    """The objects a command made or changed; its lines were printed already, so a cell shows nothing more."""

    def _ipython_display_(self) -> None:
        """Nothing: the lines are on screen."""


class Ran(Answer):
    """What kubectl printed, which is on screen already, and its exit code."""

    def __str__(self) -> str:
        return self.out

    def _ipython_display_(self) -> None:
        """Nothing: the output is on screen."""
