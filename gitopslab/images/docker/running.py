"""``docker run``: a container as a process of this machine.

Simplified: a container is a process in the unpacked image's folder, with the image's environment; it sees the machine's
files and network. Docker gives it a file system and a network of its own. Only images that stand for this machine's
Python can be run, and those whose program needs nothing but itself. Volumes cannot be mounted; a user, a network and
published ports may be given and change nothing, as the process runs as whoever started it, on this machine's ports.
"""

from __future__ import annotations

import os
import posixpath
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from gitopslab.errors import ImageError
from gitopslab.images.bases import HOST_PROGRAM, SIMULATED
from gitopslab.images.docker.containers import NOT_STARTED, Container
from gitopslab.images.docker.desk import Desk, Refusal, reference_of, said_by_daemon
from gitopslab.images.docker.moving import pulled
from gitopslab.images.docker.options import Given, Spec
from gitopslab.images.image import Image, host_platform
from gitopslab.images.unpack import unpack

RUN = Spec(
    "run",
    "[OPTIONS] IMAGE [COMMAND] [ARG...]",
    "Create and run a new container from an image",
    least=1,
    most=None,
    flags={"rm": "", "detach": "d", "interactive": "i", "tty": "t", "init": ""},
    values={
        "env": "e",
        "env-file": "",
        "name": "",
        "publish": "p",
        "workdir": "w",
        "entrypoint": "",
        "user": "u",
        "network": "",
        "platform": "",
        "pull": "",
    },
    passes_on=True,
)
_PYTHON = re.compile(r"python(?:3(?:\.\d+)?)?")
_NOT_FOUND = 127


def run(desk: Desk, given: Given) -> None:
    """Run a container to its end, or in the background."""
    image = _image(desk, given)
    container = Container.create(desk, given.last("name"))
    try:
        root = unpack(desk.store.content, image, container.folder / "root")
        command = _command(image, root, given)
        folder = root / (given.last("workdir") or image.settings.get("WorkingDir") or "/").lstrip("/")
        folder.mkdir(parents=True, exist_ok=True)
        environment = _environment(desk, image, given)
        if given.has("detach"):
            container.start(command, folder, environment, given.arguments[0])
            desk.say(container.id)
            return
        code = subprocess.run(command, cwd=folder, env=environment, check=False).returncode
    except ImageError as error:
        container.remove()
        raise Refusal(f"docker: {said_by_daemon(error)}", NOT_STARTED) from error
    except BaseException:
        container.remove()
        raise
    if given.has("rm"):
        container.remove()
    if code:
        raise Refusal("", code if code > 0 else 128 - code)


def _image(desk: Desk, given: Given) -> Image:
    text = given.arguments[0]
    try:
        image = desk.store.need(text)
    except ImageError as error:
        if error.message.startswith("invalid reference format"):
            raise Refusal(f"docker: {error.message}.\nSee 'docker run --help'.", NOT_STARTED) from error
        reference = reference_of(text)
        desk.note(f"Unable to find image '{reference.familiar}' locally")
        try:
            image = pulled(desk, reference, quiet=True)
        except Refusal as refused:
            raise Refusal(f"docker: {refused}\nSee 'docker run --help'.", NOT_STARTED) from refused
    if image.platform != host_platform():
        problem = f"image {text} is made for {image.platform}, this machine is {host_platform()}"
        hint = "build it for this machine: docker build without --platform."
        raise Refusal(f"docker: Error response from daemon: {problem}\n  Next: {hint}", NOT_STARTED)
    return image


def _command(image: Image, root: Path, given: Given) -> list[str]:
    """What is executed: the image's program, or that of the command line."""
    entrypoint = given.last("entrypoint")
    first = [entrypoint] if entrypoint else image.settings.get("Entrypoint") or []
    rest = list(given.arguments[1:]) or ([] if entrypoint else image.settings.get("Cmd") or [])
    words = [*first, *rest]
    if not words:
        raise Refusal("docker: Error response from daemon: no command specified\nSee 'docker run --help'.", NOT_STARTED)
    labels = image.settings.get("Labels") or {}
    name = posixpath.basename(words[0])
    if HOST_PROGRAM in labels and _PYTHON.fullmatch(name):
        return [sys.executable, *_inside(root, words[1:])]
    if HOST_PROGRAM in labels and name == "sh":
        return ["/bin/sh", *_inside(root, words[1:])]
    for place in [words[0]] if "/" in words[0] else [f"{folder}/{words[0]}" for folder in _path(image).split(":")]:
        found = root / place.lstrip("/")
        if found.is_file() and os.access(found, os.X_OK):
            return [str(found), *words[1:]]
    beside = Path(sys.executable).with_name(name)
    if HOST_PROGRAM in labels and beside.is_file():  # pytest, flask: what is installed beside the interpreter
        return [str(beside), *words[1:]]
    if SIMULATED in labels:
        what = f"{given.arguments[0]} stands for a simulated server, which only a pod can play"
        raise Refusal(f"docker: Error response from daemon: {what}\n  Next: deploy it to the cluster.", NOT_STARTED)
    why = "stat" if "/" in words[0] else "exec"
    problem = f'{why}: "{words[0]}": executable file not found in $PATH'
    raise Refusal(f"docker: Error response from daemon: failed to create task: {problem}: unknown", _NOT_FOUND)


def _inside(root: Path, words: Sequence[str]) -> list[str]:
    """A path that is a file of the image is meant there, not on this machine."""
    there = {word: root / word.lstrip("/") for word in words if word.startswith("/")}
    return [str(there[word]) if word in there and there[word].exists() else word for word in words]


def _path(image: Image) -> str:
    return next((text[5:] for text in image.settings.get("Env") or [] if text.startswith("PATH=")), "/usr/bin:/bin")


def _environment(desk: Desk, image: Image, given: Given) -> dict[str, str]:
    found = dict(text.partition("=")[::2] for text in image.settings.get("Env") or [])
    for file in given.all("env-file"):
        found |= dict(_pair(line) for line in _lines(file))
    found |= dict(_pair(text) for text in given.all("env"))
    tools = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "/usr/bin:/bin")])
    return {"HOME": "/root", **found, "PATH": tools, "PYTHONUNBUFFERED": "1"}


def _lines(file: str) -> list[str]:
    try:
        lines = Path(file).read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise Refusal(f"docker: open {file}: {error.strerror}\nSee 'docker run --help'.", NOT_STARTED) from error
    return [line for line in lines if line.strip() and not line.startswith("#")]


def _pair(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    return name, value if sign else os.environ.get(name, "")
