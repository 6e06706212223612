"""The files of one cluster: its database, credentials and kubeconfig, all in one folder that only its owner may read.

Written once and kept, so that a kubeconfig stays good when the cluster is restarted.
"""

from __future__ import annotations

import base64
import os
from dataclasses import dataclass
from pathlib import Path

import yaml

from gitopslab.controlplane.http.certificates import new_ca, server_certificate
from gitopslab.controlplane.http.security import new_token
from gitopslab.errors import SetupError


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a client needs to trust and be trusted.

    Attributes:
        ca: The cluster's own certificate authority, PEM.
        token: The administrator's bearer token.
        certificate: Path of the server's certificate.
        key: Path of the server's private key.
    """

    ca: bytes
    token: str
    certificate: Path
    key: Path


class ClusterFolder:
    """The folder of one embedded cluster.

    Args:
        path: Where it is; made when missing, for the owner alone.

    Raises:
        SetupError: The folder cannot be made or written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise _unwritable(path, error) from error

    @property
    def database(self) -> Path:
        """The store's file."""
        return self.path / "store.db"

    @property
    def kubeconfig(self) -> Path:
        """The file learners point ``KUBECONFIG`` to."""
        return self.path / "kubeconfig"

    def credentials(self) -> Credentials:
        """The cluster's credentials, made at the first start."""
        certificate, key, token = self.path / "server.crt", self.path / "server.key", self.path / "token"
        if not token.exists():
            ca = new_ca()
            pair = server_certificate(ca)
            self.write("ca.crt", ca.certificate)
            self.write("ca.key", ca.key)
            self.write("server.crt", pair.certificate)
            self.write("server.key", pair.key)
            self.write("token", new_token().encode())  # last: its presence says that all the others are there
        return Credentials((self.path / "ca.crt").read_bytes(), token.read_text(), certificate, key)

    def write_kubeconfig(self, name: str, port: int, credentials: Credentials) -> None:
        """Write a kubeconfig with one context, ``gitopslab-NAME``."""
        context = f"gitopslab-{name}"
        cluster = {
            "server": f"https://127.0.0.1:{port}",
            "certificate-authority-data": base64.b64encode(credentials.ca).decode(),
        }
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": context, "cluster": cluster}],
            "users": [{"name": context, "user": {"token": credentials.token}}],
            "contexts": [{"name": context, "context": {"cluster": context, "user": context}}],
            "current-context": context,
        }
        self.write("kubeconfig", yaml.safe_dump(config, sort_keys=False).encode())

    def write(self, name: str, content: bytes) -> None:
        """Write a file whole or not at all, readable by its owner alone.

        Raises:
            SetupError: No room, or no permission.
        """
        target, draft = self.path / name, self.path / f".{name}.new"
        try:
            descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
            draft.replace(target)
        except OSError as error:
            raise _unwritable(self.path, error) from error


def _unwritable(path: Path, error: OSError) -> SetupError:
    return SetupError(
        f"the cluster's folder {path} cannot be written: {error.strerror}",
        "make room or fix its permissions, or choose another place with the environment variable GITOPSLAB_HOME",
    )
