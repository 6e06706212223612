"""The anatomy widget: nodes with their parts, and a model of losing control nodes.

``lab.anatomy()`` shows it. It works on any cluster; on the embedded one parts can be stopped and nodes switched off in
the picture. What an anatomy is, is left to ``views.anatomy``; how it looks, to ``static/anatomy.js`` and ``.css``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gitopslab.clusters.controls import Controls
from gitopslab.machinery.objects import Object
from gitopslab.views.anatomy import SIZES, Anatomy, anatomy
from gitopslab.views.anatomy_svg import anatomy_svg
from gitopslab.views.anatomy_text import anatomy_text
from gitopslab.widgets.base import LiveView, script, sheet
from gitopslab.widgets.publisher import IDLE_SECONDS, Source

SCRIPT = ("kit.js", "frame.js", "view.js", "card.js", "hand.js", "anatomy_model.js", "anatomy.js")


class AnatomyView(LiveView):
    """The anatomy of a cluster.

    Args:
        open_source: Gives a fresh source of ``views.anatomy.KINDS``.
        controls: Of an embedded cluster; None elsewhere.
        cluster: The cluster's name, and what kind it is.
        still: Take one picture and start no thread.
        idle_seconds: How long without a change until it pauses.
    """

    _esm = script(*SCRIPT)
    _css = sheet("anatomy")

    def __init__(
        self,
        open_source: Callable[[], Source],
        *,
        controls: Controls | None = None,
        cluster: tuple[str, str] = ("", ""),
        still: bool = False,
        idle_seconds: float = IDLE_SECONDS,
    ) -> None:
        self._controls = controls
        self._anatomy: Anatomy | None = None
        options = {"sizes": list(SIZES), "power": controls is not None}
        super().__init__(open_source, cluster=cluster, still=still, idle_seconds=idle_seconds, options=options)

    def draw(self, objects: dict[str, list[Object]]) -> dict[str, Any]:
        """The anatomy as it is now."""
        self._anatomy = anatomy(objects)
        return {"anatomy": self._anatomy.as_dict()}

    def text(self) -> str:
        """The anatomy as a tree of parts a node."""
        return anatomy_text(self._anatomy) if self._anatomy else ""

    def svg(self) -> str:
        """The anatomy as a still picture."""
        return anatomy_svg(self._anatomy) if self._anatomy else ""

    def asked(self, wish: dict[str, Any]) -> None:
        """Stop or start a part, switch a node off or on."""
        super().asked(wish)
        if self._controls is None:
            return
        match wish:
            case {"do": "switch", "component": "kubelet", "node": str(node), "running": bool(running)}:
                self._controls.switch_node(node, kubelet=running)
            case {"do": "switch", "component": str(component), "running": bool(running)}:
                self._controls.switch(component, running)
            case {"do": "power", "node": str(node), "on": bool(on)}:
                self._controls.switch_node(node, power=on)
