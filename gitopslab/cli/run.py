"""The command ``run``: executes notebooks without a browser, and can write them as HTML.

Calls nbclient, one fresh kernel a notebook, with widgets in their static form so that the result can be read anywhere.
"""

from __future__ import annotations

import asyncio
import os
import signal
import tempfile
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Annotated, Any

import typer

from gitopslab.cli.beside import beside
from gitopslab.cli.console import note, progress, say
from gitopslab.cli.options import ClusterOption, NameOption
from gitopslab.cli.pages import as_page, as_slides, index, seconds
from gitopslab.clusters import cluster
from gitopslab.errors import LabError, SetupError
from gitopslab.machinery.language import ENGLISH, VARIABLE, language, speak
from gitopslab.machinery.messages import sentence, told

_KERNEL_START = 120  # seconds; a cell's own time may well be shorter


class NotebookError(LabError):
    """A notebook did not run to its end."""


def run(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[NOTEBOOK]...", help="Files, or the beginnings of shipped names such as 04; default all."
        ),
    ] = None,
    spec: ClusterOption = "embedded",
    name: NameOption = "lab",
    html: Annotated[
        Path | None, typer.Option("--html", metavar="DIR", help="Also write each as HTML into DIR.")
    ] = None,
    slides: Annotated[
        Path | None, typer.Option("--slides", metavar="DIR", help="Also write each as slides into DIR.")
    ] = None,
    lang: Annotated[
        list[str] | None,
        typer.Option(
            "--lang",
            metavar="L",
            envvar=VARIABLE,
            help="en or nl; given twice, both beside each other, nl in a folder of its own.",
        ),
    ] = None,
    timeout: Annotated[int, typer.Option("--timeout", metavar="S", min=1, help="Seconds a cell may take.")] = 180,
) -> None:
    """Execute notebooks headless, with progress; a failing cell is shown and ends with exit code 1.

    For example:

      gitopslab run

      gitopslab run 00 04 --html site

      gitopslab run --html site --lang en --lang nl

      gitopslab run 05 --slides handout --lang nl

      gitopslab run my-notebook.ipynb --cluster kind
    """
    chosen = [path for one in names for path in found(one)] if names else shipped_notebooks()
    asked = list(dict.fromkeys(lang or [ENGLISH]))
    for spoken in reversed(asked):
        speak(spoken)  # before the work, which would else be for nothing; the first one is spoken from now on
    others = asked[1:] if spec == "embedded" else []
    with ExitStack() as stack:
        ends = {
            spoken: stack.enter_context(
                beside(spoken, f"{name}-{spoken}", _words(chosen, spoken, html, slides, timeout))
            )
            for spoken in others
        }
        environment = up(spec, name)
        failed: list[str] = []
        for spoken in asked:
            if spoken not in ends:
                speak(spoken)
                within = "" if spoken == asked[0] else spoken
                places = [_made(folder / within) if folder else None for folder in (html, slides)]
                failed += _all(chosen, environment | {VARIABLE: spoken}, timeout, *places)
        failed += [f"some in {spoken}" for spoken, ended_well in ends.items() if not ended_well()]
    if failed:
        raise NotebookError(
            f"Not all of {len(chosen) * len(asked)} notebooks ran to their end: {', '.join(failed)}",
            "Open one in JupyterLab and run it there: gitopslab lab",
        )


def _words(chosen: list[Path], spoken: str, html: Path | None, slides: Path | None, timeout: int) -> list[str]:
    """The same command in one language, into a folder of its own."""
    words = ["run", *map(str, chosen), "--lang", spoken, "--timeout", str(timeout)]
    for option, folder in (("--html", html), ("--slides", slides)):
        words += [option, str(folder / spoken)] if folder else []
    return words


def _all(
    chosen: list[Path], environment: dict[str, str], timeout: int, html: Path | None, slides: Path | None
) -> list[str]:
    """Execute notebooks in the language that is spoken, and write their pages; the names of those that failed."""
    failed, pages = [], []
    for path in chosen:
        try:
            notebook = one(path, environment, timeout)
        except NotebookError as error:
            note(str(error))
            failed.append(path.name)
            continue
        say(told(f"{path.name}: {len(notebook.cells)} cells in {seconds(notebook):.1f} s"))
        if html is not None:
            _write(html / f"{path.stem}.html", as_page(notebook, path.stem))
            pages.append((path.stem, notebook))
        if slides is not None:
            _write(slides / f"{path.stem}.html", as_slides(notebook, path.stem))
    if html is not None and pages:
        _write(html / "index.html", index(pages))
    return failed


def _made(folder: Path) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SetupError(
            f"The folder {folder} cannot be made: {error.strerror}", "Choose another: --html DIR"
        ) from error
    return folder


def up(spec: str, name: str) -> dict[str, str]:
    """Bring the cluster up; returns the variables of a kernel whose widgets are pictures."""
    made = cluster(spec, name)
    with progress("gitopslab run") as step:
        made.up(step)
    return {
        **os.environ,
        "GITOPSLAB_CLUSTER": spec,
        "GITOPSLAB_NAME": name,
        "GITOPSLAB_STATIC": "1",
        "KUBECONFIG": str(made.kubeconfig),
    }


