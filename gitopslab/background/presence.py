"""Ends a cluster whose files were removed or replaced while it ran.

``__main__`` runs it beside the manager's loop. A process that went on would acknowledge writes to files that nobody can
open any more, and would hold a port for ever, since without its folder no command finds it. Why the files went is none
of its business.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

from gitopslab.errors import SetupError

_EVERY = 2.0


class Presence:
    """The files that a running cluster cannot do without.

    Args:
        paths: They must be there now.
    """

    def __init__(self, *paths: Path) -> None:
        self._known = {path: _identity(path) for path in paths}

    @property
    def missed(self) -> Path | None:
        """The first of the files that is not the one it was."""
        return next((path for path, known in self._known.items() if _identity(path) != known), None)

    async def watch(self) -> None:
        """Look every now and then, for ever.

        Raises:
            SetupError: A file is missing.
        """
        while (missed := self.missed) is None:
            await asyncio.sleep(_EVERY)
        raise SetupError(f"{missed} was removed or replaced while the cluster ran, so it ends", "gitopslab up")


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
