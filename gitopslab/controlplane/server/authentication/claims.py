"""Whether what a token claims is still so, and whom it then stands for.

Called by ``accounts`` with claims whose signature is good. There are two forms: those of the ``token`` subresource,
bound to what they name and short-lived, and those kept in Secrets, which live as long as the Secret. Upstream:
``pkg/serviceaccount/claims.go`` and ``legacy.go``, whose words the refusals are.
"""

from __future__ import annotations

import hmac
from base64 import b64decode
from collections.abc import Iterator, Mapping
from typing import Any

from gitopslab.controlplane.server.admission.attributes import Reader
from gitopslab.controlplane.server.options import Caller, Extra
from gitopslab.machinery import serviceaccounts
from gitopslab.machinery.clock import seconds_of
from gitopslab.machinery.jwt import Claims
from gitopslab.machinery.objects import Object, labels_of, uid_of

PRIVATE = "kubernetes.io"
"""The claim that holds what Kubernetes adds to the standard ones."""

_EXTRA = "authentication.kubernetes.io"
_LEEWAY = 60  # seconds that clocks may differ, and that tokens outlive a deletion (go-jose's ``DefaultLeeway``)
_INVALID_SINCE = "kubernetes.io/legacy-token-invalid-since"
_GONE = "service account token has been invalidated"


class InvalidTokenError(ValueError):
    """A token is not accepted; the message is the API server's, for reviews only: a refused request says nothing."""


def caller_of(claims: Claims, reader: Reader, now: float) -> Caller:
    """Whom a token of the ``token`` subresource stands for.

    Raises:
        InvalidTokenError: It has expired, or something it names is gone.
    """
    if now > claims["exp"] + _LEEWAY:
        raise InvalidTokenError("service account token has expired")
    if now < claims["nbf"] - _LEEWAY:
        raise InvalidTokenError("service account token is not valid yet")
    private: Mapping[str, Any] = claims[PRIVATE]
    namespace, account = private["namespace"], private["serviceaccount"]
    found = _account(reader, namespace, account["name"])
    _check_same(found, account["uid"], "service account UID ({}) does not match claim ({})")
    if _is_long_gone(found, now):
        raise InvalidTokenError(f"service account {namespace}/{account['name']} has been deleted")
    for kind in _bound_to(private):
        _check_bound(reader, kind, "" if kind == "node" else namespace, private[kind], now)
    return _caller(namespace, account["name"], account["uid"], _extra(claims))


def caller_of_secret(claims: Claims, token: str, reader: Reader) -> Caller:
    """Whom a token kept in a Secret stands for.

    Raises:
        InvalidTokenError: The Secret is gone or holds another token, or its account is gone.
    """
    fields = ("namespace", "secret.name", "service-account.name", "service-account.uid")
    namespace, kept_in, name, uid = (serviceaccounts.secret_claim(claims, field) for field in fields)
    secret = reader.find("secrets", namespace, kept_in)
    if secret is None or "deletionTimestamp" in secret["metadata"]:
        raise InvalidTokenError("Token has been invalidated")
    if not hmac.compare_digest(b64decode((secret.get("data") or {}).get("token", "")), token.encode()):
        raise InvalidTokenError("Token does not match server's copy")
    account = _account(reader, namespace, name)
    if "deletionTimestamp" in account["metadata"]:
        raise InvalidTokenError(f"ServiceAccount {namespace}/{name} has been deleted")
    _check_same(account, uid, "ServiceAccount UID ({}) does not match claim ({})")
    if _INVALID_SINCE in labels_of(secret):
        raise InvalidTokenError(
            f"the token in secret {namespace}/{kept_in} for service account {namespace}/{name} has been marked invalid"
        )
    return _caller(namespace, name, uid, ())


def _caller(namespace: str, name: str, uid: str, extra: Extra) -> Caller:
    groups = (*serviceaccounts.groups(namespace), "system:authenticated")
    return Caller(serviceaccounts.username(namespace, name), groups, uid=uid, extra=extra)


def _bound_to(private: Mapping[str, Any]) -> Iterator[str]:
    """What must still be there; the node of a pod is only told, not insisted on."""
    yield from (kind for kind in ("secret", "pod") if kind in private)
    if "node" in private and "pod" not in private:
        yield "node"


def _check_bound(reader: Reader, kind: str, namespace: str, reference: Mapping[str, str], now: float) -> None:
    found = reader.find(f"{kind}s", namespace, reference["name"])
    if found is None:
        raise InvalidTokenError(_GONE)
    shown = kind.capitalize() if kind != "pod" else "pod"
    _check_same(found, reference["uid"], f"{shown} UID ({{}}) does not match service account {kind} ref claim ({{}})")
    if _is_long_gone(found, now):
        raise InvalidTokenError(_GONE)


def _extra(claims: Claims) -> Extra:
    private = claims[PRIVATE]
    facts = {"credential-id": f"JTI={claims['jti']}"}
    for kind in ("node", "pod"):
        if kind in private:
            facts |= {f"{kind}-{field}": private[kind].get(field, "") for field in ("name", "uid")}
    return tuple((f"{_EXTRA}/{key}", (value,)) for key, value in facts.items() if value)


def _account(reader: Reader, namespace: str, name: str) -> Object:
    found = reader.find("serviceaccounts", namespace, name)
    if found is None:
        raise InvalidTokenError(f'serviceaccounts "{name}" not found')
    return found


def _check_same(found: Object, uid: str, message: str) -> None:
    if uid_of(found) != uid:
        raise InvalidTokenError(message.format(uid_of(found), uid))


def _is_long_gone(obj: Object, now: float) -> bool:
    deleted = obj["metadata"].get("deletionTimestamp")
    return bool(deleted) and seconds_of(deleted) < now - _LEEWAY