def one(path: Path, environment: dict[str, str], timeout: int) -> Any:
    """Execute one notebook with progress; one that ships, in a folder as a learner has it.

    Raises:
        NotebookError: As ``execute``.
    """
    from gitopslab.course.content import copy_to
    from gitopslab.course.edition import edition

    # a copy, so that a run leaves neither outputs nor files in the package or in the learner's notebook
    with tempfile.TemporaryDirectory(prefix="gitopslab-run-") as scratch, progress(path.name) as step:
        if not path.is_relative_to(_content()):
            return execute(path, path.parent, environment, timeout, step)
        with edition(language()) as source:
            copy_to(Path(scratch), source, language())
        return execute(Path(scratch) / path.name, Path(scratch), environment, timeout, step)


def _write(path: Path, page: str) -> None:
    path.write_text(page, encoding="utf-8")
    say(f"  {path}")


def execute(path: Path, folder: Path, environment: dict[str, str], timeout: int, step: Callable[[str], None]) -> Any:
    """Execute one notebook in a fresh kernel and return it with its outputs.

    Args:
        path: The notebook; it is not written.
        folder: Where its kernel works.
        environment: The kernel's variables.
        timeout: Seconds a cell may take.
        step: Told each cell as it begins.

    Raises:
        NotebookError: A cell failed or took too long; the message shows the cell.
    """
    import nbformat
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

    notebook = nbformat.read(path, as_version=4)
    total = len(notebook.cells)
    at = 0

    def starting(cell: Any, cell_index: int) -> None:
        nonlocal at
        at = cell_index
        if cell.cell_type == "code":
            step(f"{path.name}: cell {cell_index + 1} of {total}")

    client = NotebookClient(
        notebook,
        timeout=timeout,
        startup_timeout=max(timeout, _KERNEL_START),
        kernel_name="python3",
        resources={"metadata": {"path": str(folder)}},
        store_widget_state=False,
        coalesce_streams=True,  # a page would otherwise break a line wherever kubectl paused
        extra_arguments=["--IPKernelApp.log_level=40"],  # it would warn about its sockets, which are on loopback
        on_cell_start=starting,
    )
    try:
        asyncio.run(_executed(client, environment))
    except CellExecutionError as error:
        raise _failure(path, notebook, at, f"{error.ename}: {error.evalue}") from error
    except CellTimeoutError as error:
        why = sentence(f"it took longer than {timeout} s{_last_words(notebook.cells[at])}")
        raise _failure(path, notebook, at, why, f" --timeout {2 * timeout}") from error
    except (DeadKernelError, RuntimeError) as error:  # the last: a kernel that does not start
        raise _failure(path, notebook, at, str(error).splitlines()[0]) from error
    return notebook


async def _executed(client: Any, environment: dict[str, str]) -> None:
    """Execute; Ctrl-C interrupts the running cell, as it does in JupyterLab, and ends the run.

    nbclient's own handler would take the kernel away from a cell that is still waited for.
    """
    presses = 0
    starting = client.on_cell_start

    def press() -> None:
        nonlocal presses
        presses += 1
        # a kernel that does not listen is ended when asked once more
        stop = client.km.interrupt_kernel() if presses == 1 else client.km.shutdown_kernel(now=True)
        stopping.append(asyncio.ensure_future(stop))

    def started(notebook: Any) -> None:
        with suppress(NotImplementedError):  # Windows has no handlers of a loop
            asyncio.get_running_loop().add_signal_handler(signal.SIGINT, press)

    def next_cell(cell: Any, cell_index: int) -> None:
        if presses:  # the cell before took the interrupt for the end of what it did
            raise KeyboardInterrupt
        starting(cell, cell_index)

    stopping: list[asyncio.Future[None]] = []
    client.on_notebook_start, client.on_cell_start = started, next_cell
    try:
        await client.async_execute(env=environment)
    except Exception:
        if presses:
            raise KeyboardInterrupt from None
        raise


def _last_words(cell: Any) -> str:
    """What a cell printed last, which tells what it waits for; empty when it was silent."""
    printed = "".join(output.text for output in cell.outputs if output.output_type == "stream").split("\n")
    last = next((line for line in reversed(printed) if line.strip()), "")
    return sentence(f"; the last it said: {last}") if last else ""


def _failure(path: Path, notebook: Any, at: int, why: str, options: str = "") -> NotebookError:
    cell = notebook.cells[at]
    source = "\n".join(f"    {line}" for line in cell.source.splitlines())
    return NotebookError(
        f"{path.name}, cell {at + 1} of {len(notebook.cells)} (id {cell.get('id', '?')}) failed:\n{source}\n{why}",
        f"gitopslab run {path.stem[:2] if path.is_relative_to(_content()) else path}{options}",
    )


def _content() -> Path:
    from gitopslab.course.content import notebooks

    return notebooks()


def shipped_notebooks() -> list[Path]:
    """The notebooks that ship, in order."""
    return sorted(_content().glob("*.ipynb"))


def found(name: str) -> list[Path]:
    """The notebooks that a word means: a file, or those that ship whose name begins so.

    Raises:
        SetupError: There is none.
    """
    if Path(name).is_file():
        return [Path(name).absolute()]
    matching = [path for path in shipped_notebooks() if path.name.startswith(name)]
    if not matching:
        known = ", ".join(path.stem for path in shipped_notebooks())
        raise SetupError(f"There is no notebook {name}", f"Give a file, or the beginning of one of: {known}")
    return matching
