"""``docker version`` and ``docker info``: they say that this is the lab, for scripts that ask."""

from __future__ import annotations

from gitopslab import __version__
from gitopslab.images.docker.desk import Desk, filled
from gitopslab.images.docker.options import Given, Spec
from gitopslab.images.engine import OURS
from gitopslab.images.image import host_platform

VERSION = Spec("version", "[OPTIONS]", "Show the Docker version information", values={"format": "f"})
INFO = Spec("info", "[OPTIONS]", "Display system-wide information", values={"format": "f"})

SPOKEN = "27.5.1"
"""The version of the command line whose words are spoken here."""

_SERVER = f"{SPOKEN}-{OURS}"


def version(desk: Desk, given: Given) -> None:
    """Who answers."""
    told = {"Client": {"Version": SPOKEN, "Name": f"gitopslab {__version__}"}, "Server": {"Version": _SERVER}}
    if given.last("format"):
        desk.say(filled(given.last("format"), told))
        return
    names = {"Client": "docker command of gitopslab", "Server": "builder and store of gitopslab, no engine"}
    for side, name in names.items():
        desk.say(f"{side}: {name} {__version__}\n Version:           {told[side]['Version']}")
        desk.say(f" OS/Arch:           {host_platform()}\n")


def info(desk: Desk, given: Given) -> None:
    """What there is."""
    count, root = len(desk.store.images()), str(desk.root)
    if given.last("format"):
        told = {"Images": count, "ServerVersion": _SERVER, "Name": "gitopslab", "DockerRootDir": root}
        desk.say(filled(given.last("format"), told))
        return
    desk.say(f"Server:\n Images: {count}\n Server Version: {_SERVER}\n Docker Root Dir: {root}")
