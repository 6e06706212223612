"""An answer that is complete before it is sent, and how it is sent.

Called by every endpoint of this room; watches and followed logs, which have no end, send for themselves. Knows ASGI
and nothing of Kubernetes but its ``Status``.
"""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import orjson
from starlette.types import Message, Send

from gitopslab.errors import ApiError

JSON = b"application/json"
TEXT = b"text/plain; charset=utf-8"

_LARGE = 128 * 1024  # below this the real server does not compress either (``defaultGzipThresholdBytes``)
_LEVEL = 1  # its level too: the point is a shorter wait, not a smaller answer


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer.

    Attributes:
        code: HTTP status.
        body: Its bytes.
        media_type: ``Content-Type``.
        warnings: Texts that kubectl prints as ``Warning: …``.
        headers: Further headers.
    """

    code: int
    body: bytes
    media_type: bytes = JSON
    warnings: Sequence[str] = ()
    headers: tuple[tuple[bytes, bytes], ...] = ()


def line(found: Any) -> bytes:
    """JSON as Go's encoder writes it to a connection: with the end of its line."""
    return _escaped(orjson.dumps(found, option=orjson.OPT_APPEND_NEWLINE))


def _escaped(body: bytes) -> bytes:
    """JSON whose texts could stand in a page, which Go's encoder sees to; these signs are nowhere else in it."""
    if b"<" in body or b">" in body or b"&" in body:
        return body.replace(b"<", b"\\u003c").replace(b">", b"\\u003e").replace(b"&", b"\\u0026")
    return body


def of_error(error: ApiError) -> Answer:
    """The ``Status`` that tells an error."""
    return Answer(error.code, line(error.status), headers=_retry_after(error))


def of_status(code: int, details: dict[str, Any]) -> Answer:
    """The ``Status`` that tells success."""
    status = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details}
    return Answer(code, line(status))


def text(code: int, body: str) -> Answer:
    """Plain text, as the health endpoints and the router's own errors are."""
    return Answer(code, body.encode(), TEXT, headers=((b"x-content-type-options", b"nosniff"),))


NOT_FOUND = text(404, "404 page not found\n")
"""What the real server's router says of a path nobody registered; clients word it for themselves."""


UNAVAILABLE = text(503, "service unavailable\n")
"""What is said for a server that was registered for a group and cannot be reached."""


async def send_answer(send: Send, answer: Answer, headers: dict[bytes, bytes]) -> None:
    """Send an answer; ``headers`` are the request's, which say whether it may be compressed."""
    body = answer.body
    fields = [(b"content-type", answer.media_type), *answer.headers]
    fields.extend(warning_headers(answer.warnings))
    if len(body) > _LARGE and b"gzip" in headers.get(b"accept-encoding", b""):
        body = gzip.compress(body, _LEVEL)
        fields += ((b"content-encoding", b"gzip"), (b"vary", b"Accept-Encoding"))
    fields.append((b"content-length", b"%d" % len(body)))
    await send({"type": "http.response.start", "status": answer.code, "headers": fields})
    await send({"type": "http.response.body", "body": body})


def for_people(answer: Answer) -> Answer:
    """The same JSON on many lines, as the real server sends it to browsers and ``curl``."""
    if answer.media_type != JSON or not answer.body:
        return answer
    return replace(answer, body=_escaped(orjson.dumps(orjson.loads(answer.body), option=orjson.OPT_INDENT_2)))


def refusing(send: Send) -> Send:
    """A ``send`` that answers a request for a WebSocket instead of opening it."""

    async def refuse(message: Message) -> None:
        await send({**message, "type": f"websocket.{message['type']}"})

    return refuse


def warning_headers(warnings: Sequence[str]) -> list[tuple[bytes, bytes]]:
    """``Warning: 299 - "text"`` for each different text (RFC 7234, as the API server writes it)."""
    return [(b"warning", f'299 - "{_quoted(warning)}"'.encode()) for warning in dict.fromkeys(warnings)]


def _quoted(warning: str) -> str:
    printable = "".join(letter if letter.isprintable() else " " for letter in warning)
    return printable.replace("\\", "\\\\").replace('"', '\\"')


def _retry_after(error: ApiError) -> tuple[tuple[bytes, bytes], ...]:
    seconds = error.details.get("retryAfterSeconds")
    return ((b"retry-after", b"%d" % seconds),) if seconds else ()
