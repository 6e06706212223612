"""The drift widget: Git against the cluster, field by field, with who set each field and what becomes of it, live.

``lab.drift("kustomization/app")`` and ``lab.drift("application/shop")`` show it. What differs is left to
``views.drift``; how it looks in a browser, to ``static/drift.js`` and ``static/drift.css``.
"""

from __future__ import annotations

from typing import Any, ClassVar

from gitopslab.machinery.objects import Object
from gitopslab.views.drift import Drift, Row, drift_svg, drift_text
from gitopslab.views.drift.delivered import drift_of
from gitopslab.views.drift.model import FATES, STATES
from gitopslab.views.reconciler import reconciler
from gitopslab.widgets.base import script, sheet
from gitopslab.widgets.reconciled import ReconciledView

SCRIPT = ("kit.js", "frame.js", "sight.js", "view.js", "drift_rows.js", "drift.js")


class DriftView(ReconciledView):
    """What a Kustomization or an Application owns, compared with Git."""

    _esm = script(*SCRIPT)
    _css = sheet("drift")
    _words: ClassVar[dict[str, Any]] = {"states": STATES, "fates": FATES}
    _drift: Drift | None = None

    @property
    def differences(self) -> tuple[Row, ...]:
        """The fields that are not as in Git, as data: ``path``, ``git``, ``live``, ``owners``, ``fate`` and ``why``."""
        return tuple(row for each in self._drift.objects for row in each.differences) if self._drift else ()

    def draw(self, objects: dict[str, list[Object]]) -> dict[str, Any]:
        """The comparison as it is now."""
        one = reconciler(objects, *self._target)
        if one is None:
            self._drift = self._nothing("It is not there yet.")
        else:
            self._drift = drift_of(objects, one, self._known) or self._nothing("Git is being asked.")
        return {"drift": self._drift.as_dict()}

    def text(self) -> str:
        """The comparison in words."""
        return drift_text(self._drift) if self._drift else ""

    def svg(self) -> str:
        """The comparison as a still picture."""
        return drift_svg(self._drift) if self._drift else ""

    def _nothing(self, sentence: str) -> Drift:
        kind, namespace, name = self._target
        return Drift(f"{kind} {namespace}/{name}", "", "", sentence, "pending")
