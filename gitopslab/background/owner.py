"""Ends a process of the lab when the one that it is for is gone.

``gitopslab.testing`` asks for it: a test run that is killed ends nothing itself. Any other cluster outlives whoever
started it.
"""

from __future__ import annotations

import asyncio

from gitopslab.errors import SetupError

_EVERY = 2.0


class Owner:
    """The process that another one is for.

    Args:
        pid: Its number; a later process of the same number is not taken for it.
    """

    def __init__(self, pid: int) -> None:
        import psutil

        self._pid = pid
        try:
            self._process: psutil.Process | None = psutil.Process(pid)
        except psutil.NoSuchProcess:
            self._process = None

    @property
    def is_gone(self) -> bool:
        """Whether it has ended."""
        return self._process is None or not self._process.is_running()

    async def watch(self) -> None:
        """Look every now and then, for ever.

        Raises:
            SetupError: It is gone.
        """
        while not self.is_gone:
            await asyncio.sleep(_EVERY)
        raise SetupError(f"process {self._pid}, for which the cluster was, is gone, so it ends", "gitopslab up")
