"""Issues the tokens of service accounts, and knows them again.

``requests`` has them issued, ``bearer`` asks whom one stands for. What makes a token worth nothing is in ``claims``.
Upstream: ``pkg/serviceaccount/jwt.go``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from gitopslab.controlplane.server.admission.attributes import Reader
from gitopslab.controlplane.server.authentication.claims import (
    PRIVATE,
    InvalidTokenError,
    caller_of,
    caller_of_secret,
)
from gitopslab.controlplane.server.options import Caller
from gitopslab.machinery import names, serviceaccounts
from gitopslab.machinery.clock import Clock
from gitopslab.machinery.jwt import Claims, SigningKey
from gitopslab.machinery.objects import Object, name_of, namespace_of, uid_of
from gitopslab.machinery.policyrules import quoted

ISSUER = "https://kubernetes.default.svc.cluster.local"
"""Who signs (kubeadm's choice); as an audience it means the API server itself."""

_MOST_KEPT = 512


@dataclass(frozen=True, slots=True)
class Binding:
    """What a token is bound to besides its account.

    Attributes:
        kind: ``pod``, ``node`` or ``secret``.
        object: That object.
        node: The node of a pod, as far as it is known.
    """

    kind: str
    object: Object
    node: Object | None = None


class AccountTokens:
    """The tokens of service accounts.

    Args:
        reader: The current objects.
        clock: The time.
        key: Signs.
        chance: Where the tokens' own ids come from.
    """

    def __init__(self, reader: Reader, clock: Clock, key: SigningKey, chance: Random) -> None:
        self._chance = chance
        self._reader = reader
        self._clock = clock
        self.key = key
        self._known: dict[str, Claims] = {}  # whose signature was good: a client shows its token again and again

    def issue(
        self, account: Object, audiences: Sequence[str], seconds: int, *, warn_after: int, bound: Binding | None
    ) -> str:
        """A token for an account.

        Args:
            account: The ServiceAccount.
            audiences: Who may accept it.
            seconds: How long it is good.
            warn_after: Seconds after which its holder should have asked for a new one; 0 when it simply expires.
            bound: What else it depends on.
        """
        now = int(self._clock.now())
        private: dict[str, Any] = {"namespace": namespace_of(account)}
        if bound is not None:
            if bound.node is not None:
                private["node"] = _reference(bound.node)
            private[bound.kind] = _reference(bound.object)
        private["serviceaccount"] = _reference(account)
        if warn_after:
            private["warnafter"] = now + warn_after
        claims = {
            "aud": list(audiences),
            "exp": now + seconds,
            "iat": now,
            "iss": ISSUER,
            "jti": names.new_uid(self._chance),
            PRIVATE: private,
            "nbf": now,
            "sub": serviceaccounts.username(namespace_of(account), name_of(account)),
        }
        return self.key.signed(claims)

    def identify(self, token: str, audiences: Sequence[str]) -> tuple[Caller, list[str]] | None:
        """Whom a token stands for, and which of ``audiences`` it is meant for.

        Returns:
            None when this cluster has not signed it.

        Raises:
            InvalidTokenError: It has, and the token is good no longer, or not for these.
        """
        claims = self._known.get(token) or self._verified(token)
        if claims is None:
            return None
        is_kept = claims.get("iss") == serviceaccounts.LEGACY_ISSUER
        meant = [ISSUER] if is_kept else list(claims["aud"])
        both = [audience for audience in meant if audience in audiences]
        if not both:
            raise InvalidTokenError(
                f"token audiences {quoted(meant)} is invalid for the target audiences {quoted(audiences)}"
            )
        if is_kept:
            return caller_of_secret(claims, token, self._reader), both
        return caller_of(claims, self._reader, self._clock.now()), both

    def _verified(self, token: str) -> Claims | None:
        claims = self.key.verified(token)
        if claims is not None:
            if len(self._known) >= _MOST_KEPT:
                self._known.clear()
            self._known[token] = claims
        return claims


def _reference(obj: Object) -> dict[str, str]:
    return {key: value for key, value in (("name", name_of(obj)), ("uid", uid_of(obj))) if value}
