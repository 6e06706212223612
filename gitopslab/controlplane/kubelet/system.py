"""The commands of the tiny shell that look at the container itself: its processes, its file systems, its programs.

``commands`` lists them. The words are busybox's.

Simplified: the sizes are made up, and of the processes only the container's own program and the command itself are
shown.
"""

from __future__ import annotations

from gitopslab.controlplane.kubelet.session import Play, Session

_BLOCKS, _USED = 61_255_492, 9_437_184  # of a node's disk, in KiB
_UNITS = ("K", "M", "G", "T")


def ps(session: Session, arguments: list[str]) -> Play:
    """``ps``: the container's program, and itself."""
    yield session.say("PID   USER     TIME  COMMAND")
    user = "root" if session.user.uid == 0 else str(session.user.uid)
    for number, command in ((1, session.program), (7, " ".join(["ps", *arguments]))):
        yield session.say(f"{number:5} {user:<8}  0:00 {command}")


def df(session: Session, arguments: list[str]) -> Play:
    """``df``, also ``-h``."""
    human = any("h" in one for one in arguments if one.startswith("-"))
    yield session.say(_row("Filesystem", ("Size" if human else "1K-blocks", "Used", "Available", "Use%"), "Mounted on"))
    numbers = [_shown(size, human=human) for size in (_BLOCKS, _USED, _BLOCKS - _USED)]
    share = f"{round(100 * _USED / _BLOCKS)}%"
    for name, mount in (("overlay", "/"), *(("/dev/vda1", mount) for mount in session.mounts)):
        yield session.say(_row(name, (*numbers, share), mount))


def _row(name: str, numbers: tuple[str, ...], mount: str) -> str:
    size, used, available, share = numbers
    return f"{name:<20} {size:>9} {used:>9} {available:>9} {share:>4} {mount}"


def _shown(size: int, *, human: bool) -> str:
    if not human:
        return str(size)
    amount, unit = float(size), 0
    while amount >= 1024:
        amount, unit = amount / 1024, unit + 1
    return f"{amount:.1f}{_UNITS[unit]}"


def basename(session: Session, arguments: list[str]) -> Play:
    """``basename PATH [SUFFIX]``."""
    path, suffix = [*arguments, "", ""][:2]
    name = path.rstrip("/").rpartition("/")[2] or path[:1]
    yield session.say(name.removesuffix(suffix) if name != suffix else name)


def dirname(session: Session, arguments: list[str]) -> Play:
    """``dirname PATH``."""
    path = (arguments or [""])[0].rstrip("/")
    above, slash, _ = path.rpartition("/")
    yield session.say(above or slash or ("/" if arguments and arguments[0][:1] == "/" else "."))
