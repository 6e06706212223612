"""The commands by name, and how their mistakes end: ``main`` runs one and gives its exit code."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence

from gitopslab.errors import ImageError
from gitopslab.images.docker import about, accounts, building, containers, moving, naming, running
from gitopslab.images.docker.desk import Desk, Refusal
from gitopslab.images.docker.options import Given, Spec, Usage, parse

_BAD_USAGE = 125

COMMANDS: dict[str, tuple[Spec, Callable[[Desk, Given], None]]] = {
    spec.name: (spec, function)
    for spec, function in (
        (building.BUILD, building.build),
        (naming.IMAGES, naming.images),
        (about.INFO, about.info),
        (naming.INSPECT, naming.inspect),
        (accounts.LOGIN, accounts.login),
        (accounts.LOGOUT, accounts.logout),
        (containers.LOGS, containers.logs),
        (containers.PS, containers.ps),
        (moving.PULL, moving.pull_),
        (moving.PUSH, moving.push_),
        (containers.RM, containers.rm),
        (naming.RMI, naming.rmi),
        (running.RUN, running.run),
        (containers.STOP, containers.stop),
        (naming.TAG, naming.tag),
        (about.VERSION, about.version),
    )
}

GROUPS = {
    "image": {
        "ls": "images",
        "list": "images",
        "rm": "rmi",
        **{each: each for each in ("build", "inspect", "pull", "push", "tag")},
    },
    "container": {"ls": "ps", **{each: each for each in ("run", "logs", "stop", "rm")}},
    "buildx": {"build": "build"},
    "builder": {"build": "build"},
}
"""``docker image ls`` is ``docker images``, and so on."""


def main(words: Sequence[str], desk: Desk) -> int:
    """Run a command.

    Args:
        words: What was typed behind ``docker``.
        desk: Where it works.

    Returns:
        The exit code that Docker would give.
    """
    words = _ungrouped(words)
    name = words[0] if words else "--help"
    if name in ("--help", "-h", "help"):
        desk.say(_help())
        return 0
    if name in ("--version", "-v"):
        desk.say(f"Docker version {about.SPOKEN}, build gitopslab")
        return 0
    if name not in COMMANDS:
        desk.note(_unknown(name))
        return 1
    spec, function = COMMANDS[name]
    if "--help" in words[1:2]:
        desk.say(f"Usage:  docker {spec.name} {spec.usage}\n\n{spec.about}")
        return 0
    try:
        function(desk, parse(spec, words[1:]))
    except Usage as mistake:
        desk.note(str(mistake))
        return _BAD_USAGE if "flag" in str(mistake) else 1
    except Refusal as refusal:
        if str(refusal):
            desk.note(str(refusal))
        return refusal.code
    except ImageError as error:
        desk.note(f"Error response from daemon: {error}")
        return 1
    return 0


def _ungrouped(words: Sequence[str]) -> Sequence[str]:
    group = GROUPS.get(words[0]) if words else None
    if group and len(words) > 1 and words[1] in group:
        return [group[words[1]], *words[2:]]
    return words


def _unknown(name: str) -> str:
    close = difflib.get_close_matches(name, COMMANDS, n=1)
    known = f"did you mean docker {close[0]}?" if close else f"the lab's docker command knows {', '.join(COMMANDS)}."
    return f"docker: '{name}' is not a docker command.\nSee 'docker --help'\n  Next: {known}"


def _help() -> str:
    lines = [f"  {spec.name:<10}{spec.about}" for spec, _ in COMMANDS.values()]
    start = "Usage:  docker [OPTIONS] COMMAND\n\nThe lab's docker command, for machines without Docker.\n\nCommands:"
    return "\n".join([start, *lines])
