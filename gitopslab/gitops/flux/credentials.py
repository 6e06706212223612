"""The Secret that a source names, as credentials for HTTP."""

from __future__ import annotations

import base64
from dataclasses import dataclass

from gitopslab.controlplane.runtime.api import Api
from gitopslab.errors import ApiError, GitError
from gitopslab.machinery.objects import Object, namespace_of


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who asks; both empty for nobody."""

    user: str = ""
    password: str = ""


def credentials_of(api: Api, obj: Object) -> Credentials:
    """What ``spec.secretRef`` of a source leads to: ``username`` and ``password``, or a ``bearerToken``.

    Raises:
        GitError: The Secret cannot be read.
    """
    name = (obj["spec"].get("secretRef") or {}).get("name")
    if not name:
        return Credentials()
    namespace = namespace_of(obj)
    try:
        data = api.get("secrets", name, namespace).get("data") or {}
    except ApiError as error:
        raise GitError(f"failed to get secret '{namespace}/{name}': {error.message}") from error
    read = {key: base64.b64decode(value).decode(errors="replace") for key, value in data.items()}
    if "bearerToken" in read:
        return Credentials("oauth2", read["bearerToken"])
    return Credentials(read.get("username", ""), read.get("password", ""))
