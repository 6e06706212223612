"""Files that are written whole or not at all, and that only their owner may read."""

from __future__ import annotations

import os
from pathlib import Path

from gitopslab.errors import SetupError


def write_private(path: Path, content: bytes | str) -> None:
    """Write a file in one step; a reader sees the old or the new one, never half.

    Raises:
        OSError: No room, or no permission.
    """
    draft = path.with_name(f".{path.name}.new")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content.encode() if isinstance(content, str) else content)
    draft.replace(path)


class PrivateFolder:
    """A folder that only its owner may read: that of a process of the lab.

    Args:
        path: Where it is; made when missing.
        whose: For messages, as in ``cluster``.

    Raises:
        SetupError: It cannot be made.
    """

    def __init__(self, path: Path, whose: str) -> None:
        self.path = path
        self._whose = whose
        try:
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise self._unwritable(error) from error

    def write(self, name: str, content: bytes) -> None:
        """Write a file whole or not at all, readable by its owner alone.

        Raises:
            SetupError: No room, or no permission.
        """
        try:
            write_private(self.path / name, content)
        except OSError as error:
            raise self._unwritable(error) from error

    def _unwritable(self, error: OSError) -> SetupError:
        return SetupError(
            f"the {self._whose}'s folder {self.path} cannot be written: {error.strerror}",
            "make room or fix its permissions, or choose another place with the environment variable GITOPSLAB_HOME",
        )
