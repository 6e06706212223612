"""The forge in JSON: ``/api/...`` about projects, pipelines, jobs and their logs, in GitLab's words.

Notebooks, widgets and the command line read it; starting, playing, cancelling and retrying want the learner's token. It
is not GitLab's API, but small, and enough for a course.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from gitopslab import __version__
from gitopslab.ci import explained
from gitopslab.ci.runner.artifacts import archive_of
from gitopslab.ci.runner.history import History
from gitopslab.ci.runner.record import PipelineRecord, job_as_dict
from gitopslab.ci.runner.runner import Runner
from gitopslab.errors import LabError
from gitopslab.forge.bodies import spooled
from gitopslab.forge.entrance import Entrance, UnauthorizedError
from gitopslab.forge.pipelines import Pipelines
from gitopslab.forge.settings import Settings
from gitopslab.gitops.git.commits import Commits
from gitopslab.gitops.git.repositories import Repositories

_LARGEST = 1024 * 1024
_MOST_VARIABLES = 200
_LONGEST_WAIT = 30.0  # seconds that a question waits for news
_VERSION = "x-version"  # of all that the runner knows, for ``newer_than``

Endpoint = Callable[[Request], Awaitable[Response]]


class Api:
    """The endpoints.

    Args:
        repositories: The projects.
        pipelines: What runs.
        entrance: Knows who may.
        settings: Of the projects.
    """

    def __init__(
        self, repositories: Repositories, pipelines: Pipelines, entrance: Entrance, settings: Settings
    ) -> None:
        self._repositories = repositories
        self._pipelines = pipelines
        self._entrance = entrance
        self._settings = settings
        get, post = self._reading, self._writing
        self.routes = [
            get("/api/version", self._version),
            get("/api/projects", self._projects),
            post("/api/projects/delete", self._delete_project),
            post("/api/variables", self._set_variable),
            post("/api/hooks", self._set_hook),
            get("/api/pipelines", self._list),
            post("/api/pipelines", self._start),
            get("/api/pipelines/{id:int}", self._pipeline),
            get("/api/pipelines/{id:int}/decisions", self._decisions),
            post("/api/pipelines/{id:int}/cancel", self._cancel_pipeline),
            post("/api/pipelines/{id:int}/retry", self._retry_pipeline),
            get("/api/jobs/{id:int}", self._job),
            get("/api/jobs/{id:int}/trace", self._trace),
            get("/api/jobs/{id:int}/artifacts", self._artifacts),
            post("/api/jobs/{id:int}/play", self._play),
            post("/api/jobs/{id:int}/cancel", self._cancel),
            post("/api/jobs/{id:int}/retry", self._retry),
        ]

    @property
    def _runner(self) -> Runner:
        return self._pipelines.runner

    @property
    def _history(self) -> History:
        return self._pipelines.runner.history

    def _reading(self, path: str, endpoint: Endpoint) -> Route:
        return Route(path, _told(endpoint), methods=["GET"])

    def _writing(self, path: str, endpoint: Endpoint) -> Route:
        async def admitted(request: Request) -> Response:
            try:
                visitor = self._entrance.visitor(request.headers)
            except UnauthorizedError:
                raise HTTPException(401, "401 Unauthorized") from None
            if not visitor.may_push_commits:
                raise HTTPException(403 if visitor.is_known else 401, "The forge's token is needed for this")
            return await endpoint(request)

        return Route(path, _told(admitted), methods=["POST"])

    async def _version(self, _request: Request) -> Response:
        return JSONResponse({"version": __version__})

    async def _projects(self, request: Request) -> Response:
        """All of them, with what their branches and tags name; with ``newer_than``, once something has changed."""
        await self._newer_than(request.query_params.get("newer_than", ""))
        headers = {_VERSION: str(self._history.version)}
        return JSONResponse(await run_in_threadpool(self._described), headers=headers)

    def _described(self) -> list[dict[str, Any]]:
        found = []
        for project in self._repositories.projects():
            commits = Commits(self._repositories.path(project))
            refs, branch = commits.branches_and_tags(), commits.default_branch()
            found.append({"path_with_namespace": project, "default_branch": branch, "refs": refs})
        return found

    async def _delete_project(self, request: Request) -> Response:
        """Remove a project: its commits, its pipelines and what was set on it. Images stay in the registry."""
        project = self._project(await _asked(request))
        await self._runner.forget(project)
        self._settings.forget(project)
        await run_in_threadpool(self._repositories.delete, project)
        return JSONResponse({"path_with_namespace": project})

    async def _set_variable(self, request: Request) -> Response:
        """Set a variable of a project; without a value it is taken away. Values are never told."""
        asked = await _asked(request)
        project, value = self._project(asked), asked.get("value")
        text = None if value is None else str(value)
        self._settings.set_variable(project, str(asked.get("key")), text, masked=asked.get("masked") is True)
        own = self._settings.of(project)
        return JSONResponse([{"key": key, "masked": key in own.masked} for key in sorted(own.variables)])

    async def _set_hook(self, request: Request) -> Response:
        """Have a URL told of a project's pushes; without a token it no longer is."""
        asked = await _asked(request)
        project, token = self._project(asked), asked.get("token")
        authority, bearer = (str(asked.get(key) or "") for key in ("authority", "bearer"))
        self._settings.set_hook(
            project, str(asked.get("url")), None if token is None else str(token), authority=authority, bearer=bearer
        )
        return JSONResponse([{"url": url} for url in sorted(self._settings.of(project).hooks)])

    def _project(self, asked: dict[str, Any]) -> str:
        """The project that is meant; one may be set up before its first push."""
        project = str(asked.get("project"))
        self._repositories.path(project)
        return project

    # ---- pipelines ----

    async def _list(self, request: Request) -> Response:
        """Those of a project, newest first; with ``newer_than``, once there is a newer version, or after a while."""
        project = request.query_params.get("project", "")
        await self._newer_than(request.query_params.get("newer_than", ""))
        found = [one for one in self._history.pipelines.values() if project in ("", one.event.project.path)]
        headers = {_VERSION: str(self._history.version)}
        return JSONResponse([one.as_dict() for one in reversed(found)], headers=headers)

    async def _start(self, request: Request) -> Response:
        asked = await _asked(request)
        variables = asked.get("variables") or {}
        if not isinstance(variables, dict) or len(variables) > _MOST_VARIABLES:
            raise HTTPException(400, f"variables is a map of at most {_MOST_VARIABLES}")
        given = {str(key): str(value) for key, value in variables.items()}
        record = await self._pipelines.start(
            str(asked.get("project")), str(asked.get("ref")), given, str(asked.get("source") or "api")
        )
        return JSONResponse(record.as_dict(), 201)

    async def _pipeline(self, request: Request) -> Response:
        return JSONResponse(self._history.pipeline(request.path_params["id"]).as_dict())

    async def _decisions(self, request: Request) -> Response:
        """Why each job of the file is in the pipeline or left out, rule by rule, and its commands."""
        record = self._history.pipeline(request.path_params["id"])
        made = await asyncio.to_thread(self._pipelines.pipeline, record)
        scripts = {job.name: [*job.before_script, *job.script] for job in made.jobs}
        told = {name: {**explained(made, name).as_dict(), "script": scripts.get(name, [])} for name in made.decisions}
        return JSONResponse(told)

    async def _cancel_pipeline(self, request: Request) -> Response:
        return JSONResponse(self._runner.cancel_pipeline(request.path_params["id"]).as_dict())

    async def _retry_pipeline(self, request: Request) -> Response:
        return JSONResponse(self._runner.retry_pipeline(request.path_params["id"]).as_dict())

    # ---- jobs ----

    async def _job(self, request: Request) -> Response:
        pipeline, job = self._history.find(request.path_params["id"])
        return JSONResponse(job_as_dict(job) | {"pipeline": _short(pipeline)})

    async def _trace(self, request: Request) -> Response:
        """The log; with ``follow``, until the job has ended."""
        number = request.path_params["id"]
        self._history.find(number)
        follows = request.query_params.get("follow", "") not in ("", "0", "false")
        offset = request.query_params.get("offset", "0")
        pieces = self._logged(number, int(offset) if offset.isdigit() else 0, follows=follows)
        return StreamingResponse(pieces, media_type="text/plain; charset=utf-8")

    async def _logged(self, number: int, offset: int, *, follows: bool) -> AsyncIterator[bytes]:
        path = self._history.trace_path(number)
        while True:
            version = self._history.version  # asked first, as is the next, so that nothing is missed
            is_over = self._history.find(number)[1].state.is_complete
            if path.exists():
                with path.open("rb") as file:
                    file.seek(offset)
                    while piece := file.read(64 * 1024):
                        offset += len(piece)
                        yield piece
            if is_over or not follows:
                return
            await self._newer_than(str(version))

    async def _artifacts(self, request: Request) -> Response:
        path = archive_of(self._runner.root, request.path_params["id"])
        if not path.exists():
            raise HTTPException(404, "The job keeps no artifacts")
        return FileResponse(path, media_type="application/zip", filename="artifacts.zip")

    async def _play(self, request: Request) -> Response:
        return JSONResponse(job_as_dict(self._runner.play(request.path_params["id"])))

    async def _cancel(self, request: Request) -> Response:
        return JSONResponse(job_as_dict(self._runner.cancel(request.path_params["id"])))

    async def _retry(self, request: Request) -> Response:
        return JSONResponse(job_as_dict(self._runner.retry(request.path_params["id"])), 201)

    async def _newer_than(self, version: str) -> None:
        if version.isdigit():
            with suppress(TimeoutError):
                await asyncio.wait_for(self._history.newer_than(int(version[:18])), _LONGEST_WAIT)


def _told(endpoint: Endpoint) -> Endpoint:
    """An endpoint whose errors are told in JSON."""

    async def answer(request: Request) -> Response:
        try:
            return await endpoint(request)
        except LabError as error:
            missing = error.message.startswith("There is no")
            return JSONResponse({"message": error.message, "hint": error.hint}, 404 if missing else 400)
        except HTTPException as error:
            return JSONResponse({"message": error.detail, "hint": ""}, error.status_code)

    return answer


async def _asked(request: Request) -> dict[str, Any]:
    """The body of a request."""
    async with spooled(request, _LARGEST) as body:
        return _object(body.read())


def _object(data: bytes) -> dict[str, Any]:
    try:
        told = json.loads(data)
    except ValueError:
        raise HTTPException(400, "The body is not JSON") from None
    if not isinstance(told, dict):
        raise HTTPException(400, "The body is not a JSON object")
    return told


def _short(pipeline: PipelineRecord) -> dict[str, Any]:
    told = pipeline.as_dict()
    del told["jobs"]
    return told
