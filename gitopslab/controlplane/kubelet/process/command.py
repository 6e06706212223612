"""What a container would execute on this machine, and whether it can.

``runtime`` asks for the verdict on an image, ``runs`` for the command of a run. Two kinds of images run: those that
stand for the host's Python (the label ``gitopslab.host-interpreter``), and those with programs of their own for this
machine, which need namespaces (``rooms``). Pure, but for looking into a container's root file system.
Leaves to others: environment and files (``surroundings``).
"""

from __future__ import annotations

import os
import platform
import posixpath
import re
import shlex
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path

from gitopslab.controlplane.kubelet.substitution import substituted
from gitopslab.controlplane.runtime.images import PulledImage
from gitopslab.machinery.objects import Object

HOST_INTERPRETER = "gitopslab.host-interpreter"
"""Label of an image: its Python is the one that runs the lab."""
SIMULATED = "gitopslab.simulated"
"""Label of an image: it holds no program; the value may name one that ``images.yaml`` knows."""

DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_PYTHON = re.compile(r"python(?:3(?:\.\d+)?)?$")
_SHELLS = frozenset({"sh", "bash", "ash", "dash"})
_MACHINES = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}
_LONGEST_SHEBANG = 256
_SHELL = ("/bin/sh",)
_NO_ROOM = "this system cannot show a program of its own the container's files: write the command as a JSON array"


class Verdict(Enum):
    """What is done with the containers of an image."""

    RUNS = auto()
    """They run as processes."""
    PLAYED = auto()
    """They are played: the image holds no program, and says so."""
    UNABLE = auto()
    """They are played, since this system cannot run them."""
    FOREIGN = auto()
    """They fail: the program is one for other processors."""


class NoExecutableError(Exception):
    """A command names no executable; the text is the container runtime's."""


class Place(Enum):
    """Where a command is executed."""

    MAPPED = auto()
    """In the host's Python, whose bootstrap maps paths and addresses."""
    SHOWN = auto()
    """A program of the machine, in a room that shows it the container's files beside those of the machine it needs."""
    ROOM = auto()
    """A program of the image, in a room of its own."""


@dataclass(frozen=True, slots=True)
class Command:
    """What is executed.

    Attributes:
        argv: The command line.
        place: Where.
    """

    argv: tuple[str, ...]
    place: Place


def words_of(image: PulledImage, container: Object, variables: Mapping[str, str]) -> list[str]:
    """``command`` and ``args`` over the image's ``ENTRYPOINT`` and ``CMD``, with ``$(NAME)`` filled in."""
    own = container.get("command")
    first = list(own or image.config.get("Entrypoint") or ())
    rest = container.get("args")
    if rest is None:
        rest = () if own else image.config.get("Cmd") or ()
    return [substituted(word, variables) for word in (*first, *rest)]


def verdict_on(image: PulledImage, *, has_rooms: bool) -> Verdict:
    """What is done with the containers of an image.

    Args:
        image: It.
        has_rooms: Whether this machine gives containers namespaces of their own.
    """
    if SIMULATED in (image.config.get("Labels") or {}):
        return Verdict.PLAYED
    if stands_for_host(image):
        return Verdict.UNABLE if sys.platform == "win32" else Verdict.RUNS
    if image.architecture != _machine():
        return Verdict.FOREIGN
    return Verdict.RUNS if has_rooms and image.os == sys.platform else Verdict.UNABLE


def stands_for_host(image: PulledImage) -> bool:
    """Whether an image stands for the host's Python."""
    return HOST_INTERPRETER in (image.config.get("Labels") or {})


def is_python(words: Sequence[str], root: Path) -> bool:
    """Whether a command on the host's Python is Python itself or a file of the container, and no other program."""
    name = posixpath.basename(words[0]) if words else ""
    return bool(_PYTHON.match(name)) or (bool(words) and _inside(root, words[0], DEFAULT_PATH) is not None)


