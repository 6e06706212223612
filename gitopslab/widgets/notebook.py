"""The lab inside IPython: errors a learner can read.

``lab.open`` calls ``show_readable_errors``; outside IPython that does nothing. What an error says is left to whoever
raises it; it is shown in the language that is spoken.
"""

from __future__ import annotations

import os
from types import TracebackType
from typing import Any

from gitopslab.errors import LabError
from gitopslab.machinery.messages import told
from gitopslab.widgets.misuse import meant

DEBUG = "GITOPSLAB_DEBUG"
"""When this environment variable is set, errors come with their traceback."""

_RED, _PLAIN = "\x1b[31m", "\x1b[0m"


def show_readable_errors() -> None:
    """Have a ``LabError`` in a cell shown as its message, and a word or call that the lab does not know as one too.

    The cell has failed all the same.
    """
    try:
        from IPython import get_ipython
    except ImportError:
        return
    shell = get_ipython()
    if shell is not None and not os.environ.get(DEBUG):
        shell.set_custom_exc((LabError, AttributeError, TypeError), _show)


def message_of(error: BaseException) -> list[str]:
    """The lines shown for an error: what happened, to what, what to do next."""
    return [f"{_RED}{type(error).__name__}{_PLAIN}: {told(str(error))}"]


def _show(
    shell: Any, kind: type[BaseException], error: BaseException, tb: TracebackType | None, tb_offset: int | None = None
) -> list[str]:
    ours = error if isinstance(error, LabError) else meant(error)
    if ours is None:
        shell.showtraceback((kind, error, tb), tb_offset=tb_offset, running_compiled_code=True)
        return []
    lines = message_of(ours)
    # The kernel's own way: an error message on the wire, so that nbclient and the page know that the cell failed.
    shell._showtraceback(type(ours), ours, lines)
    return lines
