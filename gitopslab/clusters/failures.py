"""What the failures of other people's tools mean, and what a learner does next.

The words below are what kind 0.33, k3d 5.9 and kwokctl 0.8 print, with Docker 20 to 28 underneath. ``explain`` is
called with what a tool printed; the first row whose pattern is found decides. What fits no row is shown with the
tool's own last line.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from gitopslab.clusters.state import command
from gitopslab.clusters.tool import Answer
from gitopslab.errors import SetupError


@dataclass(frozen=True, slots=True)
class Failure:
    """One way to fail.

    Attributes:
        pattern: Found in what the tool prints; its groups fill ``{0}``, ``{1}`` … in the texts.
        message: What happened.
        hint: What to do; ``{up}`` and ``{delete}`` stand for the commands of the cluster at hand.
    """

    pattern: re.Pattern[str]
    message: str
    hint: str


_START_DOCKER = {
    "linux": "sudo systemctl start docker",
    "darwin": "open -a Docker",
    "win32": 'start "" "C:\\Program Files\\Docker\\Docker\\Docker Desktop.exe"',
}
_OR_EMBEDDED = "\n        Or use the embedded cluster, which needs no Docker: --cluster embedded"


def _row(pattern: str, message: str, hint: str) -> Failure:
    return Failure(re.compile(pattern, re.IGNORECASE), message, hint)


_FAILURES = (
    _row(
        r"permission denied while trying to connect to the docker",
        "This user may not use Docker",
        "sudo usermod -aG docker $USER, then log in again" + _OR_EMBEDDED,
    ),
    _row(
        r"cannot connect to the docker daemon|error during connect|is the docker daemon running",
        "Docker is not running",
        f"Start it: {_START_DOCKER.get(sys.platform, _START_DOCKER['linux'])}" + _OR_EMBEDDED,
    ),
    _row(
        r'exec: "docker": executable file not found',
        "Docker is not installed",
        "Install Docker: https://docs.docker.com/engine/install/" + _OR_EMBEDDED,
    ),
    _row(
        r"(?:bind for|listen tcp\d?) [^ :]*:(\d+)[^\n]*?(?:port is already allocated|address already in use)"
        r"|ports are not available: exposing port tcp [^ :]*:(\d+)",
        "Port {0} is in use",
        "See who has it with `docker ps` and `ss -ltnp`, stop that, then: {up}",
    ),
    _row(
        r"container (\S+) is not running|No such container: (\S+)",
        "The node {0} of the cluster does not run",
        "Start it: {up}",
    ),
    _row(
        r"no space left on device", "The disk is full", "Make room, for example with `docker system prune`, then: {up}"
    ),
    _row(
        r'image: "([^"]+)" not present locally|image \'([^\']+)\' is not a file and couldn\'t be found',
        "This machine's Docker has no image {0}",
        "Build it (docker build -t {0} .) or pull it (docker pull {0}), then load it again",
    ),
    _row(
        r'failed to pull image "([^"@]+)|failed to pull (?:the )?image \'([^\']+)\'|docker pull (\S+?)(?:@|: exit)',
        "The image {0} cannot be pulled",
        "Check the network with `docker pull {0}`, then: {up}" + _OR_EMBEDDED,
    ),
    _row(
        r'Get \\?"(https://\S+?)\\?": (?:dial tcp|net/http|context deadline)',
        "{0} cannot be reached",
        "Check the network, then: {up}" + _OR_EMBEDDED,
    ),
    _row(
        r"node\(s\) already exist for a cluster with the name|a cluster with that name already exists",
        "A cluster of that name exists already",
        "Take another name with --name",
    ),
    _row(
        r"rollback|failed to clean up cluster",
        "The cluster could not be made, and parts of it may be left",
        "Remove them: {delete}\n        Then try again: {up}",
    ),
)


def explain(tool: str, arguments: Sequence[str], answer: Answer, kind: str, name: str) -> SetupError:
    """The error that stands for what a tool printed when it failed."""
    text = answer.text
    told = readable(text)
    names = {"up": command("up", kind, name), "delete": command("down --delete", kind, name)}
    for failure in _FAILURES:
        found = failure.pattern.search(text)
        if found:
            groups = [group for group in found.groups() if group] or [""]
            return SetupError(
                f"{failure.message.format(*groups)} ({tool}: {told})", failure.hint.format(*groups, **names)
            )
    return SetupError(
        f"{tool} {' '.join(arguments[:2])} failed with exit code {answer.code}: {told}",
        f"What it said stands above. To begin anew: {names['delete']} && {names['up']}",
    )


def readable(text: str) -> str:
    """The line that says most: the last one that speaks of an error, without log decoration."""
    lines = [plain(line) for line in text.splitlines() if line.strip()]
    telling = [line for line in lines if re.search(r"error|fail|cannot|denied|not ", line, re.IGNORECASE)]
    chosen = (telling or lines or ["it printed nothing"])[-1]
    return chosen if len(chosen) <= 300 else chosen[:297] + "..."


def plain(line: str) -> str:
    """A line of a tool as a person would say it: kwokctl writes JSON, k3d a level and a counter before it."""
    if line.startswith("{"):
        try:
            entry = json.loads(line)
        except ValueError:
            return line
        parts = [str(entry.get(key, "")).strip() for key in ("msg", "image", "uri", "err")]
        return ": ".join(part for part in parts if part)
    return re.sub(r"^(?:\w{4,5}\[\d+\] |time=\S+ level=\w+ msg=|ERROR: )", "", line).strip().strip('"')
