"""The same command beside this one: in another process, on an embedded cluster of its own.

``run`` does a second language so. Notebooks wait most of their time for a cluster, and one kernel after another leaves
a machine's other cores without work. What the process says is said here, with its name in front.
"""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from threading import Thread

from gitopslab.cli.console import note
from gitopslab.clusters import State, cluster
from gitopslab.clusters.detached import end

_PATIENCE = 30.0  # seconds for a kernel that ends with its cell


@contextmanager
def beside(title: str, name: str, words: Sequence[str]) -> Iterator[Callable[[], bool]]:
    """Have a command of gitopslab run while the block does; Ctrl-C, or an error in the block, ends it too.

    Args:
        title: What stands in front of its lines.
        name: Of its embedded cluster, which is deleted afterwards if it was not there before.
        words: The command, without the cluster.

    Yields:
        Waits for its end, and returns whether it went well.
    """
    own = cluster("embedded", name)
    is_new = own.status().state is State.ABSENT
    command = [sys.executable, "-m", "gitopslab", *words, "--cluster", "embedded", "--name", name]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    telling = Thread(target=_tell, args=(title, process), daemon=True)
    telling.start()
    try:
        yield lambda: process.wait() == 0
    finally:
        if process.poll() is None:
            with suppress(OSError, ValueError):  # Windows sends none to another process
                process.send_signal(signal.SIGINT)
            with suppress(subprocess.TimeoutExpired):
                process.wait(_PATIENCE)
            end(process, _PATIENCE)
        telling.join()
        if is_new:
            own.down(delete=True)


def _tell(title: str, process: subprocess.Popen[bytes]) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        note(f"{title}: {line.decode(errors='replace').rstrip()}")