def command_of(image: PulledImage, words: Sequence[str], root: Path, *, has_rooms: bool) -> Command:
    """What is executed for a command.

    Args:
        image: The container's.
        words: The command, as in ``words_of``; not empty.
        root: The container's own root file system.
        has_rooms: Whether a program of the machine can be shown the container's files instead of the machine's. One
            that would see the machine's is not run: a manifest that empties ``/tmp`` means the container's.

    Raises:
        NoExecutableError: There is no such executable.
    """
    found = _inside(root, words[0], _path(image))
    if not stands_for_host(image):
        if found is None:
            raise _missing(words[0])
        return Command(tuple(words), Place.ROOM)
    if found is not None and (reader := _interpreter(root / found.lstrip("/"))) != _SHELL:
        return Command((*reader, str(root / found.lstrip("/")), *words[1:]), Place.MAPPED)
    if _PYTHON.match(posixpath.basename(words[0])):
        return Command((sys.executable, *_script_in(root, words[1:])), Place.MAPPED)
    beside = Path(sys.executable).with_name(words[0]) if "/" not in words[0] else None
    if beside is not None and beside.is_file() and _interpreter(beside) == (sys.executable,):
        return Command((sys.executable, str(beside), *words[1:]), Place.MAPPED)  # gunicorn, flask: installed by pip
    if has_rooms and (found is not None or shutil.which(words[0], path=DEFAULT_PATH)):
        return Command(tuple(words), Place.SHOWN)
    if (plain := _without_shell(words)) is not None:
        return command_of(image, plain, root, has_rooms=False)
    if found is not None or shutil.which(words[0], path=DEFAULT_PATH):
        raise NoExecutableError(f'exec: "{words[0]}": {_NO_ROOM}')
    raise _missing(words[0])


def _without_shell(words: Sequence[str]) -> list[str] | None:
    """The one plain command that a shell is asked for, as the shell form of ``CMD`` does."""
    if len(words) != 3 or posixpath.basename(words[0]) not in _SHELLS or words[1] != "-c":
        return None
    if re.search(r"[;&|<>()$`*?\n#~=]", words[2]):
        return None
    try:
        plain = shlex.split(words[2])
    except ValueError:
        return None
    return (plain[1:] if plain[:1] == ["exec"] else plain) or None


def stand_ins(folder: Path) -> None:
    """Write the ``python`` and ``python3`` that shells find: the host's, told where the container's scripts are."""
    folder.mkdir(parents=True, exist_ok=True)
    script = f"""#!/bin/sh
case "$1" in /*) if [ -e "$GITOPSLAB_ROOT$1" ]; then
  found="$GITOPSLAB_ROOT$1"; shift; set -- "$found" "$@"
fi;; esac
exec {shlex.quote(sys.executable)} "$@"
"""
    for name in ("python", "python3"):
        path = folder / name
        path.write_text(script, encoding="utf-8")
        path.chmod(0o700)


def _script_in(root: Path, words: Sequence[str]) -> list[str]:
    """A script that is given with its whole path is meant inside of the container."""
    if words and words[0].startswith("/") and (root / words[0].lstrip("/")).is_file():
        return [str(root / words[0].lstrip("/")), *words[1:]]
    return list(words)


def _interpreter(path: Path) -> tuple[str, ...]:
    """What has to read a script: its first line says, in the words of another machine."""
    with path.open("rb") as file:
        first = file.readline(_LONGEST_SHEBANG).decode("utf-8", "replace")
    if not first.startswith("#!"):
        return ()
    words = first[2:].split()
    names = [posixpath.basename(word) for word in words]
    return _SHELL if any(name in _SHELLS for name in names[:2]) else (sys.executable,)


def _inside(root: Path, word: str, path: str) -> str | None:
    """Where an executable is inside of a root file system."""
    places = [word] if "/" in word else [f"{folder}/{word}" for folder in path.split(":") if folder]
    for place in places:
        inner = posixpath.normpath(posixpath.join("/", place))
        found = root / inner.lstrip("/")
        if found.is_file() and os.access(found, os.X_OK):
            return inner
    return None


def _path(image: PulledImage) -> str:
    for entry in image.config.get("Env") or ():
        if entry.startswith("PATH="):
            return str(entry[5:])
    return DEFAULT_PATH


def _missing(name: str) -> NoExecutableError:
    why = f"stat {name}: no such file or directory" if "/" in name else "executable file not found in $PATH"
    return NoExecutableError(f'exec: "{name}": {why}')


def _machine() -> str:
    return _MACHINES.get(platform.machine().lower(), platform.machine().lower())
