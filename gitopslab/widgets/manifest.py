"""The manifest widget: YAML with every field explained, and what is wrong with it before it is applied.

``lab.manifest()`` shows it. What a sheet is, is left to ``views.sheet``; asking the API server, to whoever gives
``read``; how it looks in a browser, to ``static/sheet.js``, ``static/manifest.js`` and their style sheets.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gitopslab.views.sheet import Problem, Sheet, sheet_message, sheet_svg, sheet_text
from gitopslab.widgets.base import View, script, sheet

SCRIPT = ("kit.js", "frame.js", "view.js", "card.js", "hand.js", "sheet.js", "manifest.js")


class ManifestView(View):
    """A manifest.

    Args:
        read: Gives the sheet; asked again when the reader wants another check.
        cluster: The cluster's name, and what kind it is.
        still: Show a picture instead of a widget.
    """

    _esm = script(*SCRIPT)
    _css = sheet("sheet", "manifest")

    def __init__(self, read: Callable[[], Sheet], *, cluster: tuple[str, str] = ("", ""), still: bool = False) -> None:
        super().__init__(cluster=cluster, still=still)
        self._read = read
        self.check()

    def check(self) -> None:
        """Explain and check the manifest again, on the cluster as it is now."""
        self._sheet = self._read()
        self._snapshot = self.told({"sheet": sheet_message(self._sheet)}, live="")

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What is wrong, each with its line; empty when the API server would accept it."""
        return tuple(problem for line in self._sheet.lines for problem in line.problems)

    def asked(self, wish: dict[str, Any]) -> None:
        """Check again."""
        if wish.get("do") == "check":
            self.check()

    def text(self) -> str:
        """The lines with their problems, and what the fields mean."""
        return sheet_text(self._sheet)

    def svg(self) -> str:
        """The sheet as a still picture."""
        return sheet_svg(self._sheet)
