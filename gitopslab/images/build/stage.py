"""One stage being built: what its image has come to so far.

``Builder`` makes one for each stage that is needed and calls ``follow`` with its instructions; ``settings`` and
``copying`` change it. Faults name a line of the Dockerfile.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from gitopslab.images.bases import created_at
from gitopslab.images.build.request import Request, Step, Tell
from gitopslab.images.cache import LayerCache, key_of
from gitopslab.images.content import Content
from gitopslab.images.context import Context
from gitopslab.images.dockerfile.expansion import expand
from gitopslab.images.dockerfile.instructions import Instruction
from gitopslab.images.dockerfile.lines import Fault
from gitopslab.images.image import Image, Platform, make
from gitopslab.images.layers import Layer, Plan
from gitopslab.images.tree import Tree

SHELL = ["/bin/sh", "-c"]


@dataclass(slots=True)
class Bench:
    """What all stages of a build share.

    Attributes:
        image_of: Gives the image of ``COPY --from=NAME``: a stage or any image; the instruction is for faults.
    """

    request: Request
    content: Content
    context: Context
    cache: LayerCache
    platform: Platform
    tell: Tell
    image_of: Callable[[str, Instruction], Image]
    warnings: list[str] = field(default_factory=list)


class Stage:
    """A stage on its bench.

    Attributes:
        settings: What containers are started with; the ``config`` of the image's config.
        layers: So far.
        arguments: What ``ARG`` has declared, with values.
        outside: Arguments that an ``ARG`` without a default takes its value from: those before the first ``FROM``, and
            the platform's.
    """

    def __init__(
        self, bench: Bench, base: Image | None, outside: Mapping[str, str], *, label: str, steps: int, escape: str
    ) -> None:
        self.bench = bench
        self.outside = outside
        self.settings: dict[str, Any] = copy.deepcopy(dict(base.settings)) if base else {}
        self.layers: list[Layer] = list(base.layers) if base else []
        self.arguments: dict[str, str] = {}
        self.author = str(base.config.get("author") or "") if base else ""
        self.has_command = False
        self._history: list[Mapping[str, Any]] = base.history if base else []
        self._label = label
        self._steps = steps
        self._done = 1
        self._escape = escape
        self._tree: Tree | None = None

    @property
    def env(self) -> dict[str, str]:
        """The environment variables so far."""
        pairs = (text.partition("=") for text in self.settings.get("Env") or [])
        return {name: value for name, _, value in pairs}

    @property
    def tree(self) -> Tree:
        """The file system so far; read only when somebody asks, since a cached build need not."""
        if self._tree is None:
            self._tree = Tree.of(self.bench.content, self.layers)
        return self._tree

    def expanded(self, instruction: Instruction, word: str) -> str:
        """A word with its variables filled in; an environment variable wins over an argument of that name.

        Raises:
            Fault: It cannot be.
        """
        try:
            return expand(word, self.arguments | self.env, self._escape)
        except ValueError as error:
            hint = "Close the quote or the brace, or write \\$ for a plain $."
            raise Fault(instruction.line, f"failed to process {word!r}: {error}", hint) from None

    def shell(self, command: str) -> list[str]:
        """The words that run a command of the shell form."""
        return [*(self.settings.get("Shell") or SHELL), command]

    def record(self, instruction: Instruction, told: str, layer: Layer | None = None) -> None:
        """Add to the history, and a layer when the instruction made one."""
        entry = {"created": created_at(self.bench.request.epoch), "created_by": f"{instruction.keyword} {told}".strip()}
        if layer is None:
            entry["empty_layer"] = True  # type: ignore[assignment]
        else:
            self.layers.append(layer)
            if self._tree is not None:
                self._tree.add(layer)
        self._history.append({**entry, "comment": "gitopslab"})

    def layer(self, instruction: Instruction, told: str, depends_on: Any, plan: Callable[[], Plan]) -> None:
        """Add the layer of a plan, from the cache if it was made before; an empty plan makes none.

        Args:
            instruction: Whose layer it is.
            told: What the history says.
            depends_on: Everything the plan depends on besides the layers below, as JSON.
            plan: Gives the plan; called only when the cache does not have the layer.
        """
        began = time.perf_counter()
        request, below = self.bench.request, [layer.diff_id for layer in self.layers]
        key = key_of(below, instruction.keyword, depends_on, request.epoch)
        found = self.bench.cache.get(key) if request.use_cache else None
        layer = found or self.bench.cache.make(key, plan(), request.epoch)
        self.record(instruction, told, layer)
        self.step(
            f"{instruction.keyword} {instruction.text}", cached=found is not None, seconds=time.perf_counter() - began
        )

    def step(self, text: str, *, cached: bool = False, seconds: float = 0.0) -> None:
        """Tell that a step is done."""
        self.bench.tell(Step(f"{self._label}{self._done}/{self._steps}", text, cached, seconds))
        self._done += 1

    def finish(self) -> Image:
        """The image of what it has come to."""
        config = {
            "created": created_at(self.bench.request.epoch),
            "os": self.bench.platform.os,
            "architecture": self.bench.platform.architecture,
            "config": self.settings,
            "history": self._history,
            **({"author": self.author} if self.author else {}),
        }
        return make(self.bench.content, config, self.layers)


def quoted(words: list[str]) -> str:
    """Words as the history shows the exec form."""
    return "[" + " ".join(f'"{word}"' for word in words) + "]"
