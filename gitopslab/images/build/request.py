"""What is asked of a build, and what it tells while it goes on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from gitopslab.images.image import Platform
from gitopslab.images.reference import Reference


@dataclass(frozen=True, slots=True)
class Request:
    """A build, as ``docker build`` takes it.

    Attributes:
        folder: The build context.
        dockerfile: The Dockerfile, from the folder or absolute.
        tags: The names the image gets.
        args: Values for ``ARG`` (``--build-arg``).
        target: The stage to stop at; empty for the last one.
        labels: Labels besides those of the Dockerfile.
        platform: Default this machine's.
        epoch: The time of every file and of the image, in seconds since the epoch (``SOURCE_DATE_EPOCH``).
        use_cache: Whether layers that were made before may be used again.
        engine: ``auto`` (the lab builds, and a container engine what the lab cannot), ``lab``, ``docker``, ``podman``
            or ``buildah``.
    """

    folder: Path
    dockerfile: str = "Dockerfile"
    tags: tuple[Reference, ...] = ()
    args: Mapping[str, str] = field(default_factory=dict)
    target: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    platform: Platform | None = None
    epoch: int = 0
    use_cache: bool = True
    engine: str = "auto"

    @property
    def path(self) -> Path:
        """Where the Dockerfile is."""
        return self.folder / self.dockerfile


@dataclass(frozen=True, slots=True)
class Step:
    """An instruction that was followed, or a line that a container engine printed.

    Attributes:
        place: Which of how many, with its stage's name, as in ``build 2/4``; empty for an engine's line.
        text: The instruction.
        cached: Whether its layer was made before.
        seconds: How long it took.
    """

    place: str
    text: str
    cached: bool = False
    seconds: float = 0.0


Tell = Callable[[Step], None]


def silent(_: Step) -> None:
    """Says nothing."""
