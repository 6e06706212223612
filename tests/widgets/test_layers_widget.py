"""The layers as a widget: its twins, and that its script keeps to itself."""

from __future__ import annotations

from pathlib import Path

from layer_samples import pictured

from gitopslab.widgets.base import script
from gitopslab.widgets.layers import SCRIPT, LayersView


def test_still_layers_are_a_picture_with_words(tmp_path: Path) -> None:
    view = LayersView(pictured(tmp_path), still=True)
    bundle = view._repr_mimebundle_()
    assert bundle["text/plain"].startswith("2 layers shared")
    assert "<svg" in bundle["image/svg+xml"]
    view.close()


def test_the_script_imports_nothing_and_asks_nobody() -> None:
    text = script(*SCRIPT)
    assert not any(word in text for word in ("fetch(", "XMLHttpRequest", "http://localhost", "innerHTML"))
