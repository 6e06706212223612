"""Reads the body of a request, never more than the real API server would, and tells patches apart.

Called by ``resources``. What the bytes of an object mean is ``server.decode``'s, what a patch does
``server.patches``'.
"""

from __future__ import annotations

from typing import Any

from starlette.types import Receive

from gitopslab.controlplane.http.security import Headers
from gitopslab.controlplane.runtime.api import PatchType
from gitopslab.controlplane.server.decode import unsupported_media_type
from gitopslab.controlplane.server.wire import SyntaxFaultError, from_json, from_yaml
from gitopslab.errors import ApiError, bad_request
from gitopslab.machinery.kinds import Resource

LIMIT = 3 * 1024 * 1024
"""``MaxRequestBodyBytes`` of the real server."""

_PATCHES: dict[str, PatchType] = {
    "application/json-patch+json": "json",
    "application/merge-patch+json": "merge",
    "application/strategic-merge-patch+json": "strategic",
    "application/apply-patch+yaml": "apply",
}
_SYNTAX = {"json": "", "merge": "error decoding patch: ", "strategic": "", "apply": "error decoding YAML: "}


async def read_body(receive: Receive, headers: Headers) -> bytes:
    """The whole body.

    Raises:
        ApiError: 413 when it is larger than the limit, told before it is read where the length is known.
    """
    announced = headers.get(b"content-length", b"")
    if announced.isdigit() and int(announced) > LIMIT:
        raise _too_large()
    message = await receive()
    body: bytes = message.get("body", b"")
    while message.get("more_body"):
        message = await receive()
        body += message.get("body", b"")
        if len(body) > LIMIT:
            raise _too_large()
    return body


def _too_large() -> ApiError:
    return ApiError(413, "RequestEntityTooLarge", f"Request entity too large: limit is {LIMIT}")


def patch_type(resource: Resource, content_type: str) -> PatchType:
    """Which of the four kinds of patch a body is.

    Raises:
        ApiError: 415 for another content type; custom resources know no strategic merge.
    """
    accepted = {media: kind for media, kind in _PATCHES.items() if not (resource.custom and kind == "strategic")}
    found = accepted.get(content_type.partition(";")[0].strip().lower())
    if found is None:
        raise unsupported_media_type(tuple(accepted))
    return found


def read_patch(body: bytes, kind: PatchType, field_validation: str) -> tuple[Any, list[str]]:
    """The patch as a value, and warnings.

    Raises:
        ApiError: 400 when it is not JSON (or, for apply, YAML), or repeats a key and validation is strict.
    """
    try:
        if kind != "apply":
            return from_json(body), []
        value, notes = from_yaml(body)
    except SyntaxFaultError as error:
        raise bad_request(f"{_SYNTAX[kind]}{error}") from error
    if notes and field_validation == "Strict":
        raise bad_request(f"error strict decoding YAML: {'; '.join(notes)}")
    return value, notes if field_validation == "Warn" else []
