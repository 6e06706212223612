"""Answers a registry's challenge: Basic, or a token from the server it names.

``registry`` asks for the ``Authorization`` header of each request, and shows the challenge when one was refused.
Source: the distribution project's token authentication specification, and RFC 7235.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from urllib.parse import urlencode, urlsplit

import urllib3

from gitopslab.errors import ImageError
from gitopslab.images.client.credentials import Login
from gitopslab.images.reference import Reference

_PARAMETER = re.compile(r'([a-zA-Z_]+)="([^"]*)"')
_LARGEST_ANSWER = 2**20


class Authentication:
    """Who we are at one registry.

    Args:
        pool: Makes requests.
        host: The registry.
        login: Ours there; None for reading what is public.
    """

    def __init__(self, pool: urllib3.PoolManager, host: str, login: Login | None) -> None:
        self._pool = pool
        self._host = host
        self._login = login
        self._header = ""

    def headers(self) -> Mapping[str, str]:
        """What goes with a request."""
        return {"Authorization": self._header} if self._header else {}

    def answer(self, challenge: str) -> bool:
        """Prepare for a challenge; gives whether there is now something else to show.

        Args:
            challenge: The ``WWW-Authenticate`` header.

        Raises:
            ImageError: ``UNAUTHORIZED``: the token server refuses the login.
        """
        before = self._header
        scheme, _, rest = challenge.partition(" ")
        if scheme.lower() == "basic" and self._login is not None:
            self._header = f"Basic {self._login.basic}"
        elif scheme.lower() == "bearer":
            self._header = f"Bearer {self._token(dict(_PARAMETER.findall(rest)))}"
        return self._header != before

    def _token(self, parameters: Mapping[str, str]) -> str:
        realm = parameters.get("realm", "")
        _check_realm(realm, self._host)
        query = urlencode({name: parameters[name] for name in ("service", "scope") if name in parameters})
        headers = {"Authorization": f"Basic {self._login.basic}"} if self._login is not None else {}
        with self._pool.request("GET", f"{realm}?{query}", headers=headers, preload_content=False) as answer:
            data = answer.read(_LARGEST_ANSWER)
        if answer.status != 200:
            raise refused(self._host, said_by(data))
        try:
            told = json.loads(data)
            return str(told.get("token") or told["access_token"])
        except (ValueError, KeyError, AttributeError) as error:
            raise ImageError(f"The token server of {self._host} gave no token", "Try again later.") from error


def _check_realm(realm: str, host: str) -> None:
    """A password goes only where nobody can listen: over TLS, or to this machine."""
    parts = urlsplit(realm)
    is_safe = parts.scheme == "https" or (parts.scheme == "http" and Reference(parts.netloc, "").is_loopback)
    if not is_safe:
        message = f"{host} wants the login sent to {realm[:100]!r}, where it could be read on the way"
        raise ImageError(message, "Use a registry with TLS.", code="UNAUTHORIZED")


def refused(host: str, said: str) -> ImageError:
    """What is said of a registry that does not let us in."""
    hint = f"Log in first: docker login {host}. A password or token may have expired."
    return ImageError(f"unauthorized: {said or 'authentication required'}", hint, code="UNAUTHORIZED")


def said_by(data: bytes) -> str:
    """The message in a registry's error; empty when there is none."""
    try:
        told = json.loads(data)
        first = told["errors"][0]
        return str(first.get("message") or first.get("code") or "")
    except (ValueError, KeyError, TypeError, IndexError, AttributeError):
        return ""
