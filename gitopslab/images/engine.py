"""Container engines of this machine: Docker, Podman or Buildah, for what the lab cannot build itself.

The builder asks ``find``; the one door of this room to other people's programs. Arguments are lists, never a shell's
text. What an engine built comes back as an archive and is kept like an image of our own.
"""

from __future__ import annotations

import re
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from gitopslab.errors import ImageError
from gitopslab.images.archive import take_in
from gitopslab.images.build.request import Request
from gitopslab.images.image import Image
from gitopslab.images.reference import Reference
from gitopslab.images.store import Store

_COLOURS = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_SHORT = re.compile(r'short-name "([^"]+)" did not resolve')
_PATIENCE = 10.0  # seconds an engine gets to say that it is there
_PROBES = {
    "docker": ("version", "--format", "{{.Server.Version}}"),
    "podman": ("info", "--format", "{{.Version.Version}}"),
    "buildah": ("info",),
}
ENGINES = tuple(_PROBES)

OURS = "gitopslab"
"""What the version of the lab's own ``docker`` command ends with: it builds with the lab, so it is no engine to ask."""


@dataclass(frozen=True, slots=True)
class Engine:
    """An engine that answers.

    Attributes:
        name: ``docker``, ``podman`` or ``buildah``.
        program: Where its program is.
    """

    name: str
    program: str

    def build(
        self, request: Request, store: Store, tell: Callable[[str], None], bases: Sequence[Reference] = ()
    ) -> Image:
        """Let the engine build, and take the image in.

        Args:
            request: What to build.
            store: Where the image is kept; it gets no name there yet.
            tell: Told every line the engine prints.
            bases: Base images of registries on this machine. Docker knows that these speak plain HTTP, the others want
                to be told, and not about all other registries at once.

        Raises:
            ImageError: It failed; the message ends with what it said.
        """
        names = [str(tag) for tag in request.tags] or [f"localhost/gitopslab-build:{secrets.token_hex(6)}"]
        for base in bases if self.name != "docker" else ():
            self._run(["pull", "--tls-verify=false", str(base)], tell)
        self._run([*self._build_arguments(request, names), str(request.folder)], tell)
        with tempfile.TemporaryDirectory(prefix="gitopslab-engine-") as folder:
            archive = Path(folder) / "image.tar"
            self._run(self._save_arguments(names[0], archive), tell)
            return take_in(archive, store.content)

    def _build_arguments(self, request: Request, names: Sequence[str]) -> list[str]:
        found = ["build", "--file", str(request.path)]
        found += [word for name in names for word in ("--tag", name)]
        found += [word for name, value in request.args.items() for word in ("--build-arg", f"{name}={value}")]
        found += [word for name, value in request.labels.items() for word in ("--label", f"{name}={value}")]
        found += ["--target", request.target] if request.target else []
        found += ["--platform", str(request.platform)] if request.platform else []
        found += ["--layers"] if self.name == "buildah" else []  # a layer for each instruction, as the others do
        return found + ([] if request.use_cache else ["--no-cache"])

    def _save_arguments(self, name: str, archive: Path) -> list[str]:
        if self.name == "buildah":
            return ["push", name, f"docker-archive:{archive}"]
        form = ["--format", "docker-archive"] if self.name == "podman" else []
        return ["save", *form, "--output", str(archive), name]

    def _run(self, arguments: Sequence[str], tell: Callable[[str], None]) -> None:
        command = [self.program, *arguments]
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
        last: list[str] = []
        try:
            assert process.stdout is not None
            for line in process.stdout:
                plain = _COLOURS.sub("", line).rstrip()
                tell(plain)
                last = [*last[-9:], plain]
            code = process.wait()
        except BaseException:
            process.terminate()
            process.wait()
            raise
        finally:
            if process.stdout is not None:
                process.stdout.close()
        if code:
            said = "\n  ".join(last)
            hint = "What it says above names the reason; try the same command in a terminal."
            if found := _SHORT.search(said):
                hint = f"{self.name.capitalize()} wants the registry in a name: FROM docker.io/{found[1]}"
            raise ImageError(f"{self.name} {arguments[0]} failed with exit code {code}:\n  {said}", hint)


def find(wanted: str = "auto") -> Engine | None:
    """The first engine that answers, or the one that is wanted; None when none does.

    Args:
        wanted: ``auto`` or a name of ``ENGINES``.

    Raises:
        ImageError: There is no such engine.
    """
    if wanted not in ("auto", *ENGINES):
        raise ImageError(f"There is no engine {wanted!r}", f"Choose from: auto, lab, {', '.join(ENGINES)}.")
    for name in ENGINES if wanted == "auto" else (wanted,):
        program = shutil.which(name)
        if program and _answers([program, *_PROBES[name]]):
            return Engine(name, program)
    return None


def running_engine() -> str:
    """The name of the engine that answers and runs containers, for jobs; empty when none does."""
    for name in ("docker", "podman"):
        if found := find(name):
            return found.name
    return ""


def _answers(command: Sequence[str]) -> bool:
    try:
        done = subprocess.run(command, capture_output=True, timeout=_PATIENCE, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0 and OURS.encode() not in done.stdout
