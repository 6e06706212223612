"""Puts the forge together: its rooms, and the one application that serves them."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from gitopslab.forge.api import Api
from gitopslab.forge.entrance import Entrance
from gitopslab.forge.folder import ForgeFolder
from gitopslab.forge.git import GitServer
from gitopslab.forge.hooks import Hooks
from gitopslab.forge.pipelines import Pipelines
from gitopslab.forge.registry import RegistryServer
from gitopslab.forge.settings import Settings
from gitopslab.gitops.git.receive import RefUpdate
from gitopslab.gitops.git.repositories import Repositories
from gitopslab.images.registry.registry import Registry


class Forge:
    """One forge, without a socket.

    Args:
        folder: Its state.
        host: Where it will be reached, as in an image reference.
        engine: The container engine that jobs may use; empty for none.

    Attributes:
        host: Where it is reached.
        app: Serves it.
        entrance: Knows who may.
        repositories: Its projects.
        pipelines: What runs.
    """

    def __init__(self, folder: ForgeFolder, host: str, engine: str = "") -> None:
        self.host = host
        self.entrance = Entrance(folder.token, folder.key)
        self.repositories = Repositories(folder.git)
        self.repositories.tidy()
        settings = Settings(folder.ci / "settings.json")
        self.pipelines = Pipelines(folder.ci, host, self.repositories, self.entrance, settings, engine)
        self._hooks = Hooks(settings, f"http://{host}", self.repositories)
        registry = RegistryServer(Registry(folder.registry), self.entrance)
        git = GitServer(self.repositories, self.entrance, self._pushed)
        api = Api(self.repositories, self.pipelines, self.entrance, settings)
        self.app = Starlette(
            routes=[Route("/", self._told), *api.routes, *registry.routes, *git.routes],
            exception_handlers={ClientDisconnect: _gone},
        )

    async def run(self) -> None:
        """What goes on beside requests, until cancelled."""
        try:
            await self.pipelines.run()
        finally:
            self._hooks.close()

    async def _told(self, _request: Request) -> Response:
        """Whoever opens the address in a browser reads what it is for."""
        return PlainTextResponse(
            "This is the lab's server for Git, images and pipelines. Programs talk to it:\n\n"
            f"  git clone http://{self.host}/GROUP/PROJECT.git\n  docker push {self.host}/GROUP/IMAGE:TAG\n\n"
            "What you see of it, you see in the notebooks. Its user and where its token is: gitopslab status\n"
        )

    def _pushed(self, project: str, updates: Sequence[RefUpdate], options: Sequence[str]) -> str:
        """A push has moved something; the answer is shown to who pushed. Called in a thread."""
        self._hooks.pushed(project, updates)
        return self.pipelines.pushed(project, updates, options)


async def _gone(_request: Request, _error: Exception) -> Response:
    """Nobody is there to read it; that a client hung up is no news for the log."""
    return Response(status_code=400)
