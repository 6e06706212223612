"""Sends to providers what they are told, and once more, later and later, where one does not answer.

Source: ``notification-controller``'s ``notifier/client.go``, which has retryablehttp do it.
"""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from http.client import HTTPException

from gitopslab.gitops.dialling import reason
from gitopslab.gitops.flux.notification import Post
from gitopslab.machinery.objects import Object

_MOST_TRIES = 5
_FIRST_DELAY, _LONGEST_DELAY = 2.0, 30.0
_NOT_IMPLEMENTED, _TOO_MANY, _SERVERS_FAULT = 501, 429, 500
_MOST_WORDS = 4096
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
        tries: How often it was tried.
    """

    alert: Object
    post: Post
    due: float
    end: float
    tries: int = 0

    def heard(self, answer: Answer, now: float) -> str | None:
        """Take an answer in: what went wrong for good, empty when it has arrived, None when it is tried again."""
        self.tries += 1
        if not answer.trouble or answer.is_final:
            return answer.trouble
        if self.tries >= _MOST_TRIES:
            why = "" if answer.trouble.startswith("request") else f": {answer.trouble}"
            return f"failed to execute request: POST {self.post.url} giving up after {self.tries} attempt(s){why}"
        self.due = now + min(_FIRST_DELAY * 2.0 ** (self.tries - 1), _LONGEST_DELAY)
        return None


def sent(posts: Sequence[tuple[Post, float]]) -> list[Answer]:
    """Send messages, each with the seconds that it may take."""
    return [_sent(post, timeout) for post, timeout in posts]


def _sent(post: Post, timeout: float) -> Answer:
    request = urllib.request.Request(post.url, post.body, dict(post.headers), method="POST")
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=timeout):
            return Answer()
    except urllib.error.HTTPError as error:
        passes = error.code == _TOO_MANY or (error.code >= _SERVERS_FAULT and error.code != _NOT_IMPLEMENTED)
        said = error.read(_MOST_WORDS).decode(errors="replace")
        return Answer(f"request failed: request failed with status code {error.code}: {said}", is_final=not passes)
    except (OSError, HTTPException, ValueError) as error:
        return Answer(f'Post "{post.url}": {reason(post.url, getattr(error, "reason", error))}', is_final=False)
