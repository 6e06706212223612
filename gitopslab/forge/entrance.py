"""Who a request to the forge comes from, and what that one may do.

Projects are public: whoever reaches the loopback may read. Writing wants the learner's token, or that of a running job
for the registry of its own project, as ``CI_JOB_TOKEN``. Any user name goes with a token, as on GitLab. Registry
clients may swap it for a sealed token first (``/jwt/auth``), which is what ``docker login`` and ``docker push`` do.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass

from cryptography.fernet import Fernet, InvalidToken
from starlette.datastructures import Headers

LEARNER = "learner"
"""Whose forge this is."""

JOB_USER = "gitlab-ci-token"
"""The user name of a job, as GitLab calls it."""

SEAL_SECONDS = 3600
"""How long a sealed token is good."""

_JOB_TOKEN = "glcbt-"  # GitLab's prefix of CI job tokens


class UnauthorizedError(Exception):
    """The credentials are not good, or there are none where some are needed."""


@dataclass(frozen=True, slots=True)
class Visitor:
    """Whom a request comes from.

    Attributes:
        name: Empty for somebody without credentials.
        project: The only project that a job may write to; empty when there is no such bound.
    """

    name: str = ""
    project: str = ""

    @property
    def is_known(self) -> bool:
        """Whether there were credentials."""
        return bool(self.name)

    def may_push_images(self, repository: str) -> bool:
        """Whether images of a repository may be written."""
        return self.is_known and (not self.project or f"{repository}/".startswith(f"{self.project}/"))

    @property
    def may_push_commits(self) -> bool:
        """Whether repositories and pipelines may be changed. A job may not, as on GitLab unless it is allowed to."""
        return self.name == LEARNER


NOBODY = Visitor()


class Entrance:
    """Knows whose a token is.

    Args:
        token: The learner's.
        key: Seals tokens for registry clients.
    """

    def __init__(self, token: str, key: bytes) -> None:
        self._token = token.encode()
        self._fernet = Fernet(key)
        self._jobs: dict[str, Visitor] = {}

    def visitor(self, headers: Headers) -> Visitor:
        """Whom a request comes from.

        Raises:
            UnauthorizedError: It shows credentials that are not good.
        """
        scheme, _, value = headers.get("authorization", "").partition(" ")
        if not scheme:
            return NOBODY
        if scheme.lower() == "basic":
            return self._by_password(value.strip())
        if scheme.lower() == "bearer":
            return self._by_seal(value.strip())
        raise UnauthorizedError

    def seal(self, visitor: Visitor) -> str:
        """A token that stands for a visitor for ``SEAL_SECONDS``."""
        return self._fernet.encrypt(json.dumps(asdict(visitor)).encode()).decode()

    @contextmanager
    def job_token(self, project: str) -> Iterator[str]:
        """A token for a job of a project, good while the block runs."""
        token = _JOB_TOKEN + secrets.token_urlsafe(20)
        self._jobs[token] = Visitor(JOB_USER, project)
        try:
            yield token
        finally:
            del self._jobs[token]

    def _by_password(self, encoded: str) -> Visitor:
        try:
            user, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            raise UnauthorizedError from None
        if not user and not password:
            return NOBODY  # how some clients say that they have none
        return self._by_token(password)

    def _by_token(self, token: str) -> Visitor:
        if hmac.compare_digest(token.encode(), self._token):
            return Visitor(LEARNER)
        if token in self._jobs:
            return self._jobs[token]
        raise UnauthorizedError

    def _by_seal(self, token: str) -> Visitor:
        try:
            visitor = Visitor(**json.loads(self._fernet.decrypt(token, ttl=SEAL_SECONDS)))
        except (InvalidToken, ValueError, TypeError):
            return self._by_token(token)  # the learner's own, shown as it is
        return visitor
