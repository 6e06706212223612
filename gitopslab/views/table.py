"""A live table of any kind: kubectl's own columns, a state for each row, and what is behind a row.

``table`` makes it from the ``Table`` that the API server prints and the objects themselves; ``table_svg`` and
``table_text`` say it without a browser. What a field of a row's object means is left to ``sheet``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from gitopslab.machinery.objects import Object, copy_of, created_of, key_of, name_of, namespace_of
from gitopslab.views.graph.card import words_of
from gitopslab.views.grid import Grid, grid
from gitopslab.views.message import Message
from gitopslab.views.svg import Canvas

_UNITS = {"y": 365 * 86400, "d": 86400, "h": 3600, "m": 60, "s": 1}
_PART = re.compile(r"(\d+)([ydhms])")
_TOLERANCE = 90.0  # seconds between our clock and the cluster's that nobody need know about
_LINE, _EDGE, _MOST = 25.0, 14.0, 40


@dataclass(frozen=True, slots=True)
class Column(Message):
    """One column.

    Attributes:
        description: What the server says is in it.
        wide: Whether kubectl shows it only with ``-o wide``.
        is_name: Whether it tells the objects apart.
        is_age: Whether it tells the time since the object was made, which goes on by itself.
    """

    name: str
    description: str
    wide: bool = False
    is_name: bool = False
    is_age: bool = False


@dataclass(frozen=True, slots=True)
class Row(Message):
    """One object.

    Attributes:
        key: ``namespace/name``.
        state: A key of ``palette.STATES``; empty for what has none.
        born: When it was made, on the clock of whoever reads it, in seconds since the epoch.
    """

    key: str
    namespace: str
    name: str
    state: str
    cells: tuple[str, ...]
    born: float


@dataclass(frozen=True, slots=True)
class Table(Message):
    """Everything one picture shows; ``scope`` says of which namespace."""

    kind: str
    plural: str
    scope: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]


def table(
    printed: Object, objects: Iterable[Object], *, kind: str, plural: str, namespace: str | None, now: float
) -> Table:
    """The table of a kind.

    Args:
        printed: The server's ``meta.k8s.io/v1`` Table.
        objects: The objects themselves, as far as they are known.
        kind: As in ``Pod``.
        plural: As in ``pods``.
        namespace: Which one was asked for; empty for all, None for what has none.
        now: The time of whoever reads it, in seconds since the epoch.
    """
    known = {key_of(obj): obj for obj in objects}
    all_of = grid(printed, wide=True)
    definitions = printed.get("columnDefinitions") or []
    ages = [at for at, each in enumerate(definitions) if each.get("name") == "Age"]
    columns = tuple(
        Column(
            each["name"],
            each.get("description") or "",
            wide=bool(each.get("priority")),
            is_name=each.get("format") == "name",
            is_age=at in ages,
        )
        for at, each in enumerate(definitions)
    )
    rows = []
    for row, cells in zip(printed.get("rows") or [], all_of.rows, strict=True):
        about = row.get("object") or {}
        state = words_of(kind, known[key_of(about)]).state if key_of(about) in known else ""
        born = _born(created_of(about), cells[ages[0]] if ages else "", now)
        key = "/".join(key_of(about))
        rows.append(Row(key, namespace_of(about), name_of(about), state, cells, born))
    is_spread = not namespace and any(row.namespace for row in rows)
    if is_spread:
        rows = [Row(row.key, row.namespace, row.name, row.state, (row.namespace, *row.cells), row.born) for row in rows]
        columns = (Column("Namespace", "Where it is."), *columns)
    return Table(kind, plural, _scope(namespace), columns, tuple(rows))


def _scope(namespace: str | None) -> str:
    if namespace is None:
        return "cluster-wide"
    return f"namespace {namespace}" if namespace else "all namespaces"


def seconds_of_age(text: str) -> float | None:
    """How long ``2d3h`` is; None for what is no length of time."""
    parts = _PART.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        return None
    return float(sum(int(number) * _UNITS[unit] for number, unit in parts))


def _born(created: float, age: str, now: float) -> float:
    """When it was made: the cluster's clock may have been moved, and then the age it prints is what counts."""
    told = seconds_of_age(age)
    if told is None or abs((now - created) - told) < max(_TOLERANCE, told * 0.05):
        return created
    return round(now - told)


def shown(obj: Object) -> Object:
    """An object as it may be shown: the values of a Secret are not, only how long they are."""
    if obj.get("kind") != "Secret":
        return obj
    hidden: Object = copy_of(obj)
    for key, value in (hidden.get("data") or {}).items():
        hidden["data"][key] = f"({len(value) * 3 // 4 - value.count('=')} bytes, not shown)"
    for annotation in list(hidden.get("metadata", {}).get("annotations") or {}):
        if annotation.endswith("last-applied-configuration"):
            hidden["metadata"]["annotations"][annotation] = "(not shown)"
    return hidden


def table_text(table: Table) -> str:
    """The table as kubectl prints it."""
    if not table.rows:
        return f"No {table.plural}: {table.scope}."
    return _grid(table).text()


def table_svg(table: Table) -> str:
    """The table as a still picture."""
    canvas = Canvas(f"{table.plural}, {table.scope}", table_text(table))
    cells = _grid(table)
    widths = [_width([column, *(row[at] for row in cells.rows)]) for at, column in enumerate(cells.columns)]
    width = max(2 * _EDGE + 26 + sum(widths), 420.0)
    shown_rows = list(zip(table.rows, cells.rows, strict=True))[:_MOST]
    more = len(table.rows) - len(shown_rows)
    height = 62 + _LINE * (len(shown_rows) + 1 + bool(more)) + _EDGE
    canvas.box(0.5, 0.5, width - 1, height - 1, "back", radius=12)
    canvas.words(_EDGE, 30, table.plural, size=16, look="bold")
    canvas.words(_EDGE + 14 + 9.5 * len(table.plural), 30, f"{table.scope} · {len(table.rows)}", look="soft")
    y = 62.0
    _line(canvas, cells.columns, widths, y, "soft")
    for row, texts in shown_rows:
        y += _LINE
        canvas.box(_EDGE, y - 17, width - 2 * _EDGE, 0.8, "tag", radius=0)
        if row.state:
            canvas.glyph(_EDGE, y - 13, row.state, 17)
        _line(canvas, texts, widths, y, "text")
    if more:
        canvas.words(_EDGE + 26, y + _LINE, f"and {more} more", look="soft")
    return canvas.finish(width, height)


def _line(canvas: Canvas, texts: Iterable[str], widths: list[float], y: float, look: str) -> None:
    x = _EDGE + 26
    for text, width in zip(texts, widths, strict=True):
        canvas.words(x, y, text, look=look, room=width)
        x += width


def _width(texts: list[str]) -> float:
    return 18 + 7.2 * min(max(len(text) for text in texts), 44)


def _grid(table: Table) -> Grid:
    kept = [at for at, column in enumerate(table.columns) if not column.wide]
    return Grid(
        tuple(table.columns[at].name for at in kept), tuple(tuple(row.cells[at] for at in kept) for row in table.rows)
    )
