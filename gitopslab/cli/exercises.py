"""The commands ``start``, ``check``, ``hint``, ``solution`` and ``finish``: exercises from a terminal.

They are ``course.desk`` on one cluster and on the working folder that the terminal is in; what it returns is printed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from gitopslab.cli.clusters import existing
from gitopslab.cli.console import as_called, note, say, say_markdown
from gitopslab.cli.options import ClusterOption, NameOption

if TYPE_CHECKING:
    from gitopslab.course.desk import Desk

ExerciseArgument = Annotated[str, typer.Argument(metavar="EXERCISE", help="Its number, such as 06-2.")]
LatestArgument = Annotated[
    str, typer.Argument(metavar="[EXERCISE]", help="Its number, such as 06-2; default the one begun last.")
]


def start(
    exercise: ExerciseArgument,
    spec: ClusterOption = "embedded",
    name: NameOption = "lab",
    again: Annotated[bool, typer.Option("--again", help="Take away what was done for it and begin anew.")] = False,
) -> None:
    """Begin an exercise in a namespace of its own, and print its task.

    For example:

      gitopslab start 06-2

      gitopslab start 06-2 --again
    """
    say_markdown(_desk(spec, name).start(exercise, again=again).task)


def check(exercise: LatestArgument = "", spec: ClusterOption = "embedded", name: NameOption = "lab") -> None:
    """Look whether an exercise is done; when it is not, say what is missing and end with exit code 1.

    For example:

      gitopslab check

      gitopslab check 06-2
    """
    answer = _desk(spec, name).check(exercise)
    say(as_called(answer.text))
    if not answer.passed:
        raise typer.Exit(1)


def hint(
    exercise: LatestArgument = "",
    which: Annotated[int | None, typer.Option("--which", metavar="N", help="The first, second or third one.")] = None,
    spec: ClusterOption = "embedded",
    name: NameOption = "lab",
) -> None:
    """The next of three hints, about what is wrong on the cluster now.

    For example:

      gitopslab hint

      gitopslab hint 06-2 --which 1
    """
    say(as_called(_desk(spec, name).hint(exercise, which).text))


def solution(exercise: LatestArgument = "", spec: ClusterOption = "embedded", name: NameOption = "lab") -> None:
    """One right way through an exercise, and how the cluster differs from it now.

    For example:

      gitopslab solution 06-2
    """
    say(as_called(_desk(spec, name).solution(exercise).text))


def finish(
    exercise: Annotated[
        str, typer.Argument(metavar="[EXERCISE]", help="Its number, such as 06-2; default all that have begun.")
    ] = "",
    spec: ClusterOption = "embedded",
    name: NameOption = "lab",
) -> None:
    """Take away what exercises made on the cluster; what you have done stays in your progress.

    For example:

      gitopslab finish

      gitopslab finish 06-2
    """
    if not _desk(spec, name).finish(exercise):
        note("no exercise has begun on this cluster")


def _desk(spec: str, name: str) -> Desk:
    from gitopslab.clusters.client import Client
    from gitopslab.clusters.forge import Forge
    from gitopslab.clusters.images import REAL_NODES, Images
    from gitopslab.clusters.kubectl import Kubectl
    from gitopslab.course.desk import Desk
    from gitopslab.course.edition import speak_as
    from gitopslab.course.progress import working_folder
    from gitopslab.course.voice import Terminal
    from gitopslab.lab.equipping import tools_for

    speak_as(working_folder())
    found = existing(spec, name)
    options = [*(["--cluster", spec] if spec != "embedded" else []), *(["--name", name] if name != "lab" else [])]
    images = Images(Forge.of(found), note, real_nodes=found.kind in REAL_NODES)
    client = Client(found.kubeconfig, on_warning=note)
    return Desk(
        client,
        Kubectl(found.kubeconfig),
        working_folder(),
        images,
        Terminal(" ".join(options), lambda: images.address().host),
        note,
        install=tools_for(client, found),
        is_own=found.kind != "context",
    )
