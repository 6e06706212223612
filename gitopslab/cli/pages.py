"""Executed notebooks as pages and slides that need no network, and an index of them.

``run`` writes them. nbconvert makes the pages; what it would fetch from elsewhere is left out, because the pictures are
inside already.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from html import escape
from importlib import resources
from typing import Any

_NOTHING = {"mathjax_url": "", "require_js_url": "", "jquery_url": "", "mermaid_js_url": ""}


def seconds_of(cell: Any) -> float:
    """How long a cell ran, as the kernel told; 0 for one that did not."""
    told = cell.metadata.get("execution", {})
    times = [told.get("iopub.execute_input") or told.get("iopub.status.busy"), told.get("iopub.status.idle")]
    if not all(times):
        return 0.0
    began, ended = (datetime.fromisoformat(time) for time in times)
    return max(0.0, (ended - began).total_seconds())


def seconds(notebook: Any) -> float:
    """How long all its cells ran."""
    return sum(seconds_of(cell) for cell in notebook.cells)


def as_page(notebook: Any, title: str) -> str:
    """An executed notebook as one HTML page."""
    from nbconvert import HTMLExporter

    body: str = HTMLExporter(**_NOTHING).from_notebook_node(notebook, resources={"metadata": {"name": title}})[0]
    return body


def as_slides(notebook: Any, title: str) -> str:
    """An executed notebook as slides: arrows and Page Down go through them, N opens the notes in a window.

    Text begins a slide, code and its output go on it; ``slide_type`` in a cell's metadata says otherwise, in Jupyter's
    own words. nbconvert's own slides are drawn by reveal.js, which they would fetch from the network.
    """
    kinds = {cell.id: _slide_type(cell) for cell in notebook.cells}
    folder = resources.files("gitopslab.cli") / "slides"
    style, script = ((folder / name).read_text(encoding="utf-8") for name in ("slides.css", "slides.js"))
    told = f"<style>{style}</style><script>const KINDS = {json.dumps(kinds)};\n{script}</script>"
    return as_page(notebook, title).replace("</body>", f"{told}</body>")


def _slide_type(cell: Any) -> str:
    asked = cell.metadata.get("slideshow", {}).get("slide_type", "")
    return asked or ("slide" if cell.cell_type == "markdown" else "-")


def index(pages: Sequence[tuple[str, Any]]) -> str:
    """A page that leads to all the others."""
    rows = "".join(_row(name, notebook) for name, notebook in pages)
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>gitopslab: the notebooks</title>'
        '<meta name="viewport" content="width=device-width">'
        "<style>body{font:16px/1.5 system-ui,sans-serif;max-width:50em;margin:2em auto;padding:0 1em}"
        "td{padding:.3em 1em .3em 0;vertical-align:top}</style>"
        f"<h1>The notebooks, executed</h1><table>{rows}</table></html>"
    )


def _row(name: str, notebook: Any) -> str:
    about = notebook.metadata.get("gitopslab", {})
    heading = next((line[2:] for line in _lines(notebook) if line.startswith("# ")), name)
    minutes = f"{about['minutes']} minutes" if "minutes" in about else ""
    link = f'<a href="{escape(name)}.html">{escape(heading)}</a>'
    return f"<tr><td>{escape(name[:2])}</td><td>{link}</td><td>{minutes}</td></tr>"


def _lines(notebook: Any) -> list[str]:
    return [line for cell in notebook.cells if cell.cell_type == "markdown" for line in cell.source.splitlines()]
