"""What service accounts are called as users, and the tokens that Secrets hold for them.

Pure. Authentication, authorization and the token controller share these words. Upstream:
``apiserver/pkg/authentication/serviceaccount`` and ``pkg/serviceaccount/legacy.go``.
"""

from __future__ import annotations

from typing import Any

from gitopslab.machinery.objects import Object, annotations_of, name_of, namespace_of, uid_of

GROUP = "system:serviceaccounts"
"""The group of every service account."""

TOKEN_TYPE = "kubernetes.io/service-account-token"
"""The ``type`` of Secrets that hold a token."""

NAME_ANNOTATION = "kubernetes.io/service-account.name"
UID_ANNOTATION = "kubernetes.io/service-account.uid"

LEGACY_ISSUER = "kubernetes/serviceaccount"
_LEGACY_CLAIM = "kubernetes.io/serviceaccount"


def username(namespace: str, name: str) -> str:
    """``system:serviceaccount:NAMESPACE:NAME``."""
    return f"system:serviceaccount:{namespace}:{name}"


def groups(namespace: str) -> tuple[str, str]:
    """The groups of a namespace's service accounts."""
    return GROUP, f"{GROUP}:{namespace}"


def is_token_of(secret: Object, account: Object) -> bool:
    """Whether a Secret holds a token of this very account."""
    notes = annotations_of(secret)
    return (
        secret.get("type") == TOKEN_TYPE
        and namespace_of(secret) == namespace_of(account)
        and notes.get(NAME_ANNOTATION) == name_of(account)
        and notes.get(UID_ANNOTATION) in (None, "", uid_of(account))
    )


def secret_claims(account: Object, secret: Object) -> dict[str, Any]:
    """What the token in a Secret says; it never expires."""
    namespace, name = namespace_of(account), name_of(account)
    return {
        "iss": LEGACY_ISSUER,
        f"{_LEGACY_CLAIM}/namespace": namespace,
        f"{_LEGACY_CLAIM}/secret.name": name_of(secret),
        f"{_LEGACY_CLAIM}/service-account.name": name,
        f"{_LEGACY_CLAIM}/service-account.uid": uid_of(account),
        "sub": username(namespace, name),
    }


def secret_claim(claims: dict[str, Any], field: str) -> str:
    """One of the claims of ``secret_claims``, as in ``secret.name``; empty when it is missing."""
    value = claims.get(f"{_LEGACY_CLAIM}/{field}")
    return value if isinstance(value, str) else ""
