"""Keeps secrets out of a log: their values are replaced before a byte of them is written.

``trace`` sends everything a job prints through here. A value is found although it arrives in several pieces, because
the end of what came is held back as long as it could be the beginning of one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

SHORTEST = 8
"""Characters a value must have to be masked, as on GitLab: less would tear holes into ordinary words."""

_LONGEST = 4096  # of a value, so that little is held back
_MOST = 100
_MASK = b"[MASKED]"


class Masking:
    """Replaces some values in a stream of bytes.

    Args:
        values: What must not show; those shorter than ``SHORTEST`` are not looked for.
    """

    def __init__(self, values: Iterable[str]) -> None:
        lines = {line.encode() for value in values for line in value.splitlines() if len(line) >= SHORTEST}
        wanted = sorted((line[:_LONGEST] for line in lines), key=len, reverse=True)[:_MOST]
        self._pattern = re.compile(b"|".join(map(re.escape, wanted))) if wanted else None
        self._wanted = wanted
        self._held = b""

    def feed(self, data: bytes) -> bytes:
        """What may be written of all that has come."""
        if self._pattern is None:
            return data
        clean = self._pattern.sub(_MASK, self._held + data)
        keep = self._beginning_of_one(clean)
        self._held = clean[len(clean) - keep :]
        return clean[: len(clean) - keep]

    def end(self) -> bytes:
        """The rest; nothing more comes."""
        rest, self._held = self._held, b""
        return rest

    def _beginning_of_one(self, data: bytes) -> int:
        """How many bytes at the end may turn out to be the beginning of a value."""
        longest = min(len(data), len(self._wanted[0]) - 1)
        for length in range(longest, 0, -1):
            tail = data[-length:]
            if any(value.startswith(tail) for value in self._wanted):
                return length
        return 0
