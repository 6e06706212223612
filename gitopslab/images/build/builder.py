"""The way in: who builds, and under which names the image is kept.

``Builder.build`` is called by the lab, by ``gitopslab image build`` and by a job's ``docker build``. Where an
instruction or a base image is beyond the lab, the whole build goes to a container engine, or an error names the line.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from gitopslab.errors import DockerfileError, ImageError
from gitopslab.images.build.request import Request, Step, Tell, silent
from gitopslab.images.build.running import Beyond, Fetch, Run
from gitopslab.images.dockerfile import Dockerfile, read
from gitopslab.images.dockerfile.lines import Fault
from gitopslab.images.image import Image, Platform
from gitopslab.images.reference import Reference
from gitopslab.images.store import Store

_LARGEST_DOCKERFILE = 2**20


@dataclass(frozen=True, slots=True)
class Built:
    """What came of a build.

    Attributes:
        builder: ``lab``, or the engine that did it.
        seconds: How long it took.
    """

    image: Image
    tags: tuple[Reference, ...]
    builder: str
    seconds: float
    warnings: tuple[str, ...] = ()


def _nothing(_: Reference, __: Platform) -> Image | None:
    return None


class Builder:
    """Builds images into a store.

    Args:
        store: Where images and layers are kept.
        fetch: Gets base images of the lab's registry.
    """

    def __init__(self, store: Store, fetch: Fetch = _nothing) -> None:
        self._store = store
        self._fetch = fetch

    def build(self, request: Request, tell: Tell = silent) -> Built:
        """Build an image and give it its names.

        Args:
            request: What to build.
            tell: Told each step.

        Raises:
            DockerfileError: A line cannot be followed; the message names it.
            ImageError: The folder, a base image or the engine is not as it must be.
            DiskFullError: There is no room.

        Example:
            >>> Builder(store).build(Request(Path("app"), tags=(Reference.parse("waal-web:dev"),))).image.digest
            'sha256:…'
        """
        began = time.perf_counter()
        dockerfile = _read(request)
        if request.engine in ("auto", "lab"):
            try:
                image, warnings = Run(self._store, self._fetch, dockerfile, request, tell).run()
                self._name(request, image)
                return Built(image, request.tags, "lab", time.perf_counter() - began, warnings)
            except Beyond as beyond:
                reason = beyond.fault
        else:
            reason = None
        return self._by_engine(request, dockerfile, reason, tell, began)

    def _by_engine(
        self, request: Request, dockerfile: Dockerfile, reason: Fault | None, tell: Tell, began: float
    ) -> Built:
        from gitopslab.images.engine import find

        engine = find(request.engine) if request.engine != "lab" else None
        if engine is None:
            if reason is not None:
                raise dockerfile.error(reason.line, reason.problem, reason.hint)
            raise ImageError(f"{request.engine} does not answer", "Start it, or build with engine=auto.")
        image = engine.build(request, self._store, lambda line: tell(Step("", line)), _on_this_machine(dockerfile))
        self._name(request, image)
        return Built(image, request.tags, engine.name, time.perf_counter() - began)

    def _name(self, request: Request, image: Image) -> None:
        if not request.tags:  # then it is known by its ID alone
            self._store.tags.put("<none>/<none>", image.manifest)
        for reference in request.tags:
            self._store.keep(reference, image.manifest)


def _on_this_machine(dockerfile: Dockerfile) -> list[Reference]:
    """The base images that are named with a registry of this machine."""
    names = [stage.base for stage in dockerfile.stages if "$" not in stage.base and stage.base != "scratch"]
    found = [Reference.parse(name) for name in names if dockerfile.stage(name) is None]
    return list(dict.fromkeys(reference for reference in found if reference.is_loopback))


def _read(request: Request) -> Dockerfile:
    path = request.path
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST_DOCKERFILE + 1)
        return read(data.decode("utf-8"), request.dockerfile)
    except (FileNotFoundError, NotADirectoryError) as error:
        message = f"failed to read dockerfile: open {request.dockerfile}: no such file or directory"
        hint = f"Write {path}, or name another with -f. Is {request.folder} the folder you meant?"
        raise DockerfileError(message, hint, problem=message) from error
    except IsADirectoryError as error:
        raise DockerfileError(f"{path} is a folder", "Name the Dockerfile itself with -f.") from error
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise DockerfileError(f"{path}, line {line}: this is not UTF-8 text", "Save it as UTF-8.", line=line) from error
