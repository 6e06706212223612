"""``docker build``: the lab's builder, with BuildKit's plain progress."""

from __future__ import annotations

import os
from pathlib import Path

from gitopslab.errors import DockerfileError, ImageError
from gitopslab.images.build import Builder, Built, Request, Step
from gitopslab.images.client import pull
from gitopslab.images.docker.desk import Desk, Refusal
from gitopslab.images.docker.options import Given, Spec
from gitopslab.images.image import Image, Platform
from gitopslab.images.reference import Reference

BUILD = Spec(
    "build",
    "[OPTIONS] PATH | URL | -",
    "Start a build",
    least=1,
    most=1,
    flags={"no-cache": "", "pull": "", "quiet": "q", "load": "", "push": "", "rm": "", "force-rm": ""},
    values={
        "tag": "t",
        "file": "f",
        "build-arg": "",
        "target": "",
        "label": "",
        "platform": "",
        "progress": "",
        "cache-from": "",
        "cache-to": "",
        "network": "",
        "provenance": "",
        "sbom": "",
        "builder": "",
        "iidfile": "",
    },
)


def build(desk: Desk, given: Given) -> None:
    """Build an image and give it its names."""
    request = _request(given)
    progress = _Progress(desk, quiet=given.has("quiet"))
    builder = Builder(desk.store, lambda reference, platform: _fetched(desk, reference, platform))
    try:
        progress.begin(request)
        built = builder.build(request, progress.step)
    except DockerfileError as error:
        raise _unsolved(request, error) from error
    except ImageError as error:
        raise Refusal(f"ERROR: failed to solve: {error}") from error
    progress.end(built)
    if given.has("quiet"):
        desk.say(built.image.id)
    if given.last("iidfile"):
        Path(given.last("iidfile")).write_text(built.image.id, encoding="utf-8")
    if given.has("push"):
        from gitopslab.images.docker.moving import pushed

        for reference in request.tags:
            pushed(desk, reference)


def _request(given: Given) -> Request:
    folder = Path(given.arguments[0])
    if given.arguments[0] == "-" or "://" in given.arguments[0]:
        raise Refusal(
            f"ERROR: a build context from {given.arguments[0]} needs a container engine\n  Next: name a folder."
        )
    if not folder.is_dir():
        raise Refusal(f'ERROR: unable to prepare context: path "{given.arguments[0]}" not found')
    tags = []
    for name in given.all("tag"):
        try:
            tags.append(Reference.parse(name))
        except ImageError as error:
            raise Refusal(f'ERROR: invalid tag "{name}": {error.message}\n  Next: {error.hint}') from error
    platform = Platform.parse(given.last("platform")) if given.last("platform") else None
    args = dict(_pair(text) for text in given.all("build-arg"))
    epoch = args.get("SOURCE_DATE_EPOCH") or os.environ.get("SOURCE_DATE_EPOCH") or "0"
    return Request(
        folder,
        dockerfile=str(Path(given.last("file")).absolute()) if given.last("file") else "Dockerfile",
        tags=tuple(tags),
        args=args,
        target=given.last("target"),
        labels=dict(_pair(text) for text in given.all("label")),
        platform=platform,
        epoch=int(epoch) if epoch.isdigit() else 0,
        use_cache=not given.has("no-cache"),
        engine="lab",
    )


def _pair(text: str) -> tuple[str, str]:
    """``NAME=VALUE``, or a name alone, whose value is in the environment."""
    name, sign, value = text.partition("=")
    return name, value if sign else os.environ.get(name, "")


def _fetched(desk: Desk, reference: Reference, platform: Platform) -> Image | None:
    """A base image of a registry on this machine; None when it is not there, or the registry is another's."""
    if not reference.is_loopback:
        return None
    try:
        return pull(desk.store, desk.registry(reference), reference, platform=platform)
    except ImageError as error:
        if error.code in ("MANIFEST_UNKNOWN", "NAME_UNKNOWN"):
            return None
        raise


def _unsolved(request: Request, error: DockerfileError) -> Refusal:
    """A line that cannot be followed, with what is around it, as BuildKit shows it."""
    next_step = f"\n  Next: {error.hint}" if error.hint else ""
    if not error.line:
        return Refusal(f"ERROR: failed to solve: {error.problem}{next_step}")
    lines = request.path.read_text(encoding="utf-8", errors="replace").splitlines()
    shown = [
        f"{number:4} | {'>>>' if number == error.line else '   '} {lines[number - 1]}"
        for number in range(max(error.line - 2, 1), min(error.line + 2, len(lines)) + 1)
    ]
    frame = "\n".join([f"{request.path.name}:{error.line}", "-" * 20, *shown, "-" * 20])
    is_syntax = error.problem.startswith(_SYNTAX)
    place = f"dockerfile parse error on line {error.line}: " if is_syntax else ""
    return Refusal(f"{frame}\nERROR: failed to solve: {place}{error.problem}{next_step}")


_SYNTAX = ("unknown ", "file with no", "no build stage", "Syntax error", "unterminated", "invalid name for", "only one")


class _Progress:
    """Numbers the steps as BuildKit's plain progress does."""

    def __init__(self, desk: Desk, *, quiet: bool) -> None:
        self._desk = desk
        self._quiet = quiet
        self._number = 0

    def begin(self, request: Request) -> None:
        """What comes before the first instruction."""
        if request.path.is_file():
            size = request.path.stat().st_size
            self._part(
                "[internal] load build definition from Dockerfile",
                f"transferring dockerfile: {size}B done",
                "DONE 0.0s",
            )

    def step(self, step: Step) -> None:
        """An instruction, or a line of an engine."""
        if not step.place:
            self._note(step.text)
        elif step.cached:
            self._part(f"[{step.place}] {step.text}", "CACHED")
        else:
            self._part(f"[{step.place}] {step.text}", f"DONE {step.seconds:.1f}s")

    def end(self, built: Built) -> None:
        """The image, its names, and warnings."""
        names = [f"naming to {reference} done" for reference in built.tags]
        self._part(
            "exporting to image", "exporting layers done", f"writing image {built.image.id} done", *names, "DONE 0.0s"
        )
        if built.warnings:
            count = len(built.warnings)
            self._note(f" {count} warning{'s' if count > 1 else ''} found:")
            for warning in built.warnings:
                self._note(f" - {warning}")

    def _part(self, title: str, *lines: str) -> None:
        self._number += 1
        for line in (title, *lines):
            self._note(f"#{self._number} {line}")
        self._note("")

    def _note(self, line: str) -> None:
        if not self._quiet:
            self._desk.note(line)
