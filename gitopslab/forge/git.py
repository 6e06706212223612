"""Git over HTTP: ``/GROUP/PROJECT.git/...``, with or without ``.git``, for stock ``git``.

Reads are open, a push needs the learner's token; the first push to a path makes the project. What Git's protocol says
is ``gitops.git.service``'s, what a push starts is the pipelines'.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from tempfile import SpooledTemporaryFile
from typing import IO

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from gitopslab.errors import LabError
from gitopslab.forge.bodies import spooled
from gitopslab.forge.entrance import Entrance, UnauthorizedError
from gitopslab.gitops.git.receive import RefUpdate
from gitopslab.gitops.git.repositories import Repositories, is_project_path
from gitopslab.gitops.git.service import Service, advertise, receive_pack, upload_pack

LARGEST_PUSH = 512 * 1024 * 1024
"""Bytes of one push."""

_LARGEST_FETCH_REQUEST = 8 * 1024 * 1024
_IN_MEMORY = 4 * 1024 * 1024
_CHUNK = 64 * 1024
_NEVER_KEPT = {"cache-control": "no-cache, max-age=0, must-revalidate", "pragma": "no-cache"}

OnPush = Callable[[str, Sequence[RefUpdate], Sequence[str]], str]
"""Told the project, what moved in it and the options of the push; its answer is shown to who pushed."""


class GitServer:
    """The repositories of a forge on the wire.

    Args:
        repositories: Where they are.
        entrance: Knows who may push.
        on_push: Told of each push, in a thread.
    """

    def __init__(self, repositories: Repositories, entrance: Entrance, on_push: OnPush) -> None:
        self._repositories = repositories
        self._entrance = entrance
        self._on_push = on_push
        self.routes = [
            *self._routes("/{project:path}.git"),
            *self._routes("/{project:path}"),  # as on GitLab, where both are the same project
            Route("/{project:path}.git/{rest:path}", _not_smart),
        ]

    def _routes(self, prefix: str) -> list[Route]:
        return [
            Route(f"{prefix}/info/refs", self._advertised, methods=["GET"]),
            Route(f"{prefix}/git-upload-pack", self._fetched, methods=["POST"]),
            Route(f"{prefix}/git-receive-pack", self._pushed, methods=["POST"]),
        ]

    async def _advertised(self, request: Request) -> Response:
        try:
            service = Service(request.query_params.get("service", ""))
        except ValueError:
            return await _not_smart(request)
        if refusal := self._refusal(request, service):
            return refusal
        answer = await run_in_threadpool(self._advertise, service, request.path_params["project"])
        return Response(answer, media_type=f"application/x-{service.value}-advertisement", headers=_NEVER_KEPT)

    def _advertise(self, service: Service, project: str) -> bytes:
        if not self._repositories.exists(project):
            return advertise(service, None)
        with self._repositories.open(project) as repo:
            return advertise(service, repo)

    async def _fetched(self, request: Request) -> Response:
        if refusal := self._refusal(request, Service.UPLOAD_PACK):
            return refusal
        project = request.path_params["project"]

        def fetch(body: IO[bytes], answer: IO[bytes]) -> None:
            upload_pack(self._repositories.path(project), body, answer)  # type: ignore[arg-type]  # a spooled file is a BinaryIO in all but name

        return await self._exchanged(request, Service.UPLOAD_PACK, _LARGEST_FETCH_REQUEST, fetch)

    async def _pushed(self, request: Request) -> Response:
        if refusal := self._refusal(request, Service.RECEIVE_PACK):
            return refusal
        project = request.path_params["project"]

        def push(body: IO[bytes], answer: IO[bytes]) -> None:
            self._repositories.create(project)
            with self._repositories.open(project) as repo:
                receive_pack(repo, body, answer, partial(self._on_push, project))  # type: ignore[arg-type]

        return await self._exchanged(request, Service.RECEIVE_PACK, LARGEST_PUSH, push)

    async def _exchanged(
        self, request: Request, service: Service, largest: int, exchange: Callable[[IO[bytes], IO[bytes]], None]
    ) -> Response:
        """Have a request answered once it is here whole; a thread works, the loop goes on."""
        answer: IO[bytes] = SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115  closed when it is sent
        try:
            async with spooled(request, largest) as body:
                await run_in_threadpool(exchange, body, answer)
        except LabError as error:
            answer.close()
            return PlainTextResponse(f"{error}\n", 400)
        except BaseException:
            answer.close()
            raise
        return StreamingResponse(_sent(answer), media_type=f"application/x-{service.value}-result", headers=_NEVER_KEPT)

    def _refusal(self, request: Request, service: Service) -> Response | None:
        """Why a request is not answered; None when it may go on."""
        project = request.path_params["project"]
        try:
            visitor = self._entrance.visitor(request.headers)
        except UnauthorizedError:
            return _unauthorized("HTTP Basic: Access denied. The token is not that of this forge.")
        if service is Service.UPLOAD_PACK:
            found = self._repositories.exists(project)
            return None if found else PlainTextResponse("The project you were looking for could not be found.", 404)
        if not visitor.is_known:
            return _unauthorized("HTTP Basic: a push needs the forge's token.")
        if not visitor.may_push_commits:
            return PlainTextResponse("You are not allowed to push code to this project.", 403)
        if not is_project_path(project):
            return PlainTextResponse(f"{project} cannot be a project: take GROUP/PROJECT, as in waal/waal-web.", 404)
        return None


def _sent(answer: IO[bytes]) -> Iterator[bytes]:
    with answer:
        answer.seek(0)
        while chunk := answer.read(_CHUNK):
            yield chunk


def _unauthorized(message: str) -> Response:
    return PlainTextResponse(message, 401, headers={"www-authenticate": 'Basic realm="GitLab"'})


async def _not_smart(_request: Request) -> Response:
    return PlainTextResponse("The forge speaks Git's smart protocol only; use git, version 1.6.6 or newer.\n", 403)
