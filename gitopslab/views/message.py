"""Dataclasses as the plain JSON data a widget receives.

The views that are sent to a browser inherit from ``Message``. It knows no view.
"""

from __future__ import annotations

from dataclasses import fields
from typing import Any


class Message:
    """Turns a dataclass into plain JSON data; ``dataclasses.asdict`` copies every leaf and is ten times slower."""

    __slots__ = ()

    def as_dict(self) -> dict[str, Any]:
        """The fields as JSON data."""
        return {each.name: _plain(getattr(self, each.name)) for each in fields(self)}  # type: ignore[arg-type]


def _plain(value: Any) -> Any:
    if isinstance(value, Message):
        return value.as_dict()
    return [_plain(item) for item in value] if isinstance(value, tuple) else value
