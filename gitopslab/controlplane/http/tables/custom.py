"""Custom resources print the ``additionalPrinterColumns`` of their definition.

Called by the package's door. Where a column reads is a JSONPath; what is missing is an empty cell. Upstream:
``registry/customresource/tableconvertor``.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from gitopslab.controlplane.http.tables.printer import NAME, Cells, Column, Printer, since
from gitopslab.controlplane.server.custom.version import CustomResource
from gitopslab.machinery import json_path
from gitopslab.machinery.objects import Object, name_of


@lru_cache(maxsize=512)
def printer_of(resource: CustomResource) -> Printer:
    """The printer of a custom resource; only names where a column's path cannot be read."""
    try:
        readers = [(column, json_path.parse(column["jsonPath"])) for column in resource.version_spec.columns]
    except ValueError:
        readers = []
    columns = [_column(column) for column, _ in readers]

    def cells(obj: Object, now: float) -> Cells:
        return [name_of(obj), *(_cell(column["type"], read(obj), now) for column, read in readers)]

    return Printer((NAME, *columns), cells)


def _column(column: Object) -> Column:
    path = column["jsonPath"]
    return Column(
        column["name"],
        column.get("description") or f"Custom resource definition column (in JSONPath format): {path}",
        column["type"],
        column.get("format") or "",
        column.get("priority") or 0,
    )


def _cell(kind: str, found: list[Any], now: float) -> Any:
    if not found:
        return None
    value = found[0]
    if kind == "string":
        return json_path.printed(value)
    read = _CELLS.get(kind)
    return read(value, now) if read is not None and value is not None else None


def _number(value: Any, now: float) -> Any:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _integer(value: Any, now: float) -> Any:
    return int(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _date(value: Any, now: float) -> Any:
    if not isinstance(value, str):
        return None
    try:
        return since(value, now)
    except ValueError:
        return "<invalid>"


_CELLS: dict[str, Callable[[Any, float], Any]] = {
    "integer": _integer,
    "number": _number,
    "boolean": lambda value, now: value if isinstance(value, bool) else None,
    "date": _date,
}
