"""A build by the lab itself: which stages the target needs, what each begins with, and its instructions in order.

``builder`` makes a ``Run`` for each build. What an instruction does is left to ``settings`` and ``copying``; what the
lab cannot do is raised as ``Beyond`` before anything is built, so that an engine may do it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from gitopslab.errors import DockerfileError, ImageError
from gitopslab.images.bases import base_image, name_of, table
from gitopslab.images.build.copying import COPYING
from gitopslab.images.build.request import Request, Tell
from gitopslab.images.build.settings import SETTINGS
from gitopslab.images.build.stage import Bench, Stage
from gitopslab.images.cache import LayerCache
from gitopslab.images.context import Context
from gitopslab.images.dockerfile import Dockerfile, Instruction
from gitopslab.images.dockerfile import Stage as Written
from gitopslab.images.dockerfile.expansion import expand
from gitopslab.images.dockerfile.instructions import instruction_of
from gitopslab.images.dockerfile.lines import Fault, Line
from gitopslab.images.image import Image, Platform, host_platform
from gitopslab.images.reference import Reference
from gitopslab.images.store import Store

_MAKES_STEPS = ("ADD", "COPY", "RUN", "WORKDIR")
_BEYOND_US = {"ADD": ("checksum", "keep-git-dir", "unpack"), "COPY": ("parents",)}
_ALWAYS_ALLOWED = ("HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "NO_PROXY", "ALL_PROXY", "SOURCE_DATE_EPOCH")

Fetch = Callable[[Reference, Platform], Image | None]
"""Gets an image from the lab's registry into the store; None when that registry does not have it."""


class Beyond(Exception):
    """The lab cannot do what a line asks for; a container engine can."""

    def __init__(self, line: int, problem: str, hint: str) -> None:
        super().__init__(problem)
        self.fault = Fault(line, problem, hint)


