"""The path widget: who does what from an apply to running containers, step by step, as it happens.

``lab.path("deployment/web")`` shows it. It works on any cluster; on the embedded one its stations can be stopped and
started in the picture, and the clock held and stepped. What a path is, is left to ``views.path``; how it looks in a
browser, to ``static/path*.js`` and ``static/path.css``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gitopslab.clusters.attended import LAB
from gitopslab.clusters.controls import Controls
from gitopslab.machinery.objects import Object
from gitopslab.views.path import Path, path
from gitopslab.views.path_svg import path_svg
from gitopslab.views.path_text import path_text
from gitopslab.widgets.base import LiveView, script, sheet
from gitopslab.widgets.publisher import IDLE_SECONDS, Source

SCRIPT = ("kit.js", "frame.js", "view.js", "path_stage.js", "path_steps.js", "path.js")
_STEP_WAIT = 60.0


class PathView(LiveView):
    """The path of one object.

    Args:
        open_source: Gives a fresh source of the kinds that ``views.path.kinds_for`` names.
        kind: Of the object, as in ``Deployment``.
        name: Its name.
        namespace: Where it is; empty for cluster-scoped objects.
        plural: What its kind is followed as.
        controls: Of an embedded cluster; None elsewhere.
        cluster: The cluster's name, and what kind it is.
        still: Take one picture and start no thread.
        idle_seconds: How long without a change until it pauses.
    """

    _esm = script(*SCRIPT)
    _css = sheet("path")

    def __init__(
        self,
        open_source: Callable[[], Source],
        kind: str,
        name: str,
        namespace: str = "",
        *,
        plural: str = "",
        controls: Controls | None = None,
        cluster: tuple[str, str] = ("", ""),
        still: bool = False,
        idle_seconds: float = IDLE_SECONDS,
    ) -> None:
        self._subject = (kind, name, namespace)
        self._plural = plural
        self._controls = controls
        self._path: Path | None = None
        super().__init__(open_source, cluster=cluster, still=still, idle_seconds=idle_seconds)

    def draw(self, objects: dict[str, list[Object]]) -> dict[str, Any]:
        """The path as it is now."""
        lab = objects.get(LAB, [])
        self._path = path(objects, *self._subject, now=self.now, plural=self._plural)
        return {"path": self._path.as_dict(), "clock": {"held": lab[0]["clock"]["held"]} if lab else None}

    def text(self) -> str:
        """The path as numbered steps."""
        return path_text(self._path) if self._path else ""

    def svg(self) -> str:
        """The path as a still picture."""
        return path_svg(self._path) if self._path else ""

    def asked(self, wish: dict[str, Any]) -> None:
        """Stop or start a station, hold or step the clock."""
        super().asked(wish)
        if self._controls is None or self._path is None:
            return
        match wish:
            case {"do": "switch", "component": "kubelet", "running": bool(running)}:
                for node in self._path.nodes:
                    self._controls.switch_node(node, kubelet=running)
            case {"do": "switch", "component": str(component), "running": bool(running)}:
                self._controls.switch(component, running)
            case {"do": "hold", "held": bool(held)}:
                self._controls.run(0 if held else 1)
            case {"do": "step"}:
                self._controls.step(_STEP_WAIT)
