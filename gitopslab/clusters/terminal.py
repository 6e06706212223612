"""kubectl as in a terminal: what it prints is passed on while it prints it.

``lab.kubectl`` calls it. It only ever speaks to the cluster whose kubeconfig it is given, and refuses the options that
would choose another. For asking a cluster something, ``client`` is the way; for driving tools, ``tool``.
"""

from __future__ import annotations

import codecs
import os
import queue
import re
import subprocess
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO

from gitopslab import errors
from gitopslab.clusters.detached import end
from gitopslab.clusters.tool import Answer
from gitopslab.machinery.kubectl import executable

# -s also as the last of several letters, or with its value right behind it
_ELSEWHERE = re.compile(r"--(?:kubeconfig|context|cluster|server)(?:=|$)|-[ARwitqhp]*s")
_CHUNK = 65536
_PATIENCE_SECONDS = 3.0
INTERRUPTED = 130
"""The exit code of a command that was stopped by Ctrl-C, as shells have it."""

Show = Callable[[str, bool], None]
"""``show(text, is_error)``: told each piece of output as it comes."""


def kubectl(arguments: Sequence[str], kubeconfig: Path, show: Show, *, given: str | None = None) -> Answer:
    """Run kubectl to its end, or until Ctrl-C, which ends it quietly.

    Args:
        arguments: Without the word ``kubectl``.
        kubeconfig: Of the cluster; no other is looked at.
        show: Told the output as it comes, in this thread.
        given: Text for its standard input.

    Raises:
        SetupError: kubectl or the kubeconfig is missing, or an argument would choose another cluster.
    """
    refuse_elsewhere(arguments)
    if not kubeconfig.is_file():  # kubectl would look for a cluster elsewhere, and find the one it runs in
        raise errors.SetupError(
            f"there is no cluster: no kubeconfig at {kubeconfig}",
            "`gitopslab.open()` in a cell or `gitopslab up` in a terminal makes one",
        )
    process = subprocess.Popen(
        [executable(), *arguments],
        stdin=subprocess.DEVNULL if given is None else subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "KUBECONFIG": str(kubeconfig)},
    )
    try:
        return _followed(process, show, given)
    finally:
        _end(process)


def refuse_elsewhere(arguments: Sequence[str]) -> None:
    """Refuse the options of kubectl that would choose another cluster.

    Raises:
        SetupError: There is one before a ``--``.
    """
    for argument in arguments:
        if argument == "--":
            return
        if _ELSEWHERE.match(argument):
            raise errors.SetupError(
                f"{argument} would point kubectl at another cluster", "leave it out: the lab has set the right one"
            )


def _followed(process: subprocess.Popen[bytes], show: Show, given: str | None) -> Answer:
    pieces: queue.SimpleQueue[tuple[bool, str | None]] = queue.SimpleQueue()
    for is_error, stream in ((False, process.stdout), (True, process.stderr)):
        assert stream is not None
        threading.Thread(target=_pump, args=(stream, is_error, pieces), daemon=True).start()
    if given is not None:
        threading.Thread(target=_feed, args=(process, given), daemon=True).start()
    texts: dict[bool, list[str]] = {False: [], True: []}
    open_streams = 2
    try:
        while open_streams:
            is_error, piece = pieces.get()
            if piece is None:
                open_streams -= 1
                continue
            texts[is_error].append(piece)
            show(piece, is_error)
        code = process.wait()
    except KeyboardInterrupt:
        code = INTERRUPTED
    return Answer(code, "".join(texts[False]), "".join(texts[True]))


def _pump(stream: IO[bytes], is_error: bool, pieces: queue.SimpleQueue[tuple[bool, str | None]]) -> None:
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    # A watch prints one line and waits: what is there is passed on, complete or not.
    while piece := os.read(stream.fileno(), _CHUNK):
        pieces.put((is_error, decoder.decode(piece)))
    pieces.put((is_error, None))


def _feed(process: subprocess.Popen[bytes], given: str) -> None:
    assert process.stdin is not None
    try:
        process.stdin.write(given.encode())
        process.stdin.close()
    except BrokenPipeError:
        pass  # it ended before it read everything; its own message says why


def _end(process: subprocess.Popen[bytes]) -> None:
    end(process, _PATIENCE_SECONDS)
    for stream in (process.stdin, process.stdout, process.stderr):
        if stream is not None:
            stream.close()
