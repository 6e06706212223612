"""Whom a bearer token stands for, whatever kind of token it is.

The HTTP room asks for every request that carries one, TokenReview for one that somebody else was shown. The daemon
makes the administrator's token known. Upstream: ``apiserver/pkg/authentication/request/bearertoken``.
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence

from gitopslab.controlplane.server.authentication.accounts import ISSUER, AccountTokens
from gitopslab.controlplane.server.authentication.claims import InvalidTokenError
from gitopslab.controlplane.server.options import Caller

API = (ISSUER,)
"""The audiences that mean the API server."""

_UNKNOWN = "invalid bearer token"


class BearerTokens:
    """Every token the server accepts.

    Args:
        accounts: The tokens of service accounts.
    """

    def __init__(self, accounts: AccountTokens) -> None:
        self._accounts = accounts
        self._known: list[tuple[bytes, Caller]] = []

    def know(self, token: str, caller: Caller) -> None:
        """Accept a token that is no service account's."""
        self._known.append((token.encode(), caller))

    def identify(self, token: bytes, audiences: Sequence[str] = API) -> tuple[Caller, Sequence[str]]:
        """Whom a token stands for, and which of ``audiences`` it is meant for.

        Raises:
            InvalidTokenError: For nobody, or no longer.
        """
        for known, caller in self._known:
            if hmac.compare_digest(token, known):  # compared in constant time: how far one guessed cannot be measured
                return caller, audiences
        try:
            found = self._accounts.identify(token.decode(), audiences)
        except UnicodeDecodeError:
            found = None
        except InvalidTokenError as error:
            raise InvalidTokenError(f"[{_UNKNOWN}, {error}]") from error
        if found is None:
            raise InvalidTokenError(_UNKNOWN)
        return found
