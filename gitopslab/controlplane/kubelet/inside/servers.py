"""What listens in a simulated container: a web server that answers from the container's files, or somebody silent.

``room`` opens a connection for port-forward and for the proxy subresource. HTTP itself is ``h11``'s
business. Implements ``runtime.streams.Connection``.

Simplified: nothing of the image runs. Images that ``images.yaml`` calls web servers, and images nobody knows, answer
HTTP: files of the server's folder, or a page that names the pod and the image. Any other server (a database, say) takes
a connection and hangs up when it is spoken to.
"""

from __future__ import annotations

import asyncio
import html
import mimetypes
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import unquote

import h11

from gitopslab.controlplane.kubelet.images import table

_MOST_WAITING = 1024 * 1024  # bytes of answers that wait to be read
_LARGEST_REQUEST = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Site:
    """What a web server answers from.

    Attributes:
        pod: Its pod's name.
        namespace: Of the pod.
        image: As the pod names it.
        address: The pod's.
        root: The folder of its files; empty when it serves none.
        echoes: Whether it answers with the request itself.
        files: The container's files.
    """

    pod: str
    namespace: str
    image: str
    address: str
    root: str
    echoes: bool
    files: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer."""

    code: int
    media_type: str
    body: bytes


def reply_to(site: Site, request: h11.Request) -> Reply:
    """What the server answers to a request."""
    path = unquote(request.target.decode("latin-1").partition("?")[0])
    if any(word in path.lower() for word in table()["unserved"]):
        return _not_found()
    if site.echoes:
        return Reply(200, "text/plain; charset=utf-8", _echoed(site, request).encode())
    if not site.root:
        return Reply(200, "text/html", page(site).encode())
    name = site.root + path + ("index.html" if path.endswith("/") else "")
    if name not in site.files:
        return _not_found()
    media_type = mimetypes.guess_type(name)[0] or "application/octet-stream"
    return Reply(200, media_type, site.files[name].encode("utf-8", "surrogateescape"))


def page(site: Site) -> str:
    """Simplified: the page says who answers; a real image has a page of its own, the same in every pod."""
    name = html.escape(site.image.rpartition("/")[2].partition(":")[0].partition("@")[0])
    said = f"pod {site.pod}, namespace {site.namespace}, address {site.address}, image {site.image}"
    title = f"Welcome to {name}!"
    head = f"<!DOCTYPE html>\n<html>\n<head><title>{title}</title></head>\n"
    return f"{head}<body>\n<h1>{title}</h1>\n<p>This is {html.escape(said)}.</p>\n</body>\n</html>\n"


def _echoed(site: Site, request: h11.Request) -> str:
    lines = [f"Hostname: {site.pod}", f"IP: {site.address}", "RemoteAddr: 127.0.0.1"]
    lines.append(f"{request.method.decode()} {request.target.decode('latin-1')} HTTP/1.1")
    lines += [f"{name.decode().title()}: {value.decode('latin-1')}" for name, value in request.headers]
    return "\n".join(lines) + "\n"


def _not_found() -> Reply:
    text = "<html>\n<head><title>404 Not Found</title></head>\n<body>\n<h1>404 Not Found</h1>\n</body>\n</html>\n"
    return Reply(404, "text/html", text.encode())


class HttpConnection:
    """A connection to a web server.

    Args:
        answer: Answers a request.
    """

    def __init__(self, answer: Callable[[h11.Request], Reply]) -> None:
        self._answer = answer
        self._http = h11.Connection(h11.SERVER)
        self._request: h11.Request | None = None
        self._waiting = bytearray()
        self._received = 0
        self._over = False
        self._changed = asyncio.Event()

    async def read(self) -> bytes:
        """The next piece of answers."""
        while not self._waiting and not self._over:
            await self._change()
        piece = bytes(self._waiting)
        self._waiting.clear()
        self._changed.set()
        return piece

    async def write(self, data: bytes) -> None:
        """Send a piece of a request."""
        while len(self._waiting) > _MOST_WAITING and not self._over:
            await self._change()
        self._take(data)

    def end_input(self) -> None:
        """No more requests will come."""
        self._take(b"")

    async def close(self) -> None:
        """Hang up."""
        self._over = True
        self._changed.set()

    def _take(self, data: bytes) -> None:
        if self._over:
            return
        self._received += len(data)
        try:
            self._http.receive_data(data)
            while not self._over and (event := self._http.next_event()) not in (h11.NEED_DATA, h11.PAUSED):
                self._handle(event)
        except h11.RemoteProtocolError as error:
            self._refuse(error.error_status_hint)
        if self._received > _LARGEST_REQUEST:
            self._refuse(413)
        self._over = self._over or self._http.our_state in (h11.CLOSED, h11.MUST_CLOSE, h11.ERROR)
        self._changed.set()

    def _handle(self, event: object) -> None:
        if isinstance(event, h11.Request):
            self._request = event
        elif isinstance(event, h11.EndOfMessage) and self._request is not None:
            self._send(self._answer(self._request), is_head=self._request.method == b"HEAD")
            self._received = 0
            if self._http.our_state is h11.DONE and self._http.their_state is h11.DONE:
                self._http.start_next_cycle()
        elif isinstance(event, h11.ConnectionClosed):
            self._over = True

    def _send(self, reply: Reply, *, is_head: bool = False) -> None:
        headers = [("content-type", reply.media_type), ("content-length", str(len(reply.body)))]
        self._put(h11.Response(status_code=reply.code, headers=headers, reason=_REASONS.get(reply.code, b"")))
        if not is_head:
            self._put(h11.Data(data=reply.body))
        self._put(h11.EndOfMessage())

    def _refuse(self, code: int) -> None:
        if self._http.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            self._put(h11.Response(status_code=code, headers=[("connection", "close"), ("content-length", "0")]))
            self._put(h11.EndOfMessage())
        self._over = True

    def _put(self, event: h11.Event) -> None:
        self._waiting += self._http.send(event) or b""

    async def _change(self) -> None:
        self._changed.clear()
        await self._changed.wait()


_REASONS: Mapping[int, bytes] = {200: b"OK", 404: b"Not Found"}


class SilentConnection:
    """A connection to a server that does not speak HTTP: it says nothing, and hangs up when it is spoken to."""

    def __init__(self) -> None:
        self._over = asyncio.Event()

    async def read(self) -> bytes:
        """Nothing, when it has hung up."""
        await self._over.wait()
        return b""

    async def write(self, data: bytes) -> None:
        """Speak to it."""
        self._over.set()

    def end_input(self) -> None:
        """Say that nothing will come."""
        self._over.set()

    async def close(self) -> None:
        """Hang up."""
        self._over.set()


def folders_of(root: str) -> Iterable[str]:
    """The folders that a web server's image has for its files, the outermost first."""
    parts = root.strip("/").split("/") if root else []
    return ("/" + "/".join(parts[:depth]) + "/" for depth in range(1, len(parts) + 1))
