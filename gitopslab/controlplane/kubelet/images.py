"""Image references and what the simulated nodes know of them.

The runtime and the table of stages ask here whether an image exists, how long a pull takes and how big it is; the facts
are data in ``images.yaml``. Reads nothing but that file.
Leaves to others: which node already has an image (``agent``), and what its program does (``programs``).
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

import yaml

_COMPONENT = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_DOMAIN = r"(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*(?::[0-9]+)?"
_REFERENCE = re.compile(
    rf"^(?P<name>(?:{_DOMAIN}/)?{_COMPONENT}(?:/{_COMPONENT})*)"
    r"(?::(?P<tag>[\w][\w.-]{0,127}))?(?:@(?P<digest>[a-z0-9]+:[0-9a-f]{32,}))?$"
)
_MIB = 1024 * 1024


@cache
def table() -> dict[str, Any]:
    """The data of ``images.yaml``."""
    text = files(__package__).joinpath("images.yaml").read_text(encoding="utf-8")
    loaded: dict[str, Any] = yaml.safe_load(text)
    return loaded


@dataclass(frozen=True, slots=True)
class Image:
    """A well-formed reference with its defaults filled in.

    Attributes:
        repository: With its registry: ``docker.io/library/nginx``.
        tag: ``latest`` when the reference has neither tag nor digest.
        digest: As ``sha256:…``; empty when the reference has none.
    """

    repository: str
    tag: str
    digest: str

    @property
    def name(self) -> str:
        """The full name, as containerd reports it: ``docker.io/library/nginx:1.27``."""
        return f"{self.repository}@{self.digest}" if self.digest else f"{self.repository}:{self.tag}"

    @property
    def short(self) -> str:
        """The last part of the repository: ``nginx``."""
        return self.repository.rpartition("/")[2]

    @property
    def exists(self) -> bool:
        """Whether a registry would have it, by the ``missing`` words of the table."""
        text = f"{self.repository}:{self.tag}".lower()
        return not any(word in text for word in table()["missing"])

    @property
    def is_held(self) -> bool:
        """Whether it is in the lab's registry, so that a pull is a real one."""
        return False

    @property
    def problem(self) -> str:
        """Why it cannot be pulled, in the words of the container runtime."""
        return f"{self.name}: not found"

    @property
    def id(self) -> str:
        """``imageID`` of a container status. The digest is made from the name, so it is the same on every node."""
        return f"{self.repository}@{self.digest or 'sha256:' + _hash(self.name)}"

    @property
    def size(self) -> int:
        """Bytes: the table's figure, else one made from the name, between 20 and 150 MiB."""
        known = self.server.get("size") or table()["sizes"].get(self.short)
        return int(known) if known else 20 * _MIB + int(_hash(self.name)[:8], 16) % (130 * _MIB)

    @property
    def server(self) -> dict[str, Any]:
        """What the table says of its long-running program; empty when it has none there."""
        found: dict[str, Any] = table()["servers"].get(self.short) or {}
        return found

    @property
    def shell(self) -> str:
        """What its ``sh`` is: ``ash`` (busybox), ``dash``, or empty when it has none, nor any other command.

        Only images with ``dash`` have ``bash`` too. Simplified: told by the name; an unknown image is like Debian.
        """
        if self.short in table()["bare"]:
            return ""
        is_small = self.short in table()["small"] or any(word in self.tag for word in table()["small"])
        return "ash" if is_small else "dash"


@lru_cache(maxsize=2048)
def parse(reference: str) -> Image | None:
    """The image a reference names; None when it is malformed (``distribution/reference``)."""
    match = _REFERENCE.match(reference)
    if match is None:
        return None
    name, tag, digest = match["name"], match["tag"] or "", match["digest"] or ""
    first, slash, _ = name.partition("/")
    if not slash:
        name = f"docker.io/library/{name}"
    elif not (any(mark in first for mark in ".:") or first == "localhost"):
        if first != first.lower():
            return None
        name = f"docker.io/{name}"
    return Image(name, tag or ("" if digest else "latest"), digest)


def same(one: str, other: str) -> bool:
    """Whether two references name the same image, however they are spelt."""
    return one == other or ((left := parse(one)) is not None and left == parse(other))


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
