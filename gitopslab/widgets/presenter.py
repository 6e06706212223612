"""The presenter's bar: the next step, notes in a window of their own, and the way back to a section's start.

``lab.present()`` shows it. It draws no cluster: what it moves through is the notebook in the browser, so nearly all of
it is ``static/presenter.js``; Python is asked only to go back.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from gitopslab.errors import LabError
from gitopslab.machinery.language import _
from gitopslab.widgets.base import View, script, sheet


class PresenterView(View):
    """The bar.

    Args:
        sections: Id and title of each.
        back: Returns to the start of the section with an id.
    """

    _esm = script("kit.js", "presenter.js")
    _css = sheet("presenter")

    def __init__(self, sections: Sequence[tuple[str, str]], back: Callable[[str], None]) -> None:
        super().__init__()
        self._sections = sections
        self._back = back
        self._tell(0, "")

    def asked(self, wish: dict[str, Any]) -> None:
        """Go back; the bar waits for the count of times to grow."""
        if wish.get("do") != "back":
            return
        before = int(self._snapshot["returned"])
        try:
            self._back(str(wish.get("section", "")))
        except LabError as error:
            self._tell(before + 1, str(error))
        else:
            self._tell(before + 1, "")

    def text(self) -> str:
        """The sections."""
        return "\n".join([_("Presenting; Page Down runs the next cell"), *(title for _id, title in self._sections)])

    def svg(self) -> str:
        """Nothing: a still page is not presented."""
        return '<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1" role="img"><title>presenting</title></svg>'

    def _tell(self, returned: int, error: str) -> None:
        listed = [{"id": id, "title": title} for id, title in self._sections]
        self._snapshot = {"sections": listed, "returned": returned, "error": error}
