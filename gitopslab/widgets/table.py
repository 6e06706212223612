"""The table widget: the objects of a kind in kubectl's own columns, live; a row opens its YAML, explained.

``lab.table()`` shows it. What is in the table is left to ``views.table``, what is behind a row to ``views.sheet``; how
it looks in a browser, to ``static/table.js``, ``static/sheet.js`` and their style sheets.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from gitopslab.machinery.kinds import Resource
from gitopslab.machinery.objects import Object, key_of
from gitopslab.views.resource import yaml_of
from gitopslab.views.sheet import Explain, sheet, sheet_message
from gitopslab.views.table import Table, shown, table, table_svg, table_text
from gitopslab.widgets import base
from gitopslab.widgets.base import LiveView, script
from gitopslab.widgets.publisher import IDLE_SECONDS, Source

PRINTED = "table"
"""The kind under which the source gives the server's own Table."""

SCRIPT = ("kit.js", "frame.js", "view.js", "card.js", "hand.js", "sheet.js", "table.js")


class TableView(LiveView):
    """The objects of a kind.

    Args:
        open_source: Gives a fresh source of the kind and of ``PRINTED``.
        kind: Which.
        explain: Gives the fields of a kind, for what is behind a row.
        cluster: The cluster's name, and what kind it is.
        namespace: Of which namespace; empty for all.
        wide: Begin with the columns of ``-o wide`` too.
        still: Take one picture and start no thread.
        idle_seconds: How long without a change until it pauses.
    """

    _esm = script(*SCRIPT)
    _css = base.sheet("sheet", "table")

    def __init__(
        self,
        open_source: Callable[[], Source],
        kind: Resource,
        explain: Explain,
        *,
        cluster: tuple[str, str] = ("", ""),
        namespace: str = "",
        wide: bool = False,
        still: bool = False,
        idle_seconds: float = IDLE_SECONDS,
    ) -> None:
        self._kind = kind
        self._explain = explain
        self._namespace = namespace
        self._objects: dict[str, Object] = {}
        self._open = ""
        self._table = self._of({}, ())
        options = {"wide": wide}
        super().__init__(open_source, cluster=cluster, still=still, idle_seconds=idle_seconds, options=options)

    def draw(self, objects: dict[str, list[Object]]) -> dict[str, Any]:
        """All rows; the browser filters."""
        printed = objects.get(PRINTED) or [{}]
        several = [obj for kind, found in objects.items() if kind != PRINTED for obj in found]
        self._objects = {"/".join(key_of(obj)): obj for obj in several}
        self._table = self._of(printed[0], several)
        if self._open:
            self._answer = self._behind(self._open)
        return {"table": self._table.as_dict()}

    def asked(self, wish: dict[str, Any]) -> None:
        """Open or close what is behind a row."""
        if wish.get("do") == "open":
            self._open = str(wish.get("key") or "")
            self._answer = self._behind(self._open) if self._open else {}
        else:
            super().asked(wish)

    def text(self) -> str:
        """The table as kubectl prints it."""
        return table_text(self._table)

    def svg(self) -> str:
        """The table as a still picture."""
        return table_svg(self._table)

    def _behind(self, key: str) -> dict[str, Any]:
        obj = self._objects.get(key)
        if obj is None:
            return {"key": key, "sheet": None}
        whole = {"apiVersion": self._kind.api_version, "kind": self._kind.kind, **obj}
        return {"key": key, "sheet": sheet_message(sheet(yaml_of(shown(whole)), self._explain))}

    def _of(self, printed: Object, objects: Any) -> Table:
        kind, plural = self._kind.kind, self._kind.plural
        where = self._namespace if self._kind.namespaced else None
        return table(printed, objects, kind=kind, plural=plural, namespace=where, now=time.time())
