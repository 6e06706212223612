"""Names of images, by Docker's rules: ``nginx`` is ``docker.io/library/nginx:latest``.

Everything that takes an image from a person reads it here. Source: the grammar and the normalisation of the
``distribution/reference`` library, which docker, containerd and the registries share.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from gitopslab.errors import ImageError

DOCKER_HUB = "docker.io"
_LONGEST_NAME = 255
_LONGEST = 1024  # of a whole reference: the longest name, tag and digest fit in it

_LABEL = r"[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?"
_HOST = re.compile(rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[0-9a-fA-F:]+\])(?::[0-9]+)?")
_COMPONENT = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_REPOSITORY = re.compile(rf"{_COMPONENT}(?:/{_COMPONENT})*")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}")
_LOOPBACK = re.compile(r"(?:localhost|127(?:\.[0-9]+){3}|\[::1\])(?::[0-9]+)?")


def is_digest(text: str) -> bool:
    """Whether this is a digest as images have them: ``sha256:`` and 64 hexadecimal digits, or ``sha512:`` and 128."""
    return _DIGEST.fullmatch(text) is not None


def is_tag(text: str) -> bool:
    """Whether this may be a tag: letters, digits, ``_``, ``.`` and ``-``, at most 128, no ``.`` or ``-`` in front."""
    return _TAG.fullmatch(text) is not None


def is_repository(text: str) -> bool:
    """Whether this may be a repository of a registry, such as ``waal/waal-web``."""
    return len(text) <= _LONGEST_NAME and _REPOSITORY.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class Reference:
    """Which image is meant, with everything filled in that people leave out.

    Attributes:
        host: The registry, with its port: ``docker.io``, ``localhost:5050``.
        repository: The name within it: ``library/nginx``, ``waal/waal-web``.
        tag: Empty only when there is a digest.
        digest: As ``sha256:…``; empty when the reference has none. It wins over a tag beside it.
    """

    host: str
    repository: str
    tag: str = ""
    digest: str = ""

    @classmethod
    def parse(cls, text: str) -> Reference:
        """The reference a text stands for.

        Args:
            text: ``nginx``, ``nginx:1.27``, ``waal/web``, ``localhost:5050/waal/web:dev``, ``web@sha256:…``.

        Raises:
            ImageError: It is none; the code is ``NAME_INVALID``, ``TAG_INVALID`` or ``DIGEST_INVALID``.
        """
        if len(text) > _LONGEST:
            raise _invalid(f"it has {len(text)} characters", "NAME_INVALID", "Shorten it.")
        rest, at, digest = text.partition("@")
        name, tag = _split_tag(rest)
        if at and not is_digest(digest):
            raise _invalid(f"{digest!r} is not a digest", "DIGEST_INVALID", "A digest is sha256: and 64 digits 0-9a-f.")
        if tag is not None and not is_tag(tag):
            hint = "A tag has letters, digits, _ . and -, at most 128, and begins with none of the last two."
            raise _invalid(f"{tag!r} is not a tag", "TAG_INVALID", hint)
        host, repository = _split_host(name)
        _check_repository(host, repository)
        return cls(host, repository, tag or ("" if digest else "latest"), digest)

    def __str__(self) -> str:
        return self.name + self._suffix

    @property
    def name(self) -> str:
        """Host and repository: ``docker.io/library/nginx``."""
        return f"{self.host}/{self.repository}"

    @property
    def familiar(self) -> str:
        """As people write it: ``nginx:latest``, ``localhost:5050/waal/web:dev``."""
        return self.familiar_name + self._suffix

    @property
    def familiar_name(self) -> str:
        """The name without what Docker fills in: ``nginx``."""
        return self.repository.removeprefix("library/") if self.host == DOCKER_HUB else self.name

    @property
    def version(self) -> str:
        """What a registry is asked for: the digest, else the tag."""
        return self.digest or self.tag

    @property
    def is_loopback(self) -> bool:
        """Whether the registry is on this machine, so that plain HTTP will do, as for Docker."""
        return _LOOPBACK.fullmatch(self.host) is not None

    def at(self, *, tag: str = "", digest: str = "") -> Reference:
        """The same repository under another tag or digest."""
        return replace(self, tag=tag, digest=digest)

    @property
    def _suffix(self) -> str:
        return (f":{self.tag}" if self.tag else "") + (f"@{self.digest}" if self.digest else "")


def _split_tag(text: str) -> tuple[str, str | None]:
    """The name and the tag behind its last colon; a colon before a slash is that of a port."""
    name, colon, tag = text.rpartition(":")
    return (name, tag) if colon and "/" not in tag else (text, None)


def _split_host(name: str) -> tuple[str, str]:
    first, slash, rest = name.partition("/")
    is_host = any(mark in first for mark in ".:") or first == "localhost" or first != first.lower()
    if slash and is_host:
        host, repository = ("docker.io" if first == "index.docker.io" else first), rest
    else:
        host, repository = DOCKER_HUB, name
    if host == DOCKER_HUB and "/" not in repository:
        repository = f"library/{repository}"
    return host, repository


def _check_repository(host: str, repository: str) -> None:
    shown = repository.removeprefix("library/")
    if not shown:
        raise _invalid("it has no name", "NAME_INVALID", "Write NAME:TAG, such as waal-web:dev.")
    if shown != shown.lower():
        plain = re.sub(r"[^a-z0-9._/-]+", "-", shown.lower())
        raise _invalid(f"repository name ({repository}) must be lowercase", "NAME_INVALID", f"Write {plain}.")
    if host == DOCKER_HUB and is_digest(f"sha256:{shown}"):
        raise _invalid("64 hexadecimal digits are an image's ID, not a name", "NAME_INVALID", "Name it NAME:TAG.")
    if _HOST.fullmatch(host) is None:
        raise _invalid(f"{host!r} is not the address of a registry", "NAME_INVALID", "Write HOST:PORT/NAME.")
    if not is_repository(repository):
        hint = "A name has lowercase letters and digits, with . _ - between them and / between its parts."
        raise _invalid(f"{shown!r} is not a repository name", "NAME_INVALID", hint)


def _invalid(why: str, code: str, hint: str) -> ImageError:
    return ImageError(f"invalid reference format: {why}", hint, code=code)
