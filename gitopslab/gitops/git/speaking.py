"""A conversation with a repository elsewhere, over HTTP, and what can go wrong in one.

``remote`` asks for what it needs in it. Errors are worded as Flux's Git client (go-git) words them.

Simplified: nothing is read over SSH, Git's own protocol or from a folder; go-git does that, too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlsplit

from dulwich.client import Urllib3HttpGitClient
from dulwich.errors import GitProtocolError, HangupException

from gitopslab.errors import GitError
from gitopslab.gitops.dialling import reason

if TYPE_CHECKING:
    from dulwich.client import HTTPResponse

_REFUSALS = {401: "authentication required", 403: "authorization failed", 404: "repository not found"}
_MOST_WORDS = 2000  # of what a server says when it refuses


class NoRepositoryError(GitError):
    """There is no repository at an address."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a repository is, and how to show who asks.

    Attributes:
        url: ``http://…`` or ``https://…``.
        user: Of HTTP Basic; empty for nobody.
        password: Its password or token.
        timeout: Seconds that each request may take.
    """

    url: str
    user: str = ""
    password: str = ""
    timeout: float = 60.0


class Speaking:
    """A conversation with a repository; what goes wrong in it is a ``GitError``."""

    def __init__(self, address: Address) -> None:
        import urllib3

        self._address = address
        parts = _parts(address.url)
        self._client = _Client(
            f"{parts.scheme}://{parts.netloc}",
            pool_manager=urllib3.PoolManager(retries=False, timeout=address.timeout),
            username=address.user or None,
            password=address.password or None,
            timeout=address.timeout,
            quiet=True,
        )

    def __enter__(self) -> Urllib3HttpGitClient:
        return self._client

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        self._client.close()
        if error is None or isinstance(error, GitError):
            return
        if isinstance(error, (GitProtocolError, HangupException, OSError)):
            url = self._address.url
            raise GitError(f'Get "{url}/info/refs?service=git-upload-pack": {reason(url, error)}') from error


class _Client(Urllib3HttpGitClient):
    """A client that hands on what a server says when it refuses."""

    def _http_request(
        self,
        url: str,
        headers: dict[str, str] | None = None,
        data: bytes | Iterator[bytes] | None = None,
        raise_for_status: bool = True,
    ) -> tuple[HTTPResponse, Callable[[int], bytes]]:
        response, read = super()._http_request(url, headers, data, raise_for_status=False)
        if raise_for_status and response.status >= 300:
            raise _refused(url, response.status, read(_MOST_WORDS).decode(errors="replace"))
        return response, read


def _refused(url: str, status: int, said: str) -> GitError:
    if status not in _REFUSALS:
        return GitError(f'unexpected client error: unexpected requesting "{url}" status code: {status}')
    return (NoRepositoryError if status == 404 else GitError)(f"{_REFUSALS[status]}: {said}")


def _parts(url: str) -> SplitResult:
    """The parts of a URL that can be read, which a commit may have named.

    Raises:
        GitError: It cannot.
    """
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise GitError(f'parse "{url}": {error}') from error
    if parts.scheme not in ("http", "https"):
        scheme = parts.scheme or ("ssh" if ":" in url else "file")
        raise GitError(f'unsupported scheme "{scheme}"')
    return parts


def path_of(address: Address) -> str:
    """Where a repository is on its server."""
    return urlsplit(address.url).path
