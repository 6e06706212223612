"""The command ``lab``, the main job: a working folder, a cluster, JupyterLab on notebook 00.

Calls ``course.content`` for the folder, a cluster for the cluster and ``jupyter`` for JupyterLab.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from gitopslab.cli.console import note, progress, say
from gitopslab.cli.options import ClusterOption, LanguageOption, NameOption
from gitopslab.clusters import Cluster, cluster
from gitopslab.machinery.language import ENGLISH, VARIABLE, language, speak
from gitopslab.machinery.messages import sentence, told


def lab(
    spec: ClusterOption = "embedded",
    name: NameOption = "lab",
    folder: Annotated[
        Path, typer.Option("--dir", metavar="DIR", help="Your folder; what you change there is never overwritten.")
    ] = Path("gitopslab-lab"),
    port: Annotated[
        int | None,
        typer.Option(
            "--port", metavar="N", min=1, max=65535, help="Port of JupyterLab; default 8888 or the next free one."
        ),
    ] = None,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open a browser.")] = True,
    lang: LanguageOption = "",
    present: Annotated[
        bool, typer.Option("--present", help="For a room: large type, one key for the next step, notes, a way back.")
    ] = False,
) -> None:
    """Open the lab: notebooks in a folder of yours, a running cluster, and JupyterLab on notebook 00.

    Ctrl-C stops JupyterLab; the cluster goes on.

    For example:

      gitopslab lab

      gitopslab lab --dir ~/course --no-browser --port 9000

      gitopslab lab --cluster kind

      gitopslab lab --lang nl

      gitopslab lab --dir demo --present
    """
    from gitopslab.cli.jupyter import choose_port, interrupts, jupyterlab

    chosen = choose_port(port)
    first = fill(folder.absolute(), lang)
    made = cluster(spec, name)
    with progress("gitopslab lab") as step:
        made.up(step)
    note(f"starting JupyterLab on port {chosen}")
    environment = _environment(made, spec, name) | ({"GITOPSLAB_PRESENT": "1"} if present else {})
    try:
        with (
            interrupts(),
            jupyterlab(folder.absolute(), first, port=chosen, browser=browser, environment=environment) as server,
        ):
            say(told(f"JupyterLab answers: {server.url}"))
            note("Ctrl-C stops JupyterLab; the cluster goes on.")
            code = server.process.wait()
            note(f"JupyterLab ended (exit code {code}). {_goes_on(spec, name)}")
    except KeyboardInterrupt:
        note(f"\nJupyterLab is stopped, your notebooks are in {folder}. {_goes_on(spec, name)}")


def notebooks(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Your folder.")] = Path("gitopslab-lab"),
    lang: LanguageOption = "",
) -> None:
    """Only the folder: notebooks and exercises, brought up to date; what you changed there is never overwritten.

    For example:

      gitopslab notebooks ~/course

      gitopslab notebooks ~/cursus --lang nl
    """
    fill(folder.absolute(), lang)
    say(str(folder))


def fill(folder: Path, asked: str) -> str:
    """Bring a folder up to date, in the language asked for or else its own; returns the name of the first notebook."""
    from gitopslab.course.content import copy_to, language_of
    from gitopslab.course.edition import edition

    speak(asked or language_of(folder) or ENGLISH)
    with edition(language()) as source:
        done = copy_to(folder, source, language())
    if done.new:
        note(f"{len(done.new)} file(s) added in {folder}")
    if done.refreshed:
        note(f"{len(done.refreshed)} file(s) brought up to date in {folder}")
    for kept in done.kept:
        note(f"{kept} has changes of yours and stays; for the newer version move it away and run this again")
    return min((name for name in source if name.endswith(".ipynb") and "/" not in name), default="")


def _environment(made: Cluster, spec: str, name: str) -> dict[str, str]:
    """What notebooks and terminals inside JupyterLab see: the lab's cluster, and this Python's programs first."""
    paths = [str(Path(sys.executable).parent), os.environ.get("PATH", "")]
    inherited = {name: value for name, value in os.environ.items() if name != "GITOPSLAB_COMMAND"}
    return {
        **inherited,
        "GITOPSLAB_CLUSTER": spec,
        VARIABLE: language(),
        "GITOPSLAB_NAME": name,
        "KUBECONFIG": str(made.kubeconfig),
        "PATH": os.pathsep.join(paths),
    }


def _goes_on(spec: str, name: str) -> str:
    from gitopslab.clusters.state import command

    if spec.startswith("context:"):
        return sentence("The cluster goes on.")
    return sentence(f"The cluster goes on; {command('down', spec, name)} stops it.")