class Run:
    """One build by the lab itself."""

    def __init__(self, store: Store, fetch: Fetch, dockerfile: Dockerfile, request: Request, tell: Tell) -> None:
        self._store = store
        self._cache = LayerCache(store.content)
        self._fetch = fetch
        self._file = dockerfile
        self._request = request
        self._tell = tell
        self._platform = request.platform or host_platform()
        self._outside: dict[str, str] = {}
        self._images: dict[int, Image] = {}
        self._asked_for: set[str] = set()

    def run(self) -> tuple[Image, tuple[str, ...]]:
        """The image of the target, and warnings."""
        try:
            self._outside = self._arguments_outside()
            target = self._target()
            context = Context(self._request.folder, self._request.dockerfile)
            needed = self._needed(target)
            for instruction in (each for number in needed for each in self._file.stages[number].instructions):
                _check(instruction)
            for number in needed:
                self._images[number] = self._stage(number, context, is_target=number == target)
        except Fault as fault:
            raise self._file.error(fault.line, fault.problem, fault.hint) from None
        return self._images[target], tuple(self._warnings())

    # ---- which stages ----

    def _target(self) -> int:
        if not self._request.target:
            return len(self._file.stages) - 1
        number = self._file.stage(self._request.target)
        if number is None:
            names = [stage.name for stage in self._file.stages if stage.name]
            message = f'target stage "{self._request.target}" could not be found'
            raise DockerfileError(message, f"Stages here: {', '.join(names) or 'none has a name'}.", problem=message)
        return number

    def _needed(self, target: int) -> list[int]:
        """The stages that the target is made from, in their order; others are not built, as BuildKit does."""
        needed, waiting = set(), [target]
        while waiting:
            number = waiting.pop()
            if number in needed:
                continue
            needed.add(number)
            stage = self._file.stages[number]
            names = [self._base_of(stage), *(each.flag("from") for each in stage.instructions)]
            found = (self._earlier(name, number) for name in names)
            waiting.extend(each for each in found if each is not None)
        return sorted(needed)

    def _earlier(self, name: str, before: int) -> int | None:
        number = self._file.stage(name)
        return number if number is not None and number < before else None

    # ---- one stage ----

    def _stage(self, number: int, context: Context, *, is_target: bool) -> Image:
        written = self._file.stages[number]
        began = time.perf_counter()
        platform = self._platform_of(written)
        base = self._base(written, number, platform)
        steps = 1 + sum(each.keyword in _MAKES_STEPS for each in written.instructions)
        name = f"{written.name or f'stage-{number}'} " if len(self._file.stages) > 1 else ""
        bench = Bench(
            self._request,
            self._store.content,
            context,
            self._cache,
            platform,
            self._tell,
            lambda name, instruction: self._image_of(name, instruction, number),
        )
        stage = Stage(bench, base, self._outside, label=name, steps=steps, escape=self._file.escape)
        stage.step(f"FROM {self._spoken(written)}", seconds=time.perf_counter() - began)
        for each in [*self._triggers(stage, written.line), *written.instructions]:
            self._follow(stage, each)
        if is_target and self._request.labels:
            stage.settings["Labels"] = {**(stage.settings.get("Labels") or {}), **self._request.labels}
        return stage.finish()

    def _follow(self, stage: Stage, instruction: Instruction) -> None:
        if instruction.keyword == "ARG":
            self._asked_for.update(name for name, _ in instruction.pairs)
        (SETTINGS | COPYING)[instruction.keyword](stage, instruction)

    def _triggers(self, stage: Stage, line: int) -> list[Instruction]:
        """What the base image wants to be done first (``ONBUILD``)."""
        found = [instruction_of(Line(line, line, text), "\\") for text in stage.settings.pop("OnBuild", None) or []]
        for each in found:
            _check(each)
        return found

    # ---- base images ----

    def _platform_of(self, written: Written) -> Platform:
        """What a stage is built for: what its ``FROM`` says, else what was asked for."""
        text = self._filled_in(written.platform, written.line, self._outside)
        try:
            return Platform.parse(text) if text else self._platform
        except ImageError as error:
            raise Fault(written.line, error.message, error.hint) from error

    def _base(self, written: Written, number: int, platform: Platform) -> Image | None:
        text = self._base_of(written)
        if text == "scratch":
            return None
        earlier = self._earlier(text, number)
        return self._images[earlier] if earlier is not None else self._image(text, written.line, platform)

    def _image_of(self, name: str, instruction: Instruction, before: int) -> Image:
        """The image of ``COPY --from``."""
        earlier = self._earlier(name, before)
        if earlier is None and name.isdigit():
            raise Fault(
                instruction.line, f"invalid from flag value {name}: there is no earlier stage {name}", "Count from 0."
            )
        return self._images[earlier] if earlier is not None else self._image(name, instruction.line, self._platform)

    def _image(self, text: str, line: int, platform: Platform) -> Image:
        try:
            reference = Reference.parse(text)
        except ImageError as error:
            hint = "Was a variable left empty? ARG NAME=DEFAULT before FROM sets one." if not text else error.hint
            raise Fault(line, f"failed to parse stage name {text!r}: {error.message}", hint) from error
        if name_of(reference):
            return base_image(self._cache, reference, platform, self._request.epoch)
        image = self._store.find(reference, platform) or self._fetch(reference, platform)
        if image is None:
            known = ", ".join(["scratch", *table()])
            hint = (
                f"Bases of the lab: {known}. Others need Docker, Podman or Buildah running, or a push to the lab's "
                "registry."
            )
            raise Beyond(line, f"the lab has no base image {text}, and no container engine answers", hint)
        if image.platform != platform:
            hint = f"Build with --platform {image.platform}, or choose an image for {platform}."
            raise Fault(line, f"{text} is an image for {image.platform}, not for {platform}", hint)
        return image

    def _spoken(self, written: Written) -> str:
        text = self._base_of(written)
        is_stage = text == "scratch" or self._file.stage(text) is not None
        return text if is_stage else str(Reference.parse(text))

    # ---- variables ----

    def _base_of(self, stage: Written) -> str:
        return self._filled_in(stage.base, stage.line, self._outside)

    def _filled_in(self, word: str, line: int, variables: Mapping[str, str]) -> str:
        try:
            return expand(word, variables, self._file.escape)
        except ValueError as error:
            raise Fault(line, f"failed to process {word!r}: {error}", "Close the brace or the quote.") from None

    def _arguments_outside(self) -> dict[str, str]:
        """What ``FROM`` can use: the platform, and the ``ARG`` before it."""
        host = host_platform()
        found = {"TARGETPLATFORM": str(self._platform), "BUILDPLATFORM": str(host)}
        found |= {"TARGETOS": self._platform.os, "TARGETARCH": self._platform.architecture}
        found |= {"BUILDOS": host.os, "BUILDARCH": host.architecture}
        for instruction in self._file.args:
            for name, default in instruction.pairs:
                value = self._request.args.get(name)
                if value is None and default is not None:
                    value = self._filled_in(default, instruction.line, found)
                found |= {} if value is None else {name: value}
        return found

    def _warnings(self) -> list[str]:
        told = [f"{each.rule}: {each.text} (line {each.line})" for each in self._file.warnings]
        outside = {name for instruction in self._file.args for name, _ in instruction.pairs}
        unused = [name for name in self._request.args if name not in self._asked_for | outside | {*_ALWAYS_ALLOWED}]
        if unused:
            told.append(f"One or more build-args [{' '.join(sorted(unused))}] were not consumed")
        return told


def _check(each: Instruction) -> None:
    """Find what is beyond us before anything is built."""
    if each.keyword == "RUN":
        hint = (
            "Start Docker, Podman or Buildah and build again; or do without RUN: COPY what it would have made."
            " With FROM python the lab runs this machine's Python, with the packages it has."
        )
        raise Beyond(each.line, "RUN needs a container engine, and none answers", hint)
    if each.keyword == "ADD" and any("://" in word or word.startswith("git@") for word in each.words[:-1]):
        hint = "Download it yourself and ADD the file, or start Docker, Podman or Buildah."
        raise Beyond(each.line, "ADD from an address needs a container engine, and none answers", hint)
    for flag in _BEYOND_US.get(each.keyword, ()):
        if each.flag(flag):
            hint = "Leave the flag out, or start Docker, Podman or Buildah."
            raise Beyond(each.line, f"--{flag} needs a container engine, and none answers", hint)
