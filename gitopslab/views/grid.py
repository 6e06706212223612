"""Rows and columns as kubectl prints them, as text and as an HTML table.

Called by ``resource`` and by ``lab``; reads the ``Table`` that the API server itself makes of its objects, so a cell
and a terminal show the same columns with the same words.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

from gitopslab.machinery.objects import Object, namespace_of

_GAP = "   "


@dataclass(frozen=True, slots=True)
class Grid:
    """A header and rows of text."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def only(self, *rows: int) -> Grid:
        """The grid of some rows, in the order asked for."""
        return Grid(self.columns, tuple(self.rows[at] for at in rows))

    def text(self) -> str:
        """Aligned columns, as in a terminal."""
        lines = [tuple(column.upper() for column in self.columns), *self.rows]
        widths = [max(len(line[at]) for line in lines) for at in range(len(self.columns))]
        padded = (_GAP.join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in lines)
        return "\n".join(line.rstrip() for line in padded)

    def html(self) -> str:
        """A table that leaves its looks to the notebook's theme."""
        head = "".join(f'<th scope="col" style="text-align:left">{escape(column)}</th>' for column in self.columns)
        rows = (
            "".join(f'<td style="text-align:left;white-space:pre-wrap">{escape(cell)}</td>' for cell in row)
            for row in self.rows
        )
        return (
            f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(f'<tr>{row}</tr>' for row in rows)}</tbody></table>"
        )


def grid(table: Object, *, wide: bool = False, namespaces: bool = False) -> Grid:
    """The grid of a ``meta.k8s.io/v1`` Table.

    Args:
        table: As the server sent it.
        wide: Also the columns kubectl shows with ``-o wide``.
        namespaces: Begin with the namespace of each row, as with ``-A``.
    """
    definitions = table.get("columnDefinitions") or []
    shown = [at for at, column in enumerate(definitions) if wide or not column.get("priority")]
    rows = []
    for row in table.get("rows") or []:
        first = (namespace_of(row.get("object") or {}),) if namespaces else ()
        rows.append((*first, *(_cell(row["cells"][at]) for at in shown)))
    columns = tuple(definitions[at]["name"] for at in shown)
    return Grid(("Namespace", *columns) if namespaces else columns, tuple(rows))


def _cell(value: object) -> str:
    if value is None:
        return "<none>"
    return str(value).lower() if isinstance(value, bool) else str(value)
