"""Objects that print as kubectl prints them and stay plain dictionaries otherwise.

``lab.get`` and ``lab.list`` return these. They hold nothing but the object and its row, and ask the cluster nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from html import escape
from typing import Any

import yaml

from gitopslab.machinery.objects import Object, copy_of
from gitopslab.views.grid import Grid


def yaml_of(obj: Object) -> str:
    """An object as YAML, without the bookkeeping in ``managedFields``."""
    shown = copy_of(obj)
    shown.get("metadata", {}).pop("managedFields", None)
    text: str = yaml.safe_dump(shown, sort_keys=False, allow_unicode=True, width=110)
    return text


class Resource(dict[str, Any]):
    """One object: ``pod["status"]["phase"]`` as ever, a row of kubectl's table when printed.

    Attributes:
        grid: The row, with its header.
    """

    def __init__(self, obj: Object, grid: Grid) -> None:
        super().__init__(obj)
        self.grid = grid

    @property
    def yaml(self) -> str:
        """The object as YAML, without the bookkeeping in ``managedFields``."""
        return yaml_of(dict(self))

    def __repr__(self) -> str:
        return self.grid.text()

    def _repr_html_(self) -> str:
        return f"{self.grid.html()}<details><summary>as YAML</summary><pre>{escape(self.yaml)}</pre></details>"


class Resources(list[Resource]):
    """Several objects, printed as one table.

    Attributes:
        grid: All rows, with their header.
        nothing: What is said when there are none.
    """

    def __init__(self, items: Iterable[Resource], grid: Grid, nothing: str) -> None:
        super().__init__(items)
        self.grid = grid
        self.nothing = nothing

    def sorted(self, key: Callable[[Object], Any]) -> Resources:
        """The same in another order."""
        order = sorted(range(len(self)), key=lambda at: key(self[at]))
        return Resources([self[at] for at in order], self.grid.only(*order), self.nothing)

    def __repr__(self) -> str:
        return self.grid.text() if self else self.nothing

    def _repr_html_(self) -> str:
        return self.grid.html() if self else f"<p>{escape(self.nothing)}</p>"


class Printed(str):
    """Text that reads well as the result of a cell, such as a log."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)
