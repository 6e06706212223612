"""The Secret that a source names, as credentials for HTTP: its own user and password, or a Docker login."""

from __future__ import annotations

import base64
import json
from contextlib import suppress
from dataclasses import dataclass

from gitopslab.controlplane.runtime.api import Api
from gitopslab.errors import ApiError, GitError, NotFoundError
from gitopslab.machinery.objects import Object, namespace_of


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who asks; both empty for nobody."""

    user: str = ""
    password: str = ""


class NoSecretError(GitError):
    """The Secret that a source names cannot be read.

    Attributes:
        doing: What was tried, which some controllers say twice, and some not at all.
        why: What the API server says.
    """

    def __init__(self, where: str, why: str) -> None:
        self.doing = f"failed to get secret '{where}'"
        self.why = why
        super().__init__(f"{self.doing}: {why}")


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
        NoSecretError: The Secret cannot be read.
    """
    name = (obj["spec"].get("secretRef") or {}).get("name")
    if not name:
        return Credentials()
    read = _secret(api, namespace_of(obj), name)
    if ".dockerconfigjson" in read:
        return _login(read[".dockerconfigjson"], host)
    if "bearerToken" in read:
        return Credentials("oauth2", read["bearerToken"])
    return Credentials(read.get("username", ""), read.get("password", ""))


def pull_credentials_of(api: Api, obj: Object, host: str) -> Credentials:
    """The login for a registry, from ``spec.secretRef`` and the pull secrets of ``spec.serviceAccountName``.

    Only Docker logins count. Source: ``keychain`` of source-controller, ``PullSecretsFromServiceAccountRef``.

    Raises:
        GitError: The Secret or the service account cannot be read.
    """
    namespace, names = namespace_of(obj), []
    if name := (obj["spec"].get("secretRef") or {}).get("name"):
        names.append(name)
    data = [_secret(api, namespace, name) for name in names]
    if account := obj["spec"].get("serviceAccountName"):
        data += [_secret(api, namespace, name) for name in _pull_secrets(api, namespace, account)]
    logins = [_login(each[".dockerconfigjson"], host) for each in data if ".dockerconfigjson" in each]
    return next((login for login in logins if login.user or login.password), Credentials())


def _pull_secrets(api: Api, namespace: str, account: str) -> list[str]:
    try:
        found = api.get("serviceaccounts", account, namespace)
    except NotFoundError as error:
        raise GitError(f"serviceaccount '{namespace}/{account}' not found") from error
    except ApiError as error:
        raise GitError(f"failed to get serviceaccount '{namespace}/{account}': {error.message}") from error
    return [each["name"] for each in found.get("imagePullSecrets") or ()]


def _secret(api: Api, namespace: str, name: str) -> dict[str, str]:
    """What a Secret holds."""
    try:
        data = api.get("secrets", name, namespace).get("data") or {}
    except ApiError as error:
        raise NoSecretError(f"{namespace}/{name}", error.message) from error
    return {key: base64.b64decode(value).decode(errors="replace") for key, value in data.items()}


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
