"""A forge, served over HTTP from this process, for tests that need stock clients and no process of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from gitopslab.background import server
from gitopslab.background.process import listening
from gitopslab.forge.app import Forge
from gitopslab.forge.folder import ForgeFolder


class ServedForge:
    """A forge that answers.

    Attributes:
        forge: Itself.
        folder: Its files.
        host: As in an image reference.
        token: The learner's.
    """

    def __init__(self, forge: Forge, folder: ForgeFolder) -> None:
        self.forge = forge
        self.folder = folder
        self.host = forge.host
        self.token = folder.token

    def url(self, project: str, user: str = "learner") -> str:
        """Where a project is, with the learner's credentials in it; without them for no user."""
        credentials = f"{user}:{self.token}@" if user else ""
        return f"http://{credentials}{self.host}/{project}.git"


@contextmanager
def served_forge(path: Path) -> Iterator[ServedForge]:
    """Serve one, with its files in a folder."""
    folder = ForgeFolder(path)
    listener = listening(0)
    forge = Forge(folder, f"localhost:{listener.getsockname()[1]}")
    loop = asyncio.new_event_loop()

    async def live() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(forge.run())
            group.create_task(server.run(server.config(forge.app), listener))

    task = loop.create_task(live())

    def run() -> None:
        with suppress(asyncio.CancelledError):
            loop.run_until_complete(task)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield ServedForge(forge, folder)
    finally:
        loop.call_soon_threadsafe(task.cancel)
        thread.join(20)
        loop.close()
