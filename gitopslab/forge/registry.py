"""The registry on the wire: ``/v2/...`` of the OCI distribution specification 1.1, and the token dance before it.

Reads are open, writes want the learner's token or that of a running job. ``docker login`` and all clients since learn
from the answer to ``/v2/`` that they may swap credentials for a token at ``/jwt/auth``, as at GitLab. What a push means
is ``images.registry``'s.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from urllib.parse import urlencode

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from gitopslab.errors import DiskFullError, ImageError
from gitopslab.forge.bodies import pieces, spooled
from gitopslab.forge.entrance import SEAL_SECONDS, Entrance, UnauthorizedError
from gitopslab.images.content import LARGEST_BLOB, Upload
from gitopslab.images.oci import LARGEST_MANIFEST
from gitopslab.images.registry.registry import Registry

_SERVICE = "container_registry"
_MOST_LISTED = 1000
_DIGEST = "docker-content-digest"
_STATUS = {
    "BLOB_UNKNOWN": 404,
    "BLOB_UPLOAD_INVALID": 400,
    "BLOB_UPLOAD_UNKNOWN": 404,
    "DENIED": 403,
    "DIGEST_INVALID": 400,
    "MANIFEST_BLOB_UNKNOWN": 404,
    "MANIFEST_INVALID": 400,
    "MANIFEST_UNKNOWN": 404,
    "NAME_INVALID": 400,
    "NAME_UNKNOWN": 404,
    "SIZE_INVALID": 413,
    "UNAUTHORIZED": 401,
    "UNAVAILABLE": 507,
    "UNSUPPORTED": 405,
}

Endpoint = Callable[[Request], Awaitable[Response]]


class RegistryServer:
    """A registry's endpoints.

    Args:
        registry: What is pushed and pulled.
        entrance: Knows who may.
    """

    def __init__(self, registry: Registry, entrance: Entrance) -> None:
        self._registry = registry
        self._entrance = entrance
        self.routes = [
            Route("/jwt/auth", self._token, methods=["GET", "POST"]),
            self._route("/v2/", {"GET": self._version}),
            self._route("/v2/_catalog", {"GET": self._catalog}),
            self._route("/v2/{name:path}/blobs/uploads/", {"POST": self._begin}, writes=True),
            self._route(
                "/v2/{name:path}/blobs/uploads/{upload}",
                {"GET": self._progress, "PATCH": self._append, "PUT": self._finish, "DELETE": self._cancel},
                writes=True,
            ),
            self._route("/v2/{name:path}/blobs/{digest}", {"GET": self._blob, "DELETE": self._delete_blob}),
            self._route(
                "/v2/{name:path}/manifests/{reference}",
                {"GET": self._manifest, "PUT": self._put_manifest, "DELETE": self._delete_manifest},
            ),
            self._route("/v2/{name:path}/tags/list", {"GET": self._tags}),
            self._route("/v2/{name:path}/referrers/{digest}", {"GET": self._referrers}),
            self._route("/v2/{rest:path}", {}),
        ]

    def _route(self, path: str, by_method: dict[str, Endpoint], *, writes: bool = False) -> Route:
        """A path whose requests are admitted first, and whose errors are told as the specification says."""

        async def answer(request: Request) -> Response:
            try:
                endpoint = by_method.get("GET" if request.method == "HEAD" else request.method)
                if endpoint is None:
                    if not by_method:
                        raise HTTPException(404, "there is nothing here")
                    raise ImageError(f"{request.method} is not supported here", code="UNSUPPORTED")
                self._admit(request, writes=writes or request.method not in ("GET", "HEAD"))
                answered = await endpoint(request)
            except UnauthorizedError:
                answered = _challenge(request, "the credentials are not good, or there are none")
            except DiskFullError as error:
                answered = _error("UNAVAILABLE", error.message)
            except ImageError as error:
                answered = _error(error.code, str(error))
            except HTTPException as error:
                code = {413: "SIZE_INVALID", 404: "NAME_UNKNOWN"}.get(error.status_code, "UNSUPPORTED")
                answered = _error(code, error.detail, error.status_code)
            answered.headers["docker-distribution-api-version"] = "registry/2.0"
            return answered

        return Route(path, answer, methods=["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"])

    def _admit(self, request: Request, *, writes: bool) -> None:
        """Let a request in.

        Raises:
            UnauthorizedError: Who it comes from is not known, or not as they say.
            ImageError: ``DENIED``: they are known, and may not do this.
        """
        visitor = self._entrance.visitor(request.headers)
        if not writes:
            return
        if not visitor.is_known:
            raise UnauthorizedError
        name = request.path_params["name"]
        if not visitor.may_push_images(name):
            raise ImageError(f"requested access to the resource is denied: {name}", code="DENIED")

    # ---- who ----

    async def _version(self, request: Request) -> Response:
        # said to whoever shows nothing, although reading is open: else `docker login` would take any password
        if "authorization" not in request.headers:
            raise UnauthorizedError
        return JSONResponse({})

    async def _token(self, request: Request) -> Response:
        """Swap credentials for a token; without any, for one that reads."""
        try:
            visitor = self._entrance.visitor(request.headers)
        except UnauthorizedError:
            return _error("UNAUTHORIZED", "HTTP Basic: Access denied. The token is not that of this forge.")
        if request.method == "POST":  # OAuth2, which some clients try first: they fall back to GET
            return _error("UNSUPPORTED", "ask with GET", 404)
        sealed = self._entrance.seal(visitor)
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return JSONResponse(
            {"token": sealed, "access_token": sealed, "expires_in": SEAL_SECONDS, "issued_at": now},
            headers={"cache-control": "no-store"},
        )

    # ---- blobs ----

    async def _blob(self, request: Request) -> Response:
        name, digest = request.path_params["name"], request.path_params["digest"]
        path = self._registry.blob(name, digest)
        headers = {_DIGEST: digest, "cache-control": "max-age=31536000", "etag": f'"{digest}"'}
        if _is_backwards(request.headers.get("range", "")):
            return Response(status_code=416, headers={"content-range": f"bytes */{path.stat().st_size}"})
        return FileResponse(path, media_type="application/octet-stream", headers=headers)

    async def _delete_blob(self, request: Request) -> Response:
        self._registry.delete_blob(request.path_params["name"], request.path_params["digest"])
        return Response(status_code=202)

    async def _begin(self, request: Request) -> Response:
        name, query = request.path_params["name"], request.query_params
        if (mounted := query.get("mount")) and self._registry.mount(name, mounted, query.get("from", "")):
            return _created_blob(name, mounted)
        upload = self._registry.begin(name)
        if "digest" in query:  # the whole blob in one request
            return await self._take(request, upload, query["digest"])
        headers = {"location": _upload_url(name, upload), "range": "0-0", "docker-upload-uuid": upload}
        return Response(status_code=202, headers=headers)

    async def _progress(self, request: Request) -> Response:
        name, called = request.path_params["name"], request.path_params["upload"]
        with self._registry.going_on(name, called) as upload:
            return Response(status_code=204, headers=_so_far(name, upload))

    async def _append(self, request: Request) -> Response:
        name, called = request.path_params["name"], request.path_params["upload"]
        with self._registry.going_on(name, called) as upload:
            if wrong := _out_of_order(request, upload):
                return Response(status_code=416, headers=_so_far(name, upload) | {"x-reason": wrong})
            async for piece in pieces(request, LARGEST_BLOB):
                upload.write(piece)
            upload.flush()
            return Response(status_code=202, headers=_so_far(name, upload))

    async def _finish(self, request: Request) -> Response:
        digest = request.query_params.get("digest", "")
        return await self._take(request, request.path_params["upload"], digest)

    async def _take(self, request: Request, called: str, digest: str) -> Response:
        """The last bytes of an upload, or all of them."""
        name = request.path_params["name"]
        with self._registry.going_on(name, called) as upload:
            if wrong := _out_of_order(request, upload):
                return Response(status_code=416, headers=_so_far(name, upload) | {"x-reason": wrong})
            async for piece in pieces(request, LARGEST_BLOB):
                upload.write(piece)
            await run_in_threadpool(self._registry.finish, name, upload, digest)  # waits for the disk
        return _created_blob(name, digest)

    async def _cancel(self, request: Request) -> Response:
        self._registry.cancel(request.path_params["name"], request.path_params["upload"])
        return Response(status_code=204)

    # ---- manifests ----

    async def _manifest(self, request: Request) -> Response:
        found, data = self._registry.manifest(request.path_params["name"], request.path_params["reference"])
        headers = {_DIGEST: found.digest, "etag": f'"{found.digest}"'}
        return Response(data, media_type=found.media_type, headers=headers)

    async def _put_manifest(self, request: Request) -> Response:
        name, reference = request.path_params["name"], request.path_params["reference"]
        async with spooled(request, LARGEST_MANIFEST) as body:
            data = body.read()
        media_type = request.headers.get("content-type", "").partition(";")[0].strip()
        digest, manifest = await run_in_threadpool(self._registry.put_manifest, name, reference, data, media_type)
        headers = {"location": f"/v2/{name}/manifests/{digest}", _DIGEST: digest}
        if manifest.subject:
            headers["oci-subject"] = manifest.subject
        return Response(status_code=201, headers=headers)

    async def _delete_manifest(self, request: Request) -> Response:
        self._registry.delete_manifest(request.path_params["name"], request.path_params["reference"])
        return Response(status_code=202)

    async def _referrers(self, request: Request) -> Response:
        wanted = request.query_params.get("artifactType", "")
        index = self._registry.referrers(request.path_params["name"], request.path_params["digest"], wanted)
        headers = {"oci-filters-applied": "artifactType"} if wanted else {}
        return JSONResponse(index, media_type=str(index["mediaType"]), headers=headers)

    # ---- lists ----

    async def _tags(self, request: Request) -> Response:
        name, (most, after) = request.path_params["name"], _page(request)
        found = self._registry.tags.tags(name, after=after, most=most + 1)
        return JSONResponse({"name": name, "tags": found[:most]}, headers=_next_page(request, found, most))

    async def _catalog(self, request: Request) -> Response:
        most, after = _page(request)
        found = self._registry.tags.repositories(after=after, most=most + 1)
        return JSONResponse({"repositories": found[:most]}, headers=_next_page(request, found, most))


def _page(request: Request) -> tuple[int, str]:
    asked = request.query_params.get("n", "")
    if asked and not asked.isdigit():
        raise HTTPException(400, f"n is a number of entries, not {asked[:40]!r}")
    return min(int(asked[:9]), _MOST_LISTED) if asked else _MOST_LISTED, request.query_params.get("last", "")


def _next_page(request: Request, found: list[str], most: int) -> dict[str, str]:
    if len(found) <= most or not most:
        return {}
    query = urlencode({"n": most, "last": found[most - 1]})
    return {"link": f'<{request.url.path}?{query}>; rel="next"'}


def _upload_url(name: str, upload: str) -> str:
    return f"/v2/{name}/blobs/uploads/{upload}"


def _so_far(name: str, upload: Upload) -> dict[str, str]:
    return {
        "location": _upload_url(name, upload.name),
        "range": f"0-{max(0, upload.size - 1)}",
        "docker-upload-uuid": upload.name,
    }


def _out_of_order(request: Request, upload: Upload) -> str:
    """Why a piece does not fit behind what has come; empty when it does."""
    told = request.headers.get("content-range", "").removeprefix("bytes ")
    if not told:
        return ""
    start, dash, end = told.partition("/")[0].partition("-")
    if not (dash and start.isdigit() and end.isdigit()):
        return "content-range is START-END"
    length = request.headers.get("content-length", "")
    if length.isdigit() and int(end) - int(start) + 1 != int(length):
        return "content-range and content-length differ"
    return "" if int(start) == upload.size else f"the next byte is {upload.size}"


def _is_backwards(asked: str) -> bool:
    """Whether a range ends before it begins."""
    start, _, end = asked.removeprefix("bytes=").partition("-")
    return start.isdigit() and end.isdigit() and int(end) < int(start)


def _created_blob(name: str, digest: str) -> Response:
    return Response(status_code=201, headers={"location": f"/v2/{name}/blobs/{digest}", _DIGEST: digest})


def _error(code: str, message: str, status: int = 0) -> Response:
    told = {"errors": [{"code": code or "UNSUPPORTED", "message": message, "detail": None}]}
    return JSONResponse(told, status or _STATUS.get(code, 400))


def _challenge(request: Request, message: str) -> Response:
    answer = _error("UNAUTHORIZED", message)
    told = f'Bearer realm="{request.url.scheme}://{request.url.netloc}/jwt/auth",service="{_SERVICE}"'
    if name := request.path_params.get("name"):
        told += f',scope="repository:{name}:pull,push"'
    answer.headers["www-authenticate"] = told
    return answer
