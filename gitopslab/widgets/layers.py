"""The layers widget: an image as a stack of layers with sizes and files, or two images side by side.

``lab.layers()`` shows it. What there is to see is left to ``views.layers``; how it looks in a browser, to
``static/layers.js`` and ``static/layers.css``.
"""

from __future__ import annotations

from gitopslab.views.layers import Layers
from gitopslab.views.layers_svg import layers_svg
from gitopslab.views.layers_text import layers_text
from gitopslab.widgets.base import View, script, sheet

SCRIPT = ("kit.js", "frame.js", "view.js", "card.js", "hand.js", "layers.js")


class LayersView(View):
    """One image, or two.

    Args:
        layers: What is to be seen.
        still: Show a picture instead of a widget.

    Attributes:
        layers: The same, as data.
    """

    _esm = script(*SCRIPT)
    _css = sheet("layers")

    def __init__(self, layers: Layers, *, still: bool = False) -> None:
        super().__init__(cluster=(layers.stacks[0].name, "image"), still=still)
        self.layers = layers
        self._snapshot = self.told({"layers": layers.as_dict()}, live="")

    def text(self) -> str:
        """The steps with their layers, and what differs."""
        return layers_text(self.layers)

    def svg(self) -> str:
        """The stacks as a still picture."""
        return layers_svg(self.layers)
