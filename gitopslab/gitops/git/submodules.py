"""Submodules: other repositories whose files a commit wants at some of its paths, as ``.gitmodules`` names them.

Source: go-git's ``submodule.go``; those of submodules are followed, too, ten deep.
"""

from __future__ import annotations

import io
import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from time import monotonic
from urllib.parse import urlsplit, urlunsplit

from dulwich.config import ConfigFile, parse_submodules

from gitopslab.errors import GitError
from gitopslab.gitops.git import remote
from gitopslab.gitops.git.remote import Checkout, File
from gitopslab.gitops.git.speaking import Address

_FILE = ".gitmodules"
_DEEPEST = 10


@dataclass(frozen=True, slots=True)
class _Submodule:
    name: str
    path: str
    url: str


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a repository is among those around it.

    Attributes:
        path: Of its files, from the root of all; empty for the outermost.
        store: Of what Git itself keeps of it.
        depth: How many repositories are around it.
    """

    path: str = ""
    store: str = ".git"
    depth: int = 0

    def of(self, module: _Submodule) -> _Place:
        path = f"{self.path}/{module.path}".lstrip("/")
        return _Place(path, f"{self.store}/modules/{module.name}", self.depth + 1)

    @property
    def link(self) -> File:
        """The file ``.git`` of a submodule, which leads to its store."""
        return File(f"gitdir: {'../' * (self.path.count('/') + 1)}{self.store}\n".encode())


def with_submodules(address: Address, checkout: Checkout) -> Mapping[str, File]:
    """The files of a commit with those of its submodules in their places.

    Args:
        address: Of the repository; its credentials are shown to those of the submodules as well. Its timeout is that
            of them all together: ten repositories, each with ten of the next, are more than anybody can fetch.
        checkout: Of it.

    Raises:
        GitError: One cannot be had, or is named without a commit.
    """
    return _combined(address, checkout, _Place(), monotonic() + address.timeout)


def _combined(address: Address, checkout: Checkout, place: _Place, end: float) -> Mapping[str, File]:
    found = dict(checkout.files)
    for each in _named(checkout.files):
        if monotonic() > end:
            raise GitError("context deadline exceeded")
        if each.path not in checkout.submodules:
            raise GitError("entry not found")
        there, within = replace(address, url=_resolved(address.url, each.url)), place.of(each)
        below = remote.checkout(there, checkout.submodules[each.path])
        files = _combined(there, below, within, end) if within.depth < _DEEPEST else below.files
        found |= {f"{each.path}/{path}": file for path, file in {**files, ".git": within.link}.items()}
    return found


def _named(files: Mapping[str, File]) -> Iterator[_Submodule]:
    if _FILE not in files:
        return
    try:
        config = ConfigFile.from_file(io.BytesIO(files[_FILE].content))
    except ValueError as error:
        raise GitError(str(error)) from error
    for path, url, name in parse_submodules(config):
        yield _Submodule(name.decode(), posixpath.normpath(path.decode()), url.decode())


def _resolved(base: str, url: str) -> str:
    """A URL as it is meant: one that begins with dots is beside the repository that names it."""
    if not url.startswith(("./", "../")):
        return url
    parts = urlsplit(base)
    return urlunsplit(parts._replace(path=posixpath.normpath(posixpath.join(parts.path, url))))
