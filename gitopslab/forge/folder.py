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

from gitopslab.background.files import write_private
from gitopslab.errors import SetupError

_TOKEN = "gitopslab-"  # so that a token found somewhere says where it is from
_TOKEN_BYTES = 24


class ForgeFolder:
    """The folder of one forge.

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

    def write(self, name: str, content: bytes) -> None:
        """Write a file whole or not at all, readable by its owner alone.

        Raises:
            SetupError: No room, or no permission.
        """
        try:
            write_private(self.path / name, content)
        except OSError as error:
            raise _unwritable(self.path, error) from error


def _unwritable(path: Path, error: OSError) -> SetupError:
    return SetupError(
        f"the forge's folder {path} cannot be written: {error.strerror}",
        "make room or fix its permissions, or choose another place with the environment variable GITOPSLAB_HOME",
    )
