"""Pulls from the lab's registry, and what came of them.

``runtime`` asks for the image of a reference; the first question of how long its pull takes begins it. A failure is
remembered for a moment, so that the table of stages can show it, and then forgotten: by the next try somebody may have
pushed the image.

Simplified: what was unpacked serves all nodes of the cluster; each of them pulls, but only the first one waits long.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from gitopslab.controlplane.kubelet.images import Image
from gitopslab.controlplane.runtime.images import Images, PulledImage, PullError
from gitopslab.machinery.clock import Clock
from gitopslab.machinery.objects import Object, uid_of

_REMEMBERED = 3.0  # seconds; less than the first back-off


@dataclass(frozen=True, slots=True)
class HeldImage(Image):
    """An image of the lab's registry.

    Attributes:
        pulled: What the last pull brought.
        failure: Why the last pull failed; empty when it did not.
    """

    pulled: PulledImage | None = None
    failure: str = ""

    @property
    def is_held(self) -> bool:
        """It is."""
        return True

    @property
    def exists(self) -> bool:
        """Whether nothing is known against it."""
        return not self.failure

    @property
    def problem(self) -> str:
        """Why it cannot be pulled."""
        return self.failure or f"{self.name}: not found"

    @property
    def id(self) -> str:
        """With the digest of its manifest, once that is known."""
        return f"{self.repository}@{self.pulled.digest}" if self.pulled else Image.id.__get__(self)

    @property
    def size(self) -> int:
        """Bytes of its layers."""
        return self.pulled.size if self.pulled else 0


class Pulls:
    """Pulls images, each once at a time.

    Args:
        images: Fetches.
        clock: The time.
        wake: Told of every pod that waited, when its pull is over.
    """

    def __init__(self, images: Images, clock: Clock, wake: Callable[[Object], None]) -> None:
        self._images = images
        self._clock = clock
        self._wake = wake
        self._running: dict[str, asyncio.Task[None]] = {}
        self._waiting: dict[str, dict[str, Object]] = {}  # image -> uid -> pod
        self._arrived: set[tuple[str, str]] = set()  # image and uid of a pod that has not taken note yet
        self._failed: dict[str, tuple[float, str]] = {}

    def held(self, image: Image) -> HeldImage | None:
        """The image as the registry has it; None when it is in another registry."""
        if not self._images.serves(image.name):
            return None
        moment, failure = self._failed.get(image.name, (0.0, ""))
        is_fresh = self._clock.now() - moment < _REMEMBERED
        pulled = self._images.pulled(image.name)
        return HeldImage(image.repository, image.tag, image.digest, pulled, failure if is_fresh else "")

    def seconds(self, image: HeldImage, pod: Object) -> float:
        """Nothing when it has arrived, else for ever, until the pull is over."""
        key = (image.name, uid_of(pod))
        if key in self._arrived:
            self._arrived.discard(key)
            return 0.0
        self._waiting.setdefault(image.name, {})[uid_of(pod)] = pod
        if image.name not in self._running:
            self._running[image.name] = asyncio.get_running_loop().create_task(self._pull(image.name))
        return float("inf")

    async def close(self) -> None:
        """Give up."""
        tasks = list(self._running.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _pull(self, name: str) -> None:
        try:
            await self._images.pull(name)
        except PullError as error:
            self._failed[name] = (self._clock.now(), str(error))
        else:
            self._failed.pop(name, None)
        finally:
            del self._running[name]
        waiting = self._waiting.pop(name, {})
        if name not in self._failed:
            self._arrived |= {(name, uid) for uid in waiting}
        for pod in waiting.values():
            self._wake(pod)
