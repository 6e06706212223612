"""The command ``progress``: how a learner stands, and his work as one file that goes from machine to machine.

``gitopslab progress`` alone shows the exercises; ``export``, ``import`` and ``share`` are ``course.exporting``,
``course.importing`` and ``course.group``. ``class`` is the instructor's side of ``share``.
"""

from __future__ import annotations

import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gitopslab.cli.console import note, say
from gitopslab.cli.console import progress as shown
from gitopslab.cli.listing import Listing
from gitopslab.cli.options import ClusterOption, NameOption
from gitopslab.errors import SetupError
from gitopslab.machinery.messages import told

if TYPE_CHECKING:
    from gitopslab.course.parcel import About

app = typer.Typer(cls=Listing, invoke_without_command=True, add_completion=False, rich_markup_mode=None)

_REFRESH = 2.0
_CLEAR = "\x1b[H\x1b[2J"  # what terminals take for an empty screen
FileArgument = Annotated[Path, typer.Argument(metavar="FILE", help="A zip file.")]
OnlyFiles = Annotated[bool, typer.Option("--only-files", help="Leave the cluster's state, Git and images out.")]


@app.callback()
def progress(context: typer.Context) -> None:
    """Every exercise, and how it stands in this folder.

    For example:

      gitopslab progress

      gitopslab progress export my-work.zip

      gitopslab progress import my-work.zip

      gitopslab progress share /mnt/class
    """
    from gitopslab.course.desk import progress_in
    from gitopslab.course.edition import speak_as
    from gitopslab.course.progress import working_folder

    speak_as(working_folder())
    if context.invoked_subcommand is None:
        say(progress_in(working_folder(), note).text)


@app.command("export")
def export(
    path: FileArgument, spec: ClusterOption = "embedded", name: NameOption = "lab", files: OnlyFiles = False
) -> None:
    """Put your work into one file: ticks, notebooks, exercises' files, and what the cluster and its Git server hold.

    Keep the file to yourself: the cluster's Secrets are in it.

    For example:

      gitopslab progress export my-work.zip
    """
    from gitopslab.clusters import State, cluster
    from gitopslab.course.exporting import export as exported
    from gitopslab.course.progress import working_folder

    made = None if files else cluster(spec, name)
    if made is not None and made.status().state is State.ABSENT:
        note(f"there is no {made.kind} cluster {made.name}, so only files are exported")
        made = None
    with shown("gitopslab progress export") as step:
        about = exported(working_folder(), made, path, step)
    _tell_left_out(about)
    say(str(path))


@app.command("import")
def import_(
    path: FileArgument, spec: ClusterOption = "embedded", name: NameOption = "lab", files: OnlyFiles = False
) -> None:
    """Bring exported work back; of two versions of a file the newer has its name, the older stands beside it.

    Import what you exported yourself: notebooks are programs, and they come along.

    For example:

      gitopslab progress import my-work.zip

      gitopslab progress import my-work.zip --only-files
    """
    from gitopslab.clusters import cluster
    from gitopslab.course.importing import import_ as imported
    from gitopslab.course.progress import FOLDER, working_folder

    folder = working_folder()
    is_first = not (folder / FOLDER).is_dir()
    if is_first:
        folder /= "gitopslab-lab"  # on a new machine it goes where `gitopslab lab` is going to look
    with shown("gitopslab progress import") as step:
        done = imported(path, folder, None if files else cluster(spec, name), step)
    _tell_left_out(done.about)
    for older in done.older:
        note(f"{older} is the older one of two versions")
    if done.before:
        note(f"what the cluster held before: gitopslab progress import {done.before}")
    say(told(f"{len(done.written)} file(s) and the progress of {done.exercises} exercise(s) are in {folder}"))
    if is_first:
        note("Next: gitopslab lab")


@app.command("share")
def share(
    folder: Annotated[
        Path | None, typer.Argument(metavar="[FOLDER]", help="A folder that your instructor reads, too.")
    ] = None,
    called: Annotated[
        str, typer.Option("--as", metavar="NAME", help="A name for your row; without it nobody is named.")
    ] = "",
    stop: Annotated[bool, typer.Option("--stop", help="Share no longer, and take your row away.")] = False,
) -> None:
    """Let an instructor see which exercises are done here; nothing is shared unless you run this.

    From then on each check writes one row into that folder: exercises, tries and the check that fails. No name, no
    answer, no file of yours is in it.

    For example:

      gitopslab progress share /mnt/class

      gitopslab progress share --stop
    """
    from gitopslab.course.group import Membership
    from gitopslab.course.progress import Progress, working_folder

    here = working_folder()
    if stop:
        Membership.of(here).leave()
        return note("nothing is shared any more")
    if folder is None:
        raise SetupError("No folder was given", "Ask your instructor for it: gitopslab progress share FOLDER")
    member = Membership.join(here, folder, called)
    member.tell(Progress(here, note).entries())
    say(told(f"your row in {folder} is called {member.name}; to stop: gitopslab progress share --stop"))


def class_(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="The folder that learners share to.")],
    watch: Annotated[bool, typer.Option("--watch", help="Look again every two seconds, until Ctrl-C.")] = False,
) -> None:
    """Who is where, and which checks fail most, of those who share their progress to a folder.

    For example:

      gitopslab class /mnt/class --watch
    """
    from gitopslab.course.group import overview

    before = ""
    with suppress(KeyboardInterrupt):  # which is how watching ends
        while True:
            now = overview(folder).text
            if now != before:
                say((_CLEAR if watch and sys.stdout.isatty() else "") + now)
            if not watch:
                return
            before = now
            time.sleep(_REFRESH)


def _tell_left_out(about: About) -> None:
    for what in about.left_out:
        note(f"not in the file: {what}")
