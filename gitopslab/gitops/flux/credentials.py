"""The Secret that a source names, as credentials for HTTP: its own user and password, or a Docker login."""

from __future__ import annotations

import base64
import json
from contextlib import suppress
from dataclasses import dataclass

from gitopslab.controlplane.runtime.api import Api
from gitopslab.errors import ApiError, GitError
from gitopslab.machinery.objects import Object, namespace_of


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who asks; both empty for nobody."""

    user: str = ""
    password: str = ""


def check(credentials: Credentials, url: str) -> None:
    """Refuse what no Git repository is asked with.

    Simplified: repositories are not read over SSH, whatever keys there are.

    Raises:
        GitError: There is a password without a name, or the repository is reached over SSH.
    """
    scheme, why = url.partition(":")[0], ""
    if scheme == "ssh":
        why = "'identity' is required"
    elif credentials.password and not credentials.user:
        why = "'password' requires 'username' to be set"
    if why:
        raise GitError(f"failed to configure authentication options: invalid '{scheme}' auth option: {why}")


def check_signing(api: Api, automation: Object) -> None:
    """Refuse to make commits that are to be signed.

    Simplified: commits are not signed (``git.commit.signingKey``), whatever key there is.

    Raises:
        GitError: A key is named.
    """
    key = automation["spec"]["git"]["commit"].get("signingKey")
    if not key:
        return
    name, field = key["secretRef"]["name"], "identity" if key.get("type") == "ssh" else "git.asc"
    try:
        data = api.get("secrets", name, namespace_of(automation)).get("data") or {}
    except ApiError as error:
        raise GitError(f"could not find signing key secret '{name}': {error.message}") from error
    if field not in data:
        article = "an" if field == "identity" else "a"
        raise GitError(f"signing key secret '{name}' does not contain {article} '{field}' key")
    what = "parse SSH signing key" if field == "identity" else "read signing key"
    raise GitError(f"could not {what} from secret '{name}': the lab signs no commits")


def credentials_of(api: Api, obj: Object, host: str = "") -> Credentials:
    """What ``spec.secretRef`` of a source leads to: ``username`` and ``password``, or a ``bearerToken``.

    Args:
        api: Reads the Secret.
        obj: The source.
        host: Of a registry, whose login is taken from ``.dockerconfigjson``.

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
    if ".dockerconfigjson" in read:
        return _login(read[".dockerconfigjson"], host)
    if "bearerToken" in read:
        return Credentials("oauth2", read["bearerToken"])
    return Credentials(read.get("username", ""), read.get("password", ""))


def _login(config: str, host: str) -> Credentials:
    """The login for a host, as ``docker login`` writes it; nobody where there is none."""
    with suppress(ValueError, AttributeError, TypeError):
        for name, login in json.loads(config).get("auths", {}).items():
            if name.removeprefix("https://").removeprefix("http://").split("/")[0] == host:
                user, _, password = base64.b64decode(login.get("auth", "")).decode().partition(":")
                return Credentials(login.get("username") or user, login.get("password") or password)
    return Credentials()


def basic(credentials: Credentials) -> dict[str, str]:
    """The header with which HTTP shows them; none for nobody."""
    if not credentials.user and not credentials.password:
        return {}
    pair = base64.b64encode(f"{credentials.user}:{credentials.password}".encode()).decode()
    return {"Authorization": f"Basic {pair}"}
