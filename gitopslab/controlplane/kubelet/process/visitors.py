"""A visitor's command that is no Python, in a container that runs in the host's: the tiny shell on its real files.

``runs`` asks for it where the system gives no rooms: the machine's own shell would show the machine, and could change
it.
"""

from __future__ import annotations

from functools import partial
from random import Random

from gitopslab.controlplane.kubelet.config import read_only
from gitopslab.controlplane.kubelet.inside.processes import SimulatedProcess
from gitopslab.controlplane.kubelet.inside.room import check_executable
from gitopslab.controlplane.kubelet.names import address_of
from gitopslab.controlplane.kubelet.process.files import Folder
from gitopslab.controlplane.kubelet.process.surroundings import Surroundings
from gitopslab.controlplane.kubelet.runtime import Task
from gitopslab.controlplane.kubelet.shell import Shell
from gitopslab.machinery.clock import Clock
from gitopslab.machinery.objects import namespace_of

_HIDDEN = ("GITOPSLAB_", "PYTHONPATH")  # variables that are the lab's own


def play(
    task: Task, words: list[str], around: Surroundings, clock: Clock, *, stdin: bool, tty: bool
) -> SimulatedProcess:
    """Play a command.

    Raises:
        StartError: The tiny shell has no such command.
    """
    check_executable(task, words)
    variables = {name: value for name, value in around.variables.items() if not name.startswith(_HIDDEN)}
    variables["PATH"] = variables["PATH"].partition(":")[2]
    shell = Shell(
        variables | ({"TERM": "xterm"} if tty else {}),
        around.variables["HOSTNAME"],
        files=Folder(around.root, around.ours, read_only(task.pod, task.container)),
        began=clock.now(),
        cwd=around.folder,
        live=True,
        tty=tty,
        style="bash" if words[0].endswith("bash") else "dash",
        names=partial(address_of, task.lookup, namespace_of(task.pod)),
        chance=Random(f"{task.id}/{clock.now()}"),
    )
    return SimulatedProcess(shell, words, clock, stdin=stdin, tty=tty)
