"""The files of one forge, all in one folder that only its owner may read.

::

    token         the learner's
    key           seals the tokens that registry clients ask for
    git/          GROUP/PROJECT.git
    registry/     blobs, manifests, tags
    ci/           pipelines, traces, artifacts, caches
"""

from __future__ import annotations

import secrets
from pathlib import Path

from cryptography.fernet import Fernet

from gitopslab.background.files import PrivateFolder

_TOKEN = "gitopslab-"  # so that a token found somewhere says where it is from
_TOKEN_BYTES = 24


class ForgeFolder(PrivateFolder):
    """The folder of one forge.

    Args:
        path: Where it is; made when missing, for the owner alone.

    Raises:
        SetupError: The folder cannot be made or written.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path, "forge")
        if not self.token_file.exists():
            self.write("token", f"{_TOKEN}{secrets.token_urlsafe(_TOKEN_BYTES)}\n".encode())
        if not (path / "key").exists():
            self.write("key", Fernet.generate_key())

    @property
    def token_file(self) -> Path:
        """Holds the learner's token."""
        return self.path / "token"

    @property
    def token(self) -> str:
        """The learner's token."""
        return self.token_file.read_text(encoding="utf-8").strip()

    @property
    def key(self) -> bytes:
        """Seals the tokens of registry clients."""
        return (self.path / "key").read_bytes()

    @property
    def git(self) -> Path:
        """The repositories."""
        return self.path / "git"

    @property
    def registry(self) -> Path:
        """The images."""
        return self.path / "registry"

    @property
    def ci(self) -> Path:
        """The pipelines."""
        return self.path / "ci"
