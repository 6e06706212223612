"""Sends to providers what they are told, and once more, later and later, where one does not answer.

Source: ``notification-controller``'s ``notifier/client.go``, which has retryablehttp do it; ``fluxcd/pkg/masktoken``.
"""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any
from urllib.parse import urlsplit
from urllib.request import Request

from gitopslab.gitops.dialling import reason
from gitopslab.gitops.flux.notification import Post
from gitopslab.machinery.objects import Object

_MOST_TRIES = 5
_FIRST_DELAY, _LONGEST_DELAY = 2.0, 30.0
_NOT_IMPLEMENTED, _TOO_MANY, _SERVERS_FAULT = 501, 429, 500
_MOST_WORDS = 4096
_MASK = "*****"
LATE = "failed to execute request: context deadline exceeded"
"""What is said of a provider that does not answer in its time."""


@dataclass(frozen=True, slots=True)
class Answer:
    """How a try went.

    Attributes:
        trouble: What went wrong; empty for nothing.
        is_final: Whether another try is of no use.
    """

    trouble: str = ""
    is_final: bool = True


@dataclass(slots=True)
class Delivery:
    """A message on its way to one provider.

    Attributes:
        alert: Who wants it sent.
        post: The message.
        due: When it is tried next, in seconds since the epoch.
        end: When it is given up.
        token: Of the provider, which must not be told of when something goes wrong; empty for none.
        tries: How often it was tried.
    """

    alert: Object
    post: Post
    due: float
    end: float
    token: str = ""
    tries: int = 0

    def heard(self, answer: Answer, now: float) -> str | None:
        """Take an answer in: what went wrong for good, empty when it has arrived, None when it is tried again."""
        trouble = self._trouble(answer, now)
        return trouble.replace(self.token, _MASK) if trouble and self.token else trouble

    def _trouble(self, answer: Answer, now: float) -> str | None:
        self.tries += 1
        if not answer.trouble or answer.is_final:
            return answer.trouble
        if self.tries >= _MOST_TRIES:
            why = "" if answer.trouble.startswith("request") else f": {answer.trouble}"
            return f"failed to execute request: POST {self.post.url} giving up after {self.tries} attempt(s){why}"
        self.due = now + min(_FIRST_DELAY * 2.0 ** (self.tries - 1), _LONGEST_DELAY)
        return None


class _Onwards(urllib.request.HTTPRedirectHandler):
    """Goes where a provider sends us, and shows its token to no other host, as Go's client does not."""

    def redirect_request(self, req: Request, *answer: Any) -> Request | None:
        """The request that follows one."""
        found = super().redirect_request(req, *answer)
        if found is not None and urlsplit(found.full_url).hostname != urlsplit(req.full_url).hostname:
            found.remove_header("Authorization")
        return found


def sent(posts: Sequence[tuple[Post, float]]) -> list[Answer]:
    """Send messages, each with the seconds that it may take."""
    return [_sent(post, timeout) for post, timeout in posts]


def _sent(post: Post, timeout: float) -> Answer:
    request = Request(post.url, post.body, dict(post.headers), method="POST")
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _Onwards)
    try:
        with opener.open(request, timeout=timeout):
            return Answer()
    except urllib.error.HTTPError as error:
        passes = error.code == _TOO_MANY or (error.code >= _SERVERS_FAULT and error.code != _NOT_IMPLEMENTED)
        said = error.read(_MOST_WORDS).decode(errors="replace")
        return Answer(f"request failed: request failed with status code {error.code}: {said}", is_final=not passes)
    except (OSError, HTTPException, ValueError) as error:
        return Answer(f'Post "{post.url}": {reason(post.url, getattr(error, "reason", error))}', is_final=False)
