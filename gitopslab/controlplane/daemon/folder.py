"""The files of one cluster: its database, credentials and kubeconfig, all in one folder that only its owner may read.

Written once and kept, so that a kubeconfig stays good when the cluster is restarted.
"""

from __future__ import annotations

import base64
import ssl
from dataclasses import dataclass
from pathlib import Path

import yaml

from gitopslab.background.files import PrivateFolder
from gitopslab.controlplane.http.certificates import new_ca, server_certificate
from gitopslab.controlplane.http.security import new_token
from gitopslab.errors import SetupError
from gitopslab.machinery.certificates import Authority
from gitopslab.machinery.jwt import SigningKey


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a client needs to trust and be trusted.

    Attributes:
        ca: The cluster's own certificate authority, PEM.
        ca_file: Its path.
        token: The administrator's bearer token.
        certificate: Path of the server's certificate.
        key: Path of the server's private key.
        accounts: Signs the tokens of service accounts.
        authority: The certificate authority with its key, which signs clients' certificates.
    """

    ca: bytes
    ca_file: Path
    token: str
    certificate: Path
    key: Path
    accounts: SigningKey
    authority: Authority


class ClusterFolder(PrivateFolder):
    """The folder of one embedded cluster.

    Args:
        path: Where it is; made when missing, for the owner alone.

    Raises:
        SetupError: The folder cannot be made or written.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path, "cluster")

    @property
    def database(self) -> Path:
        """The store's file."""
        return self.path / "store.db"

    @property
    def artifacts(self) -> Path:
        """What Flux fetched."""
        return self.path / "artifacts"

    @property
    def kubeconfig(self) -> Path:
        """The file learners point ``KUBECONFIG`` to."""
        return self.path / "kubeconfig"

    def credentials(self) -> Credentials:
        """The cluster's credentials, made at the first start.

        Raises:
            SetupError: A file of them is missing or damaged.
        """
        accounts, token = self.path / "sa.key", self.path / "token"
        if not (token.exists() and accounts.exists() and _signs(accounts)):
            self.write("sa.key", SigningKey.new().pem)
        if not token.exists():
            ca = new_ca()
            pair = server_certificate(ca)
            self.write("ca.crt", ca.certificate)
            self.write("ca.key", ca.key)
            self.write("server.crt", pair.certificate)
            self.write("server.key", pair.key)
            self.write("token", new_token().encode())  # last: its presence says that all the others are there
        try:
            return self._read_credentials()
        except (OSError, ValueError) as error:
            raise SetupError(
                f"the credentials in {self.path} cannot be used: {error}",
                f"have new ones made, the cluster's state stays: rm '{token}', then run the same command again",
            ) from error

    def _read_credentials(self) -> Credentials:
        names = ("ca.crt", "ca.key", "server.crt", "server.key", "sa.key", "token")
        ca, signer, certificate, key, accounts, token = (self.path / name for name in names)
        # tried here, since a server that finds out later has already said that it answers
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(certificate, key)
        tls.load_verify_locations(ca)
        return Credentials(
            ca.read_bytes(), ca, token.read_text(), certificate, key, SigningKey(accounts.read_bytes()),
            Authority(ca.read_bytes(), signer.read_bytes()),
        )  # fmt: skip

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


def _signs(file: Path) -> bool:
    """Whether a key signs tokens as this version does; one of the first versions, here or carried here, does not."""
    try:
        SigningKey(file.read_bytes())
    except ValueError:
        return False
    return True
