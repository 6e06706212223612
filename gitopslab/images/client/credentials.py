"""Logins: who we are at which registry, in the file that Docker keeps too.

``docker login`` writes it; docker, skopeo, crane and oras read the same file, so one login is good for all of them.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gitopslab.errors import ImageError
from gitopslab.images.reference import DOCKER_HUB

_HUB_KEY = "https://index.docker.io/v1/"  # how Docker's file calls docker.io


@dataclass(frozen=True, slots=True)
class Login:
    """A user name with its password or token."""

    user: str
    password: str

    def __repr__(self) -> str:
        return f"Login({self.user!r})"  # the password must not get into any log

    @property
    def basic(self) -> str:
        """As HTTP's Basic authentication writes it."""
        return base64.b64encode(f"{self.user}:{self.password}".encode()).decode()


Credentials = Callable[[str], Login | None]
"""Gives the login for a registry's host; None where there is none."""


def nobody(_: str) -> Login | None:
    """No login anywhere."""
    return None


class DockerConfig:
    """Docker's ``config.json``.

    Args:
        folder: Where it is: ``DOCKER_CONFIG``, by default ``~/.docker``.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / "config.json"

    def __call__(self, host: str) -> Login | None:
        """The login for a host."""
        # Simplified: logins that Docker keeps in another program (credsStore, credHelpers) are not seen.
        entry = self._auths().get(_key(host))
        kept = str(entry.get("auth") or "") if isinstance(entry, dict) else ""
        try:
            user, _, password = base64.b64decode(kept, validate=True).decode().partition(":")
        except (ValueError, binascii.Error):
            return None
        return Login(user, password) if user and password else None

    def keep(self, host: str, login: Login) -> None:
        """Write a login into the file, which its owner alone can read."""
        config = self._read()
        config["auths"] = {**self._auths(), _key(host): {"auth": login.basic}}
        self._write(config)

    def forget(self, host: str) -> None:
        """Take a login out of the file, if it is there."""
        auths = self._auths()
        if _key(host) in auths:
            self._write({**self._read(), "auths": {key: value for key, value in auths.items() if key != _key(host)}})

    def _auths(self) -> Mapping[str, Any]:
        found = self._read().get("auths")
        return found if isinstance(found, dict) else {}

    def _read(self) -> dict[str, Any]:
        try:
            found = json.loads(self.path.read_bytes())
        except FileNotFoundError:
            return {}
        except ValueError as error:
            raise ImageError(
                f"{self.path} is not JSON: {error}", "Mend the file, or delete it and log in again."
            ) from error
        return found if isinstance(found, dict) else {}

    def _write(self, config: Mapping[str, Any]) -> None:
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        beside = self.path.with_name(f".{secrets.token_hex(8)}")
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            json.dump(config, file, indent="\t")
        os.replace(beside, self.path)


def _key(host: str) -> str:
    return _HUB_KEY if host == DOCKER_HUB else host
