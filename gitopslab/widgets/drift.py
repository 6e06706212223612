"""The drift widget: Git against the cluster, field by field, with who set each field and what becomes of it, live.

``lab.drift("kustomization/app")`` and ``lab.drift("application/shop")`` show it. What differs is left to
``views.drift``; how it looks in a browser, to ``static/drift.js`` and ``static/drift.css``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gitopslab.machinery.objects import Object
from gitopslab.views.drift import Drift, Known, Row, drift_svg, drift_text
from gitopslab.views.drift.delivered import drift_of
from gitopslab.views.drift.model import FATES, STATES
from gitopslab.views.reconciler import Target, reconciler
from gitopslab.widgets.base import LiveView, script, sheet
from gitopslab.widgets.publisher import IDLE_SECONDS, Source

SCRIPT = ("kit.js", "frame.js", "drift_rows.js", "drift.js")


class DriftView(LiveView):
    """What a Kustomization or an Application owns, compared with Git.

    Args:
        open_source: Gives a fresh ``clusters.delivery.Delivery``.
        target: Which one.
        cluster: The cluster's name, and what kind it is.
        still: Take one picture and start no thread.
        idle_seconds: How long without a change until it pauses.
    """

    _esm = script(*SCRIPT)
    _css = sheet("drift")

    def __init__(
        self,
        open_source: Callable[[], Source],
        target: Target,
        *,
        cluster: tuple[str, str] = ("", ""),
        still: bool = False,
        idle_seconds: float = IDLE_SECONDS,
    ) -> None:
        self._target = target
        self._known = Known()
        self._drift = self._nothing("It is not there yet.")
        options = {"states": STATES, "fates": FATES}
        super().__init__(open_source, cluster=cluster, still=still, idle_seconds=idle_seconds, options=options)

    @property
    def differences(self) -> tuple[Row, ...]:
        """The fields that are not as in Git, as data: ``path``, ``git``, ``live``, ``owners``, ``fate`` and ``why``."""
        return tuple(row for each in self._drift.objects for row in each.differences)

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
        return drift_text(self._drift)

    def svg(self) -> str:
        """The comparison as a still picture."""
        return drift_svg(self._drift)

    def _nothing(self, sentence: str) -> Drift:
        kind, namespace, name = self._target
        return Drift(f"{kind} {namespace}/{name}", "", "", sentence, "pending")
