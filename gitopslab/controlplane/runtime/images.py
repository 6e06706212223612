"""The Images protocol: what the kubelets need of a registry to run what it holds.

The composition root gives the kubelets an ``Images``; ``kubelet.process`` asks it. Neither knows the other. How images
are fetched, checked and unpacked is left to the implementation; which of them can run on this machine is left to the
kubelets.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol


class PullError(Exception):
    """An image cannot be had; the text is the container runtime's, as in ``localhost:5050/waal/web:dev: not found``."""


@dataclass(frozen=True, slots=True)
class PulledImage:
    """An image that lies unpacked on this machine.

    Attributes:
        digest: Of its manifest, ``sha256:…``.
        size: Bytes of its layers, as the registry keeps them.
        root: Its root file system. Shared by all who run it: nobody writes there.
        config: ``config`` of the OCI image configuration: ``Entrypoint``, ``Cmd``, ``Env``, ``WorkingDir``, ``User``,
            ``StopSignal``, ``Labels``; keys that are not set are missing.
        architecture: Of the machines it runs on, in Go's words: ``amd64``.
        os: ``linux``.
    """

    digest: str
    size: int
    root: Path
    config: Mapping[str, Any]
    architecture: str = "amd64"
    os: str = "linux"


class Images(Protocol):
    """The images of the lab's registry."""

    def serves(self, reference: str) -> bool:
        """Whether a reference names the lab's registry; all others are none of its business."""
        ...

    async def pull(self, reference: str) -> PulledImage:
        """Fetch what a reference names now, and unpack it; what is here already is not fetched again.

        Raises:
            PullError: There is no such image, or the registry does not answer.
        """
        ...

    def pulled(self, reference: str) -> PulledImage | None:
        """What the last pull of a reference brought, also one before a restart; None when there was none.

        Answers at once, from this machine alone.
        """
        ...
