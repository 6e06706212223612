"""A still picture with its words, for exported pages, untrusted notebooks and screen readers.

Made by ``base.LiveView.static`` and shown by any notebook viewer; it needs no kernel and no script.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import Any

from gitopslab.machinery.language import _


@dataclass(frozen=True)
class Picture:
    """An SVG and the same in words."""

    svg: str
    text: str

    def __repr__(self) -> str:
        return self.text

    def _repr_mimebundle_(self, **_kwargs: Any) -> dict[str, str]:
        # The text comes along in the page, because an exported image has no alternative text of its own.
        words = f"<details><summary>{_('The same in words')}</summary><pre>{escape(self.text)}</pre></details>"
        return {
            "text/plain": self.text,
            "image/svg+xml": self.svg,
            "text/html": f'<figure style="margin:0">{self.svg}<figcaption>{words}</figcaption></figure>',
        }
