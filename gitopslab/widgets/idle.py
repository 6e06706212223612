"""The warning before a session ends because nothing happens in it, as on Binder, and a button that saves the work.

``gitopslab.open()`` shows it where ``GITOPSLAB_IDLE_MINUTES`` says that sessions end. The browser watches for hands
(``static/idle.js``); Python saves, and hears that somebody is there, which to Jupyter's server is a sign of life.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gitopslab.errors import LabError
from gitopslab.machinery.language import _
from gitopslab.widgets.base import View, script, sheet


class IdleView(View):
    """The warning.

    Args:
        minutes: Without a sign of life after which the session ends.
        save: Puts the work into a file beside the notebook, and tells its name.
    """

    _esm = script("kit.js", "idle.js")
    _css = sheet("idle")

    def __init__(self, minutes: float, save: Callable[[], str]) -> None:
        super().__init__()
        self._minutes = minutes
        self._save = save
        self._saved = 0
        self._tell()

    def asked(self, wish: dict[str, Any]) -> None:
        """Save; that somebody is there needs no answer."""
        if wish.get("do") != "save":
            return
        try:
            name = self._save()
        except LabError as error:
            self._tell(error=str(error))
        else:
            self._saved += 1
            self._tell(file=name)

    def text(self) -> str:
        """When the session ends."""
        return _("This session ends after {minutes} minutes in which nothing happens.").format(
            minutes=round(self._minutes)
        )

    def svg(self) -> str:
        """Nothing: a still page does not end."""
        return '<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1" role="img"><title>idle</title></svg>'

    def _tell(self, **more: str) -> None:
        words = {
            "rule": self.text(),
            "warning": _("Nobody has been here for a while. This session ends in"),
            "stay": _("I am here"),
            "save": _("Save my work"),
            "ended": _("This session may have ended; what was not downloaded is lost."),
        }
        self._snapshot = {"minutes": self._minutes, "saved": self._saved, "words": words, **more}
