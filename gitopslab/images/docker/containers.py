"""The containers of this machine: who they are, and ``docker logs``, ``ps``, ``stop`` and ``rm``.

``running`` creates them. Each has a folder with its root file system, its log and what is known of its process.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from gitopslab.images.docker.desk import Desk, Refusal
from gitopslab.images.docker.options import Given, Spec

LOGS = Spec("logs", "[OPTIONS] CONTAINER", "Fetch the logs of a container", least=1, most=1, values={"tail": "n"})
PS = Spec("ps", "[OPTIONS]", "List containers", flags={"all": "a", "quiet": "q"})
STOP = Spec("stop", "[OPTIONS] CONTAINER [CONTAINER...]", "Stop containers", least=1, most=None, values={"time": "t"})
RM = Spec("rm", "[OPTIONS] CONTAINER [CONTAINER...]", "Remove containers", least=1, most=None, flags={"force": "f"})

NOT_STARTED = 125
"""The exit code of a container that could not be started."""

_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]{1,62}")
_GRACE = 10.0


class Container:
    """A container's folder: what it runs in, what it printed, who it is."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.id = folder.name

    @classmethod
    def create(cls, desk: Desk, name: str) -> Container:
        """A new one, under a name that nobody has."""
        if name and not _NAME.fullmatch(name):
            problem = f"Invalid container name ({name}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed"
            raise Refusal(f"docker: Error response from daemon: {problem}", NOT_STARTED)
        taken = next((each for each in containers(desk) if name and each.told().get("name") == name), None)
        if taken is not None:
            problem = f'Conflict. The container name "/{name}" is already in use by container "{taken.id}"'
            raise Refusal(f"docker: Error response from daemon: {problem}\n  Next: docker rm -f {name}", NOT_STARTED)
        container = cls(desk.root / "containers" / secrets.token_hex(32))
        container.folder.mkdir(mode=0o700, parents=True)
        container._tell({"name": name or f"lab_{container.id[:6]}"})
        return container

    def start(self, command: Sequence[str], folder: Path, environment: Mapping[str, str], image: str) -> None:
        """Run in the background, with a log."""
        with (self.folder / "log").open("wb") as log:
            process = subprocess.Popen(
                command,
                cwd=folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        began = _birth(process.pid)
        self._tell({**self.told(), "pid": process.pid, "began": began, "image": image, "command": " ".join(command)})

    def told(self) -> dict[str, Any]:
        """What is known about it."""
        try:
            found: dict[str, Any] = json.loads((self.folder / "container.json").read_bytes())
        except (OSError, ValueError):
            return {}
        return found

    @property
    def pid(self) -> int:
        """Of its process; 0 when it has ended, or when the number is another's by now."""
        told = self.told()
        pid = int(told.get("pid") or 0)
        return pid if pid and _birth(pid) == told.get("began") else 0

    def stop(self, grace: float) -> None:
        """Ask it to end, and end it when it does not."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            pid = self.pid
            if not pid:
                return
            with suppress(ProcessLookupError):
                os.killpg(pid, number)
            deadline = time.monotonic() + grace
            while self.pid and time.monotonic() < deadline:
                time.sleep(0.02)

    def remove(self) -> None:
        """Take its files away."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _tell(self, told: Mapping[str, Any]) -> None:
        (self.folder / "container.json").write_text(json.dumps(told), encoding="utf-8")


def _birth(pid: int) -> float:
    """When a process began, which tells it from a later one with its number; 0 when there is none."""
    import psutil

    try:
        process = psutil.Process(pid)
        return 0.0 if process.status() == psutil.STATUS_ZOMBIE else float(process.create_time())
    except psutil.Error:
        return 0.0


def containers(desk: Desk) -> list[Container]:
    """Every container that was not removed."""
    folder = desk.root / "containers"
    return [Container(path) for path in sorted(folder.iterdir())] if folder.is_dir() else []


def _needed(desk: Desk, text: str) -> Container:
    for each in containers(desk):
        if each.told().get("name") == text or (len(text) >= 4 and each.id.startswith(text)):
            return each
    raise Refusal(f"Error response from daemon: No such container: {text}")


def logs(desk: Desk, given: Given) -> None:
    """What a container has printed."""
    log = _needed(desk, given.arguments[0]).folder / "log"
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines() if log.exists() else []
    tail = given.last("tail")
    for line in lines[-int(tail) :] if tail.isdigit() and int(tail) else lines:
        desk.say(line)


def ps(desk: Desk, given: Given) -> None:
    """The containers that run, or all of them."""
    found = [each for each in containers(desk) if each.pid or given.has("all")]
    if given.has("quiet"):
        for each in found:
            desk.say(each.id[:12])
        return
    rows = [["CONTAINER ID", "IMAGE", "COMMAND", "STATUS", "NAMES"]]
    for each in found:
        told = each.told()
        command = f'"{told.get("command", "")[:20]}"'
        rows.append(
            [each.id[:12], told.get("image", ""), command, "Up" if each.pid else "Exited", told.get("name", "")]
        )
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
    for row in rows:
        desk.say("   ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def stop(desk: Desk, given: Given) -> None:
    """End containers."""
    grace = float(given.last("time")) if given.last("time").isdigit() else _GRACE
    for text in given.arguments:
        _needed(desk, text).stop(grace)
        desk.say(text)


def rm(desk: Desk, given: Given) -> None:
    """Take containers away."""
    for text in given.arguments:
        container = _needed(desk, text)
        if container.pid and not given.has("force"):
            problem = f'cannot remove container "/{container.told().get("name")}": container is running'
            raise Refusal(f"Error response from daemon: {problem}: stop the container before removing or force remove")
        container.stop(0.5)
        container.remove()
        desk.say(text)
