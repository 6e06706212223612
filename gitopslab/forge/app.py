"""Puts the forge together: its rooms, and the one application that serves them."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from gitopslab.forge.entrance import Entrance
from gitopslab.forge.folder import ForgeFolder
from gitopslab.forge.git import GitServer
from gitopslab.forge.registry import RegistryServer
from gitopslab.gitops.git.receive import RefUpdate
from gitopslab.gitops.git.repositories import Repositories
from gitopslab.images.registry.registry import Registry


class Forge:
    """One forge, without a socket.

    Args:
        folder: Its state.
        host: Where it will be reached, as in an image reference.

    Attributes:
        app: Serves it.
    """

    def __init__(self, folder: ForgeFolder, host: str) -> None:
        self.host = host
        self.entrance = Entrance(folder.token, folder.key)
        self.repositories = Repositories(folder.git)
        registry = RegistryServer(Registry(folder.registry), self.entrance)
        git = GitServer(self.repositories, self.entrance, self._pushed)
        self.app = Starlette(
            routes=[Route("/api/version", _version), *registry.routes, *git.routes],
            exception_handlers={ClientDisconnect: _gone},
        )

    async def run(self) -> None:
        """What goes on beside requests, until cancelled."""

    def _pushed(self, project: str, updates: Sequence[RefUpdate]) -> str:
        return ""


async def _version(_request: Request) -> Response:
    from gitopslab import __version__

    return JSONResponse({"version": __version__})


async def _gone(_request: Request, _error: Exception) -> Response:
    """Nobody is there to read it; that a client hung up is no news for the log."""
    return Response(status_code=400)
